//! Policy 3: the rows for ID tokens.

use kinde::{AuthorizationParams, CodeExchange, Status, TokenType, VerifyOptions};
use kinde_test_support::{Application, REDIRECT_URI, status};
use serde_json::{Value, json};

use crate::tokens_access::unix_seconds;

/// A sign-in in which the token endpoint lies once. Whatever the outcome, nobody is half signed in.
pub async fn sign_in_with_lie(app: &Application, lie: Value) -> Status {
    app.emulator.lie(lie.clone()).await;
    let session = app.client.session();
    let callback = app.callback(&session).await;
    let outcome = session.handle_callback(&callback).await;
    assert_eq!(outcome.is_ok(), session.is_authenticated(), "{lie}");
    assert_eq!(outcome.is_ok(), session.tokens().is_ok(), "{lie}");
    status(&outcome)
}

async fn with_claims(app: &Application, claims: Value) -> Status {
    sign_in_with_lie(app, json!({ "token": "id", "claims": claims })).await
}

/// What the library says of an ID token that a host hands in.
async fn judged(app: &Application, changes: Value, options: Value) -> Status {
    let mut all = json!({ "type": "id" });
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    let token = app.token("id", changes).await;
    let options = VerifyOptions::from_json(&all.to_string()).unwrap();
    status(&app.client.verify_token(&token, &options).await)
}

#[tokio::test]
async fn a_genuine_id_token_is_accepted() {
    let app = Application::start();
    assert_eq!(judged(&app, json!({}), json!({})).await, Status::Ok);
    assert_eq!(with_claims(&app, json!({})).await, Status::Ok);
}

#[tokio::test]
async fn an_id_token_is_required_if_openid_was_asked_for() {
    let app = Application::start();
    let fault = json!({ "path": "/oauth2/token", "patch": { "id_token": null } });
    app.emulator.fault(fault.clone()).await;
    let session = app.client.session();
    let callback = app.callback(&session).await;
    assert!(session.handle_callback(&callback).await.is_err());
    assert!(!session.is_authenticated());

    let without = Application::with(json!({ "scope": "profile offline" }));
    without.emulator.fault(fault).await;
    assert!(without.signed_in().await.is_authenticated());
}

#[tokio::test]
async fn iss_is_the_issuer() {
    let app = Application::start();
    let foreign = with_claims(&app, json!({ "iss": "https://elsewhere.example" })).await;
    assert_eq!(foreign, Status::Issuer);
    assert_ne!(with_claims(&app, json!({ "iss": null })).await, Status::Ok);
    assert_ne!(
        with_claims(&app, json!({ "iss": format!("{}/", app.url()) })).await,
        Status::Ok
    );
}

#[tokio::test]
async fn client_id_is_in_aud() {
    let app = Application::start();
    let issuer = app.url();
    for (aud, expected) in [
        (json!("emulator_web"), Status::Ok),
        (json!(["emulator_web"]), Status::Ok),
        (json!([issuer, "emulator_web"]), Status::Ok),
        (json!(["emulator_web", issuer]), Status::Ok),
        (json!([issuer]), Status::Audience),
        (json!("emulator_spa"), Status::Audience),
        (json!("emulator_web2"), Status::Audience),
        (json!([]), Status::ClaimMissing),
        (json!(null), Status::ClaimMissing),
        (json!({ "emulator_web": true }), Status::ClaimMissing),
    ] {
        assert_eq!(
            judged(&app, json!({ "claims": { "aud": aud } }), json!({})).await,
            expected,
            "{aud}"
        );
        assert_eq!(
            with_claims(&app, json!({ "aud": aud })).await,
            expected,
            "{aud}"
        );
    }
}

#[tokio::test]
async fn other_members_of_aud_are_the_issuer_or_configured_audiences() {
    let app = Application::with(json!({ "audience": "https://api.example.com" }));
    let issuer = app.url();
    for (aud, expected) in [
        (
            json!([issuer, "emulator_web", "https://api.example.com"]),
            Status::Ok,
        ),
        (
            json!(["emulator_web", "https://api.example.com"]),
            Status::Ok,
        ),
        (
            json!(["emulator_web", "https://reports.example.com"]),
            Status::Audience,
        ),
        (
            json!([issuer, "emulator_web", "emulator_spa"]),
            Status::Audience,
        ),
    ] {
        assert_eq!(
            judged(&app, json!({ "claims": { "aud": aud } }), json!({})).await,
            expected,
            "{aud}"
        );
    }
}

#[tokio::test]
async fn the_audience_fallback_is_a_choice_and_needs_azp() {
    let app = Application::start();
    let issuer = app.url().to_owned();
    let falling_back = Application::on(
        app.emulator,
        json!({
            "id_token_audience_fallback": true,
            "audience": "https://api.example.com",
        }),
    );
    for (claims, expected) in [
        (json!({ "aud": [issuer] }), Status::Ok),
        (json!({ "aud": [issuer], "azp": null }), Status::Audience),
        (
            json!({ "aud": [issuer], "azp": "emulator_spa" }),
            Status::Audience,
        ),
        (
            json!({ "aud": ["https://api.example.com"] }),
            Status::Audience,
        ),
        (
            json!({ "aud": ["https://elsewhere.example"] }),
            Status::Audience,
        ),
    ] {
        assert_eq!(
            judged(&falling_back, json!({ "claims": claims }), json!({})).await,
            expected,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn azp_equals_client_id() {
    let app = Application::with(json!({ "audience": "https://api.example.com" }));
    let issuer = app.url();
    for (claims, expected) in [
        (json!({ "azp": "emulator_spa" }), Status::AuthorizedParty),
        (json!({ "azp": "" }), Status::AuthorizedParty),
        (
            json!({ "azp": "emulator_spa", "aud": "emulator_web" }),
            Status::AuthorizedParty,
        ),
        (json!({ "azp": null, "aud": "emulator_web" }), Status::Ok),
        (
            json!({ "azp": null, "aud": [issuer, "emulator_web"] }),
            Status::Ok,
        ),
        (
            json!({ "azp": null, "aud": ["emulator_web", "https://api.example.com"] }),
            Status::AuthorizedParty,
        ),
        (
            json!({ "azp": null, "aud": [issuer, "emulator_web", "https://api.example.com"] }),
            Status::AuthorizedParty,
        ),
    ] {
        assert_eq!(
            judged(&app, json!({ "claims": claims }), json!({})).await,
            expected,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn exp_iat_and_sub_are_required() {
    let app = Application::start();
    for claim in ["exp", "iat", "sub"] {
        assert_eq!(
            with_claims(&app, json!({ claim: null })).await,
            Status::ClaimMissing,
            "{claim}"
        );
        assert_eq!(
            with_claims(&app, json!({ claim: {} })).await,
            Status::ClaimMissing,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn times_are_checked_when_it_comes_from_the_token_endpoint() {
    let app = Application::start();
    let now = unix_seconds();
    assert_eq!(
        with_claims(&app, json!({ "exp": now - 900 })).await,
        Status::TokenExpired
    );
    assert_eq!(
        with_claims(&app, json!({ "iat": now + 900 })).await,
        Status::TokenNotYetValid
    );
    assert_eq!(
        with_claims(&app, json!({ "nbf": now + 900 })).await,
        Status::TokenNotYetValid
    );
    assert_eq!(
        with_claims(
            &app,
            json!({ "iat": now as f64 - 0.5, "exp": now as f64 + 60.5 })
        )
        .await,
        Status::Ok
    );
}

#[tokio::test]
async fn an_old_id_token_answers_no_sign_in_of_today() {
    let app = Application::start();
    let now = unix_seconds();
    let days = |days: i64| json!({ "iat": now - days * 86_400, "exp": now + 60 });
    assert_eq!(with_claims(&app, days(3)).await, Status::TokenExpired);
    assert_eq!(with_claims(&app, days(0)).await, Status::Ok);
}

#[tokio::test]
async fn its_times_are_never_checked_again() {
    let app = Application::start();
    app.emulator
        .application("emulator_web", json!({ "id_token_seconds": 1 }))
        .await;
    let session = app.signed_in().await;
    let past = unix_seconds() - 86_400;
    let mut tokens = kinde_test_support::json(session.tokens().unwrap().to_json());
    let claims = json!({ "exp": past, "iat": past - 3600, "at_hash": null });
    tokens["id_token"] = json!(app.token("id", json!({ "claims": claims })).await);
    tokens["access_token"] = json!(app.token("access", json!({})).await);
    let tokens = kinde::TokenSet::from_json(&tokens.to_string()).unwrap();
    let kept = kinde::Session::from_tokens(&app.client, tokens)
        .await
        .unwrap();
    assert_eq!(
        kept.claim_string("email", TokenType::Id).unwrap(),
        "ada@example.com"
    );
}

#[tokio::test]
async fn nonce_is_the_one_of_this_sign_in() {
    let app = Application::start();
    assert_eq!(
        with_claims(&app, json!({ "nonce": "wrong" })).await,
        Status::Nonce
    );
    assert_eq!(
        with_claims(&app, json!({ "nonce": null })).await,
        Status::Nonce
    );
    assert_eq!(
        with_claims(&app, json!({ "nonce": "" })).await,
        Status::Nonce
    );
}

#[tokio::test]
async fn nonce_is_judged_in_an_exchange_only_if_one_was_given() {
    let app = Application::start();
    for (given, expected) in [(None, Status::Ok), (Some("another"), Status::Nonce)] {
        let request = app
            .client
            .authorization_url(&AuthorizationParams::new())
            .unwrap();
        let callback = app.browser().open(&request.url).await.at_application();
        let mut exchange = json!({
            "code": kinde_test_support::query(&callback)["code"],
            "code_verifier": request.code_verifier.as_ref().unwrap().expose(),
            "redirect_uri": REDIRECT_URI,
        });
        if let Some(given) = given {
            exchange["nonce"] = json!(given);
        }
        let exchange = CodeExchange::from_json(&exchange.to_string()).unwrap();
        assert_eq!(status(&app.client.exchange_code(exchange).await), expected);
    }
    assert_eq!(
        judged(&app, json!({ "nonce": "n" }), json!({ "nonce": "n" })).await,
        Status::Ok
    );
    assert_eq!(
        judged(&app, json!({ "nonce": "n" }), json!({ "nonce": "m" })).await,
        Status::Nonce
    );
    assert_eq!(
        judged(&app, json!({}), json!({ "nonce": "n" })).await,
        Status::Nonce
    );
}

#[tokio::test]
async fn at_hash_fits_the_access_token_if_present() {
    let app = Application::start();
    assert_eq!(
        with_claims(&app, json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })).await,
        Status::AtHash
    );
    assert_eq!(
        with_claims(&app, json!({ "at_hash": "" })).await,
        Status::AtHash
    );
    assert_eq!(
        with_claims(&app, json!({ "at_hash": null })).await,
        Status::Ok
    );

    let access = app.token("access", json!({})).await;
    let changes = json!({ "access_token": access });
    assert_eq!(
        judged(&app, changes.clone(), json!({ "access_token": access })).await,
        Status::Ok
    );
    let another = app.token("access", json!({})).await;
    assert_eq!(
        judged(&app, changes, json!({ "access_token": another })).await,
        Status::AtHash
    );
}

#[tokio::test]
async fn updated_at_in_exponent_form_and_empty_objects_are_no_obstacle() {
    let app = Application::start();
    let claims = json!({ "updated_at": 1.685462653e+09, "address": {}, "ext_provider": {}, "org_codes": "org_1" });
    assert_eq!(with_claims(&app, claims).await, Status::Ok);
}
