//! The keys of one issuer: fetched when needed, kept while they are good.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use serde_json::json;
use url::Url;

use super::key_set::KeySet;
use super::verifications::Verifications;
use crate::error::{Error, Result, Status};
use crate::event::{EventKind, observed};
use crate::flight::Flight;
use crate::http::{Body, Http, Method, Repeat, Request, Response};

/// How long a key set is used without asking again, if the issuer does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// An issuer that says less is asked no sooner.
const MIN_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// An issuer that says more is asked no later: a key that it withdraws must not live on.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// For so long after its lifetime a key set is used while a new one is fetched.
const GRACE: Duration = MIN_LIFETIME;

/// The first wait after a failed fetch; it doubles with each failure, up to the cool-down.
const FIRST_BACK_OFF: Duration = Duration::from_millis(250);

/// Gets a key set from its address.
pub(super) trait Fetch: Send + Sync {
    fn fetch(&self, url: Url) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>>;
}

/// Fetches over HTTP.
pub(super) struct HttpFetch {
    pub(super) http: Http,
    pub(super) timeout: Duration,
}

impl Fetch for HttpFetch {
    fn fetch(&self, url: Url) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>> {
        let http = self.http.clone();
        let request = Request {
            method: Method::Get,
            url,
            // Nothing else: Kinde answers 403 to an unexpected `Authorization`.
            headers: vec![("Accept", "application/json".into())],
            body: Body::Empty,
            repeat: Repeat::Idempotent,
            deadline: tokio::time::Instant::now() + self.timeout,
        };
        Box::pin(async move { http.send(request).await })
    }
}

/// What all issuers of a client share.
pub(super) struct Fetching {
    pub(super) fetch: Box<dyn Fetch>,
    pub(super) cool_down: Duration,
    pub(super) worker_threads: usize,
    pub(super) verifications: Verifications,
}

/// The keys of one issuer, which vouch for its tokens and no other's.
pub(super) struct IssuerKeys {
    pub(super) issuer: String,
    /// Where the keys are published. Missing until discovery has found it.
    url: ArcSwapOption<Url>,
    /// Whether the keys were given by hand and are never fetched.
    given: bool,
    fetching: Arc<Fetching>,
    known: ArcSwap<Known>,
    /// The fetch under way, for all to wait for.
    flight: Flight<()>,
}

/// What is known of an issuer's keys.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) keys: Option<Arc<KeySet>>,
    /// When `keys` were fetched, and how long they are good.
    fetched: Option<(Instant, Duration)>,
    /// Before this, an unknown key does not cause a fetch.
    cool_until: Option<Instant>,
    /// Before this, nothing causes a fetch, because the last one failed.
    retry_at: Option<Instant>,
    failure: Option<Error>,
    failures_in_a_row: u32,
    /// How many fetches have ended.
    fetches: u64,
    failures: u64,
}

/// Why keys are fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// None are known, or they are past their lifetime.
    Age,
    /// A token names a key that is not among them.
    UnknownKey,
}

/// Whether known keys can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Freshness {
    Fresh,
    /// To be used, while new ones are fetched: their lifetime has just ended, or the issuer could
    /// not be reached.
    Stale,
    /// To be fetched before they are used.
    Expired,
}

impl Known {
    pub(super) fn freshness(&self, now: Instant) -> Freshness {
        let Some((at, lifetime)) = self.fetched else {
            return Freshness::Fresh;
        };
        let age = now.saturating_duration_since(at);
        if age < lifetime {
            Freshness::Fresh
        } else if age < lifetime + GRACE || self.failures_in_a_row > 0 {
            Freshness::Stale
        } else {
            Freshness::Expired
        }
    }

    pub(super) fn may_fetch(&self, cause: Cause, now: Instant) -> bool {
        let passed = |at: Option<Instant>| at.is_none_or(|at| at <= now);
        passed(self.retry_at) && (cause == Cause::Age || passed(self.cool_until))
    }

    /// What is known after a fetch.
    pub(super) fn after(
        &self,
        outcome: Result<(KeySet, Duration)>,
        cause: Cause,
        now: Instant,
        cool_down: Duration,
    ) -> Known {
        let mut known = self.clone();
        known.fetches += 1;
        if cause == Cause::UnknownKey {
            known.cool_until = Some(now + cool_down);
        }
        match outcome {
            Ok((keys, lifetime)) => {
                known.keys = Some(Arc::new(keys));
                known.fetched = Some((now, lifetime));
                known.retry_at = None;
                known.failure = None;
                known.failures_in_a_row = 0;
            }
            Err(error) => {
                let doubled = FIRST_BACK_OFF * 2_u32.pow(known.failures_in_a_row.min(16));
                known.retry_at = Some(now + doubled.min(cool_down));
                known.failure = Some(error);
                known.failures_in_a_row += 1;
                known.failures += 1;
            }
        }
        known
    }

    /// Why there are no keys.
    pub(super) fn unavailable(&self, issuer: &str, now: Instant) -> Error {
        let Some(cause) = &self.failure else {
            return Error::new(
                Status::KeysUnavailable,
                format!("the keys of {issuer} have not been fetched"),
            );
        };
        let error = Error::new(
            Status::KeysUnavailable,
            format!("the keys of {issuer} cannot be had: {}", cause.message()),
        )
        .with_retry_after(
            self.retry_at
                .map(|at| at.saturating_duration_since(now))
                .max(cause.retry_after()),
        );
        match cause.http_status() {
            Some(status) => error.with_http_status(status),
            None => error,
        }
    }
}

impl IssuerKeys {
    pub(super) fn new(issuer: &str, url: Option<Url>, fetching: Arc<Fetching>) -> Arc<IssuerKeys> {
        Arc::new(IssuerKeys {
            issuer: issuer.to_owned(),
            url: ArcSwapOption::from_pointee(url),
            given: false,
            fetching,
            known: ArcSwap::default(),
            flight: Flight::default(),
        })
    }

    /// Keys given by hand.
    pub(super) fn given(issuer: &str, keys: KeySet, fetching: Arc<Fetching>) -> Arc<IssuerKeys> {
        let known = Known {
            keys: Some(Arc::new(keys)),
            ..Known::default()
        };
        Arc::new(IssuerKeys {
            issuer: issuer.to_owned(),
            url: ArcSwapOption::empty(),
            given: true,
            fetching,
            known: ArcSwap::from_pointee(known),
            flight: Flight::default(),
        })
    }

    pub(super) fn set_url(&self, url: Url) {
        if self.url.load().as_deref() != Some(&url) {
            self.url.store(Some(Arc::new(url)));
        }
    }

    pub(super) fn known(&self) -> arc_swap::Guard<Arc<Known>> {
        self.known.load()
    }

    /// Whether [`IssuerKeys::refresh`] would do something about keys that are known as `known`.
    pub(super) fn may_fetch(&self, known: &Known, cause: Cause, now: Instant) -> bool {
        !self.given && known.may_fetch(cause, now)
    }

    /// Waits for a fetch that ends after keys were known as `seen`: the one under way, or a new
    /// one if it is time for one.
    pub(super) async fn refresh(self: &Arc<Self>, seen: &Known, cause: Cause) {
        let threads = self.fetching.worker_threads;
        let fetch = || self.clone().fetch_after(seen.fetches, cause);
        // What came of it is told by what is known then.
        let _ = self.flight.join(threads, fetch).await;
    }

    /// The same without waiting.
    pub(super) fn refresh_in_background(self: &Arc<Self>, seen: &Known, cause: Cause) {
        if self.may_fetch(seen, cause, Instant::now()) {
            let threads = self.fetching.worker_threads;
            let fetch = || self.clone().fetch_after(seen.fetches, cause);
            self.flight.start(threads, fetch);
        }
    }

    async fn fetch_after(self: Arc<Self>, seen: u64, cause: Cause) -> Result<()> {
        let known = self.known.load_full();
        // Between asking for this fetch and its start another may have ended.
        if known.fetches == seen && self.may_fetch(&known, cause, Instant::now()) {
            let outcome = observed(EventKind::KeysFetched, &self.issuer, self.fetch()).await;
            self.learn(outcome, cause);
        }
        Ok(())
    }

    async fn fetch(&self) -> Result<(KeySet, Duration)> {
        let Some(url) = self.url.load_full() else {
            return Err(Error::new(
                Status::NotPrepared,
                "its discovery document has not been read",
            ));
        };
        let response = self.fetching.fetch.fetch((*url).clone()).await?;
        if response.status != 200 {
            return Err(Error::new(
                Status::Http,
                format!("{url} answered with HTTP status {}", response.status),
            )
            .with_http_status(response.status));
        }
        let keys = KeySet::read(&self.issuer, &response.body)?;
        Ok((keys, lifetime(&response)))
    }

    fn learn(&self, outcome: Result<(KeySet, Duration)>, cause: Cause) {
        match &outcome {
            Ok((keys, _)) => crate::log::info(
                "token",
                &format!("fetched {} keys of {}", keys.len(), self.issuer),
            ),
            Err(error) => crate::log::warn(
                "token",
                &format!("the keys of {} cannot be had: {error}", self.issuer),
            ),
        }
        let former = self.known.load_full();
        let known = former.after(outcome, cause, Instant::now(), self.fetching.cool_down);
        let gone: Vec<_> = match (&former.keys, &known.keys) {
            (Some(old), Some(new)) => old.ids().filter(|id| !new.has(id)).copied().collect(),
            _ => Vec::new(),
        };
        self.known.store(Arc::new(known));
        self.fetching.verifications.forget(&gone);
    }

    /// As if the keys had been fetched earlier.
    #[cfg(test)]
    pub(super) fn make_older(&self, by: Duration) {
        let mut known = Known::clone(&self.known.load());
        known.fetched = known.fetched.map(|(at, lifetime)| (at - by, lifetime));
        self.known.store(Arc::new(known));
    }

    pub(super) fn stats(&self, now: Instant) -> serde_json::Value {
        let known = self.known.load();
        json!({
            "issuer": self.issuer,
            "keys": known.keys.as_ref().map_or(0, |keys| keys.len()),
            "age_seconds": known.fetched.map(|(at, _)| now.saturating_duration_since(at).as_secs()),
            "fetches": known.fetches,
            "failures": known.failures,
        })
    }
}

/// How long a key set may be used: as long as the answer says, within our bounds.
pub(super) fn lifetime(response: &Response) -> Duration {
    let lifetime = response.max_age().unwrap_or(DEFAULT_LIFETIME);
    lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME)
}
