//! One request for all who wait for the same answer.

use std::sync::Mutex;

use tokio::sync::watch;

use crate::error::{Error, Result, Status};
use crate::runtime::{lock, run_to_end};

/// Lets the first caller start the work, and all others who come before it ends share its result.
///
/// The work goes on when callers give up. A `Flight` must live in a `PerProcess`: a forked child
/// would wait for a thread that it does not have.
#[derive(Debug)]
pub(crate) struct Flight<T> {
    under_way: Mutex<Option<watch::Receiver<Option<Result<T>>>>>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Flight {
            under_way: Mutex::new(None),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// The result of the work under way, or of `start` if there is none.
    pub(crate) async fn join<W>(
        &self,
        worker_threads: usize,
        start: impl FnOnce() -> W,
    ) -> Result<T>
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        let mut receiver = self.subscribe(worker_threads, start);
        match receiver.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or_else(|| Err(interrupted())),
            Err(_) => Err(interrupted()),
        }
    }

    /// The same without waiting.
    pub(crate) fn start<W>(&self, worker_threads: usize, start: impl FnOnce() -> W)
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        self.subscribe(worker_threads, start);
    }

    fn subscribe<W>(
        &self,
        worker_threads: usize,
        start: impl FnOnce() -> W,
    ) -> watch::Receiver<Option<Result<T>>>
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(receiver) = &*under_way
            && receiver.borrow().is_none()
            && receiver.has_changed().is_ok()
        {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        *under_way = Some(receiver.clone());
        drop(under_way);
        let work = start();
        // Dropping the handle lets the work go on; its answer goes through the channel.
        drop(run_to_end(worker_threads, async move {
            let answer = work.await;
            sender.send_replace(Some(answer));
            Ok(())
        }));
        receiver
    }
}

fn interrupted() -> Error {
    Error::new(Status::Cancelled, "the call was cancelled")
}
