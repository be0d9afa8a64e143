//! RFC 6749, section 2.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::process::{Answer, CALLBACK, Emulator, SPA, VERIFIER, WEB, WEB_SECRET};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

async fn with_authorization(
    emulator: &Emulator,
    authorization: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("grant_type", "refresh_token"), ("refresh_token", "x")];
    all.extend(fields);
    Answer::to(
        emulator
            .form("/oauth2/token", &all)
            .header("authorization", authorization),
    )
    .await
}

#[tokio::test]
async fn a_secret_may_come_in_the_body_or_by_basic() {
    let emulator = Emulator::for_ada();
    // Past the authentication, the refresh token is what is wrong.
    emulator
        .refresh("x")
        .await
        .assert_error(400, "invalid_grant", "");
    with_authorization(&emulator, &basic(WEB, WEB_SECRET), &[])
        .await
        .assert_error(400, "invalid_grant", "");
    with_authorization(&emulator, &basic(WEB, WEB_SECRET), &[("client_id", WEB)])
        .await
        .assert_error(400, "invalid_grant", "");
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_401() {
    let emulator = Emulator::for_ada();
    let grant = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    for (fields, reason) in [
        (
            vec![("client_id", WEB), ("client_secret", "wrong")],
            "wrong",
        ),
        (vec![("client_id", WEB)], "client_secret is missing"),
        (
            vec![("client_id", "nobody"), ("client_secret", WEB_SECRET)],
            "no application",
        ),
        (vec![("client_id", SPA), ("client_secret", "x")], "public"),
    ] {
        let mut all = grant.to_vec();
        all.extend(fields);
        let answer = emulator.post("/oauth2/token", &all).await;
        answer.assert_error(401, "invalid_client", reason);
        assert!(answer.header("www-authenticate").starts_with("Basic"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    for authorization in [
        basic(WEB, "wrong"),
        basic("nobody", WEB_SECRET),
        "Basic ???".to_owned(),
        format!("Basic {}", STANDARD.encode("no colon")),
        format!("Basic {}", STANDARD.encode([0xff, b':'])),
        "Bearer abc".to_owned(),
        "Basic".to_owned(),
        // Not form-encoded, as RFC 6749 section 2.3.1 asks.
        basic(WEB, "a/b"),
        basic(WEB, "100%"),
    ] {
        with_authorization(&emulator, &authorization, &[])
            .await
            .assert_error(401, "invalid_client", "");
    }
}

#[tokio::test]
async fn two_methods_at_once_are_refused() {
    let emulator = Emulator::for_ada();
    let both = [("client_id", WEB), ("client_secret", WEB_SECRET)];
    with_authorization(&emulator, &basic(WEB, WEB_SECRET), &both)
        .await
        .assert_error(400, "invalid_request", "one method");
    with_authorization(&emulator, &basic(WEB, WEB_SECRET), &[("client_id", SPA)])
        .await
        .assert_error(400, "invalid_request", "differs");
}

#[tokio::test]
async fn both_parts_of_basic_are_form_decoded() {
    let emulator = Emulator::for_ada();
    let secret = "sp ace+plus/slash%é:colon";
    emulator
        .patch(
            "/applications?client_id=emulator_web",
            json!({"client_secret": secret}),
        )
        .await;
    let encoded = "sp+ace%2Bplus%2Fslash%25%C3%A9%3Acolon";
    with_authorization(&emulator, &basic(WEB, encoded), &[])
        .await
        .assert_error(400, "invalid_grant", "");
    with_authorization(&emulator, &basic(WEB, secret), &[])
        .await
        .assert_error(401, "invalid_client", "form-encoded");
}

#[tokio::test]
async fn a_method_can_be_closed_and_the_previous_secret_kept() {
    let emulator = Emulator::for_ada();
    let change = json!({
        "client_auth_methods": ["client_secret_basic"],
        "client_secret": "the-new-secret",
        "previous_client_secret": WEB_SECRET,
    });
    emulator
        .patch("/applications?client_id=emulator_web", change)
        .await;
    emulator
        .refresh("x")
        .await
        .assert_error(401, "invalid_client", "method");
    with_authorization(&emulator, &basic(WEB, WEB_SECRET), &[])
        .await
        .assert_error(400, "invalid_grant", "");
    with_authorization(&emulator, &basic(WEB, "the-new-secret"), &[])
        .await
        .assert_error(400, "invalid_grant", "");
}

#[tokio::test]
async fn a_public_application_exchanges_with_its_id_alone() {
    let emulator = Emulator::for_ada();
    let code = emulator.code(&[("client_id", SPA)]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", SPA),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(emulator.post("/oauth2/token", &fields).await.status, 200);
}
