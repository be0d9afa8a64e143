//! Policy 10: what is kept of a verification is the verdict on its signature, and nothing else.

use kinde::{Client, Status, VerifyOptions};
use kinde_test_support::{Application, status};
use serde_json::{Value, json};

use crate::tokens_access::unix_seconds;

async fn verified(client: &Client, token: &str, options: Value) -> Status {
    let options = VerifyOptions::from_json(&options.to_string()).unwrap();
    status(&client.verify_token(token, &options).await)
}

#[tokio::test]
async fn kind_audience_and_options_are_judged_each_time() {
    let app = Application::start();
    let token = app.token("access", json!({})).await;
    let audience = json!({ "audience": "https://api.example.com" });
    for _ in 0..3 {
        assert_eq!(verified(&app.client, &token, json!({})).await, Status::Ok);
        assert_eq!(
            verified(&app.client, &token, json!({ "type": "id" })).await,
            Status::TokenKind
        );
        assert_ne!(
            verified(&app.client, &token, audience.clone()).await,
            Status::Ok
        );
    }
    let id = app.token("id", json!({ "nonce": "n" })).await;
    for _ in 0..3 {
        assert_eq!(
            verified(&app.client, &id, json!({ "type": "id", "nonce": "n" })).await,
            Status::Ok
        );
        assert_eq!(
            verified(&app.client, &id, json!({ "type": "id", "nonce": "m" })).await,
            Status::Nonce
        );
        assert_eq!(
            verified(&app.client, &id, json!({})).await,
            Status::TokenKind
        );
    }
}

#[tokio::test]
async fn time_and_settings_are_judged_each_time() {
    let app = Application::start();
    let strict = app.client.derive(r#"{"clock_leeway_seconds": 0}"#).unwrap();
    let elsewhere = app
        .client
        .derive(r#"{"client_id": "emulator_spa"}"#)
        .unwrap();
    let token = app
        .token(
            "access",
            json!({ "claims": { "exp": unix_seconds() - 30 } }),
        )
        .await;
    let id = app.token("id", json!({})).await;
    for _ in 0..3 {
        assert_eq!(verified(&app.client, &token, json!({})).await, Status::Ok);
        assert_eq!(
            verified(&strict, &token, json!({})).await,
            Status::TokenExpired
        );
        assert_eq!(
            verified(&app.client, &id, json!({ "type": "id" })).await,
            Status::Ok
        );
        assert_eq!(
            verified(&elsewhere, &id, json!({ "type": "id" })).await,
            Status::Audience
        );
    }
}

#[tokio::test]
async fn a_crafted_token_does_not_meet_the_verdict_of_a_genuine_one() {
    let app = Application::start();
    let genuine = app.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &genuine, json!({})).await, Status::Ok);
    let parts: Vec<&str> = genuine.split('.').collect();
    let other = app
        .token(
            "access",
            json!({ "claims": { "permissions": ["everything"] } }),
        )
        .await;
    let others: Vec<&str> = other.split('.').collect();
    for crafted in [
        format!("{}.{}.{}", parts[0], others[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], others[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]),
        format!("{}.{}.{}A", parts[0], parts[1], parts[2]),
        format!("{}{}.{}.{}", parts[0], parts[1], "", parts[2]),
        format!(" {genuine}"),
        format!("{genuine}\n"),
        format!("{genuine}="),
        format!("{genuine}."),
    ] {
        for _ in 0..2 {
            let judged = verified(&app.client, &crafted, json!({})).await;
            assert!(
                matches!(judged, Status::Signature | Status::TokenMalformed),
                "{judged}: {crafted}"
            );
        }
    }
    assert_eq!(verified(&app.client, &genuine, json!({})).await, Status::Ok);
}

#[tokio::test]
async fn a_refused_token_stays_refused_and_an_accepted_one_accepted() {
    let app = Application::start();
    let forged = app.token("access", json!({ "sign": "foreign" })).await;
    for _ in 0..3 {
        assert_eq!(
            verified(&app.client, &forged, json!({})).await,
            Status::Signature
        );
    }
}

#[tokio::test]
async fn a_verdict_ends_with_its_key() {
    let app = Application::with(json!({ "jwks_cooldown_seconds": 0 }));
    let old = app.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &old, json!({})).await, Status::Ok);
    app.emulator
        .post("/keys/rotate", json!({ "keep_old": false }))
        .await;
    let new = app.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &new, json!({})).await, Status::Ok);
    assert_eq!(
        verified(&app.client, &old, json!({})).await,
        Status::KeyNotFound
    );
}

#[tokio::test]
async fn another_issuers_client_does_not_share_the_verdict() {
    let app = Application::start();
    let elsewhere = Application::start();
    let token = app.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &token, json!({})).await, Status::Ok);
    assert_eq!(
        verified(&elsewhere.client, &token, json!({})).await,
        Status::Issuer
    );
}
