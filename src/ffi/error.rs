//! # Errors
//!
//! A function that can fail takes `kinde_error **error` as its last parameter. It may be NULL. Every
//! call writes it: NULL on success, otherwise an error that the caller frees with kinde_error_free.
//! No error holds a client secret, a token, a verifier or a key.

use std::ffi::{CString, c_char};

use safer_ffi::prelude::repr_c;

use super::abi::{ErrorOut, TextOut, required};
use super::guard::{JsonText, respond_json};
use crate::error::{Error, Status};

/// Why a call failed. Immutable: any number of threads may read it at once.
#[allow(non_camel_case_types)]
pub struct kinde_error {
    error: Error,
    message: CString,
    oauth_code: Option<CString>,
    oauth_description: Option<CString>,
    field: Option<CString>,
}

impl kinde_error {
    pub(super) fn new(error: Error) -> Self {
        kinde_error {
            message: c_string(error.message()),
            oauth_code: error.oauth_code().map(c_string),
            oauth_description: error.oauth_description().map(c_string),
            field: error.field().map(c_string),
            error,
        }
    }
}

/// A text to be lent. Foreign texts hold no control characters; should one of ours quote a NUL, it
/// becomes a space.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', " ")).unwrap_or_default())
}

fn borrowed(text: Option<&CString>) -> *const c_char {
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}

/// Gives the status of an error; KINDE_STATUS_OK for NULL.
///
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_status(error: Option<&kinde_error>) -> Status {
    error.map_or(Status::Ok, |e| e.error.status())
}

/// Gives a sentence about what happened, for the person who has to mend it.
///
/// The text belongs to the error and lives until kinde_error_free. NULL if `error` is NULL.
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_message(error: Option<&kinde_error>) -> *const c_char {
    borrowed(error.map(|e| &e.message))
}

/// Gives the `error` of an OAuth answer or callback, such as "invalid_grant".
///
/// The text belongs to the error and lives until kinde_error_free. NULL if there is none.
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_oauth_code(error: Option<&kinde_error>) -> *const c_char {
    borrowed(error.and_then(|e| e.oauth_code.as_ref()))
}

/// Gives the `error_description` of an OAuth answer or callback: at most 512 bytes, without
/// control characters. It comes from outside: show it as text, do not act on it.
///
/// The text belongs to the error and lives until kinde_error_free. NULL if there is none.
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_oauth_description(error: Option<&kinde_error>) -> *const c_char {
    borrowed(error.and_then(|e| e.oauth_description.as_ref()))
}

/// Gives the name of the parameter, field or setting that is at fault; of several, the first.
///
/// The text belongs to the error and lives until kinde_error_free. NULL if there is none.
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_field(error: Option<&kinde_error>) -> *const c_char {
    borrowed(error.and_then(|e| e.field.as_ref()))
}

/// Gives the HTTP status of the answer that the error is about; 0 if there was none.
///
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_http_status(error: Option<&kinde_error>) -> i32 {
    error
        .and_then(|e| e.error.http_status())
        .map_or(0, i32::from)
}

/// Gives the seconds that the other side asks to wait before the next attempt; -1 if it did not
/// say.
///
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_retry_after_seconds(error: Option<&kinde_error>) -> i64 {
    error
        .and_then(|e| e.error.retry_after())
        .map_or(-1, |after| {
            i64::try_from(after.as_secs()).unwrap_or(i64::MAX)
        })
}

/// Gives all that is known about an error as a JSON object:
///
/// - `status`: the number of the status; `name`: its name without KINDE_STATUS_
/// - `message`: as kinde_error_message
/// - `field`: as kinde_error_field, or null
/// - `fields`: a list of `{field, message}`, one for each that is at fault
/// - `claim`: the claim of a token that is at fault, or null
/// - `oauth_code`, `oauth_description`: as the functions above, or null
/// - `http_status`, `retry_after_seconds`: numbers, or null
/// - `codes`, `missing_scope`, `request_id`, `headers`, `body`: what an API answered, secrets
///   removed
///
/// `*out` is the caller's, to free with kinde_string_free. Any thread; does not block.
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_details(error: Option<&kinde_error>, out: TextOut<'_>) -> Status {
    let unreported: ErrorOut<'_> = None;
    respond_json(out, unreported, || {
        Ok(JsonText(required(error, "error")?.error.to_json()))
    })
}

/// Frees an error and the texts that were borrowed from it. Takes NULL.
///
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_free(error: Option<repr_c::Box<kinde_error>>) {
    drop(error);
}
