//! Events, signed and sent.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::process::{Emulator, text};

/// What an application was sent: `content-type`, `webhook-id`, body.
type Received = Arc<Mutex<Vec<(String, String, String)>>>;

/// An application that answers with these statuses, one after the other.
async fn application(statuses: &'static [u16]) -> (String, Received) {
    let received = Received::default();
    let noted = received.clone();
    let answer = async move |headers: HeaderMap, body: String| {
        let header = |name: &str| headers[name].to_str().unwrap_or_default().to_owned();
        let mut noted = noted.lock().expect("no panic");
        noted.push((header("content-type"), header("webhook-id"), body));
        StatusCode::from_u16(statuses[noted.len() - 1]).expect("a status")
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/hooks", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hooks?from=kinde"), received)
}

#[tokio::test]
async fn an_event_is_signed_as_kinde_does() {
    let emulator = Emulator::start(&["--control"]);
    let now = json!({ "now": 1_709_208_000 });
    emulator.control("/clock", now).await;
    let order = json!({ "type": "role.created", "data": { "key": "admin" }, "source": "api", "event_id": "event_1" });
    let webhook = emulator.control("/webhooks", order).await;
    let mut claims = emulator
        .verified(text(&webhook, "token"))
        .await
        .expect("a signature");
    let timestamp = claims["timestamp"].take();
    let timestamp = timestamp.as_str().expect("a text");
    assert!(timestamp.starts_with("2024-02-29T12:00:00."), "{timestamp}");
    assert!(timestamp.ends_with("+00:00"), "{timestamp}");
    let expected = json!({
        "type": "role.created", "data": { "key": "admin" }, "source": "api", "event_id": "event_1", "timestamp": null,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn an_event_can_be_wrong() {
    let emulator = Emulator::start(&["--control"]);
    let order = json!({ "claims": { "data": null, "sub": "kp_1" }, "sign": "foreign" });
    let webhook = emulator.control("/webhooks", order).await;
    assert_eq!(webhook["claims"]["sub"], "kp_1");
    assert_eq!(webhook["claims"].get("data"), None);
    assert!(emulator.verified(text(&webhook, "token")).await.is_err());
}

#[tokio::test]
async fn an_event_is_sent_again_until_it_is_answered_with_200() {
    let emulator = Emulator::start(&["--control"]);
    let (url, received) = application(&[500, 202, 200, 200]).await;
    let order = json!({ "url": url, "retries_ms": [0, 1, 0], "webhook_id": "msg_1" });
    let sent = emulator.control("/webhooks/send", order).await;
    let statuses: Vec<&Value> = sent["attempts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|attempt| &attempt["status"])
        .collect();
    assert_eq!(statuses, [500, 202, 200]);
    let once = (
        "application/jwt".to_owned(),
        "msg_1".to_owned(),
        text(&sent, "token").to_owned(),
    );
    assert_eq!(
        *received.lock().expect("no panic"),
        [once.clone(), once.clone(), once]
    );
}

#[tokio::test]
async fn whom_nobody_answers_for_is_reported() {
    let emulator = Emulator::start(&["--control"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let order = json!({ "url": format!("http://{address}/"), "retries_ms": [0] });
    let sent = emulator.control("/webhooks/send", order).await;
    assert_eq!(sent["attempts"].as_array().map(Vec::len), Some(2));
    assert!(sent["attempts"][1]["error"].is_string(), "{sent}");
}
