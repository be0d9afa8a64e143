//! The test control: what a test may order, and what the emulator saw.

mod faults;
mod orders;
mod routes;
mod seen;
mod webhooks;

use std::sync::{Mutex, PoisonError};

use axum::http::request::Parts;
use axum::response::Response;
use tokio::sync::watch;

use faults::Fault;
pub use faults::{Applied, ConnectionClosed};
pub use routes::router;
use seen::Seen;

#[derive(Debug)]
pub struct Control {
    faults: Mutex<Vec<Fault>>,
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
            seen: Mutex::default(),
            arrived: watch::Sender::new(0),
            released: watch::Sender::new(0),
        }
    }
}

impl Control {
    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    fn reset(&self) {
        self.faults().clear();
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
