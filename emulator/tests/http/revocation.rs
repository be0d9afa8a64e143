//! Introspection (RFC 7662), revocation (RFC 7009), logout.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Answer, Emulator, WEB, WEB_SECRET, text};

async fn introspect(emulator: &Emulator, bearer: &str, token: &str) -> Value {
    let answer = Answer::to(
        emulator
            .form("/oauth2/introspect", &[("token", token)])
            .bearer_auth(bearer),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn machine_token(emulator: &Emulator) -> String {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_m2m"),
        (
            "client_secret",
            "emulator-m2m-secret-0123456789abcdefghijkl",
        ),
    ];
    text(
        &emulator.post("/oauth2/token", &fields).await.json(),
        "access_token",
    )
    .to_owned()
}

#[tokio::test]
async fn introspection_describes_active_tokens_only() {
    let emulator = Emulator::for_ada();
    let bearer = machine_token(&emulator).await;
    let tokens = emulator
        .tokens(&[("audience", "https://api.example.com")])
        .await;
    let access = introspect(&emulator, &bearer, text(&tokens, "access_token")).await;
    assert_eq!(access["active"], true);
    assert_eq!(
        (&access["client_id"], &access["aud"]),
        (&json!(WEB), &json!(["https://api.example.com"]))
    );
    assert!(access["exp"].is_i64() && access["iat"].is_i64());
    assert_eq!(
        introspect(&emulator, &bearer, text(&tokens, "refresh_token")).await["active"],
        true
    );
    let inactive = json!({"active": false});
    assert_eq!(introspect(&emulator, &bearer, "unknown").await, inactive);
    assert_eq!(
        introspect(&emulator, &bearer, text(&tokens, "id_token")).await,
        inactive
    );

    emulator
        .control("/tokens/revoke", json!({"email": "ada@example.com"}))
        .await;
    for name in ["access_token", "refresh_token"] {
        assert_eq!(
            introspect(&emulator, &bearer, text(&tokens, name)).await,
            inactive,
            "{name}"
        );
    }
}

#[tokio::test]
async fn introspection_needs_a_bearer_token_and_a_form() {
    let emulator = Emulator::for_ada();
    let bearer = machine_token(&emulator).await;
    emulator
        .post("/oauth2/introspect", &[("token", "x")])
        .await
        .assert_error(401, "invalid_request", "Bearer");
    let bad = emulator
        .form("/oauth2/introspect", &[("token", "x")])
        .bearer_auth("x");
    Answer::to(bad).await.assert_error(401, "invalid_token", "");
    let empty = emulator
        .form("/oauth2/introspect", &[])
        .bearer_auth(&bearer);
    Answer::to(empty)
        .await
        .assert_error(400, "invalid_request", "token is missing");
    let hint = emulator
        .form(
            "/oauth2/introspect",
            &[("token", "x"), ("token_type_hint", "id_token")],
        )
        .bearer_auth(&bearer);
    Answer::to(hint)
        .await
        .assert_error(400, "invalid_request", "token_type_hint");
    let as_json = emulator
        .request(Method::POST, "/oauth2/introspect")
        .bearer_auth(&bearer)
        .body("{}");
    Answer::to(as_json)
        .await
        .assert_error(400, "invalid_request", "Content-Type");
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_sign_in() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let refresh_token = text(&tokens, "refresh_token");
    let credentials = [("client_id", WEB), ("client_secret", WEB_SECRET)];
    let mut fields = vec![
        ("token", refresh_token),
        ("token_type_hint", "refresh_token"),
    ];
    fields.extend(credentials);
    let answer = emulator.post("/oauth2/revoke", &fields).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    emulator
        .refresh(refresh_token)
        .await
        .assert_error(400, "invalid_grant", "revoked");
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", text(&tokens, "access_token"))
            .await
            .status,
        401
    );
    assert_eq!(
        emulator.post("/oauth2/revoke", &fields).await.status,
        200,
        "revoking twice is no error"
    );
    fields[0].1 = "unknown";
    assert_eq!(
        emulator.post("/oauth2/revoke", &fields).await.status,
        200,
        "nor is an unknown token"
    );
}

#[tokio::test]
async fn revoking_an_access_token_leaves_the_refresh_token() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let access_token = text(&tokens, "access_token");
    let by_bearer = emulator
        .form("/oauth2/revoke", &[("token", access_token)])
        .bearer_auth(access_token);
    assert_eq!(Answer::to(by_bearer).await.status, 200);
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", access_token)
            .await
            .status,
        401
    );
    let refreshed = emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .json();
    assert_ne!(refreshed["access_token"], tokens["access_token"]);
}

#[tokio::test]
async fn only_the_owner_may_revoke() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let refresh_token = text(&tokens, "refresh_token");
    let foreign = emulator
        .post(
            "/oauth2/revoke",
            &[("token", refresh_token), ("client_id", "emulator_spa")],
        )
        .await;
    assert_eq!(
        (foreign.status, &foreign.json()["errors"][0]["code"]),
        (400, &json!("INVALID_TOKEN_OWNER"))
    );
    emulator
        .post(
            "/oauth2/revoke",
            &[("token", refresh_token), ("client_id", WEB)],
        )
        .await
        .assert_error(401, "invalid_client", "");
    let without = emulator
        .post(
            "/oauth2/revoke",
            &[("client_id", WEB), ("client_secret", WEB_SECRET)],
        )
        .await;
    assert_eq!(
        (without.status, &without.json()["errors"][0]["code"]),
        (400, &json!("INVALID_REQUEST"))
    );
    assert_eq!(emulator.refresh(refresh_token).await.status, 200);
}

#[tokio::test]
async fn logout_returns_to_listed_addresses_only() {
    let emulator = Emulator::start(&[]);
    let logout = async |query: &str| emulator.get(&format!("/logout?{query}")).await;
    let own_page = logout("").await;
    assert_eq!(own_page.status, 200);
    assert!(own_page.body.contains("signed out"));
    for good in [
        "redirect=https://app.example.com/logged-out",
        "redirect=http://127.0.0.1:3000",
        "client_id=emulator_spa&redirect=http://localhost:3000/",
        "post_logout_redirect_uri=https://app.example.com/&id_token_hint=x&client_id=emulator_web",
    ] {
        assert_eq!(logout(good).await.status, 302, "{good}");
    }
    let with_state = logout("post_logout_redirect_uri=https://app.example.com/&state=abc").await;
    assert_eq!(
        with_state.location().as_str(),
        "https://app.example.com/?state=abc"
    );
    for bad in [
        "redirect=https://evil.example/",
        "redirect=//evil.example/",
        "redirect=javascript:alert(1)",
        "redirect=https://app.example.com/&redirect=https://evil.example/",
        "redirect=https://app.example.com/&post_logout_redirect_uri=https://app.example.com/",
        "client_id=emulator_spa&redirect=https://app.example.com/logged-out",
        "client_id=nobody&redirect=https://app.example.com/",
        "return_to=https://app.example.com/",
    ] {
        let answer = logout(bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.header("location").is_empty());
    }
}
