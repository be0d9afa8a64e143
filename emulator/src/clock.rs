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

    /// The time as Kinde stamps events, in UTC.
    pub fn iso8601(&self) -> String {
        let now_ms = self.now_ms();
        let (days, ms) = (now_ms.div_euclid(86_400_000), now_ms.rem_euclid(86_400_000));
        let (year, month, day) = date(days);
        let seconds = ms / 1000;
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}+00:00",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            ms % 1000
        )
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

/// Year, month and day of so many days since 1970, found by counting.
fn date(days: i64) -> (i64, usize, i64) {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut day) = (1970, days);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if day < 0 {
            year -= 1;
            day += if is_leap(year) { 366 } else { 365 };
        } else if day >= length {
            day -= length;
            year += 1;
        } else {
            break;
        }
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

fn system_ms() -> i64 {
    // A clock before 1970 or after the year 292,000,000 reads as 1970.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|passed| i64::try_from(passed.as_millis()).ok())
        .unwrap_or(0)
}
