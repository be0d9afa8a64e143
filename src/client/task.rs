//! Calls that are started and not awaited, for hosts that have no executor.

use std::future::Future;

use super::Client;
use crate::error::Result;
use crate::runtime::{self, Canceller};

/// A call that was started. Dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct Task(Canceller);

impl Task {
    /// Asks the call to end; its `done` then gets `CANCELLED`, unless it ended before.
    ///
    /// What was sent before may have taken effect: a code or a refresh token may be used up.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl Client {
    /// Runs `work` and then `done`, exactly once and on a thread of the library that other calls
    /// need, so that it must not block: also when the work is cancelled, panics, or the library
    /// shuts down.
    ///
    /// Fails with `INTERNAL` if no thread could be started; then `done` does not run.
    pub fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<Task> {
        runtime::run_then_here(self.worker_threads(), work, done).map(Task)
    }
}
