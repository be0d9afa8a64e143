//! What the library asked of Kinde on its own account or on the way of a call, for a host that counts
//! and times it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use crate::error::{Error, Result};

/// Something that was asked of Kinde, and how it ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What it was.
    pub kind: EventKind<'a>,
    /// Who was asked.
    pub issuer: &'a str,
    /// How long it took, repetitions included.
    pub took: Duration,
    /// Why it failed, if it did.
    pub error: Option<&'a Error>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind<'a> {
    /// The issuer's keys were fetched.
    KeysFetched,
    /// A refresh token was sent for new tokens, by whomever it was wanted.
    TokensRefreshed {
        /// Whose refresh token it was.
        client_id: &'a str,
    },
    /// An API was asked.
    ApiCalled {
        /// The operation, as Kinde's SDKs call it.
        operation: &'a str,
    },
}

/// Takes events, on the thread that did the work: it must not block.
pub type Observer = dyn Fn(&Event<'_>) + Send + Sync;

static OBSERVER: ArcSwapOption<Box<Observer>> = ArcSwapOption::const_empty();

/// Tells `observer` of each [`Event`] from now on; there is one for the process. What is given up
/// before it ends, or cut off by a timeout of the whole call, is not told.
pub fn set_observer(observer: Option<Box<Observer>>) {
    OBSERVER.store(observer.map(Arc::new));
}

/// Does `work`, and tells what came of it.
pub(crate) async fn observed<T>(
    kind: EventKind<'_>,
    issuer: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let begun = Instant::now();
    let outcome = work.await;
    if let Some(observer) = &*OBSERVER.load() {
        let event = Event {
            kind,
            issuer,
            took: begun.elapsed(),
            error: outcome.as_ref().err(),
        };
        // What a host's observer does wrong is not the call's failure.
        let _ = catch_unwind(AssertUnwindSafe(|| observer(&event)));
    }
    outcome
}
