//! One session that several threads use: what one of them does ends up where it belongs.

use std::pin::pin;

use kinde::{AuthorizationParams, LogoutParams, Session, Status};
use kinde_test_support::{Application, json, query, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

const TOKEN: &str = "/oauth2/token";

fn unix_seconds() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

#[tokio::test]
async fn what_came_of_a_refresh_is_not_done_to_somebody_who_signed_in_since() {
    let app = Application::start();
    for place in Place::all() {
        for is_ended in [false, true] {
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
            if is_ended {
                Session::delete(&client, &id).await.unwrap();
            }
            app.emulator.release().await;
            assert_eq!(refreshing.await.unwrap().is_err(), is_ended);
            app.emulator
                .login(json!({ "email": "grace@example.com" }))
                .await;
            let callback = app.callback(&session).await;
            session.handle_callback(&callback).await.unwrap();
            session.save().await.unwrap();
            late.await.unwrap();
            assert_eq!(json(session.user().unwrap())["email"], "grace@example.com");
            app.emulator
                .login(json!({ "email": "ada@example.com" }))
                .await;
        }
    }
}

#[tokio::test]
async fn logging_out_revokes_a_sign_in_that_was_not_kept_yet_too() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = app.signed_in_with(&client).await;
        session.save().await.unwrap();
        let kept = session.tokens().unwrap().refresh_token.unwrap();
        let callback = app.callback(&session).await;
        session.handle_callback(&callback).await.unwrap();
        let unkept = session.tokens().unwrap().refresh_token.unwrap();
        app.emulator.forget_requests().await;
        session.logout(&LogoutParams::default()).await.unwrap();
        let requests = app.emulator.requests("/oauth2/revoke").await;
        let revoked: Vec<_> = requests.iter().map(|r| r.field("token")).collect();
        assert_eq!(revoked.len(), 2);
        assert!(revoked.contains(&Some(kept.expose())));
        assert!(revoked.contains(&Some(unkept.expose())));
    }
}

#[tokio::test]
async fn tokens_of_others_that_are_over_again_are_renewed() {
    let app = Application::start();
    for place in Place::all() {
        for asks_for_more in [false, true] {
            let here = place.client(&app, "here", json!({}));
            let there = place.client(&app, "there", json!({}));
            let session = app.signed_in_with(&here).await;
            let id = session.save().await.unwrap();
            let other = Session::load(&there, &id).await.unwrap();
            app.emulator.forget_requests().await;
            // Within the leeway of a refresh, and over for every question.
            let end = unix_seconds() - 30;
            app.emulator
                .lie(json!({ "token": "access", "claims": { "exp": end } }))
                .await;
            assert_eq!(status(&other.refresh().await), Status::TokenExpired);
            assert_eq!(other.expires_at().unwrap(), end);
            match asks_for_more {
                true => assert!(session.ensure_fresh(1_000_000).await.unwrap()),
                false => session.refresh().await.unwrap(),
            }
            assert!(session.is_authenticated());
            assert_eq!(app.refreshes().await.len(), 2);
        }
    }
}

#[tokio::test]
async fn what_was_renewed_while_its_sign_in_was_being_kept_is_kept_before_it_is_renewed_again() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let client = place.client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let another_thread = session.clone();
    store.before(("save", "session"), move || {
        pollster::block_on(another_thread.refresh())
    });
    let id = session.save().await.unwrap();
    session.refresh().await.unwrap();
    let found = Session::load(&place.client(&app, "there", json!({})), &id).await;
    assert_eq!(
        found.unwrap().tokens().unwrap(),
        session.tokens().unwrap(),
        "a spent refresh token is kept"
    );
    assert_eq!(session.save().await.unwrap(), id);
}

#[tokio::test]
async fn a_state_is_good_once_also_for_a_session_that_is_about_to_get_another_id() {
    let app = Application::start();
    for place in Place::all() {
        for is_moved in [false, true] {
            let client = place.client(&app, "here", json!({}));
            let session = client.session();
            let callbacks = [app.callback(&session).await, app.callback(&session).await];
            let id = session.save().await.unwrap();
            let first_tab = Session::load(&client, &id).await.unwrap();
            let second_tab = Session::load(&client, &id).await.unwrap();
            first_tab.handle_callback(&callbacks[0]).await.unwrap();
            let state = &query(&callbacks[1])["state"];
            let refused = format!("state={state}&error=access_denied");
            assert_eq!(
                status(&second_tab.handle_callback(&refused).await),
                Status::AccessDenied
            );
            if is_moved {
                second_tab.logout_url(&LogoutParams::default()).unwrap();
                second_tab.save().await.unwrap();
            }
            app.emulator.forget_requests().await;
            assert_eq!(
                status(&first_tab.handle_callback(&callbacks[1]).await),
                Status::StateMismatch
            );
            assert_eq!(app.emulator.count(TOKEN).await, 0);
            first_tab.login_url(&AuthorizationParams::new()).unwrap();
            let id = first_tab.save().await.unwrap();
            let kept = Session::load(&client, &id).await.unwrap();
            assert!(kept.is_authenticated());
        }
    }
}
