//! User profile v2 and v1, userinfo.

use serde_json::json;

use crate::process::{Answer, Emulator, text};
use reqwest::Method;

#[tokio::test]
async fn each_profile_has_its_shape() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let token = text(&tokens, "access_token");
    let sub = emulator.verified(token).await.expect("a good token")["sub"].clone();

    let v2 = emulator
        .get_as("/oauth2/v2/user_profile", token)
        .await
        .json();
    assert_eq!((&v2["sub"], &v2["id"]), (&sub, &sub));
    assert_eq!(
        (&v2["given_name"], &v2["family_name"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    assert_eq!(
        (&v2["email"], &v2["email_verified"]),
        (&json!("ada@example.com"), &json!(true))
    );
    assert_eq!(
        (&v2["preferred_username"], &v2["name"]),
        (&json!("ada"), &json!("Ada Lovelace"))
    );
    assert!(v2["updated_at"].is_i64());

    let v1 = emulator.get_as("/oauth2/user_profile", token).await.json();
    let expected = json!({
        "id": sub,
        "preferred_email": "ada@example.com",
        "provided_id": null,
        "last_name": "Lovelace",
        "first_name": "Ada",
        "picture": "https://images.example.com/ada.png",
    });
    assert_eq!(v1, expected);

    let userinfo = emulator.get_as("/oauth2/userinfo", token).await.json();
    assert_eq!(
        (&userinfo["sub"], &userinfo["email"]),
        (&sub, &json!("ada@example.com"))
    );
}

#[tokio::test]
async fn scopes_rule_what_a_profile_shows() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[("scope", "openid")]).await;
    let profile = emulator
        .get_as("/oauth2/v2/user_profile", text(&tokens, "access_token"))
        .await
        .json();
    assert!(profile.get("email").is_none() && profile.get("given_name").is_none());
    let without_openid = emulator.tokens(&[("scope", "profile")]).await;
    let refused = emulator
        .get_as("/oauth2/userinfo", text(&without_openid, "access_token"))
        .await;
    refused.assert_error(403, "insufficient_scope", "openid");
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
}

#[tokio::test]
async fn bad_tokens_are_refused_with_a_challenge() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let mint = async |order| text(&emulator.control("/mint", order).await, "token").to_owned();
    let template = |change: serde_json::Value| {
        let mut order =
            json!({"template": "access", "client_id": "emulator_web", "email": "ada@example.com"});
        order
            .as_object_mut()
            .expect("an object")
            .extend(change.as_object().expect("an object").clone());
        order
    };
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", &mint(template(json!({}))).await)
            .await
            .status,
        200
    );
    for bad in [
        "nonsense".to_owned(),
        text(&tokens, "id_token").to_owned(),
        text(&tokens, "refresh_token").to_owned(),
        mint(template(json!({"claims": {"exp": 1}}))).await,
        mint(template(json!({"claims": {"exp": null}}))).await,
        mint(template(
            json!({"claims": {"iss": "https://elsewhere.example"}}),
        ))
        .await,
        mint(template(json!({"claims": {"sub": "kp_nobody"}}))).await,
        mint(template(json!({"header": {"kid": null}}))).await,
        mint(template(json!({"sign": "foreign"}))).await,
        mint(template(json!({"sign": "none"}))).await,
        mint(template(json!({"sign": "hs256"}))).await,
        mint(template(json!({"sign": "garbage"}))).await,
        mint(template(json!({"sign": "empty"}))).await,
    ] {
        for (path, status) in [
            ("/oauth2/userinfo", 401),
            ("/oauth2/v2/user_profile", 403),
            ("/oauth2/user_profile", 403),
        ] {
            let answer = emulator.get_as(path, &bad).await;
            answer.assert_error(status, "invalid_token", "");
            assert_eq!(
                answer.header("www-authenticate"),
                "Bearer realm=\"kinde\", error=\"invalid_token\""
            );
        }
    }
    emulator
        .get("/oauth2/userinfo")
        .await
        .assert_error(401, "invalid_request", "Authorization");
    let basic = emulator
        .request(Method::GET, "/oauth2/userinfo")
        .header("authorization", "Basic eDp5");
    Answer::to(basic)
        .await
        .assert_error(401, "invalid_request", "Bearer");
}

#[tokio::test]
async fn an_accept_header_with_a_charset_is_refused() {
    let emulator = Emulator::for_ada();
    for path in [
        "/oauth2/v2/user_profile",
        "/oauth2/user_profile",
        "/api/v1/users",
        "/account_api/v1/permissions",
    ] {
        let request = emulator
            .request(Method::GET, path)
            .header("accept", "application/json; charset=utf-8");
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 406, "{path}");
        assert_eq!(answer.json()["errors"][0]["code"], "INVALID_ACCEPT_HEADER");
    }
}
