//! Policy 3: the rows for access tokens.

use kinde::{Status, VerifyOptions};
use kinde_test_support::{Application, status};
use serde_json::{Value, json};

use crate::tokens_id::sign_in_with_lie;

/// What the library says of an access token of the emulator with these changes.
async fn judged(app: &Application, changes: Value) -> Status {
    let token = app.token("access", changes).await;
    status(&app.verify(&token).await)
}

async fn with_claims(app: &Application, claims: Value) -> Status {
    judged(app, json!({ "claims": claims })).await
}

#[tokio::test]
async fn a_genuine_access_token_is_accepted() {
    let app = Application::start();
    assert_eq!(judged(&app, json!({})).await, Status::Ok);
}

#[tokio::test]
async fn iss_is_an_accepted_issuer() {
    let app = Application::start();
    let issuer = app.url();
    for wrong in [
        "https://elsewhere.example".to_owned(),
        format!("{issuer}/"),
        issuer.to_uppercase(),
        issuer.replace("127.0.0.1", "localhost"),
        String::new(),
    ] {
        let judged = with_claims(&app, json!({ "iss": wrong })).await;
        assert!(
            matches!(judged, Status::Issuer | Status::ClaimMissing),
            "{wrong}: {judged}"
        );
    }
    let missing = with_claims(&app, json!({ "iss": null })).await;
    assert!(
        matches!(missing, Status::Issuer | Status::ClaimMissing),
        "{missing}"
    );
    let list = with_claims(&app, json!({ "iss": [issuer] })).await;
    assert!(
        matches!(list, Status::Issuer | Status::ClaimMissing),
        "{list}"
    );
}

#[tokio::test]
async fn exp_is_required_and_in_the_future() {
    let app = Application::with(json!({ "clock_leeway_seconds": 0 }));
    assert_eq!(
        with_claims(&app, json!({ "exp": null })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "exp": "4102444800" })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "exp": unix_seconds() - 2 })).await,
        Status::TokenExpired
    );
    assert_eq!(
        with_claims(&app, json!({ "exp": 0 })).await,
        Status::TokenExpired
    );
    assert_eq!(
        with_claims(&app, json!({ "exp": -1e300 })).await,
        Status::TokenExpired
    );
    assert_eq!(with_claims(&app, json!({ "exp": 1e300 })).await, Status::Ok);
}

#[tokio::test]
async fn leeway_is_a_setting_and_widens_both_ends() {
    let app = Application::with(json!({ "clock_leeway_seconds": 600 }));
    let strict = app.client(json!({ "clock_leeway_seconds": 0 }));
    let now = unix_seconds();
    for (claims, by_leeway) in [
        (json!({ "exp": now - 300 }), true),
        (json!({ "exp": now - 900 }), false),
        (json!({ "nbf": now + 300 }), true),
        (json!({ "nbf": now + 900 }), false),
    ] {
        let token = app.token("access", json!({ "claims": claims })).await;
        assert_eq!(app.verify(&token).await.is_ok(), by_leeway, "{claims}");
        assert!(
            strict
                .verify_token(&token, &VerifyOptions::default())
                .await
                .is_err(),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn the_default_leeway_is_a_minute() {
    let app = Application::start();
    let now = unix_seconds();
    assert_eq!(
        with_claims(&app, json!({ "exp": now - 30 })).await,
        Status::Ok
    );
    assert_eq!(
        with_claims(&app, json!({ "exp": now - 61 })).await,
        Status::TokenExpired
    );
}

#[tokio::test]
async fn nbf_is_judged_if_present() {
    let app = Application::start();
    let now = unix_seconds();
    assert_eq!(
        with_claims(&app, json!({ "nbf": now - 5 })).await,
        Status::Ok
    );
    assert_eq!(
        with_claims(&app, json!({ "nbf": now + 900 })).await,
        Status::TokenNotYetValid
    );
    assert_ne!(
        with_claims(&app, json!({ "nbf": "soon" })).await,
        Status::Ok
    );
}

#[tokio::test]
async fn times_may_be_fractional() {
    let app = Application::start();
    let now = unix_seconds() as f64;
    let claims = json!({ "exp": now + 3600.25, "iat": now - 0.5, "nbf": now - 1.75 });
    assert_eq!(with_claims(&app, claims).await, Status::Ok);
    assert_eq!(
        with_claims(&app, json!({ "exp": now - 3600.5 })).await,
        Status::TokenExpired
    );
}

#[tokio::test]
async fn sub_is_required_unless_the_token_is_a_machines() {
    let app = Application::start();
    assert_eq!(
        with_claims(&app, json!({ "sub": null })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "sub": "" })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "sub": 5 })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "sub": null, "gty": ["password"] })).await,
        Status::ClaimMissing
    );
    assert_eq!(
        with_claims(&app, json!({ "sub": null, "gty": ["client_credentials"] })).await,
        Status::Ok
    );
    assert_eq!(
        with_claims(&app, json!({ "sub": null, "gty": "client_credentials" })).await,
        Status::Ok
    );
}

#[tokio::test]
async fn aud_contains_one_audience_that_was_requested() {
    let app = Application::start();
    let orders = app.client(json!({ "audience": "https://api.example.com" }));
    let both =
        app.client(json!({ "audience": "https://api.example.com https://reports.example.com" }));
    for (aud, of_none, of_orders, of_both) in [
        (
            json!([]),
            Status::Ok,
            Status::ClaimMissing,
            Status::ClaimMissing,
        ),
        (
            json!(null),
            Status::Ok,
            Status::ClaimMissing,
            Status::ClaimMissing,
        ),
        (
            json!(["https://api.example.com"]),
            Status::Audience,
            Status::Ok,
            Status::Ok,
        ),
        (
            json!("https://api.example.com"),
            Status::Audience,
            Status::Ok,
            Status::Ok,
        ),
        (
            json!(["https://reports.example.com"]),
            Status::Audience,
            Status::Audience,
            Status::Ok,
        ),
        (
            json!(["x", "https://api.example.com"]),
            Status::Audience,
            Status::Ok,
            Status::Ok,
        ),
        (
            json!(["https://api.example.com/"]),
            Status::Audience,
            Status::Audience,
            Status::Audience,
        ),
        (
            json!("https://api.example.com https://reports.example.com"),
            Status::Audience,
            Status::Audience,
            Status::Audience,
        ),
        (
            json!([["https://api.example.com"]]),
            Status::ClaimMissing,
            Status::ClaimMissing,
            Status::ClaimMissing,
        ),
    ] {
        let token = app
            .token("access", json!({ "claims": { "aud": aud } }))
            .await;
        for (client, expected) in [
            (&app.client, of_none),
            (&orders, of_orders),
            (&both, of_both),
        ] {
            let judged = client.verify_token(&token, &VerifyOptions::default()).await;
            assert_eq!(status(&judged), expected, "{aud}");
        }
    }
}

#[tokio::test]
async fn the_audience_of_a_call_replaces_the_settings() {
    let app = Application::with(json!({ "audience": "https://api.example.com" }));
    let token = app
        .token(
            "access",
            json!({ "claims": { "aud": ["https://reports.example.com"] } }),
        )
        .await;
    let asked = VerifyOptions::from_json(r#"{"audience": "https://reports.example.com"}"#).unwrap();
    assert_eq!(
        status(&app.client.verify_token(&token, &asked).await),
        Status::Ok
    );
    assert_eq!(status(&app.verify(&token).await), Status::Audience);
}

#[tokio::test]
async fn in_a_session_azp_is_this_client_or_its_machine_client() {
    let app = Application::with(json!({ "management_client_id": "emulator_m2m" }));
    for (azp, expected) in [
        (json!("emulator_spa"), Status::AuthorizedParty),
        (json!(""), Status::AuthorizedParty),
        (json!("emulator_m2m"), Status::Ok),
        (json!("emulator_web"), Status::Ok),
        (json!(null), Status::Ok),
    ] {
        let lie = json!({ "token": "access", "claims": { "azp": azp } });
        assert_eq!(sign_in_with_lie(&app, lie).await, expected, "{azp}");
    }
}

#[tokio::test]
async fn outside_a_session_azp_is_not_judged() {
    let app = Application::start();
    assert_eq!(
        with_claims(&app, json!({ "azp": "emulator_spa" })).await,
        Status::Ok
    );
}

#[tokio::test]
async fn in_a_session_sub_equals_the_id_tokens() {
    let app = Application::start();
    let lie = json!({ "token": "access", "claims": { "sub": "kp_somebody_else" } });
    assert_eq!(sign_in_with_lie(&app, lie).await, Status::Subject);
}

#[tokio::test]
async fn in_a_session_aud_is_what_this_sign_in_asked_for() {
    let app = Application::start();
    let lie = |aud: Value| json!({ "token": "access", "claims": { "aud": aud } });
    assert_eq!(
        sign_in_with_lie(&app, lie(json!(["https://api.example.com"]))).await,
        Status::Audience
    );
    let asking = Application::with(json!({ "audience": "https://api.example.com" }));
    assert_eq!(
        sign_in_with_lie(&asking, lie(json!([]))).await,
        Status::ClaimMissing
    );
    assert_eq!(
        sign_in_with_lie(&asking, lie(json!(["https://reports.example.com"]))).await,
        Status::Audience
    );
}

#[tokio::test]
async fn a_claim_that_no_rule_names_never_rejects() {
    let app = Application::start();
    for claims in [
        json!({ "updated_at": 1.685462653e+09 }),
        json!({ "ksp": {}, "address": {}, "": null, "permissions": null }),
        json!({ "permissions": "create:todos", "feature_flags": [], "roles": 5, "org_code": {} }),
        json!({ "iat": null, "jti": 5, "auth_time": "yesterday", "sid": [] }),
        json!({ "act": { "sub": "x" }, "typ": "ID", "alg": "none", "kid": "x" }),
    ] {
        assert_eq!(
            with_claims(&app, claims.clone()).await,
            Status::Ok,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn a_hollow_access_token_is_refused() {
    let app = Application::start();
    let lie = json!({ "token": "access", "hollow": true });
    assert_ne!(sign_in_with_lie(&app, lie).await, Status::Ok);
    let hollow = app
        .emulator
        .mint(json!({ "claims": { "aud": [], "iat": 1, "jti": "x", "scp": ["openid"] } }))
        .await;
    assert!(app.verify(&hollow).await.is_err());
}

pub fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}
