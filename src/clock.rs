//! The time of day, as tokens tell it.

/// Seconds since 1970-01-01T00:00:00Z (RFC 7519, `NumericDate`).
///
/// Every question reads it, so the clock is the one that the kernel has at hand: late by a few
/// milliseconds at most, and cheaper than an exact one.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn unix_seconds() -> i64 {
    use nix::sys::time::TimeValLike;
    use nix::time::{ClockId, clock_gettime};
    // The clock is there since Linux 2.6.32. If it is not, no token counts as fresh.
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE).map_or(i64::MAX, |since| since.num_seconds())
}

/// Seconds since 1970-01-01T00:00:00Z (RFC 7519, `NumericDate`).
#[cfg(not(target_os = "linux"))]
pub(crate) fn unix_seconds() -> i64 {
    use std::time::{SystemTime, UNIX_EPOCH};
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}
