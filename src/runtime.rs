//! The only place that starts tokio; knows about fork.
//!
//! Loading the library starts nothing. The first call that needs the network starts a runtime on a
//! few threads that block every signal. A forked child never touches what it inherited: everything
//! that a library thread may hold is kept in a [`PerProcess`], which a child fills anew.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow};
use once_cell::race::OnceBox;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, Result, Status};

/// A value of which each process has its own.
///
/// A list with one node for each process that used it, from the oldest ancestor to this one.
/// Nodes are added without a lock, so a fork at any moment leaves a usable list; nodes of other
/// processes are leaked when the list is dropped, because their threads do not exist here.
pub(crate) struct PerProcess<T> {
    first: OnceBox<Node<T>>,
}

struct Node<T> {
    pid: u32,
    value: Option<T>,
    next: OnceBox<Node<T>>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess {
            first: OnceBox::new(),
        }
    }

    /// This process's value, if it has one already.
    pub(crate) fn get(&self) -> Option<&T> {
        let pid = std::process::id();
        let mut node = self.first.get();
        while let Some(current) = node {
            match current.next.get() {
                // Only the last node can be ours: a process id may have been used before.
                None if current.pid == pid => return current.value.as_ref(),
                next => node = next,
            }
        }
        None
    }

    /// This process's value, made now if need be. When several threads race, one value is kept.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let pid = std::process::id();
        let mut fresh = Some(Box::new(Node {
            pid,
            value: Some(make()),
            next: OnceBox::new(),
        }));
        let mut slot = &self.first;
        loop {
            let node = match slot.get() {
                Some(node) => node,
                None => match fresh.take() {
                    Some(node) => {
                        if let Err(back) = slot.set(node) {
                            fresh = Some(back);
                        }
                        continue;
                    }
                    None => continue,
                },
            };
            if node.pid == pid
                && node.next.get().is_none()
                && let Some(value) = &node.value
            {
                return value;
            }
            slot = &node.next;
        }
    }
}

impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PerProcess")
    }
}

/// Locks, ignoring that a thread panicked while it held the lock: what we guard is always whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `start` so that the threads which it starts block every signal: handlers are the host's,
/// and a write to a lost connection must not end the process by SIGPIPE.
pub(crate) fn with_signals_blocked<T>(start: impl FnOnce() -> T) -> T {
    let former = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let started = start();
    if let Ok(former) = former {
        // Cannot fail: the mask is one that was in force.
        let _ = former.thread_set_mask();
    }
    started
}

static ENGINE: PerProcess<Engine> = PerProcess::new();

#[derive(Default)]
struct Engine {
    running: Mutex<Option<Arc<Running>>>,
}

struct Running {
    /// There until the threads are asked to end.
    runtime: Option<tokio::runtime::Runtime>,
    handle: tokio::runtime::Handle,
    stop: watch::Sender<bool>,
}

impl Running {
    fn start(worker_threads: usize) -> Result<Arc<Running>> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(worker_threads.max(1))
            .thread_name("kinde")
            .enable_all();
        let runtime = with_signals_blocked(|| builder.build()).map_err(|e| {
            Error::new(
                Status::Internal,
                format!("the library's threads could not be started: {e}"),
            )
        })?;
        Ok(Arc::new(Running {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            stop: watch::Sender::new(false),
        }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The last user may stand in a host's asynchronous task, where waiting is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn running(worker_threads: usize) -> Result<Arc<Running>> {
    let engine = ENGINE.get_or_init(Engine::default);
    let mut slot = lock(&engine.running);
    if let Some(running) = &*slot {
        return Ok(running.clone());
    }
    let running = Running::start(worker_threads)?;
    *slot = Some(running.clone());
    Ok(running)
}

/// Runs `work` on the library's threads; ends it when the returned future is dropped.
///
/// The future may be awaited on any executor. `worker_threads` counts only if this call is the one
/// that starts the runtime.
pub(crate) fn run<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Run<T> {
    start(worker_threads, work, true)
}

/// Like [`run`], but the work goes on when nobody waits for it any more.
pub(crate) fn run_to_end<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Run<T> {
    start(worker_threads, work, false)
}

fn start<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
    abort_on_drop: bool,
) -> Run<T> {
    let state = running(worker_threads).map(|running| {
        let mut stop = running.stop.subscribe();
        running.handle.spawn(async move {
            tokio::select! {
                biased;
                result = work => result,
                _ = stop.wait_for(|stopped| *stopped) => Err(cancelled()),
            }
        })
    });
    Run {
        state: Some(state),
        abort_on_drop,
    }
}

fn cancelled() -> Error {
    Error::new(Status::Cancelled, "the call was cancelled")
}

fn join_error(error: &tokio::task::JoinError) -> Error {
    if error.is_cancelled() {
        return cancelled();
    }
    Error::new(
        Status::Internal,
        "the library failed at this call; please report it",
    )
}

/// Work under way on the library's threads.
pub(crate) struct Run<T> {
    state: Option<Result<JoinHandle<Result<T>>>>,
    abort_on_drop: bool,
}

impl<T> Future for Run<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        match self.state.take() {
            Some(Ok(mut handle)) => match Pin::new(&mut handle).poll(context) {
                Poll::Pending => {
                    self.state = Some(Ok(handle));
                    Poll::Pending
                }
                Poll::Ready(Ok(result)) => Poll::Ready(result),
                Poll::Ready(Err(e)) => Poll::Ready(Err(join_error(&e))),
            },
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Ready(Err(cancelled())),
        }
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if let (true, Some(Ok(handle))) = (self.abort_on_drop, &self.state) {
            handle.abort();
        }
    }
}

/// Ends all work as cancelled and joins the library's threads, waiting at most `timeout`.
/// The next call that needs the network starts anew. Returns whether all threads ended in time.
pub(crate) fn shutdown(timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    let worked = shutdown_engine(deadline);
    // Last, because what ends may have something to say.
    let logged = crate::log::shutdown(deadline);
    worked && logged
}

fn shutdown_engine(deadline: Instant) -> bool {
    let Some(engine) = ENGINE.get() else {
        return true;
    };
    let Some(running) = lock(&engine.running).take() else {
        return true;
    };
    running.stop.send_replace(true);
    // Each task holds a receiver until it has answered.
    while !running.stop.is_closed() && Instant::now() < deadline {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let ended = running.stop.is_closed();
    if let Some(mut running) = Arc::into_inner(running)
        && let Some(runtime) = running.runtime.take()
    {
        runtime.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
    }
    ended
}

/// Runs `work` and then `done`, exactly once, on a library thread where it may block. Also when
/// the work is cancelled, fails by a panic, or the library shuts down.
pub(crate) fn run_then<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
    done: impl FnOnce(Result<T>) + Send + 'static,
) -> Result<Canceller> {
    let running = running(worker_threads)?;
    let mut stop = running.stop.subscribe();
    let work = running.handle.spawn(work);
    let canceller = Canceller(work.abort_handle());
    let mut completion = Completion {
        done: Some(done),
        result: Some(Err(cancelled())),
    };
    running.handle.spawn(async move {
        let abort = work.abort_handle();
        let result = tokio::select! {
            biased;
            joined = work => joined.unwrap_or_else(|e| Err(join_error(&e))),
            _ = stop.wait_for(|stopped| *stopped) => {
                abort.abort();
                Err(cancelled())
            }
        };
        completion.result = Some(result);
        let called = tokio::task::spawn_blocking(move || drop(completion)).await;
        if called.is_err() {
            crate::log::error("runtime", "a completion callback failed by a panic");
        }
        drop(stop);
    });
    Ok(canceller)
}

/// Calls `done` when it is dropped, so that nothing that happens to its task can prevent it.
struct Completion<T, F: FnOnce(Result<T>)> {
    done: Option<F>,
    result: Option<Result<T>>,
}

impl<T, F: FnOnce(Result<T>)> Drop for Completion<T, F> {
    fn drop(&mut self) {
        if let (Some(done), Some(result)) = (self.done.take(), self.result.take()) {
            done(result);
        }
    }
}

/// Cancels work that [`run_then`] started.
#[derive(Clone, Debug)]
pub(crate) struct Canceller(tokio::task::AbortHandle);

impl Canceller {
    /// Asks the work to end; its `done` then gets `CANCELLED`, unless it ended before.
    pub(crate) fn cancel(&self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn racing_threads_agree_on_one_value() {
        let cell = Arc::new(PerProcess::new());
        let threads: Vec<_> = (0..8)
            .map(|i| {
                let cell = cell.clone();
                std::thread::spawn(move || *cell.get_or_init(|| i))
            })
            .collect();
        let values: Vec<i32> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(values.iter().all(|v| v == &values[0]), "{values:?}");
    }
}
