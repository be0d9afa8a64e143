//! Refreshing on several machines at once.

use std::sync::Arc;

use kinde::{Client, Session, Status, TokenType};
use kinde_test_support::{Application, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

const TOKEN: &str = "/oauth2/token";

async fn on(machines: &[Client], id: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    for machine in machines {
        sessions.push(Session::load(machine, id).await.unwrap());
    }
    sessions
}

fn machines(place: &Place, app: &Application, number: usize) -> Vec<Client> {
    (0..number)
        .map(|number| place.client(app, &format!("machine {number}"), json!({})))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_refresh_at_once_send_one_token_once() {
    let app = Application::start();
    for place in Place::all() {
        let machines = machines(&place, &app, 4);
        let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
        let sessions = on(&machines, &id).await;
        app.emulator.forget_requests().await;
        app.disturb_refresh(json!({ "delay_ms": 200 })).await;
        let tasks: Vec<_> = sessions
            .iter()
            .flat_map(|session| [session.clone(), session.clone()])
            .map(|session| tokio::spawn(async move { session.ensure_fresh(1_000_000).await }))
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().unwrap());
        }
        assert_eq!(app.refreshes().await.len(), 1);
        let tokens = sessions[0].tokens().unwrap();
        for session in &sessions {
            assert_eq!(session.tokens().unwrap(), tokens);
            assert_eq!(session.save().await.unwrap(), id);
        }
        let kept = Session::load(&machines[3], &id).await.unwrap();
        assert_eq!(kept.tokens().unwrap(), tokens);
    }
}

#[tokio::test]
async fn a_machine_that_comes_later_takes_what_the_other_got() {
    let app = Application::start();
    for place in Place::all() {
        let machines = machines(&place, &app, 2);
        let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
        let sessions = on(&machines, &id).await;
        app.emulator.forget_requests().await;
        sessions[0].refresh().await.unwrap();
        sessions[1].refresh().await.unwrap();
        assert_eq!(app.refreshes().await.len(), 1);
        assert_eq!(sessions[0].tokens().unwrap(), sessions[1].tokens().unwrap());
        sessions[1].refresh().await.unwrap();
        assert_eq!(app.refreshes().await.len(), 2);
    }
}

#[tokio::test]
async fn a_refused_token_is_believed_only_if_the_store_has_no_other() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let machines = machines(&place, &app, 2);
    let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
    let sessions = on(&machines, &id).await;
    let before = store.records();
    sessions[0].refresh().await.unwrap();
    let after = store.records();
    // A store that answered from a replica which lagged behind.
    store.change(|records| *records = before.clone());
    app.emulator
        .settings(json!({ "refresh_overlap_seconds": 0 }))
        .await;
    app.disturb_refresh(json!({ "hang": true })).await;
    let count = app.emulator.count(TOKEN).await;
    let late = sessions[1].clone();
    let late = tokio::spawn(async move { late.refresh().await });
    app.emulator.wait_for(TOKEN, count + 1).await;
    store.change(|records| {
        for (key, record) in &after {
            let mut record = record.clone();
            record.version += 10;
            records.insert(key.clone(), record);
        }
    });
    app.emulator.release().await;
    assert_eq!(status(&late.await.unwrap()), Status::Ok);
    assert_eq!(sessions[1].tokens().unwrap(), sessions[0].tokens().unwrap());
}

#[tokio::test]
async fn a_refused_token_ends_the_session_on_every_machine() {
    let app = Application::start();
    for place in Place::all() {
        let machines = machines(&place, &app, 2);
        let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
        let sessions = on(&machines, &id).await;
        app.emulator
            .post("/tokens/revoke", json!({ "email": "ada@example.com" }))
            .await;
        assert_eq!(status(&sessions[0].refresh().await), Status::InvalidGrant);
        assert!(!sessions[0].is_authenticated());
        app.emulator.forget_requests().await;
        assert_eq!(
            status(&sessions[1].refresh().await),
            Status::NotAuthenticated
        );
        assert!(app.refreshes().await.is_empty());
        let kept = Session::load(&machines[1], &id).await.unwrap();
        let error = kept.tokens().unwrap_err();
        assert!(error.message().contains("refresh token"), "{error}");
    }
}

#[tokio::test]
async fn trouble_on_the_way_leaves_the_record_as_good_as_it_was() {
    let app = Application::start();
    for place in Place::all() {
        for trouble in [
            json!({ "status": 503 }),
            json!({ "status": 429 }),
            json!({ "drop": true, "times": null }),
            json!({ "hang": true }),
        ] {
            let there = place.client(&app, "there", json!({}));
            let id = app.signed_in_with(&there).await.save().await.unwrap();
            let client = place.client(&app, "here", json!({ "timeout_ms": 2500 }));
            let session = Session::load(&client, &id).await.unwrap();
            app.disturb_refresh(trouble.clone()).await;
            assert!(session.refresh().await.is_err(), "{trouble}");
            app.emulator.clear_faults().await;
            app.emulator.release().await;
            let session = Session::load(&there, &id).await.unwrap();
            assert!(session.is_authenticated(), "{trouble}");
            assert_eq!(status(&session.refresh().await), Status::Ok, "{trouble}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_at_most_twice() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let id = app.signed_in_with(&client).await.save().await.unwrap();
        let session = Session::load(&client, &id).await.unwrap();
        app.emulator.forget_requests().await;
        app.disturb_refresh(json!({ "drop": true, "times": null }))
            .await;
        assert_eq!(status(&session.refresh().await), Status::Network);
        let sent = app.refreshes().await;
        assert_eq!(sent.len(), 3);
        let tokens: Vec<_> = sent.iter().map(|s| s.field("refresh_token")).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn a_success_that_could_not_be_written_down_is_written_later_and_not_asked_for_again() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let client = place.client(&app, "here", json!({}));
    let id = app.signed_in_with(&client).await.save().await.unwrap();
    let session = Session::load(&client, &id).await.unwrap();
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "hang": true })).await;
    let refreshing = session.clone();
    let refreshing = tokio::spawn(async move { refreshing.refresh().await });
    app.emulator.wait_for(TOKEN, 1).await;
    store.set_away(true);
    app.emulator.release().await;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    // Long enough for the answer to come and the first attempts to write it to fail.
    for _ in 0..10 {
        ticks.tick().await;
        assert!(!refreshing.is_finished());
    }
    store.set_away(false);
    assert_eq!(status(&refreshing.await.unwrap()), Status::Ok);
    let again = Session::load(&client, &id).await.unwrap();
    assert_eq!(again.tokens().unwrap(), session.tokens().unwrap());
    assert_eq!(app.refreshes().await.len(), 1);
}

#[tokio::test]
async fn a_session_that_ended_while_it_was_refreshed_stays_ended() {
    let app = Application::start();
    for place in Place::all() {
        let machines = machines(&place, &app, 2);
        let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
        let session = Arc::new(Session::load(&machines[0], &id).await.unwrap());
        app.emulator.forget_requests().await;
        app.disturb_refresh(json!({ "hang": true })).await;
        let refreshing = session.clone();
        let refreshing = tokio::spawn(async move { refreshing.refresh().await });
        app.emulator.wait_for(TOKEN, 1).await;
        Session::delete(&machines[1], &id).await.unwrap();
        app.emulator.release().await;
        assert_eq!(status(&refreshing.await.unwrap()), Status::SessionNotFound);
        assert!(!session.is_authenticated());
        assert_eq!(
            status(&Session::load(&machines[1], &id).await),
            Status::SessionNotFound
        );
        assert!(session.claims(TokenType::Access).is_err());
    }
}
