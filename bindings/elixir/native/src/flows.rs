//! `Kinde.Token`: flows without a session.

use kinde::{
    AuthorizationParams, ClientCredentials, CodeExchange, DevicePoll, DeviceStart, Introspection,
    LogoutParams, Revocation, TokenRefresh, UserProfileRequest, VerifyOptions,
};
use rustler::{Env, NifResult, Reference, ResourceArc, Term};

use crate::call::{answer, start};
use crate::error::Fault;
use crate::given;
use crate::input::{self, Text};
use crate::parse::Claims;
use crate::resources::Client;

mod atoms {
    rustler::atoms! { wait }
}

/// A longer token is verified on a thread of the library, because a scheduler must not be held up.
const SHORT_TOKEN: usize = 16 * 1024;

#[rustler::nif]
fn authorization_url<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let request = AuthorizationParams::from_json(&params);
    Ok(answer(
        env,
        request.and_then(|params| client.0.authorization_url(&params)),
    ))
}

#[rustler::nif]
fn logout_url<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let request = LogoutParams::from_json(&params);
    Ok(answer(
        env,
        request.and_then(|params| client.0.logout_url(&params)),
    ))
}

/// A call of the client that takes parameters and may wait.
macro_rules! flow {
    ($name:ident, $params:ty, $method:ident) => {
        #[rustler::nif]
        fn $name<'a>(
            env: Env<'a>,
            client: ResourceArc<Client>,
            params: Term<'a>,
            reference: Reference<'a>,
        ) -> NifResult<Term<'a>> {
            let params = given!(env, params);
            let params = match <$params>::from_json(&params) {
                Ok(params) => params,
                Err(error) => return Ok(Fault::from(error).answer(env)),
            };
            let application = client.0.clone();
            Ok(start(env, &client.0, reference, async move {
                application.$method(params).await
            }))
        }
    };
}

flow!(exchange_code, CodeExchange, exchange_code);
flow!(refresh_tokens, TokenRefresh, refresh_tokens);
flow!(client_credentials, ClientCredentials, client_credentials);
flow!(revoke_token, Revocation, revoke_token);
flow!(introspect_token, Introspection, introspect_token);
flow!(user_profile, UserProfileRequest, user_profile);
flow!(device_start, DeviceStart, device_start);
flow!(device_poll, DevicePoll, device_poll);

/// How a token is to be verified, or what the function answers instead.
macro_rules! verify_options {
    ($env:expr, $term:expr) => {
        match input::is_empty($term) {
            true => Ok(VerifyOptions::default()),
            false => VerifyOptions::from_json(&given!($env, $term)),
        }
    };
}

/// `:wait` if keys must be fetched first.
#[rustler::nif]
fn verify_token<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    token: Text<'a>,
    options: Term<'a>,
) -> NifResult<Term<'a>> {
    let options = verify_options!(env, options);
    let verify = |options: &_| client.0.try_verify_token(&token, options);
    Ok(match judged(&token, options, verify) {
        Some(claims) => answer(env, claims.map(Claims)),
        None => atoms::wait().to_term(env),
    })
}

/// Like `verify_token`, without the claims.
#[rustler::nif]
fn check_token<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    token: Text<'a>,
    options: Term<'a>,
) -> NifResult<Term<'a>> {
    let options = verify_options!(env, options);
    let check = |options: &_| client.0.try_check_token(&token, options);
    Ok(match judged(&token, options, check) {
        Some(checked) => answer(env, checked),
        None => atoms::wait().to_term(env),
    })
}

/// What `judge` says, if no keys must be fetched and the token is short.
fn judged<T>(
    token: &str,
    options: kinde::Result<VerifyOptions>,
    judge: impl FnOnce(&VerifyOptions) -> Option<kinde::Result<T>>,
) -> Option<kinde::Result<T>> {
    match options {
        Ok(_) if token.len() > SHORT_TOKEN => None,
        Ok(options) => judge(&options),
        Err(error) => Some(Err(error)),
    }
}

#[rustler::nif]
fn verify_token_async<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    token: Text<'a>,
    options: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let options = match verify_options!(env, options) {
        Ok(options) => options,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let application = client.0.clone();
    let token = token.to_owned();
    Ok(start(env, &client.0, reference, async move {
        let claims = application.verify_token(&token, &options).await?;
        Ok(Claims(claims))
    }))
}
