//! The emulator's clock: the system's, moved by what the test control says.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub fn now_ms(&self) -> i64 {
        system_ms().saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    pub fn shift_seconds(&self, seconds: i64) {
        let offset = self.offset_ms.load(Ordering::Relaxed);
        self.offset_ms.store(
            offset.saturating_add(seconds.saturating_mul(1000)),
            Ordering::Relaxed,
        );
    }

    pub fn set(&self, now: i64) {
        self.offset_ms.store(
            now.saturating_mul(1000).saturating_sub(system_ms()),
            Ordering::Relaxed,
        );
    }

    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
    }
}

fn system_ms() -> i64 {
    // A clock before 1970 or after the year 292,000,000 reads as 1970.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|passed| i64::try_from(passed.as_millis()).ok())
        .unwrap_or(0)
}
