//! # Flows without a session
//!
//! For programs that keep the state of a sign-in and the tokens themselves. Parameters and results
//! are JSON objects; a field that is unknown or of a wrong type is refused by its name. A field that
//! is null counts as absent.

use std::ffi::c_void;
use std::ptr::NonNull;

use safer_ffi::prelude::char_p;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, owned_text, text};
use super::client::{client_of, kinde_client};
use super::guard::{ToJson, respond_json, secret_json};
use super::sign_in::Url;
use super::task::{Operation, kinde_completion, start};
use crate::error::{Result, Status};
use crate::json::Json;
use crate::oauth::{
    AuthorizationParams, AuthorizationRequest, ClientCredentials, CodeExchange, Introspection,
    LogoutParams, Revocation, TokenRefresh, TokenSet, UserProfileRequest,
};

impl ToJson for TokenSet {
    fn into_json(self) -> Result<char_p::Box> {
        secret_json(self.to_json())
    }
}

impl ToJson for AuthorizationRequest {
    fn into_json(self) -> Result<char_p::Box> {
        secret_json(self.to_json())
    }
}

/// A token was revoked: there is nothing more to say (RFC 7009, section 2.2).
struct Revoked;

impl ToJson for Revoked {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text("{}")
    }
}

/// Makes the URL of Kinde's sign-in page, with fresh random values.
///
/// Takes an object of authorization parameters by their names in the URL, all optional: `prompt`
/// ("create" for registration), `org_code`, `org_name`, `is_create_org`, `login_hint`,
/// `connection_id`, `lang`, `audience`, `scope`, `redirect_uri`, `invitation_code`, `reauth_state`,
/// `plan_interest` and the others that Kinde documents. They win over the setting
/// `authorization_params`. What this library does not know goes into an object `extra`.
///
/// Gives an object to keep for this user until the callback, of which only `url` may be shown:
///
/// - `url`: where to send the browser
/// - `state`: the callback must bring it back
/// - `nonce`: for kinde_exchange_code
/// - `code_verifier`: secret, for kinde_exchange_code; null if the setting `pkce` is off
///
/// `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, CONFIG, NOT_PREPARED (the setting
/// `discovery` is on and kinde_client_prepare has not been called).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_authorization_url(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let params = AuthorizationParams::from_json(text(params_json, "params_json")?);
        client_of(client)?.authorization_url(&params?)
    })
}

fn exchange_code(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<TokenSet>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = CodeExchange::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.exchange_code(params).await
    }))
}

/// Exchanges the code of a callback for tokens and verifies them by every rule.
///
/// Takes an object, of which the values come from kinde_authorization_url and the callback:
///
/// - `code`: the callback's code; required
/// - `code_verifier`: required unless the setting `pkce` is off
/// - `redirect_uri`: if it was not the configured one
/// - `nonce`: if given, the ID token must hold it; required when `pkce` is off
///
/// The callback's `state` has to be compared with the kept one before. Gives the token set:
///
/// - `access_token`, `token_type`: texts
/// - `id_token`, `refresh_token`, `scope`: texts, or null
/// - `expires_in`: seconds, or null
/// - `expires_at`: when the access token expires, in seconds since 1970 (UTC), or null
/// - `received_at`: when it came, in seconds since 1970 (UTC)
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, INVALID_GRANT, OAUTH, NETWORK, TLS,
/// TIMEOUT, HTTP, RATE_LIMITED, MALFORMED_RESPONSE, RESPONSE_TOO_LARGE, CANCELLED and every status
/// of kinde_verify_token.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_exchange_code(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || exchange_code(client, params_json)?.wait())
}

/// Like kinde_exchange_code, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_exchange_code_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        exchange_code(client, params_json)
    })
}

fn refresh_tokens(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<TokenSet>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = TokenRefresh::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.refresh_tokens(params).await
    }))
}

/// Exchanges a refresh token for new tokens and verifies them.
///
/// Takes an object:
///
/// - `refresh_token`: required
/// - `id_token`: the former ID token; the new one must then speak of the same user, and if none
///   comes back, the former one stays in the token set
///
/// Gives the token set as kinde_exchange_code does. Kinde hands out a new refresh token each time;
/// the old one is used up. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_exchange_code.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_refresh_tokens(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || refresh_tokens(client, params_json)?.wait())
}

/// Like kinde_refresh_tokens, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_refresh_tokens_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        refresh_tokens(client, params_json)
    })
}

fn client_credentials(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<TokenSet>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = ClientCredentials::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.client_credentials(params).await
    }))
}

/// Gets a token for the application itself. It is kept until shortly before it expires, and calls
/// that wait for the same token share one request.
///
/// Takes an object:
///
/// - `audience`: a text or a list of texts; without it, the setting `audience`
/// - `scope`: texts separated by spaces; without it, all that the application may have
///
/// Gives the token set as kinde_exchange_code does. `*out` is the caller's, to free with
/// kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_exchange_code.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_credentials(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        client_credentials(client, params_json)?.wait()
    })
}

/// Like kinde_client_credentials, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_credentials_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        client_credentials(client, params_json)
    })
}

/// Makes the URL that ends the user's sign-in at Kinde.
///
/// Takes an object:
///
/// - `redirect`: where Kinde sends the browser afterwards; without it, the setting
///   `logout_redirect_uri`
///
/// Gives `{url}`. `*out` is the caller's, to free with kinde_string_free. Any thread; uses no
/// network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, NOT_PREPARED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_logout_url(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let params = LogoutParams::from_json(text(params_json, "params_json")?);
        client_of(client)?.logout_url(&params?).map(Url)
    })
}

fn revoke_token(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Revoked>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = Revocation::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.revoke_token(params).await.map(|()| Revoked)
    }))
}

/// Revokes a token.
///
/// Takes an object:
///
/// - `token`: required
/// - `token_type_hint`: "access_token" or "refresh_token"
///
/// Gives an object without fields. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, OAUTH, NETWORK, TLS, TIMEOUT, HTTP,
/// RATE_LIMITED, MALFORMED_RESPONSE, RESPONSE_TOO_LARGE, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_revoke_token(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || revoke_token(client, params_json)?.wait())
}

/// Like kinde_revoke_token, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_revoke_token_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        revoke_token(client, params_json)
    })
}

fn introspect_token(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = Introspection::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.introspect_token(params).await
    }))
}

/// Asks Kinde whether a token is active.
///
/// Takes an object:
///
/// - `token`: required
/// - `token_type_hint`: "access_token" or "refresh_token"
///
/// Gives what Kinde answers: `{active, aud, client_id, exp, iat}`, of which only `active` is always
/// there. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_revoke_token.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_introspect_token(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || introspect_token(client, params_json)?.wait())
}

/// Like kinde_introspect_token, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_introspect_token_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        introspect_token(client, params_json)
    })
}

fn user_profile(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = UserProfileRequest::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.user_profile(params).await
    }))
}

/// Asks Kinde for the profile of the user to whom an access token belongs.
///
/// Takes an object:
///
/// - `access_token`: required
/// - `sub`: the user; the profile must be his. Without it, the access token's
/// - `version`: "v2", "v1" or "userinfo"; without it, the endpoint of the settings or of the issuer's
///   metadata, at Kinde v2
///
/// Gives the profile as Kinde answers it. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with SUBJECT (the profile is another user's) and the statuses of kinde_revoke_token and
/// kinde_verify_token.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_user_profile(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || user_profile(client, params_json)?.wait())
}

/// Like kinde_user_profile, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_user_profile_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        user_profile(client, params_json)
    })
}
