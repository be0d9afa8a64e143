//! Cookies that carry a sealed session.

use kinde::{CookieJoin, CookieSplit, Json};
use rustler::{Env, NifResult, ResourceArc, Term};

use crate::call::answer;
use crate::given;
use crate::resources::Client;

#[rustler::nif]
fn cookie_split<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let split = CookieSplit::from_json(&params)
        .and_then(|params| params.split(Some(client.0.session_idle())))
        .and_then(|cookies| cookies.to_json().parse::<Json>());
    Ok(answer(env, split))
}

#[rustler::nif]
fn cookie_join<'a>(
    env: Env<'a>,
    _client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let joined = CookieJoin::from_json(&params)
        .and_then(|params| params.join())
        .and_then(|cookies| cookies.to_json().parse::<Json>());
    Ok(answer(env, joined))
}
