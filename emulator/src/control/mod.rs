//! The test control: what a test may order, and what the emulator saw.

mod faults;
mod limits;
mod orders;
mod routes;
mod seen;
mod webhooks;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::request::Parts;
use axum::response::Response;
use tokio::sync::watch;

use faults::Fault;
pub use faults::{Applied, ConnectionClosed};
pub use limits::Heard;
use limits::Limit;
pub use routes::router;
use seen::Seen;

#[derive(Debug)]
pub struct Control {
    faults: Mutex<Vec<Fault>>,
    limits: Mutex<Vec<Limit>>,
    seen: Mutex<Seen>,
    /// Counts what arrived; whoever waits for requests listens to it.
    arrived: watch::Sender<u64>,
    /// Counts releases; whatever hangs listens to it.
    released: watch::Sender<u64>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            faults: Mutex::default(),
            limits: Mutex::default(),
            seen: Mutex::default(),
            arrived: watch::Sender::new(0),
            released: watch::Sender::new(0),
        }
    }
}

impl Control {
    fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        lock(&self.faults)
    }

    fn limits(&self) -> MutexGuard<'_, Vec<Limit>> {
        lock(&self.limits)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    fn reset(&self) {
        self.faults().clear();
        self.limits().clear();
        self.seen().clear();
        self.release();
    }

    /// Notes a request and answers it, wrongly if a test ordered so.
    pub async fn answer(
        &self,
        parts: &Parts,
        body: &[u8],
        genuine: impl Future<Output = Response>,
    ) -> Result<Response, ConnectionClosed> {
        let id = self.seen().note(parts, body);
        self.arrived.send_modify(|count| *count += 1);
        if let Some(refusal) = limits::refuse(&self.limits, parts) {
            self.seen().note_status(id, refusal.status());
            return Ok(refusal);
        }
        let fault = faults::take(&mut self.faults(), parts, body);
        let answer = match fault {
            Some(fault) => fault.apply(self.released.subscribe(), genuine).await,
            None => Ok(genuine.await),
        };
        if let Ok(response) = &answer {
            self.seen().note_status(id, response.status());
        }
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
