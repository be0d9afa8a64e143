//! The types of the boundary: as Rust reads them, and as the header shows them.
//!
//! cbindgen sees names, not types. An alias that it must not follow is hidden from it here, and a
//! twin in [`shape`] has the name that `cbindgen.toml` spells in C.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::time::Duration;

use safer_ffi::prelude::{char_p, repr_c};

use super::error::kinde_error;
use super::task::kinde_task;
use crate::error::{Error, Result, Status};

/// A text that the caller lends for the call.
/// cbindgen:ignore
pub(super) type TextIn<'a> = Option<char_p::Ref<'a>>;

/// A text that the caller gives back.
/// cbindgen:ignore
pub(super) type OwnedText = Option<char_p::Box>;

/// Where a text for the caller goes.
/// cbindgen:ignore
pub(super) type TextOut<'a> = Option<&'a mut MaybeUninit<OwnedText>>;

/// Where an error for the caller goes.
/// cbindgen:ignore
pub(super) type ErrorOut<'a> = Option<&'a mut MaybeUninit<Option<repr_c::Box<kinde_error>>>>;

/// Where a task for the caller goes.
/// cbindgen:ignore
pub(super) type TaskOut<'a> = Option<&'a mut MaybeUninit<Option<repr_c::Box<kinde_task>>>>;

/// A status that comes in: any number, so that a wrong one is no undefined behaviour.
/// cbindgen:ignore
pub(super) type StatusIn = i32;

#[allow(dead_code)]
mod shape {
    use std::ffi::{c_char, c_void};

    /// cbindgen:no-export
    pub type TextIn = *const c_char;
    /// cbindgen:no-export
    pub type OwnedText = *mut c_char;
    /// cbindgen:no-export
    pub type TextOut = *mut *mut c_char;
    /// cbindgen:no-export
    pub type ErrorOut = *mut *mut c_void;
    /// cbindgen:no-export
    pub type TaskOut = *mut *mut c_void;
    /// cbindgen:no-export
    pub type StatusIn = i32;
}

/// A pointer that must not be NULL is NULL.
pub(super) fn null(name: &str) -> Error {
    Error::new(Status::NullArgument, format!("{name} is NULL")).with_field(name)
}

/// What a pointer points to that must not be NULL.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T> {
    value.ok_or_else(|| null(name))
}

/// Reads a text that must be there.
pub(super) fn text<'a>(value: TextIn<'a>, name: &str) -> Result<&'a str> {
    optional_text(value, name)?.ok_or_else(|| null(name))
}

/// Reads a text that may be NULL.
pub(super) fn optional_text<'a>(value: TextIn<'a>, name: &str) -> Result<Option<&'a str>> {
    let Some(value) = value else { return Ok(None) };
    // SAFETY: a `char_p::Ref` is a transparent wrapper of a pointer to a NUL-terminated text that
    // lives for 'a. Its own ways to a `str` do not check UTF-8, and its length is counted slowly.
    let bytes: &'a CStr = unsafe {
        let start = std::mem::transmute::<char_p::Ref<'a>, *const c_char>(value);
        CStr::from_ptr(start)
    };
    match bytes.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => {
            Err(Error::new(Status::InvalidUtf8, format!("{name} is not UTF-8")).with_field(name))
        }
    }
}

/// The longest time that anybody waits; beyond it the clock could not count.
const LONGEST_WAIT_MS: u64 = 10 * 365 * 24 * 60 * 60 * 1_000;

/// Reads a time to wait.
pub(super) fn milliseconds(number: i64, name: &str) -> Result<Duration> {
    match u64::try_from(number) {
        Ok(number) => Ok(Duration::from_millis(number.min(LONGEST_WAIT_MS))),
        Err(_) => Err(Error::invalid_argument(
            name,
            format!("{number} is negative; give milliseconds from 0"),
        )),
    }
}

/// Makes a text for the caller: one allocation of the exact size, so that no copy stays behind.
pub(super) fn owned_text(text: &str) -> Result<char_p::Box> {
    let mut copy = String::with_capacity(text.len() + 1);
    copy.push_str(text);
    if !text.contains('\0')
        && let Ok(owned) = char_p::Box::try_from(copy)
    {
        return Ok(owned);
    }
    Err(Error::new(
        Status::ClaimMissing,
        "the text holds a NUL character, which a C string cannot; ask for it as JSON",
    ))
}
