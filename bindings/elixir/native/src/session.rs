//! `Kinde.Session`: one user's sign-in.

use kinde::{
    AccountConditions, AccountRequest, AuthorizationParams, ClientCredentials, LogoutParams,
    TokenSet,
};
use rustler::{Env, NifResult, Reference, ResourceArc, Term};

use crate::call::{answer, start};
use crate::error::Fault;
use crate::given;
use crate::input::{LARGEST_TOKENS, Text};
use crate::output::Named;
use crate::resources::{Client, Session};

#[rustler::nif]
fn session_new(env: Env<'_>, client: ResourceArc<Client>) -> Term<'_> {
    answer(env, Ok(client.0.session()))
}

#[rustler::nif]
fn session_from_tokens<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    tokens: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let tokens = given!(env, tokens, LARGEST_TOKENS);
    let tokens = match TokenSet::from_json(&tokens) {
        Ok(tokens) => tokens,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let application = client.0.clone();
    Ok(start(env, &client.0, reference, async move {
        kinde::Session::from_tokens(&application, tokens).await
    }))
}

/// Where to send the browser.
macro_rules! url {
    ($name:ident, $params:ty, $method:ident) => {
        #[rustler::nif]
        fn $name<'a>(
            env: Env<'a>,
            session: ResourceArc<Session>,
            params: Term<'a>,
        ) -> NifResult<Term<'a>> {
            let params = given!(env, params);
            let params = <$params>::from_json(&params);
            Ok(answer(
                env,
                params.and_then(|params| session.0.$method(&params)),
            ))
        }
    };
}

url!(session_login_url, AuthorizationParams, login_url);
url!(session_register_url, AuthorizationParams, register_url);
url!(session_create_org_url, AuthorizationParams, create_org_url);
url!(session_logout_url, LogoutParams, logout_url);

#[rustler::nif]
fn session_handle_callback<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    url_or_query: Text<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let user = session.0.clone();
    let url_or_query = url_or_query.to_owned();
    start(env, session.0.client(), reference, async move {
        user.handle_callback(&url_or_query).await
    })
}

#[rustler::nif]
fn session_client_credentials<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    params: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let params = match ClientCredentials::from_json(&params) {
        Ok(params) => params,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let machine = session.0.clone();
    Ok(start(env, session.0.client(), reference, async move {
        machine.client_credentials(params).await
    }))
}

#[rustler::nif]
fn session_refresh<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    reference: Reference<'a>,
) -> Term<'a> {
    let user = session.0.clone();
    start(env, session.0.client(), reference, async move {
        user.refresh().await
    })
}

#[rustler::nif]
fn session_ensure_fresh<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    min_seconds: i64,
    reference: Reference<'a>,
) -> Term<'a> {
    let user = session.0.clone();
    start(env, session.0.client(), reference, async move {
        user.ensure_fresh(min_seconds).await
    })
}

#[rustler::nif]
fn session_logout<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    params: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let params = match LogoutParams::from_json(&params) {
        Ok(params) => params,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let user = session.0.clone();
    Ok(start(env, session.0.client(), reference, async move {
        user.logout(&params).await
    }))
}

#[rustler::nif]
fn session_fetch<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    what: Text<'a>,
    params: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let request = match AccountRequest::from_json(&what, &params) {
        Ok(request) => request,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let user = session.0.clone();
    Ok(start(env, session.0.client(), reference, async move {
        let said = user.fetch(request).await?;
        Ok(Named(said))
    }))
}

#[rustler::nif]
fn session_fetch_has<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    conditions: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let conditions = given!(env, conditions);
    let conditions = match AccountConditions::from_json(&conditions) {
        Ok(conditions) => conditions,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let user = session.0.clone();
    Ok(start(env, session.0.client(), reference, async move {
        user.fetch_has(conditions).await
    }))
}
