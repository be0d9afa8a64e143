//! What Kinde says about a user: the shapes of the answers, pages, conditions, and trouble.

use std::time::Duration;

use kinde::{AccountConditions, AccountRequest, Session, Status, TokenType};
use kinde_test_support::{Application, json, status};
use serde_json::{Value, json};

const PERMISSIONS: &str = "/account_api/v1/permissions";
const ROLES: &str = "/account_api/v1/roles";
const ENTITLEMENTS: &str = "/account_api/v1/entitlements";
const PORTAL_LINK: &str = "/account_api/v1/portal_link";

pub async fn try_fetch(session: &Session, what: &str, params: Value) -> kinde::Result<Value> {
    let request = AccountRequest::from_json(what, &params.to_string())?;
    session.fetch(request).await.map(json)
}

pub async fn fetch(session: &Session, what: &str, params: Value) -> Value {
    let answer = try_fetch(session, what, params).await;
    answer.unwrap_or_else(|error| panic!("{what}: {error:?}"))
}

async fn has(session: &Session, conditions: Value) -> kinde::Result<bool> {
    let conditions = AccountConditions::from_json(&conditions.to_string())?;
    session.fetch_has(conditions).await
}

/// Gives Ada so many entitlements that they need several pages.
async fn entitle(app: &Application, count: usize) {
    let entitlements: Vec<Value> = (0..count)
        .map(|number| json!({ "feature_key": format!("f{number}"), "price_name": "p" }))
        .collect();
    let patch = json!({ "entitlements": entitlements });
    app.emulator.user("ada@example.com", patch).await;
}

#[tokio::test]
async fn lists_have_the_shapes_of_the_token_questions() {
    let app = Application::start();
    let session = app.signed_in().await;
    assert_eq!(
        fetch(&session, "permissions", json!({})).await,
        json(session.permissions(TokenType::Access).unwrap())
    );
    assert_eq!(
        fetch(&session, "roles", json!({})).await,
        json(session.roles(TokenType::Access).unwrap())
    );
    let mut flags = fetch(&session, "flags", json!({})).await;
    let list = flags["feature_flags"].as_array_mut().unwrap();
    list.sort_by_key(|flag| flag["key"].as_str().unwrap().to_owned());
    assert_eq!(flags, json(session.flags(TokenType::Access).unwrap()));
}

#[tokio::test]
async fn what_no_token_says_has_its_own_shape() {
    let app = Application::start();
    let patch = json!({ "properties": { "kp_usr_city": "London", "kp_usr_age": 36 } });
    app.emulator.user("ada@example.com", patch).await;
    let session = app.signed_in().await;
    let properties = fetch(&session, "properties", json!({})).await;
    let id = &properties["properties"][1]["id"];
    assert!(id.is_string());
    assert_eq!(
        properties["properties"][1],
        json!({ "id": id, "key": "kp_usr_city", "name": "kp_usr_city", "value": "London" })
    );
    assert_eq!(properties["properties"][0]["value"], 36);

    let billing = fetch(&session, "entitlements", json!({})).await;
    assert_eq!(billing["org_code"], "org_acme");
    let plans = json!([{ "key": "pro", "subscribed_on": "2024-01-02T00:00:00Z" }]);
    assert_eq!(billing["plans"], plans);
    let seats = &billing["entitlements"][0];
    assert_eq!(seats["price_name"], "Pro seats");
    assert_eq!(seats["entitlement_limit_max"], 10);
    assert_eq!(seats["fixed_charge"], Value::Null);
    assert_eq!(billing.as_object().unwrap().len(), 3);

    assert_eq!(
        fetch(&session, "entitlement", json!({ "key": "seats" })).await,
        json!({ "org_code": "org_acme", "entitlement": seats })
    );
    assert_eq!(
        fetch(&session, "entitlement", json!({ "key": "Pro seats" })).await,
        json!({ "org_code": "org_acme", "entitlement": null })
    );
}

#[tokio::test]
async fn kinde_knows_what_the_token_does_not() {
    let app = Application::start();
    let session = app.signed_in().await;
    let viewer = json!({ "organizations": [{ "code": "org_acme", "roles": ["viewer"] }] });
    app.emulator.user("ada@example.com", viewer).await;
    assert!(session.has_role("admin", TokenType::Access).unwrap());
    let now = fetch(&session, "permissions", json!({})).await;
    assert_eq!(now["permissions"], json!(["read:todos"]));
    assert!(!has(&session, json!({ "roles": ["admin"] })).await.unwrap());
    assert!(has(&session, json!({ "roles": ["viewer"] })).await.unwrap());
}

#[tokio::test]
async fn a_request_carries_what_kinde_wants_and_nothing_else() {
    let app = Application::start();
    let session = app.signed_in().await;
    fetch(&session, "permissions", json!({})).await;
    let request = app.emulator.last_request(PERMISSIONS).await;
    let token = session.access_token().unwrap();
    let bearer = format!("Bearer {}", token.expose());
    assert_eq!(request.method, "GET");
    assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert!(request.header("kinde-sdk").is_some());
    assert!(request.header("cookie").is_none() && request.header("content-type").is_none());
}

#[tokio::test]
async fn all_pages_are_gathered() {
    let app = Application::start();
    entitle(&app, 230).await;
    let session = app.signed_in().await;
    let all = fetch(&session, "entitlements", json!({})).await;
    let keys: Vec<&str> = all["entitlements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["feature_key"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (0..230).map(|number| format!("f{number}")).collect();
    assert_eq!(keys, expected);
    assert_eq!(app.emulator.count(ENTITLEMENTS).await, 3);
    assert!(all.get("metadata").is_none());
}

#[tokio::test]
async fn one_entitlement_is_looked_for_no_further_than_it_is() {
    let app = Application::start();
    entitle(&app, 230).await;
    let session = app.signed_in().await;
    for (key, requests) in [("f7", 1), ("f150", 2), ("f229", 3), ("none", 3)] {
        app.emulator.forget_requests().await;
        let found = fetch(&session, "entitlement", json!({ "key": key })).await;
        let expected = match key {
            "none" => Value::Null,
            key => json!(key),
        };
        assert_eq!(found["entitlement"]["feature_key"], expected);
        assert_eq!(app.emulator.count(ENTITLEMENTS).await, requests, "{key}");
    }
}

#[tokio::test]
async fn one_page_is_given_as_kinde_gives_it() {
    let app = Application::start();
    let session = app.signed_in().await;
    let first = fetch(&session, "permissions", json!({ "page_size": 4 })).await;
    assert_eq!(first["org_code"], "org_acme");
    assert_eq!(first["permissions"].as_array().unwrap().len(), 4);
    let last = &first["permissions"][3];
    assert_eq!(
        (&last["key"], &last["name"]),
        (&json!("delete:todos"), &json!("Delete to-dos"))
    );
    assert_eq!(
        first["metadata"],
        json!({ "has_more": true, "next_page_starting_after": last["id"] })
    );
    let rest = json!({ "starting_after": last["id"] });
    let second = fetch(&session, "permissions", rest).await;
    assert_eq!(second["permissions"][0]["key"], "manage:members");
    let end = json!({ "has_more": false, "next_page_starting_after": null });
    assert_eq!(second["metadata"], end);
    assert_eq!(app.emulator.count(PERMISSIONS).await, 2);
    for what in ["roles", "flags", "properties", "entitlements"] {
        let page = fetch(&session, what, json!({ "page_size": 1 })).await;
        assert!(page["metadata"]["has_more"].is_boolean(), "{what}");
    }
}

#[tokio::test]
async fn a_cursor_that_repeats_is_found_out() {
    let app = Application::start();
    let session = app.signed_in().await;
    let first = fetch(&session, "permissions", json!({ "page_size": 1 })).await;
    app.emulator.forget_requests().await;
    let cursor = &first["permissions"][0]["id"];
    let again = json!({ "metadata": { "has_more": true, "next_page_starting_after": cursor } });
    let fault = json!({ "path": PERMISSIONS, "patch": again, "times": null });
    app.emulator.fault(fault).await;
    let error = try_fetch(&session, "permissions", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Status::MalformedResponse);
    assert_eq!(app.emulator.count(PERMISSIONS).await, 2);
}

#[tokio::test]
async fn conditions_hold_by_what_kinde_says() {
    let app = Application::start();
    let session = app.signed_in().await;
    for (conditions, expected) in [
        (json!({}), true),
        (json!({ "permissions": [], "entitlements": [] }), true),
        (
            json!({ "permissions": ["read:todos", "create:todos"] }),
            true,
        ),
        (json!({ "permissions": ["read:todos", "none"] }), false),
        (json!({ "roles": ["admin"] }), true),
        (json!({ "roles": ["Administrator"] }), false),
        (json!({ "feature_flags": ["theme"] }), true),
        (json!({ "feature_flags": ["none"] }), false),
        (
            json!({ "feature_flags": [{ "flag": "theme", "value": "pink" }] }),
            true,
        ),
        (
            json!({ "feature_flags": [{ "flag": "theme", "value": "blue" }] }),
            false,
        ),
        (
            json!({ "feature_flags": [{ "flag": "competitions_limit", "value": 5 }] }),
            true,
        ),
        (
            json!({ "feature_flags": [{ "flag": "competitions_limit", "value": "5" }] }),
            false,
        ),
        (
            json!({ "billing_entitlements": ["Pro seats", "Pro reports"] }),
            true,
        ),
        (json!({ "billing_entitlements": ["seats"] }), false),
        (json!({ "entitlements": ["seats"] }), true),
        (json!({ "entitlements": ["Pro seats"] }), false),
        (
            json!({ "roles": ["admin"], "entitlements": ["none"] }),
            false,
        ),
    ] {
        let held = has(&session, conditions.clone()).await.unwrap();
        assert_eq!(held, expected, "{conditions}");
    }
}

#[tokio::test]
async fn nothing_is_asked_that_no_condition_needs() {
    let app = Application::start();
    let session = app.signed_in().await;
    let lists = [PERMISSIONS, ROLES, ENTITLEMENTS];
    has(&session, json!({ "roles": [] })).await.unwrap();
    let none = json!({ "permissions": ["none"], "roles": ["admin"], "entitlements": ["seats"] });
    has(&session, none).await.unwrap();
    let mut counts = Vec::new();
    for list in lists {
        counts.push(app.emulator.count(list).await);
    }
    assert_eq!(counts, [1, 0, 0]);
}

#[tokio::test]
async fn a_failure_is_no_answer_to_a_condition() {
    let app = Application::start();
    let session = app.signed_in().await;
    let fault = json!({ "path": ENTITLEMENTS, "status": 403 });
    app.emulator.fault(fault).await;
    let conditions = json!({ "roles": ["admin"], "entitlements": ["seats"] });
    let answer = has(&session, conditions).await;
    assert_eq!(status(&answer), Status::Api);
}

#[tokio::test]
async fn trouble_on_the_way_is_tried_again() {
    let app = Application::start();
    let session = app.signed_in().await;
    for fault in [
        json!({ "status": 429, "headers": { "RateLimit-Reset": "0" } }),
        json!({ "status": 429, "headers": { "Retry-After": "0" } }),
        json!({ "status": 500 }),
        json!({ "drop": true }),
    ] {
        app.emulator.forget_requests().await;
        let mut all = fault.clone();
        all["path"] = json!(ROLES);
        all["times"] = json!(2);
        app.emulator.fault(all).await;
        fetch(&session, "roles", json!({})).await;
        assert_eq!(app.emulator.count(ROLES).await, 3, "{fault}");
    }
}

#[tokio::test]
async fn what_cannot_get_better_in_time_fails_at_once() {
    let app = Application::start();
    let session = app.signed_in().await;
    for (fault, expected) in [
        (
            json!({ "status": 429, "headers": { "RateLimit-Reset": "3600" } }),
            Status::RateLimited,
        ),
        (json!({ "status": 403 }), Status::Api),
        (json!({ "status": 404 }), Status::Api),
        (
            json!({ "redirect": "https://elsewhere.example/" }),
            Status::Http,
        ),
        (json!({ "garbage": 100 }), Status::MalformedResponse),
        (
            json!({ "patch": { "data": null } }),
            Status::MalformedResponse,
        ),
    ] {
        app.emulator.forget_requests().await;
        let mut all = fault.clone();
        all["path"] = json!(ROLES);
        app.emulator.fault(all).await;
        let answer = try_fetch(&session, "roles", json!({})).await;
        assert_eq!(status(&answer), expected, "{fault}");
        assert_eq!(app.emulator.count(ROLES).await, 1, "{fault}");
    }
    let limited = json!({ "path": ROLES, "status": 429, "headers": { "RateLimit-Reset": "3600" } });
    app.emulator.fault(limited).await;
    let error = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn the_deadline_is_for_all_pages_together() {
    let app = Application::with(json!({ "timeout_ms": 1500 }));
    entitle(&app, 500).await;
    let session = app.signed_in().await;
    let slow = json!({ "path": ENTITLEMENTS, "delay_ms": 1000, "times": null });
    app.emulator.fault(slow).await;
    // Each page alone would come in time.
    let answer = try_fetch(&session, "entitlements", json!({})).await;
    assert_eq!(status(&answer), Status::Timeout);
}

#[tokio::test]
async fn a_refusal_says_what_kinde_said_but_no_secret() {
    let app = Application::start();
    let session = app.signed_in().await;
    let token = session.access_token().unwrap();
    let message = format!("{} lacks read:roles\u{1b}[31m", token.expose());
    let fault = json!({
        "path": ROLES,
        "status": 403,
        "headers": { "X-Request-Id": "r-1", "Set-Cookie": "a=s3cret" },
        "body": { "errors": [{ "code": "NO", "message": message }], "access_token": token.expose() },
    });
    app.emulator.fault(fault).await;
    let error = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(
        (error.status(), error.http_status()),
        (Status::Api, Some(403))
    );
    assert_eq!(error.codes(), ["NO"]);
    assert_eq!(error.missing_scope(), Some("read:roles"));
    assert_eq!(error.request_id(), Some("r-1"));
    let shown = format!("{error} {error:?} {}", error.to_json());
    for secret in [token.expose(), "s3cret", "\u{1b}"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_portal_link_is_asked_for_and_judged() {
    let app = Application::start();
    let session = app.signed_in().await;
    let return_url = "https://app.example.com/billing?a=1";
    let params = json!({ "return_url": return_url, "sub_nav": "plan_details" });
    let link = fetch(&session, "portal_url", params).await;
    let url = link["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/portal_redirect?key=", app.url())),
        "{url}"
    );
    let request = app.emulator.last_request(PORTAL_LINK).await;
    assert_eq!(request.query["return_url"], [return_url]);
    assert_eq!(request.query["subnav"], ["plan_details"]);
    assert_eq!(request.query.len(), 2);

    fetch(&session, "portal_url", json!({})).await;
    assert!(
        app.emulator
            .last_request(PORTAL_LINK)
            .await
            .query
            .is_empty()
    );
    fetch(
        &session,
        "portal_url",
        json!({ "return_url": "http://localhost:3000/" }),
    )
    .await;

    app.emulator.forget_requests().await;
    for bad in ["/billing", "http://app.example.com/", "javascript:alert(1)"] {
        let params = json!({ "return_url": bad });
        let error = try_fetch(&session, "portal_url", params).await.unwrap_err();
        assert_eq!(error.field(), Some("return_url"), "{bad}");
    }
    assert_eq!(app.emulator.count(PORTAL_LINK).await, 0);

    for bad in [
        json!("javascript:alert(1)"),
        json!("http://elsewhere.example/"),
        json!(5),
        json!(null),
    ] {
        let fault = json!({ "path": PORTAL_LINK, "patch": { "url": bad } });
        app.emulator.fault(fault).await;
        let answer = try_fetch(&session, "portal_url", json!({})).await;
        assert_eq!(status(&answer), Status::MalformedResponse, "{bad}");
    }
}
