//! # Keeping sessions
//!
//! Between two requests a session is kept in one of three ways:
//!
//! - Sealed, in cookies: kinde_session_seal makes one text of it, encrypted with the setting
//!   `seal_keys`, and kinde_session_open makes it a session again. The server keeps nothing, so
//!   nobody but the browser can end such a session before its time.
//! - In a store: kinde_session_save writes it into the store of the setting `store_url`, and gives
//!   an id for a cookie; kinde_session_load finds it by that id. The memory of the process is a
//!   store, good for one process; Redis serves any number of machines.
//! - In a store of the program's own, such as a table of its database, in the same way: see
//!   kinde_config_set_store.
//!
//! An id is 43 characters of A-Z, a-z, 0-9, "-" and "_": 256 random bits. Whoever has it has the
//! session, so its cookie should be Secure, HttpOnly and SameSite=Lax; so should the cookies of a
//! sealed session.
//!
//! Signing in and out changes the id, so that an id which somebody planted in a browser before is
//! worth nothing afterwards. Call kinde_session_save after kinde_session_handle_callback, and set the
//! cookie again to what it gives; the former id is no longer good.
//!
//! kinde_session_ensure_fresh and kinde_session_refresh on a user's session that was saved or loaded
//! renew its tokens once for all processes and machines that share the store, and write them there by
//! themselves: the id stays, and nothing needs to be saved again. A sealed session whose tokens were
//! renewed has to be sealed again, and a machine's session to be saved again, which
//! kinde_session_revision tells.
//!
//! A session ends when it was not used for the setting `session_idle_seconds`, and
//! `session_max_seconds` after the sign-in at the latest. Loading a session from a store, and sealing
//! it again, count as use.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use safer_ffi::prelude::char_p;

use super::abi::{ErrorOut, OwnedText, TaskOut, TextIn, TextOut, text};
use super::client::{client_of, kinde_client};
use super::guard::{Answer, ToJson, call, respond, secret_json};
use super::session::{kinde_session, session_of, shared_session};
use super::task::{Operation, kinde_completion, start};
use crate::error::{Result, Status};
use crate::secret::Secret;
use crate::session::{SealParams, Session};

/// The id of a session: alone in the out parameter `id`, `{id}` for a completion.
struct Id(Secret);

impl Answer for Id {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        self.0.into_c()
    }
}

impl ToJson for Id {
    fn into_json(self) -> Result<char_p::Box> {
        // By hand, so that no copy stays behind; an id consists of letters that need no escape.
        secret_json(["{\"id\":\"", self.0.expose(), "\"}"].concat())
    }
}

fn save(
    session: Option<NonNull<kinde_session>>,
) -> Result<Operation<impl Future<Output = Result<Id>> + Send + 'static>> {
    let handle = shared_session(session)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.save().await.map(|id| Id(id.into()))
    }))
}

/// Keeps the session in the client's store and gives the id under which kinde_session_load finds
/// it.
///
/// A session that was loaded stays under its id. A session that is new, or in which somebody signed
/// in or out since, gets a new id, and what was kept under the former one is deleted in the same
/// step. What other requests changed meanwhile is kept too. Does nothing if nothing changed.
///
/// `*id` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the store, at most as long as the setting `timeout_ms` says. The store in
/// memory does not make it wait.
/// Fails with NULL_ARGUMENT, SESSION_NOT_FOUND (it was ended elsewhere, or its time is over: nobody
/// is signed in any more), STORE, CONFLICT (too many others change it at once), SESSION_INVALID (what
/// the store holds cannot be opened), CONFIG (the setting `ca_file` cannot be read), TIMEOUT,
/// CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_save(
    session: Option<NonNull<kinde_session>>,
    id: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("id", id, error, || save(session)?.wait())
}

/// Like kinde_session_save, without blocking. The completion gets `{id}` and the session. A save
/// that was begun goes on after kinde_task_cancel.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_save_async(
    session: Option<NonNull<kinde_session>>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || save(session))
}

fn load(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Session>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let id = Secret::new(text(id, "id")?);
    Ok(Operation::of_client(&client.clone(), async move {
        Session::load(&client, id.expose()).await
    }))
}

/// Gives the session that kinde_session_save kept under an id, with this client or with another one
/// of the same issuer, `client_id` and store. Prolongs its life.
///
/// Any text may be given as the id, such as a cookie as it came: what is no id is not found. Loading
/// twice gives two sessions. What is changed in one does not show in the other at once, but when both
/// are saved, neither change is lost.
///
/// `*session` is the caller's, to free with kinde_session_free.
/// Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, SESSION_NOT_FOUND (there is none, or its time is over:
/// begin a new one), SESSION_INVALID (it was sealed with a key that is no longer among
/// `seal_keys`), STORE, CONFIG, TIMEOUT, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_load(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
    session: Option<&mut MaybeUninit<Option<NonNull<kinde_session>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("session", session, error, || load(client, id)?.wait())
}

/// Like kinde_session_load, without blocking. The completion gets the session and no `result_json`;
/// kinde_session_ref keeps the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_load_async(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || load(client, id))
}

fn delete(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let id = Secret::new(text(id, "id")?);
    Ok(Operation::of_client(&client.clone(), async move {
        Session::delete(&client, id.expose()).await
    }))
}

/// Ends the session that is kept under an id, without signing anybody out at Kinde. Succeeds if
/// there is none. For a user who signs out there is kinde_session_logout.
///
/// Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, STORE, CONFIG, TIMEOUT, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_delete(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || delete(client, id)?.wait())
}

/// Like kinde_session_delete, without blocking. The completion gets no `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_delete_async(
    client: Option<NonNull<kinde_client>>,
    id: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || delete(client, id))
}

fn revoke(
    client: Option<NonNull<kinde_client>>,
    sub: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let sub = text(sub, "sub")?.to_owned();
    Ok(Operation::of_client(&client.clone(), async move {
        client.revoke_sessions(&sub).await
    }))
}

/// Ends all sessions of one user in the client's store: of one who was suspended, say, or who asks
/// to be signed out everywhere. `sub` is the claim of that name in the user's tokens, which
/// kinde_session_user gives as `id`. Succeeds if there is none.
///
/// Sealed sessions, which browsers carry, cannot be ended from here, and a session that a request
/// has loaded stays as it is until a change of it is saved, or it is renewed. A list of the user's
/// sessions that no key of `seal_keys` opens counts as empty, with a warning to the log.
/// Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`sub` is empty), STORE, CONFLICT (the
/// user goes on signing in meanwhile; try again), CONFIG, TIMEOUT, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_sessions_revoke(
    client: Option<NonNull<kinde_client>>,
    sub: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || revoke(client, sub)?.wait())
}

/// Like kinde_sessions_revoke, without blocking. The completion gets no `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_sessions_revoke_async(
    client: Option<NonNull<kinde_client>>,
    sub: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || revoke(client, sub))
}

/// Gives a number that differs when the session has changed. Compare it after the request with what
/// it was when the session was made, loaded or opened; if it differs, save or seal the session
/// again.
///
/// kinde_session_ensure_fresh changes it too when a sealed session has not been sealed for an eighth
/// of the setting `session_idle_seconds`, so that the life of a session in use is prolonged. The
/// number means nothing beyond that, and those of two sessions cannot be compared.
/// Any thread; does not block.
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_revision(
    session: Option<NonNull<kinde_session>>,
    revision: Option<&mut MaybeUninit<u64>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("revision", revision, error, || {
        Ok(session_of(session)?.revision())
    })
}

/// Makes one text of the whole session, which the browser, or a store of the program's own, may
/// keep: encrypted and authenticated with the first of the setting `seal_keys`. It consists of A-Z,
/// a-z, 0-9, "-" and "_".
///
/// Takes an object:
///
/// - `content`: "all", the default; or "claims", which leaves the tokens out, so that the text is
///   shorter. Such a session answers questions until the access token expires; it cannot be renewed,
///   and kinde_session_access_token and kinde_session_tokens fail for it.
///
/// `*sealed` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, CONFIG (there are no `seal_keys`),
/// SESSION_NOT_FOUND (the session's time is over).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_seal(
    session: Option<NonNull<kinde_session>>,
    params_json: TextIn<'_>,
    sealed: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("sealed", sealed, error, || {
        let params = SealParams::from_json(text(params_json, "params_json")?);
        session_of(session)?.seal(&params?)
    })
}

/// Makes the session again that kinde_session_seal sealed, with this client or with another one of
/// the same issuer and `client_id`. Each of the setting `seal_keys` opens what it sealed. To change
/// the key while several processes serve the same users, give all of them the new one behind the old
/// one first, then put it in front, and take the old one away when what it sealed has ended: after
/// `session_max_seconds`.
///
/// Any text may be given, such as a cookie as it came. No signature is checked again: the seal
/// vouches for what is inside.
///
/// `*session` is the caller's, to free with kinde_session_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, SESSION_INVALID (it is over, was altered, or was sealed
/// with another key or for another application: the error does not tell which), CONFIG (there are
/// no `seal_keys`).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_open(
    client: Option<NonNull<kinde_client>>,
    sealed: TextIn<'_>,
    session: Option<&mut MaybeUninit<Option<NonNull<kinde_session>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("session", session, error, || {
        Session::open(client_of(client)?, text(sealed, "sealed")?)
    })
}
