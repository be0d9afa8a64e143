//! Doing something alone among all machines that share a store.

use std::convert::Infallible;
use std::time::Duration;

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
    fence: Fence,
}

impl<'a> Lease<'a> {
    /// None if somebody else has it.
    pub(super) async fn take(records: &'a Records, key: &'a Key) -> Result<Option<Lease<'a>>> {
        let fence = records.lease(key, None, LIFE).await?;
        Ok(fence.map(|fence| Lease {
            records,
            key,
            fence,
        }))
    }

    /// Does the work while the lease is held, then gives it back.
    pub(super) async fn hold<T>(self, work: impl Future<Output = T>) -> T {
        let result = tokio::select! {
            result = work => result,
            never = self.prolong() => match never {},
        };
        self.records.release(self.key, self.fence).await;
        result
    }

    /// What cannot be prolonged now may be later. If somebody else got the lease meanwhile, the
    /// versions of the record keep the two apart.
    async fn prolong(&self) -> Infallible {
        let mut ticks = interval(PROLONG_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let prolonged = self.records.lease(self.key, Some(self.fence), LIFE);
            if let Err(error) = prolonged.await {
                crate::log::warn("session", &format!("a lease was not prolonged: {error}"));
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
