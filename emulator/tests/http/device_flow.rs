//! RFC 8628.

use serde_json::{Value, json};

use crate::browser::{Browser, flow_in};
use crate::process::{Answer, Emulator, text};

const CLIENT: (&str, &str) = ("client_id", "emulator_device");

async fn start(emulator: &Emulator) -> Value {
    let answer = emulator.post("/oauth2/device/auth", &[CLIENT]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn poll(emulator: &Emulator, started: &Value) -> Answer {
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    emulator
        .post(
            "/oauth2/token",
            &[CLIENT, grant, ("device_code", text(started, "device_code"))],
        )
        .await
}

#[tokio::test]
async fn a_device_is_told_where_to_send_its_user() {
    let emulator = Emulator::start(&[]);
    let started = start(&emulator).await;
    assert_eq!(
        (&started["expires_in"], &started["interval"]),
        (&json!(600), &json!(5))
    );
    let verification_uri = format!("{}/device", emulator.url);
    assert_eq!(started["verification_uri"], verification_uri);
    let complete = format!(
        "{verification_uri}?user_code={}",
        text(&started, "user_code")
    );
    assert_eq!(started["verification_uri_complete"], complete);
    assert!(text(&started, "qr_code").starts_with("data:image/svg+xml;base64,"));
}

#[tokio::test]
async fn polling_waits_slows_down_and_succeeds_once() {
    let emulator = Emulator::start(&["--control"]);
    let started = start(&emulator).await;
    poll(&emulator, &started)
        .await
        .assert_error(400, "authorization_pending", "");
    poll(&emulator, &started)
        .await
        .assert_error(400, "slow_down", "5 seconds");
    emulator
        .control("/clock", json!({"shift_seconds": 6}))
        .await;
    poll(&emulator, &started)
        .await
        .assert_error(400, "slow_down", "");
    emulator
        .control("/clock", json!({"shift_seconds": 16}))
        .await;
    poll(&emulator, &started)
        .await
        .assert_error(400, "authorization_pending", "");

    let approval =
        json!({"user_code": started["user_code"], "action": "approve", "email": "ada@example.com"});
    emulator.control("/device", approval).await;
    let tokens = poll(&emulator, &started).await.json();
    let id_token = emulator.claims(&tokens, "id_token").await;
    assert_eq!(id_token["email"], "ada@example.com");
    assert!(tokens.get("refresh_token").is_some());
    poll(&emulator, &started)
        .await
        .assert_error(400, "invalid_grant", "used before");
}

#[tokio::test]
async fn refusal_expiry_and_foreign_codes_have_their_errors() {
    let emulator = Emulator::start(&["--control"]);
    let started = start(&emulator).await;
    emulator
        .control(
            "/device",
            json!({"user_code": started["user_code"], "action": "deny"}),
        )
        .await;
    poll(&emulator, &started)
        .await
        .assert_error(400, "access_denied", "");

    let started = start(&emulator).await;
    emulator
        .control("/clock", json!({"shift_seconds": 601}))
        .await;
    poll(&emulator, &started)
        .await
        .assert_error(400, "expired_token", "");
    poll(&emulator, &json!({"device_code": "unknown"}))
        .await
        .assert_error(400, "invalid_grant", "");
}

#[tokio::test]
async fn only_devices_may_start() {
    let emulator = Emulator::start(&[]);
    let start = async |fields: &[(&str, &str)]| emulator.post("/oauth2/device/auth", fields).await;
    start(&[])
        .await
        .assert_error(400, "invalid_request", "client_id");
    start(&[("client_id", "emulator_spa")])
        .await
        .assert_error(400, "unauthorized_client", "");
    start(&[CLIENT, ("audience", "https://other.example")])
        .await
        .assert_error(400, "invalid_request", "audience");
    start(&[CLIENT, ("scope", "openid fly")])
        .await
        .assert_error(400, "invalid_scope", "fly");
    start(&[CLIENT, ("state", "x")])
        .await
        .assert_error(400, "invalid_request", "state");
    start(&[CLIENT, CLIENT])
        .await
        .assert_error(400, "invalid_request", "more than once");
}

#[tokio::test]
async fn a_person_signs_in_and_allows_on_the_page() {
    let emulator = Emulator::start(&["--control"]);
    let started = start(&emulator).await;
    let browser = Browser::new(&emulator);
    let unknown = browser.get("/device?user_code=BBBB-BBBB").await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.body.contains("role=\"alert\""));

    // As typed by a hurried person.
    let typed = text(&started, "user_code").to_lowercase().replace('-', " ");
    let to_sign_in = browser
        .get(&format!("/device?user_code={}", typed.replace(' ', "+")))
        .await;
    let page = browser.get(to_sign_in.location().as_str()).await;
    assert!(page.body.contains("Television"));
    let back = browser
        .post(
            "/sign-in",
            &[
                ("flow", &flow_in(&page.body)),
                ("email", "grace@example.com"),
            ],
        )
        .await;
    assert_eq!(back.status, 303);
    let consent = browser.get(back.location().as_str()).await;
    assert!(
        consent.body.contains("grace@example.com")
            && consent.body.contains(text(&started, "user_code"))
    );

    let flow = flow_in(&consent.body);
    let stranger = Browser::new(&emulator);
    assert_eq!(
        stranger
            .post("/device", &[("flow", &flow), ("action", "approve")])
            .await
            .status,
        400
    );
    let allowed = browser
        .post("/device", &[("flow", &flow), ("action", "approve")])
        .await;
    assert!(allowed.body.contains("connected"), "{}", allowed.body);
    let tokens = poll(&emulator, &started).await.json();
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["org_code"], "org_acme");
}

#[tokio::test]
async fn a_person_may_deny_on_the_page() {
    let emulator = Emulator::for_ada();
    let started = start(&emulator).await;
    let browser = Browser::new(&emulator);
    let consent = browser
        .get(text(&started, "verification_uri_complete"))
        .await;
    let denied = browser
        .post(
            "/device",
            &[("flow", &flow_in(&consent.body)), ("action", "deny")],
        )
        .await;
    assert!(denied.body.contains("Refused"));
    poll(&emulator, &started)
        .await
        .assert_error(400, "access_denied", "");
}
