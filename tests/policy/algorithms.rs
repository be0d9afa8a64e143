//! Policy 1: algorithms are configuration, and a key must fit.

use kinde::{Client, Config, Status, VerifyOptions};
use kinde_test_support::{Application, http_client, status};
use serde_json::{Value, json};

async fn judged(app: &Application, changes: Value) -> Status {
    let token = app.token("access", changes).await;
    status(&app.verify(&token).await)
}

#[tokio::test]
async fn the_token_does_not_choose_the_algorithm() {
    let app = Application::start();
    for alg in [
        "RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256", "none", "rs256", "",
    ] {
        let judged = judged(&app, json!({ "header": { "alg": alg } })).await;
        assert!(
            matches!(judged, Status::Algorithm | Status::TokenMalformed),
            "{alg}: {judged}"
        );
    }
    assert_ne!(
        judged(&app, json!({ "header": { "alg": null } })).await,
        Status::Ok
    );
    let only_es256 = Application::on(app.emulator, json!({ "allowed_algorithms": "ES256" }));
    assert_eq!(judged(&only_es256, json!({})).await, Status::Algorithm);
}

#[tokio::test]
async fn alg_none_and_the_public_key_as_secret_are_refused() {
    let app = Application::start();
    assert_eq!(
        judged(&app, json!({ "sign": "none" })).await,
        Status::Algorithm
    );
    assert_eq!(
        judged(&app, json!({ "sign": "hs256" })).await,
        Status::Algorithm
    );
}

fn client_of(settings: &Value) -> kinde::Result<Client> {
    let mut config = Config::new();
    config.load_json(&settings.to_string())?;
    Client::new(&config)
}

#[test]
fn none_and_symmetric_algorithms_cannot_be_configured() {
    for alg in ["none", "HS256", "HS384", "HS512", "RS256 none", "None"] {
        let settings =
            json!({ "domain": "example.kinde.com", "client_id": "x", "allowed_algorithms": alg });
        let error = client_of(&settings).unwrap_err();
        assert_eq!(error.status(), Status::Config, "{alg}");
        assert_eq!(error.field(), Some("allowed_algorithms"), "{alg}");
    }
}

/// The emulator's only key, as it publishes it.
async fn published_key(app: &Application) -> Value {
    let url = format!("{}/.well-known/jwks.json", app.url());
    let text = http_client()
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    kinde_test_support::json(text)["keys"][0].clone()
}

#[tokio::test]
async fn the_keys_use_alg_operations_and_kind_must_fit() {
    let app = Application::start();
    let token = app.token("access", json!({})).await;
    for (member, value) in [
        ("use", json!("enc")),
        ("alg", json!("RS512")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("HS256")),
        ("key_ops", json!(["sign"])),
        ("kty", json!("oct")),
        ("kty", json!("EC")),
        ("e", json!("AQ")),
        ("n", json!("AQAB")),
    ] {
        let mut key = published_key(&app).await;
        key[member] = value.clone();
        let answer =
            json!({ "path": "/.well-known/jwks.json", "times": null, "body": { "keys": [key] } });
        app.emulator.fault(answer).await;
        let client = app.client(json!({ "user_agent": format!("{member}-{value}") }));
        let judged = client.verify_token(&token, &VerifyOptions::default()).await;
        assert_eq!(status(&judged), Status::KeyNotFound, "{member}: {value}");
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn a_private_or_symmetric_key_is_no_key_set() {
    let app = Application::start();
    for keys in [
        json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }),
        json!({}),
        json!([]),
        json!("x"),
    ] {
        let settings = json!({ "domain": app.url(), "client_id": "x", "jwks": keys });
        let Ok(client) = client_of(&settings) else {
            continue;
        };
        let token = app.token("access", json!({ "sign": "hs256" })).await;
        assert!(
            client
                .verify_token(&token, &VerifyOptions::default())
                .await
                .is_err(),
            "{keys}"
        );
    }
}

#[tokio::test]
async fn a_key_set_given_by_hand_is_never_fetched() {
    let app = Application::start();
    let keys = json!({ "keys": [published_key(&app).await] });
    let client = app.client(json!({ "jwks": keys }));
    app.emulator.forget_requests().await;
    let token = app.token("access", json!({})).await;
    client
        .verify_token(&token, &VerifyOptions::default())
        .await
        .unwrap();
    app.emulator.rotate_keys().await;
    let token = app.token("access", json!({})).await;
    let judged = client.verify_token(&token, &VerifyOptions::default()).await;
    assert_eq!(status(&judged), Status::KeyNotFound);
    assert_eq!(app.emulator.count("/.well-known/jwks.json").await, 0);
}
