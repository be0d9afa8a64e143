//! The Management API: users, organizations, members, roles, permissions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Answer, Emulator, text};

/// A machine's token for the Management API, with this scope or with all.
pub async fn machine_token(emulator: &Emulator, scope: Option<&str>) -> String {
    let audience = format!("{}/api", emulator.url);
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_m2m"),
        (
            "client_secret",
            "emulator-m2m-secret-0123456789abcdefghijkl",
        ),
        ("audience", audience.as_str()),
    ];
    fields.extend(scope.map(|scope| ("scope", scope)));
    let answer = emulator.post("/oauth2/token", &fields).await.json();
    text(&answer, "access_token").to_owned()
}

pub async fn ask(
    emulator: &Emulator,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let path = format!("/api/v1{path}");
    let mut request = emulator.request(method, &path).bearer_auth(token);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    Answer::to(request).await
}

#[track_caller]
pub fn assert_code(answer: &Answer, status: u16, code: &str) {
    let shown = answer.json();
    assert_eq!(
        (answer.status, &shown["errors"][0]["code"]),
        (status, &json!(code))
    );
}

#[tokio::test]
async fn lists_come_page_by_page() {
    let emulator = Emulator::for_ada();
    let token = machine_token(&emulator, None).await;
    let get = async |path: &str| ask(&emulator, &token, Method::GET, path, None).await.json();
    let first = get("/users?page_size=3").await;
    assert_eq!(
        (&first["code"], first["users"].as_array().unwrap().len()),
        (&json!("OK"), 3)
    );
    let next = text(&first, "next_token");
    let last = get(&format!("/users?page_size=3&next_token={next}")).await;
    assert_eq!(
        (&last["next_token"], last["users"].as_array().unwrap().len()),
        (&Value::Null, 1)
    );

    let ada = get("/users?email=ada@example.com").await;
    let id = text(&ada["users"][0], "id").to_owned();
    let identities = get(&format!("/users/{id}/identities")).await;
    assert_eq!(identities["has_more"], false);
    let first = text(&identities["identities"][0], "id");
    let rest = get(&format!("/users/{id}/identities?starting_after={first}")).await;
    assert_eq!(rest["identities"][0]["type"], "username");

    let found = get("/search/users?query=love").await;
    assert_eq!(
        (
            found["results"].as_array().unwrap().len(),
            found.get("has_more")
        ),
        (1, None)
    );
    let after = get(&format!("/search/users?query=love&starting_after={id}")).await;
    assert_eq!(after["results"], json!([]));
    for query in ["page_size=0", "page_size=501", "next_token=x", "nonsense=1"] {
        let refused = ask(
            &emulator,
            &token,
            Method::GET,
            &format!("/users?{query}"),
            None,
        )
        .await;
        assert_code(&refused, 400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn what_a_machine_changes_counts_at_the_next_sign_in() {
    let emulator = Emulator::for_ada();
    let token = machine_token(&emulator, None).await;
    let ada = ask(
        &emulator,
        &token,
        Method::GET,
        "/users?email=ada@example.com",
        None,
    )
    .await;
    let id = text(&ada.json()["users"][0], "id").to_owned();
    let path = "/organizations/org_acme/users";
    let users = json!({"users": [{"id": id, "roles": ["viewer"]}]});
    let changed = ask(&emulator, &token, Method::PATCH, path, Some(users)).await;
    assert_eq!(changed.json()["users_updated"], json!([id]));
    let viewers = ask(
        &emulator,
        &token,
        Method::GET,
        &format!("{path}?roles=viewer"),
        None,
    )
    .await;
    assert_eq!(
        viewers.json()["organization_users"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let tokens = emulator.tokens(&[("org_code", "org_acme")]).await;
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["permissions"], json!(["read:todos"]));
}

#[tokio::test]
async fn only_a_machine_with_the_scope_is_let_in() {
    let emulator = Emulator::for_ada();
    let weak = machine_token(&emulator, Some("read:users")).await;
    let new = json!({"name": "New"});
    let refused = ask(&emulator, &weak, Method::POST, "/organization", Some(new)).await;
    assert_code(&refused, 403, "INSUFFICIENT_SCOPE");
    assert!(
        refused
            .header("www-authenticate")
            .contains("create:organizations")
    );
    let tokens = emulator.tokens(&[]).await;
    let refused = ask(
        &emulator,
        text(&tokens, "access_token"),
        Method::GET,
        "/users",
        None,
    )
    .await;
    assert_code(&refused, 403, "FORBIDDEN");
    assert_code(
        &ask(&emulator, "x", Method::GET, "/users", None).await,
        401,
        "INVALID_CREDENTIALS",
    );
    assert_code(
        &ask(&emulator, &weak, Method::PUT, "/users", None).await,
        405,
        "METHOD_NOT_ALLOWED",
    );
    let charset = emulator
        .request(Method::GET, "/api/v1/users")
        .bearer_auth(&weak);
    let charset = charset.header("accept", "application/json; charset=utf-8");
    assert_code(&Answer::to(charset).await, 406, "INVALID_ACCEPT_HEADER");
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let emulator = Emulator::for_ada();
    let token = machine_token(&emulator, None).await;
    let post = async |kind: &str, body: &str| {
        let request = emulator
            .request(Method::POST, "/api/v1/organization")
            .bearer_auth(&token);
        let request = request
            .header("content-type", kind.to_owned())
            .body(body.to_owned());
        Answer::to(request).await
    };
    for (kind, body) in [
        ("text/plain", r#"{"name":"New"}"#),
        ("application/json", "[]"),
        ("application/json", "{"),
        ("application/json", "{}"),
    ] {
        assert_code(&post(kind, body).await, 400, "INVALID_REQUEST");
    }
    let made = post("application/json", r#"{"name":"New"}"#).await.json();
    assert!(text(&made["organization"], "code").starts_with("org_"));
}

#[tokio::test]
async fn what_has_no_state_is_answered_with_an_example() {
    let emulator = Emulator::for_ada();
    let token = machine_token(&emulator, None).await;
    let get = async |path: &str| ask(&emulator, &token, Method::GET, path, None).await;
    let listed = get("/subscribers?page_size=1").await.json();
    assert_eq!(
        (
            &listed["code"],
            listed["subscribers"].as_array().map(Vec::len)
        ),
        (&json!("OK"), Some(1))
    );
    assert!(listed["subscribers"][0]["email"].is_string());
    let further = get("/subscribers?next_token=abc").await.json();
    assert_eq!(further["subscribers"], json!([]));
    assert_eq!(further["next_token"], Value::Null);

    let new = json!({"endpoint": "https://example.com/hook", "event_types": ["user.created"], "name": "hook"});
    let made = ask(&emulator, &token, Method::POST, "/webhooks", Some(new)).await;
    assert_eq!((made.status, &made.json()["code"]), (200, &json!("OK")));
    let empty = ask(&emulator, &token, Method::DELETE, "/subscribers", None).await;
    assert_code(&empty, 405, "METHOD_NOT_ALLOWED");
    let unknown = get("/nothing").await;
    assert_eq!(unknown.json()["errors"]["code"], "ROUTE_NOT_FOUND");
}

#[tokio::test]
async fn every_fault_of_a_request_is_named() {
    let emulator = Emulator::for_ada();
    let token = machine_token(&emulator, None).await;
    let messages = |answer: &Answer| -> Vec<String> {
        assert_code(answer, 400, "INVALID_REQUEST");
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        let messages = errors.iter().map(|error| text(error, "message").to_owned());
        messages.collect()
    };
    let new = json!({"endpoint": 1, "event_types": ["user.created", null], "nmae": "hook"});
    let refused = ask(&emulator, &token, Method::POST, "/webhooks", Some(new)).await;
    assert_eq!(
        messages(&refused),
        [
            "endpoint must be a text",
            "event_types[1] must not be null",
            "name is missing",
            "nmae is unknown",
        ]
    );
    let path = "/api_keys?page_size=many&status=dead&status=active&nonsense=1";
    let refused = ask(&emulator, &token, Method::GET, path, None).await;
    assert_eq!(
        messages(&refused),
        [
            "page_size must be a whole number",
            "status is there more than once",
            "status must be one of active, inactive, revoked",
            "nonsense is not a parameter of this operation",
        ]
    );
    let refused = ask(&emulator, &token, Method::POST, "/webhooks", None).await;
    assert_eq!(
        messages(&refused),
        ["the Content-Type must be application/json"]
    );
    let refused = ask(
        &emulator,
        &token,
        Method::DELETE,
        "/users/kp_1/sessions",
        Some(json!({})),
    )
    .await;
    assert_eq!(
        messages(&refused),
        ["the body is not wanted by this operation"]
    );
    let refused = ask(&emulator, &token, Method::GET, "/users/%zz/sessions", None).await;
    assert_eq!(messages(&refused), ["the path is badly percent-encoded"]);
    let refused = ask(
        &emulator,
        &token,
        Method::PUT,
        "/environment/logos/green",
        None,
    )
    .await;
    assert_eq!(
        messages(&refused),
        [
            "type must be one of dark, light",
            "the Content-Type must be multipart/form-data"
        ]
    );
}
