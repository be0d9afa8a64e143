//! Tokens for the program itself; revocation and introspection.

use std::time::{SystemTime, UNIX_EPOCH};

use kinde::{Client, ClientCredentials, Introspection, Revocation, Status, TokenType};
use kinde_test_support::{Application, json, status};
use serde_json::json;

const TOKEN: &str = "/oauth2/token";
const API: &str = "https://api.example.com";

fn machine(app: &Application) -> Client {
    app.client(json!({
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    }))
}

fn for_api() -> ClientCredentials {
    ClientCredentials::from_json(&json!({ "audience": API }).to_string()).unwrap()
}

#[tokio::test]
async fn a_machine_token_is_kept_until_shortly_before_it_expires() {
    let app = Application::start();
    let client = machine(&app);
    let first = client.client_credentials(for_api()).await.unwrap();
    let second = client.client_credentials(for_api()).await.unwrap();
    assert!(first.access_token == second.access_token);
    assert_eq!(app.emulator.count(TOKEN).await, 1);
    let sent = app.emulator.last_request(TOKEN).await;
    assert_eq!(sent.field("grant_type"), Some("client_credentials"));
    assert_eq!(sent.field("audience"), Some(API));
    assert_eq!(
        sent.field("scope"),
        None,
        "a user's scopes are never sent with client credentials"
    );
}

#[tokio::test]
async fn an_expired_machine_token_is_not_kept() {
    let app = Application::start();
    app.emulator
        .application("emulator_m2m", json!({ "access_token_seconds": 1 }))
        .await;
    let client = machine(&app);
    client.client_credentials(for_api()).await.unwrap();
    // Its second is over before the next token is asked for.
    app.emulator
        .fault(json!({ "path": "/.well-known/jwks.json", "delay_ms": 1100 }))
        .await;
    app.client(json!({ "user_agent": "another" }))
        .prepare()
        .await
        .unwrap();
    client.client_credentials(for_api()).await.unwrap();
    assert_eq!(app.emulator.count(TOKEN).await, 2);
}

#[tokio::test]
async fn a_kept_token_that_expires_earlier_than_was_said_is_got_anew() {
    let app = Application::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let exp = now.as_secs() - 300;
    app.emulator
        .lie(json!({ "token": "m2m", "claims": { "exp": exp } }))
        .await;
    let lenient = machine(&app)
        .derive(r#"{"clock_leeway_seconds": 600}"#)
        .unwrap();
    let kept = lenient.client_credentials(for_api()).await.unwrap();
    let anew = machine(&app).client_credentials(for_api()).await.unwrap();
    assert!(anew.access_token != kept.access_token);
    assert_eq!(app.emulator.count(TOKEN).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_share_one_request() {
    let app = Application::start();
    let client = machine(&app);
    app.emulator
        .fault(json!({ "path": TOKEN, "delay_ms": 300 }))
        .await;
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                client
                    .client_credentials(for_api())
                    .await
                    .unwrap()
                    .access_token
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for caller in callers {
        tokens.push(caller.await.unwrap());
    }
    assert!(tokens.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn each_audience_scope_and_client_has_its_own() {
    let app = Application::start();
    let client = machine(&app);
    let management = format!("{}/api", app.url());
    for params in [
        json!({ "audience": API }),
        json!({ "audience": management }),
        json!({ "audience": API, "scope": "read:orders" }),
        json!({ "audience": API, "scope": "write:orders" }),
    ] {
        let params = ClientCredentials::from_json(&params.to_string()).unwrap();
        let tokens = client.client_credentials(params).await.unwrap();
        assert!(tokens.access_token.expose().contains('.'));
    }
    let other = app.client(json!({
        "client_id": "emulator_m2m_org",
        "client_secret": "emulator-m2m-org-secret-0123456789abcdefghi",
    }));
    other.client_credentials(for_api()).await.unwrap();
    assert_eq!(app.emulator.count(TOKEN).await, 5);
}

#[tokio::test]
async fn a_wrong_secret_does_not_get_the_kept_token_of_the_right_one() {
    let app = Application::start();
    machine(&app).client_credentials(for_api()).await.unwrap();
    let wrong = app.client(json!({ "client_id": "emulator_m2m", "client_secret": "wrong" }));
    assert_eq!(
        status(&wrong.client_credentials(for_api()).await),
        Status::Oauth
    );
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let app = Application::start();
    let client = machine(&app);
    app.emulator
        .fault(json!({ "path": TOKEN, "status": 500 }))
        .await;
    assert!(client.client_credentials(for_api()).await.is_err());
    assert_eq!(
        status(&client.client_credentials(for_api()).await),
        Status::Ok
    );
}

#[tokio::test]
async fn a_lying_machine_token_is_refused() {
    let app = Application::start();
    for (lie, expected) in [
        (
            json!({ "token": "m2m", "claims": { "aud": ["https://elsewhere.example"] } }),
            Status::Audience,
        ),
        (
            json!({ "token": "m2m", "claims": { "exp": 1 } }),
            Status::TokenExpired,
        ),
        (
            json!({ "token": "m2m", "sign": "foreign" }),
            Status::Signature,
        ),
        (
            json!({ "token": "m2m", "claims": { "gty": null } }),
            Status::ClaimMissing,
        ),
    ] {
        app.emulator.lie(lie.clone()).await;
        let client = machine(&app);
        assert_eq!(
            status(&client.client_credentials(for_api()).await),
            expected,
            "{lie}"
        );
        assert_eq!(
            status(&client.client_credentials(for_api()).await),
            Status::Ok,
            "after {lie}"
        );
        drop(client);
    }
}

#[tokio::test]
async fn a_machines_session_is_signed_in_and_renews_itself() {
    let app = Application::start();
    let client = machine(&app);
    let session = client.session();
    session.client_credentials(for_api()).await.unwrap();
    assert!(session.is_authenticated());
    let claims = json(session.claims(TokenType::Access).unwrap());
    assert_eq!(claims["gty"], json!(["client_credentials"]));
    assert_eq!(status(&session.claims(TokenType::Id)), Status::ClaimMissing);
    assert!(session.ensure_fresh(0).await.is_ok());
}

#[tokio::test]
async fn a_revoked_token_is_no_longer_active() {
    let app = Application::start();
    let session = app.signed_in().await;
    let refresh_token = session.tokens().unwrap().refresh_token.unwrap();
    let machine = app.client(json!({
        "management_client_id": "emulator_m2m",
        "management_client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    }));
    let ask = || machine.introspect_token(Introspection::new(refresh_token.clone()));
    assert_eq!(json(ask().await.unwrap())["active"], true);
    app.client
        .revoke_token(Revocation::new(refresh_token.clone()))
        .await
        .unwrap();
    assert_eq!(json(ask().await.unwrap())["active"], false);
    assert_eq!(status(&session.refresh().await), Status::InvalidGrant);
}

#[tokio::test]
async fn a_revoked_machine_token_is_not_handed_out_again() {
    let app = Application::start();
    let client = machine(&app);
    let first = client.client_credentials(for_api()).await.unwrap();
    client
        .revoke_token(Revocation::new(first.access_token.clone()))
        .await
        .unwrap();
    let second = client.client_credentials(for_api()).await.unwrap();
    assert!(first.access_token != second.access_token);
    assert_eq!(app.emulator.count(TOKEN).await, 2);
}
