//! The provider's metadata (OpenID Connect Discovery 1.0, section 4): fetched, checked, kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde_json::{Map, Value};
use url::Url;

use super::Endpoints;
use crate::config::{Discovery as Setting, PlainHttp, Settings, origin_text};
use crate::error::{Error, Result, Status, foreign_text};
use crate::flight::Flight;
use crate::http::{Body, Http, Method, Repeat, Request, Response};
use crate::log;

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// How long metadata is used if the provider does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60 * 60);
const MIN_LIFETIME: Duration = Duration::from_secs(5 * 60);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long nothing is fetched after a failure; doubled with each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// Keeps what the provider publishes about itself. Belongs to one process.
pub(crate) struct Discovery {
    source: Arc<Source>,
    known: Arc<ArcSwap<Known>>,
    flight: Flight<Arc<Endpoints>>,
    worker_threads: usize,
}

/// What is known, and when to ask again.
#[derive(Clone, Default)]
struct Known {
    endpoints: Option<Arc<Endpoints>>,
    fresh_until: Option<Instant>,
    /// Before this, nothing is fetched, because the last fetch failed.
    retry_at: Option<Instant>,
    failure: Option<Error>,
    failures_in_a_row: u32,
    fetches: u64,
}

/// Where the metadata is and what it must agree with.
struct Source {
    http: Http,
    url: Url,
    issuer: String,
    any_origin: bool,
    insecure_hosts: Vec<String>,
    timeout: Duration,
}

impl Discovery {
    /// Fetches nothing yet. Settings that share a `SharedKey` give the same.
    ///
    /// # Errors
    /// `CONFIG` if the issuer is not a URL.
    pub(crate) fn new(settings: &Settings, http: Http) -> Result<Discovery> {
        Ok(Discovery {
            source: Arc::new(Source {
                http,
                url: metadata_url(&settings.issuer)?,
                issuer: settings.issuer.clone(),
                any_origin: settings.discovery == Setting::AnyOrigin,
                insecure_hosts: settings.insecure_hosts.clone(),
                timeout: settings.timeout,
            }),
            known: Arc::default(),
            flight: Flight::default(),
            worker_threads: settings.worker_threads,
        })
    }

    /// The endpoints, as far as they are known without the network.
    pub(crate) fn current(&self) -> Option<Arc<Endpoints>> {
        self.known.load().endpoints.clone()
    }

    /// The endpoints, fetched if need be. Those that are known remain in use while the provider
    /// cannot be reached.
    ///
    /// # Errors
    /// Those of [`Http::send`]; `ISSUER` if the metadata is another issuer's,
    /// `MALFORMED_RESPONSE` if it cannot be used.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>> {
        let known = self.known.load_full();
        let now = Instant::now();
        match &known.endpoints {
            Some(endpoints) if known.is_fresh(now) => Ok(endpoints.clone()),
            Some(endpoints) => {
                if known.may_fetch(now) {
                    self.flight
                        .start(self.worker_threads, || self.fetch(&known));
                }
                Ok(endpoints.clone())
            }
            None if known.may_fetch(now) => {
                self.flight
                    .join(self.worker_threads, || self.fetch(&known))
                    .await
            }
            None => Err(known.unavailable(now)),
        }
    }

    /// What the statistics of a client say about discovery.
    pub(crate) fn stats(&self) -> Value {
        let known = self.known.load();
        serde_json::json!({
            "known": known.endpoints.is_some(),
            "fetches": known.fetches,
            "failures_in_a_row": known.failures_in_a_row,
        })
    }

    /// Fetches, unless somebody else did since `seen` was known.
    fn fetch(&self, seen: &Known) -> impl Future<Output = Result<Arc<Endpoints>>> + Send + use<> {
        let source = self.source.clone();
        let known = self.known.clone();
        let seen = seen.fetches;
        async move {
            let current = known.load_full();
            if let (Some(endpoints), true) = (&current.endpoints, current.fetches != seen) {
                return Ok(endpoints.clone());
            }
            let outcome = source.fetch().await;
            let issuer = &source.issuer;
            match &outcome {
                Ok(_) => log::info("oauth", &format!("fetched the metadata of {issuer}")),
                Err(e) => log::warn("oauth", &format!("the metadata of {issuer}: {e}")),
            }
            let after = known.load().after(&outcome, Instant::now());
            known.store(Arc::new(after));
            outcome.map(|(endpoints, _)| endpoints)
        }
    }
}

impl Known {
    fn is_fresh(&self, now: Instant) -> bool {
        self.fresh_until.is_some_and(|until| now < until)
    }

    fn may_fetch(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    fn after(&self, outcome: &Result<(Arc<Endpoints>, Duration)>, now: Instant) -> Known {
        let fetches = self.fetches + 1;
        match outcome {
            Ok((endpoints, lifetime)) => Known {
                endpoints: Some(endpoints.clone()),
                fresh_until: Some(now + *lifetime),
                fetches,
                ..Known::default()
            },
            Err(error) => {
                let doubled = FIRST_BACK_OFF * 2_u32.pow(self.failures_in_a_row.min(16));
                Known {
                    retry_at: Some(now + doubled.min(LONGEST_BACK_OFF)),
                    failure: Some(error.clone()),
                    failures_in_a_row: self.failures_in_a_row.saturating_add(1),
                    fetches,
                    ..self.clone()
                }
            }
        }
    }

    /// The failure of the last fetch, for those who come before the next one.
    fn unavailable(&self, now: Instant) -> Error {
        let wait = self.retry_at.map(|at| at.saturating_duration_since(now));
        match &self.failure {
            Some(error) => error
                .clone()
                .with_retry_after(error.retry_after().max(wait)),
            None => not_prepared(),
        }
    }
}

/// For calls that may not use the network.
pub(crate) fn not_prepared() -> Error {
    Error::new(
        Status::NotPrepared,
        "the provider's endpoints are not known yet; prepare the client first",
    )
}

impl Source {
    async fn fetch(&self) -> Result<(Arc<Endpoints>, Duration)> {
        let response = self
            .http
            .send(Request {
                method: Method::Get,
                url: self.url.clone(),
                headers: Vec::new(),
                body: Body::Empty,
                repeat: Repeat::Idempotent,
                deadline: tokio::time::Instant::now() + self.timeout,
            })
            .await?;
        let endpoints = self.read(&response)?;
        let lifetime = response.max_age().unwrap_or(DEFAULT_LIFETIME);
        Ok((
            Arc::new(endpoints),
            lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME),
        ))
    }

    fn read(&self, response: &Response) -> Result<Endpoints> {
        if response.status != 200 {
            let status = response.status;
            return Err(Error::new(
                Status::Http,
                format!("{} answered with HTTP status {status}", self.url),
            )
            .with_http_status(status)
            .with_retry_after(response.retry_after()));
        }
        let metadata = Metadata {
            source: self,
            members: response.json_object(&format!("the metadata at {}", self.url))?,
        };
        metadata.check_issuer()?;
        Ok(Endpoints {
            issuer: self.issuer.clone(),
            authorization: metadata.required("authorization_endpoint")?,
            token: metadata.required("token_endpoint")?,
            jwks: metadata.required("jwks_uri")?,
            response_iss_required: metadata
                .flag("authorization_response_iss_parameter_supported")?,
            logout: metadata.endpoint("end_session_endpoint")?,
            userinfo: metadata.endpoint("userinfo_endpoint")?,
            revocation: metadata.endpoint("revocation_endpoint")?,
            introspection: metadata.endpoint("introspection_endpoint")?,
            device_authorization: metadata.endpoint("device_authorization_endpoint")?,
        })
    }
}

/// The metadata while it is checked.
struct Metadata<'a> {
    source: &'a Source,
    members: Map<String, Value>,
}

impl Metadata<'_> {
    /// The issuer must be the configured one, letter by letter (OpenID Connect Discovery 1.0,
    /// section 4.3); otherwise one provider could speak for another.
    fn check_issuer(&self) -> Result<()> {
        let configured = &self.source.issuer;
        match self.members.get("issuer") {
            Some(Value::String(issuer)) if issuer == configured => Ok(()),
            Some(Value::String(issuer)) => Err(Error::new(
                Status::Issuer,
                format!(
                    "the metadata at {} is of the issuer \"{}\", not of \"{configured}\"; \
                     the setting issuer must be the same letter by letter",
                    self.source.url,
                    foreign_text(issuer),
                ),
            )
            .with_field("issuer")),
            _ => Err(self.wrong("issuer", "is missing")),
        }
    }

    fn required(&self, name: &str) -> Result<Url> {
        self.endpoint(name)?
            .ok_or_else(|| self.wrong(name, "is missing"))
    }

    fn endpoint(&self, name: &str) -> Result<Option<Url>> {
        let text = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(self.wrong(name, "is not a URL")),
        };
        let url = Url::parse(text).map_err(|_| self.wrong(name, "is not a URL"))?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(self.wrong(name, "has a fragment or a user name"));
        }
        if !PlainHttp::to(&self.source.insecure_hosts).allows(&url) {
            return Err(self.wrong(name, "is not https"));
        }
        if !self.source.any_origin && origin_text(&url) != origin_text(&self.source.url) {
            return Err(self.wrong(
                name,
                "stands on another origin than the issuer; the setting discovery accepts that as any_origin",
            ));
        }
        Ok(Some(url))
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(name, "is neither true nor false")),
        }
    }

    fn wrong(&self, name: &str, what: &str) -> Error {
        Error::new(
            Status::MalformedResponse,
            format!("the metadata at {}: {name} {what}", self.source.url),
        )
    }
}

/// Where an issuer publishes its metadata: below its own path, if it has one.
fn metadata_url(issuer: &str) -> Result<Url> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}{WELL_KNOWN}"))
        .map_err(|_| Error::new(Status::Config, "issuer: is not a URL").with_field("issuer"))
}

impl std::fmt::Debug for Discovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Discovery({})", self.source.url)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::config::{Config, OptionalEndpoint};
    use crate::http::test_server::{Answer, Server, answer};
    use crate::runtime::{lock, run};

    fn settings(issuer: &str, discovery: &str) -> Settings {
        let mut config = Config::new();
        let given = json!({
            "domain": "https://login.example",
            "client_id": "app",
            "issuer": issuer,
            "discovery": discovery,
            "scope": "openid",
        });
        config.load_json(&given.to_string()).unwrap();
        Settings::new(&config).unwrap()
    }

    fn discovery(issuer: &str, mode: &str) -> Arc<Discovery> {
        let settings = settings(issuer, mode);
        let http = Http::new(&settings).unwrap();
        Arc::new(Discovery::new(&settings, http).unwrap())
    }

    fn endpoints(discovery: &Arc<Discovery>) -> Result<Arc<Endpoints>> {
        let discovery = discovery.clone();
        pollster::block_on(run(2, async move { discovery.endpoints().await }))
    }

    /// Serves metadata that names `issuer`, changed by `change`, wherever it is asked for.
    fn provider(path: &'static str, change: Value) -> (Server, String) {
        let origin = Arc::new(Mutex::new(String::new()));
        let known = origin.clone();
        let server = Server::start(move |_, request| {
            if !request.starts_with(&format!("GET {path}{WELL_KNOWN} ")) {
                return answer(404, &[], "");
            }
            let origin = lock(&known).clone();
            let mut metadata = json!({
                "issuer": format!("{origin}{path}"),
                "authorization_endpoint": format!("{origin}/authorize?x=1"),
                "token_endpoint": format!("{origin}/token"),
                "jwks_uri": format!("{origin}/keys"),
            });
            for (name, value) in change.as_object().unwrap() {
                metadata[name] = value.clone();
            }
            answer(
                200,
                &["Content-Type: application/json"],
                metadata.to_string(),
            )
        });
        *lock(&origin) = format!("http://{}", server.address);
        let issuer = format!("http://{}{path}", server.address);
        (server, issuer)
    }

    #[test]
    fn endpoints_are_found_below_the_issuer() {
        for path in ["", "/tenant/one"] {
            let change = json!({"authorization_response_iss_parameter_supported": true});
            let (server, issuer) = provider(path, change);
            let discovery = discovery(&issuer, "on");
            assert!(discovery.current().is_none());
            let found = endpoints(&discovery).unwrap();
            assert_eq!(found.issuer, issuer);
            assert_eq!(found.authorization, server.url("/authorize?x=1"));
            assert_eq!(found.token, server.url("/token"));
            assert_eq!(found.jwks, server.url("/keys"));
            assert!(found.response_iss_required);
            endpoints(&discovery).unwrap();
            assert_eq!(discovery.current().unwrap().token, found.token);
            assert_eq!(server.requests().len(), 1);
        }
    }

    #[test]
    fn a_slash_at_the_end_of_the_issuer_belongs_to_it() {
        assert_eq!(
            metadata_url("https://op.example/").unwrap().as_str(),
            "https://op.example/.well-known/openid-configuration"
        );
        let (_server, issuer) = provider("", json!({}));
        let error = endpoints(&discovery(&format!("{issuer}/"), "on")).unwrap_err();
        assert_eq!(error.status(), Status::Issuer);
        assert_eq!(error.field(), Some("issuer"));
    }

    #[test]
    fn what_a_provider_lacks_is_named() {
        let (_server, issuer) = provider("", json!({"userinfo_endpoint": null}));
        let found = endpoints(&discovery(&issuer, "on")).unwrap();
        let settings = settings(&issuer, "on");
        let error = found
            .optional(OptionalEndpoint::Revocation, &settings)
            .unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert_eq!(error.field(), Some("revocation_endpoint"));
        let configured = settings
            .derive(r#"{"revocation_endpoint": "/revoke"}"#)
            .unwrap();
        let url = found.optional(OptionalEndpoint::Revocation, &configured);
        assert_eq!(url.unwrap().as_str(), "https://login.example/revoke");
    }

    #[test]
    fn metadata_that_cannot_be_used_is_refused() {
        for (change, status, why) in [
            (
                json!({"issuer": "https://evil.example"}),
                Status::Issuer,
                "evil.example",
            ),
            (
                json!({"issuer": null}),
                Status::MalformedResponse,
                "issuer is missing",
            ),
            (
                json!({"token_endpoint": null}),
                Status::MalformedResponse,
                "token_endpoint is missing",
            ),
            (
                json!({"jwks_uri": 5}),
                Status::MalformedResponse,
                "jwks_uri is not a URL",
            ),
            (
                json!({"jwks_uri": "keys"}),
                Status::MalformedResponse,
                "jwks_uri is not a URL",
            ),
            (
                json!({"token_endpoint": "http://op.example/token"}),
                Status::MalformedResponse,
                "is not https",
            ),
            (
                json!({"userinfo_endpoint": "https://op.example/me"}),
                Status::MalformedResponse,
                "another origin",
            ),
            (
                json!({"token_endpoint": "https://u:p@op.example/#x"}),
                Status::MalformedResponse,
                "fragment",
            ),
            (
                json!({"authorization_response_iss_parameter_supported": "yes"}),
                Status::MalformedResponse,
                "neither true nor false",
            ),
        ] {
            let (_server, issuer) = provider("", change.clone());
            let discovery = discovery(&issuer, "on");
            let error = endpoints(&discovery).unwrap_err();
            assert_eq!(error.status(), status, "{change}: {error}");
            assert!(error.message().contains(why), "{change}: {error}");
            assert!(discovery.current().is_none());
        }
    }

    #[test]
    fn other_origins_can_be_accepted() {
        let change = json!({"userinfo_endpoint": "https://api.example/me"});
        let (_server, issuer) = provider("", change);
        let found = endpoints(&discovery(&issuer, "any_origin")).unwrap();
        assert_eq!(
            found.userinfo.as_ref().unwrap().as_str(),
            "https://api.example/me"
        );
    }

    #[test]
    fn all_who_wait_share_one_fetch() {
        let (server, issuer) = provider("", json!({}));
        let discovery = discovery(&issuer, "on");
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let discovery = discovery.clone();
                run(2, async move { discovery.endpoints().await })
            })
            .collect();
        for call in waiting {
            pollster::block_on(call).unwrap();
        }
        assert_eq!(server.requests().len(), 1);
    }

    #[test]
    fn after_a_failure_the_provider_is_left_alone_for_a_while() {
        let server = Server::start(|_, _| answer(404, &["Retry-After: 7"], ""));
        let discovery = discovery(&format!("http://{}", server.address), "on");
        for _ in 0..3 {
            let error = endpoints(&discovery).unwrap_err();
            assert_eq!(error.status(), Status::Http);
            assert_eq!(error.http_status(), Some(404));
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
        assert_eq!(server.requests().len(), 1);
        assert_eq!(discovery.stats()["failures_in_a_row"], 1);
    }

    #[test]
    fn an_answer_that_is_no_metadata_is_refused() {
        let server = Server::start(|_, _| Answer::Last(b"HTTP/1.1 200 -\r\n\r\n<html>".to_vec()));
        let error = endpoints(&discovery(&format!("http://{}", server.address), "on"));
        assert_eq!(error.unwrap_err().status(), Status::MalformedResponse);
    }

    #[test]
    fn what_is_known_outlives_failures() {
        let endpoints = Arc::new(Endpoints::from_settings(&settings(
            "https://a.example",
            "off",
        )));
        let lost = || Err(Error::new(Status::Network, "lost"));
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let known = Known::default().after(&Ok((endpoints, 10 * second)), start);
        assert!(known.is_fresh(start + 9 * second) && !known.is_fresh(start + 10 * second));
        let first = known.after(&lost(), start + 10 * second);
        assert!(first.endpoints.is_some());
        assert!(!first.may_fetch(start + 10 * second) && first.may_fetch(start + 11 * second));
        let again = first.after(&lost(), start + 11 * second);
        assert!(!again.may_fetch(start + 12 * second) && again.may_fetch(start + 13 * second));
        let many = (0..100).fold(again, |known, _| known.after(&lost(), start));
        assert!(many.may_fetch(start + LONGEST_BACK_OFF) && many.endpoints.is_some());
    }
}
