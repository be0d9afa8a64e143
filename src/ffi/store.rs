//! # A store of the program's own
//!
//! A program that has a database can keep sessions there: it gives the library five callbacks, and
//! kinde_session_save and its kin work as with the stores of the setting `store_url`.
//!
//! A record is a text under a key. Both are printable ASCII without spaces; a key has at most 64
//! characters. A session's record has a few thousand, more if its tokens are long, and the list of
//! a user's sessions 80 for each of them: 80,000 where the user has the 1,000 that are kept at most.
//! What they hold is encrypted with the setting `seal_keys`,
//! which must be set. Versions begin at 1 and grow by one with each change, so that a signed 64-bit
//! column holds them. Beside its record, a key can have a lease: the right to renew a session's
//! tokens alone, for a while.
//!
//! The callbacks run on threads of the library, several at once, and for one key too. They may
//! block; a call of the library that waits for one ends when the setting `timeout_ms` says, and the
//! callback goes on. They may call any function but kinde_shutdown; no exception may leave them.
//!
//! Each is given a kinde_store_reply, through which it says more than its status does. Any status but
//! those named for a callback is a failure of the store, for which the library's call fails with
//! STORE.
//!
//! A forked child calls the same callbacks with its copy of what `userdata` points to. A connection
//! to a database must not be used on both sides of a fork: let the callbacks open one for each
//! process. A lock that a callback holds at the moment of the fork stays locked in the child.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use super::abi::{ErrorOut, StatusIn, TextIn, optional_text, required};
use super::config::kinde_config;
use super::error::c_string;
use super::guard::call;
use crate::config::{HostRecord, HostStore};
use crate::error::{Error, Result, Status};

/// What a callback of a store says beside its status. It lives until the callback returns.
#[allow(non_camel_case_types)]
#[derive(Default)]
pub struct kinde_store_reply {
    record: Option<(u64, String)>,
    lease: Option<u64>,
    message: Option<String>,
}

/// Looks a record up.
///
/// Returns OK, after kinde_store_reply_record if there is a record and its life is not over.
#[allow(non_camel_case_types)]
pub type kinde_store_load = Option<
    extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        reply: *mut kinde_store_reply,
    ) -> StatusIn,
>;

/// Writes a record if the one that is there has the version `expected`; if `expected` is 0, if there
/// is none. Comparing and writing must be one step, whoever else writes. A record whose life is over
/// counts as none.
///
/// `version` is the record's from now on. The record may be dropped when `life_ms` milliseconds have
/// passed. Returns OK if it was written, CONFLICT if not.
#[allow(non_camel_case_types)]
pub type kinde_store_save = Option<
    extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        expected: u64,
        version: u64,
        record: *const c_char,
        life_ms: i64,
        reply: *mut kinde_store_reply,
    ) -> StatusIn,
>;

/// Deletes a record if it has the version `expected`; if `expected` is 0, whatever version it has.
/// Comparing and deleting must be one step.
///
/// Returns OK if there is no such record any more or never was, CONFLICT if it has another version.
#[allow(non_camel_case_types)]
pub type kinde_store_delete = Option<
    extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        expected: u64,
        reply: *mut kinde_store_reply,
    ) -> StatusIn,
>;

/// Takes the lease of a key for `life_ms` milliseconds, unless somebody else holds it. If `held` is
/// not 0, prolongs the lease with that value instead, so that it ends `life_ms` from now.
///
/// Returns OK after kinde_store_reply_lease; CONFLICT if somebody else holds the lease, or the one
/// to prolong is over. A lease ends by itself when its life is over, or with
/// kinde_store_release. Leases and records come and go without regard to each other: a key can have
/// one without the other.
#[allow(non_camel_case_types)]
pub type kinde_store_lease = Option<
    extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        held: u64,
        life_ms: i64,
        reply: *mut kinde_store_reply,
    ) -> StatusIn,
>;

/// Gives a lease back, if it is still the one with this value. Returns OK, also if it is not.
#[allow(non_camel_case_types)]
pub type kinde_store_release = Option<
    extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        value: u64,
        reply: *mut kinde_store_reply,
    ) -> StatusIn,
>;

/// Frees what `userdata` points to. Runs once, when the configuration and all clients, sessions and
/// calls that use the store are gone; in the process that called kinde_config_set_store, never in a
/// forked child.
///
/// It runs where the last of them was given up: inside a function of the library, or on a thread of
/// the library's. It should be short, and must not call kinde_shutdown.
#[allow(non_camel_case_types)]
pub type kinde_store_drop = Option<extern "C" fn(userdata: *mut c_void)>;

/// Keeps the sessions of the clients that are made of this configuration in a store of the program's
/// own, whatever the setting `store_url` says. A later call replaces an earlier one.
///
/// `on_drop` may be NULL; the other callbacks may not. If this function fails, `on_drop` does not run,
/// and what `userdata` points to stays the caller's.
/// Not for several threads at once with the same configuration; does not block.
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_set_store(
    config: Option<&mut kinde_config>,
    on_load: kinde_store_load,
    on_save: kinde_store_save,
    on_delete: kinde_store_delete,
    on_lease: kinde_store_lease,
    on_release: kinde_store_release,
    on_drop: kinde_store_drop,
    userdata: *mut c_void,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || {
        let config = &mut required(config, "config")?.config;
        let store = Callbacks {
            load: required(on_load, "on_load")?,
            save: required(on_save, "on_save")?,
            delete: required(on_delete, "on_delete")?,
            lease: required(on_lease, "on_lease")?,
            release: required(on_release, "on_release")?,
            end: End {
                on_drop,
                userdata,
                pid: std::process::id(),
            },
        };
        config.set_store(store);
        Ok(())
    })
}

/// Says which record there is. For a kinde_store_load, before it returns OK.
///
/// `version` is that of the record's last kinde_store_save; `record` is copied. A NULL `record`, or a
/// version of 0, makes the library's call fail with STORE. Takes a NULL `reply`.
/// On the thread that the callback runs on, or while it waits; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_store_reply_record(
    reply: Option<&mut kinde_store_reply>,
    version: u64,
    record: TextIn<'_>,
) {
    if let Some(reply) = reply {
        // What is no text of the library's own making does not open, so nothing is lost here.
        let text = optional_text(record, "record").unwrap_or_default();
        let version = if text.is_some() { version } else { 0 };
        reply.record = Some((version, text.unwrap_or_default().to_owned()));
    }
}

/// Says which value a lease has. For a kinde_store_lease, before it returns OK.
///
/// A lease that was taken has a value that is not 0 and greater than all before it of this key; one
/// that was prolonged keeps its value. Takes a NULL `reply`.
/// On the thread that the callback runs on, or while it waits; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_store_reply_lease(reply: Option<&mut kinde_store_reply>, value: u64) {
    if let Some(reply) = reply {
        reply.lease = Some(value);
    }
}

/// Says why the store failed. For each callback of a store, before it returns a failure.
///
/// `message` is copied, and becomes part of the error's message; NULL takes back what was said.
/// Takes a NULL `reply`.
/// On the thread that the callback runs on, or while it waits; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_store_reply_message(
    reply: Option<&mut kinde_store_reply>,
    message: TextIn<'_>,
) {
    if let Some(reply) = reply {
        reply.message = match optional_text(message, "message") {
            Ok(message) => message.map(str::to_owned),
            Err(_) => Some("its message is not UTF-8".to_owned()),
        };
    }
}

type Load = extern "C" fn(*mut c_void, *const c_char, *mut kinde_store_reply) -> StatusIn;
type Save = extern "C" fn(
    *mut c_void,
    *const c_char,
    u64,
    u64,
    *const c_char,
    i64,
    *mut kinde_store_reply,
) -> StatusIn;
type Delete = extern "C" fn(*mut c_void, *const c_char, u64, *mut kinde_store_reply) -> StatusIn;
type Lease =
    extern "C" fn(*mut c_void, *const c_char, u64, i64, *mut kinde_store_reply) -> StatusIn;
type Release = extern "C" fn(*mut c_void, *const c_char, u64, *mut kinde_store_reply) -> StatusIn;

/// The callbacks of a store, with what they asked for.
struct Callbacks {
    load: Load,
    save: Save,
    delete: Delete,
    lease: Lease,
    release: Release,
    end: End,
}

/// What is to be done when nobody uses the store any more.
struct End {
    on_drop: kinde_store_drop,
    userdata: *mut c_void,
    /// The process that gave the callbacks.
    pid: u32,
}

// SAFETY: the library never follows `userdata`; the header says that the callbacks get it on threads
// of the library.
unsafe impl Send for End {}
// SAFETY: as above; the header says that several callbacks get it at once.
unsafe impl Sync for End {}

impl Drop for End {
    fn drop(&mut self) {
        // In a child, what `userdata` points to may stand for something of the parent's.
        if let Some(on_drop) = self.on_drop
            && self.pid == std::process::id()
        {
            on_drop(self.userdata);
        }
    }
}

impl HostStore for Callbacks {
    fn load(&self, key: &str) -> Result<Option<HostRecord>> {
        let (key, mut reply) = (c_string(key), kinde_store_reply::default());
        let status = (self.load)(self.end.userdata, key.as_ptr(), &raw mut reply);
        reply.succeeded("load a record", status)?;
        match reply.record {
            None => Ok(None),
            Some((0, _)) => Err(failure("load a record", "its reply holds no record")),
            Some((version, text)) => Ok(Some(HostRecord { version, text })),
        }
    }

    fn save(
        &self,
        key: &str,
        expected: Option<u64>,
        record: &HostRecord,
        life: Duration,
    ) -> Result<bool> {
        let (key, text) = (c_string(key), c_string(&record.text));
        let mut reply = kinde_store_reply::default();
        let status = (self.save)(
            self.end.userdata,
            key.as_ptr(),
            expected.unwrap_or(0),
            record.version,
            text.as_ptr(),
            milliseconds(life),
            &raw mut reply,
        );
        reply.unless_conflict("save a record", status)
    }

    fn delete(&self, key: &str, expected: Option<u64>) -> Result<bool> {
        let (key, mut reply) = (c_string(key), kinde_store_reply::default());
        let status = (self.delete)(
            self.end.userdata,
            key.as_ptr(),
            expected.unwrap_or(0),
            &raw mut reply,
        );
        reply.unless_conflict("delete a record", status)
    }

    fn lease(&self, key: &str, held: Option<u64>, life: Duration) -> Result<Option<u64>> {
        let (key, mut reply) = (c_string(key), kinde_store_reply::default());
        let status = (self.lease)(
            self.end.userdata,
            key.as_ptr(),
            held.unwrap_or(0),
            milliseconds(life),
            &raw mut reply,
        );
        if !reply.unless_conflict("lease a record", status)? {
            return Ok(None);
        }
        match reply.lease {
            None | Some(0) => Err(failure("lease a record", "its reply holds no value")),
            value => Ok(value),
        }
    }

    fn release(&self, key: &str, value: u64) -> Result<()> {
        let (key, mut reply) = (c_string(key), kinde_store_reply::default());
        let status = (self.release)(self.end.userdata, key.as_ptr(), value, &raw mut reply);
        reply.succeeded("release a lease", status)
    }
}

impl kinde_store_reply {
    fn succeeded(&self, task: &str, status: StatusIn) -> Result<()> {
        if status == Status::Ok.code() {
            return Ok(());
        }
        let known = Status::all().find(|known| known.code() == status);
        let reason = match (&self.message, known) {
            (Some(message), _) => message.clone(),
            (None, Some(known)) => format!("it says {}", known.name()),
            (None, None) => format!("it says {status}, which is no status"),
        };
        Err(failure(task, &reason))
    }

    fn unless_conflict(&self, task: &str, status: StatusIn) -> Result<bool> {
        if status == Status::Conflict.code() {
            return Ok(false);
        }
        self.succeeded(task, status).map(|()| true)
    }
}

fn failure(task: &str, reason: &str) -> Error {
    let message = format!("the program's store of sessions could not {task}: {reason}");
    Error::new(Status::Store, message)
}

fn milliseconds(life: Duration) -> i64 {
    i64::try_from(life.as_millis()).unwrap_or(i64::MAX)
}
