//! The lease of a record: who has it sends the refresh token, and who has lost it does not.

use std::sync::mpsc;
use std::time::Duration;

use kinde::{HostStore, Session, Status};
use kinde_test_support::{Application, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

const TOKEN: &str = "/oauth2/token";

fn key_of_session(store: &HostMap) -> String {
    let mut keys = store.records().into_keys();
    keys.find(|key| key.starts_with("session"))
        .expect("a session")
}

/// Whether nobody holds the lease of the session.
fn take_lease(store: &HostMap) -> bool {
    let lease = store.lease(&key_of_session(store), None, Duration::from_secs(10));
    lease.unwrap().is_some()
}

#[tokio::test]
async fn a_holder_that_lost_its_lease_sends_no_token() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({ "timeout_ms": 1000 }));
    let session = app.signed_in_with(&client).await;
    session.save().await.unwrap();
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "drop": true })).await;
    let others = store.clone();
    // The one that looks before the token is sent again: the first is before it is sent at all.
    store.before(("load", "session"), || Ok(()));
    store.before(("load", "session"), move || {
        others.end_leases();
        assert!(take_lease(&others));
        Ok(())
    });
    assert_eq!(status(&session.refresh().await), Status::Timeout);
    assert_eq!(app.refreshes().await.len(), 1);
    store.end_leases();
    // It may be the one that waited too long.
    drop(session.refresh().await);
    session.refresh().await.unwrap();
}

#[tokio::test]
async fn a_holder_keeps_its_lease_though_the_store_forgets_it() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    session.save().await.unwrap();
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "drop": true })).await;
    app.disturb_refresh(json!({ "hang": true })).await;
    let forgetful = store.clone();
    store.before(("load", "session"), || Ok(()));
    store.before(("load", "session"), move || {
        forgetful.end_leases();
        Ok(())
    });
    let refreshing = session.clone();
    let refreshing = tokio::spawn(async move { refreshing.refresh().await });
    app.emulator.wait_for(TOKEN, 2).await;
    assert!(
        !take_lease(&store),
        "it was taken again before the token was sent"
    );
    app.emulator.release().await;
    refreshing.await.unwrap().unwrap();
    assert!(take_lease(&store), "it is given back under its new value");
}

#[tokio::test]
async fn a_success_is_not_lost_to_others_whom_the_token_was_refused() {
    let app = Application::start();
    app.emulator
        .settings(json!({ "refresh_overlap_seconds": 0 }))
        .await;
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let here = place.client(&app, "here", json!({}));
    let there = place.client(&app, "there", json!({}));
    let session = app.signed_in_with(&here).await;
    let id = session.save().await.unwrap();
    let other = Session::load(&there, &id).await.unwrap();
    let (reached, has_reached) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    // The mark before the token is sent, then what came of it.
    store.before(("save", "session"), || Ok(()));
    store.before(("save", "session"), move || {
        reached.send(()).unwrap();
        may_go_on.recv().unwrap();
        Ok(())
    });
    let refreshing = session.clone();
    let refreshing = tokio::spawn(async move { refreshing.refresh().await });
    tokio::task::spawn_blocking(move || has_reached.recv().unwrap())
        .await
        .unwrap();
    // So long that the lease was over.
    store.end_leases();
    assert_eq!(status(&other.refresh().await), Status::InvalidGrant);
    go_on.send(()).unwrap();
    refreshing.await.unwrap().unwrap();
    assert!(session.is_authenticated());
    let kept = Session::load(&there, &id).await.unwrap();
    assert_eq!(kept.tokens().unwrap(), session.tokens().unwrap());
}
