//! Signing in, registering, creating and switching organizations, signing out.

use kinde::{AuthorizationParams, LogoutParams, Outcome, Session, Status, TokenType};
use kinde_test_support::{Application, json, query, status};
use serde_json::json;

fn params(json: serde_json::Value) -> AuthorizationParams {
    AuthorizationParams::from_json(&json.to_string()).unwrap()
}

async fn finish(app: &Application, session: &Session, url: &str) -> Status {
    let callback = app.browser().open(url).await.at_application();
    status(&session.handle_callback(&callback).await)
}

#[tokio::test]
async fn a_user_signs_in() {
    let app = Application::start();
    let session = app.client.session();
    assert!(!session.is_authenticated());
    let callback = app.callback(&session).await;
    let outcome = session.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::SignedIn);
    assert_eq!(
        json(outcome.to_json()),
        json!({ "outcome": "signed_in", "return_to": null, "url": null })
    );
    assert!(session.is_authenticated());
    let user = json(session.user().unwrap());
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["given_name"], "Ada");
    assert_eq!(user["family_name"], "Lovelace");
    assert_eq!(
        user["id"],
        json(session.claims(TokenType::Access).unwrap())["sub"]
    );
}

#[tokio::test]
async fn a_public_client_signs_in_without_a_secret() {
    let app = Application::with(json!({ "client_id": "emulator_spa", "client_secret": null }));
    assert!(app.signed_in().await.is_authenticated());
    let exchange = app.emulator.last_request("/oauth2/token").await;
    assert_eq!(exchange.field("client_secret"), None);
    assert_eq!(exchange.field("client_id"), Some("emulator_spa"));
}

#[tokio::test]
async fn the_secret_can_be_sent_in_the_header() {
    let app = Application::with(json!({ "client_auth_method": "client_secret_basic" }));
    assert!(app.signed_in().await.is_authenticated());
    let exchange = app.emulator.last_request("/oauth2/token").await;
    assert_eq!(exchange.field("client_secret"), None);
    assert!(
        exchange
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

#[tokio::test]
async fn the_library_says_who_calls() {
    let app =
        Application::with(json!({ "framework": "Ruby/2.0.0", "user_agent": "kinde-ruby/2.0.0" }));
    app.emulator
        .settings(json!({ "require_sdk_header": true }))
        .await;
    app.signed_in().await;
    let exchange = app.emulator.last_request("/oauth2/token").await;
    assert_eq!(exchange.header("kinde-sdk"), Some("Ruby/2.0.0"));
    let agent = exchange.header("user-agent").unwrap();
    assert!(agent.contains("kinde-ruby/2.0.0"), "{agent}");
    let plain = app.client(json!({}));
    app.signed_in_with(&plain).await;
}

#[tokio::test]
async fn a_new_user_registers() {
    let app = Application::start();
    let session = app.client.session();
    let url = session.register_url(&AuthorizationParams::new()).unwrap();
    assert_eq!(query(&url)["prompt"], "create");
    assert_eq!(finish(&app, &session, &url).await, Status::Ok);
}

#[tokio::test]
async fn a_user_creates_an_organization() {
    let app = Application::start();
    let session = app.client.session();
    let url = session
        .create_org_url(&params(json!({ "org_name": "Initech" })))
        .unwrap();
    let sent = query(&url);
    assert_eq!(sent["is_create_org"], "true");
    assert_eq!(sent["org_name"], "Initech");
    assert_eq!(sent["prompt"], "create");
    assert_eq!(finish(&app, &session, &url).await, Status::Ok);
    assert!(json(session.organization().unwrap())["org_code"].is_string());
}

#[tokio::test]
async fn a_user_switches_the_organization() {
    let app = Application::start();
    let mut browser = app.browser();
    let session = app.client.session();
    for (org_code, prompt) in [("org_acme", None), ("org_globex", Some("none"))] {
        let mut given = json!({ "org_code": org_code });
        if let Some(prompt) = prompt {
            given["prompt"] = json!(prompt);
        }
        let url = session.login_url(&params(given)).unwrap();
        let callback = browser.open(&url).await.at_application();
        session.handle_callback(&callback).await.unwrap();
        assert_eq!(json(session.organization().unwrap())["org_code"], org_code);
    }
    let organizations = json(session.organizations().unwrap());
    assert_eq!(
        organizations["org_codes"],
        json!(["org_acme", "org_globex"])
    );
}

#[tokio::test]
async fn an_invitation_is_accepted() {
    let app = Application::start();
    let session = app.client.session();
    let url = session
        .login_url(&params(json!({ "invitation_code": "inv_welcome" })))
        .unwrap();
    let sent = query(&url);
    assert_eq!(sent["invitation_code"], "inv_welcome");
    assert_eq!(sent["is_invitation"], "true");
}

#[tokio::test]
async fn a_refusal_comes_back_as_such() {
    let app = Application::start();
    for (error, expected) in [
        ("access_denied", Status::AccessDenied),
        ("login_required", Status::LoginRequired),
        ("server_error", Status::Oauth),
    ] {
        app.emulator
            .login(json!({ "error": error, "error_description": "no", "times": 1 }))
            .await;
        let session = app.client.session();
        let callback = app.callback(&session).await;
        assert_eq!(status(&session.handle_callback(&callback).await), expected);
    }
}

#[tokio::test]
async fn an_expired_link_leads_to_a_fresh_sign_in() {
    let app = Application::with(json!({ "authorization_params": { "supports_reauth": true } }));
    app.emulator
        .login(json!({ "error": "login_link_expired", "times": 1 }))
        .await;
    let session = app.client.session();
    let asked = params(json!({ "org_code": "org_acme", "return_to": "/orders" }));
    let url = session.login_url(&asked).unwrap();
    let callback = app.browser().open(&url).await.at_application();
    let outcome = session.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::Restart);
    assert!(!session.is_authenticated());

    let callback = app
        .browser()
        .open(&outcome.url.unwrap())
        .await
        .at_application();
    let outcome = session.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::SignedIn);
    assert_eq!(outcome.return_to.as_deref(), Some("/orders"));
    assert_eq!(
        json(session.organization().unwrap())["org_code"],
        "org_acme"
    );
}

#[tokio::test]
async fn several_audiences_are_asked_for_and_granted() {
    let app = Application::with(
        json!({ "audience": ["https://api.example.com", "https://reports.example.com"] }),
    );
    let session = app.signed_in().await;
    let claims = json(session.claims(TokenType::Access).unwrap());
    assert_eq!(
        claims["aud"],
        json!(["https://api.example.com", "https://reports.example.com"])
    );
}

#[tokio::test]
async fn a_call_asks_for_an_audience_of_its_own() {
    let app = Application::start();
    let session = app.client.session();
    let url = session
        .login_url(&params(
            json!({ "audience": "https://reports.example.com" }),
        ))
        .unwrap();
    assert_eq!(finish(&app, &session, &url).await, Status::Ok);
    session.refresh().await.unwrap();
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn logging_out_forgets_and_names_the_address() {
    let app = Application::with(json!({ "revoke_on_logout": false }));
    for by_network in [true, false] {
        let session = app.signed_in().await;
        let under_way = app.callback(&session).await;
        let url = if by_network {
            session.logout(&LogoutParams::default()).await.unwrap()
        } else {
            session.logout_url(&LogoutParams::default()).unwrap()
        };
        assert!(url.starts_with(&format!("{}/logout?", app.url())));
        assert_eq!(query(&url)["redirect"], "http://127.0.0.1:1/logged-out");
        assert!(!session.is_authenticated());
        assert_eq!(status(&session.tokens()), Status::NotAuthenticated);
        assert_eq!(
            status(&session.handle_callback(&under_way).await),
            Status::StateMismatch
        );
        assert_eq!(app.emulator.count("/oauth2/revoke").await, 0);
    }
    let elsewhere = LogoutParams::from_json(r#"{"redirect": "https://app.example.com/"}"#).unwrap();
    let url = app.client.session().logout_url(&elsewhere).unwrap();
    assert_eq!(query(&url)["redirect"], "https://app.example.com/");
}

#[tokio::test]
async fn logging_out_revokes_if_asked_to() {
    let app = Application::with(json!({ "revoke_on_logout": true }));
    let session = app.signed_in().await;
    let kept = session.tokens().unwrap();
    session.logout(&LogoutParams::default()).await.unwrap();
    let sent = app.emulator.last_request("/oauth2/revoke").await;
    let refresh_token = kept.refresh_token.clone().unwrap();
    assert_eq!(sent.field("token"), Some(refresh_token.expose()));
    assert_eq!(sent.field("token_type_hint"), Some("refresh_token"));
    let revived = Session::from_tokens(&app.client, kept).await.unwrap();
    assert_eq!(status(&revived.refresh().await), Status::InvalidGrant);
}

#[tokio::test]
async fn logging_out_succeeds_even_if_revoking_fails() {
    for trouble in [
        json!({ "status": 500 }),
        json!({ "drop": true }),
        json!({ "hang": true }),
        json!({ "status": 403 }),
    ] {
        let app = Application::with(json!({ "revoke_on_logout": true, "timeout_ms": 700 }));
        let session = app.signed_in().await;
        let mut fault = trouble.clone();
        fault["path"] = json!("/oauth2/revoke");
        fault["times"] = json!(null);
        app.emulator.fault(fault).await;
        assert_eq!(
            status(&session.logout(&LogoutParams::default()).await),
            Status::Ok,
            "{trouble}"
        );
        assert!(!session.is_authenticated());
    }
}

#[tokio::test]
async fn discovery_finds_the_emulator_too() {
    let app =
        Application::with(json!({ "discovery": "same_origin", "access_token_format": "jwt" }));
    app.client.prepare().await.unwrap();
    let session = app.signed_in().await;
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
    assert_eq!(
        app.emulator
            .count("/.well-known/openid-configuration")
            .await,
        1
    );
}
