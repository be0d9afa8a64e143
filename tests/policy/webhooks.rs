//! Policy 1, 2 and 3: what passes for a webhook.

use kinde::{Client, Status, VerifyOptions, Webhook, WebhookOptions};
use kinde_test_support::{Application, json as read, status};
use serde_json::{Value, json};

async fn decode(client: &Client, body: &str) -> kinde::Result<Webhook> {
    client
        .decode_webhook(body, &WebhookOptions::default())
        .await
}

/// What the library says of a webhook of the emulator with these changes.
async fn judged(app: &Application, changes: Value) -> Status {
    let body = app.emulator.webhook(changes).await;
    status(&decode(&app.client, &body).await)
}

async fn with_claims(app: &Application, claims: Value) -> Status {
    judged(app, json!({ "claims": claims })).await
}

#[tokio::test]
async fn a_genuine_webhook_is_given_as_it_was_signed() {
    let app = Application::start();
    let data = json!({ "user": { "id": "kp_1", "organizations": [{ "code": "org_acme" }] } });
    let order =
        json!({ "type": "user.updated", "data": data, "source": "api", "event_id": "event_1" });
    let body = app.emulator.webhook(order).await;
    let webhook = decode(&app.client, &body).await.unwrap();
    let mut given = read(webhook.to_json());
    assert_eq!(given["timestamp"].take(), webhook.timestamp);
    let expected = json!({
        "type": "user.updated", "event_id": "event_1", "timestamp": null, "source": "api", "data": data,
        "duplicate": false,
    });
    assert_eq!(given, expected);
}

#[tokio::test]
async fn the_address_of_a_sign_in_is_given_if_it_was_signed() {
    let app = Application::start();
    let order = json!({ "type": "user.authenticated", "claims": { "ip_address": "192.0.2.1" } });
    let body = app.emulator.webhook(order).await;
    let webhook = decode(&app.client, &body).await.unwrap();
    assert_eq!(webhook.ip_address.as_deref(), Some("192.0.2.1"));
    assert_eq!(read(webhook.to_json())["ip_address"], "192.0.2.1");
}

#[tokio::test]
async fn the_second_time_of_an_event_is_given_if_it_was_signed() {
    let app = Application::start();
    let time = "2026-02-03T12:00:00.000Z";
    let order = json!({ "claims": { "event_timestamp": time } });
    let body = app.emulator.webhook(order).await;
    let webhook = decode(&app.client, &body).await.unwrap();
    assert_eq!(webhook.event_timestamp.as_deref(), Some(time));
    let given = read(webhook.to_json());
    assert_eq!(given["event_timestamp"], time);
    assert_eq!(given["timestamp"], webhook.timestamp);
    // The time of the event is the other one.
    let old = json!({ "event_timestamp": "2024-02-03T12:00:00.000Z" });
    assert_eq!(with_claims(&app, old).await, Status::Ok);
}

#[tokio::test]
async fn the_second_time_of_an_event_counts_where_it_stands_alone() {
    let app = Application::start();
    let now = decode(&app.client, &app.emulator.webhook(json!({})).await)
        .await
        .unwrap()
        .timestamp;
    let alone = |time: &str| json!({ "timestamp": null, "event_timestamp": time });
    let order = json!({ "claims": alone(&now) });
    let body = app.emulator.webhook(order).await;
    let webhook = decode(&app.client, &body).await.unwrap();
    assert_eq!(webhook.timestamp, now);
    let old = alone("2024-02-03T12:00:00.000Z");
    assert_eq!(with_claims(&app, old).await, Status::TokenExpired);
    for wrong in ["", "yesterday"] {
        assert_eq!(with_claims(&app, alone(wrong)).await, Status::ClaimMissing);
    }
}

#[tokio::test]
async fn types_and_sources_are_open() {
    let app = Application::start();
    for changes in [
        json!({ "type": "something.new", "source": "robot", "data": {} }),
        json!({ "claims": { "source": null, "ip_address": "192.0.2.1", "event_timestamp": "x" } }),
        json!({ "header": { "typ": null } }),
    ] {
        assert_eq!(judged(&app, changes.clone()).await, Status::Ok, "{changes}");
    }
}

#[tokio::test]
async fn only_a_key_of_the_issuer_signs_webhooks() {
    let app = Application::start();
    for (changes, expected) in [
        (json!({ "sign": "foreign" }), Status::Signature),
        (json!({ "sign": "garbage" }), Status::Signature),
        (json!({ "sign": "empty" }), Status::Signature),
        (json!({ "sign": "none" }), Status::Algorithm),
        (json!({ "sign": "hs256" }), Status::Algorithm),
        (json!({ "header": { "alg": "PS256" } }), Status::Algorithm),
        (
            json!({ "header": { "kid": "unknown" } }),
            Status::KeyNotFound,
        ),
        (
            json!({ "header": { "crit": ["x"], "x": 1 } }),
            Status::TokenMalformed,
        ),
        (
            json!({ "header": { "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/" } }),
            Status::Ok,
        ),
    ] {
        assert_eq!(judged(&app, changes.clone()).await, expected, "{changes}");
    }
}

#[tokio::test]
async fn an_extra_issuer_signs_tokens_but_no_webhooks() {
    let other = Application::start();
    let app = Application::with(json!({ "extra_issuers": [other.url()] }));
    // Verified before, its signature is known to be good.
    let named = json!({ "claims": { "iss": other.url() } });
    let named = other.emulator.webhook(named).await;
    assert_eq!(status(&app.verify(&named).await), Status::TokenKind);
    assert_eq!(status(&decode(&app.client, &named).await), Status::Issuer);

    let unnamed = other.emulator.webhook(json!({})).await;
    assert_eq!(
        status(&decode(&app.client, &unnamed).await),
        Status::KeyNotFound
    );
    assert_eq!(status(&decode(&other.client, &unnamed).await), Status::Ok);
}

#[tokio::test]
async fn a_webhook_that_names_an_issuer_names_the_configured_one() {
    let app = Application::start();
    assert_eq!(
        with_claims(&app, json!({ "iss": app.url() })).await,
        Status::Ok
    );
    for wrong in ["https://elsewhere.example", ""] {
        assert_eq!(
            with_claims(&app, json!({ "iss": wrong })).await,
            Status::Issuer,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn no_token_of_a_user_or_machine_passes_for_a_webhook() {
    let app = Application::start();
    for template in ["access", "id", "m2m"] {
        let client_id = if template == "m2m" {
            "emulator_m2m"
        } else {
            "emulator_web"
        };
        let token = app.token(template, json!({ "client_id": client_id })).await;
        assert_eq!(
            status(&decode(&app.client, &token).await),
            Status::TokenKind,
            "{template}"
        );
        // What a user may have put among his own claims.
        let dressed_up = json!({
            "client_id": client_id,
            "claims": { "type": "user.created", "event_id": "event_1", "data": {}, "timestamp": "2026-01-01T00:00:00Z" },
        });
        let token = app.token(template, dressed_up).await;
        assert_eq!(
            status(&decode(&app.client, &token).await),
            Status::TokenKind,
            "{template}"
        );
    }
    for claim in ["scp", "at_hash", "sub"] {
        let named = json!({ claim: "x", "iss": app.url() });
        assert_eq!(with_claims(&app, named).await, Status::TokenKind, "{claim}");
        // It is no webhook, so it would have to say who issued it.
        let unnamed = json!({ claim: "x" });
        assert_eq!(
            with_claims(&app, unnamed).await,
            Status::ClaimMissing,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_webhook_without_an_issuer_passes_for_no_token() {
    let app = Application::start();
    let webhook = app.emulator.webhook(json!({})).await;
    for decoded_before in [false, true] {
        if decoded_before {
            decode(&app.client, &webhook).await.unwrap();
        }
        for kind in ["access", "id"] {
            let options = VerifyOptions::from_json(&json!({ "type": kind }).to_string()).unwrap();
            let verdict = app.client.verify_token(&webhook, &options).await;
            assert_eq!(
                status(&verdict),
                Status::TokenKind,
                "{kind} {decoded_before}"
            );
        }
    }
    let nobody = app
        .token("access", json!({ "claims": { "iss": null } }))
        .await;
    assert_eq!(status(&app.verify(&nobody).await), Status::ClaimMissing);
    assert_eq!(
        status(&decode(&app.client, &nobody).await),
        Status::ClaimMissing
    );
}

#[tokio::test]
async fn type_event_id_and_timestamp_are_texts_and_data_is_an_object() {
    let app = Application::start();
    let absent = |name: &str| with_claims(&app, json!({ name: null }));
    for name in ["type", "event_id", "data"] {
        // Then it says of nobody who issued it, and is no webhook.
        assert_eq!(absent(name).await, Status::ClaimMissing, "{name}");
        let named = json!({ name: null, "iss": app.url() });
        assert_eq!(with_claims(&app, named).await, Status::TokenKind, "{name}");
    }
    assert_eq!(absent("timestamp").await, Status::ClaimMissing);
    for name in ["type", "event_id", "timestamp"] {
        for wrong in [json!(1), json!({}), json!([]), json!(""), json!(true)] {
            let claims = json!({ name: wrong });
            assert_eq!(
                with_claims(&app, claims.clone()).await,
                Status::ClaimMissing,
                "{claims}"
            );
        }
    }
    for wrong in [json!("{}"), json!([]), json!(1), json!(true)] {
        let body = app.emulator.webhook(json!({ "data": wrong })).await;
        let error = decode(&app.client, &body).await.unwrap_err();
        assert_eq!(
            (error.status(), error.claim()),
            (Status::ClaimMissing, Some("data")),
            "{wrong}"
        );
    }
    for wrong in ["yesterday", "2026-01-01T00:00:00", "1732136510"] {
        assert_eq!(
            with_claims(&app, json!({ "timestamp": wrong })).await,
            Status::ClaimMissing,
            "{wrong}"
        );
    }
    for twice in ["type", "event_id", "data", "timestamp"] {
        let payload =
            format!(r#"{{"type":"t","event_id":"e","data":{{}},"timestamp":"t","{twice}":"x"}}"#);
        assert_eq!(
            judged(&app, json!({ "payload": payload })).await,
            Status::TokenMalformed,
            "{twice}"
        );
    }
}

/// What the library says of an event that happened so many seconds ago.
async fn aged(app: &Application, client: &Client, seconds: i64) -> Status {
    app.emulator.shift_clock(-seconds).await;
    let body = app.emulator.webhook(json!({})).await;
    app.emulator.post("/clock", json!({ "reset": true })).await;
    status(&decode(client, &body).await)
}

#[tokio::test]
async fn an_event_is_two_days_old_at_most() {
    let app = Application::start();
    for (age, expected) in [
        (36 * 3600, Status::Ok),
        (2 * 86_400 - 60, Status::Ok),
        (2 * 86_400 + 60, Status::TokenExpired),
        (400 * 86_400, Status::TokenExpired),
        (-240, Status::Ok),
        (-360, Status::TokenNotYetValid),
        (-400 * 86_400, Status::TokenNotYetValid),
    ] {
        assert_eq!(aged(&app, &app.client, age).await, expected, "{age}");
    }
    let client = app.client(json!({ "webhook_tolerance_seconds": 600 }));
    assert_eq!(aged(&app, &client, 540).await, Status::Ok);
    assert_eq!(aged(&app, &client, 660).await, Status::TokenExpired);
    // That it was verified before does not make it young.
    let body = app
        .emulator
        .webhook(json!({ "timestamp": "2024-11-21T08:01:50.155+11:00" }))
        .await;
    for _ in 0..2 {
        let error = decode(&app.client, &body).await.unwrap_err();
        assert_eq!(
            (error.status(), error.claim()),
            (Status::TokenExpired, Some("timestamp"))
        );
    }
}

#[tokio::test]
async fn white_space_around_the_body_is_passed_over_and_nothing_else() {
    let app = Application::start();
    let body = app.emulator.webhook(json!({})).await;
    let spaced = format!("\r\n\t {body} \n");
    assert_eq!(status(&decode(&app.client, &spaced).await), Status::Ok);
    for wrong in [
        String::new(),
        " ".into(),
        format!("\"{body}\""),
        format!("{body}."),
        body.replacen('.', " .", 1),
        r#"{"type":"user.created"}"#.into(),
    ] {
        assert_eq!(
            status(&decode(&app.client, &wrong).await),
            Status::TokenMalformed,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_body_is_64_kib_long_at_most() {
    let app = Application::start();
    let long = |length: usize| json!({ "data": { "text": "x".repeat(length) } });
    assert_eq!(judged(&app, long(40_000)).await, Status::Ok);
    assert_eq!(judged(&app, long(50_000)).await, Status::TokenMalformed);
}

#[tokio::test]
async fn who_does_not_wait_is_told_that_keys_are_missing() {
    let app = Application::start();
    let body = app.emulator.webhook(json!({})).await;
    let at_once = WebhookOptions::from_json(r#"{"wait": false}"#).unwrap();
    let client = app.client(json!({ "user_agent": "does not wait" }));
    let decoded = client.decode_webhook(&body, &at_once).await;
    assert_eq!(status(&decoded), Status::WouldBlock);
    assert_eq!(app.emulator.count("/.well-known/jwks").await, 0);
    client.prepare().await.unwrap();
    let decoded = client.decode_webhook(&body, &at_once).await;
    assert_eq!(status(&decoded), Status::Ok);
}

#[tokio::test]
async fn unknown_options_are_refused_by_name() {
    let error = WebhookOptions::from_json(r#"{"wait": true, "webhook_id": "msg_1"}"#).unwrap_err();
    assert_eq!(
        (error.status(), error.field()),
        (Status::InvalidArgument, Some("webhook_id"))
    );
    let error = WebhookOptions::from_json(r#"{"wait": "no"}"#).unwrap_err();
    assert_eq!(
        (error.status(), error.field()),
        (Status::InvalidArgument, Some("wait"))
    );
    assert!(WebhookOptions::from_json("").unwrap().wait);
}
