//! Policy 1 and 3: tokens that the host hands in.

use kinde::{Session, Status, TokenSet, TokenType};
use kinde_test_support::{Application, status};
use serde_json::{Value, json};

use crate::tokens_access::unix_seconds;

async fn from_tokens(app: &Application, tokens: Value) -> kinde::Result<Session> {
    let tokens = TokenSet::from_json(&tokens.to_string()).unwrap();
    Session::from_tokens(&app.client, tokens).await
}

#[tokio::test]
async fn an_access_token_alone_is_enough() {
    let app = Application::start();
    let access = app.token("access", json!({})).await;
    let session = from_tokens(&app, json!({ "access_token": access }))
        .await
        .unwrap();
    assert!(session.is_authenticated());
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
    assert_eq!(status(&session.claims(TokenType::Id)), Status::ClaimMissing);
}

#[tokio::test]
async fn an_expired_access_token_is_recorded_and_not_refused() {
    let app = Application::start();
    let end = unix_seconds() - 3600;
    let access = app
        .token("access", json!({ "claims": { "exp": end } }))
        .await;
    let session = from_tokens(&app, json!({ "access_token": access }))
        .await
        .unwrap();
    assert!(!session.is_authenticated());
    assert_eq!(session.expires_at().unwrap(), end);
    assert_eq!(
        status(&session.permissions(TokenType::Access)),
        Status::TokenExpired
    );
    assert_eq!(status(&session.access_token()), Status::TokenExpired);
}

#[tokio::test]
async fn an_expired_session_can_be_refreshed() {
    let app = Application::start();
    let signed_in = app.signed_in().await;
    let mut tokens = kinde_test_support::json(signed_in.tokens().unwrap().to_json());
    let claims = json!({ "exp": unix_seconds() - 3600 });
    tokens["access_token"] = json!(app.token("access", json!({ "claims": claims })).await);
    tokens["id_token"] = json!(null);
    app.emulator
        .post("/tokens/expire", json!({ "kind": "access" }))
        .await;
    let session = from_tokens(&app, tokens).await.unwrap();
    assert!(!session.is_authenticated());
    assert!(session.ensure_fresh(60).await.unwrap());
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn claims_come_from_verified_tokens_only() {
    let app = Application::start();
    for (sign, expected) in [
        ("foreign", Status::Signature),
        ("garbage", Status::Signature),
        ("empty", Status::Signature),
        ("none", Status::Algorithm),
        ("hs256", Status::Algorithm),
    ] {
        let access = app.token("access", json!({ "sign": sign })).await;
        assert_eq!(
            status(&from_tokens(&app, json!({ "access_token": access })).await),
            expected,
            "{sign}"
        );
        let good = app.token("access", json!({})).await;
        let id = app.token("id", json!({ "sign": sign })).await;
        let both = json!({ "access_token": good, "id_token": id });
        assert_eq!(status(&from_tokens(&app, both).await), expected, "{sign}");
    }
}

#[tokio::test]
async fn issuer_kind_and_parties_are_checked() {
    let app = Application::start();
    let id = app.token("id", json!({})).await;
    for (claims, expected) in [
        (
            json!({ "iss": "https://elsewhere.example" }),
            Status::Issuer,
        ),
        (json!({ "azp": "emulator_spa" }), Status::AuthorizedParty),
        (json!({ "nonce": "x" }), Status::TokenKind),
        (json!({ "exp": null }), Status::ClaimMissing),
        (json!({ "sub": "kp_somebody_else" }), Status::Subject),
    ] {
        let access = app.token("access", json!({ "claims": claims })).await;
        let tokens = json!({ "access_token": access, "id_token": id });
        assert_eq!(
            status(&from_tokens(&app, tokens).await),
            expected,
            "{claims}"
        );
    }
    let swapped = json!({ "access_token": id });
    assert_eq!(status(&from_tokens(&app, swapped).await), Status::TokenKind);
}

#[tokio::test]
async fn an_id_token_of_another_client_is_refused() {
    let app = Application::start();
    let access = app.token("access", json!({})).await;
    for (changes, expected) in [
        (
            json!({ "claims": { "aud": ["emulator_spa"], "azp": "emulator_spa" } }),
            Status::Audience,
        ),
        (
            json!({ "claims": { "azp": "emulator_spa" } }),
            Status::AuthorizedParty,
        ),
    ] {
        let id = app.token("id", changes.clone()).await;
        let tokens = json!({ "access_token": access, "id_token": id });
        assert_eq!(
            status(&from_tokens(&app, tokens).await),
            expected,
            "{changes}"
        );
    }
}

/// An answer to a refresh may lack an ID token, and then the host keeps the one that it has.
#[tokio::test]
async fn a_kept_id_token_may_be_older_than_the_access_token() {
    let app = Application::start();
    let access = app.token("access", json!({})).await;
    let changes = json!({ "claims": { "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" } });
    let id = app.token("id", changes).await;
    let tokens = json!({ "access_token": access, "id_token": id });
    assert_eq!(status(&from_tokens(&app, tokens).await), Status::Ok);
}

#[tokio::test]
async fn a_kept_id_token_still_says_when_it_was_made_and_ends() {
    let app = Application::start();
    let access = app.token("access", json!({})).await;
    for claim in ["exp", "iat", "sub"] {
        let id = app.token("id", json!({ "claims": { claim: null } })).await;
        let tokens = json!({ "access_token": access, "id_token": id });
        assert_eq!(
            status(&from_tokens(&app, tokens).await),
            Status::ClaimMissing,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_token_set_without_an_access_token_is_refused_by_name() {
    for tokens in ["{}", r#"{"access_token": ""}"#, r#"{"access_token": 5}"#] {
        let error = TokenSet::from_json(tokens).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert_eq!(error.field(), Some("access_token"), "{tokens}");
    }
}
