//! How fast an API is asked.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::Response;
use crate::error::{Error, Result, Status};
use crate::runtime::lock;

/// As long as any call may take. Of a longer wait the next call after this one learns anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// How many requests are under way at once, and when the next may be sent. All who share it wait
/// while the other side asks one of them to.
#[derive(Debug)]
pub(crate) struct Pace {
    places: Semaphore,
    resume_at: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(places: usize) -> Pace {
        Pace {
            places: Semaphore::new(places),
            resume_at: Mutex::new(None),
        }
    }

    /// Waits for a place and for the time to send.
    ///
    /// # Errors
    /// `RATE_LIMITED` at once if that time is not before `deadline`, `TIMEOUT` if no place gets free
    /// until then.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<SemaphorePermit<'_>> {
        let place = tokio::time::timeout_at(deadline, self.places.acquire()).await;
        let place = place.map_err(|_| no_place())?;
        let place = place.map_err(|_| Error::new(Status::Cancelled, "the call was cancelled"))?;
        while let Some(resume_at) = self.resume_at() {
            if resume_at >= deadline {
                return Err(must_wait(resume_at));
            }
            tokio::time::sleep_until(resume_at).await;
        }
        Ok(place)
    }

    /// Does what an answer asks for.
    pub(super) fn follow(&self, response: &Response) {
        if response.status != 429 {
            return;
        }
        if let Some(wait) = response.retry_after() {
            let resume_at = Instant::now() + wait.min(LONGEST_PAUSE);
            let mut latest = lock(&self.resume_at);
            *latest = (*latest).max(Some(resume_at));
        }
    }

    /// When the next request may be sent; none if at once.
    fn resume_at(&self) -> Option<Instant> {
        let mut resume_at = lock(&self.resume_at);
        resume_at.take_if(|at| *at <= Instant::now());
        *resume_at
    }
}

fn no_place() -> Error {
    let message = "within the time that timeout_ms allows, as many other requests were under way as \
                   api_concurrency allows; nothing was sent";
    Error::new(Status::Timeout, message)
}

fn must_wait(resume_at: Instant) -> Error {
    let wait = resume_at.saturating_duration_since(Instant::now());
    // Whole seconds, and not too few.
    let wait = Duration::from_secs(wait.as_secs() + 1);
    let message = format!(
        "Kinde asked to wait for {} s, which is longer than the call may take; nothing was sent",
        wait.as_secs()
    );
    Error::new(Status::RateLimited, message).with_retry_after(Some(wait))
}
