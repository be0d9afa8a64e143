//! Webhooks: events as signed tokens, sent as Kinde sends them.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use url::Url;

use crate::jwt::Claims;
use crate::lies::{self, SignedToken};
use crate::random;
use crate::state::Emulator;

/// Longer than any application takes that a test talks to.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
pub struct Event {
    #[serde(rename = "type")]
    event_type: Option<String>,
    data: Option<Value>,
    event_id: Option<String>,
    timestamp: Option<String>,
    source: Option<String>,
    webhook_id: Option<String>,
    #[serde(flatten)]
    distortion: Map<String, Value>,
}

/// An event, signed.
pub struct Webhook {
    id: String,
    token: SignedToken,
}

impl Webhook {
    pub fn to_json(&self) -> Value {
        let SignedToken {
            text,
            header,
            claims,
        } = &self.token;
        json!({"webhook_id": self.id, "token": text, "header": header, "claims": claims})
    }
}

/// Signs an event as Kinde does, or as it was ordered.
pub fn mint(emulator: &Emulator, event: Event) -> Result<Webhook, String> {
    let mut claims = Claims::new();
    let mut add = |name: &str, value| claims.insert(name.to_owned(), value);
    let user = || json!({"user": {"id": "kp_emulator"}});
    add(
        "type",
        json!(event.event_type.as_deref().unwrap_or("user.created")),
    );
    add(
        "event_id",
        json!(
            event
                .event_id
                .unwrap_or_else(|| format!("event_{}", random::hex::<16>()))
        ),
    );
    add(
        "timestamp",
        json!(event.timestamp.unwrap_or_else(|| emulator.clock.iso8601())),
    );
    add("source", json!(event.source.as_deref().unwrap_or("admin")));
    add("data", event.data.unwrap_or_else(user));
    let distortion = serde_json::from_value(Value::Object(event.distortion))
        .map_err(|error| error.to_string())?;
    Ok(Webhook {
        id: event
            .webhook_id
            .unwrap_or_else(|| format!("msg_{}", random::hex::<16>())),
        token: lies::sign(&emulator.keys(), claims, Some(&distortion))?,
    })
}

#[derive(Deserialize)]
pub struct Delivery {
    url: String,
    /// How long to wait before each attempt after the first.
    #[serde(default)]
    retries_ms: Vec<u64>,
    #[serde(flatten)]
    event: Event,
}

/// Sends an event until it is answered with 200, or the attempts are used up.
pub async fn send(emulator: &Emulator, delivery: Delivery) -> Result<Value, String> {
    let Delivery {
        url,
        retries_ms,
        event,
    } = delivery;
    let url = Url::parse(&url).map_err(|error| format!("url: {error}"))?;
    if url.scheme() != "http" {
        return Err("url: only http is sent to".to_owned());
    }
    let webhook = mint(emulator, event)?;
    let waits = [0].into_iter().chain(retries_ms);
    let mut attempts = Vec::new();
    for wait in waits {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let answered = tokio::time::timeout(ANSWER_WITHIN, post(&url, &webhook)).await;
        let attempt = match answered {
            Ok(Ok(status)) => json!({"status": status}),
            Ok(Err(error)) => json!({"error": error.to_string()}),
            Err(_) => json!({"error": "no answer in time"}),
        };
        let is_done = attempt["status"] == 200;
        attempts.push(attempt);
        if is_done {
            break;
        }
    }
    let mut answer = webhook.to_json();
    answer["attempts"] = Value::Array(attempts);
    Ok(answer)
}

async fn post(
    url: &Url,
    webhook: &Webhook,
) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, format!("{host}:{port}"))
        .header(CONTENT_TYPE, "application/jwt")
        .header("webhook-id", &webhook.id)
        .body(Full::new(Bytes::from(webhook.token.text.clone())))?;
    // If it ends without an answer, the request says so.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.status().as_u16())
}
