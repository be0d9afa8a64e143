//! The Account API, the self-serve portal, and `refresh_claims` of the Management API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Answer, Emulator, text};

const MACHINE_SECRET: &str = "emulator-m2m-secret-0123456789abcdefghijkl";

async fn access_token(emulator: &Emulator) -> String {
    let tokens = emulator.tokens(&[]).await;
    text(&tokens, "access_token").to_owned()
}

async fn machine_token(emulator: &Emulator, audience: &str, scope: &str) -> String {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "emulator_m2m"),
        ("client_secret", MACHINE_SECRET),
        ("audience", audience),
        ("scope", scope),
    ];
    let answer = emulator.post("/oauth2/token", &fields).await.json();
    text(&answer, "access_token").to_owned()
}

#[track_caller]
fn assert_code(answer: &Answer, status: u16, code: &str) {
    let shown = answer.json();
    let errors = &shown["errors"];
    let first = errors.get(0).unwrap_or(errors);
    assert_eq!((answer.status, &first["code"]), (status, &json!(code)));
}

fn keys(list: &Value) -> Vec<&str> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| text(item, "key")).collect()
}

#[tokio::test]
async fn each_list_has_its_shape() {
    let emulator = Emulator::for_ada();
    let token = access_token(&emulator).await;
    let get = async |list: &str| {
        let path = format!("/account_api/v1/{list}");
        emulator.get_as(&path, &token).await.json()
    };

    let permissions = get("permissions").await;
    assert_eq!(permissions["data"]["org_code"], "org_acme");
    assert_eq!(
        keys(&permissions["data"]["permissions"]),
        [
            "create:todos",
            "read:todos",
            "update:todos",
            "delete:todos",
            "manage:members"
        ]
    );
    assert_eq!(permissions["data"]["permissions"][1]["name"], "Read to-dos");
    let end = json!({"has_more": false, "next_page_starting_after": null});
    assert_eq!(permissions["metadata"], end);

    let roles = get("roles").await;
    assert_eq!(roles["data"]["org_code"], "org_acme");
    assert_eq!(keys(&roles["data"]["roles"]), ["admin"]);

    let flags = get("feature_flags").await;
    assert!(flags["data"].get("org_code").is_none());
    let flag = &flags["data"]["feature_flags"][1];
    assert_eq!(
        (&flag["key"], &flag["type"], &flag["value"]),
        (&json!("beta_access"), &json!("boolean"), &json!(true)),
        "the value of the organization"
    );

    let properties = get("properties").await;
    assert_eq!(keys(&properties["data"]["properties"]), ["kp_usr_city"]);
    assert_eq!(properties["data"]["properties"][0]["value"], "London");

    let entitlements = get("entitlements").await;
    assert_eq!(
        entitlements["data"]["plans"],
        json!([{"key": "pro", "subscribed_on": "2024-01-02T00:00:00Z"}])
    );
    let seats = &entitlements["data"]["entitlements"][0];
    assert_eq!(
        (
            &seats["feature_key"],
            &seats["price_name"],
            &seats["unit_amount"]
        ),
        (&json!("seats"), &json!("Pro seats"), &json!(1200))
    );
    let one = get("entitlement?key=seats").await;
    assert_eq!(&one["data"]["entitlement"], seats);
}

#[tokio::test]
async fn lists_show_the_directory_of_now() {
    let emulator = Emulator::for_ada();
    let token = access_token(&emulator).await;
    let viewer = json!({"organizations": [{"code": "org_acme", "roles": ["viewer"]}]});
    emulator.patch("/users?email=ada@example.com", viewer).await;
    let permissions = emulator.get_as("/account_api/v1/permissions", &token).await;
    assert_eq!(
        keys(&permissions.json()["data"]["permissions"]),
        ["read:todos"]
    );
}

#[tokio::test]
async fn pages_follow_one_another_by_the_id_of_the_last_item() {
    let emulator = Emulator::for_ada();
    let token = access_token(&emulator).await;
    let mut path = "/account_api/v1/permissions?page_size=2".to_owned();
    let mut found = Vec::new();
    for expected in [2, 2, 1] {
        let page = emulator.get_as(&path, &token).await.json();
        let items = page["data"]["permissions"].as_array().expect("a list");
        assert_eq!(items.len(), expected);
        found.extend(items.iter().map(|item| text(item, "key").to_owned()));
        let cursor = &page["metadata"]["next_page_starting_after"];
        if expected == 2 {
            assert_eq!(page["metadata"]["has_more"], true);
            assert_eq!(cursor, &items[1]["id"]);
            let cursor = cursor.as_str().expect("a cursor");
            path = format!("/account_api/v1/permissions?page_size=2&starting_after={cursor}");
        } else {
            assert_eq!(
                (&page["metadata"]["has_more"], cursor),
                (&json!(false), &json!(null))
            );
        }
    }
    found.dedup();
    assert_eq!(found.len(), 5);
}

#[tokio::test]
async fn what_a_careful_client_would_not_send_is_refused() {
    let emulator = Emulator::for_ada();
    let token = access_token(&emulator).await;
    for query in [
        "page_size=0",
        "page_size=501",
        "page_size=ten",
        "page_size=1&page_size=1",
        "starting_after=nothing",
        "next_token=x",
    ] {
        let path = format!("/account_api/v1/roles?{query}");
        assert_code(
            &emulator.get_as(&path, &token).await,
            400,
            "INVALID_REQUEST",
        );
    }
    for path in [
        "/account_api/v1/permission/read:todos",
        "/account_api/v1/nothing",
        "/account_api/v2/roles",
        "/api/v1/nothing",
    ] {
        assert_code(&emulator.get_as(path, &token).await, 404, "ROUTE_NOT_FOUND");
    }
    let post = emulator.request(Method::POST, "/account_api/v1/roles");
    assert_code(&Answer::to(post).await, 405, "METHOD_NOT_ALLOWED");
    for accept in ["text/html", "application/json; charset=utf-8"] {
        let request = emulator.request(Method::GET, "/account_api/v1/roles");
        let request = request.bearer_auth(&token).header("accept", accept);
        assert_code(&Answer::to(request).await, 406, "INVALID_ACCEPT_HEADER");
    }
    let unknown = emulator.get_as("/account_api/v1/entitlement?key=no", &token);
    assert_code(&unknown.await, 404, "ENTITLEMENT_NOT_FOUND");
    let without = emulator.get_as("/account_api/v1/entitlement", &token);
    assert_code(&without.await, 400, "INVALID_REQUEST");
}

#[tokio::test]
async fn only_the_token_of_a_user_opens_the_account() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let path = "/account_api/v1/roles";
    assert_code(&emulator.get(path).await, 401, "INVALID_CREDENTIALS");
    for bad in ["nonsense", text(&tokens, "id_token")] {
        assert_code(
            &emulator.get_as(path, bad).await,
            401,
            "INVALID_CREDENTIALS",
        );
    }
    let machine = machine_token(&emulator, "https://api.example.com", "read:orders").await;
    assert_code(&emulator.get_as(path, &machine).await, 403, "FORBIDDEN");
    emulator
        .control("/tokens/revoke", json!({"email": "ada@example.com"}))
        .await;
    let revoked = emulator.get_as(path, text(&tokens, "access_token")).await;
    assert_code(&revoked, 401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_link_to_the_portal_opens_once() {
    let emulator = Emulator::for_ada();
    let token = access_token(&emulator).await;
    let path =
        "/account_api/v1/portal_link?subnav=plan_details&return_url=https://app.example.com/<b>";
    let link = emulator.get_as(path, &token).await.json();
    let address = text(&link, "url").strip_prefix(&emulator.url);
    let address = address.expect("a page of the emulator").to_owned();
    let page = emulator.get(&address).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("plan_details")
            && page.body.contains("https://app.example.com/&lt;b&gt;")
    );
    assert_eq!(emulator.get(&address).await.status, 400);
    for query in ["return_url=/orders", "sub_nav=profile"] {
        let path = format!("/account_api/v1/portal_link?{query}");
        assert_code(
            &emulator.get_as(&path, &token).await,
            400,
            "INVALID_REQUEST",
        );
    }
}

#[tokio::test]
async fn refreshed_claims_stand_in_the_next_token() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    let sub = emulator.claims(&tokens, "access_token").await["sub"].clone();
    let viewer = json!({"organizations": [{"code": "org_acme", "roles": ["viewer"]}]});
    emulator.patch("/users?email=ada@example.com", viewer).await;
    let kept = emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .json();
    assert_eq!(kept["access_token"], tokens["access_token"]);

    let audience = format!("{}/api", emulator.url);
    let order = async |user: &str, token: &str| {
        let path = format!("/api/v1/users/{user}/refresh_claims");
        let request = emulator.request(Method::POST, &path).bearer_auth(token);
        Answer::to(request).await
    };
    let user = sub.as_str().expect("an id");
    let weak = machine_token(&emulator, &audience, "read:users").await;
    let refused = order(user, &weak).await;
    assert_code(&refused, 403, "INSUFFICIENT_SCOPE");
    assert!(
        refused
            .header("www-authenticate")
            .contains("update:user_refresh_claims")
    );
    let elsewhere = machine_token(&emulator, "https://api.example.com", "read:orders").await;
    assert_code(&order(user, &elsewhere).await, 403, "FORBIDDEN");
    let users_own = text(&tokens, "access_token");
    assert_code(&order(user, users_own).await, 403, "FORBIDDEN");
    assert_code(&order(user, "nonsense").await, 401, "INVALID_CREDENTIALS");

    let strong = machine_token(&emulator, &audience, "update:user_refresh_claims").await;
    assert_code(&order("kp_nobody", &strong).await, 404, "USER_NOT_FOUND");
    assert_eq!(order(user, &strong).await.json()["code"], "OK");
    let renewed = emulator.refresh(text(&kept, "refresh_token")).await.json();
    let claims = emulator.claims(&renewed, "access_token").await;
    assert_eq!(claims["permissions"], json!(["read:todos"]));
}
