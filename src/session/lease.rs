//! Doing something alone among all machines that share a store.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::records::Records;
use super::store::{Fence, Key};
use crate::error::Result;

/// How long a lease lasts without its holder: what a crash costs those who wait. Longer than a
/// store takes to come back after a restart, so that a holder that lives still has it then.
const LIFE: Duration = Duration::from_secs(10);

/// How often a living holder prolongs it.
const PROLONG_EVERY: Duration = Duration::from_secs(3);

/// The right to change a record alone.
pub(super) struct Lease<'a> {
    records: &'a Records,
    key: &'a Key,
    /// None once somebody else has it. Locked while the store is asked, because two who prolong it
    /// at once could each make the other's value the wrong one.
    fence: Mutex<Option<Fence>>,
}

impl<'a> Lease<'a> {
    /// None if somebody else has it.
    pub(super) async fn take(records: &'a Records, key: &'a Key) -> Result<Option<Lease<'a>>> {
        let fence = records.lease(key, None, LIFE).await?;
        Ok(fence.map(|fence| Lease {
            records,
            key,
            fence: Mutex::new(Some(fence)),
        }))
    }

    /// Does the work while the lease is held, then gives it back.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = T>) -> T {
        let result = tokio::select! {
            result = work => result,
            never = self.keep_up() => match never {},
        };
        if let Some(fence) = *self.fence.lock().await {
            self.records.release(self.key, fence).await;
        }
        result
    }

    /// Makes it last its whole life from now on. False if somebody else has it: it was not prolonged
    /// in time, by a holder that was stopped or cut off from the store.
    pub(super) async fn prolong(&self) -> Result<bool> {
        let mut fence = self.fence.lock().await;
        if let Some(held) = *fence {
            // Another value than before, if the store has lost what it knew of the lease.
            *fence = self.records.lease(self.key, Some(held), LIFE).await?;
        }
        Ok(fence.is_some())
    }

    /// What cannot be prolonged now may be later. A holder whose lease is lost finds that out before
    /// it does what only a holder may.
    async fn keep_up(&self) -> Infallible {
        let mut ticks = interval(PROLONG_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            match self.prolong().await {
                Ok(true) => {}
                Ok(false) => {
                    crate::log::warn("session", "a lease was lost to somebody else");
                    std::future::pending::<()>().await;
                }
                Err(error) => {
                    crate::log::warn("session", &format!("a lease was not prolonged: {error}"));
                }
            }
        }
    }
}

/// The pauses of those who wait before they look again: from 10 to 250 milliseconds.
pub(super) struct Pauses(Duration);

impl Pauses {
    const LONGEST: Duration = Duration::from_millis(250);

    pub(super) fn new() -> Pauses {
        Pauses(Duration::from_millis(10))
    }

    pub(super) async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(Pauses::LONGEST);
    }
}
