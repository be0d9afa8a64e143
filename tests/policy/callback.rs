//! Policy 5: a callback is judged in a fixed order.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kinde::{AuthorizationParams, Outcome, Session, Status};
use kinde_test_support::{Application, REDIRECT_URI, query, status};
use serde_json::{Value, json};

/// A sign-in under way, and its state.
fn begun(app: &Application) -> (Session, String) {
    let session = app.client.session();
    let state = state_of(&session.login_url(&AuthorizationParams::new()).unwrap());
    (session, state)
}

fn state_of(url: &str) -> String {
    query(url)["state"].clone()
}

async fn judged(session: &Session, callback: &str) -> Status {
    status(&session.handle_callback(callback).await)
}

fn reauth_state(params: &Value) -> String {
    URL_SAFE_NO_PAD.encode(params.to_string())
}

#[tokio::test]
async fn repeated_parameters_come_first() {
    let app = Application::start();
    for repeated in [
        "state=S&state=S&code=x",
        "state=S&code=x&code=y",
        "state=unknown&state=S&error=access_denied",
        "state=S&iss=a&iss=b&code=x",
        "state=S&error=access_denied&error=access_denied",
        "state=unknown&code=x&code=x",
        "state=S&code=&code=x",
        "state=S&c%6fde=x&code=x",
    ] {
        let (session, state) = begun(&app);
        let callback = repeated.replace("=S", &format!("={state}"));
        assert_eq!(
            judged(&session, &callback).await,
            Status::RepeatedParameter,
            "{repeated}"
        );
    }
    assert_eq!(app.emulator.count("/oauth2/token").await, 0);
}

#[tokio::test]
async fn state_comes_before_iss_error_and_code() {
    let app = Application::start();
    let (session, state) = begun(&app);
    let longer = format!("{state}A");
    let shorter = &state[..state.len() - 1];
    for callback in [
        "code=x".to_owned(),
        "state=&code=x".to_owned(),
        format!("state={longer}&code=x"),
        format!("state={shorter}&code=x"),
        format!("state={}&code=x", state.to_lowercase()),
        "state=unknown&iss=https://elsewhere.example&code=x".to_owned(),
        "state=unknown&error=access_denied".to_owned(),
        "error=access_denied".to_owned(),
        "state=unknown".to_owned(),
        String::new(),
        "?".to_owned(),
    ] {
        assert_eq!(
            judged(&session, &callback).await,
            Status::StateMismatch,
            "{callback}"
        );
    }
    assert_eq!(
        judged(&session, &format!("state={state}&error=access_denied")).await,
        Status::AccessDenied
    );
}

#[tokio::test]
async fn iss_comes_before_error_and_code_and_must_match() {
    let app = Application::start();
    let with_slash = format!("{}/", app.url());
    for iss in ["https://elsewhere.example", &with_slash] {
        for rest in ["error=access_denied", "code=x", "error=login_link_expired"] {
            let (session, state) = begun(&app);
            let callback = format!("state={state}&iss={iss}&{rest}");
            assert_eq!(
                judged(&session, &callback).await,
                Status::ResponseIssuer,
                "{iss} {rest}"
            );
        }
    }
    assert_eq!(app.emulator.count("/oauth2/token").await, 0);
    let (session, state) = begun(&app);
    let callback = format!("state={state}&iss={}&error=access_denied", app.url());
    assert_eq!(judged(&session, &callback).await, Status::AccessDenied);
}

#[tokio::test]
async fn a_callback_of_another_issuer_starts_nothing_anew() {
    let app = Application::start();
    let (session, state) = begun(&app);
    let reauth = reauth_state(&json!({ "org_code": "org_acme" }));
    let callback = format!(
        "state={state}&iss=https://elsewhere.example&error=login_link_expired&reauth_state={reauth}"
    );
    assert_eq!(judged(&session, &callback).await, Status::ResponseIssuer);
}

#[tokio::test]
async fn iss_must_be_there_if_discovery_says_so() {
    let app = Application::start();
    app.emulator.settings(json!({ "callback_iss": true })).await;
    let app = Application::on(
        app.emulator,
        json!({ "discovery": "same_origin", "issuer": null }),
    );
    app.client.prepare().await.unwrap();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    assert!(callback.contains("iss="), "{callback}");
    let without: Vec<(String, String)> = query(&callback)
        .into_iter()
        .filter(|(name, _)| name != "iss")
        .collect();
    let without = url::Url::parse_with_params(REDIRECT_URI, without).unwrap();
    assert_eq!(
        judged(&session, without.as_str()).await,
        Status::ResponseIssuer
    );

    let session = app.client.session();
    let callback = app.callback(&session).await;
    assert_eq!(judged(&session, &callback).await, Status::Ok);
}

#[tokio::test]
async fn error_comes_before_code() {
    let app = Application::start();
    for (error, expected) in [
        ("access_denied", Status::AccessDenied),
        ("login_required", Status::LoginRequired),
        ("server_error", Status::Oauth),
        ("invalid_request", Status::Oauth),
        ("something_new", Status::Oauth),
    ] {
        let (session, state) = begun(&app);
        let callback = format!("state={state}&error={error}&error_description=why+not&code=x");
        let error_value = session.handle_callback(&callback).await.unwrap_err();
        assert_eq!(error_value.status(), expected);
        assert_eq!(error_value.oauth_code(), Some(error));
        assert_eq!(error_value.oauth_description(), Some("why not"));
    }
    assert_eq!(app.emulator.count("/oauth2/token").await, 0);
}

#[tokio::test]
async fn a_callback_with_neither_says_so() {
    let app = Application::start();
    for rest in ["", "&code=", "&scope=openid", "&error="] {
        let (session, state) = begun(&app);
        let judged = judged(&session, &format!("state={state}{rest}")).await;
        assert_eq!(judged, Status::MissingCode, "{rest}");
    }
}

#[tokio::test]
async fn a_failed_callback_signs_nobody_out() {
    let app = Application::start();
    let session = app.signed_in().await;
    let state = state_of(&session.login_url(&AuthorizationParams::new()).unwrap());
    assert_eq!(
        judged(&session, &format!("state={state}&error=access_denied")).await,
        Status::AccessDenied
    );
    assert_eq!(
        judged(&session, "state=unknown&code=x").await,
        Status::StateMismatch
    );
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn a_url_a_path_and_a_query_are_the_same_callback() {
    let app = Application::start();
    for form in [
        format!("{REDIRECT_URI}?QUERY"),
        "/callback?QUERY".to_owned(),
        "?QUERY".to_owned(),
        "QUERY".to_owned(),
        format!("{REDIRECT_URI}?QUERY#fragment"),
        "https://behind-a-proxy.example/other/path?QUERY".to_owned(),
    ] {
        let session = app.client.session();
        let callback = app.callback(&session).await;
        let (_, query) = callback.split_once('?').unwrap();
        let callback = form.replace("QUERY", query);
        assert_eq!(judged(&session, &callback).await, Status::Ok, "{form}");
    }
}

#[tokio::test]
async fn an_expired_link_starts_anew_once_and_signs_nobody_in() {
    let app = Application::start();
    let session = app.client.session();
    let reauth = reauth_state(&json!({ "org_code": "org_acme", "login_hint": "ada@example.com" }));
    let callback = format!("error=login_link_expired&reauth_state={reauth}");

    let outcome = session.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::Restart);
    assert!(!session.is_authenticated());
    let url = outcome.url.unwrap();
    let sent = query(&url);
    assert_eq!(sent["org_code"], "org_acme");
    assert_eq!(sent["login_hint"], "ada@example.com");
    assert!(sent.contains_key("code_challenge"));

    assert!(
        session.handle_callback(&callback).await.is_err(),
        "once per session and lifetime"
    );

    let callback = app.browser().open(&url).await.at_application();
    assert_eq!(judged(&session, &callback).await, Status::Ok);
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn an_expired_link_is_recognized_in_any_case_and_alphabet() {
    let app = Application::start();
    let params = json!({ "org_code": "org_ö??>>" }).to_string();
    for reauth in [URL_SAFE_NO_PAD.encode(&params), STANDARD.encode(&params)] {
        let session = app.client.session();
        let callback: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("error", "LOGIN_LINK_EXPIRED")
            .append_pair("reauth_state", &reauth)
            .finish();
        let outcome = session.handle_callback(&callback).await.unwrap();
        assert_eq!(query(&outcome.url.unwrap())["org_code"], "org_ö??>>");
    }
}

#[tokio::test]
async fn an_expired_link_changes_nothing_else_in_the_session() {
    let app = Application::start();
    let session = app.signed_in().await;
    let under_way = state_of(&session.login_url(&AuthorizationParams::new()).unwrap());
    let token = session.access_token().unwrap();
    let reauth = reauth_state(&json!({ "org_code": "org_globex" }));
    let outcome = session
        .handle_callback(&format!(
            "state=unknown&error=login_link_expired&reauth_state={reauth}"
        ))
        .await
        .unwrap();
    assert_eq!(outcome.outcome, Outcome::Restart);
    assert!(session.access_token().unwrap() == token);
    assert_eq!(
        judged(&session, &format!("state={under_way}&error=access_denied")).await,
        Status::AccessDenied
    );
}

#[tokio::test]
async fn reauth_state_brings_back_only_what_is_on_the_allow_list() {
    let app = Application::start();
    let session = app.client.session();
    let reauth = reauth_state(&json!({
        "client_id": "attacker",
        "redirect_uri": "https://attacker.example/",
        "state": "attacker",
        "nonce": "attacker",
        "code_challenge": "attacker",
        "code_challenge_method": "plain",
        "response_type": "token",
        "scope": "everything",
        "supports_reauth": "attacker",
        "code_verifier": "attacker",
        "client_secret": "attacker",
        "unknown": "attacker",
        "org_code": "org_acme",
    }));
    let outcome = session
        .handle_callback(&format!("error=login_link_expired&reauth_state={reauth}"))
        .await
        .unwrap();
    let url = outcome.url.unwrap();
    assert!(!url.contains("attacker"), "{url}");
    assert!(!url.contains("everything"), "{url}");
    let sent = query(&url);
    assert_eq!(sent["redirect_uri"], REDIRECT_URI);
    assert_eq!(sent["response_type"], "code");
    assert_eq!(sent["org_code"], "org_acme");
}

#[tokio::test]
async fn reauth_state_that_is_no_reauth_state_starts_nothing() {
    let app = Application::start();
    let huge = reauth_state(&json!({ "login_hint": "x".repeat(4096) }));
    for reauth in [
        String::new(),
        "%25%25".to_owned(),
        URL_SAFE_NO_PAD.encode("[]"),
        URL_SAFE_NO_PAD.encode("not json"),
        URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
        huge,
    ] {
        let session = app.client.session();
        let callback = format!("error=login_link_expired&reauth_state={reauth}");
        assert_eq!(
            judged(&session, &callback).await,
            Status::StateMismatch,
            "{reauth:.40}"
        );
    }
    let session = app.client.session();
    assert_eq!(
        judged(&session, "error=login_link_expired").await,
        Status::StateMismatch
    );
    let session = app.client.session();
    let reauth = reauth_state(&json!({ "org_code": "org_acme" }));
    let other_error = format!("error=access_denied&reauth_state={reauth}");
    assert_eq!(judged(&session, &other_error).await, Status::StateMismatch);
}
