//! # Permissions, roles and feature flags
//!
//! Questions as above: no network; those with a scalar answer allocate nothing.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TextIn, TextOut, optional_text, text};
use super::guard::{respond, respond_json, test};
use super::session::{kinde_session, session_of};
use super::token::token_type as read_token_type;
use crate::error::{Error, Result, Status};
use crate::json::Json;
use crate::session::TokenType;

/// Gives the user's permissions as `{org_code, permissions}`, a list of keys.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_permissions(
    session: Option<NonNull<kinde_session>>,
    token_type: i32,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        session_of(session)?.permissions(read_token_type(token_type)?)
    })
}

/// Says whether the user has a permission in the organization of the token.
///
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not
/// read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_has_permission(
    session: Option<NonNull<kinde_session>>,
    permission: TextIn<'_>,
    token_type: i32,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        let permission = text(permission, "permission")?;
        session_of(session)?.has_permission(permission, read_token_type(token_type)?)
    })
}

/// Says whether the access token grants a permission, like kinde_session_has_permission, in the
/// result: 1 for yes, 0 for no.
///
/// For languages in which an out parameter costs more than the answer. A failure is the status,
/// negative, such as `-KINDE_STATUS_TOKEN_EXPIRED`; kinde_session_has_permission gives its error.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_test_permission(
    session: Option<NonNull<kinde_session>>,
    permission: TextIn<'_>,
) -> i32 {
    test(|| {
        let permission = text(permission, "permission")?;
        session_of(session)?.has_permission(permission, TokenType::Access)
    })
}

/// Gives the user's roles as `{org_code, roles}`, a list of `{id, key, name}`.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_roles(
    session: Option<NonNull<kinde_session>>,
    token_type: i32,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        session_of(session)?.roles(read_token_type(token_type)?)
    })
}

/// Says whether the user has the role with this key in the organization of the token.
///
/// Fails with the statuses of kinde_session_has_permission.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_has_role(
    session: Option<NonNull<kinde_session>>,
    key: TextIn<'_>,
    token_type: i32,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.has_role(text(key, "key")?, read_token_type(token_type)?)
    })
}

/// Says whether the access token names a role, like kinde_session_has_role, in the result: 1 for
/// yes, 0 for no.
///
/// A failure is the status, negative; kinde_session_has_role gives its error.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_test_role(
    session: Option<NonNull<kinde_session>>,
    key: TextIn<'_>,
) -> i32 {
    test(|| session_of(session)?.has_role(text(key, "key")?, TokenType::Access))
}

/// Says whether all conditions of an object hold by the access token:
///
/// - `permissions`: a list of keys, all of which the user must have
/// - `roles`: a list of keys, all of which the user must have
/// - `feature_flags`: a list of codes, of flags that must be there, or of `{flag, value}`, of flags
///   that must have the value
///
/// An empty list holds. Reads JSON and so allocates.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (a condition), CLAIM_MISSING (the token is not read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_has(
    session: Option<NonNull<kinde_session>>,
    conditions_json: TextIn<'_>,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.has(text(conditions_json, "conditions_json")?)
    })
}

/// Gives the feature flags as `{feature_flags}`, a list of `{key, type, value}`; `type` is "boolean",
/// "string", "integer", "object", or what the token says of a type unknown here.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_flags(
    session: Option<NonNull<kinde_session>>,
    token_type: i32,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        session_of(session)?.flags(read_token_type(token_type)?)
    })
}

fn default_value(json: TextIn<'_>) -> Result<Option<Json>> {
    let parse = |json: &str| {
        json.parse()
            .map_err(|e: Error| Error::invalid_argument("default_json", e))
    };
    optional_text(json, "default_json")?.map(parse).transpose()
}

/// Gives a feature flag as `{code, type, value, is_default}`.
///
/// `default_json` is the value for a flag that is not there, as JSON text; NULL for none. `type` is
/// the type that the flag must have: "boolean", "string", "integer" or "object"; NULL for any.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, INVALID_ARGUMENT (`default_json` or `type`), FLAG_NOT_FOUND, FLAG_TYPE.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_flag(
    session: Option<NonNull<kinde_session>>,
    code: TextIn<'_>,
    default_json: TextIn<'_>,
    r#type: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let default = default_value(default_json)?;
        let flag_type = optional_text(r#type, "type")?;
        session_of(session)?.flag(text(code, "code")?, default.as_ref(), flag_type)
    })
}

/// Gives the value of a feature flag of the type boolean.
///
/// `default_value` points to the answer for a flag that is not there; NULL for none.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_flag_boolean(
    session: Option<NonNull<kinde_session>>,
    code: TextIn<'_>,
    default_value: Option<&bool>,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.flag_boolean(text(code, "code")?, default_value.copied())
    })
}

/// Gives the value of a feature flag of the type boolean in the result: 1 for true, 0 for false.
///
/// A failure is the status, negative, such as `-KINDE_STATUS_FLAG_NOT_FOUND`;
/// kinde_session_flag_boolean gives its error.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_test_flag(
    session: Option<NonNull<kinde_session>>,
    code: TextIn<'_>,
) -> i32 {
    test(|| session_of(session)?.flag_boolean(text(code, "code")?, None))
}

/// Gives the value of a feature flag of the type integer.
///
/// `default_value` points to the answer for a flag that is not there; NULL for none.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_flag_integer(
    session: Option<NonNull<kinde_session>>,
    code: TextIn<'_>,
    default_value: Option<&i64>,
    answer: Option<&mut MaybeUninit<i64>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        session_of(session)?.flag_integer(text(code, "code")?, default_value.copied())
    })
}

/// Gives the value of a feature flag of the type string.
///
/// `default_value` is the answer for a flag that is not there; NULL for none. `*answer` is the
/// caller's, to free with kinde_string_free.
/// Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
/// INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_flag_string(
    session: Option<NonNull<kinde_session>>,
    code: TextIn<'_>,
    default_value: TextIn<'_>,
    answer: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        let default_value = optional_text(default_value, "default_value")?;
        session_of(session)?.flag_string(text(code, "code")?, default_value)
    })
}
