//! All sessions of one user.

use std::sync::{Arc, Barrier};

use kinde::{Client, Session, Status};
use kinde_test_support::{Application, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

const OTHER_KEY: &str = "other-key-0123456789abcdef0123456789";

async fn loaded(client: &Client, id: &str) -> Status {
    status(&Session::load(client, id).await)
}

fn sub(session: &Session) -> String {
    let sub = session.user().unwrap().get("id").unwrap();
    sub.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_is_listed_under_a_key_that_is_gone_signs_in_and_can_be_ended() {
    let app = Application::start();
    for place in [
        Place::Host(HostMap::default()),
        Place::all().pop().expect("Redis"),
    ] {
        let before = place.client(&app, "here", json!({}));
        let old = app.signed_in_with(&before).await.save().await.unwrap();
        let after = place.client(&app, "here", json!({ "seal_keys": OTHER_KEY }));
        let session = app.signed_in_with(&after).await;
        let sub = sub(&session);
        after.revoke_sessions(&sub).await.unwrap();
        let id = session.save().await.unwrap();
        assert_eq!(loaded(&after, &id).await, Status::Ok);
        assert_eq!(loaded(&after, &old).await, Status::SessionInvalid);
        after.revoke_sessions(&sub).await.unwrap();
        assert_eq!(loaded(&after, &id).await, Status::SessionNotFound);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_opened_here_is_left_to_those_who_can() {
    let app = Application::start();
    let place = Place::Host(HostMap::default());
    let client = place.client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    let stranger = place.client(&app, "here", json!({ "seal_keys": OTHER_KEY }));
    stranger.revoke_sessions(&sub(&session)).await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::Ok);
    client.revoke_sessions(&sub(&session)).await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
}

#[tokio::test]
async fn a_memory_that_is_full_drops_the_list_of_a_session_in_use_no_sooner_than_the_session() {
    let app = Application::start();
    let place = Place::Memory("memory:?max_sessions=2000&max_bytes=100000019".to_owned());
    let client = place.client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    for _ in 0..6000 {
        assert_eq!(loaded(&client, &id).await, Status::Ok);
        client.session().save().await.unwrap();
    }
    client.revoke_sessions(&sub(&session)).await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
}

#[tokio::test]
async fn sessions_are_ended_several_at_once() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({ "timeout_ms": 5000 }));
    app.signed_in_with(&client).await.save().await.unwrap();
    let session = app.signed_in_with(&client).await;
    session.save().await.unwrap();
    let both = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let both = both.clone();
        store.before(("delete", "session"), move || {
            both.wait();
            Ok(())
        });
    }
    client.revoke_sessions(&sub(&session)).await.unwrap();
    assert!(store.records().is_empty());
}
