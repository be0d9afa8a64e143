//! # Questions to a session
//!
//! Questions never use the network and never wait for a call that does; those with a scalar answer
//! allocate nothing. When the access token has expired, kinde_session_is_authenticated answers
//! false and the others fail with TOKEN_EXPIRED: call kinde_session_ensure_fresh and ask again.
//! `token_type` is KINDE_TOKEN_TYPE_ACCESS or KINDE_TOKEN_TYPE_ID. Any thread may ask.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TextIn, TextOut, text};
use super::guard::{JsonText, respond, respond_json};
use super::session::{kinde_session, session_of};
use super::token::token_type as read_token_type;
use crate::error::Status;

/// Says whether a verified access token is there and not expired; a machine's counts.
///
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_is_authenticated(
    session: Option<NonNull<kinde_session>>,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        Ok(session_of(session)?.is_authenticated())
    })
}

/// Says when the access token expires, in seconds since 1970 (UTC). Answers for an expired token
/// too.
///
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, CLAIM_MISSING (an opaque token that came without a
/// lifetime).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_expires_at(
    session: Option<NonNull<kinde_session>>,
    unix_seconds: Option<&mut MaybeUninit<i64>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("unix_seconds", unix_seconds, error, || {
        session_of(session)?.expires_at()
    })
}

/// Gives the access token, to be sent to an API.
///
/// `*token` is the caller's, to free with kinde_string_free, which overwrites it.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, INVALID_ARGUMENT (the session was
/// sealed without its tokens).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_access_token(
    session: Option<NonNull<kinde_session>>,
    token: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("token", token, error, || {
        session_of(session)?.access_token()
    })
}

/// Gives all tokens, for a program that keeps them itself, as an object:
///
/// - `access_token`, `token_type`: texts
/// - `id_token`, `refresh_token`, `scope`: texts, or null
/// - `expires_in`: seconds, or null
/// - `expires_at`: when the access token expires, in seconds since 1970 (UTC), or null
/// - `received_at`: when it came, in seconds since 1970 (UTC)
///
/// Answers for an expired access token too, so that the refresh token is not lost with it.
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, INVALID_ARGUMENT (the session was sealed without its
/// tokens).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_tokens(
    session: Option<NonNull<kinde_session>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || session_of(session)?.tokens())
}

/// Gives all claims of a token, as they stand in it.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_claims(
    session: Option<NonNull<kinde_session>>,
    token_type: i32,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let claims = session_of(session)?.claims(read_token_type(token_type)?);
        claims.map(JsonText)
    })
}

/// Gives one claim as `{name, value}`; the value is null if the token lacks the claim.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not
/// read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_claim(
    session: Option<NonNull<kinde_session>>,
    name: TextIn<'_>,
    token_type: i32,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        session_of(session)?.claim(text(name, "name")?, read_token_type(token_type)?)
    })
}

/// Gives one claim that is a text.
///
/// `*answer` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
/// something else).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_claim_string(
    session: Option<NonNull<kinde_session>>,
    name: TextIn<'_>,
    token_type: i32,
    answer: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.claim_string(text(name, "name")?, read_token_type(token_type)?)
    })
}

/// Gives one claim that is a whole number.
///
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
/// something else).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_claim_integer(
    session: Option<NonNull<kinde_session>>,
    name: TextIn<'_>,
    token_type: i32,
    answer: Option<&mut MaybeUninit<i64>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.claim_integer(text(name, "name")?, read_token_type(token_type)?)
    })
}

/// Gives one claim that is true or false.
///
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
/// something else).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_claim_boolean(
    session: Option<NonNull<kinde_session>>,
    name: TextIn<'_>,
    token_type: i32,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.claim_boolean(text(name, "name")?, read_token_type(token_type)?)
    })
}

/// Gives the organization that the user is signed in to as `{org_code}`; null if none.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, CLAIM_MISSING.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_organization(
    session: Option<NonNull<kinde_session>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || session_of(session)?.organization())
}

/// Gives the organizations that the user belongs to as `{org_codes}`, a list of texts.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, CLAIM_MISSING (there is no ID
/// token).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_organizations(
    session: Option<NonNull<kinde_session>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || session_of(session)?.organizations())
}

/// Says who is signed in: `{id, given_name, family_name, email, picture}`; what the tokens do not say
/// is null.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_user(
    session: Option<NonNull<kinde_session>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || session_of(session)?.user())
}
