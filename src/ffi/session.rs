//! # Sessions
//!
//! A kinde_session is one user's sign-in: the sign-ins under way, then the verified tokens. It is
//! reference counted, and any number of threads may use it at once. It keeps what it needs of its
//! client, which may be freed before it. A kinde_session lives in one process; the session that it
//! stands for is kept between requests as "Keeping sessions" says.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;

use super::abi::{ErrorOut, TaskOut, TextIn, text};
use super::client::{client_of, kinde_client};
use super::guard::{Answer, respond};
use super::handle::{add_reference, borrow, give, release, share};
use super::task::{Completed, Operation, Parts, kinde_completion, start};
use crate::error::{Result, Status};
use crate::oauth::TokenSet;
use crate::session::Session;

/// One user's sign-in. Any number of threads may use it at once.
#[allow(non_camel_case_types)]
pub struct kinde_session {
    pub(super) session: Session,
}

impl Answer for Session {
    type C = Option<NonNull<kinde_session>>;
    fn none() -> Self::C {
        None
    }
    fn into_c(self) -> Result<Self::C> {
        Ok(give(kinde_session { session: self }))
    }
}

impl Completed for Session {
    fn into_parts(self) -> Result<Parts> {
        Ok(Parts {
            json: None,
            session: Some(Arc::new(kinde_session { session: self })),
        })
    }
}

/// The session of a handle, for the time of the call.
#[inline]
pub(super) fn session_of<'a>(session: Option<NonNull<kinde_session>>) -> Result<&'a Session> {
    borrow(session, "session").map(|handle| &handle.session)
}

/// A session handle for work that outlives the call.
pub(super) fn shared_session(
    session: Option<NonNull<kinde_session>>,
) -> Result<Arc<kinde_session>> {
    share(session, "session")
}

/// Makes a session in which nobody is signed in.
///
/// `*session` is the caller's, to free with kinde_session_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_new(
    client: Option<NonNull<kinde_client>>,
    session: Option<&mut MaybeUninit<Option<NonNull<kinde_session>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("session", session, error, || {
        Ok(client_of(client)?.session())
    })
}

fn from_tokens(
    client: Option<NonNull<kinde_client>>,
    token_set_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Session>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let tokens = TokenSet::from_json(text(token_set_json, "token_set_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        Session::from_tokens(&client, tokens).await
    }))
}

/// Makes a session of tokens that the program kept or got elsewhere.
///
/// Takes a token set as kinde_session_tokens and kinde_exchange_code give it; only `access_token`
/// is required. Signatures, issuer, kind and parties are checked. An expired access token is
/// accepted: the session is then not authenticated, but can be refreshed.
///
/// `*session` is the caller's, to free with kinde_session_free.
/// Any thread; with the issuer's keys at hand it uses no network, otherwise it blocks at most as
/// long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT and the statuses of kinde_verify_token.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_from_tokens(
    client: Option<NonNull<kinde_client>>,
    token_set_json: TextIn<'_>,
    session: Option<&mut MaybeUninit<Option<NonNull<kinde_session>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("session", session, error, || {
        from_tokens(client, token_set_json)?.wait()
    })
}

/// Like kinde_session_from_tokens, without blocking. The completion gets the new session and no
/// `result_json`; kinde_session_ref keeps the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_from_tokens_async(
    client: Option<NonNull<kinde_client>>,
    token_set_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        from_tokens(client, token_set_json)
    })
}

/// Adds a reference and gives the same pointer; each reference is freed with kinde_session_free.
/// Takes NULL.
///
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_ref(
    session: Option<NonNull<kinde_session>>,
) -> Option<NonNull<kinde_session>> {
    add_reference(session)
}

/// Frees a reference. Takes NULL. Calls under way keep what they need of the session.
///
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_free(session: Option<NonNull<kinde_session>>) {
    release(session);
}
