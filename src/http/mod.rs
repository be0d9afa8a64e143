//! The only place that uses reqwest: deadlines, size limits, retries, redaction.

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::config::Settings;
use crate::error::Result;
use crate::secret::Secret;

/// Sends requests. One per transport configuration and process; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Http {}

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

/// The methods of the Kinde APIs (RFC 9110, section 9; RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What is sent.
pub(crate) enum Body {
    Empty,
    /// `application/x-www-form-urlencoded`
    Form(Zeroizing<String>),
    /// `application/json`
    Json(Zeroizing<String>),
}

/// Whether a request may be sent again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Never,
    /// Safe to repeat: network trouble, 429 and 5xx are tried again within the deadline.
    Idempotent,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Body::Empty => "Empty",
            Body::Form(_) => "Form(…)",
            Body::Json(_) => "Json(…)",
        })
    }
}

impl Http {
    pub(crate) fn new(settings: &Settings) -> Result<Http> {
        let _ = settings;
        unimplemented!()
    }

    /// Sends a request and reads the whole answer. Any HTTP status is `Ok`; errors are network
    /// trouble (`NETWORK`, `TLS`, `TIMEOUT`) and answers that are too large.
    pub(crate) async fn send(&self, request: Request) -> Result<Response> {
        let _ = request;
        unimplemented!()
    }
}
