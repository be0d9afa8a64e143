//! # Asynchronous calls
//!
//! Each function that may use the network has a twin whose name ends in `_async`. It takes the
//! inputs, a completion with its `userdata`, and optionally a place for a task.
//!
//! If the twin returns anything but KINDE_STATUS_OK, it did not start and the completion never runs:
//! an argument is NULL, not UTF-8 or not what the function takes. Every other failure comes to the
//! completion.
//!
//! If it returns KINDE_STATUS_OK, the completion runs exactly once in this process (not in a forked
//! child): with the result, with an error, with CANCELLED after kinde_task_cancel and in
//! kinde_shutdown; also if the client or the session has been freed meanwhile. It can run before
//! the twin returns, so it must not rely on `*task`.

use std::ffi::{c_char, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;

use safer_ffi::prelude::{char_p, repr_c};

use super::abi::{ErrorOut, OwnedText, TaskOut, required};
use super::error::kinde_error;
use super::guard::{ToJson, guard, report};
use super::session::kinde_session;
use super::string::kinde_string_free;
use crate::client::Client;
use crate::error::{Result, Status};
use crate::runtime::{self, Canceller, PerProcess};

/// Takes the outcome of an asynchronous call.
///
/// `userdata` is what the caller gave. `result_json` is the result as JSON text, NULL on failure
/// and where there is none. `session` is the session of the call: the one it was called on, or the
/// new one; NULL if there is none. `error` is NULL on success. All pointers are borrowed until the
/// completion returns; kinde_session_ref keeps `session`.
///
/// It runs on a thread of the library, where it may block, call any function but kinde_shutdown and
/// free any handle. It must return, and no exception may leave it.
#[allow(non_camel_case_types)]
pub type kinde_completion = Option<
    extern "C" fn(
        userdata: *mut c_void,
        status: Status,
        result_json: *const c_char,
        session: *mut kinde_session,
        error: *const kinde_error,
    ),
>;

/// An asynchronous call that was started. Any number of threads may use it at once.
#[allow(non_camel_case_types)]
pub struct kinde_task {
    /// A forked child has no such call.
    canceller: PerProcess<Canceller>,
}

/// Asks a call to end. Its completion then runs with CANCELLED, unless the call has ended already.
/// Takes NULL.
///
/// What was sent before may have taken effect: a code or a refresh token may be used up.
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_task_cancel(task: Option<NonNull<kinde_task>>) {
    // SAFETY: the caller holds the task for the whole call; it is only ever shared.
    let task = task.map(|task| unsafe { task.as_ref() });
    if let Some(canceller) = task.and_then(|task| task.canceller.get()) {
        canceller.cancel();
    }
}

/// Frees a task. Takes NULL. The call goes on, and its completion runs.
///
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_task_free(task: Option<repr_c::Box<kinde_task>>) {
    drop(task);
}

/// One call that may use the network, for the blocking function and its twin.
pub(super) struct Operation<W> {
    worker_threads: usize,
    session: Option<Arc<kinde_session>>,
    work: W,
}

impl<W> Operation<W> {
    pub(super) fn of_client(client: &Client, work: W) -> Self {
        Operation {
            worker_threads: client.worker_threads(),
            session: None,
            work,
        }
    }

    pub(super) fn of_session(session: Arc<kinde_session>, work: W) -> Self {
        Operation {
            worker_threads: session.session.client().worker_threads(),
            session: Some(session),
            work,
        }
    }
}

impl<T, W: Future<Output = Result<T>>> Operation<W> {
    /// Waits on the caller's thread.
    pub(super) fn wait(self) -> Result<T> {
        pollster::block_on(self.work)
    }
}

/// What a completion is told about a result.
pub(super) trait Completed {
    fn into_parts(self) -> Result<Parts>;
}

/// The pointers of a completion that depend on the result.
#[derive(Default)]
pub(super) struct Parts {
    pub json: OwnedText,
    /// The session that the call made.
    pub session: Option<Arc<kinde_session>>,
}

impl Completed for () {
    fn into_parts(self) -> Result<Parts> {
        Ok(Parts::default())
    }
}

impl<T: ToJson> Completed for T {
    fn into_parts(self) -> Result<Parts> {
        Ok(Parts {
            json: Some(self.into_json()?),
            session: None,
        })
    }
}

/// Starts a call; `done` learns how it ends.
pub(super) fn start<T, W>(
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
    operation: impl FnOnce() -> Result<Operation<W>>,
) -> Status
where
    T: Completed + Send + 'static,
    W: Future<Output = Result<T>> + Send + 'static,
{
    let task = task.map(|task| task.write(None));
    let started = guard(|| {
        let operation = operation()?;
        let recipient = Recipient {
            done: required(done, "done")?,
            userdata,
            session: operation.session,
        };
        runtime::run_then(operation.worker_threads, operation.work, move |result| {
            recipient.tell(result);
        })
    });
    let outcome = started.map(|canceller| {
        if let Some(task) = task {
            *task = Some(Box::new(kinde_task::new(canceller)).into());
        }
    });
    report(error, outcome)
}

impl kinde_task {
    fn new(canceller: Canceller) -> Self {
        let cell = PerProcess::new();
        cell.get_or_init(|| canceller);
        kinde_task { canceller: cell }
    }
}

/// A completion with what it needs beside the result.
struct Recipient {
    done: extern "C" fn(*mut c_void, Status, *const c_char, *mut kinde_session, *const kinde_error),
    userdata: *mut c_void,
    session: Option<Arc<kinde_session>>,
}

// SAFETY: the library never follows `userdata`; the header says that the completion gets it on a
// thread of the library.
unsafe impl Send for Recipient {}

impl Recipient {
    fn tell<T: Completed>(self, result: Result<T>) {
        match guard(|| result?.into_parts()) {
            Ok(parts) => {
                let session = parts.session.or(self.session);
                let text = parts.json.as_ref().map_or(null(), start_of);
                (self.done)(self.userdata, Status::Ok, text, pointer(&session), null());
                kinde_string_free(parts.json);
            }
            Err(error) => {
                let status = error.status();
                let error = kinde_error::new(error);
                let session = pointer(&self.session);
                (self.done)(self.userdata, status, null(), session, &raw const error);
            }
        }
    }
}

fn start_of(text: &char_p::Box) -> *const c_char {
    text.as_ref().to_bytes_with_null().as_ptr().cast()
}

fn pointer(session: &Option<Arc<kinde_session>>) -> *mut kinde_session {
    session
        .as_ref()
        .map_or(null_mut(), |session| Arc::as_ptr(session).cast_mut())
}
