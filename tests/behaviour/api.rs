//! The APIs, called through the public face.

use kinde::{Client, ClientCredentials, Status};
use kinde_test_support::{Application, json as read, status};
use serde_json::{Value, json};

const USER: &str = "/api/v1/user";
const USERS: &str = "/api/v1/users";
const ROLES: &str = "/account_api/v1/roles";
const TOKEN: &str = "/oauth2/token";
const VERIFY: &str = "/api/v1/api_keys/verify";

/// An application whose machine may use the Management API.
pub fn managing(settings: Value) -> Application {
    let mut all = json!({
        "management_client_id": "emulator_m2m",
        "management_client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    });
    for (name, value) in settings.as_object().unwrap() {
        all[name] = value.clone();
    }
    Application::with(all)
}

async fn call(client: &Client, operation: &str, params: Value) -> kinde::Result<Value> {
    let answer = client.api_call(operation, &params.to_string()).await?;
    Ok(read(answer))
}

async fn failing(app: &Application, operation: &str, params: Value) -> kinde::Error {
    call(&app.client, operation, params).await.unwrap_err()
}

/// Makes users of these numbers.
pub async fn create_users(client: &Client, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let email = format!("user{number}@example.com");
        let identity = json!({"type": "email", "details": {"email": email}});
        let user = json!({"profile": {"given_name": "User"}, "identities": [identity]});
        call(client, "create_user", user).await.unwrap();
    }
}

#[test]
fn the_catalogue_names_every_operation() {
    let catalogue = read(kinde::api_catalogue().unwrap());
    let operations = catalogue["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 183 + 7 + 4);
    let create = operations
        .iter()
        .find(|it| it["name"] == "create_user")
        .unwrap();
    assert_eq!(
        (&create["group"], &create["method"]),
        (&json!("users"), &json!("POST"))
    );
    assert_eq!(create["scope"], "create:users");
    assert_eq!(create["body"]["model"], "CreateUserRequest");
    let fields = &catalogue["models"]["CreateUserRequestIdentitiesInner"]["fields"];
    assert_eq!(fields[0]["enum"], json!(["email", "phone", "username"]));
    let users = operations
        .iter()
        .find(|it| it["name"] == "get_users")
        .unwrap();
    assert_eq!(
        (&users["list"], &users["pages"]),
        (&json!("users"), &json!("token"))
    );
    let size = json!({"name": "page_size", "in": "query", "type": "integer", "nullable": true, "required": false, "repeated": false, "deprecated": false});
    assert_eq!(users["parameters"][0], size);
}

#[tokio::test]
async fn users_are_made_read_changed_and_deleted() {
    let app = managing(json!({}));
    let client = &app.client;
    let identity = json!({"type": "email", "details": {"email": "new@example.com"}});
    let made =
        json!({"profile": {"given_name": "New", "family_name": "User"}, "identities": [identity]});
    let made = call(client, "create_user", made).await.unwrap();
    assert_eq!(made["status"], 200);
    assert_eq!(made["headers"]["content-type"], "application/json");
    assert_eq!(made["data"]["created"], true);
    let id = &made["data"]["id"];

    let changed = json!({"id": id, "given_name": "Newer"});
    call(client, "update_user", changed).await.unwrap();
    let found = call(client, "get_user_data", json!({"id": id}))
        .await
        .unwrap();
    assert_eq!(found["data"]["first_name"], "Newer");
    let listed = json!({"email": "new@example.com", "expand": "organizations"});
    let listed = call(client, "get_users", listed).await.unwrap();
    assert_eq!(listed["data"]["users"][0]["id"], *id);
    call(client, "delete_user", json!({"id": id}))
        .await
        .unwrap();
    let gone = failing(&app, "get_user_data", json!({"id": id})).await;
    assert_eq!(
        (gone.status(), gone.http_status()),
        (Status::Api, Some(404))
    );
    assert_eq!(gone.codes(), ["USER_NOT_FOUND"]);

    let request = app.emulator.requests(USER).await.remove(0);
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn members_are_added_by_their_ids() {
    let app = managing(json!({}));
    let client = &app.client;
    let made = call(client, "create_organization", json!({"name": "New"}))
        .await
        .unwrap();
    let code = &made["data"]["organization"]["code"];
    let grace = json!({"email": "grace@example.com"});
    let grace = call(client, "get_users", grace).await.unwrap();
    let id = &grace["data"]["users"][0]["id"];
    let added = json!({"code": code, "users": [id]});
    call(client, "add_organization_users", added).await.unwrap();
    let members = call(client, "get_organization_users", json!({"code": code}))
        .await
        .unwrap();
    assert_eq!(members["data"]["organization_users"][0]["id"], *id);
    let removed = json!({"org_code": code, "user_id": id});
    call(client, "remove_organization_user", removed)
        .await
        .unwrap();
    call(client, "delete_organization", json!({"code": code}))
        .await
        .unwrap();
    let gone = failing(&app, "get_organization", json!({"code": code})).await;
    assert_eq!(gone.codes(), ["ORGANIZATION_NOT_FOUND"]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_anything_is_sent() {
    let app = managing(json!({}));
    for (operation, params, expected, field) in [
        ("get_user", json!({}), Status::InvalidArgument, "operation"),
        (
            "get_user_roles",
            json!({}),
            Status::InvalidArgument,
            "operation",
        ),
        (
            "get_userss",
            json!({}),
            Status::UnknownOperation,
            "operation",
        ),
        (
            "get_users",
            json!({"page_sise": 1}),
            Status::InvalidArgument,
            "page_sise",
        ),
        ("get_users", json!([]), Status::InvalidArgument, "params"),
        (
            "refresh_user_claims",
            json!({}),
            Status::InvalidArgument,
            "user_id",
        ),
        (
            "request",
            json!({"path": "/oauth2/token"}),
            Status::InvalidArgument,
            "path",
        ),
        (
            "request",
            json!({"path": "/account_api/v1/roles"}),
            Status::InvalidArgument,
            "operation",
        ),
    ] {
        let error = failing(&app, operation, params).await;
        assert_eq!(
            (error.status(), error.field()),
            (expected, Some(field)),
            "{operation}"
        );
    }
    assert_eq!(app.emulator.count(TOKEN).await, 0);
    assert_eq!(app.emulator.count(USERS).await, 0);
}

#[tokio::test]
async fn lenient_clients_send_what_the_catalogue_does_not_know() {
    let app = managing(json!({"api_validation": "lenient"}));
    let refused = failing(&app, "get_users", json!({"since": "2030"})).await;
    assert_eq!(refused.http_status(), Some(400));
    let request = app.emulator.last_request(USERS).await;
    assert_eq!(request.query["since"], ["2030"]);
}

#[tokio::test]
async fn any_path_is_reached() {
    let app = managing(json!({}));
    let params = json!({"path": "/api/v1/users", "query": {"page_size": 2}});
    let users = call(&app.client, "request", params).await.unwrap();
    assert_eq!(users["data"]["users"].as_array().unwrap().len(), 2);
    let made = json!({"method": "POST", "path": "/api/v1/organization", "body": {"name": "New"}});
    let made = call(&app.client, "request", made).await.unwrap();
    assert!(made["data"]["organization"]["code"].is_string());
    let unknown = failing(&app, "request", json!({"path": "/api/v9/nothing"})).await;
    assert_eq!(unknown.codes(), ["ROUTE_NOT_FOUND"]);
}

#[tokio::test]
async fn the_machine_token_is_kept_and_got_anew_once() {
    let app = managing(json!({}));
    call(&app.client, "get_users", json!({})).await.unwrap();
    call(&app.client, "get_roles", json!({})).await.unwrap();
    assert_eq!(app.emulator.count(TOKEN).await, 1);
    let grant = app.emulator.last_request(TOKEN).await;
    assert_eq!(grant.field("grant_type"), Some("client_credentials"));
    assert_eq!(grant.field("client_id"), Some("emulator_m2m"));
    let audience = format!("{}/api", app.url());
    assert_eq!(grant.field("audience"), Some(audience.as_str()));

    app.emulator
        .fault(json!({"path": USERS, "status": 401}))
        .await;
    call(&app.client, "get_users", json!({})).await.unwrap();
    assert_eq!(app.emulator.count(TOKEN).await, 2);
    app.emulator.forget_requests().await;
    let always = json!({"path": USERS, "status": 401, "times": null});
    app.emulator.fault(always).await;
    let refused = failing(&app, "get_users", json!({})).await;
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(401))
    );
    assert_eq!(app.emulator.count(USERS).await, 2, "once more, and no more");
}

#[tokio::test]
async fn what_no_new_token_helps_against_costs_no_new_tokens() {
    let app = managing(json!({}));
    // Kinde answers so to an API key that it does not know, whatever the machine's token is worth.
    let always = json!({"path": VERIFY, "status": 401, "times": null});
    app.emulator.fault(always).await;
    for _ in 0..5 {
        let refused = failing(&app, "verify_api_key", json!({"api_key": "wrong"})).await;
        assert_eq!(refused.http_status(), Some(401));
    }
    assert_eq!(app.emulator.count(TOKEN).await, 2);
    assert_eq!(app.emulator.count(VERIFY).await, 6);
    // Nor does anything else lose the token by it.
    call(&app.client, "get_users", json!({})).await.unwrap();
    assert_eq!(app.emulator.count(TOKEN).await, 2);
}

#[tokio::test]
async fn machines_call_with_the_session_that_they_have() {
    let app = Application::start();
    let machine = app.client(json!({
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    }));
    let audience = format!("{}/api", app.url());
    let params = json!({"audience": audience, "scope": "read:roles"}).to_string();
    let session = machine.session();
    let credentials = ClientCredentials::from_json(&params).unwrap();
    session.client_credentials(credentials).await.unwrap();
    let roles = read(session.api_call("get_roles", "{}").await.unwrap());
    assert_eq!(roles["data"]["roles"][0]["key"], "admin");
    let refused = session.api_call("get_users", "{}").await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(403))
    );
    assert_eq!(refused.missing_scope(), Some("read:users"));
}

#[tokio::test]
async fn sessions_call_with_their_own_token() {
    let app = managing(json!({}));
    let session = app.signed_in().await;
    app.emulator.forget_requests().await;
    let roles = session.api_call("get_user_roles", "{}").await.unwrap();
    assert_eq!(read(roles)["data"]["data"]["roles"][0]["key"], "admin");
    let profile = session.api_call("get_user_profile_v2", "{}").await.unwrap();
    assert_eq!(read(profile)["data"]["email"], "ada@example.com");
    // A user is no machine.
    let refused = session.api_call("get_users", "{}").await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(403))
    );
    assert_eq!(app.emulator.count(TOKEN).await, 0);

    app.emulator
        .settings(json!({"refresh_keeps_access_token": false}))
        .await;
    app.emulator
        .fault(json!({"path": ROLES, "status": 401}))
        .await;
    session.api_call("get_user_roles", "{}").await.unwrap();
    assert_eq!(app.refreshes().await.len(), 1);

    let nobody = app.client.session();
    let refused = nobody.api_call("get_user_roles", "{}").await;
    assert_eq!(status(&refused), Status::NotAuthenticated);
}

#[tokio::test]
async fn answers_without_content_and_answers_that_are_no_json() {
    let app = managing(json!({}));
    app.emulator
        .fault(json!({"path": USER, "status": 204, "body_base64": ""}))
        .await;
    let done = call(&app.client, "delete_user", json!({"id": "kp_1"}))
        .await
        .unwrap();
    assert_eq!(
        (&done["status"], &done["data"]),
        (&json!(204), &Value::Null)
    );
    app.emulator
        .fault(json!({"path": USERS, "body_base64": "PGh0bWw+"}))
        .await;
    let broken = failing(&app, "get_users", json!({})).await;
    assert_eq!(broken.status(), Status::MalformedResponse);
}
