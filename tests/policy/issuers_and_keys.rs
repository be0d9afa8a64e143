//! Policy 2: each issuer has its own keys; which key a token may name; when keys are fetched.

use kinde::{Client, Status, VerifyOptions};
use kinde_test_support::{Application, Emulator, status};
use reqwest::Method;
use serde_json::{Value, json};

const JWKS: &str = "/.well-known/jwks.json";

async fn verified(client: &Client, token: &str) -> Status {
    status(&client.verify_token(token, &VerifyOptions::default()).await)
}

async fn judged(app: &Application, changes: Value) -> Status {
    let token = app.token("access", changes).await;
    verified(&app.client, &token).await
}

#[tokio::test]
async fn an_extra_issuer_is_accepted_with_its_own_keys() {
    let elsewhere = Application::start();
    let app = Application::with(json!({ "extra_issuers": elsewhere.url() }));
    let theirs = elsewhere.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &theirs).await, Status::Ok);
    assert_eq!(
        verified(&elsewhere.client, &app.token("access", json!({})).await).await,
        Status::Issuer
    );
}

#[tokio::test]
async fn a_key_vouches_only_for_tokens_of_its_own_issuer() {
    let elsewhere = Application::start();
    let app = Application::with(json!({ "extra_issuers": elsewhere.url() }));
    for (signer, claimed) in [(&elsewhere, app.url()), (&app, elsewhere.url())] {
        let forged = signer
            .token("access", json!({ "claims": { "iss": claimed } }))
            .await;
        let judged = verified(&app.client, &forged).await;
        assert!(
            matches!(judged, Status::KeyNotFound | Status::Signature),
            "{judged}"
        );
    }
}

#[tokio::test]
async fn the_management_domain_vouches_for_machine_tokens_only() {
    let management = Application::start();
    let app = Application::with(json!({ "management_domain": management.url() }));
    let machine = management
        .token(
            "m2m",
            json!({ "client_id": "emulator_m2m", "email": null, "org_code": null }),
        )
        .await;
    assert_eq!(verified(&app.client, &machine).await, Status::Ok);
    let person = management.token("access", json!({})).await;
    assert_eq!(verified(&app.client, &person).await, Status::Issuer);
}

#[tokio::test]
async fn the_management_domain_vouches_for_no_id_token() {
    let management = Application::start();
    let app = Application::with(json!({ "management_domain": management.url() }));
    let token = management.token("id", json!({})).await;
    let options = VerifyOptions::from_json(r#"{"type": "id"}"#).unwrap();
    let judged = app.client.verify_token(&token, &options).await;
    assert_eq!(status(&judged), Status::Issuer);
}

#[tokio::test]
async fn keys_that_the_header_brings_along_are_ignored() {
    let app = Application::start();
    let stranger = Emulator::start();
    let jwks_url = format!("{}{JWKS}", stranger.url());
    let jwk = stranger.control(Method::GET, "/keys", None).await;
    for (name, value) in [
        ("jku", json!(jwks_url)),
        ("x5u", json!(jwks_url)),
        ("jwk", jwk["keys"][0].clone()),
        ("x5c", json!(["MIIB"])),
        ("jku", json!(5)),
    ] {
        let forged = json!({ "header": { name: value }, "sign": "foreign" });
        assert_eq!(judged(&app, forged).await, Status::Signature, "{name}");
        assert_eq!(
            judged(&app, json!({ "header": { name: value } })).await,
            Status::Ok,
            "{name}"
        );
    }
    assert_eq!(stranger.count(JWKS).await, 0);
}

#[tokio::test]
async fn an_unknown_crit_rejects() {
    let app = Application::start();
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!([]),
        json!("x"),
        json!({}),
        json!([5]),
    ] {
        let header = json!({ "crit": crit, "b64": true, "exp": 1 });
        let judged = judged(&app, json!({ "header": header })).await;
        assert!(
            matches!(judged, Status::TokenMalformed | Status::Algorithm),
            "{crit}: {judged}"
        );
    }
}

#[tokio::test]
async fn what_would_change_the_meaning_of_the_parts_rejects_without_crit_too() {
    let app = Application::start();
    for header in [
        json!({ "b64": false }),
        json!({ "zip": "DEF" }),
        json!({ "enc": "A256GCM" }),
    ] {
        let judged = judged(&app, json!({ "header": header })).await;
        assert_eq!(judged, Status::TokenMalformed, "{header}");
    }
}

#[tokio::test]
async fn a_token_without_kid_needs_exactly_one_key_that_fits() {
    let app = Application::start();
    let nameless = json!({ "header": { "kid": null } });
    assert_eq!(judged(&app, nameless.clone()).await, Status::Ok);

    app.emulator.post("/keys", json!({})).await;
    let two_keys = Application::on(app.emulator, json!({ "jwks_cooldown_seconds": 0 }));
    assert_eq!(
        judged(&two_keys, nameless.clone()).await,
        Status::KeyNotFound
    );
    assert_eq!(judged(&two_keys, json!({})).await, Status::Ok);
}

#[tokio::test]
async fn a_kid_must_be_a_text_of_the_key_set() {
    let app = Application::start();
    for kid in [
        json!("unknown"),
        json!(""),
        json!(5),
        json!(["x"]),
        json!("../x"),
        json!("x".repeat(10_000)),
    ] {
        let judged = judged(&app, json!({ "header": { "kid": kid } })).await;
        assert!(
            matches!(judged, Status::KeyNotFound | Status::TokenMalformed),
            "{kid}: {judged}"
        );
    }
}

#[tokio::test]
async fn an_unknown_kid_fetches_once_per_cool_down() {
    let app = Application::with(json!({ "jwks_cooldown_seconds": 3600 }));
    app.client.prepare().await.unwrap();
    for number in 0..20 {
        let token = app
            .token(
                "access",
                json!({ "header": { "kid": format!("unknown-{number}") } }),
            )
            .await;
        assert_eq!(verified(&app.client, &token).await, Status::KeyNotFound);
    }
    assert!(
        app.emulator.count(JWKS).await <= 2,
        "{}",
        app.emulator.count(JWKS).await
    );
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once() {
    let app = Application::start();
    assert_eq!(judged(&app, json!({})).await, Status::Ok);
    app.emulator.rotate_keys().await;
    assert_eq!(judged(&app, json!({})).await, Status::Ok);
    assert_eq!(app.emulator.count(JWKS).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_verifications_after_a_rotation_cause_one_fetch() {
    let app = Application::start();
    app.client.prepare().await.unwrap();
    app.emulator.rotate_keys().await;
    let mut tokens = Vec::new();
    for number in 0..16 {
        tokens.push(
            app.token("access", json!({ "claims": { "jti": number.to_string() } }))
                .await,
        );
    }
    // The fetch is held up, so that all of them wait for it.
    app.emulator
        .fault(json!({ "path": JWKS, "delay_ms": 500 }))
        .await;
    let before = app.emulator.count(JWKS).await;
    let verifications: Vec<_> = (0..10_000)
        .map(|number| {
            let client = app.client.clone();
            let token = tokens[number % tokens.len()].clone();
            tokio::spawn(async move { verified(&client, &token).await })
        })
        .collect();
    for verification in verifications {
        assert_eq!(verification.await.unwrap(), Status::Ok);
    }
    assert_eq!(app.emulator.count(JWKS).await, before + 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_fetch_of_the_others() {
    let app = Application::start();
    let token = app.token("access", json!({})).await;
    app.emulator
        .fault(json!({ "path": JWKS, "hang": true }))
        .await;
    let spawn = || {
        let (client, token) = (app.client.clone(), token.clone());
        tokio::spawn(async move { verified(&client, &token).await })
    };
    let first = spawn();
    app.emulator.wait_for(JWKS, 1).await;
    let second = spawn();
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    app.emulator.release().await;
    assert_eq!(second.await.unwrap(), Status::Ok);
    assert_eq!(app.emulator.count(JWKS).await, 1);
}

#[tokio::test]
async fn known_keys_stay_usable_while_the_issuer_is_away() {
    let mut app = Application::with(json!({ "timeout_ms": 2000 }));
    let tokens = [
        app.token("access", json!({})).await,
        app.token("access", json!({})).await,
    ];
    let unknown = app
        .token("access", json!({ "header": { "kid": "unknown" } }))
        .await;
    assert_eq!(verified(&app.client, &tokens[0]).await, Status::Ok);
    app.emulator.kill();
    let away = verified(&app.client, &unknown).await;
    assert!(
        matches!(away, Status::KeysUnavailable | Status::KeyNotFound),
        "{away}"
    );
    assert_eq!(verified(&app.client, &tokens[1]).await, Status::Ok);
}

#[tokio::test]
async fn without_keys_the_issuers_absence_is_said() {
    for fault in [
        json!({ "path": JWKS, "times": null, "status": 503 }),
        json!({ "path": JWKS, "times": null, "status": 404 }),
        json!({ "path": JWKS, "times": null, "drop": true }),
        json!({ "path": JWKS, "times": null, "garbage": 500 }),
        json!({ "path": JWKS, "times": null, "body": { "error": "x" } }),
        json!({ "path": JWKS, "times": null, "body": "[]" }),
        json!({ "path": JWKS, "times": null, "oversize": 3_000_000 }),
        json!({ "path": JWKS, "times": null, "hang": true }),
    ] {
        let app = Application::with(json!({ "timeout_ms": 1500, "jwks_cooldown_seconds": 0 }));
        app.emulator.fault(fault.clone()).await;
        let status = judged(&app, json!({})).await;
        // The call and its request for keys have the same deadline; either may notice it first.
        let timed_out = status == Status::Timeout && fault["hang"] == true;
        assert!(
            status == Status::KeysUnavailable || timed_out,
            "{status} after {fault}"
        );
        app.emulator.clear_faults().await;
        assert_eq!(judged(&app, json!({})).await, Status::Ok, "after {fault}");
    }
}

#[tokio::test]
async fn an_answer_that_must_not_be_kept_is_kept_for_a_while_all_the_same() {
    let app = Application::start();
    for value in [
        "no-store",
        "max-age=0",
        "max-age=99999999999999999999",
        "garbage =",
    ] {
        app.emulator
            .settings(json!({ "jwks_cache_control": value }))
            .await;
        app.emulator.forget_requests().await;
        let client = app.client(json!({ "user_agent": value.replace(' ', "") }));
        for _ in 0..3 {
            let token = app.token("access", json!({})).await;
            assert_eq!(verified(&client, &token).await, Status::Ok);
        }
        assert!(app.emulator.count(JWKS).await <= 1, "{value}");
    }
}

#[tokio::test]
async fn without_waiting_no_key_is_fetched() {
    let app = Application::start();
    let token = app.token("access", json!({})).await;
    let options = VerifyOptions::from_json(r#"{"wait": false}"#).unwrap();
    let judged = app.client.verify_token(&token, &options).await;
    assert_eq!(status(&judged), Status::WouldBlock);
    assert_eq!(app.emulator.count(JWKS).await, 0);
    app.client.prepare().await.unwrap();
    assert_eq!(
        status(&app.client.verify_token(&token, &options).await),
        Status::Ok
    );
}
