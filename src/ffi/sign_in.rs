//! # Signing in and out
//!
//! One session may have several sign-ins under way, one for each tab of the browser. Each is known
//! by its `state`, can be used once, and ends after the setting `sign_in_lifetime_seconds`.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use safer_ffi::prelude::char_p;
use serde_json::json;

use super::abi::{ErrorOut, OwnedText, TaskOut, TextIn, TextOut, owned_text, text};
use super::guard::{Answer, ToJson, call, respond, respond_json};
use super::session::{kinde_session, session_of, shared_session};
use super::task::{Operation, kinde_completion, start};
use crate::error::{Result, Status};
use crate::oauth::{AuthorizationParams, ClientCredentials, LogoutParams};
use crate::session::CallbackOutcome;

/// A URL: alone where the out parameter is called so, `{url}` where JSON is asked for.
pub(super) struct Url(pub String);

impl Answer for Url {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        self.0.into_c()
    }
}

impl ToJson for Url {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&json!({"url": self.0}).to_string())
    }
}

/// Whether tokens were refreshed.
struct Refreshed(bool);

impl Answer for Refreshed {
    type C = bool;
    fn none() -> bool {
        false
    }
    fn into_c(self) -> Result<bool> {
        Ok(self.0)
    }
}

impl ToJson for Refreshed {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&json!({"refreshed": self.0}).to_string())
    }
}

impl ToJson for CallbackOutcome {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&self.to_json())
    }
}

/// Begins a sign-in and gives the URL to send the browser to.
///
/// Takes the object of kinde_authorization_url and one more field:
///
/// - `return_to`: where the application wants the user to go afterwards; kept in the session and
///   given back by kinde_session_handle_callback. It must be on the origin of the setting
///   `redirect_uri`, or one of the setting `return_origins`; a path such as "/orders" is.
///
/// `*url` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with the statuses of kinde_authorization_url.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_login_url(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    url: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("url", url, error, || {
        let params = AuthorizationParams::from_json(text(params_json, "params_json")?);
        session_of(session)?.login_url(&params?)
    })
}

/// Like kinde_session_login_url, for Kinde's registration page.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_register_url(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    url: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("url", url, error, || {
        let params = AuthorizationParams::from_json(text(params_json, "params_json")?);
        session_of(session)?.register_url(&params?)
    })
}

/// Like kinde_session_register_url, for a user who registers together with a new organization.
/// The field `org_name` gives it a name.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_create_org_url(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    url: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("url", url, error, || {
        let params = AuthorizationParams::from_json(text(params_json, "params_json")?);
        session_of(session)?.create_org_url(&params?)
    })
}

fn handle_callback(
    session: Option<NonNull<kinde_session>>,
    url_or_query: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<CallbackOutcome>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let url_or_query = text(url_or_query, "url_or_query")?.to_owned();
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.handle_callback(&url_or_query).await
    }))
}

/// Finishes a sign-in with what the browser came back with: a whole URL, a path with a query, or a
/// query. Exchanges the code and verifies both tokens; then the user is signed in.
///
/// Gives an object:
///
/// - `outcome`: "signed_in"; or "restart", when an expired link has begun a new sign-in: nobody is
///   signed in by it
/// - `return_to`: the one of kinde_session_login_url, or null
/// - `url`: where to send the browser for "restart", otherwise null
///
/// A failed callback leaves the session as it was, but for its sign-in under way, which is used up.
/// In a session that was loaded with kinde_session_load it is used up in the store too, before the
/// code is exchanged. Afterwards kinde_session_save gives a new id, or kinde_session_seal a new text:
/// the cookie has to be set again.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with STATE_MISMATCH, MISSING_CODE, REPEATED_PARAMETER, RESPONSE_ISSUER, ACCESS_DENIED,
/// LOGIN_REQUIRED, OAUTH and the statuses of kinde_exchange_code; a session in a store also with those
/// of kinde_session_save.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_handle_callback(
    session: Option<NonNull<kinde_session>>,
    url_or_query: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        handle_callback(session, url_or_query)?.wait()
    })
}

/// Like kinde_session_handle_callback, without blocking. The completion gets what `*out` would
/// be and the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_handle_callback_async(
    session: Option<NonNull<kinde_session>>,
    url_or_query: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        handle_callback(session, url_or_query)
    })
}

fn client_credentials(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let params = ClientCredentials::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.client_credentials(params).await
    }))
}

/// Signs the application itself in. Takes the object of kinde_client_credentials.
///
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_client_credentials.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_client_credentials(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || client_credentials(session, params_json)?.wait())
}

/// Like kinde_session_client_credentials, without blocking. The completion gets the session and no
/// `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_client_credentials_async(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        client_credentials(session, params_json)
    })
}

fn refresh(
    session: Option<NonNull<kinde_session>>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let handle = shared_session(session)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.refresh().await
    }))
}

/// Renews the session's tokens, whether they are expired or not. Calls at once share one request.
///
/// Trouble on the way leaves the session as it was; only a refresh token that Kinde refuses ends
/// it. Kinde may give the same access token again while it lives.
///
/// For a session that was saved or loaded the calls of all processes and machines that use the store
/// share one request, and the store has the new tokens when this returns.
///
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, INVALID_GRANT (the user has to sign in again) and
/// the statuses of kinde_refresh_tokens; a session in a store also with those of kinde_session_save.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_refresh(
    session: Option<NonNull<kinde_session>>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || refresh(session)?.wait())
}

/// Like kinde_session_refresh, without blocking. The completion gets the session and no
/// `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_refresh_async(
    session: Option<NonNull<kinde_session>>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || refresh(session))
}

fn ensure_fresh(
    session: Option<NonNull<kinde_session>>,
    min_seconds: i64,
) -> Result<Operation<impl Future<Output = Result<Refreshed>> + Send + 'static>> {
    let handle = shared_session(session)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle
            .session
            .ensure_fresh(min_seconds)
            .await
            .map(Refreshed)
    }))
}

/// Renews the session's tokens if the access token lives less than `min_seconds` more; fewer than 0
/// count as 0. The only place where the library refreshes by itself, beside kinde_session_fetch and
/// kinde_session_fetch_has: call it once before the questions of a request.
///
/// `*refreshed` says whether new tokens came. A token that cannot be renewed now, but is not expired,
/// is good enough. With the setting `auto_refresh` off it never refreshes.
/// Any thread; blocks only if it refreshes, at most as long as the setting `timeout_ms` says.
/// Fails with TOKEN_EXPIRED (it is, and there is no refresh token, or `auto_refresh` is off) and the
/// statuses of kinde_session_refresh.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_ensure_fresh(
    session: Option<NonNull<kinde_session>>,
    min_seconds: i64,
    refreshed: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("refreshed", refreshed, error, || {
        ensure_fresh(session, min_seconds)?.wait()
    })
}

/// Like kinde_session_ensure_fresh, without blocking. The completion gets `{refreshed}` and
/// the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_ensure_fresh_async(
    session: Option<NonNull<kinde_session>>,
    min_seconds: i64,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        ensure_fresh(session, min_seconds)
    })
}

fn logout(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Url>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let params = LogoutParams::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.logout(&params).await.map(Url)
    }))
}

/// Signs the user out and gives the URL to send the browser to, which ends his sign-in at Kinde.
///
/// The session forgets its tokens and its sign-ins under way, and what is kept of it in a store is
/// deleted. If the setting `revoke_on_logout` is on, the refresh token is revoked, and with it those
/// that this process got for it just before; if that fails, the function succeeds all the same. Takes
/// the object of kinde_logout_url.
///
/// `*url` is the caller's, to free with kinde_string_free.
/// Any thread; blocks only if it revokes or the session is in a store, at most as long as the setting
/// `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, NOT_PREPARED, CONFIG (the setting
/// `ca_file` cannot be read), CANCELLED, and STORE or TIMEOUT (what is kept could not be deleted: the
/// session is forgotten here but alive in the store; call it again).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_logout(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    url: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("url", url, error, || logout(session, params_json)?.wait())
}

/// Like kinde_session_logout, without blocking. The completion gets `{url}` and the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_logout_async(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || logout(session, params_json))
}

/// Like kinde_session_logout, but never uses the network, revokes nothing, and leaves what is kept in
/// a store until kinde_session_save or kinde_session_delete.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_logout_url(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    url: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("url", url, error, || {
        let params = LogoutParams::from_json(text(params_json, "params_json")?);
        session_of(session)?.logout_url(&params?)
    })
}
