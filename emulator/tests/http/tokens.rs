//! What stands in the tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::process::{Emulator, NONCE, WEB, text};

fn payload(token: &str) -> String {
    let part = token.split('.').nth(1).expect("a payload");
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("text")
}

fn header(token: &str) -> Value {
    let part = token.split('.').next().expect("a header");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn the_id_token_says_who_signed_in() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let token = text(&tokens, "id_token");
    let claims = emulator.verified(token).await.expect("a good token");
    assert_eq!(claims["iss"], emulator.url);
    assert_eq!(claims["aud"], json!([emulator.url, WEB]));
    assert_eq!(
        (&claims["azp"], &claims["nonce"]),
        (&json!(WEB), &json!(NONCE))
    );
    let hash = Sha256::digest(text(&tokens, "access_token").as_bytes());
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
    let (iat, exp) = (
        claims["iat"].as_i64().expect("a time"),
        claims["exp"].as_i64().expect("a time"),
    );
    assert_eq!(exp - iat, 3_600);
    assert!(claims["auth_time"].is_i64() && claims["rat"].is_i64());
    assert_eq!(text(&claims, "jti").len(), 36);
    let sub = text(&claims, "sub").strip_prefix("kp_").expect("kp_");
    assert!(sub.len() == 32 && sub.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!("ada@example.com"), &json!(true))
    );
    assert_eq!(
        (&claims["given_name"], &claims["family_name"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    assert_eq!(claims["org_codes"], json!(["org_acme", "org_globex"]));
    assert_eq!(
        claims["organizations"],
        json!([{"id": "org_acme", "name": "Acme"}, {"id": "org_globex", "name": "Globex"}])
    );
    assert!(
        payload(token).contains("\"updated_at\":1.7040672e+09"),
        "{}",
        payload(token)
    );
    let header = header(token);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("RS256"), &json!("JWT"))
    );
    for absent in ["scp", "permissions", "gty"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn the_access_token_says_what_they_may() {
    let emulator = Emulator::for_ada();
    let changes = [
        (
            "audience",
            "https://api.example.com https://reports.example.com",
        ),
        ("scope", "openid email read:orders"),
    ];
    let tokens = emulator.tokens(&changes).await;
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["iss"], emulator.url);
    assert_eq!(
        claims["aud"],
        json!(["https://api.example.com", "https://reports.example.com"])
    );
    assert_eq!(claims["azp"], WEB);
    assert_eq!(claims["scp"], json!(["openid", "email", "read:orders"]));
    assert_eq!(claims["org_code"], "org_acme");
    let permissions = json!([
        "create:todos",
        "read:todos",
        "update:todos",
        "delete:todos",
        "manage:members"
    ]);
    assert_eq!(claims["permissions"], permissions);
    assert_eq!(claims["roles"][0]["key"], "admin");
    let flags = json!({
        "is_dark_mode": {"t": "b", "v": true},
        "beta_access": {"t": "b", "v": true},
        "theme": {"t": "s", "v": "pink"},
        "competitions_limit": {"t": "i", "v": 5},
        "checkout": {"t": "o", "v": {"currency": "EUR", "retries": 3, "methods": ["card", "transfer"]}},
    });
    assert_eq!(claims["feature_flags"], flags);
    for absent in ["nonce", "at_hash", "email", "org_codes", "gty"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let plain = emulator.tokens(&[]).await;
    let claims = emulator.claims(&plain, "access_token").await;
    assert_eq!(claims["aud"], json!([]));
}

#[tokio::test]
async fn an_organizations_flags_and_roles_are_its_own() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[("org_code", "org_globex")]).await;
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["permissions"], json!(["read:todos"]));
    assert_eq!(
        claims["feature_flags"]["theme"],
        json!({"t": "s", "v": "blue"})
    );
    assert_eq!(
        claims["feature_flags"]["competitions_limit"],
        json!({"t": "i", "v": 50})
    );
    assert_eq!(
        claims["feature_flags"]["beta_access"],
        json!({"t": "b", "v": false})
    );
}

#[tokio::test]
async fn scopes_rule_what_the_id_token_shows() {
    let emulator = Emulator::for_ada();
    let claims_for = async |scope: &str| {
        let tokens = emulator.tokens(&[("scope", scope)]).await;
        emulator.claims(&tokens, "id_token").await
    };
    let bare = claims_for("openid").await;
    let email = claims_for("openid email").await;
    let profile = claims_for("openid profile").await;
    for (name, holder, others) in [
        ("email", &email, [&bare, &profile]),
        ("given_name", &profile, [&bare, &email]),
        ("updated_at", &profile, [&bare, &email]),
    ] {
        assert!(holder.get(name).is_some(), "{name}");
        assert!(
            others.iter().all(|other| other.get(name).is_none()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn hasura_claims_have_their_prefix() {
    let emulator = Emulator::start(&["--control"]);
    let mint = async |template: &str| {
        let order = json!({"template": template, "client_id": "emulator_hasura", "email": "ada@example.com"});
        emulator.control("/mint", order).await["claims"].clone()
    };
    let access = mint("access").await;
    for name in [
        "x-hasura-permissions",
        "x-hasura-org-code",
        "x-hasura-org-name",
        "x-hasura-roles",
        "x-hasura-feature-flags",
        "x-hasura-organization_properties",
        "x-hasura-user_properties",
    ] {
        assert!(access.get(name).is_some(), "{name} in {access}");
    }
    assert!(access.get("permissions").is_none());
    assert_eq!(
        access["x-hasura-user_properties"],
        json!({"kp_usr_city": {"v": "London"}})
    );
    let id = mint("id").await;
    assert!(id.get("x-hasura-org-codes").is_some() && id.get("x-hasura-organizations").is_some());
}

#[tokio::test]
async fn an_application_may_add_claims_and_shorten_lives() {
    let emulator = Emulator::for_ada();
    let change = json!({
        "access_token_seconds": 60,
        "id_token_seconds": 30,
        "access_token_claims": ["email", "org_name", "external_org_id"],
        "extra_access_token_claims": {"plan": "gold"},
        "extra_id_token_claims": {"updated_at": 1},
    });
    emulator
        .patch("/applications?client_id=emulator_web", change)
        .await;
    let tokens = emulator.tokens(&[]).await;
    assert_eq!(tokens["expires_in"], 60);
    let access = emulator.claims(&tokens, "access_token").await;
    assert_eq!(
        (&access["email"], &access["org_name"]),
        (&json!("ada@example.com"), &json!("Acme"))
    );
    assert_eq!(
        (&access["external_org_id"], &access["plan"]),
        (&json!("acme-1"), &json!("gold"))
    );
    assert!(access.get("roles").is_none());
    let id = emulator.claims(&tokens, "id_token").await;
    assert_eq!(
        id["exp"].as_i64().expect("a time") - id["iat"].as_i64().expect("a time"),
        30
    );
    assert_eq!(id["updated_at"], 1);
}
