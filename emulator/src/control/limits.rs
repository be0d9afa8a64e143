//! Rate limits: answers that ask to wait, and who did not.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::faults;
use crate::answer;

const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    path: String,
    method: Option<String>,
    share: Option<f64>,
    times: Option<u64>,
    #[serde(default = "one_second")]
    reset_seconds: u64,
    #[serde(default = "half_a_second")]
    grace_ms: u64,
}

fn one_second() -> u64 {
    1
}

fn half_a_second() -> u64 {
    500
}

/// A limit, and what came of it.
#[derive(Debug, Serialize)]
pub struct Limit {
    path: String,
    method: Option<String>,
    requests: u64,
    limited: u64,
    /// Requests that came when their sender had long heard that it has to wait.
    early: u64,
    #[serde(skip)]
    kind: Kind,
    #[serde(skip)]
    reset: Duration,
    #[serde(skip)]
    grace: Duration,
    /// From when to when no request should come: what was under way has come by then, and the wait
    /// that the first answer asked for is not over.
    #[serde(skip)]
    silence: Option<(Instant, Instant)>,
}

#[derive(Debug)]
enum Kind {
    /// This part of all requests; what is owed of it so far.
    Share { share: f64, owed: f64 },
    /// So many more.
    Times(u64),
}

impl Order {
    /// Says what is wrong with the order.
    pub fn read(self) -> Result<Limit, String> {
        let kind = match (self.share, self.times) {
            (Some(share), None) if (0.0..=1.0).contains(&share) => Kind::Share { share, owed: 0.0 },
            (Some(_), None) => return Err("share: 0 to 1 is accepted".to_owned()),
            (None, Some(times)) => Kind::Times(times),
            _ => return Err("share or times: one of them is needed".to_owned()),
        };
        if !self.path.starts_with('/') {
            return Err("path: a path such as /api/* is needed".to_owned());
        }
        Ok(Limit {
            path: self.path,
            method: self.method,
            requests: 0,
            limited: 0,
            early: 0,
            kind,
            reset: Duration::from_secs(self.reset_seconds),
            grace: Duration::from_millis(self.grace_ms),
            silence: None,
        })
    }
}

/// Counts a request, and refuses it if a limit says so.
pub fn refuse(limits: &Mutex<Vec<Limit>>, parts: &Parts) -> Option<Response> {
    let mut limits = super::lock(limits);
    let limit = limits.iter_mut().find(|it| it.concerns(parts))?;
    limit.count(Instant::now())
}

impl Limit {
    fn concerns(&self, parts: &Parts) -> bool {
        faults::path_fits(&self.path, parts) && faults::method_fits(self.method.as_deref(), parts)
    }

    fn count(&mut self, now: Instant) -> Option<Response> {
        self.requests += 1;
        let silence = self.silence.filter(|(_, until)| now < *until);
        self.early += u64::from(silence.is_some_and(|(from, _)| from < now));
        if !self.is_next() {
            return None;
        }
        self.limited += 1;
        self.silence = silence.or(Some((now + self.grace, now + self.reset)));
        Some(self.answer())
    }

    fn is_next(&mut self) -> bool {
        match &mut self.kind {
            Kind::Share { share, owed } => {
                *owed += *share;
                let is_next = *owed >= 1.0;
                *owed -= f64::from(u8::from(is_next));
                is_next
            }
            Kind::Times(left) => {
                let is_next = *left > 0;
                *left -= u64::from(is_next);
                is_next
            }
        }
    }

    fn answer(&self) -> Response {
        let message = "Too many requests";
        let mut response =
            answer::errors(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message);
        let seconds = HeaderValue::from(self.reset.as_secs());
        response.headers_mut().insert(RESET, seconds);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(order: serde_json::Value) -> Limit {
        let order: Order = serde_json::from_value(order).expect("an order");
        order.read().expect("nothing is wrong with it")
    }

    #[test]
    fn a_share_is_spread_and_times_are_used_up() {
        let now = Instant::now();
        let pattern = |order| {
            let mut limit = limit(order);
            let answers = (0..6).map(|_| limit.count(now).is_some());
            answers.collect::<Vec<_>>()
        };
        let half = serde_json::json!({"path": "/api/*", "share": 0.5});
        assert_eq!(pattern(half), [false, true, false, true, false, true]);
        let twice = serde_json::json!({"path": "/api/*", "times": 2});
        assert_eq!(pattern(twice), [true, true, false, false, false, false]);
    }

    #[test]
    fn what_comes_in_the_silence_is_early() {
        let order = serde_json::json!({"path": "/api/*", "times": 2, "reset_seconds": 2});
        let mut limit = limit(order);
        let start = Instant::now();
        let mut early_at = |ms| {
            let before = limit.early;
            limit.count(start + Duration::from_millis(ms));
            limit.early > before
        };
        assert!(!early_at(0), "nobody was told yet");
        assert!(
            !early_at(400),
            "it may have been under way, and is told too"
        );
        assert!(early_at(600));
        assert!(early_at(1999), "the later answer does not move the silence");
        assert!(!early_at(2000), "the wait is over");
    }
}
