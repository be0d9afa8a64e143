//! Machine tokens that all machines with one store use, where the setting says so.

use std::time::{Duration, Instant};

use kinde::{Client, ClientCredentials, Config};
use kinde_test_support::Application;
use serde_json::{Value, json};

use crate::host::HostMap;
use crate::place::{Place, SEAL_KEY};

const TOKEN: &str = "/oauth2/token";

fn machine(place: &Place, app: &Application, name: &str, share: bool) -> Client {
    let more = json!({
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
        "share_machine_tokens": share,
    });
    place.client(app, name, more)
}

async fn token(client: &Client) -> String {
    let tokens = client.client_credentials(ClientCredentials::default());
    tokens.await.unwrap().access_token.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_share_mint_one_token() {
    let app = Application::start();
    for place in Place::all() {
        app.emulator.forget_requests().await;
        app.emulator
            .fault(json!({ "path": TOKEN, "delay_ms": 100 }))
            .await;
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                let client = machine(&place, &app, &format!("sharing {number}"), true);
                tokio::spawn(async move { token(&client).await })
            })
            .collect();
        let mut tokens = Vec::new();
        for task in tasks {
            tokens.push(task.await.unwrap());
        }
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(app.emulator.count(TOKEN).await, 1);
    }
}

#[tokio::test]
async fn machines_that_do_not_share_mint_one_each() {
    let app = Application::start();
    for place in Place::all() {
        app.emulator.forget_requests().await;
        for name in ["alone", "alone too"] {
            let client = machine(&place, &app, name, false);
            assert_eq!(token(&client).await, token(&client).await);
        }
        assert_eq!(app.emulator.count(TOKEN).await, 2);
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_taken_from_the_store_again() {
    let app = Application::start();
    for place in Place::all() {
        let client = machine(&place, &app, "here", true);
        let first = token(&client).await;
        let revocation = kinde::Revocation::new(first.as_str());
        client.revoke_token(revocation).await.unwrap();
        let second = token(&client).await;
        assert_ne!(second, first);
        assert_eq!(token(&machine(&place, &app, "there", true)).await, second);
    }
}

#[tokio::test]
async fn who_gets_the_turn_looks_whether_the_one_before_left_a_token() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    let first = token(&machine(&place, &app, "here", true)).await;
    let left = store.records();
    store.change(|records| records.clear());
    let before = store.clone();
    store.before(("lease", "machine"), move || {
        before.change(|records| *records = left);
        Ok(())
    });
    assert_eq!(token(&machine(&place, &app, "there", true)).await, first);
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn a_token_of_the_store_that_cannot_be_opened_is_replaced() {
    let app = Application::start();
    let store = HostMap::default();
    let place = Place::Host(store.clone());
    token(&machine(&place, &app, "here", true)).await;
    store.change(|records| {
        for record in records.values_mut() {
            record.text = "altered".to_owned();
        }
    });
    let replaced = token(&machine(&place, &app, "there", true)).await;
    assert_eq!(
        token(&machine(&place, &app, "elsewhere", true)).await,
        replaced
    );
}

#[tokio::test]
async fn a_token_of_the_store_is_taken_only_as_long_as_it_lasts() {
    let app = Application::start();
    app.emulator
        .application("emulator_m2m", json!({ "access_token_seconds": 1 }))
        .await;
    // This store keeps its records for ever.
    let place = Place::Host(HostMap::default());
    let first = token(&machine(&place, &app, "here", true)).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let deadline = Instant::now() + Duration::from_secs(20);
    for number in 0.. {
        let there = machine(&place, &app, &format!("there {number}"), true);
        if token(&there).await != first {
            break;
        }
        assert!(Instant::now() < deadline, "it is over and still handed out");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn without_the_store_each_machine_has_a_token_of_its_own() {
    let app = Application::start();
    let settings: Value = json!({
        "domain": app.url(),
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
        "share_machine_tokens": true,
        "seal_keys": SEAL_KEY,
        "store_url": "redis://127.0.0.1:1",
        "store_timeout_ms": 100,
    });
    let mut config = Config::new();
    config.load_json(&settings.to_string()).unwrap();
    let client = Client::new(&config).unwrap();
    assert_eq!(token(&client).await, token(&client).await);
}
