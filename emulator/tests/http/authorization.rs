//! `/oauth2/auth`: what it refuses, and how.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::process::{CALLBACK, Emulator, SPA, STATE};

#[tokio::test]
async fn a_sign_in_leads_back_with_code_scope_and_state() {
    let emulator = Emulator::for_ada();
    let answer = emulator.authorize(&[]).await;
    assert_eq!(answer.status, 302);
    let callback = answer.callback();
    assert_eq!(callback["state"], STATE);
    assert_eq!(callback["scope"], "openid profile email offline");
    assert!(callback["code"].contains('.'));
    assert!(!callback.contains_key("iss"));
}

#[tokio::test]
async fn mistakes_in_client_or_address_stay_on_a_page() {
    let emulator = Emulator::for_ada();
    for (changes, reason) in [
        (vec![("client_id", "")], "client_id is missing"),
        (
            vec![("client_id", "nobody")],
            "no application has the client_id",
        ),
        (
            vec![("client_id", "emulator_m2m")],
            "does not sign users in",
        ),
        (vec![("redirect_uri", "")], "redirect_uri is missing"),
        (
            vec![("redirect_uri", "https://evil.example/callback")],
            "not on the list",
        ),
        (
            vec![("redirect_uri", "http://127.0.0.1:9/callback?x=1")],
            "not on the list",
        ),
        (
            vec![("redirect_uri", "http://127.0.0.1:9/callback/")],
            "not on the list",
        ),
        (
            vec![("redirect_uri", "http://127.0.0.1:9@evil.example/callback")],
            "not on the list",
        ),
    ] {
        let answer = emulator.authorize(&changes).await;
        assert_eq!(answer.status, 400, "{changes:?}");
        assert!(answer.body.contains(reason), "{changes:?}: {}", answer.body);
        assert!(answer.header("location").is_empty());
    }
    let twice = format!(
        "{}&redirect_uri=https://evil.example",
        emulator.authorization_url(&[])
    );
    assert_eq!(emulator.get(&twice).await.status, 400);
    let badly_encoded = format!("{}&lang=%zz", emulator.authorization_url(&[]));
    assert_eq!(emulator.get(&badly_encoded).await.status, 400);
}

#[tokio::test]
async fn other_mistakes_go_back_to_the_application() {
    let emulator = Emulator::for_ada();
    for (changes, code, reason) in [
        (
            vec![("response_type", "")],
            "invalid_request",
            "response_type is missing",
        ),
        (
            vec![("response_type", "token")],
            "unsupported_response_type",
            "token",
        ),
        (
            vec![("response_mode", "fragment")],
            "invalid_request",
            "response_mode",
        ),
        (vec![("state", "")], "invalid_request", "state is missing"),
        (vec![("state", "short")], "invalid_request", "state"),
        (vec![("nonce", "short")], "invalid_request", "nonce"),
        (vec![("scope", "")], "invalid_scope", "missing"),
        (
            vec![("scope", "openid delete:everything")],
            "invalid_scope",
            "delete:everything",
        ),
        (
            vec![("scope", "openid read:orders")],
            "invalid_scope",
            "read:orders",
        ),
        (
            vec![("audience", "https://other.example")],
            "invalid_request",
            "https://other.example",
        ),
        (
            vec![("code_challenge_method", "plain")],
            "invalid_request",
            "S256",
        ),
        (
            vec![("code_challenge_method", "")],
            "invalid_request",
            "S256",
        ),
        (
            vec![("code_challenge", "")],
            "invalid_request",
            "without code_challenge",
        ),
        (
            vec![("code_challenge", "tooshort")],
            "invalid_request",
            "code_challenge",
        ),
        (
            vec![("grant_type", "authorization_code")],
            "invalid_request",
            "grant_type",
        ),
        (
            vec![("code_verifier", "secret")],
            "invalid_request",
            "code_verifier",
        ),
        (
            vec![("client_secret", "secret")],
            "invalid_request",
            "client_secret",
        ),
        (
            vec![("request", "a.b.c")],
            "request_not_supported",
            "request",
        ),
        (
            vec![("request_uri", "https://a.example")],
            "request_uri_not_supported",
            "request_uri",
        ),
        (vec![("colour", "blue")], "invalid_request", "colour"),
        (vec![("scope", "openid ü\"\\")], "invalid_scope", "scope"),
        (vec![("prompt", "consent")], "invalid_request", "prompt"),
        (vec![("prompt", "none login")], "invalid_request", "prompt"),
        (vec![("prompt", "none")], "login_required", "nobody"),
        (
            vec![("org_code", "org_unknown")],
            "invalid_request",
            "org_code",
        ),
        (
            vec![("org_code", "org_acme"), ("is_create_org", "true")],
            "invalid_request",
            "exclude",
        ),
        (
            vec![("org_name", "Initech")],
            "invalid_request",
            "is_create_org",
        ),
        (
            vec![("is_create_org", "yes")],
            "invalid_request",
            "is_create_org",
        ),
        (
            vec![("invitation_code", "inv_welcome")],
            "invalid_request",
            "is_invitation",
        ),
        (
            vec![("is_invitation", "true")],
            "invalid_request",
            "invitation_code",
        ),
        (
            vec![("invitation_code", "inv_x"), ("is_invitation", "true")],
            "invalid_request",
            "unknown",
        ),
        (
            vec![
                ("invitation_code", "inv_welcome"),
                ("is_invitation", "true"),
            ],
            "access_denied",
            "somebody else",
        ),
        (vec![("login_hint", "ada")], "invalid_request", "login_hint"),
        (
            vec![("login_hint", "phone:12ab")],
            "invalid_request",
            "login_hint",
        ),
        (
            vec![("connection_id", "google")],
            "invalid_request",
            "connection_id",
        ),
        (vec![("lang", "english")], "invalid_request", "lang"),
        (
            vec![("start_page", "home")],
            "invalid_request",
            "start_page",
        ),
        (
            vec![("pages_mode", "live")],
            "invalid_request",
            "pages_mode",
        ),
        (
            vec![("supports_reauth", "1")],
            "invalid_request",
            "supports_reauth",
        ),
        (
            vec![("reauth_state", "?")],
            "invalid_request",
            "reauth_state",
        ),
        (vec![("max_age", "soon")], "invalid_request", "max_age"),
    ] {
        let answer = emulator.authorize(&changes).await;
        assert_eq!(answer.status, 302, "{changes:?}: {}", answer.body);
        answer.assert_refused(code, reason);
        let echoed = answer.callback().get("state").cloned();
        let sent = changes
            .iter()
            .find(|(name, _)| *name == "state")
            .map_or(STATE, |(_, value)| value);
        assert_eq!(echoed.unwrap_or_default(), sent, "{changes:?}");
    }
}

#[tokio::test]
async fn every_parameter_of_kinde_is_accepted() {
    let emulator = Emulator::for_ada();
    for (name, value) in [
        ("prompt", "login"),
        ("prompt", "create"),
        ("start_page", "registration"),
        (
            "audience",
            "https://api.example.com https://reports.example.com",
        ),
        ("org_code", "org_globex"),
        ("is_create_org", "true"),
        ("login_hint", "phone:+61400000000:au"),
        ("login_hint", "username:ada"),
        ("connection_id", "conn_1"),
        ("lang", "de"),
        ("supports_reauth", "true"),
        ("reauth_state", "e30="),
        ("plan_interest", "pro"),
        ("pricing_table_key", "table"),
        ("pages_mode", "preview"),
        ("workflow_deployment_id", "wd_1"),
        ("has_success_page", "true"),
        ("is_use_auth_success_page", "false"),
        ("utm_source", "x"),
        ("hsa_acc", "x"),
        ("gclid", "x"),
        ("ttclid", "x"),
        ("max_age", "60"),
        ("display", "page"),
    ] {
        let callback = emulator.authorize(&[(name, value)]).await.callback();
        assert!(
            callback.contains_key("code"),
            "{name}={value}: {callback:?}"
        );
    }
}

#[tokio::test]
async fn repeated_parameters_are_refused() {
    let emulator = Emulator::for_ada();
    for repeated in [
        "scope=openid",
        "state=state-9876543210",
        "nonce=nonce-9876543210",
    ] {
        let address = format!("{}&{repeated}", emulator.authorization_url(&[]));
        let answer = emulator.get(&address).await;
        answer.assert_refused("invalid_request", "more than once");
        let echoed = answer.callback().contains_key("state");
        assert_eq!(
            echoed,
            !repeated.starts_with("state"),
            "an ambiguous state is not echoed"
        );
    }
}

#[tokio::test]
async fn unknown_parameters_may_be_let_pass() {
    let emulator = Emulator::for_ada();
    emulator
        .patch("/settings", json!({"unknown_parameters": "ignore"}))
        .await;
    assert!(
        emulator
            .authorize(&[("colour", "blue")])
            .await
            .callback()
            .contains_key("code")
    );
    emulator
        .authorize(&[("client_secret", "x")])
        .await
        .assert_refused("invalid_request", "client_secret");
}

#[tokio::test]
async fn a_public_application_must_use_pkce() {
    let emulator = Emulator::for_ada();
    let without = [
        ("client_id", SPA),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    emulator
        .authorize(&without)
        .await
        .assert_refused("invalid_request", "PKCE");
    assert!(
        emulator
            .authorize(&[("client_id", SPA)])
            .await
            .callback()
            .contains_key("code")
    );
    emulator
        .patch(
            "/applications?client_id=emulator_web",
            json!({"require_pkce": true}),
        )
        .await;
    emulator
        .authorize(&without[1..])
        .await
        .assert_refused("invalid_request", "PKCE");
}

#[tokio::test]
async fn the_issuer_comes_with_the_callback_when_configured() {
    let emulator = Emulator::for_ada();
    emulator
        .patch("/settings", json!({"callback_iss": true}))
        .await;
    assert_eq!(
        emulator.authorize(&[]).await.callback()["iss"],
        emulator.url
    );
    assert_eq!(
        emulator.authorize(&[("prompt", "none")]).await.callback()["iss"],
        emulator.url
    );
    let metadata = emulator
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
}

#[tokio::test]
async fn organizations_are_chosen_created_and_guarded() {
    let emulator = Emulator::for_ada();
    let org_of = async |changes: &[(&str, &str)]| {
        let tokens = emulator.tokens(changes).await;
        emulator
            .verified(tokens["access_token"].as_str().expect("a token"))
            .await
            .expect("a good token")["org_code"]
            .clone()
    };
    assert_eq!(org_of(&[]).await, "org_acme");
    assert_eq!(org_of(&[("org_code", "org_globex")]).await, "org_globex");

    let created = org_of(&[("is_create_org", "true"), ("org_name", "Initech")]).await;
    let created = created.as_str().expect("a code").to_owned();
    assert!(created.starts_with("org_"));
    let known = emulator.get("/_control/organizations").await.json();
    let names: Vec<&Value> = known["organizations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(names.contains(&&json!("Initech")), "{names:?}");
    assert_eq!(org_of(&[("org_code", &created)]).await, created);

    emulator
        .control("/login", json!({"email": "grace@example.com"}))
        .await;
    emulator
        .authorize(&[("org_code", "org_globex")])
        .await
        .assert_refused("access_denied", "org_globex");
    emulator
        .control("/login", json!({"email": "nobody@example.com"}))
        .await;
    assert_eq!(org_of(&[]).await, Value::Null);
}

#[tokio::test]
async fn a_single_sign_on_session_answers_silently() {
    let emulator = Emulator::for_ada();
    let browser = Browser::new(&emulator);
    let switch = [("prompt", "none"), ("org_code", "org_globex")];
    browser
        .get(&emulator.authorization_url(&switch))
        .await
        .assert_refused("login_required", "");
    browser
        .get(&emulator.authorization_url(&[]))
        .await
        .callback();

    emulator.control("/login", json!({"email": null})).await;
    assert!(
        browser
            .get(&emulator.authorization_url(&switch))
            .await
            .callback()
            .contains_key("code")
    );
    assert!(
        browser
            .get(&emulator.authorization_url(&[]))
            .await
            .callback()
            .contains_key("code")
    );
    let asked_again = browser
        .get(&emulator.authorization_url(&[("prompt", "login")]))
        .await;
    assert_eq!(asked_again.location().path(), "/sign-in");

    emulator
        .control("/clock", json!({"shift_seconds": 120}))
        .await;
    let stale = [("prompt", "none"), ("max_age", "60")];
    browser
        .get(&emulator.authorization_url(&stale))
        .await
        .assert_refused("login_required", "");

    browser.get("/logout").await;
    browser
        .get(&emulator.authorization_url(&[("prompt", "none")]))
        .await
        .assert_refused("login_required", "");
}

#[tokio::test]
async fn an_expired_link_hands_back_what_is_needed_to_start_again() {
    let emulator = Emulator::for_ada();
    emulator
        .control("/login", json!({"error": "login_link_expired", "times": 2}))
        .await;
    let answer = emulator
        .authorize(&[("supports_reauth", "true"), ("org_code", "org_acme")])
        .await;
    answer.assert_refused("login_link_expired", "expired");
    let blob = STANDARD
        .decode(&answer.callback()["reauth_state"])
        .expect("base64");
    let parameters: Value = serde_json::from_slice(&blob).expect("JSON");
    assert_eq!(parameters["org_code"], "org_acme");
    assert_eq!(parameters["redirect_uri"], CALLBACK);

    let without = emulator.authorize(&[]).await;
    without.assert_refused("login_link_expired", "");
    assert!(!without.callback().contains_key("reauth_state"));
    assert!(
        emulator
            .authorize(&[])
            .await
            .callback()
            .contains_key("code")
    );
}

#[tokio::test]
async fn an_ordered_refusal_may_leave_the_state_out() {
    let emulator = Emulator::for_ada();
    let order = json!({"error": "server_error", "error_description": "broken", "omit_state": true, "times": 1});
    emulator.control("/login", order).await;
    let answer = emulator.authorize(&[]).await;
    answer.assert_refused("server_error", "broken");
    assert!(!answer.callback().contains_key("state"));
}
