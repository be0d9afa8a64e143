//! Cookies that carry a sealed session.

use kinde::{CookieJoin, CookieSplit, JoinedCookies, Secret, SetCookie, SplitCookies};
use rustler::{Encoder, Env, NifResult, ResourceArc, Term};

use crate::call::answer;
use crate::given;
use crate::output::{Answer, map};
use crate::resources::Client;

#[rustler::nif]
fn cookie_split<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let split = CookieSplit::from_json(&params)
        .and_then(|params| params.split(Some(client.0.session_idle())));
    Ok(answer(env, split))
}

#[rustler::nif]
fn cookie_join<'a>(
    env: Env<'a>,
    _client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let joined = CookieJoin::from_json(&params).and_then(|params| params.join());
    Ok(answer(env, joined))
}

impl Answer for SplitCookies {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let cookies: Vec<Term> = self.cookies.iter().map(|c| cookie(env, c)).collect();
        let said = map(env, &[("cookies", cookies.encode(env))]);
        (rustler::types::atom::ok(), said).encode(env)
    }
}

fn cookie<'a>(env: Env<'a>, cookie: &SetCookie) -> Term<'a> {
    let attributes = &cookie.attributes;
    let shown = map(
        env,
        &[
            ("path", attributes.path.encode(env)),
            ("domain", attributes.domain.encode(env)),
            ("max_age", attributes.max_age.encode(env)),
            ("expires", attributes.expires.encode(env)),
            ("http_only", true.encode(env)),
            ("secure", attributes.secure.encode(env)),
            ("same_site", attributes.same_site.name().encode(env)),
        ],
    );
    map(
        env,
        &[
            ("name", cookie.name.encode(env)),
            ("value", cookie.value.expose().encode(env)),
            ("attributes", shown),
            ("delete", cookie.delete.encode(env)),
            ("set_cookie", cookie.set_cookie.expose().encode(env)),
        ],
    )
}

impl Answer for JoinedCookies {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let value = self.value.as_ref().map(Secret::expose).encode(env);
        let said = map(env, &[("value", value), ("parts", self.parts.encode(env))]);
        (rustler::types::atom::ok(), said).encode(env)
    }
}
