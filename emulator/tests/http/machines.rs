//! The client credentials grant.

use serde_json::{Value, json};

use crate::process::{Answer, Emulator, text};

const SECRET: &str = "emulator-m2m-secret-0123456789abcdefghijkl";
const API: &str = "https://api.example.com";

async fn machine(emulator: &Emulator, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_m2m"),
        ("client_secret", SECRET),
    ];
    all.extend(fields);
    emulator.post("/oauth2/token", &all).await
}

#[tokio::test]
async fn a_machine_gets_a_token_without_a_user() {
    let emulator = Emulator::start(&[]);
    let answer = machine(&emulator, &[("audience", API)]).await.json();
    assert!(answer.get("refresh_token").is_none());
    assert!(answer.get("id_token").is_none());
    assert_eq!(
        answer["scope"], "read:orders write:orders",
        "without a scope: all of the audience"
    );
    let claims = emulator.claims(&answer, "access_token").await;
    assert_eq!(claims["aud"], json!([API]));
    assert_eq!(claims["azp"], "emulator_m2m");
    assert_eq!(claims["gty"], json!(["client_credentials"]));
    assert_eq!(claims["scp"], json!(["read:orders", "write:orders"]));
    assert_eq!(claims["scope"], "read:orders write:orders");
    assert_eq!(claims["v"], "2");
    for absent in ["sub", "permissions", "org_code"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn an_application_of_an_organization_says_so() {
    let emulator = Emulator::start(&[]);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_m2m_org"),
        (
            "client_secret",
            "emulator-m2m-org-secret-0123456789abcdefghi",
        ),
        ("audience", API),
        ("scope", "read:orders"),
    ];
    let answer = emulator.post("/oauth2/token", &fields).await.json();
    let claims = emulator.claims(&answer, "access_token").await;
    assert_eq!(claims["org_code"], "org_acme");
    assert_eq!(
        claims["feature_flags"]["beta_access"],
        json!({"t": "b", "v": true})
    );
    assert_eq!(claims["scp"], json!(["read:orders"]));
}

#[tokio::test]
async fn the_management_audience_is_the_emulators_own() {
    let emulator = Emulator::start(&[]);
    let audience = format!("{}/api", emulator.url);
    let answer = machine(
        &emulator,
        &[("audience", &audience), ("scope", "read:users")],
    )
    .await
    .json();
    let claims = emulator.claims(&answer, "access_token").await;
    assert_eq!(claims["aud"], json!([audience]));
}

#[tokio::test]
async fn scopes_and_audiences_are_judged() {
    let emulator = Emulator::start(&["--control"]);
    for scope in [
        "openid",
        "profile",
        "email",
        "offline",
        "offline_access",
        "openid profile email offline",
    ] {
        machine(&emulator, &[("audience", API), ("scope", scope)])
            .await
            .assert_error(400, "invalid_scope", "for users");
    }
    machine(&emulator, &[("audience", API), ("scope", "read:users")])
        .await
        .assert_error(400, "invalid_scope", "not a scope of the audience");
    machine(&emulator, &[("scope", "read:orders")])
        .await
        .assert_error(400, "invalid_scope", "not a scope of the audience");
    machine(&emulator, &[("audience", "https://other.example")])
        .await
        .assert_error(400, "unauthorized_client", "https://other.example");

    let without = machine(&emulator, &[]).await.json();
    let claims = emulator.claims(&without, "access_token").await;
    assert_eq!((&claims["aud"], &claims["scp"]), (&json!([]), &json!([])));
    emulator
        .patch(
            "/applications?client_id=emulator_m2m",
            json!({"require_audience": true}),
        )
        .await;
    machine(&emulator, &[])
        .await
        .assert_error(400, "invalid_request", "audience is missing");
}

#[tokio::test]
async fn other_kinds_of_application_get_none() {
    let emulator = Emulator::start(&[]);
    emulator
        .token(&[("grant_type", "client_credentials")])
        .await
        .assert_error(400, "unauthorized_client", "");
    let public = [
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_spa"),
    ];
    emulator
        .post("/oauth2/token", &public)
        .await
        .assert_error(400, "unauthorized_client", "");
    let unknown: Vec<(&str, &str)> = vec![("redirect_uri", "x")];
    machine(&emulator, &unknown)
        .await
        .assert_error(400, "invalid_request", "redirect_uri");
}

#[tokio::test]
async fn a_machine_has_no_profile() {
    let emulator = Emulator::start(&[]);
    let answer: Value = machine(&emulator, &[("audience", API)]).await.json();
    let profile = emulator
        .get_as("/oauth2/v2/user_profile", text(&answer, "access_token"))
        .await;
    profile.assert_error(403, "insufficient_scope", "openid");
}
