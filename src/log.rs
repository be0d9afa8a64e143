//! Where the library says what it does: `tracing` events for Rust programs; for other hosts a
//! callback, or a queue that they empty themselves.
//!
//! Messages are our own words, with host names and settings' names; nothing secret goes in.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::runtime::{PerProcess, lock, with_signals_blocked};

/// How important a message is. The numbers are those of the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed that the caller may not see otherwise.
    Error = 1,
    /// Something is about to go wrong, or is set up badly.
    Warn = 2,
    /// What happens rarely: keys fetched, endpoints discovered.
    Info = 3,
    /// What happens at each call.
    Debug = 4,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub level: Level,
    /// The room of the library from which it comes.
    pub module: &'static str,
    pub text: String,
}

/// Takes messages one after the other, on a thread of its own, where it may block and call the
/// library.
pub(crate) type Callback = Box<dyn Fn(&Message) + Send + Sync>;

static LOG: Log = Log::new();

/// Sends messages up to `max_level` to `callback`, or keeps them for [`next`] if there is none.
/// Without a level no messages are kept.
///
/// When this returns, the former callback runs no more; unless it is the caller itself.
pub(crate) fn set_callback(max_level: Option<Level>, callback: Option<Callback>) {
    LOG.set(max_level, callback);
}

/// Sends what the library says, up to a level, to `logger`: level, module, text. Without one, nothing
/// is sent any more. Rust programs take the `tracing` events of the target `kinde` instead.
///
/// It is called on a thread of the library, where it may block and call the library. There is one for
/// the process. When this returns, the former one runs no more, unless it is the caller itself.
pub fn set_logger(logger: Option<(Level, Box<Logger>)>) {
    let (level, callback) = match logger {
        None => (None, None),
        Some((level, logger)) => {
            let callback: Callback =
                Box::new(move |message| logger(message.level, message.module, &message.text));
            (Some(level), Some(callback))
        }
    };
    set_callback(level, callback);
}

/// Takes a message: its level, the room of the library from which it comes, the text.
pub type Logger = dyn Fn(Level, &'static str, &str) + Send + Sync;

/// The oldest message that was kept, waiting for one at most `wait`. None while a callback is set,
/// and when the library shuts down meanwhile.
pub(crate) fn next(wait: Duration) -> Option<Message> {
    LOG.next(wait)
}

/// Delivers what is left to the callback, then ends the thread that does so, until the next
/// message. Returns whether that was done before `deadline`.
pub(crate) fn shutdown(deadline: Instant) -> bool {
    LOG.shutdown(deadline)
}

/// Whether anybody takes messages of this level; spares making them.
pub(crate) fn enabled(level: Level) -> bool {
    LOG.takes(level) || tracing_level(level) <= tracing::level_filters::LevelFilter::current()
}

pub(crate) fn error(module: &'static str, text: &str) {
    write(Level::Error, module, text);
}

pub(crate) fn warn(module: &'static str, text: &str) {
    write(Level::Warn, module, text);
}

pub(crate) fn info(module: &'static str, text: &str) {
    write(Level::Info, module, text);
}

pub(crate) fn debug(module: &'static str, text: &str) {
    write(Level::Debug, module, text);
}

fn write(level: Level, module: &'static str, text: &str) {
    match level {
        Level::Error => tracing::error!(target: "kinde", module, "{text}"),
        Level::Warn => tracing::warn!(target: "kinde", module, "{text}"),
        Level::Info => tracing::info!(target: "kinde", module, "{text}"),
        Level::Debug => tracing::debug!(target: "kinde", module, "{text}"),
    }
    LOG.write(level, module, text);
}

fn tracing_level(level: Level) -> tracing::Level {
    match level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
    }
}

/// How many messages wait at most; when there are more, the oldest are given up.
const CAPACITY: usize = 1024;

/// Who takes messages, which a forked child inherits, and what is under way, which it does not.
struct Log {
    max_level: AtomicI32,
    callback: ArcSwapOption<Callback>,
    delivery: PerProcess<Delivery>,
}

#[derive(Default)]
struct Delivery {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    /// How many messages were given up since one was last taken.
    lost: u64,
    thread: Option<JoinHandle<()>>,
    /// The thread takes messages; it does so until it clears this.
    running: bool,
    /// The thread is asked to end once the queue is empty.
    ending: bool,
    /// The callback is running.
    delivering: bool,
    deliveries: u64,
    shutdowns: u64,
}

impl Queue {
    fn push(&mut self, message: Message) {
        if self.messages.len() == CAPACITY {
            self.messages.pop_front();
            self.lost += 1;
        }
        self.messages.push_back(message);
    }

    fn pop(&mut self) -> Option<Message> {
        if self.lost == 0 {
            return self.messages.pop_front();
        }
        let lost = std::mem::take(&mut self.lost);
        Some(Message {
            level: Level::Warn,
            module: "log",
            text: format!("{lost} messages were lost because nobody took them in time"),
        })
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.lost == 0
    }

    fn thread_id(&self) -> Option<ThreadId> {
        self.thread.as_ref().map(|thread| thread.thread().id())
    }

    fn is_own_thread(&self) -> bool {
        self.thread_id() == Some(std::thread::current().id())
    }
}

impl Log {
    const fn new() -> Log {
        Log {
            max_level: AtomicI32::new(0),
            callback: ArcSwapOption::const_empty(),
            delivery: PerProcess::new(),
        }
    }

    fn takes(&self, level: Level) -> bool {
        level as i32 <= self.max_level.load(Ordering::Relaxed)
    }

    fn set(&self, max_level: Option<Level>, callback: Option<Callback>) {
        self.callback
            .store(callback.filter(|_| max_level.is_some()).map(Arc::new));
        self.max_level
            .store(max_level.map_or(0, |level| level as i32), Ordering::Relaxed);
        let Some(delivery) = self.delivery.get() else {
            return;
        };
        let mut queue = lock(&delivery.queue);
        if max_level.is_none() {
            queue.messages.clear();
            queue.lost = 0;
        }
        delivery.changed.notify_all();
        if queue.is_own_thread() {
            return;
        }
        // From now on a delivery finds the new callback: it looks for it while it holds the lock.
        let current = queue.deliveries;
        while queue.delivering && queue.deliveries == current {
            queue = wait(&delivery.changed, queue);
        }
    }

    fn write(&'static self, level: Level, module: &'static str, text: &str) {
        if !self.takes(level) {
            return;
        }
        let delivery = self.delivery.get_or_init(Delivery::default);
        let mut queue = lock(&delivery.queue);
        queue.push(Message {
            level,
            module,
            text: text.to_owned(),
        });
        if self.callback.load().is_some() && !queue.running {
            let thread = std::thread::Builder::new().name("kinde-log".to_owned());
            let thread = with_signals_blocked(|| thread.spawn(move || self.deliver(delivery)));
            // Without a thread the message waits; the next one tries again.
            queue.running = thread.is_ok();
            queue.thread = thread.ok();
        }
        drop(queue);
        delivery.changed.notify_all();
    }

    /// The thread that runs the callback; ends when there is none any more.
    fn deliver(&self, delivery: &Delivery) {
        let mut queue = lock(&delivery.queue);
        loop {
            while queue.is_empty() && !queue.ending && self.callback.load().is_some() {
                queue = wait(&delivery.changed, queue);
            }
            let Some(callback) = self.callback.load_full() else {
                break;
            };
            let Some(message) = queue.pop() else {
                break;
            };
            queue.delivering = true;
            drop(queue);
            // What a host's callback does wrong must not end the thread.
            let _ = catch_unwind(AssertUnwindSafe(|| callback(&message)));
            drop(callback);
            queue = lock(&delivery.queue);
            queue.delivering = false;
            queue.deliveries += 1;
            delivery.changed.notify_all();
        }
        queue.running = false;
        queue.ending = false;
        delivery.changed.notify_all();
    }

    fn next(&self, patience: Duration) -> Option<Message> {
        let deadline = Instant::now() + patience;
        let delivery = self.delivery.get_or_init(Delivery::default);
        let mut queue = lock(&delivery.queue);
        let shutdowns = queue.shutdowns;
        loop {
            if self.callback.load().is_none()
                && let Some(message) = queue.pop()
            {
                return Some(message);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || queue.shutdowns != shutdowns {
                return None;
            }
            queue = wait_at_most(&delivery.changed, queue, left);
        }
    }

    fn shutdown(&self, deadline: Instant) -> bool {
        let Some(delivery) = self.delivery.get() else {
            return true;
        };
        let mut queue = lock(&delivery.queue);
        queue.shutdowns += 1;
        delivery.changed.notify_all();
        if queue.is_own_thread() {
            return false;
        }
        let thread = queue.thread_id();
        queue.ending = queue.running;
        while queue.running && queue.thread_id() == thread {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = wait_at_most(&delivery.changed, queue, left);
        }
        if queue.thread_id() != thread {
            return true;
        }
        let thread = queue.thread.take();
        drop(queue);
        // It has left its loop and holds no lock: nothing can keep it.
        thread.is_none_or(|thread| thread.join().is_ok())
    }
}

fn wait<'a>(condition: &Condvar, guard: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}

fn wait_at_most<'a>(
    condition: &Condvar,
    guard: MutexGuard<'a, Queue>,
    time: Duration,
) -> MutexGuard<'a, Queue> {
    condition
        .wait_timeout(guard, time)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Each test has a log of its own; the thread that delivers needs it for ever.
    fn log() -> &'static Log {
        Box::leak(Box::new(Log::new()))
    }

    fn sender() -> (Callback, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel();
        let callback = move |message: &Message| {
            let _ = sender.send(format!("{:?} {}", message.level, message.text));
        };
        (Box::new(callback), receiver)
    }

    #[test]
    fn nothing_is_kept_unless_asked_for() {
        let log = log();
        log.write(Level::Error, "test", "before");
        assert!(log.delivery.get().is_none());
        log.set(Some(Level::Warn), None);
        log.write(Level::Info, "test", "too unimportant");
        log.write(Level::Warn, "test", "first");
        log.write(Level::Error, "test", "second");
        assert_eq!(log.next(LONG).unwrap().text, "first");
        assert_eq!(log.next(LONG).unwrap().text, "second");
        assert_eq!(log.next(Duration::ZERO), None);
        log.write(Level::Error, "test", "third");
        log.set(None, None);
        log.set(Some(Level::Debug), None);
        assert_eq!(log.next(Duration::ZERO), None);
    }

    #[test]
    fn the_queue_is_bounded_and_says_what_was_lost() {
        let log = log();
        log.set(Some(Level::Debug), None);
        for number in 0..CAPACITY + 3 {
            log.write(Level::Debug, "test", &number.to_string());
        }
        let lost = log.next(LONG).unwrap();
        assert_eq!((lost.level, lost.module), (Level::Warn, "log"));
        assert!(lost.text.starts_with("3 messages"), "{}", lost.text);
        let rest: Vec<String> = std::iter::from_fn(|| log.next(Duration::ZERO))
            .map(|message| message.text)
            .collect();
        assert_eq!(rest.len(), CAPACITY);
        assert_eq!(
            (rest[0].as_str(), rest[CAPACITY - 1].as_str()),
            ("3", "1026")
        );
    }

    #[test]
    fn who_waits_gets_the_next_message() {
        let log = log();
        log.set(Some(Level::Info), None);
        let waiting = std::thread::spawn(move || log.next(LONG));
        log.write(Level::Info, "test", "hello");
        assert_eq!(waiting.join().unwrap().unwrap().text, "hello");
    }

    #[test]
    fn a_callback_gets_messages_in_order_on_another_thread() {
        let log = log();
        let (callback, received) = sender();
        log.set(Some(Level::Info), Some(callback));
        for text in ["one", "two", "three"] {
            log.write(Level::Info, "test", text);
        }
        log.write(Level::Debug, "test", "too unimportant");
        let texts: Vec<String> = (0..3)
            .map(|_| received.recv_timeout(LONG).unwrap())
            .collect();
        assert_eq!(texts, ["Info one", "Info two", "Info three"]);
        assert_eq!(log.next(Duration::ZERO), None);
        let name = |log: &Log| {
            let delivery = log.delivery.get().unwrap();
            let queue = lock(&delivery.queue);
            queue
                .thread
                .as_ref()
                .unwrap()
                .thread()
                .name()
                .map(str::to_owned)
        };
        assert_eq!(name(log).as_deref(), Some("kinde-log"));
    }

    #[test]
    fn a_former_callback_runs_no_more() {
        let log = log();
        let (entered, has_entered) = mpsc::channel();
        let (leave, may_leave) = mpsc::channel::<()>();
        let may_leave = Mutex::new(may_leave);
        let running = Arc::new(AtomicI32::new(0));
        let inside = running.clone();
        log.set(
            Some(Level::Info),
            Some(Box::new(move |_| {
                inside.store(1, Ordering::SeqCst);
                entered.send(()).unwrap();
                lock(&may_leave).recv().unwrap();
                inside.store(0, Ordering::SeqCst);
            })),
        );
        log.write(Level::Info, "test", "one");
        log.write(Level::Info, "test", "two");
        has_entered.recv_timeout(LONG).unwrap();
        let (callback, received) = sender();
        let former = log.callback.load_full().unwrap();
        let setting = std::thread::spawn(move || log.set(Some(Level::Info), Some(callback)));
        while Arc::ptr_eq(&log.callback.load_full().unwrap(), &former) {
            std::thread::yield_now();
        }
        leave.send(()).unwrap();
        setting.join().unwrap();
        // Nobody lets the former callback leave a second time.
        drop(leave);
        assert_eq!(running.load(Ordering::SeqCst), 0);
        assert_eq!(received.recv_timeout(LONG).unwrap(), "Info two");
        assert!(has_entered.try_recv().is_err());
    }

    #[test]
    fn a_callback_may_log_fail_and_replace_itself() {
        let log = log();
        let (callback, received) = sender();
        let next = Mutex::new(Some(callback));
        log.set(
            Some(Level::Info),
            Some(Box::new(move |_| {
                log.write(Level::Info, "test", "from inside");
                log.set(Some(Level::Info), lock(&next).take());
                panic!("a host's mistake");
            })),
        );
        log.write(Level::Info, "test", "one");
        assert_eq!(received.recv_timeout(LONG).unwrap(), "Info from inside");
    }

    #[test]
    fn shutdown_delivers_what_is_left_and_the_next_message_starts_anew() {
        let log = log();
        let (callback, received) = sender();
        log.set(Some(Level::Info), Some(callback));
        for round in 0..3 {
            for _ in 0..100 {
                log.write(Level::Info, "test", "text");
            }
            assert!(log.shutdown(Instant::now() + LONG), "round {round}");
            assert_eq!(received.try_iter().count(), 100);
            assert!(lock(&log.delivery.get().unwrap().queue).thread.is_none());
        }
    }

    #[test]
    fn shutdown_wakes_who_waits_and_gives_up_in_time() {
        let log = log();
        log.set(Some(Level::Info), None);
        log.write(Level::Info, "test", "there is a queue");
        assert!(log.next(LONG).is_some());
        let (begun, has_begun) = mpsc::channel();
        let waiting = std::thread::spawn(move || {
            begun.send(()).unwrap();
            log.next(LONG)
        });
        has_begun.recv().unwrap();
        while !waiting.is_finished() {
            assert!(log.shutdown(Instant::now() + LONG));
            std::thread::yield_now();
        }
        assert_eq!(waiting.join().unwrap(), None);

        let (leave, may_leave) = mpsc::channel::<()>();
        let may_leave = Mutex::new(may_leave);
        let callback = move |_: &Message| {
            let _ = lock(&may_leave).recv();
        };
        log.set(Some(Level::Info), Some(Box::new(callback)));
        log.write(Level::Info, "test", "blocks");
        assert!(!log.shutdown(Instant::now()));
        drop(leave);
        assert!(log.shutdown(Instant::now() + LONG));
    }
}
