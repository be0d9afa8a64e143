//! The refresh token grant: rotation, overlap, reuse.

use serde_json::json;

use crate::process::{Emulator, SPA, text};

#[tokio::test]
async fn a_refresh_rotates_the_token_and_keeps_the_access_token() {
    let emulator = Emulator::for_ada();
    let first = emulator.tokens(&[]).await;
    emulator
        .control("/clock", json!({"shift_seconds": 100}))
        .await;
    let second = emulator.refresh(text(&first, "refresh_token")).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["access_token"], first["access_token"]);
    let left = second["expires_in"].as_i64().expect("seconds");
    assert!((86_290..=86_300).contains(&left), "{left}");

    let id_token = emulator.claims(&second, "id_token").await;
    let before = emulator.claims(&first, "id_token").await;
    assert_eq!(id_token["sub"], before["sub"]);
    assert_eq!(id_token["auth_time"], before["auth_time"]);
    assert!(id_token.get("nonce").is_none());
}

#[tokio::test]
async fn an_expired_access_token_is_replaced() {
    let emulator = Emulator::for_ada();
    let first = emulator.tokens(&[]).await;
    emulator
        .control("/clock", json!({"shift_seconds": 86_401}))
        .await;
    let second = emulator.refresh(text(&first, "refresh_token")).await.json();
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(second["expires_in"], 86_400);
}

#[tokio::test]
async fn settings_rule_what_a_refresh_returns() {
    let emulator = Emulator::for_ada();
    let change = json!({"refresh_keeps_access_token": false, "refresh_returns_id_token": false});
    emulator.patch("/settings", change).await;
    let first = emulator.tokens(&[]).await;
    let second = emulator.refresh(text(&first, "refresh_token")).await.json();
    assert_ne!(second["access_token"], first["access_token"]);
    assert!(second.get("id_token").is_none());
}

#[tokio::test]
async fn the_previous_token_works_during_the_overlap_only() {
    let emulator = Emulator::for_ada();
    let first = emulator.tokens(&[]).await;
    let old = text(&first, "refresh_token");
    let second = emulator.refresh(old).await.json();
    let repeated = emulator.refresh(old).await;
    assert_eq!(repeated.status, 200);
    assert_eq!(
        emulator
            .refresh(text(&repeated.json(), "refresh_token"))
            .await
            .status,
        200,
        "the same family"
    );

    emulator
        .control("/clock", json!({"shift_seconds": 61}))
        .await;
    emulator
        .refresh(old)
        .await
        .assert_error(400, "invalid_grant", "used before");
    // Reuse ends the whole family.
    emulator
        .refresh(text(&second, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "revoked");
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", text(&first, "access_token"))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn without_overlap_the_first_reuse_ends_the_family() {
    let emulator = Emulator::for_ada();
    emulator
        .patch("/settings", json!({"refresh_overlap_seconds": 0}))
        .await;
    let first = emulator.tokens(&[]).await;
    let second = emulator.refresh(text(&first, "refresh_token")).await.json();
    emulator
        .refresh(text(&first, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "used before");
    emulator
        .refresh(text(&second, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "revoked");
}

#[tokio::test]
async fn a_refresh_token_expires_and_belongs_to_its_application() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let refresh_token = text(&tokens, "refresh_token");
    let foreign = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", SPA),
    ];
    emulator.post("/oauth2/token", &foreign).await.assert_error(
        400,
        "invalid_grant",
        "not issued to this application",
    );
    emulator
        .control("/clock", json!({"shift_seconds": 1_296_001}))
        .await;
    emulator
        .refresh(refresh_token)
        .await
        .assert_error(400, "invalid_grant", "expired");
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_and_never_widen_it() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let refresh_token = text(&tokens, "refresh_token");
    let with_scope = async |scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("scope", scope),
        ];
        emulator.token(&fields).await
    };
    let narrow = with_scope("openid email").await.json();
    assert_eq!(narrow["scope"], "openid email");
    let claims = emulator.claims(&narrow, "access_token").await;
    assert_eq!(claims["scp"], json!(["openid", "email"]));
    with_scope("openid read:orders")
        .await
        .assert_error(400, "invalid_scope", "read:orders");
}

#[tokio::test]
async fn a_logout_at_kinde_makes_the_next_access_token_new() {
    let emulator = Emulator::for_ada();
    let browser = crate::browser::Browser::new(&emulator);
    let callback = browser
        .get(&emulator.authorization_url(&[]))
        .await
        .callback();
    let tokens = emulator.exchange(&callback["code"]).await.json();
    browser.get("/logout").await;
    let refreshed = emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .json();
    assert_ne!(refreshed["access_token"], tokens["access_token"]);
}

#[tokio::test]
async fn uses_of_each_refresh_token_are_counted() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let token = text(&tokens, "refresh_token");
    emulator.refresh(token).await;
    emulator.refresh(token).await;
    let list = emulator.get("/_control/tokens/refresh").await.json();
    let list = list["refresh_tokens"].as_array().expect("a list").clone();
    let record = list
        .iter()
        .find(|it| it["token"] == token)
        .expect("it is listed");
    assert_eq!(
        (&record["uses"], &record["rotated"], &record["revoked"]),
        (&json!(2), &json!(true), &json!(false))
    );
    assert_eq!(
        (&record["email"], &record["client_id"]),
        (&json!("ada@example.com"), &json!("emulator_web"))
    );
    assert_eq!(list.len(), 3);
    assert!(list.iter().all(|it| it["family"] == record["family"]));
}
