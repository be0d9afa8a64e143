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
    #[serde(default = "quarter_of_a_second")]
    grace_ms: u64,
}

fn one_second() -> u64 {
    1
}

fn quarter_of_a_second() -> u64 {
    250
}

/// When the connection on which a request came was last answered. What its sender was told on other
/// connections before that, it has heard too, but for the time that it takes to pass it on among its
/// threads.
#[derive(Clone, Copy, Debug)]
pub struct Heard(pub Instant);

/// A limit, and what came of it.
#[derive(Debug, Serialize)]
pub struct Limit {
    path: String,
    method: Option<String>,
    requests: u64,
    limited: u64,
    /// Requests of senders who had heard that they have to wait, before the wait was over.
    early: u64,
    /// The part of all requests that is refused, and what is owed of it so far.
    #[serde(skip)]
    share: f64,
    #[serde(skip)]
    owed: f64,
    /// How many more are refused at most.
    #[serde(skip)]
    left: Option<u64>,
    #[serde(skip)]
    reset: Duration,
    #[serde(skip)]
    grace: Duration,
    /// Who heard anything from the first of these times on sends nothing until the second: the wait
    /// that the first refusal asked for.
    #[serde(skip)]
    silence: Option<(Instant, Instant)>,
}

impl Order {
    /// Says what is wrong with the order.
    pub fn read(self) -> Result<Limit, String> {
        let share = match (self.share, self.times) {
            (Some(share), _) if (0.0..=1.0).contains(&share) => share,
            (Some(_), _) => return Err("share: 0 to 1 is accepted".to_owned()),
            (None, Some(_)) => 1.0,
            (None, None) => return Err("share or times: one of them is needed".to_owned()),
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
            share,
            owed: 0.0,
            left: self.times,
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
    let now = Instant::now();
    let heard = parts.extensions.get().map(|Heard(heard)| *heard);
    limit.count(now, heard)
}

impl Limit {
    fn concerns(&self, parts: &Parts) -> bool {
        faults::path_fits(&self.path, parts) && faults::method_fits(self.method.as_deref(), parts)
    }

    fn count(&mut self, now: Instant, heard: Option<Instant>) -> Option<Response> {
        self.requests += 1;
        let silence = self.silence.filter(|(_, until)| now < *until);
        let knows = |(from, _)| heard.is_some_and(|heard| from <= heard);
        self.early += u64::from(silence.is_some_and(knows));
        if !self.is_next() {
            return None;
        }
        self.limited += 1;
        self.silence = silence.or(Some((now + self.grace, now + self.reset)));
        Some(self.answer())
    }

    fn is_next(&mut self) -> bool {
        self.owed += self.share;
        let is_next = self.owed >= 1.0 && self.left != Some(0);
        if is_next {
            self.owed -= 1.0;
            self.left = self.left.map(|left| left - 1);
        }
        is_next
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
            let answers = (0..6).map(|_| limit.count(now, None).is_some());
            answers.collect::<Vec<_>>()
        };
        let half = serde_json::json!({"path": "/api/*", "share": 0.5});
        assert_eq!(pattern(half), [false, true, false, true, false, true]);
        let twice = serde_json::json!({"path": "/api/*", "times": 2});
        assert_eq!(pattern(twice), [true, true, false, false, false, false]);
        let both = serde_json::json!({"path": "/api/*", "share": 0.5, "times": 2});
        assert_eq!(pattern(both), [false, true, false, true, false, false]);
    }

    #[test]
    fn who_has_heard_of_the_wait_is_early() {
        let order = serde_json::json!({"path": "/api/*", "times": 2, "reset_seconds": 2});
        let mut limit = limit(order);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut is_early = |ms, heard: Option<u64>| {
            let before = limit.early;
            limit.count(at(ms), heard.map(at));
            limit.early > before
        };
        assert!(!is_early(500, Some(400)), "nobody was told yet");
        assert!(!is_early(1500, Some(400)), "it was under way");
        assert!(!is_early(1500, None), "nobody told it anything");
        assert!(!is_early(1500, Some(700)), "its threads tell each other");
        assert!(is_early(1500, Some(750)));
        assert!(is_early(2499, Some(800)), "a later refusal moves nothing");
        assert!(!is_early(2500, Some(800)), "the wait is over");
    }
}
