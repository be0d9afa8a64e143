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
        self.enter(worker_threads, start).wait().await
    }

    /// The same without waiting.
    pub(crate) fn start<W>(&self, worker_threads: usize, start: impl FnOnce() -> W)
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        self.enter(worker_threads, start);
    }

    fn enter<W>(&self, worker_threads: usize, start: impl FnOnce() -> W) -> Share<T>
    where
        W: Future<Output = Result<T>> + Send + 'static,
    {
        let (share, begin) = self.share();
        if let Some(begin) = begin {
            begin.start(worker_threads, start());
        }
        share
    }

    /// A share in the work under way; if there is none, in the work that is then to be started. It
    /// starts nothing itself, so that it can be called under a lock.
    pub(crate) fn share(&self) -> (Share<T>, Option<Begin<T>>) {
        let mut under_way = lock(&self.under_way);
        if let Some(receiver) = &*under_way
            && receiver.borrow().is_none()
            && receiver.has_changed().is_ok()
        {
            return (Share(receiver.clone()), None);
        }
        let (sender, receiver) = watch::channel(None);
        *under_way = Some(receiver.clone());
        (Share(receiver), Some(Begin(sender)))
    }
}

/// A share in the result of work that is under way.
pub(crate) struct Share<T>(watch::Receiver<Option<Result<T>>>);

impl<T: Clone> Share<T> {
    pub(crate) async fn wait(mut self) -> Result<T> {
        match self.0.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or_else(|| Err(interrupted())),
            Err(_) => Err(interrupted()),
        }
    }
}

/// The task to start the work that others have a share in already. Dropped, it interrupts them.
pub(crate) struct Begin<T>(watch::Sender<Option<Result<T>>>);

impl<T: Send + Sync + 'static> Begin<T> {
    pub(crate) fn start(
        self,
        worker_threads: usize,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) {
        // Dropping the handle lets the work go on; its answer goes through the channel.
        drop(run_to_end(worker_threads, async move {
            let answer = work.await;
            self.0.send_replace(Some(answer));
            Ok(())
        }));
    }
}

fn interrupted() -> Error {
    Error::new(Status::Cancelled, "the call was cancelled")
}
