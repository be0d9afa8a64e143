//! The authorization code grant at the token endpoint.

use reqwest::Method;
use serde_json::json;

use crate::process::{Answer, CALLBACK, Emulator, SPA, VERIFIER, text};

fn exchange<'a>(code: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let defaults = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let kept = defaults
        .into_iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(
        changes
            .iter()
            .copied()
            .filter(|(_, value)| !value.is_empty()),
    )
    .collect()
}

#[tokio::test]
async fn a_code_gives_tokens() {
    let emulator = Emulator::for_ada();
    let answer = emulator.exchange(&emulator.code(&[]).await).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let tokens = answer.json();
    assert_eq!(tokens["expires_in"], 86_400);
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["scope"], "openid profile email offline");
    assert_eq!(text(&tokens, "refresh_token").split('.').count(), 2);
}

#[tokio::test]
async fn tokens_are_those_of_the_scopes_asked_for() {
    let emulator = Emulator::for_ada();
    let without_openid = emulator.tokens(&[("scope", "profile offline")]).await;
    assert!(without_openid.get("id_token").is_none());
    // Kinde ignores `offline_access` without a word.
    let ignored = emulator.tokens(&[("scope", "openid offline_access")]).await;
    assert!(ignored.get("refresh_token").is_none());
    assert_eq!(ignored["scope"], "openid");
}

#[tokio::test]
async fn needless_fields_that_kindes_clients_send_are_let_pass() {
    let emulator = Emulator::for_ada();
    let code = emulator.code(&[]).await;
    assert_eq!(
        emulator
            .token(&exchange(&code, &[("response_type", "code")]))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn wrong_exchanges_are_refused() {
    let emulator = Emulator::for_ada();
    let other_verifier = "x".repeat(43);
    for (changes, error, reason) in [
        (
            vec![("redirect_uri", "http://127.0.0.1:8/callback")],
            "invalid_grant",
            "redirect_uri",
        ),
        (
            vec![("redirect_uri", "")],
            "invalid_request",
            "redirect_uri",
        ),
        (
            vec![("code_verifier", "")],
            "invalid_grant",
            "code_verifier is missing",
        ),
        (
            vec![("code_verifier", other_verifier.as_str())],
            "invalid_grant",
            "does not fit",
        ),
        (
            vec![("code_verifier", "short")],
            "invalid_grant",
            "43 to 128",
        ),
        (vec![("code", "unknown")], "invalid_grant", "not issued"),
        (vec![("code", "")], "invalid_request", "code is missing"),
        (
            vec![("grant_type", "")],
            "invalid_request",
            "grant_type is missing",
        ),
        (
            vec![("grant_type", "password")],
            "unsupported_grant_type",
            "password",
        ),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("code", ""),
                ("redirect_uri", ""),
                ("code_verifier", ""),
            ],
            "unauthorized_client",
            "",
        ),
        (vec![("nonce", "x")], "invalid_request", "nonce"),
    ] {
        let code = emulator.code(&[]).await;
        emulator
            .token(&exchange(&code, &changes))
            .await
            .assert_error(400, error, reason);
    }
}

#[tokio::test]
async fn a_verifier_needs_a_challenge() {
    let emulator = Emulator::for_ada();
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = emulator.code(&without).await;
    emulator
        .exchange(&code)
        .await
        .assert_error(400, "invalid_grant", "without a code_challenge");
    let code = emulator.code(&without).await;
    assert_eq!(
        emulator
            .token(&exchange(&code, &[("code_verifier", "")]))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_code_belongs_to_its_application() {
    let emulator = Emulator::for_ada();
    let code = emulator.code(&[]).await;
    let mut fields = exchange(&code, &[]);
    fields.push(("client_id", SPA));
    emulator.post("/oauth2/token", &fields).await.assert_error(
        400,
        "invalid_grant",
        "not issued to this application",
    );
    assert_eq!(
        emulator.exchange(&code).await.status,
        200,
        "the rightful application may still use it"
    );
}

#[tokio::test]
async fn a_code_that_comes_twice_revokes_what_came_of_it() {
    let emulator = Emulator::for_ada();
    let code = emulator.code(&[]).await;
    let tokens = emulator.exchange(&code).await.json();
    let access_token = text(&tokens, "access_token");
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", access_token)
            .await
            .status,
        200
    );

    emulator
        .exchange(&code)
        .await
        .assert_error(400, "invalid_grant", "used before");
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", access_token)
            .await
            .status,
        401
    );
    emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "revoked");
}

#[tokio::test]
async fn a_code_lasts_ten_minutes_and_one_attempt() {
    let emulator = Emulator::for_ada();
    let code = emulator.code(&[]).await;
    emulator
        .control("/clock", json!({"shift_seconds": 599}))
        .await;
    assert_eq!(emulator.exchange(&code).await.status, 200);
    let code = emulator.code(&[]).await;
    emulator
        .control("/clock", json!({"shift_seconds": 601}))
        .await;
    emulator
        .exchange(&code)
        .await
        .assert_error(400, "invalid_grant", "expired");
    let code = emulator.code(&[]).await;
    emulator
        .token(&exchange(&code, &[("code_verifier", &"x".repeat(43))]))
        .await
        .assert_error(400, "invalid_grant", "");
    emulator
        .exchange(&code)
        .await
        .assert_error(400, "invalid_grant", "wrongly before");
}

#[tokio::test]
async fn only_single_forms_in_the_body_are_read() {
    let emulator = Emulator::for_ada();
    let token = || emulator.request(Method::POST, "/oauth2/token");
    let as_json = token()
        .header("content-type", "application/json")
        .body("{}");
    Answer::to(as_json)
        .await
        .assert_error(400, "invalid_request", "Content-Type");
    Answer::to(token())
        .await
        .assert_error(400, "invalid_request", "Content-Type");

    let form = "application/x-www-form-urlencoded";
    let twice = token()
        .header("content-type", form)
        .body("grant_type=refresh_token&grant_type=refresh_token");
    Answer::to(twice)
        .await
        .assert_error(400, "invalid_request", "more than once");
    let broken = token().header("content-type", form).body("grant_type=%zz");
    Answer::to(broken)
        .await
        .assert_error(400, "invalid_request", "percent-encoded");
    let in_address = emulator.request(Method::POST, "/oauth2/token?grant_type=refresh_token");
    Answer::to(in_address.header("content-type", form))
        .await
        .assert_error(400, "invalid_request", "body");

    let get = emulator.get("/oauth2/token").await;
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
    let huge = token()
        .header("content-type", form)
        .body("x".repeat(2 << 20));
    assert_eq!(Answer::to(huge).await.status, 413);
}

#[tokio::test]
async fn the_sdk_header_can_be_required() {
    let emulator = Emulator::for_ada();
    emulator
        .patch("/settings", json!({"require_sdk_header": true}))
        .await;
    emulator
        .refresh("x")
        .await
        .assert_error(400, "invalid_request", "Kinde-SDK");
    let request = emulator.form(
        "/oauth2/token",
        &[
            ("grant_type", "refresh_token"),
            ("client_id", SPA),
            ("refresh_token", "x"),
        ],
    );
    Answer::to(request.header("kinde-sdk", "Rust/0.1.0"))
        .await
        .assert_error(400, "invalid_grant", "");
}
