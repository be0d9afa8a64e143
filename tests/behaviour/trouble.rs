//! The other side is away, slow, lying, or sends garbage.

use kinde::{AuthorizationParams, Status, VerifyOptions};
use kinde_test_support::{Application, status};
use serde_json::json;

const TOKEN: &str = "/oauth2/token";

#[tokio::test]
async fn nobody_listens() {
    let mut app = Application::with(json!({ "timeout_ms": 2000 }));
    let session = app.client.session();
    let callback = app.callback(&session).await;
    app.emulator.kill();
    let error = session.handle_callback(&callback).await.unwrap_err();
    assert_eq!(error.status(), Status::Network);
    assert!(error.message().contains("127.0.0.1"), "{error}");
    assert_eq!(
        status(
            &app.client
                .verify_token("x.y.z", &VerifyOptions::default())
                .await
        ),
        Status::TokenMalformed
    );
    assert!(app.client.prepare().await.is_err());
}

#[tokio::test]
async fn each_kind_of_trouble_has_its_status() {
    for (trouble, expected) in [
        (json!({ "drop": true }), Status::Network),
        (json!({ "hang": true }), Status::Timeout),
        (json!({ "stall": 20 }), Status::Timeout),
        (json!({ "truncate": 20 }), Status::Network),
        (json!({ "garbage": 2000 }), Status::MalformedResponse),
        (json!({ "oversize": 4_000_000 }), Status::ResponseTooLarge),
        (
            json!({ "status": 200, "body": "" }),
            Status::MalformedResponse,
        ),
        (
            json!({ "status": 200, "body": "[]" }),
            Status::MalformedResponse,
        ),
        (
            json!({ "status": 200, "body": {} }),
            Status::MalformedResponse,
        ),
        (
            json!({ "status": 200, "body": { "error": "invalid_grant" } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "status": 200, "body": "<html>A proxy was here</html>", "headers": { "Content-Type": "text/html" } }),
            Status::MalformedResponse,
        ),
        (json!({ "status": 500, "body": "oops" }), Status::Http),
        (json!({ "status": 404, "body": "oops" }), Status::Http),
        (
            json!({ "status": 302, "headers": { "Location": "/x" } }),
            Status::Http,
        ),
        (json!({ "status": 429, "body": "" }), Status::RateLimited),
        (
            json!({ "status": 400, "body": { "error": "invalid_grant" } }),
            Status::InvalidGrant,
        ),
        (
            json!({ "status": 400, "body": { "error": "invalid_request" } }),
            Status::Oauth,
        ),
        (
            json!({ "patch": { "token_type": "mac" } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "patch": { "access_token": null } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "patch": { "access_token": 5 } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "patch": { "access_token": "" } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "patch": { "access_token": "not a token", "id_token": null } }),
            Status::MalformedResponse,
        ),
        (
            json!({ "patch": { "id_token": "a.b.c" } }),
            Status::TokenMalformed,
        ),
    ] {
        let app = Application::with(json!({ "timeout_ms": 1000 }));
        let session = app.client.session();
        let callback = app.callback(&session).await;
        let mut fault = trouble.clone();
        fault["path"] = json!(TOKEN);
        app.emulator.fault(fault).await;
        assert_eq!(
            status(&session.handle_callback(&callback).await),
            expected,
            "{trouble}"
        );
        assert!(!session.is_authenticated());

        // And then it works again.
        assert!(app.signed_in().await.is_authenticated(), "after {trouble}");
    }
}

#[tokio::test]
async fn harmless_differences_are_let_pass() {
    for patch in [
        json!({ "token_type": "BEARER" }),
        json!({ "expires_in": "86400" }),
        json!({ "expires_in": null }),
        json!({ "scope": null }),
        json!({ "refresh_token": null }),
        json!({ "unknown": { "deep": [1, 2, 3] } }),
    ] {
        let app = Application::start();
        app.emulator
            .fault(json!({ "path": TOKEN, "patch": patch }))
            .await;
        assert!(app.signed_in().await.is_authenticated(), "{patch}");
    }
}

#[tokio::test]
async fn a_lost_connection_in_the_pool_does_not_fail_the_next_call() {
    let app = Application::start();
    for _ in 0..3 {
        app.signed_in().await;
        // The next connection is closed by the other side after its answer.
        app.emulator
            .fault(json!({ "path": TOKEN, "headers": { "Connection": "close" }, "patch": {} }))
            .await;
    }
    app.signed_in().await;
}

const METADATA: &str = "/.well-known/openid-configuration";

fn discovering(name: &str) -> serde_json::Value {
    json!({
        "discovery": "same_origin",
        "access_token_format": "jwt",
        "timeout_ms": 1000,
        "user_agent": name,
    })
}

#[tokio::test]
async fn metadata_that_cannot_be_trusted_prepares_nothing() {
    let app = Application::start();
    for (number, trouble) in [
        json!({ "status": 503 }),
        json!({ "garbage": 100 }),
        json!({ "patch": { "issuer": "https://elsewhere.example" } }),
        json!({ "patch": { "issuer": null } }),
        json!({ "patch": { "token_endpoint": "https://elsewhere.example/token" } }),
        json!({ "patch": { "authorization_endpoint": null } }),
        json!({ "patch": { "jwks_uri": "http://elsewhere.example/jwks" } }),
        json!({ "hang": true }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut fault = trouble.clone();
        fault["path"] = json!(METADATA);
        fault["times"] = json!(null);
        app.emulator.fault(fault).await;
        let client = app.client(discovering(&number.to_string()));
        assert!(client.prepare().await.is_err(), "{trouble}");
        assert_eq!(
            status(&client.authorization_url(&AuthorizationParams::new())),
            Status::NotPrepared
        );
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn a_provider_that_was_away_at_first_is_found_later() {
    let app = Application::with(discovering("patient"));
    app.emulator
        .fault(json!({ "path": METADATA, "times": null, "drop": true }))
        .await;
    assert!(app.client.prepare().await.is_err());
    app.emulator.clear_faults().await;
    // Another client's slow answer lasts longer than the library waits before it asks again.
    app.emulator
        .fault(json!({ "path": "/.well-known/jwks.json", "delay_ms": 1500 }))
        .await;
    let other = app.client(json!({ "user_agent": "other" }));
    other.prepare().await.unwrap();

    app.client.prepare().await.unwrap();
    assert!(app.signed_in().await.is_authenticated());
}
