//! Where the library says what it does: `tracing` events for Rust programs, a sink for the C ABI.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

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

/// Takes each message up to its level. Must not block.
pub(crate) struct Sink {
    pub max_level: Level,
    pub write: Box<dyn Fn(Level, &'static str, &str) + Send + Sync>,
}

static SINK: ArcSwapOption<Sink> = ArcSwapOption::const_empty();

pub(crate) fn set_sink(sink: Option<Sink>) {
    SINK.store(sink.map(Arc::new));
}

pub(crate) fn enabled(level: Level) -> bool {
    SINK.load().as_ref().is_some_and(|s| level <= s.max_level)
}

pub(crate) fn write(level: Level, module: &'static str, message: &str) {
    match level {
        Level::Error => tracing::error!(target: "kinde", module, "{message}"),
        Level::Warn => tracing::warn!(target: "kinde", module, "{message}"),
        Level::Info => tracing::info!(target: "kinde", module, "{message}"),
        Level::Debug => tracing::debug!(target: "kinde", module, "{message}"),
    }
    if let Some(sink) = &*SINK.load()
        && level <= sink.max_level
    {
        (sink.write)(level, module, message);
    }
}

pub(crate) fn error(module: &'static str, message: &str) {
    write(Level::Error, module, message);
}

pub(crate) fn warn(module: &'static str, message: &str) {
    write(Level::Warn, module, message);
}

pub(crate) fn info(module: &'static str, message: &str) {
    write(Level::Info, module, message);
}

pub(crate) fn debug(module: &'static str, message: &str) {
    write(Level::Debug, module, message);
}
