//! The only place that uses reqwest: deadlines, size limits, retries, redaction.

mod connection;
mod failure;
mod pace;
mod repeat;
mod response;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::config::{PlainHttp, Settings};
use crate::error::{Error, Result, Status};
use crate::log;
use crate::secret::Secret;
use connection::Connections;
pub(crate) use failure::find;
pub(crate) use pace::Pace;
pub(crate) use repeat::jitter;
pub(crate) use response::Response;

/// Sends requests. One per transport configuration and process; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: Connections,
    insecure_hosts: Vec<String>,
    max_response_bytes: usize,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: Method,
    pub url: Url,
    /// Values may be secret: an `Authorization` header is one.
    pub headers: Vec<(&'static str, Secret)>,
    pub body: Body,
    pub repeat: Repeat,
    /// When the whole call, with its repetitions, must have ended.
    pub deadline: Instant,
}

/// The methods of OAuth, OpenID Connect and Kinde's APIs (RFC 9110, section 9; RFC 5789).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What is sent.
#[derive(Clone)]
pub(crate) enum Body {
    Empty,
    /// `application/x-www-form-urlencoded`
    Form(Zeroizing<String>),
    /// `application/json`
    Json(Zeroizing<String>),
    /// `multipart/form-data` (RFC 7578)
    Multipart {
        boundary: String,
        parts: Zeroizing<Vec<u8>>,
    },
}

/// Whether a request may be sent again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// At most once: what a connection lost before the answer is not sent again.
    Never,
    /// Tried again only if the other side certainly did not act: it could not be reached, or it
    /// answered 429.
    Unsent,
    /// Safe to repeat: network trouble, 429 and 5xx are tried again within the deadline.
    Idempotent,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Body::Empty => "Empty",
            Body::Form(_) => "Form(…)",
            Body::Json(_) => "Json(…)",
            Body::Multipart { .. } => "Multipart(…)",
        })
    }
}

impl Http {
    /// Opens nothing yet, and reads no file but `ca_file`.
    ///
    /// # Errors
    /// `CONFIG` if `ca_file` cannot be read or holds no certificate.
    pub(crate) fn new(settings: &Settings) -> Result<Http> {
        Ok(Http(Arc::new(Inner {
            connections: Connections::new(settings)?,
            insecure_hosts: settings.insecure_hosts.clone(),
            max_response_bytes: settings.max_response_bytes,
        })))
    }

    /// Sends a request and reads the whole answer. Any HTTP status is `Ok`, also a redirect, which
    /// is never followed.
    ///
    /// # Errors
    /// `NETWORK`, `TLS`, `TIMEOUT`, `RESPONSE_TOO_LARGE`, `MALFORMED_RESPONSE` if what came is not
    /// HTTP, `CONFIG` if the URL would need plain HTTP to a host that is not allowed to.
    pub(crate) async fn send(&self, request: Request) -> Result<Response> {
        self.send_at(request, None).await
    }

    /// Like [`Http::send`], but no faster than `pace` allows; while the other side has too many
    /// requests, it is tried again until the deadline.
    ///
    /// # Errors
    /// Those of [`Http::send`], and `RATE_LIMITED` if the wait would go beyond the deadline.
    pub(crate) async fn send_paced(&self, request: Request, pace: &Pace) -> Result<Response> {
        self.send_at(request, Some(pace)).await
    }

    async fn send_at(&self, request: Request, pace: Option<&Pace>) -> Result<Response> {
        let peer = Peer::of(&request.url, self.0.connections.may_use_proxy(&request.url));
        if !PlainHttp::to(&self.0.insecure_hosts).allows(&request.url) {
            return Err(refused(&peer));
        }
        let deadline = request.deadline;
        let method = request.method.as_str();
        let begun = Instant::now();
        let outcome = tokio::time::timeout_at(deadline, self.0.exchange(request, &peer, pace))
            .await
            .unwrap_or_else(|_| Err(failure::deadline(&peer)));
        if log::enabled(log::Level::Debug) {
            let took = begun.elapsed().as_millis();
            let end = match &outcome {
                Ok(response) => response.status.to_string(),
                Err(error) => error.status().to_string(),
            };
            log::debug("http", &format!("{method} {peer}: {end} after {took} ms"));
        }
        outcome
    }
}

impl Inner {
    /// Sends until there is an answer to give, or repeating makes no sense any more.
    async fn exchange(
        &self,
        request: Request,
        peer: &Peer,
        pace: Option<&Pace>,
    ) -> Result<Response> {
        let client = self.connections.client(&request.url).await?;
        let Request {
            method,
            url,
            headers,
            body,
            repeat,
            deadline,
        } = request;
        let mut prepared = reqwest::Request::new(method.into(), url);
        *prepared.headers_mut() = header_map(headers, &body)?;
        let body = body.into_bytes();
        let mut delays = repeat::Delays::new(repeat, deadline, pace.is_some());
        loop {
            let place = match pace {
                Some(pace) => Some(pace.enter(deadline).await?),
                None => None,
            };
            // Nothing is cloned for the last attempt, which mostly is the only one.
            let (attempt, next) = if delays.may_repeat() {
                let mut attempt =
                    reqwest::Request::new(prepared.method().clone(), prepared.url().clone());
                *attempt.headers_mut() = prepared.headers().clone();
                (attempt, Some(prepared))
            } else {
                (prepared, None)
            };
            let sent = (attempt, body.clone());
            let outcome = self.attempt(client, sent, peer, pace).await;
            // Only now, so that nobody takes it who does not know yet that he has to wait.
            drop(place);
            let delay = delays.after(&outcome);
            match (next, delay) {
                (Some(next), Some(delay)) => {
                    prepared = next;
                    tokio::time::sleep(delay).await;
                }
                _ => return outcome.map_err(|failed| failed.error),
            }
        }
    }

    async fn attempt(
        &self,
        client: &reqwest::Client,
        (mut request, body): (reqwest::Request, Option<Bytes>),
        peer: &Peer,
        pace: Option<&Pace>,
    ) -> std::result::Result<Response, Failed> {
        *request.body_mut() = body.map(reqwest::Body::from);
        // Boxed, so that what reqwest does is compiled for size, as reqwest is.
        let answer: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(client.execute(request));
        let answer = answer.await.map_err(|error| Failed {
            error: failure::of_request(&error, peer),
            unsent: error.is_connect(),
        })?;
        self.read(answer, peer, pace).await.map_err(|error| Failed {
            error,
            unsent: false,
        })
    }

    /// Reads the whole body, decompressed, but not more than allowed.
    async fn read(
        &self,
        mut answer: reqwest::Response,
        peer: &Peer,
        pace: Option<&Pace>,
    ) -> Result<Response> {
        let status = answer.status().as_u16();
        let limit = self.max_response_bytes;
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|length| length > limit) {
            return Err(failure::too_large(peer, limit, status));
        }
        let headers = std::mem::take(answer.headers_mut());
        let mut response = Response::new(status, headers, Bytes::new());
        // Before the body is read: then the connection is free, and the next request may take it.
        if let Some(pace) = pace {
            pace.follow(&response);
        }
        const FIRST_CAPACITY: u64 = 64 * 1024;
        // Fits: at most 64 KiB.
        let capacity = announced.min(FIRST_CAPACITY) as usize;
        let mut body = Zeroizing::new(Vec::with_capacity(capacity));
        loop {
            let chunk = answer.chunk().await;
            let Some(chunk) = chunk.map_err(|error| failure::of_body(&error, peer, status))? else {
                break;
            };
            if body.len() + chunk.len() > limit {
                return Err(failure::too_large(peer, limit, status));
            }
            body.extend_from_slice(&chunk);
        }
        response.body = Bytes::from_owner(body);
        Ok(response)
    }
}

/// Why an attempt gave no answer.
#[derive(Debug)]
struct Failed {
    error: Error,
    /// Whether there was no connection, so that nothing was sent.
    unsent: bool,
}

/// Whom a request goes to, as messages name it: never with path or query, which may hold secrets.
#[derive(Debug)]
struct Peer {
    name: String,
    through_proxy: bool,
}

impl Peer {
    fn of(url: &Url, through_proxy: bool) -> Peer {
        let host = url.host_str().unwrap_or_default();
        let name = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Peer {
            name,
            through_proxy,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn refused(peer: &Peer) -> Error {
    Error::new(
        Status::Config,
        format!(
            "{peer} may be spoken to over https only; insecure_hosts can name development hosts"
        ),
    )
    .with_field("insecure_hosts")
}

fn header_map(headers: Vec<(&'static str, Secret)>, body: &Body) -> Result<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len() + 2);
    // Kinde refuses `application/json; charset=utf-8` here.
    map.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(content_type) = body.content_type() {
        map.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in headers {
        let invalid = || Error::invalid_argument(name, "cannot be sent as a header");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        }
    }
}

impl Body {
    fn content_type(&self) -> Option<HeaderValue> {
        let fixed = |text| Some(HeaderValue::from_static(text));
        match self {
            Body::Empty => None,
            Body::Form(_) => fixed("application/x-www-form-urlencoded"),
            Body::Json(_) => fixed("application/json"),
            Body::Multipart { boundary, .. } => {
                let text = format!("multipart/form-data; boundary={boundary}");
                HeaderValue::from_str(&text).ok()
            }
        }
    }

    /// The bytes, zeroized when the last attempt is done with them.
    fn into_bytes(self) -> Option<Bytes> {
        match self {
            Body::Empty => None,
            Body::Form(text) | Body::Json(text) => Some(Bytes::from_owner(text)),
            Body::Multipart { parts, .. } => Some(Bytes::from_owner(parts)),
        }
    }
}
