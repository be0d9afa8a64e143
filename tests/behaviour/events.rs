//! What the library tells an observer that it asked of Kinde.

use std::sync::Mutex;

use kinde::{EventKind, Status};
use kinde_test_support::Application;
use serde_json::json;

use crate::account::try_fetch;

/// What was asked of one issuer, and how it ended.
fn watch(issuer: &str) -> std::sync::mpsc::Receiver<(String, Option<Status>)> {
    let (tell, told) = std::sync::mpsc::channel();
    let (issuer, tell) = (issuer.to_owned(), Mutex::new(tell));
    kinde::set_observer(Some(Box::new(move |event| {
        if event.issuer != issuer {
            return;
        }
        let what = match event.kind {
            EventKind::KeysFetched => "keys".to_owned(),
            EventKind::TokensRefreshed { client_id } => format!("refresh for {client_id}"),
            EventKind::ApiCalled { operation } => operation.to_owned(),
            other => format!("{other:?}"),
        };
        assert!(!event.took.is_zero());
        let _ = tell
            .lock()
            .unwrap()
            .send((what, event.error.map(|e| e.status())));
        panic!("a host's mistake, which no call hears of");
    })));
    told
}

#[tokio::test]
async fn an_observer_hears_what_was_asked_and_how_it_ended() {
    let app = Application::start();
    let told = watch(app.url());
    let session = app.signed_in().await;
    try_fetch(&session, "roles", json!({})).await.unwrap();
    session.refresh().await.unwrap();
    app.emulator
        .fault(json!({ "path": "/account_api/v1/roles", "status": 500, "times": null }))
        .await;
    try_fetch(&session, "roles", json!({})).await.unwrap_err();
    kinde::set_observer(None);
    try_fetch(&session, "permissions", json!({})).await.unwrap();

    let heard: Vec<_> = told.try_iter().collect();
    let expected = [
        ("keys", None),
        ("get_user_roles", None),
        ("refresh for emulator_web", None),
        ("get_user_roles", Some(Status::Api)),
    ];
    let expected = expected.map(|(what, error)| (what.to_owned(), error));
    assert_eq!(heard, expected);
}
