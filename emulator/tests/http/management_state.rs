//! What the Management API keeps, and what comes of it in tokens and in the Account API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::management::{ask, assert_code, machine_token};
use crate::process::{Answer, Emulator, text};

/// A machine with all scopes, and an emulator where Ada signs in to Acme.
struct Admin {
    emulator: Emulator,
    token: String,
}

impl Admin {
    async fn start() -> Admin {
        let emulator = Emulator::for_ada();
        let token = machine_token(&emulator, None).await;
        Admin { emulator, token }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        ask(&self.emulator, &self.token, method, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        answer.json()
    }

    /// Asks for a change, which succeeds.
    async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let answer = self.ask(method, path, body).await;
        assert!(answer.status < 300, "{path}: {}", answer.json());
        answer.json()
    }

    async fn ada(&self) -> String {
        let users = self.get("/users?email=ada@example.com").await;
        text(&users["users"][0], "id").to_owned()
    }

    /// The claims of the access token of a new sign-in.
    async fn claims(&self) -> Value {
        let tokens = self.emulator.tokens(&[("org_code", "org_acme")]).await;
        self.emulator.claims(&tokens, "access_token").await
    }

    async fn id_of(&self, list: &str, key: &str) -> String {
        let listed = self.get(&format!("/{list}?page_size=100")).await;
        let items = listed[list].as_array().expect("a list");
        let item = items.iter().find(|item| item["key"] == key);
        text(item.expect("it is listed"), "id").to_owned()
    }
}

#[tokio::test]
async fn the_nearest_value_of_a_flag_reaches_tokens_and_the_account_api() {
    let admin = Admin::start().await;
    let ada = admin.ada().await;
    let new = json!({"name": "Layout", "key": "layout", "type": "str", "default_value": "wide"});
    admin
        .change(Method::POST, "/feature_flags", new.clone())
        .await;
    let again = admin.ask(Method::POST, "/feature_flags", Some(new)).await;
    assert_code(&again, 409, "FEATURE_FLAG_ALREADY_EXISTS");
    let layout = async || admin.claims().await["feature_flags"]["layout"]["v"].clone();
    assert_eq!(layout().await, "wide");

    let environment = "/environment/feature_flags/layout";
    let value = json!({"value": "narrow"});
    admin.change(Method::PATCH, environment, value).await;
    assert_eq!(layout().await, "narrow");
    let organization = "/organizations/org_acme/feature_flags/layout";
    let path = format!("{organization}?value=tall");
    admin.change(Method::PATCH, &path, Value::Null).await;
    assert_eq!(layout().await, "tall");
    let path = format!("/users/{ada}/feature_flags/layout?value=short");
    admin.change(Method::PATCH, &path, Value::Null).await;
    assert_eq!(layout().await, "short");

    let tokens = admin.emulator.tokens(&[("org_code", "org_acme")]).await;
    let path = "/account_api/v1/feature_flags?page_size=100";
    let flags = admin.emulator.get_as(path, text(&tokens, "access_token"));
    let flags = flags.await.json();
    let flags = flags["data"]["feature_flags"].as_array().unwrap().clone();
    let layout = flags.iter().find(|flag| flag["key"] == "layout").unwrap();
    assert_eq!(
        (&layout["type"], &layout["value"]),
        (&json!("string"), &json!("short"))
    );

    let shown = admin.get("/organizations/org_acme/feature_flags").await;
    assert_eq!(
        shown["feature_flags"]["layout"],
        json!({"type": "str", "value": "tall"})
    );
    admin
        .change(Method::DELETE, organization, Value::Null)
        .await;
    let shown = admin.get("/organizations/org_acme/feature_flags").await;
    assert_eq!(shown["feature_flags"]["layout"]["value"], "narrow");
    admin
        .change(Method::DELETE, "/environment/feature_flags", Value::Null)
        .await;
    let shown = admin.get("/environment/feature_flags").await;
    assert_eq!(shown["feature_flags"]["layout"]["value"], "wide");
    assert_eq!(
        shown["feature_flags"]["beta_access"],
        json!({"type": "bool", "value": "false"})
    );

    let new = json!({"name": "New", "feature_flags": {"beta_access": "true"}});
    let made = admin.change(Method::POST, "/organization", new).await;
    let code = text(&made["organization"], "code");
    let path = format!("/organizations/{code}/feature_flags");
    let shown = admin.get(&path).await;
    assert_eq!(shown["feature_flags"]["beta_access"]["value"], "true");

    let wrong = "/organizations/org_acme/feature_flags/beta_access?value=maybe";
    let refused = admin.ask(Method::PATCH, wrong, None).await;
    assert_code(&refused, 400, "INVALID_REQUEST");
    admin
        .change(Method::DELETE, "/feature_flags/layout", Value::Null)
        .await;
    assert!(
        admin.claims().await["feature_flags"]
            .get("layout")
            .is_none()
    );
    let gone = admin
        .ask(Method::DELETE, "/feature_flags/layout", None)
        .await;
    assert_code(&gone, 404, "FEATURE_FLAG_NOT_FOUND");
}

#[tokio::test]
async fn a_role_given_to_a_member_counts_once_the_claims_are_refreshed() {
    let admin = Admin::start().await;
    let ada = admin.ada().await;
    let tokens = admin.emulator.tokens(&[("org_code", "org_acme")]).await;
    let new = json!({"name": "Run payroll", "key": "run:payroll"});
    admin.change(Method::POST, "/permissions", new).await;
    let permission = admin.id_of("permissions", "run:payroll").await;
    let new = json!({"name": "Payroll", "key": "payroll"});
    let role = admin.change(Method::POST, "/roles", new).await;
    let role = text(&role["role"], "id").to_owned();
    let items = json!({"permissions": [{"id": permission}]});
    let path = format!("/roles/{role}/permissions");
    let changed = admin.change(Method::PATCH, &path, items).await;
    assert_eq!(changed["permissions_added"], json!([permission]));

    let member = format!("/organizations/org_acme/users/{ada}");
    let given = json!({"role_id": role});
    let path = format!("{member}/roles");
    admin.change(Method::POST, &path, given.clone()).await;
    let again = admin.ask(Method::POST, &path, Some(given)).await;
    assert_code(&again, 409, "ROLE_ALREADY_EXISTS");
    let path = format!("/users/{ada}/refresh_claims");
    admin.change(Method::POST, &path, Value::Null).await;
    let refreshed = admin.emulator.refresh(text(&tokens, "refresh_token")).await;
    let claims = admin
        .emulator
        .claims(&refreshed.json(), "access_token")
        .await;
    let permissions = claims["permissions"].as_array().unwrap();
    assert!(
        permissions.contains(&json!("run:payroll")),
        "{permissions:?}"
    );

    let shown = admin.get(&format!("{member}/permissions")).await;
    let shown = shown["permissions"].as_array().unwrap().clone();
    let payroll = shown.iter().find(|it| it["key"] == "run:payroll").unwrap();
    assert_eq!(payroll["roles"], json!([{"id": role, "key": "payroll"}]));
    let counted = format!("/organizations/org_acme/roles/{role}/users/count");
    assert_eq!(admin.get(&counted).await["count"], 1);

    let renamed = json!({"name": "Wages", "key": "wages"});
    admin
        .change(Method::PATCH, &format!("/roles/{role}"), renamed)
        .await;
    let roles = admin.get(&format!("{member}/roles")).await;
    let keys: Vec<&str> = roles["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(it, "key"))
        .collect();
    assert_eq!(keys, ["admin", "wages"]);
    let path = format!("{member}/roles/{role}");
    admin.change(Method::DELETE, &path, Value::Null).await;
    let again = admin.ask(Method::DELETE, &path, None).await;
    assert_code(&again, 404, "ROLE_NOT_FOUND");
    admin
        .change(
            Method::DELETE,
            &format!("/permissions/{permission}"),
            Value::Null,
        )
        .await;
    let path = format!("/roles/{role}/permissions");
    assert_eq!(admin.get(&path).await["permissions"], json!([]));
}

#[tokio::test]
async fn properties_are_declared_before_they_have_values() {
    let admin = Admin::start().await;
    let ada = admin.ada().await;
    let new = json!({"name": "Work", "context": "usr"});
    let category = admin
        .change(Method::POST, "/property_categories", new)
        .await;
    let declared = |key: &str, is_private: bool| {
        json!({
            "name": "Floor", "key": key, "type": "single_line_text", "context": "usr",
            "is_private": is_private, "category_id": category["category"]["id"],
        })
    };
    admin
        .change(Method::POST, "/properties", declared("floor", false))
        .await;
    admin
        .change(Method::POST, "/properties", declared("salary", true))
        .await;
    let path = format!("/users/{ada}/properties");
    let values = json!({"properties": {"floor": "7", "salary": "much"}});
    admin.change(Method::PATCH, &path, values).await;
    let path = format!("/users/{ada}/properties/floor?value=8");
    admin.change(Method::PUT, &path, Value::Null).await;
    let unknown = format!("/users/{ada}/properties/room?value=8");
    let refused = admin.ask(Method::PUT, &unknown, None).await;
    assert_code(&refused, 404, "PROPERTY_NOT_FOUND");
    let foreign = "/organizations/org_acme/properties/floor?value=8";
    let refused = admin.ask(Method::PUT, foreign, None).await;
    assert_code(&refused, 404, "PROPERTY_NOT_FOUND");

    let change = json!({"access_token_claims": ["user_properties"]});
    let application = "/applications?client_id=emulator_web";
    admin.emulator.patch(application, change).await;
    let shown = admin.claims().await["user_properties"].clone();
    assert_eq!(
        shown,
        json!({"floor": {"v": "8"}, "kp_usr_city": {"v": "London"}})
    );

    let listed = admin.get("/properties?context=usr&page_size=2").await;
    assert_eq!(
        (
            listed["properties"].as_array().unwrap().len(),
            &listed["has_more"]
        ),
        (2, &json!(true))
    );
    let last = admin.id_of("properties", "salary").await;
    let before = admin
        .get(&format!(
            "/properties?context=usr&ending_before={last}&page_size=1"
        ))
        .await;
    assert_eq!(before["properties"][0]["key"], "floor");
    admin
        .change(Method::DELETE, &format!("/properties/{last}"), Value::Null)
        .await;
    let left = admin.get(&format!("/users/{ada}/properties")).await;
    assert!(
        left["properties"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["key"] != "salary")
    );
}

#[tokio::test]
async fn a_machine_has_the_scopes_that_it_was_given() {
    let admin = Admin::start().await;
    let new = json!({"name": "Billing", "audience": "https://billing.example.com"});
    let api = admin.change(Method::POST, "/apis", new).await;
    let api = format!("/apis/{}", text(&api["api"], "id"));
    let mut scopes = Vec::new();
    for key in ["read:bills", "write:bills"] {
        let made = admin
            .change(Method::POST, &format!("{api}/scopes"), json!({"key": key}))
            .await;
        scopes.push(text(&made["scope"], "id").to_owned());
    }
    let new = json!({"name": "Biller", "type": "m2m"});
    let made = admin.change(Method::POST, "/applications", new).await;
    let (id, secret) = (
        text(&made["application"], "id"),
        text(&made["application"], "client_secret"),
    );
    let machine = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("audience", "https://billing.example.com"),
    ];
    let refused = admin.emulator.post("/oauth2/token", &machine).await;
    refused.assert_error(400, "unauthorized_client", "https://billing.example.com");
    let items = json!({"applications": [{"id": id}]});
    let path = format!("{api}/applications");
    let changed = admin.change(Method::PATCH, &path, items).await;
    assert_eq!(changed["applications_connected"], json!([id]));
    let path = format!("{api}/applications/{id}/scopes/{}", scopes[0]);
    admin.change(Method::POST, &path, Value::Null).await;
    let token = admin.emulator.post("/oauth2/token", &machine).await.json();
    assert_eq!(token["scope"], "read:bills");
    let shown = admin.get(&api).await;
    let applications = shown["api"]["applications"].as_array().unwrap();
    let shown = applications.iter().find(|it| it["id"] == id).unwrap();
    assert_eq!(shown["is_active"], true);
    admin.change(Method::DELETE, &api, Value::Null).await;
    let refused = admin.emulator.post("/oauth2/token", &machine).await;
    refused.assert_error(400, "unauthorized_client", "https://billing.example.com");
}

#[tokio::test]
async fn addresses_of_an_application_are_those_that_sign_in_accepts() {
    let admin = Admin::start().await;
    let path = "/applications/emulator_web/auth_redirect_urls";
    let new = "https://new.example.com/callback";
    let redirected = async || {
        admin
            .emulator
            .authorize(&[("redirect_uri", new)])
            .await
            .status
    };
    assert_eq!(redirected().await, 400);
    admin
        .change(Method::POST, path, json!({"urls": [new]}))
        .await;
    assert!((302..=303).contains(&redirected().await));
    let listed = admin.get(path).await["redirect_urls"].clone();
    assert!(listed.as_array().unwrap().contains(&json!(new)));
    admin
        .change(Method::DELETE, &format!("{path}?urls={new}"), Value::Null)
        .await;
    assert_eq!(redirected().await, 400);
    let refused = admin
        .ask(Method::PUT, path, Some(json!({"urls": ["https://*"]})))
        .await;
    assert_code(&refused, 400, "INVALID_REQUEST");
}

#[tokio::test]
async fn a_suspended_user_neither_signs_in_nor_refreshes() {
    let admin = Admin::start().await;
    let ada = admin.ada().await;
    let tokens = admin.emulator.tokens(&[]).await;
    let path = format!("/user?id={ada}");
    admin
        .change(Method::PATCH, &path, json!({"is_suspended": true}))
        .await;
    let refused = admin.emulator.refresh(text(&tokens, "refresh_token")).await;
    refused.assert_error(400, "invalid_grant", "suspended");
    let refused = admin.emulator.authorize(&[]).await;
    assert_eq!(refused.callback()["error"], "access_denied");
}

#[tokio::test]
async fn lists_are_sorted_and_examples_take_any_id() {
    let admin = Admin::start().await;
    let roles = admin.get("/roles?sort=name_desc&page_size=2").await;
    let names: Vec<&str> = roles["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(it, "name"))
        .collect();
    assert_eq!(names, ["Viewer", "Editor"]);
    let unknown = admin.ask(Method::GET, "/roles/nobody", None).await;
    assert_code(&unknown, 404, "ROLE_NOT_FOUND");
    let change = json!({"management_examples": true});
    admin.emulator.patch("/settings", change).await;
    assert_eq!(admin.get("/roles/nobody").await["code"], "OK");
}
