//! # The library

use std::ffi::{CString, c_char};

use once_cell::race::OnceBox;
use strum::IntoEnumIterator;

use super::abi::{ErrorOut, StatusIn, milliseconds};
use super::guard::call;
use crate::error::{Error, Status};
use crate::runtime;

/// The version of the ABI that this header describes: major << 16 | minor. The major number is that
/// of the shared library's name; the minor one grows when functions are added.
pub const KINDE_ABI_VERSION: u32 = 8;

const VERSION: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes(),
) {
    Ok(version) => version,
    // Judged when the library is compiled, never when it runs.
    Err(_) => panic!("a version holds no NUL"),
};

/// Gives the version of the library that is loaded, such as "0.1.0"; KINDE_VERSION is that of the
/// header.
///
/// The text is static. Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_version() -> *const c_char {
    runtime::note_use();
    VERSION.as_ptr()
}

/// Gives the ABI version of the library that is loaded: major << 16 | minor.
///
/// A program fits if its KINDE_ABI_VERSION has the same major number, and a minor number that is
/// not greater. Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_abi_version() -> u32 {
    // What a binding asks first, where the host loads it: before it forks its workers.
    runtime::note_use();
    KINDE_ABI_VERSION
}

/// Gives the name of a status without its prefix, such as "TOKEN_EXPIRED"; "UNKNOWN" for a number
/// that this version does not have.
///
/// The text is static. Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_status_name(status: StatusIn) -> *const c_char {
    static NAMES: OnceBox<Vec<(i32, CString)>> = OnceBox::new();
    let names = NAMES.get_or_init(|| {
        let named = |status: Status| {
            (
                status.code(),
                CString::new(status.name()).unwrap_or_default(),
            )
        };
        Box::new(Status::iter().map(named).collect())
    });
    names
        .iter()
        .find(|(number, _)| *number == status)
        .map_or(c"UNKNOWN".as_ptr(), |(_, name)| name.as_ptr())
}

/// Ends all calls that are under way as cancelled and joins the library's threads.
///
/// Calls under way fail with CANCELLED; the completions of asynchronous calls run with that status
/// before this returns. Handles stay valid, and the next call that needs the network starts the
/// threads anew. Call it before the program ends, or before the code of a completion is unloaded;
/// not from inside a completion, which would wait for itself.
///
/// Any thread; blocks for at most `timeout_ms` milliseconds.
/// Fails with INVALID_ARGUMENT (`timeout_ms` is negative), TIMEOUT (some call or completion was
/// still running; it ends later, by itself).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_shutdown(timeout_ms: i64, error: ErrorOut<'_>) -> Status {
    call(error, || {
        if runtime::shutdown(milliseconds(timeout_ms, "timeout_ms")?) {
            return Ok(());
        }
        Err(Error::new(
            Status::Timeout,
            format!("the library's threads did not end within {timeout_ms} ms"),
        ))
    })
}
