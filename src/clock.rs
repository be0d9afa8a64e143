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

/// The seconds since 1970 of a time with its offset (ISO 8601), such as
/// `2024-11-21T08:01:50.155+11:00`; fractions are cut off. None if it is anything else.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, offset) = time.split_at(at);
    let clock = match clock.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => whole,
        Some(_) => return None,
        None => clock,
    };
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let ahead = match offset.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let [hours, minutes] = numbers(offset, ':', [2, 2])?;
            let minutes = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    // 60 is a leap second.
    let is_time = hour <= 23 && minute <= 59 && second <= 60;
    let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = days_since_1970(year, month, day);
    let seconds = (hour * 60 + minute - ahead) * 60 + second;
    (is_day && is_time).then_some(days * 86_400 + seconds)
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = is_digits(part).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// In the Gregorian calendar. The years are counted from March, so that a leap day is the last day
/// of one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of `date -d <time> +%s`.
    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-11-21T08:01:50.155+11:00", 1_732_136_510),
            ("2024-02-29T23:59:59-03:30", 1_709_263_799),
            ("2024-03-01t00:00:00z", 1_709_251_200),
            ("2000-12-31 12:00:00.123456789Z", 978_264_000),
            ("1969-12-31T23:59:59+00:00", -1),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2024-11-21",
            "2024-11-21T08:01:50",
            "2024-11-21T08:01Z",
            "2024-11-21T08:01:50.Z",
            "2024-11-21T08:01:50.1a5Z",
            "2024-11-21T08:01:50Zulu",
            "2024-11-21T08:01:50+11",
            "2024-11-21T08:01:50+24:00",
            "2024-11-21T08:01:50+00:60",
            "2024-13-21T08:01:50Z",
            "2024-00-21T08:01:50Z",
            "2024-11-32T08:01:50Z",
            "2024-11-00T08:01:50Z",
            "2024-11-21T24:01:50Z",
            "2024-11-21T08:60:50Z",
            "2024-11-21T08:01:61Z",
            "24-11-21T08:01:50Z",
            "2024-11-21-1T08:01:50Z",
            "+024-11-21T08:01:50Z",
            "2024-11-21T08:01:50\u{2212}01:00",
            "1732136510",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
