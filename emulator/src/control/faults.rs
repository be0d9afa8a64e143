//! Answers that go wrong on order.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::merge_patch;
use crate::params::Params;
use crate::random;

/// Genuine answers are far smaller.
const MOST_GENUINE_BYTES: usize = 16 << 20;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    path: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    form: BTreeMap<String, String>,
    #[serde(default = "once")]
    times: Option<u64>,
    #[serde(default)]
    skip: u64,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    hang: bool,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    body_base64: Option<String>,
    #[serde(default)]
    garbage: Option<usize>,
    #[serde(default)]
    oversize: Option<usize>,
    #[serde(default)]
    redirect: Option<String>,
    #[serde(default)]
    patch: Option<Value>,
    #[serde(default)]
    truncate: Option<usize>,
    #[serde(default)]
    stall: Option<usize>,
    #[serde(default)]
    drop: Option<Drop>,
}

/// When the connection closes without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "DropText", into = "DropText")]
enum Drop {
    Never,
    Before,
    After,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum DropText {
    Flag(bool),
    When(When),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    Before,
    After,
}

impl From<DropText> for Drop {
    fn from(text: DropText) -> Self {
        match text {
            DropText::Flag(false) => Self::Never,
            DropText::Flag(true) | DropText::When(When::Before) => Self::Before,
            DropText::When(When::After) => Self::After,
        }
    }
}

impl From<Drop> for DropText {
    fn from(drop: Drop) -> Self {
        match drop {
            Drop::Never => Self::Flag(false),
            Drop::Before => Self::When(When::Before),
            Drop::After => Self::When(When::After),
        }
    }
}

fn once() -> Option<u64> {
    Some(1)
}

/// The connection ends without an answer.
#[derive(Debug)]
pub struct ConnectionClosed;

impl fmt::Display for ConnectionClosed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the test control closed this connection")
    }
}

impl std::error::Error for ConnectionClosed {}

impl From<Infallible> for ConnectionClosed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub type Applied = Result<Response, ConnectionClosed>;

/// The fault that this request meets, if any; it has one use less afterwards.
pub fn take(faults: &mut Vec<Fault>, parts: &Parts, body: &[u8]) -> Option<Fault> {
    let matching = faults.iter_mut().filter(|fault| fault.matches(parts, body));
    let mut chosen = None;
    for fault in matching {
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        fault.times = fault.times.map(|times| times.saturating_sub(1));
        chosen = Some(fault.clone());
        break;
    }
    faults.retain(|fault| fault.times != Some(0));
    chosen
}

impl Fault {
    /// Says what is wrong with the order.
    pub fn check(&self) -> Result<(), String> {
        if !self.path.starts_with('/') {
            return Err("path: a path such as /oauth2/token is needed".to_owned());
        }
        if let Some(status) = self.status {
            StatusCode::from_u16(status)
                .map_err(|_| format!("status: {status} is no HTTP status"))?;
        }
        for (name, value) in &self.headers {
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("headers: {name:?} is no header name"))?;
            HeaderValue::from_str(value)
                .map_err(|_| format!("headers.{name}: {value:?} is no header value"))?;
        }
        if let Some(encoded) = &self.body_base64 {
            STANDARD
                .decode(encoded)
                .map_err(|error| format!("body_base64: {error}"))?;
        }
        Ok(())
    }

    fn matches(&self, parts: &Parts, body: &[u8]) -> bool {
        path_fits(&self.path, parts)
            && method_fits(self.method.as_deref(), parts)
            && self.form_fits(parts, body)
    }

    fn form_fits(&self, parts: &Parts, body: &[u8]) -> bool {
        if self.form.is_empty() {
            return true;
        }
        let query = Params::decode(parts.uri.query().unwrap_or_default()).unwrap_or_default();
        let form = Params::decode_form(&parts.headers, body).unwrap_or_default();
        self.form.iter().all(|(name, value)| {
            let value = Some(value.as_str());
            form.get(name) == value || query.get(name) == value
        })
    }

    fn replaces_the_answer(&self) -> bool {
        self.status.is_some()
            || self.body.is_some()
            || self.body_base64.is_some()
            || self.garbage.is_some()
            || self.oversize.is_some()
            || self.redirect.is_some()
    }

    pub async fn apply(
        self,
        mut released: watch::Receiver<u64>,
        genuine: impl Future<Output = Response>,
    ) -> Applied {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
        if self.hang {
            // The sender lives as long as the emulator.
            let _ = released.changed().await;
        }
        if self.drop == Some(Drop::Before) {
            return Err(ConnectionClosed);
        }
        let mut response = if self.replaces_the_answer() {
            self.replacement()
        } else {
            genuine.await
        };
        if self.drop == Some(Drop::After) {
            return Err(ConnectionClosed);
        }
        if let Some(patch) = &self.patch {
            response = patched(response, patch).await;
        }
        for (name, value) in &self.headers {
            // Checked when the order came in.
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(match (self.truncate, self.stall) {
            (Some(bytes), _) => cut(response, bytes, None).await,
            (None, Some(bytes)) => cut(response, bytes, Some(released)).await,
            (None, None) => response,
        })
    }

    fn replacement(&self) -> Response {
        let mut response = Response::new(Body::from(self.replacement_body()));
        let default = if self.redirect.is_some() {
            StatusCode::FOUND
        } else {
            StatusCode::OK
        };
        let status = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        *response.status_mut() = status.unwrap_or(default);
        let is_text = matches!(self.body, Some(Value::String(_)));
        let content_type = if is_text {
            "text/plain; charset=utf-8"
        } else {
            "application/json"
        };
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(location) = self
            .redirect
            .as_ref()
            .and_then(|address| HeaderValue::from_str(address).ok())
        {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    fn replacement_body(&self) -> Vec<u8> {
        if let Some(length) = self.garbage {
            let mut bytes = vec![0; length];
            random::fill(&mut bytes);
            return bytes;
        }
        if let Some(length) = self.oversize {
            const FRAME: usize = r#"{"filler":""}"#.len();
            return format!(
                r#"{{"filler":"{}"}}"#,
                "x".repeat(length.saturating_sub(FRAME))
            )
            .into_bytes();
        }
        if let Some(encoded) = &self.body_base64 {
            return STANDARD.decode(encoded).unwrap_or_default();
        }
        match &self.body {
            None => Vec::new(),
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(value) => value.to_string().into_bytes(),
        }
    }
}

/// Whether a request is to this path; a `*` at its end stands for the rest.
pub fn path_fits(wanted: &str, parts: &Parts) -> bool {
    let path = parts.uri.path();
    match wanted.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == wanted,
    }
}

pub fn method_fits(wanted: Option<&str>, parts: &Parts) -> bool {
    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(parts.method.as_str()))
}

/// The genuine JSON answer with the patch merged into it.
async fn patched(response: Response, patch: &Value) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_GENUINE_BYTES).await.unwrap_or_default();
    let mut value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    merge_patch::merge(&mut value, patch);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Announces the whole body, sends the start of it, then breaks off: at once, or when released.
async fn cut(response: Response, length: usize, release: Option<watch::Receiver<u64>>) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_GENUINE_BYTES).await.unwrap_or_default();
    let announced = bytes.len().max(length + 1);
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(announced));
    let start = bytes.slice(..length.min(bytes.len()));
    let chunks = stream::unfold((Some(start), release), |(start, release)| async move {
        if let Some(start) = start {
            return Some((Ok::<Bytes, io::Error>(start), (None, release)));
        }
        match release {
            Some(mut release) => {
                let _ = release.changed().await;
            }
            // The first bytes leave before the connection breaks.
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        Some((Err(io::Error::other(ConnectionClosed)), (None, None)))
    });
    Response::from_parts(parts, Body::from_stream(chunks))
}
