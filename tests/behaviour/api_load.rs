//! The APIs when there is much to do: long lists, many calls, a Kinde that is busy.

use std::io::Write;

use kinde_test_support::{Application, Emulator, json as read};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::managing;

const USERS: &str = "/api/v1/users";
const CALLS: usize = 1_000;
const PLACES: usize = 250;
const LISTED: usize = 10_000;

/// A configuration of the emulator with so many users.
fn configuration(users: usize) -> tempfile::NamedTempFile {
    let users = (0..users).map(|i| json!({"email": format!("user{i}@example.com")}));
    let ada = json!({"email": "ada@example.com"});
    let configuration = json!({
        "apis": [{"audience": "{url}/api", "scopes": ["read:users"]}],
        "applications": [{
            "client_id": "machine", "kind": "m2m", "client_secret": "secret",
            "audiences": ["{url}/api"],
        }],
        "users": users.chain([ada]).collect::<Value>(),
    });
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    file.write_all(configuration.to_string().as_bytes())
        .unwrap();
    file
}

#[tokio::test]
async fn a_busy_kinde_answers_every_call_in_the_end_and_is_left_alone_when_it_asks() {
    // A debug build on a busy machine takes several times the seconds that a free one does.
    let app = managing(json!({"api_concurrency": PLACES, "timeout_ms": 90_000}));
    // So many answers at once that two threads of this build take a while to read them all.
    let limit = json!({"path": "/api/*", "share": 0.5, "times": CALLS / 2, "grace_ms": 800});
    let limit = limited(&app, CALLS, limit).await;
    assert_eq!(limit["early"], 0, "sent while told to wait: {limit}");
    assert_eq!(limit["limited"], CALLS / 2, "half of them were refused");
    assert_eq!(limit["requests"], CALLS + CALLS / 2);
}

/// With one place nothing is under way when a refusal comes: whoever sends before the wait is over
/// knows better.
#[tokio::test]
async fn one_at_a_time_leaves_a_busy_kinde_alone_at_once() {
    let app = managing(json!({"api_concurrency": 1}));
    let limit = json!({"path": "/api/*", "times": 2, "grace_ms": 0});
    let limit = limited(&app, 3, limit).await;
    assert_eq!(limit["early"], 0, "sent while told to wait: {limit}");
    assert_eq!(limit["requests"], 3 + 2);
}

/// What the emulator says of a limit when so many calls were made at once, all of which succeed.
async fn limited(app: &Application, count: usize, limit: Value) -> Value {
    app.emulator
        .settings(json!({"management_examples": true}))
        .await;
    app.emulator.post("/limits", limit).await;
    let calls = (0..count).map(|_| json!({"operation": "get_user_data", "params": {"id": "kp_1"}}));
    let calls = json!({"calls": calls.collect::<Value>(), "concurrency": count}).to_string();
    let outcome = app.client.api_call_many(&calls).await;
    let outcome = read(outcome.unwrap());
    assert_eq!(outcome["failures"], json!([]));
    assert_eq!(outcome["results"].as_array().unwrap().len(), count);
    let limits = app.emulator.control(Method::GET, "/limits", None).await;
    limits["limits"][0].clone()
}

#[tokio::test]
async fn ten_thousand_users_take_twenty_requests() {
    let file = configuration(LISTED - 1);
    let emulator = Emulator::start_with(&["--config", file.path().to_str().unwrap()]);
    let machine = json!({"management_client_id": "machine", "management_client_secret": "secret"});
    let app = Application::on(emulator, machine);
    let pages = app
        .client
        .api_pages("get_users", r#"{"page_size":500}"#)
        .unwrap();
    let mut ids = std::collections::HashSet::new();
    while let Some(page) = pages.next().await.unwrap() {
        let page = read(page);
        let items = page["items"].as_array().unwrap();
        ids.extend(
            items
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(ids.len(), LISTED);
    assert_eq!(app.emulator.count(USERS).await, 20);
}
