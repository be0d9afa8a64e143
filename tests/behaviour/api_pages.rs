//! Lists of the APIs, page by page, and many calls at once.

use std::time::{Duration, Instant};

use kinde::{ClientCredentials, Pages, Status};
use kinde_test_support::{json as read, status};
use serde_json::{Value, json};

use crate::api::{create_users, managing};

const ROLES: &str = "/api/v1/roles";
const USERS: &str = "/api/v1/users";
const SEARCH: &str = "/api/v1/search/users";
const PROPERTIES: &str = "/api/v1/properties";

/// The items of all pages, and how many pages there were.
async fn all(pages: &Pages) -> (Vec<Value>, usize) {
    let mut items = Vec::new();
    let mut count = 0;
    while let Some(page) = pages.next().await.unwrap() {
        items.extend(read(page)["items"].as_array().unwrap().clone());
        count += 1;
    }
    (items, count)
}

fn different_ids(items: &[Value]) -> usize {
    let ids: std::collections::BTreeSet<&str> = items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    ids.len()
}

#[tokio::test]
async fn every_style_of_pages_is_followed_to_its_end() {
    let app = managing(json!({}));
    create_users(&app.client, 0..9).await;
    app.emulator
        .user(
            "ada@example.com",
            json!({"properties": {"a": 1, "b": 2, "c": 3, "d": 4}}),
        )
        .await;
    // Four users and two properties come with the emulator.
    for (operation, path, size, items, count, requests) in [
        ("get_users", USERS, 5, 13, 3, 3),
        ("get_users", USERS, 13, 13, 1, 1),
        // Only an empty page tells that there is no more.
        ("search_users", SEARCH, 5, 13, 3, 4),
        ("search_users", SEARCH, 13, 13, 1, 2),
        ("get_properties", PROPERTIES, 2, 6, 3, 3),
        ("get_properties", PROPERTIES, 6, 6, 1, 1),
    ] {
        app.emulator.forget_requests().await;
        let params = json!({"page_size": size}).to_string();
        let pages = app.client.api_pages(operation, &params).unwrap();
        assert_eq!(
            app.emulator.count(path).await,
            0,
            "nothing is asked for yet"
        );
        let (found, pages) = all(&pages).await;
        assert_eq!(
            (found.len(), pages),
            (items, count),
            "{operation} by {size}"
        );
        assert_eq!(different_ids(&found), items);
        assert_eq!(
            app.emulator.requests(path).await.len(),
            requests,
            "{operation} by {size}"
        );
    }
}

#[tokio::test]
async fn pages_stop_on_demand_and_begin_where_they_are_told() {
    let app = managing(json!({}));
    let pages = app
        .client
        .api_pages("get_users", r#"{"page_size":2}"#)
        .unwrap();
    let first = read(pages.next().await.unwrap().unwrap());
    assert_eq!(app.emulator.count(USERS).await, 1);
    assert_eq!(first["data"]["code"], "OK");
    assert_eq!(first["data"].get("users"), None, "items stand in one place");
    let next = json!({"page_size": 2, "next_token": first["data"]["next_token"]});
    let rest = app
        .client
        .api_pages("get_users", &next.to_string())
        .unwrap();
    let (rest, _) = all(&rest).await;
    assert_eq!(
        different_ids(&[first["items"].as_array().unwrap().as_slice(), &rest].concat()),
        4
    );

    // Without a size of the caller's own, pages are large.
    let pages = app.client.api_pages("get_users", "{}").unwrap();
    all(&pages).await;
    let request = app.emulator.last_request(USERS).await;
    assert_eq!(request.query["page_size"], ["100"]);
    // Over is over.
    assert!(pages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn pages_are_asked_for_with_the_token_of_a_session() {
    let app = managing(json!({}));
    let machine = app.client(json!({
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    }));
    let audience = json!({"audience": format!("{}/api", app.url())}).to_string();
    let machine = (
        machine.session(),
        ClientCredentials::from_json(&audience).unwrap(),
    );
    machine.0.client_credentials(machine.1).await.unwrap();
    let users = machine
        .0
        .api_pages("get_users", r#"{"page_size":3}"#)
        .unwrap();
    assert_eq!(app.emulator.count(USERS).await, 0);
    assert_eq!(all(&users).await.0.len(), 4);
    let token = machine.0.access_token().unwrap().expose().to_owned();
    let sent = app.emulator.last_request(USERS).await;
    assert_eq!(
        sent.header("authorization"),
        Some(format!("Bearer {token}").as_str())
    );

    // A user's own lists, which no machine may see.
    let user = app.signed_in().await;
    let roles = user.api_pages("get_user_roles", "{}").unwrap();
    assert_eq!(all(&roles).await.0.len(), 1);
    let users = user.api_pages("get_users", "{}").unwrap();
    assert_eq!(users.next().await.unwrap_err().http_status(), Some(403));
    let nobody = app.client.session().api_pages("get_users", "{}").unwrap();
    let refused = nobody.next().await.unwrap_err();
    assert_eq!(refused.status(), Status::NotAuthenticated);
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_fail() {
    let app = managing(json!({}));
    let page = json!({"users": [{"id": "kp_1"}], "next_token": "again"});
    let circle = json!({"path": USERS, "times": null, "status": 200, "body": page});
    app.emulator.fault(circle).await;
    let pages = app.client.api_pages("get_users", "{}").unwrap();
    pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap_err();
    assert_eq!(error.status(), Status::MalformedResponse);
    assert!(error.message().contains("repeat"), "{error}");
}

#[tokio::test]
async fn answers_that_hide_where_the_list_goes_on_fail() {
    let app = managing(json!({}));
    for (operation, path, patch, field) in [
        ("get_users", USERS, json!({"users": null}), "users"),
        ("get_users", USERS, json!({"next_token": 5}), "next_token"),
        (
            "get_properties",
            PROPERTIES,
            json!({"has_more": true, "properties": []}),
            "id",
        ),
        (
            "get_properties",
            PROPERTIES,
            json!({"has_more": "yes"}),
            "id",
        ),
        (
            "search_users",
            SEARCH,
            json!({"results": [{"name": "x"}]}),
            "id",
        ),
    ] {
        app.emulator
            .fault(json!({"path": path, "patch": patch}))
            .await;
        let pages = app.client.api_pages(operation, "{}").unwrap();
        let error = pages.next().await.unwrap_err();
        assert_eq!(
            (error.status(), error.field()),
            (Status::MalformedResponse, Some(field)),
            "{operation}"
        );
        // The page is asked for again.
        assert!(pages.next().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn only_lists_have_pages() {
    let app = managing(json!({}));
    for (operation, params, field) in [
        ("get_user_data", json!({"id": "kp_1"}), "operation"),
        ("request", json!({"path": "/api/v1/users"}), "operation"),
        // It answers with a list of those whom it added.
        (
            "add_organization_users",
            json!({"org_code": "org_acme", "users": ["kp_1"]}),
            "operation",
        ),
        (
            "get_properties",
            json!({"ending_before": "a"}),
            "ending_before",
        ),
        ("get_user_roles", json!({}), "operation"),
    ] {
        let error = app
            .client
            .api_pages(operation, &params.to_string())
            .unwrap_err();
        assert_eq!(
            (error.status(), error.field()),
            (Status::InvalidArgument, Some(field))
        );
    }
    let roles = app.client.api_pages("get_roles", "{}").unwrap();
    assert_eq!(all(&roles).await.0.len(), 3);
}

#[tokio::test]
async fn many_calls_keep_their_order_and_failures_stand_beside() {
    let app = managing(json!({}));
    let mut calls: Vec<Value> = (0..20)
        .map(|number| json!({"operation": "create_organization", "params": {"name": format!("Org {number}")}}))
        .collect();
    calls[3] = json!({"operation": "get_organization", "params": {"code": "org_none"}});
    calls[5] = json!({"operation": "create_organisation"});
    calls[7] = json!({"operation": "get_users", "parameters": {}});
    calls[9] = json!("get_users");
    let calls = json!({"calls": calls, "concurrency": 4});
    let outcome = read(app.client.api_call_many(&calls.to_string()).await.unwrap());
    let results = outcome["results"].as_array().unwrap();
    assert_eq!(results.len(), 20);
    let failures: Vec<(i64, &str)> = outcome["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["index"].as_i64().unwrap(),
                it["error"]["name"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (3, "API"),
        (5, "UNKNOWN_OPERATION"),
        (7, "INVALID_ARGUMENT"),
        (9, "INVALID_ARGUMENT"),
    ];
    assert_eq!(failures, expected);
    for (index, result) in results.iter().enumerate() {
        let has_failed = expected.iter().any(|(failed, _)| *failed as usize == index);
        assert_eq!(result.is_null(), has_failed, "{index}");
    }
    // The list alone, and its order.
    let codes: Vec<&Value> = results
        .iter()
        .filter(|result| !result.is_null())
        .map(|result| &result["data"]["organization"]["code"])
        .collect();
    let calls: Vec<Value> = codes
        .iter()
        .map(|code| json!({"operation": "get_organization", "params": {"code": code}}))
        .collect();
    let read_again = read(
        app.client
            .api_call_many(&json!(calls).to_string())
            .await
            .unwrap(),
    );
    let names = read_again["results"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .map(|it| it["data"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..4], ["Org 0", "Org 1", "Org 2", "Org 4"]);

    for wrong in [
        "5",
        r#"{"calls":5}"#,
        r#"{"calls":[],"concurrency":0}"#,
        r#"{"call":[]}"#,
        "[",
    ] {
        let refused = app.client.api_call_many(wrong).await;
        assert_eq!(status(&refused), Status::InvalidArgument, "{wrong}");
    }
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way() {
    let app = managing(json!({"api_concurrency": 3}));
    app.client.api_call("get_roles", "{}").await.unwrap();
    app.emulator
        .fault(json!({"path": USERS, "hang": true, "times": 6}))
        .await;
    let calls: Vec<Value> = (0..6).map(|_| json!({"operation": "get_users"})).collect();
    let calls = json!({"calls": calls, "concurrency": 6}).to_string();
    let client = app.client.clone();
    let many = tokio::spawn(async move { client.api_call_many(&calls).await });
    app.emulator.wait_for(USERS, 3).await;
    // Other clients with the same transport wait too.
    let same = app
        .client
        .derive(r#"{"client_id":"emulator_spa","client_secret":null}"#)
        .unwrap();
    let waiting = tokio::spawn(async move { same.api_call("get_users", "{}").await });
    let roles = app.client.derive(r#"{"api_concurrency":1}"#).unwrap();
    roles.api_call("get_roles", "{}").await.unwrap();
    assert_eq!(app.emulator.count(USERS).await, 3);
    app.emulator.clear_faults().await;
    app.emulator.release().await;
    let outcome = read(many.await.unwrap().unwrap());
    assert_eq!(outcome["failures"], json!([]));
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_outlast_a_busy_kinde() {
    let app = managing(json!({ "api_concurrency": 4 }));
    app.client.api_call("get_roles", "{}").await.unwrap();
    // More often than anything else is repeated, to each of those under way at once.
    let busy =
        json!({"path": USERS, "status": 429, "times": 20, "headers": {"ratelimit-reset": "1"}});
    app.emulator.fault(busy).await;
    let begun = Instant::now();
    let calls: Vec<Value> = (0..12).map(|_| json!({"operation": "get_users"})).collect();
    let outcome = app.client.api_call_many(&json!(calls).to_string()).await;
    assert_eq!(read(outcome.unwrap())["failures"], json!([]));
    // Twenty answers, to four at a time, each of which asked for a second.
    assert!(begun.elapsed() >= Duration::from_secs(5));
    assert_eq!(app.emulator.count(USERS).await, 32);
}

#[tokio::test]
async fn what_would_wait_too_long_fails_at_once() {
    for asked in [600, 7200] {
        let app = managing(json!({"timeout_ms": 60_000}));
        app.client.api_call("get_roles", "{}").await.unwrap();
        let reset = json!({"ratelimit-reset": asked.to_string()});
        let busy = json!({"path": USERS, "status": 429, "headers": reset});
        app.emulator.fault(busy).await;
        let begun = Instant::now();
        let refused = app.client.api_call("get_users", "{}").await.unwrap_err();
        assert_eq!(
            (refused.status(), refused.http_status()),
            (Status::RateLimited, Some(429))
        );
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(asked)));
        // The next call is not even sent.
        let held = app.client.api_call("get_roles", "{}").await.unwrap_err();
        assert_eq!(
            (held.status(), held.http_status()),
            (Status::RateLimited, None)
        );
        assert!(held.retry_after() > Some(Duration::from_secs(500)));
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nobody waited in vain"
        );
        assert_eq!(app.emulator.count(USERS).await, 1);
        assert_eq!(app.emulator.count(ROLES).await, 1);
    }
}

#[tokio::test]
async fn only_what_is_safe_is_repeated() {
    let app = managing(json!({}));
    app.client.api_call("get_roles", "{}").await.unwrap();
    let user = json!({"identities": [{"type": "email", "details": {"email": "new@example.com"}}]});
    let update = json!({"id": "kp_none", "given_name": "A"});
    for (operation, params, path, fault, requests) in [
        ("get_users", json!({}), USERS, json!({"status": 503}), 2),
        ("get_users", json!({}), USERS, json!({"drop": "before"}), 2),
        (
            "delete_user",
            json!({"id": "kp_none"}),
            "/api/v1/user",
            json!({"status": 502}),
            2,
        ),
        (
            "create_user",
            user.clone(),
            "/api/v1/user",
            json!({"status": 503}),
            1,
        ),
        (
            "create_user",
            user.clone(),
            "/api/v1/user",
            json!({"drop": "before"}),
            1,
        ),
        (
            "update_user",
            update,
            "/api/v1/user",
            json!({"status": 500}),
            1,
        ),
        // Kinde says that it did nothing.
        (
            "create_user",
            user,
            "/api/v1/user",
            json!({"status": 429}),
            2,
        ),
    ] {
        app.emulator.forget_requests().await;
        let mut fault = fault;
        fault["path"] = json!(path);
        app.emulator.fault(fault.clone()).await;
        let _ = app.client.api_call(operation, &params.to_string()).await;
        let sent = app.emulator.requests(path).await.len();
        assert_eq!(sent, requests, "{operation} {fault}");
    }
}
