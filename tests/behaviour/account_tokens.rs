//! By which token Kinde is asked about a user, and how new claims get into it.

use kinde::{LogoutParams, Session, Status, TokenSet, TokenType};
use kinde_test_support::{Application, json, status};
use serde_json::{Value, json};

use crate::account::{fetch, try_fetch};

const ENTITLEMENTS: &str = "/account_api/v1/entitlements";
const ROLES: &str = "/account_api/v1/roles";
const PROFILE: &str = "/oauth2/v2/user_profile";
const MACHINE_SECRET: &str = "emulator-m2m-secret-0123456789abcdefghijkl";

/// The session again, with an access token that is expired, and the same refresh token.
async fn expired(app: &Application, session: &Session) -> Session {
    let mut tokens = json(session.tokens().unwrap().to_json());
    let claims = json!({ "claims": { "exp": 1_700_000_000 } });
    tokens["access_token"] = json!(app.token("access", claims).await);
    // It is tied to the access token that it came with.
    tokens["id_token"] = Value::Null;
    let tokens = TokenSet::from_json(&tokens.to_string()).unwrap();
    Session::from_tokens(session.client(), tokens)
        .await
        .unwrap()
}

/// Each refresh gives a new access token, as after a revocation.
async fn renewing(settings: Value) -> Application {
    let app = Application::with(settings);
    let always_new = json!({ "refresh_keeps_access_token": false });
    app.emulator.settings(always_new).await;
    app
}

#[tokio::test]
async fn an_expired_token_is_renewed_before_it_is_sent() {
    let app = Application::start();
    let session = expired(&app, &app.signed_in().await).await;
    assert!(!session.is_authenticated());
    fetch(&session, "roles", json!({})).await;
    assert!(session.is_authenticated());
    assert_eq!(app.emulator.count(ROLES).await, 1);
    assert_eq!(app.refreshes().await.len(), 1);
}

#[tokio::test]
async fn without_auto_refresh_nothing_is_renewed() {
    let app = renewing(json!({ "auto_refresh": false })).await;
    let session = app.signed_in().await;
    fetch(&session, "roles", json!({})).await;
    app.emulator
        .fault(json!({ "path": ROLES, "status": 401 }))
        .await;
    let refused = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(401))
    );

    let session = expired(&app, &session).await;
    assert_eq!(status(&session.ensure_fresh(0).await), Status::TokenExpired);
    let answer = try_fetch(&session, "roles", json!({})).await;
    assert_eq!(status(&answer), Status::TokenExpired);
    assert_eq!(app.emulator.count(ROLES).await, 2);
    assert!(app.refreshes().await.is_empty());
    session.refresh().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let app = renewing(json!({})).await;
    for (path, what) in [(ROLES, "roles"), (PROFILE, "user_profile")] {
        let session = app.signed_in().await;
        app.emulator.forget_requests().await;
        app.emulator
            .fault(json!({ "path": path, "status": 401 }))
            .await;
        fetch(&session, what, json!({})).await;
        let requests = app.emulator.requests(path).await;
        assert_eq!(requests.len(), 2, "{what}");
        assert_ne!(
            requests[0].header("authorization"),
            requests[1].header("authorization")
        );
        let token = session.access_token().unwrap();
        let bearer = format!("Bearer {}", token.expose());
        assert_eq!(requests[1].header("authorization"), Some(bearer.as_str()));
        assert_eq!(app.refreshes().await.len(), 1);
    }

    let session = app.signed_in().await;
    app.emulator.forget_requests().await;
    let always = json!({ "path": ROLES, "status": 401, "times": null });
    app.emulator.fault(always).await;
    let refused = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(401))
    );
    assert_eq!(app.emulator.count(ROLES).await, 2);
    assert_eq!(app.refreshes().await.len(), 1);
}

#[tokio::test]
async fn the_same_token_is_not_sent_again() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": ROLES, "status": 401 }))
        .await;
    let refused = try_fetch(&session, "roles", json!({})).await;
    assert_eq!(status(&refused), Status::Api);
    assert_eq!(app.emulator.count(ROLES).await, 1);
}

#[tokio::test]
async fn a_refusal_without_a_refresh_token_is_given_back() {
    let app = Application::with(json!({ "scope": "openid profile email" }));
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": ROLES, "status": 401 }))
        .await;
    let refused = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(refused.http_status(), Some(401));
    let new_claims = try_fetch(&session, "refresh_claims", json!({})).await;
    assert_eq!(status(&new_claims), Status::NotAuthenticated);
    let tokens = app.emulator.requests("/oauth2/token").await;
    assert_eq!(tokens.len(), 1, "no machine token was asked for in vain");
}

#[tokio::test]
async fn a_revoked_sign_in_ends_the_session() {
    let app = Application::start();
    let session = app.signed_in().await;
    let order = json!({ "email": "ada@example.com" });
    app.emulator.post("/tokens/revoke", order).await;
    let answer = try_fetch(&session, "roles", json!({})).await;
    assert_eq!(status(&answer), Status::InvalidGrant);
    assert!(!session.is_authenticated());
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_refusal() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": ROLES, "status": 401 }))
        .await;
    app.disturb_refresh(json!({ "status": 503 })).await;
    let refused = try_fetch(&session, "roles", json!({})).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.http_status()),
        (Status::Api, Some(401))
    );
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn nobody_gets_the_answer_of_another_user() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": ROLES, "status": 401 }))
        .await;
    app.disturb_refresh(json!({ "hang": true })).await;
    app.emulator.forget_requests().await;
    let asking = tokio::spawn({
        let session = session.clone();
        async move { try_fetch(&session, "roles", json!({})).await }
    });
    app.emulator.wait_for("/oauth2/token", 1).await;
    app.emulator
        .login(json!({ "email": "grace@example.com" }))
        .await;
    let callback = app.callback(&session).await;
    session.handle_callback(&callback).await.unwrap();
    app.emulator.release().await;
    let refused = asking.await.unwrap().unwrap_err();
    assert_eq!(refused.http_status(), Some(401));
    assert_eq!(app.emulator.count(ROLES).await, 1);
    let user = json(session.user().unwrap());
    assert_eq!(user["email"], "grace@example.com");
}

#[tokio::test]
async fn no_list_is_put_together_from_two_tokens() {
    let app = renewing(json!({})).await;
    let entitlements: Vec<Value> = (0..150)
        .map(|number| json!({ "feature_key": format!("f{number}"), "price_name": "p" }))
        .collect();
    let patch = json!({ "entitlements": entitlements });
    app.emulator.user("ada@example.com", patch).await;
    let session = app.signed_in().await;
    let second_page = json!({ "path": ENTITLEMENTS, "status": 401, "skip": 1 });
    app.emulator.fault(second_page).await;
    let all = fetch(&session, "entitlements", json!({})).await;
    assert_eq!(all["entitlements"].as_array().unwrap().len(), 150);
    let requests = app.emulator.requests(ENTITLEMENTS).await;
    let begun: Vec<bool> = requests
        .iter()
        .map(|request| !request.query.contains_key("starting_after"))
        .collect();
    assert_eq!(begun, [true, false, true, false]);
}

#[tokio::test]
async fn only_a_user_has_an_account() {
    let app = Application::start();
    let nobody = app.client.session();
    let machines = app.client(json!({
        "client_id": "emulator_m2m",
        "client_secret": MACHINE_SECRET,
        "audience": "https://api.example.com",
    }));
    let machine = machines.session();
    machine
        .client_credentials(Default::default())
        .await
        .unwrap();
    let carried = Session::from_tokens(&machines, machine.tokens().unwrap());
    let carried = carried.await.unwrap();
    let left = app.signed_in().await;
    left.logout_url(&LogoutParams::default()).unwrap();
    app.emulator.forget_requests().await;
    for session in [&nobody, &machine, &carried, &left] {
        for what in ["roles", "portal_url", "user_profile", "refresh_claims"] {
            let answer = try_fetch(session, what, json!({})).await;
            assert_eq!(status(&answer), Status::NotAuthenticated, "{what}");
        }
        let conditions = kinde::AccountConditions::default();
        let answer = session.fetch_has(conditions).await;
        assert_eq!(status(&answer), Status::NotAuthenticated);
    }
    for path in [ROLES, PROFILE, "/oauth2/token"] {
        assert_eq!(app.emulator.count(path).await, 0, "{path}");
    }
}

#[tokio::test]
async fn a_profile_is_the_users_own() {
    let app = Application::start();
    let session = app.signed_in().await;
    let profile = fetch(&session, "user_profile", json!({})).await;
    assert_eq!(profile["sub"], json(session.user().unwrap())["id"]);
    let v1 = fetch(&session, "user_profile", json!({ "version": "v1" })).await;
    assert_eq!(v1["preferred_email"], "ada@example.com");
    let somebody_else = json!({ "path": PROFILE, "patch": { "sub": "kp_somebody_else" } });
    app.emulator.fault(somebody_else).await;
    let answer = try_fetch(&session, "user_profile", json!({})).await;
    assert_eq!(status(&answer), Status::Subject);
}

fn with_machine() -> Value {
    json!({
        "management_client_id": "emulator_m2m",
        "management_client_secret": MACHINE_SECRET,
    })
}

#[tokio::test]
async fn new_permissions_take_effect_with_one_call() {
    let app = Application::with(with_machine());
    let session = app.signed_in().await;
    let viewer = json!({ "organizations": [{ "code": "org_acme", "roles": ["viewer"] }] });
    app.emulator.user("ada@example.com", viewer).await;
    session.refresh().await.unwrap();
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );

    let answer = fetch(&session, "refresh_claims", json!({})).await;
    assert_eq!(answer, json!({ "refreshed": true }));
    assert!(
        !session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
    assert!(
        session
            .has_permission("read:todos", TokenType::Access)
            .unwrap()
    );

    let id = json(session.user().unwrap())["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/users/{id}/refresh_claims");
    let request = app.emulator.last_request(&path).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("accept"), Some("application/json"));
    let users = format!("Bearer {}", session.access_token().unwrap().expose());
    assert_ne!(request.header("authorization"), Some(users.as_str()));
}

#[tokio::test]
async fn claims_that_stay_the_same_are_said_to_be() {
    let app = Application::with(with_machine());
    let session = app.signed_in().await;
    let id = json(session.user().unwrap())["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/users/{id}/refresh_claims");
    let in_vain = json!({ "path": path, "status": 200, "body": { "code": "OK" } });
    app.emulator.fault(in_vain).await;
    let answer = fetch(&session, "refresh_claims", json!({})).await;
    assert_eq!(answer, json!({ "refreshed": false }));
}

#[tokio::test]
async fn a_machine_token_that_is_refused_is_replaced_once() {
    let app = Application::with(with_machine());
    let session = app.signed_in().await;
    fetch(&session, "refresh_claims", json!({})).await;
    let id = json(session.user().unwrap())["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/users/{id}/refresh_claims");
    let machine_tokens = async || {
        let requests = app.emulator.requests("/oauth2/token").await;
        let asked = requests
            .iter()
            .filter(|it| it.field("grant_type") == Some("client_credentials"));
        asked.count()
    };
    assert_eq!(machine_tokens().await, 1);
    app.emulator
        .fault(json!({ "path": path, "status": 401 }))
        .await;
    fetch(&session, "refresh_claims", json!({})).await;
    assert_eq!(machine_tokens().await, 2);

    let always = json!({ "path": path, "status": 401, "times": null });
    app.emulator.fault(always).await;
    let refreshes = app.refreshes().await.len();
    let error = try_fetch(&session, "refresh_claims", json!({}))
        .await
        .unwrap_err();
    assert_eq!(
        (error.status(), error.http_status()),
        (Status::Api, Some(401))
    );
    assert_eq!(machine_tokens().await, 3);
    assert_eq!(
        app.refreshes().await.len(),
        refreshes,
        "the session is left alone"
    );
    assert!(session.is_authenticated());
}
