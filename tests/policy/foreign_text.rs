//! Policy 9: what comes from the other side is data.

use kinde::{AuthorizationParams, Error, Status};
use kinde_test_support::{Application, query};
use serde_json::json;

const NASTY: &str =
    "\u{1b}[2J\r\nSet-Cookie: a=b\u{0} {} %s %n {0:?} \u{202e}evil\u{2066} </script>";

fn assert_fit_to_be_shown(error: &Error) {
    for text in [
        error.message(),
        error.oauth_code().unwrap_or(""),
        error.oauth_description().unwrap_or(""),
    ] {
        assert!(text.len() <= 2048, "{} bytes", text.len());
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{2066}']), "{text:?}");
    }
    let details = kinde_test_support::json(error.to_json());
    assert_eq!(details["status"], error.status().code());
}

#[tokio::test]
async fn error_descriptions_of_the_token_endpoint_are_bounded_and_stripped() {
    let app = Application::start();
    for description in [
        NASTY.to_owned(),
        "x".repeat(100_000),
        NASTY.repeat(1000),
        "é".repeat(50_000),
    ] {
        let session = app.client.session();
        let callback = app.callback(&session).await;
        let body = json!({ "error": description, "error_description": description });
        app.emulator
            .fault(json!({ "path": "/oauth2/token", "status": 400, "body": body }))
            .await;
        let error = session.handle_callback(&callback).await.unwrap_err();
        assert_eq!(error.status(), Status::Oauth);
        assert_fit_to_be_shown(&error);
    }
}

#[tokio::test]
async fn error_descriptions_of_the_callback_are_bounded_and_stripped() {
    let app = Application::start();
    for description in [NASTY.to_owned(), "x".repeat(10_000)] {
        let session = app.client.session();
        let url = session.login_url(&AuthorizationParams::new()).unwrap();
        let callback: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", &query(&url)["state"])
            .append_pair("error", "access_denied")
            .append_pair("error_description", &description)
            .finish();
        let error = session.handle_callback(&callback).await.unwrap_err();
        assert_eq!(error.status(), Status::AccessDenied);
        assert_fit_to_be_shown(&error);
    }
}

#[tokio::test]
async fn contents_of_tokens_are_bounded_and_stripped_in_errors() {
    let app = Application::start();
    for claims in [
        json!({ "iss": NASTY }),
        json!({ "iss": "x".repeat(20_000) }),
        json!({ "aud": [NASTY, "x".repeat(20_000)] }),
    ] {
        let token = app.token("access", json!({ "claims": claims })).await;
        assert_fit_to_be_shown(&app.verify(&token).await.unwrap_err());
    }
    for header in [
        json!({ "alg": NASTY }),
        json!({ "kid": NASTY }),
        json!({ "kid": "x".repeat(20_000) }),
        json!({ "crit": [NASTY] }),
    ] {
        let token = app.token("access", json!({ "header": header })).await;
        assert_fit_to_be_shown(&app.verify(&token).await.unwrap_err());
    }
}

#[tokio::test]
async fn names_that_a_caller_took_from_outside_are_stripped_too() {
    let app = Application::start();
    let session = app.signed_in().await;
    assert_fit_to_be_shown(&session.flag_boolean(NASTY, None).unwrap_err());
    assert_fit_to_be_shown(
        &session
            .claim_string(NASTY, kinde::TokenType::Access)
            .unwrap_err(),
    );
    assert_fit_to_be_shown(
        &AuthorizationParams::from_json(&json!({ NASTY: "x" }).to_string()).unwrap_err(),
    );
    assert_fit_to_be_shown(
        &session
            .handle_callback(&format!("{0}=1&{0}=2", "x".repeat(3000)))
            .await
            .unwrap_err(),
    );
}
