//! Policy 8: where a user may go after the sign-in.

use kinde::{AuthorizationParams, Client, Status};
use kinde_test_support::{Application, config, query};
use serde_json::{Value, json};

fn client() -> Client {
    let settings = json!({
        "domain": "example.kinde.com",
        "client_id": "x",
        "redirect_uri": "https://app.example.com/callback",
        "return_origins": ["https://admin.example", "https://staging.example:8443"],
    });
    Client::new(&config(&settings)).unwrap()
}

fn cases() -> Value {
    serde_json::from_str(include_str!("../vectors/return_to.json")).unwrap()
}

fn begun(client: &Client, address: &str) -> kinde::Result<String> {
    let params = AuthorizationParams::from_json(&json!({ "return_to": address }).to_string())?;
    client.session().login_url(&params)
}

#[test]
fn the_known_tricks_are_refused() {
    let client = client();
    let cases = cases();
    let tricks = cases["refused"].as_array().unwrap();
    assert!(tricks.len() >= 30);
    for trick in tricks {
        let trick = trick.as_str().unwrap();
        let error = begun(&client, trick).expect_err(trick);
        assert_eq!(
            (error.status(), error.field()),
            (Status::InvalidArgument, Some("return_to")),
            "{trick}"
        );
    }
    assert!(begun(&client, &format!("/{}", "a".repeat(2048))).is_err());
    assert!(begun(&client, &format!("/{}", "a".repeat(2047))).is_ok());
}

#[test]
fn what_was_refused_leads_elsewhere_for_at_least_one_reader() {
    // The other direction: nothing that is accepted leads away from the application.
    let client = client();
    let home = url::Url::parse("https://app.example.com/callback").unwrap();
    for case in cases()["accepted"].as_array().unwrap() {
        let given = case["given"].as_str().unwrap();
        begun(&client, given).expect(given);
        let result = case["result"].as_str().unwrap();
        let origin = home.join(result).unwrap().origin().ascii_serialization();
        let allowed = [
            "https://app.example.com",
            "https://admin.example",
            "https://staging.example:8443",
        ];
        assert!(allowed.contains(&origin.as_str()), "{given} -> {origin}");
    }
}

#[tokio::test]
async fn it_comes_back_with_the_outcome_and_never_travels() {
    let app = Application::start();
    let session = app.client.session();
    let params = AuthorizationParams::from_json(r#"{"return_to": "/orders?page=2#top"}"#).unwrap();
    let url = session.login_url(&params).unwrap();
    assert!(!url.contains("orders"), "{url}");
    assert!(!query(&url).contains_key("return_to"));
    let callback = app.browser().open(&url).await.at_application();
    let outcome = session.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.return_to.as_deref(), Some("/orders?page=2#top"));
}

#[tokio::test]
async fn the_callback_cannot_name_it() {
    let app = Application::start();
    let session = app.client.session();
    let callback = app.callback(&session).await;
    let outcome = session
        .handle_callback(&format!("{callback}&return_to=https://attacker.example/"))
        .await
        .unwrap();
    assert_eq!(outcome.return_to, None);
}
