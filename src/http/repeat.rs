//! When a request is sent again, and after how long.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use tokio::time::Instant;

use super::{Failed, Repeat, Response};
use crate::error::Status;

const REPETITIONS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The pauses between the attempts of one request.
#[derive(Debug)]
pub(super) struct Delays {
    repeat: Repeat,
    left: u32,
    next: Duration,
    deadline: Instant,
    /// Whether a 429 is only waited out, however often it comes.
    is_patient: bool,
}

impl Delays {
    pub(super) fn new(repeat: Repeat, deadline: Instant, is_patient: bool) -> Delays {
        Delays {
            repeat,
            left: match repeat {
                Repeat::Never => 0,
                Repeat::Unsent | Repeat::Idempotent => REPETITIONS,
            },
            next: FIRST_DELAY,
            deadline,
            is_patient,
        }
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.left > 0 || (self.is_patient && self.repeat != Repeat::Never)
    }

    /// How long to wait before the next attempt; none if the outcome is final, or if the next
    /// attempt could not be made within the deadline.
    pub(super) fn after(&mut self, outcome: &Result<Response, Failed>) -> Option<Duration> {
        let is_idempotent = self.repeat == Repeat::Idempotent;
        let mut counts = true;
        let asked = match outcome {
            Ok(response) => match response.status {
                429 => {
                    counts = !self.is_patient;
                    response.retry_after()
                }
                500 | 502 | 503 | 504 if is_idempotent => response.retry_after(),
                _ => return None,
            },
            Err(failed) => match failed.error.status() {
                Status::Network | Status::Timeout if is_idempotent || failed.unsent => None,
                _ => return None,
            },
        };
        if counts {
            self.left = self.left.checked_sub(1)?;
        }
        let own = self.next;
        self.next = (own * 2).min(LONGEST_DELAY);
        // At least what was asked for; more, so that clients that fail together spread out.
        let delay = asked.unwrap_or(own / 2) + jitter(own / 2);
        let left = self.deadline.saturating_duration_since(Instant::now());
        (delay < left).then_some(delay)
    }
}

/// A random part of `most`.
pub(crate) fn jitter(most: Duration) -> Duration {
    // Without random numbers there is no jitter, which harms nothing but the spread.
    let random = SysRng.try_next_u32().unwrap_or(u32::MAX);
    most.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
