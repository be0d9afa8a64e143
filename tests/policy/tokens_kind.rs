//! Policy 3: an access token, an ID token and a webhook can never stand in for each other.

use kinde::{Status, VerifyOptions};
use kinde_test_support::{Application, status};
use serde_json::{Value, json};

async fn as_kind(app: &Application, token: &str, kind: &str) -> Status {
    let options = VerifyOptions::from_json(&json!({ "type": kind }).to_string()).unwrap();
    status(&app.client.verify_token(token, &options).await)
}

async fn minted(app: &Application, template: &str, claims: Value) -> String {
    app.token(template, json!({ "claims": claims })).await
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let app = Application::start();
    let token = minted(&app, "id", json!({})).await;
    assert_eq!(as_kind(&app, &token, "access").await, Status::TokenKind);
    assert_eq!(as_kind(&app, &token, "id").await, Status::Ok);
}

#[tokio::test]
async fn an_access_token_is_no_id_token() {
    let app = Application::start();
    let token = minted(&app, "access", json!({ "aud": ["emulator_web"] })).await;
    assert_eq!(as_kind(&app, &token, "id").await, Status::TokenKind);
}

#[tokio::test]
async fn a_machine_token_is_no_id_token() {
    let app = Application::start();
    let claims = json!({ "aud": ["emulator_web"], "sub": "kp_1", "azp": "emulator_web", "scp": null, "scope": null });
    let token = minted(&app, "m2m", claims).await;
    assert_eq!(as_kind(&app, &token, "id").await, Status::TokenKind);
}

#[tokio::test]
async fn a_webhook_is_neither() {
    let app = Application::start();
    let now = crate::tokens_access::unix_seconds();
    let claims = json!({
        "type": "user.created",
        "event_id": "event_1",
        "data": { "user": { "id": "kp_1" } },
        "source": "admin",
        "timestamp": "2026-01-01T00:00:00Z",
    });
    let webhook = app.emulator.mint(json!({ "claims": claims })).await;
    assert_ne!(as_kind(&app, &webhook, "access").await, Status::Ok);
    assert_ne!(as_kind(&app, &webhook, "id").await, Status::Ok);

    let mut dressed_up = claims;
    for (name, value) in [
        ("iss", json!(app.url())),
        ("aud", json!(["emulator_web"])),
        ("azp", json!("emulator_web")),
        ("sub", json!("kp_1")),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
    ] {
        dressed_up[name] = value;
    }
    let webhook = app.emulator.mint(json!({ "claims": dressed_up })).await;
    assert_eq!(as_kind(&app, &webhook, "access").await, Status::TokenKind);
    assert_eq!(as_kind(&app, &webhook, "id").await, Status::TokenKind);
}

#[tokio::test]
async fn an_access_token_has_scp_scope_or_gty() {
    let app = Application::start();
    let none = json!({ "scp": null, "scope": null, "gty": null });
    let token = minted(&app, "access", none).await;
    assert_eq!(as_kind(&app, &token, "access").await, Status::TokenKind);
    for one in [
        json!({ "scp": ["openid"] }),
        json!({ "scp": [] }),
        json!({ "scp": null, "scope": "openid" }),
        json!({ "scp": null, "gty": ["authorization_code"] }),
    ] {
        let token = minted(&app, "access", one.clone()).await;
        assert_eq!(as_kind(&app, &token, "access").await, Status::Ok, "{one}");
    }
}

#[tokio::test]
async fn an_access_token_has_no_nonce_at_hash_or_event_id() {
    let app = Application::start();
    for claim in ["nonce", "at_hash", "event_id"] {
        let token = minted(&app, "access", json!({ claim: "x" })).await;
        assert_eq!(
            as_kind(&app, &token, "access").await,
            Status::TokenKind,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn an_id_token_has_no_scp_gty_or_event_id() {
    let app = Application::start();
    for claim in ["scp", "gty", "event_id"] {
        // With a nonce it is no access token either.
        let changes = json!({ "claims": { claim: ["x"], "at_hash": "x" }, "nonce": "n" });
        let token = app.token("id", changes).await;
        assert_eq!(
            as_kind(&app, &token, "id").await,
            Status::TokenKind,
            "{claim}"
        );
        let token = minted(&app, "id", json!({ claim: ["x"] })).await;
        assert_eq!(
            as_kind(&app, &token, "id").await,
            Status::TokenKind,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn an_id_token_is_not_called_an_access_token_by_its_header() {
    let app = Application::start();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let token = app.token("id", json!({ "header": { "typ": typ } })).await;
        assert_eq!(
            as_kind(&app, &token, "id").await,
            Status::TokenKind,
            "{typ}"
        );
        let token = app
            .token("access", json!({ "header": { "typ": typ } }))
            .await;
        assert_eq!(as_kind(&app, &token, "access").await, Status::Ok, "{typ}");
    }
}

#[tokio::test]
async fn typ_alone_tells_nothing() {
    let app = Application::start();
    for typ in [json!("JWT"), json!("jwt"), json!(null), json!("x")] {
        let token = app.token("id", json!({ "header": { "typ": typ } })).await;
        assert_eq!(as_kind(&app, &token, "id").await, Status::Ok, "{typ}");
        assert_eq!(
            as_kind(&app, &token, "access").await,
            Status::TokenKind,
            "{typ}"
        );
    }
}

#[tokio::test]
async fn the_token_endpoint_cannot_swap_them() {
    let app = Application::start();
    let access = minted(&app, "access", json!({})).await;
    let id = minted(&app, "id", json!({})).await;
    for patch in [
        json!({ "access_token": id }),
        json!({ "id_token": access }),
        json!({ "access_token": id, "id_token": access }),
    ] {
        // Otherwise at_hash would tell.
        app.emulator
            .lie(json!({ "token": "id", "claims": { "at_hash": null } }))
            .await;
        app.emulator
            .fault(json!({ "path": "/oauth2/token", "patch": patch }))
            .await;
        let session = app.client.session();
        let callback = app.callback(&session).await;
        assert_eq!(
            status(&session.handle_callback(&callback).await),
            Status::TokenKind,
            "{patch}"
        );
        assert!(!session.is_authenticated());
    }
}
