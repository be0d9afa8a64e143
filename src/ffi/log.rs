//! # Logging
//!
//! Messages go to a callback, or into a queue that kinde_log_next reads. Both are off until
//! kinde_set_log_callback is called. No message holds a secret. Where messages are not taken in
//! time, the oldest are given up, and a message says how many.

use std::ffi::{c_char, c_void};

use safer_ffi::prelude::char_p;
use serde_json::json;

use super::abi::{ErrorOut, OwnedText, TextOut, milliseconds, owned_text};
use super::error::c_string;
use super::guard::{Answer, call, respond};
use crate::error::{Error, Result, Status};
use crate::log::{self, Callback, Level, Message};

/// No message.
pub const KINDE_LOG_LEVEL_OFF: i32 = 0;
/// Something failed that the caller may not see otherwise.
pub const KINDE_LOG_LEVEL_ERROR: i32 = 1;
/// Something is about to go wrong, or is set up badly.
pub const KINDE_LOG_LEVEL_WARN: i32 = 2;
/// What happens rarely: keys fetched, endpoints discovered.
pub const KINDE_LOG_LEVEL_INFO: i32 = 3;
/// What happens at each call.
pub const KINDE_LOG_LEVEL_DEBUG: i32 = 4;

/// Takes a message of the library.
///
/// `userdata` is what the caller gave, `level` one of KINDE_LOG_LEVEL_ERROR to
/// KINDE_LOG_LEVEL_DEBUG, `module` the part of the library, such as "http". The texts are borrowed
/// until the callback returns. Messages come one after the other on a thread of the library, where
/// the callback may block and call any function but kinde_shutdown. No exception may leave it.
#[allow(non_camel_case_types)]
pub type kinde_log_callback = Option<
    extern "C" fn(userdata: *mut c_void, level: i32, module: *const c_char, message: *const c_char),
>;

/// Sends messages up to `max_level`, one of KINDE_LOG_LEVEL_OFF to KINDE_LOG_LEVEL_DEBUG, to a
/// callback; without one, keeps them for kinde_log_next. There is one such setting in the process,
/// which a forked child inherits.
///
/// When it returns, the former callback runs no more, so that its `userdata` may be freed; called
/// from inside that callback, it takes effect when that returns.
/// Any thread; blocks until a message under way to the former callback is taken.
/// Fails with INVALID_ARGUMENT (there is no such level).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_set_log_callback(
    max_level: i32,
    callback: kinde_log_callback,
    userdata: *mut c_void,
) -> Status {
    let unreported: ErrorOut<'_> = None;
    call(unreported, || {
        let recipient = callback.map(|callback| Recipient { callback, userdata });
        log::set_callback(level(max_level)?, recipient.map(Recipient::into_callback));
        Ok(())
    })
}

/// Gives the oldest message that was kept, for programs that cannot take callbacks: an object
/// `{level, module, message}`, or NULL if none came within `wait_ms` milliseconds. Messages are kept
/// after kinde_set_log_callback with a level and without a callback.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks for at most `wait_ms` milliseconds, and no longer than until kinde_shutdown.
/// Fails with INVALID_ARGUMENT (`wait_ms` is negative).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_log_next(wait_ms: i64, out: TextOut<'_>, error: ErrorOut<'_>) -> Status {
    let next = || Ok(Next(log::next(milliseconds(wait_ms, "wait_ms")?)));
    match out {
        Some(out) => respond("out", Some(out), error, next),
        None => call(error, || next().map(drop)),
    }
}

fn level(number: i32) -> Result<Option<Level>> {
    match number {
        KINDE_LOG_LEVEL_OFF => Ok(None),
        KINDE_LOG_LEVEL_ERROR => Ok(Some(Level::Error)),
        KINDE_LOG_LEVEL_WARN => Ok(Some(Level::Warn)),
        KINDE_LOG_LEVEL_INFO => Ok(Some(Level::Info)),
        KINDE_LOG_LEVEL_DEBUG => Ok(Some(Level::Debug)),
        other => Err(Error::invalid_argument(
            "max_level",
            format!(
                "{other} is no level; give KINDE_LOG_LEVEL_OFF (0) to KINDE_LOG_LEVEL_DEBUG (4)"
            ),
        )),
    }
}

/// A message, if one came.
struct Next(Option<Message>);

impl Answer for Next {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        self.0.map(message_json).transpose()
    }
}

fn message_json(message: Message) -> Result<char_p::Box> {
    let message = json!({
        "level": message.level as i32,
        "module": message.module,
        "message": message.text,
    });
    owned_text(&message.to_string())
}

/// A callback with what it asked for.
struct Recipient {
    callback: extern "C" fn(*mut c_void, i32, *const c_char, *const c_char),
    userdata: *mut c_void,
}

// SAFETY: the library never follows `userdata`; the header says that the callback gets it on a
// thread of the library, one message after the other.
unsafe impl Send for Recipient {}
// SAFETY: as above.
unsafe impl Sync for Recipient {}

impl Recipient {
    fn into_callback(self) -> Callback {
        Box::new(move |message| self.tell(message))
    }

    fn tell(&self, message: &Message) {
        let module = c_string(message.module);
        let text = c_string(&message.text);
        let level = message.level as i32;
        (self.callback)(self.userdata, level, module.as_ptr(), text.as_ptr());
    }
}
