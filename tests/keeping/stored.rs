//! Sessions in a store, under an id.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use kinde::{AuthorizationParams, Error, LogoutParams, Session, Status, TokenType};
use kinde_test_support::{Application, query, status};
use serde_json::json;

use crate::host::HostMap;
use crate::place::Place;

async fn load(client: &kinde::Client, id: &str) -> Session {
    Session::load(client, id).await.unwrap()
}

async fn loaded(client: &kinde::Client, id: &str) -> Status {
    status(&Session::load(client, id).await)
}

#[tokio::test]
async fn a_kept_session_is_found_by_another_machine() {
    let app = Application::start();
    for place in Place::all() {
        let here = place.client(&app, "here", json!({}));
        let there = place.client(&app, "there", json!({}));
        let session = app.signed_in_with(&here).await;
        let id = session.save().await.unwrap();
        assert_eq!(id.len(), 43);
        let found = load(&there, &id).await;
        assert!(found.is_authenticated());
        assert_eq!(found.tokens().unwrap(), session.tokens().unwrap());
        assert_eq!(
            found.claims(TokenType::Id).unwrap(),
            session.claims(TokenType::Id).unwrap()
        );
        assert_eq!(found.revision(), session.revision());
    }
}

#[tokio::test]
async fn a_sign_in_begun_on_one_machine_is_finished_on_another() {
    let app = Application::start();
    for place in Place::all() {
        let here = place.client(&app, "here", json!({}));
        let there = place.client(&app, "there", json!({}));
        let session = here.session();
        let params = AuthorizationParams::from_json(r#"{"return_to":"/orders"}"#).unwrap();
        let url = session.login_url(&params).unwrap();
        let id = session.save().await.unwrap();
        let callback = app.browser().open(&url).await.at_application();
        let session = load(&there, &id).await;
        let outcome = session.handle_callback(&callback).await.unwrap();
        assert_eq!(outcome.return_to.as_deref(), Some("/orders"));
        let new_id = session.save().await.unwrap();
        assert_ne!(new_id, id, "an id from before the sign-in could be known");
        assert_eq!(loaded(&here, &id).await, Status::SessionNotFound);
        assert!(load(&here, &new_id).await.is_authenticated());
    }
}

#[tokio::test]
async fn a_state_is_good_for_one_callback_on_all_machines_together() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = client.session();
        let url = session.login_url(&AuthorizationParams::new()).unwrap();
        let id = session.save().await.unwrap();
        let callback = app.browser().open(&url).await.at_application();
        let state = &query(&callback)["state"];
        let (one, other) = (load(&client, &id).await, load(&client, &id).await);
        let refused = format!("state={state}&error=access_denied");
        assert_eq!(
            status(&one.handle_callback(&refused).await),
            Status::AccessDenied
        );
        assert_eq!(
            status(&other.handle_callback(&callback).await),
            Status::StateMismatch
        );
        assert_eq!(app.emulator.count("/oauth2/token").await, 0);
    }
}

#[tokio::test]
async fn an_unchanged_session_is_not_written_again() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    let saves = store.saves();
    assert_eq!(session.save().await.unwrap(), id);
    assert_eq!(load(&client, &id).await.save().await.unwrap(), id);
    assert_eq!(store.saves(), saves);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_many_requests_at_once_are_all_kept() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = client.session();
        session.login_url(&AuthorizationParams::new()).unwrap();
        let id = session.save().await.unwrap();
        let requests: Vec<_> = (0..7)
            .map(|number| {
                let client = place.client(&app, &format!("machine {number}"), json!({}));
                let id = id.clone();
                tokio::spawn(async move {
                    let session = load(&client, &id).await;
                    let url = session.login_url(&AuthorizationParams::new()).unwrap();
                    assert_eq!(session.save().await.unwrap(), id);
                    query(&url)["state"].clone()
                })
            })
            .collect();
        let mut states = HashSet::new();
        for request in requests {
            states.insert(request.await.unwrap());
        }
        assert_eq!(states.len(), 7);
        let session = load(&client, &id).await;
        for state in states {
            let refused = format!("state={state}&error=access_denied");
            assert_eq!(
                status(&session.handle_callback(&refused).await),
                Status::AccessDenied
            );
        }
    }
}

#[tokio::test]
async fn a_sign_in_begun_while_another_ended_is_not_lost() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = client.session();
        let url = session.login_url(&AuthorizationParams::new()).unwrap();
        let id = session.save().await.unwrap();
        let callback = app.browser().open(&url).await.at_application();
        let first_tab = load(&client, &id).await;
        first_tab.handle_callback(&callback).await.unwrap();
        let second_tab = load(&client, &id).await;
        let url = second_tab.login_url(&AuthorizationParams::new()).unwrap();
        assert_eq!(second_tab.save().await.unwrap(), id);
        let new_id = first_tab.save().await.unwrap();
        assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
        let callback = app.browser().open(&url).await.at_application();
        let session = load(&client, &new_id).await;
        session.handle_callback(&callback).await.unwrap();
    }
}

#[tokio::test]
async fn logging_out_ends_the_session_everywhere_and_revokes_its_latest_refresh_token() {
    let app = Application::start();
    for place in Place::all() {
        let here = place.client(&app, "here", json!({}));
        let there = place.client(&app, "there", json!({}));
        let session = app.signed_in_with(&here).await;
        let id = session.save().await.unwrap();
        let elsewhere = load(&there, &id).await;
        elsewhere.refresh().await.unwrap();
        let latest = elsewhere.tokens().unwrap().refresh_token.unwrap();
        app.emulator.forget_requests().await;
        session.logout(&LogoutParams::default()).await.unwrap();
        let revoked = app.emulator.requests("/oauth2/revoke").await;
        let mut tokens = revoked.iter().map(|request| request.field("token"));
        assert!(tokens.any(|token| token == Some(latest.expose())));
        assert_eq!(loaded(&there, &id).await, Status::SessionNotFound);
        // Who still holds it cannot bring it back.
        elsewhere.login_url(&AuthorizationParams::new()).unwrap();
        assert_eq!(status(&elsewhere.save().await), Status::SessionNotFound);
        assert!(!elsewhere.is_authenticated());
        assert_eq!(loaded(&there, &id).await, Status::SessionNotFound);
    }
}

#[tokio::test]
async fn forgetting_without_the_network_is_kept_by_the_next_save() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = app.signed_in_with(&client).await;
        let id = session.save().await.unwrap();
        session.logout_url(&LogoutParams::default()).unwrap();
        let new_id = session.save().await.unwrap();
        assert_ne!(new_id, id);
        assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
        assert!(!load(&client, &new_id).await.is_authenticated());
    }
}

#[tokio::test]
async fn deleting_ends_one_session() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let one = app.signed_in_with(&client).await.save().await.unwrap();
        let other = app.signed_in_with(&client).await.save().await.unwrap();
        Session::delete(&client, &one).await.unwrap();
        Session::delete(&client, &one).await.unwrap();
        Session::delete(&client, "nonsense").await.unwrap();
        assert_eq!(loaded(&client, &one).await, Status::SessionNotFound);
        assert_eq!(loaded(&client, &other).await, Status::Ok);
    }
}

#[tokio::test]
async fn all_sessions_of_one_user_can_be_ended() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(app.signed_in_with(&client).await.save().await.unwrap());
        }
        let ada = app.signed_in_with(&client).await;
        let sub = ada.user().unwrap().get("id").unwrap();
        ids.push(ada.save().await.unwrap());
        app.emulator
            .login(json!({ "email": "grace@example.com" }))
            .await;
        let grace = app.signed_in_with(&client).await.save().await.unwrap();
        app.emulator
            .login(json!({ "email": "ada@example.com" }))
            .await;
        client.revoke_sessions(sub.as_str().unwrap()).await.unwrap();
        for id in &ids {
            assert_eq!(loaded(&client, id).await, Status::SessionNotFound);
        }
        assert_eq!(loaded(&client, &grace).await, Status::Ok);
        assert_eq!(status(&ada.save().await), Status::Ok, "nothing has changed");
        ada.login_url(&AuthorizationParams::new()).unwrap();
        assert_eq!(status(&ada.save().await), Status::SessionNotFound);
        client.revoke_sessions("nobody").await.unwrap();
        assert_eq!(
            status(&client.revoke_sessions("").await),
            Status::InvalidArgument
        );
    }
}

#[tokio::test]
async fn of_sessions_that_ended_the_store_keeps_nothing() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    for way in ["logout", "delete", "revoke", "forget"] {
        let session = app.signed_in_with(&client).await;
        let sub = session.user().unwrap().get("id").unwrap();
        let id = session.save().await.unwrap();
        assert_eq!(store.records().len(), 2, "with the list of the user's");
        match way {
            "logout" => drop(session.logout(&LogoutParams::default()).await.unwrap()),
            "delete" => Session::delete(&client, &id).await.unwrap(),
            "revoke" => client.revoke_sessions(sub.as_str().unwrap()).await.unwrap(),
            _ => {
                session.logout_url(&LogoutParams::default()).unwrap();
                let nobodys = session.save().await.unwrap();
                assert_eq!(store.records().len(), 1, "on no list of anybody's");
                Session::delete(&client, &nobodys).await.unwrap();
            }
        }
        assert!(store.records().is_empty(), "{way}: {:?}", store.records());
    }
}

#[tokio::test]
async fn a_session_that_is_kept_while_all_of_the_users_are_ended_ends_with_them() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let revoked = store.clone();
    // The list was read and deleted before the session that stands on it was there.
    store.before(("save", "session"), move || {
        revoked.change(HashMap::clear);
        Ok(())
    });
    assert_eq!(status(&session.save().await), Status::SessionNotFound);
    assert!(!session.is_authenticated());
    assert!(store.records().is_empty());
}

#[tokio::test]
async fn a_session_that_is_listed_while_all_of_the_users_are_ended_ends_with_them() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let first = app.signed_in_with(&client).await;
    let sub = first.user().unwrap().get("id").unwrap();
    first.save().await.unwrap();
    let before = store.records();
    let second = app.signed_in_with(&client).await.save().await.unwrap();
    let after = store.records();
    store.change(|records| *records = before);
    let signed_in = store.clone();
    store.before(("delete", "user"), move || {
        signed_in.change(|records| *records = after);
        Ok(())
    });
    client.revoke_sessions(sub.as_str().unwrap()).await.unwrap();
    assert_eq!(loaded(&client, &second).await, Status::SessionNotFound);
    assert!(store.records().is_empty());
}

#[tokio::test]
async fn no_new_id_is_good_while_the_old_one_still_is() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = client.session();
    let callback = app.callback(&session).await;
    let id = session.save().await.unwrap();
    session.handle_callback(&callback).await.unwrap();
    store.before(("delete", "session"), || Err(Error::store("on purpose")));
    assert_eq!(status(&session.save().await), Status::Store);
    let left = store.records();
    assert_eq!(left.len(), 1, "the one before the sign-in: {left:?}");
    assert!(!load(&client, &id).await.is_authenticated());
    let new_id = session.save().await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
    assert!(load(&client, &new_id).await.is_authenticated());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_that_are_saved_at_once_are_kept_under_one_id() {
    let app = Application::start();
    for place in Place::all() {
        let session = place.client(&app, "here", json!({})).session();
        session.login_url(&AuthorizationParams::new()).unwrap();
        let saves: Vec<_> = (0..8)
            .map(|_| {
                let clone = session.clone();
                tokio::spawn(async move { clone.save().await.unwrap() })
            })
            .collect();
        let mut ids = HashSet::new();
        for save in saves {
            ids.insert(save.await.unwrap());
        }
        assert_eq!(ids.len(), 1);
    }
}

#[tokio::test]
async fn a_save_that_nobody_waits_for_any_more_goes_on() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    store.set_hanging(true);
    tokio::select! {
        biased;
        saved = session.save() => panic!("the store hangs: {saved:?}"),
        () = std::future::ready(()) => {}
    }
    store.set_hanging(false);
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let deadline = Instant::now() + Duration::from_secs(20);
    // The session, and the list of the user's.
    while store.saves() < 2 {
        assert!(Instant::now() < deadline, "it was given up");
        ticks.tick().await;
    }
    let id = session.save().await.unwrap();
    assert_eq!(store.saves(), 2, "nothing was left to be kept");
    assert!(load(&client, &id).await.is_authenticated());
}

#[tokio::test]
async fn what_is_no_id_is_not_found() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let session = app.signed_in_with(&client).await;
        let id = session.save().await.unwrap();
        let mut other = id.clone();
        let last = if id.ends_with('A') { "B" } else { "A" };
        other.replace_range(42.., last);
        for id in ["", "x", &other, &id[1..], &format!("{id}A"), "é", "\0"] {
            assert_eq!(loaded(&client, id).await, Status::SessionNotFound, "{id}");
        }
        assert_eq!(
            loaded(&client, &"A".repeat(10_000_000)).await,
            Status::SessionNotFound
        );
    }
}

#[tokio::test]
async fn what_can_be_no_id_is_not_asked_for() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    store.set_away(true);
    for id in ["", "x", &"A".repeat(44), &format!("{}.", "A".repeat(42))] {
        assert_eq!(loaded(&client, id).await, Status::SessionNotFound, "{id}");
        assert_eq!(status(&Session::delete(&client, id).await), Status::Ok);
    }
    assert_eq!(loaded(&client, &"A".repeat(43)).await, Status::Store);
}

#[tokio::test]
async fn another_application_finds_nothing_in_the_same_store() {
    let app = Application::start();
    for place in Place::all() {
        let client = place.client(&app, "here", json!({}));
        let id = app.signed_in_with(&client).await.save().await.unwrap();
        for other in [
            json!({ "client_id": "another" }),
            json!({ "issuer": "https://another.example" }),
        ] {
            let other = place.client(&app, "here", other);
            assert_eq!(loaded(&other, &id).await, Status::SessionNotFound);
        }
    }
}

#[tokio::test]
async fn whoever_reads_the_store_learns_neither_ids_nor_tokens() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    let records = store.records();
    assert_eq!(records.len(), 2, "the session, and the list of the user's");
    let user = session.user().unwrap().get("id").unwrap();
    for (key, record) in records {
        assert!(key.len() <= 64 && key.is_ascii(), "{key}");
        let bytes = URL_SAFE_NO_PAD.decode(&record.text).unwrap();
        let all = [key.as_bytes(), record.text.as_bytes(), &bytes].concat();
        for secret in [&id[..12], user.as_str().unwrap(), "ada@example.com"] {
            let mut windows = all.windows(secret.len());
            assert!(windows.all(|part| part != secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_record_opens_under_its_own_key_alone() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let mine = client.session();
    let my_id = mine.save().await.unwrap();
    let my_key = store.records().into_keys().next().unwrap();
    app.signed_in_with(&client).await.save().await.unwrap();
    let others: Vec<_> = store
        .records()
        .into_iter()
        .filter(|(key, _)| *key != my_key)
        .collect();
    for (_, record) in others {
        store.change(|records| {
            records.insert(my_key.clone(), record);
        });
        assert_eq!(loaded(&client, &my_id).await, Status::SessionInvalid);
    }
    store.change(|records| {
        records.get_mut(&my_key).unwrap().text = "not sealed at all".to_owned();
    });
    assert_eq!(loaded(&client, &my_id).await, Status::SessionInvalid);
    Session::delete(&client, &my_id).await.unwrap();
    assert_eq!(loaded(&client, &my_id).await, Status::SessionNotFound);
}

#[tokio::test]
async fn a_store_that_fails_is_a_clear_error_and_no_lost_session() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    store.set_away(true);
    assert_eq!(loaded(&client, &id).await, Status::Store);
    assert_eq!(status(&session.refresh().await), Status::Store);
    assert!(!session.ensure_fresh(0).await.unwrap());
    assert_eq!(
        status(&session.logout(&LogoutParams::default()).await),
        Status::Store
    );
    store.set_away(false);
    assert_eq!(loaded(&client, &id).await, Status::Ok);
    session.logout(&LogoutParams::default()).await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
}

#[tokio::test]
async fn logging_out_deletes_a_record_that_cannot_be_opened_too() {
    let app = Application::start();
    let store = HostMap::default();
    let client = Place::Host(store.clone()).client(&app, "here", json!({}));
    let session = app.signed_in_with(&client).await;
    session.save().await.unwrap();
    store.change(|records| {
        for record in records.values_mut() {
            record.text = "altered".to_owned();
        }
    });
    session.logout(&LogoutParams::default()).await.unwrap();
    let left: Vec<String> = store.records().into_keys().collect();
    assert!(left.iter().all(|key| key.starts_with("user")), "{left:?}");
}

#[tokio::test]
async fn a_logout_that_could_not_delete_the_record_is_none() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let client = place.client(&app, "here", json!({ "timeout_ms": 300 }));
    let session = app.signed_in_with(&client).await;
    let id = session.save().await.unwrap();
    store.set_hanging(true);
    assert_eq!(
        status(&session.logout(&LogoutParams::default()).await),
        Status::Timeout
    );
    store.set_hanging(false);
    assert_eq!(loaded(&client, &id).await, Status::Ok);
    session.logout(&LogoutParams::default()).await.unwrap();
    assert_eq!(loaded(&client, &id).await, Status::SessionNotFound);
}

#[tokio::test]
async fn a_store_elsewhere_needs_keys_to_seal_with() {
    for url in ["redis://127.0.0.1", "rediss://redis.example:6380/2"] {
        for keys in [json!(null), json!([]), json!("")] {
            let mut config = kinde::Config::new();
            let settings = json!({
                "domain": "a.kinde.com",
                "client_id": "a",
                "store_url": url,
                "seal_keys": keys,
            });
            config.load_json(&settings.to_string()).unwrap();
            let error = kinde::Client::new(&config).unwrap_err();
            assert_eq!(error.field(), Some("seal_keys"), "{error}");
        }
    }
}
