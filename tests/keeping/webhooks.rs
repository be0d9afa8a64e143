//! Events that were handled, in each kind of store.

use kinde::{Client, Status, Webhook, WebhookOptions};
use kinde_test_support::{Application, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

const OTHER_KEY: &str = "other-key-0123456789abcdef0123456789";

async fn decode(client: &Client, body: &str) -> kinde::Result<Webhook> {
    client
        .decode_webhook(body, &WebhookOptions::default())
        .await
}

async fn is_duplicate(client: &Client, body: &str) -> bool {
    decode(client, body).await.unwrap().duplicate
}

#[tokio::test]
async fn an_event_is_a_duplicate_once_it_is_done_and_not_before() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let body = app.emulator.webhook(json!({ "event_id": "event_1" })).await;
        // Its handler failed the first time.
        assert!(!is_duplicate(&client, &body).await);
        assert!(!is_duplicate(&client, &body).await);
        client.webhook_done("event_1").await.unwrap();
        assert!(is_duplicate(&client, &body).await);
        client.webhook_done("event_1").await.unwrap();
        assert!(is_duplicate(&client, &body).await);

        // Sent anew: another token, the same event.
        let again = json!({ "event_id": "event_1", "type": "user.updated" });
        let again = app.emulator.webhook(again).await;
        assert!(is_duplicate(&client, &again).await);
        let other = app.emulator.webhook(json!({ "event_id": "event_2" })).await;
        assert!(!is_duplicate(&client, &other).await);
    }
}

#[tokio::test]
async fn an_event_is_known_on_every_machine_and_to_no_other_application() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let body = app.emulator.webhook(json!({ "event_id": "event_1" })).await;
        client.webhook_done("event_1").await.unwrap();
        let elsewhere = place.client(&app, "elsewhere", json!({}));
        assert!(is_duplicate(&elsewhere, &body).await);
        let other = place.client(&app, "here", json!({ "client_id": "emulator_other" }));
        assert!(!is_duplicate(&other, &body).await);
    }
}

#[tokio::test]
async fn an_event_is_kept_as_long_as_it_could_be_accepted_again() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(
        &app,
        "here",
        json!({ "webhook_tolerance_seconds": 600 }),
    );
    client.webhook_done("event_1").await.unwrap();
    let lives: Vec<_> = store
        .lives()
        .into_iter()
        .filter(|(key, _)| key.starts_with("webhook."))
        .collect();
    assert_eq!(lives.len(), 1);
    assert_eq!(lives[0].1.as_secs(), 600 + 300);
}

#[tokio::test]
async fn without_the_store_nobody_says_whether_an_event_is_new() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let body = app.emulator.webhook(json!({ "event_id": "event_1" })).await;
    store.set_away(true);
    assert_eq!(status(&decode(&client, &body).await), Status::Store);
    assert_eq!(status(&client.webhook_done("event_1").await), Status::Store);
    store.set_away(false);
    // Nothing is lost: it is new when Kinde sends it again.
    assert!(!is_duplicate(&client, &body).await);
}

#[tokio::test]
async fn a_bad_webhook_does_not_reach_the_store() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let body = app.emulator.webhook(json!({ "sign": "foreign" })).await;
    store.set_away(true);
    assert_eq!(status(&decode(&client, &body).await), Status::Signature);
}

#[tokio::test]
async fn a_record_that_cannot_be_opened_hides_no_event() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let client = place.client(&app, "here", json!({}));
    let body = app.emulator.webhook(json!({ "event_id": "event_1" })).await;
    client.webhook_done("event_1").await.unwrap();

    let after = place.client(&app, "here", json!({ "seal_keys": OTHER_KEY }));
    assert!(!is_duplicate(&after, &body).await);
    after.webhook_done("event_1").await.unwrap();
    assert!(is_duplicate(&after, &body).await);
}

#[tokio::test]
async fn what_was_noted_of_one_event_tells_nothing_of_another() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    client.webhook_done("event_1").await.unwrap();
    let first = store.records().into_values().next().unwrap().text;
    client.webhook_done("event_2").await.unwrap();
    store.change(|records| {
        for record in records.values_mut() {
            record.text.clone_from(&first);
        }
    });
    for (event_id, known) in [("event_1", true), ("event_2", false)] {
        let body = app.emulator.webhook(json!({ "event_id": event_id })).await;
        assert_eq!(is_duplicate(&client, &body).await, known, "{event_id}");
    }
}

#[tokio::test]
async fn an_event_without_an_id_is_not_noted() {
    let app = Application::start();
    let error = app.client.webhook_done("").await.unwrap_err();
    assert_eq!(
        (error.status(), error.field()),
        (Status::InvalidArgument, Some("event_id"))
    );
}
