//! Policy 4: proof keys, states and nonces.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinde::{AuthorizationParams, Client, Config, Status};
use kinde_test_support::{Application, query, status};
use serde_json::json;
use sha2::{Digest, Sha256};

const TOKEN: &str = "/oauth2/token";

#[tokio::test]
async fn s256_is_the_default_for_confidential_clients_too() {
    let app = Application::start();
    let request = app
        .client
        .authorization_url(&AuthorizationParams::new())
        .unwrap();
    let verifier = request.code_verifier.as_ref().unwrap().expose();
    let sent = query(&request.url);
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(
        sent["code_challenge"],
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
    );
    assert!(
        (43..=128).contains(&verifier.len()),
        "RFC 7636, section 4.1"
    );

    app.signed_in().await;
    let exchange = app.emulator.last_request(TOKEN).await;
    assert!(exchange.field("code_verifier").is_some());
    assert!(exchange.field("client_secret").is_some());
}

#[tokio::test]
async fn verifier_and_secret_never_reach_the_authorization_endpoint() {
    let app = Application::start();
    let request = app
        .client
        .authorization_url(&AuthorizationParams::new())
        .unwrap();
    let verifier = request.code_verifier.as_ref().unwrap().expose();
    assert!(!request.url.contains(verifier));
    assert!(!request.url.contains("emulator-web-secret"));
    let sent = query(&request.url);
    for name in ["code_verifier", "client_secret", "grant_type"] {
        assert!(!sent.contains_key(name), "{name}");
        let given = json!({ name: "x" }).to_string();
        assert_eq!(
            AuthorizationParams::from_json(&given).unwrap_err().field(),
            Some(name)
        );
        let extra = json!({ "extra": { name: "x" } }).to_string();
        assert!(AuthorizationParams::from_json(&extra).is_err(), "{name}");
    }
}

#[test]
fn pkce_off_is_refused_without_a_client_secret() {
    let mut config = Config::new();
    config
        .load_json(r#"{"domain": "example.kinde.com", "client_id": "x", "pkce": false}"#)
        .unwrap();
    let error = Client::new(&config).unwrap_err();
    assert_eq!(
        (error.status(), error.field()),
        (Status::Config, Some("pkce"))
    );
    config.set("client_secret", "s").unwrap();
    assert!(Client::new(&config).is_ok());
}

#[tokio::test]
async fn without_pkce_the_nonce_is_always_checked() {
    let app = Application::with(json!({ "pkce": false }));
    let session = app.signed_in().await;
    assert!(session.is_authenticated());
    assert_eq!(
        app.emulator
            .last_request(TOKEN)
            .await
            .field("code_verifier"),
        None
    );

    for nonce in [json!(null), json!("x")] {
        app.emulator
            .lie(json!({ "token": "id", "claims": { "nonce": nonce } }))
            .await;
        let session = app.client.session();
        let callback = app.callback(&session).await;
        assert_eq!(
            status(&session.handle_callback(&callback).await),
            Status::Nonce
        );
    }
    // Without a session, an exchange that brings neither proof is not sent.
    let request = app
        .client
        .authorization_url(&AuthorizationParams::new())
        .unwrap();
    assert!(request.code_verifier.is_none());
    let callback = app.browser().open(&request.url).await.at_application();
    let exchange = json!({ "code": query(&callback)["code"], "redirect_uri": query(&request.url)["redirect_uri"] });
    let exchange = kinde::CodeExchange::from_json(&exchange.to_string()).unwrap();
    let error = app.client.exchange_code(exchange).await.unwrap_err();
    assert_eq!(
        (error.status(), error.field()),
        (Status::InvalidArgument, Some("nonce"))
    );
}

#[tokio::test]
async fn the_provider_refuses_a_code_without_its_verifier() {
    let app = Application::start();
    let request = app
        .client
        .authorization_url(&AuthorizationParams::new())
        .unwrap();
    let callback = app.browser().open(&request.url).await.at_application();
    let exchange = json!({
        "code": query(&callback)["code"],
        "code_verifier": "x".repeat(43),
        "redirect_uri": query(&request.url)["redirect_uri"],
        "nonce": request.nonce,
    });
    let exchange = kinde::CodeExchange::from_json(&exchange.to_string()).unwrap();
    assert_eq!(
        status(&app.client.exchange_code(exchange).await),
        Status::InvalidGrant
    );
}

#[test]
fn states_and_nonces_are_256_random_bits() {
    let mut config = Config::new();
    config.load_json(r#"{"domain": "example.kinde.com", "client_id": "x", "redirect_uri": "https://a.example/cb"}"#).unwrap();
    let client = Client::new(&config).unwrap();
    let mut seen = HashSet::new();
    let mut ones = 0_u64;
    for _ in 0..1000 {
        let request = client
            .authorization_url(&AuthorizationParams::new())
            .unwrap();
        let verifier = request.code_verifier.as_ref().unwrap().expose().to_owned();
        for value in [request.state.clone(), request.nonce.clone()] {
            let bytes = URL_SAFE_NO_PAD.decode(&value).unwrap();
            assert_eq!(bytes.len(), 32);
            ones += bytes
                .iter()
                .map(|byte| u64::from(byte.count_ones()))
                .sum::<u64>();
            assert!(seen.insert(value));
        }
        assert!(seen.insert(verifier));
        assert_eq!(query(&request.url)["state"], request.state);
        assert_eq!(query(&request.url)["nonce"], request.nonce);
    }
    // 512,000 fair coins fall this far apart once in 10^40 runs.
    assert!(ones.abs_diff(256_000) < 5_000, "{ones}");
}

#[tokio::test]
async fn a_state_is_good_for_one_callback() {
    let app = Application::start();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    session.handle_callback(&callback).await.unwrap();
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::StateMismatch
    );
    assert!(
        session.is_authenticated(),
        "a repeated callback does not sign out"
    );
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn a_state_is_used_up_by_a_callback_that_fails() {
    let app = Application::start();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    app.emulator
        .fault(json!({ "path": TOKEN, "status": 400, "body": { "error": "invalid_grant" } }))
        .await;
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::InvalidGrant
    );
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::StateMismatch
    );
}

#[tokio::test]
async fn of_two_callbacks_at_once_one_wins() {
    let app = Application::start();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (session, callback) = (session.clone(), callback.clone());
            tokio::spawn(async move { status(&session.handle_callback(&callback).await) })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Status::Ok => won += 1,
            lost => assert_eq!(lost, Status::StateMismatch),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn a_state_is_gone_after_its_lifetime() {
    let app = Application::with(json!({ "sign_in_lifetime_seconds": 1 }));
    // The user takes longer than that.
    app.emulator
        .fault(json!({ "path": "/oauth2/auth", "delay_ms": 2500 }))
        .await;
    let session = app.client.session();
    let callback = app.callback(&session).await;
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::StateMismatch
    );
    assert_eq!(app.emulator.count(TOKEN).await, 0);
}

#[tokio::test]
async fn another_sessions_state_is_unknown() {
    let app = Application::start();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    let other = app.client.session();
    other.login_url(&AuthorizationParams::new()).unwrap();
    assert_eq!(
        status(&other.handle_callback(&callback).await),
        Status::StateMismatch
    );
    assert!(session.handle_callback(&callback).await.is_ok());
}
