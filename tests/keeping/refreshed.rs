//! Refreshing on several machines at once.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kinde::{AuthorizationParams, Client, Error, HostStore, Session, Status, TokenType};
use kinde_test_support::{Application, query, status};
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
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
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
async fn a_spent_token_is_not_sent_again_though_its_call_ended_before_that_was_written_down() {
    let app = Application::start();
    for is_of_use in [true, false] {
        let store = HostMap::default();
        let place = Place::Host(store.clone());
        let client = place.client(&app, "here", json!({ "timeout_ms": 1000 }));
        let id = app.signed_in_with(&client).await.save().await.unwrap();
        let session = Session::load(&client, &id).await.unwrap();
        let spent = session.tokens().unwrap().refresh_token.unwrap();
        app.emulator.forget_requests().await;
        if !is_of_use {
            let lie = json!({ "token": "id", "claims": { "sub": "kp_somebody_else" } });
            app.emulator.lie(lie).await;
        }
        let away = store.clone();
        store.before(("save", "session"), || Ok(()));
        store.before(("save", "session"), move || {
            away.set_away(true);
            Err(Error::store("away when the outcome is written"))
        });
        assert_eq!(status(&session.refresh().await), Status::Timeout);
        store.set_away(false);
        store.end_leases();
        drop(session.refresh().await);
        session.refresh().await.unwrap();
        let sent = app.refreshes().await;
        let again = sent.iter().skip(1);
        let tokens: Vec<_> = again.map(|sent| sent.field("refresh_token")).collect();
        assert!(!tokens.is_empty() && !tokens.contains(&Some(spent.expose())));
        let kept = Session::load(&client, &id).await.unwrap();
        assert_eq!(kept.tokens().unwrap(), session.tokens().unwrap());
    }
}

/// How often this machine sends the token when no answer comes.
async fn sendings_in_vain(app: &Application, machine: &Client, id: &str) -> usize {
    let session = Session::load(machine, id).await.unwrap();
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "drop": true, "times": null }))
        .await;
    assert_eq!(status(&session.refresh().await), Status::Network);
    app.emulator.clear_faults().await;
    app.refreshes().await.len()
}

#[tokio::test]
async fn a_failure_costs_none_of_the_next_sendings() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let id = app.signed_in_with(&client).await.save().await.unwrap();
        app.disturb_refresh(json!({ "status": 503 })).await;
        let session = Session::load(&client, &id).await.unwrap();
        assert!(session.refresh().await.is_err());
        assert_eq!(sendings_in_vain(&app, &client, &id).await, 3);
        // Sent twice, and answered with another refresh token, but of no use.
        app.disturb_refresh(json!({ "drop": true })).await;
        app.emulator
            .lie(json!({ "token": "id", "claims": { "sub": "kp_somebody_else" } }))
            .await;
        let session = Session::load(&client, &id).await.unwrap();
        assert_eq!(status(&session.refresh().await), Status::Subject);
        assert_eq!(sendings_in_vain(&app, &client, &id).await, 3);
    }
}

/// Leaves the records as they are when this machine dies while it sends the token for the last of
/// so many times.
async fn die(app: &Application, store: &HostMap, machine: &Client, id: &str, sendings: u64) {
    let session = Session::load(machine, id).await.unwrap();
    app.emulator.forget_requests().await;
    for _ in 1..sendings {
        app.disturb_refresh(json!({ "drop": true })).await;
    }
    app.disturb_refresh(json!({ "hang": true })).await;
    let dying = tokio::spawn(async move { session.refresh().await });
    app.emulator.wait_for(TOKEN, sendings).await;
    let records = store.records();
    app.emulator.release().await;
    drop(dying.await);
    store.change(|all| *all = records);
    store.end_leases();
}

#[tokio::test]
async fn what_a_machine_sent_before_it_died_counts() {
    let app = Application::start();
    let store = HostMap::default();
    let machines = machines(&Place::Host(store.clone()), &app, 5);
    let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
    die(&app, &store, &machines[0], &id, 1).await;
    assert_eq!(sendings_in_vain(&app, &machines[1], &id).await, 2);
    // After the third a new series begins, of which this is the first.
    die(&app, &store, &machines[2], &id, 3).await;
    die(&app, &store, &machines[3], &id, 1).await;
    assert_eq!(sendings_in_vain(&app, &machines[4], &id).await, 2);
}

#[tokio::test]
async fn who_waits_for_a_machine_that_died_looks_whether_it_was_done() {
    let app = Application::start();
    let store = HostMap::default();
    let machines = machines(&Place::Host(store.clone()), &app, 2);
    let id = app.signed_in_with(&machines[0]).await.save().await.unwrap();
    let sessions = on(&machines, &id).await;
    sessions[0].refresh().await.unwrap();
    // Its lease was not given back.
    let records = store.records();
    let key = records.keys().find(|key| key.starts_with("session"));
    let lease = store.lease(key.unwrap(), None, Duration::from_secs(10));
    assert!(lease.unwrap().is_some());
    sessions[1].refresh().await.unwrap();
    assert_eq!(sessions[1].tokens().unwrap(), sessions[0].tokens().unwrap());
}

#[tokio::test]
async fn a_refresh_that_takes_long_keeps_its_lease() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({ "timeout_ms": 30_000 }));
    let session = app.signed_in_with(&client).await;
    session.save().await.unwrap();
    app.disturb_refresh(json!({ "hang": true })).await;
    let count = app.emulator.count(TOKEN).await;
    let refreshing = tokio::spawn(async move { session.refresh().await });
    app.emulator.wait_for(TOKEN, count + 1).await;
    let before = store.prolonged();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while store.prolonged() == before {
        assert!(!refreshing.is_finished(), "the lease was not prolonged");
        ticks.tick().await;
    }
    app.emulator.release().await;
    refreshing.await.unwrap().unwrap();
}

#[tokio::test]
async fn tokens_that_are_not_kept_yet_are_refreshed_for_themselves() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = app.signed_in_with(&client).await;
        let id = session.save().await.unwrap();
        let callback = app.callback(&session).await;
        session.handle_callback(&callback).await.unwrap();
        let signed_in = session.tokens().unwrap();
        session.refresh().await.unwrap();
        assert_ne!(session.tokens().unwrap(), signed_in);
        assert_ne!(session.save().await.unwrap(), id);
    }
}

#[tokio::test]
async fn who_signs_in_while_the_tokens_before_are_refreshed_keeps_what_he_got() {
    let app = Application::start();
    let session = app.signed_in().await;
    let callback = app.callback(&session).await;
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "hang": true })).await;
    let refreshing = session.clone();
    let refreshing = tokio::spawn(async move { refreshing.refresh().await });
    app.emulator.wait_for(TOKEN, 1).await;
    session.handle_callback(&callback).await.unwrap();
    let signed_in = session.tokens().unwrap();
    app.emulator.release().await;
    refreshing.await.unwrap().unwrap();
    assert_eq!(session.tokens().unwrap(), signed_in);
}

#[tokio::test]
async fn who_takes_the_outcome_of_a_refresh_late_undoes_nothing_that_came_after_it() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = app.signed_in_with(&client).await;
        let id = session.save().await.unwrap();
        app.emulator.forget_requests().await;
        app.disturb_refresh(json!({ "hang": true })).await;
        let mut late = pin!(session.refresh());
        tokio::select! {
            biased;
            refreshed = &mut late => panic!("the answer hangs: {refreshed:?}"),
            () = std::future::ready(()) => {}
        }
        let refreshing = session.clone();
        let refreshing = tokio::spawn(async move { refreshing.refresh().await });
        app.emulator.wait_for(TOKEN, 1).await;
        app.emulator.release().await;
        refreshing.await.unwrap().unwrap();
        let url = session.login_url(&AuthorizationParams::new()).unwrap();
        assert_eq!(session.save().await.unwrap(), id);
        late.await.unwrap();
        let state = &query(&url)["state"];
        let refused = format!("state={state}&error=access_denied");
        assert_eq!(
            status(&session.handle_callback(&refused).await),
            Status::AccessDenied
        );
    }
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
