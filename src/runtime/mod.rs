//! The only place that starts tokio; knows about fork.
//!
//! Loading the library starts nothing. The first call that needs the network starts a runtime on a
//! few threads that block every signal. A forked child never touches what it inherited: everything
//! that a library thread may hold is kept in a [`PerProcess`], which a child fills anew.

mod per_process;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use per_process::PerProcess;

use crate::error::{Error, Result, Status};

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

/// The process that used the library first; 0 as long as none did.
static FIRST_PROCESS: AtomicU32 = AtomicU32::new(0);

/// Remembers that this process used the library, if it is the first to.
pub(crate) fn note_use() {
    if FIRST_PROCESS.load(Ordering::Relaxed) == 0 {
        let (none, this) = (0, std::process::id());
        // Another thread may have been faster.
        let _ = FIRST_PROCESS.compare_exchange(none, this, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Whether this process was forked from one that used the library.
pub(crate) fn is_forked() -> bool {
    note_use();
    FIRST_PROCESS.load(Ordering::Relaxed) != std::process::id()
}

static ENGINE: PerProcess<Engine> = PerProcess::new();

fn engine() -> &'static Engine {
    ENGINE.get_or_init(Engine::default)
}

/// Runs `work` on the library's threads; ends it when the returned future is dropped.
///
/// The future may be awaited on any executor. `worker_threads` counts only if this call is the one
/// that starts the runtime.
pub(crate) fn run<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Run<T> {
    engine().start(worker_threads, work, true)
}

/// Like [`run`], but the work goes on when nobody waits for it any more.
pub(crate) fn run_to_end<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Run<T> {
    engine().start(worker_threads, work, false)
}

/// Runs `work` and then `done`, exactly once, on a library thread where it may block. Also when
/// the work is cancelled, fails by a panic, or the library shuts down.
pub(crate) fn run_then<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
    done: impl FnOnce(Result<T>) + Send + 'static,
) -> Result<Canceller> {
    engine().start_then(worker_threads, work, done)
}

/// Like [`run_then`], but `done` runs on the thread that did the work, where it must not block: the
/// answer is told without another thread being woken.
pub(crate) fn run_then_here<T: Send + 'static>(
    worker_threads: usize,
    work: impl Future<Output = Result<T>> + Send + 'static,
    done: impl FnOnce(Result<T>) + Send + 'static,
) -> Result<Canceller> {
    engine().start_then_here(worker_threads, work, done)
}

/// Ends all work as cancelled and joins the library's threads, waiting at most `timeout`.
/// The next call that needs the network starts anew. Returns whether all threads ended in time.
pub(crate) fn shutdown(timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    let worked = ENGINE.get().is_none_or(|engine| engine.shutdown(deadline));
    // Last, because what ends may have something to say.
    let logged = crate::log::shutdown(deadline);
    worked && logged
}

/// What the library's threads run. One type for all calls, so that the machinery of tasks is compiled
/// once, which makes the shared library a third of a megabyte smaller.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes whether the work came to its end.
type Done = Box<dyn FnOnce(Result<()>) + Send>;

/// Where work leaves its result.
struct Slot<T>(Arc<Mutex<Option<Result<T>>>>);

impl<T: Send + 'static> Slot<T> {
    fn of(work: impl Future<Output = Result<T>> + Send + 'static) -> (Slot<T>, Work) {
        let slot = Arc::new(Mutex::new(None));
        let left = slot.clone();
        let work = async move {
            let result = work.await;
            *lock(&left) = Some(result);
        };
        (Slot(slot), Box::pin(work))
    }
}

impl<T> Slot<T> {
    fn take(&self) -> Result<T> {
        lock(&self.0).take().unwrap_or_else(|| Err(cancelled()))
    }
}

/// The threads of one process, while there are any.
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

/// To what a thread of the library belongs.
struct Membership {
    pid: u32,
    running: OnceLock<Weak<Running>>,
}

thread_local! {
    static MEMBERSHIP: RefCell<Option<Arc<Membership>>> = const { RefCell::new(None) };
}

/// What this thread belongs to, if it is one of the library's. What ends must start nothing anew.
fn own_running() -> Option<Result<Arc<Running>>> {
    MEMBERSHIP.with_borrow(|membership| {
        let membership = membership.as_ref()?;
        is_this_process(membership.pid).then(|| {
            let running = membership.running.get().and_then(Weak::upgrade);
            running.ok_or_else(cancelled)
        })
    })
}

impl Running {
    fn new(worker_threads: usize) -> Result<Arc<Running>> {
        let membership = Arc::new(Membership {
            pid: std::process::id(),
            running: OnceLock::new(),
        });
        let joined = membership.clone();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(worker_threads.max(1))
            .thread_name("kinde")
            .on_thread_start(move || MEMBERSHIP.set(Some(joined.clone())))
            .enable_all();
        let runtime = with_signals_blocked(|| builder.build()).map_err(|e| {
            Error::new(
                Status::Internal,
                format!("the library's threads could not be started: {e}"),
            )
        })?;
        let running = Arc::new(Running {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            stop: watch::Sender::new(false),
        });
        // Set once, and before there is work that could look for it.
        let _ = membership.running.set(Arc::downgrade(&running));
        Ok(running)
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

impl Engine {
    fn running(&self, worker_threads: usize) -> Result<Arc<Running>> {
        if let Some(own) = own_running() {
            return own;
        }
        let mut slot = lock(&self.running);
        if let Some(running) = &*slot {
            return Ok(running.clone());
        }
        let running = Running::new(worker_threads)?;
        *slot = Some(running.clone());
        Ok(running)
    }

    fn start<T: Send + 'static>(
        &self,
        worker_threads: usize,
        work: impl Future<Output = Result<T>> + Send + 'static,
        abort_on_drop: bool,
    ) -> Run<T> {
        let (slot, work) = Slot::of(work);
        Run {
            state: Some(self.spawn(worker_threads, work)),
            slot,
            abort_on_drop,
            pid: std::process::id(),
        }
    }

    fn spawn(&self, worker_threads: usize, work: Work) -> Result<JoinHandle<()>> {
        let running = self.running(worker_threads)?;
        let mut stop = running.stop.subscribe();
        Ok(running.handle.spawn(async move {
            tokio::select! {
                biased;
                () = work => (),
                _ = stop.wait_for(|stopped| *stopped) => (),
            }
        }))
    }

    fn start_then<T: Send + 'static>(
        &self,
        worker_threads: usize,
        work: impl Future<Output = Result<T>> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<Canceller> {
        let (work, done) = parted(work, done);
        self.spawn_then(worker_threads, work, done)
    }

    fn start_then_here<T: Send + 'static>(
        &self,
        worker_threads: usize,
        work: impl Future<Output = Result<T>> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<Canceller> {
        let (work, done) = parted(work, done);
        self.spawn_then_here(worker_threads, work, done)
    }

    fn spawn_then(&self, worker_threads: usize, work: Work, done: Done) -> Result<Canceller> {
        let running = self.running(worker_threads)?;
        let mut stop = running.stop.subscribe();
        let work = running.handle.spawn(work);
        let canceller = Canceller {
            work: work.abort_handle(),
            pid: std::process::id(),
        };
        let mut completion = Completion::new(done, Place::WhereItMayBlock);
        running.handle.spawn(async move {
            let abort = work.abort_handle();
            completion.ended = tokio::select! {
                biased;
                joined = work => joined.map_err(|e| join_error(&e)),
                _ = stop.wait_for(|stopped| *stopped) => {
                    abort.abort();
                    Err(cancelled())
                }
            };
            // Its end is waited for, so that a shutdown waits for it.
            let _ = tokio::task::spawn_blocking(move || completion.run()).await;
            drop(stop);
        });
        Ok(canceller)
    }

    fn spawn_then_here(&self, worker_threads: usize, work: Work, done: Done) -> Result<Canceller> {
        let running = self.running(worker_threads)?;
        let mut stop = running.stop.subscribe();
        let mut completion = Completion::new(done, Place::Here);
        let work = running.handle.spawn(async move {
            completion.ended = tokio::select! {
                biased;
                ended = AssertUnwindSafe(work).catch_unwind() => ended.map_err(|_| defect()),
                _ = stop.wait_for(|stopped| *stopped) => Err(cancelled()),
            };
            completion.run();
            drop(stop);
        });
        Ok(Canceller {
            work: work.abort_handle(),
            pid: std::process::id(),
        })
    }

    fn shutdown(&self, deadline: Instant) -> bool {
        let Some(mut running) = lock(&self.running).take() else {
            return true;
        };
        running.stop.send_replace(true);
        // Each task holds a receiver until it has answered.
        while !running.stop.is_closed() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let ended = running.stop.is_closed();
        // A host's thread may hold it for the moment in which it hands work over.
        let mut alone = loop {
            match Arc::try_unwrap(running) {
                Ok(alone) => break alone,
                Err(_) if Instant::now() >= deadline => return false,
                Err(shared) => running = shared,
            }
            std::thread::park_timeout(Duration::from_millis(1));
        };
        if let Some(runtime) = alone.runtime.take() {
            runtime.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        // It waits until then for what blocks, such as a store of the host's.
        ended && Instant::now() < deadline
    }
}

/// The work, and what takes its end, without the type of its result.
fn parted<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
    done: impl FnOnce(Result<T>) + Send + 'static,
) -> (Work, Done) {
    let (slot, work) = Slot::of(work);
    let done = move |ended: Result<()>| done(ended.and_then(|()| slot.take()));
    (work, Box::new(done))
}

fn cancelled() -> Error {
    Error::new(Status::Cancelled, "the call was cancelled")
}

fn join_error(error: &tokio::task::JoinError) -> Error {
    match error.is_cancelled() {
        true => cancelled(),
        false => defect(),
    }
}

fn defect() -> Error {
    Error::new(
        Status::Internal,
        "the library failed at this call; please report it",
    )
}

/// Work under way on the library's threads.
pub(crate) struct Run<T> {
    state: Option<Result<JoinHandle<()>>>,
    slot: Slot<T>,
    abort_on_drop: bool,
    pid: u32,
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
                Poll::Ready(Ok(())) => Poll::Ready(self.slot.take()),
                Poll::Ready(Err(e)) => Poll::Ready(Err(join_error(&e))),
            },
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Ready(Err(cancelled())),
        }
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if let (true, Some(Ok(handle))) = (self.abort_on_drop, &self.state)
            && is_this_process(self.pid)
        {
            handle.abort();
        }
    }
}

/// Whether work that was begun by this process can be spoken to. In a forked child the threads
/// that did it are gone, and may have left their queues locked.
fn is_this_process(pid: u32) -> bool {
    pid == std::process::id()
}

/// Calls `done` whatever happens to the task that holds it.
struct Completion {
    done: Option<Done>,
    ended: Result<()>,
    place: Place,
}

/// Where a completion runs.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    WhereItMayBlock,
    Here,
}

impl Completion {
    fn new(done: Done, place: Place) -> Completion {
        Completion {
            done: Some(done),
            ended: Err(cancelled()),
            place,
        }
    }

    fn run(mut self) {
        self.tell();
    }

    fn tell(&mut self) {
        if let Some(done) = self.done.take() {
            call(done, self.ended.clone());
        }
    }
}

impl Drop for Completion {
    /// The task was dropped by a runtime that ends: on a thread that may be the host's, or must
    /// not block.
    fn drop(&mut self) {
        if self.place == Place::Here {
            self.tell();
        } else if let Some(done) = self.done.take() {
            let ended = self.ended.clone();
            let thread = std::thread::Builder::new().name("kinde-done".to_owned());
            let started = with_signals_blocked(|| thread.spawn(move || call(done, ended)));
            if started.is_err() {
                crate::log::error("runtime", "no thread could be started for a completion");
            }
        }
    }
}

fn call(done: Done, ended: Result<()>) {
    if catch_unwind(AssertUnwindSafe(|| done(ended))).is_err() {
        crate::log::error("runtime", "a completion callback failed by a panic");
    }
}

/// Cancels work that [`run_then`] or [`run_then_here`] started.
#[derive(Clone, Debug)]
pub(crate) struct Canceller {
    work: tokio::task::AbortHandle,
    pid: u32,
}

impl Canceller {
    /// Asks the work to end; its `done` then gets `CANCELLED`, unless it ended before.
    pub(crate) fn cancel(&self) {
        if is_this_process(self.pid) {
            self.work.abort();
        }
    }
}
