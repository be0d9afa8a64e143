//! Answers that go wrong on order.

use reqwest::Method;
use serde_json::json;

use crate::process::{Emulator, text};

const JWKS: &str = "/.well-known/jwks";

/// Whether the request failed on the way, without an answer or with a part of it.
async fn is_broken(emulator: &Emulator, path: &str) -> bool {
    match emulator.request(Method::GET, path).send().await {
        Err(_) => true,
        Ok(response) => response.bytes().await.is_err(),
    }
}

#[tokio::test]
async fn an_answer_can_be_replaced_a_number_of_times() {
    let emulator = Emulator::start(&["--control"]);
    let order = json!({
        "path": "/oauth2/token", "times": 2, "status": 429, "headers": {"Retry-After": "1"}, "body": {"error": "rate_limited"},
    });
    emulator.control("/faults", order).await;
    for _ in 0..2 {
        let answer = emulator.refresh("x").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
        assert_eq!(answer.json(), json!({"error": "rate_limited"}));
    }
    assert_eq!(emulator.refresh("x").await.status, 400);
}

#[tokio::test]
async fn a_fault_waits_for_its_request() {
    let emulator = Emulator::start(&["--control"]);
    let order = json!({"path": "/.well-known/*", "method": "GET", "skip": 1, "times": null, "status": 503, "body": "down"});
    emulator.control("/faults", order).await;
    assert_eq!(emulator.get(JWKS).await.status, 200);
    for path in [JWKS, "/.well-known/openid-configuration"] {
        let answer = emulator.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "down"));
    }
    assert_eq!(emulator.get("/logout").await.status, 200);
    assert_eq!(
        emulator.get("/_control/faults").await.json()["faults"][0]["status"],
        503
    );
    emulator.order(Method::DELETE, "/faults", &json!({})).await;
    assert_eq!(emulator.get(JWKS).await.status, 200);

    emulator.control("/faults", json!({"path": "/oauth2/token", "form": {"grant_type": "refresh_token"}, "status": 500})).await;
    emulator
        .token(&[("grant_type", "client_credentials")])
        .await
        .assert_error(400, "unauthorized_client", "");
    assert_eq!(emulator.refresh("x").await.status, 500);
}

#[tokio::test]
async fn a_genuine_answer_can_be_patched() {
    let emulator = Emulator::for_ada();
    emulator
        .control(
            "/faults",
            json!({"path": "/oauth2/token", "patch": {"id_token": null, "expires_in": "3600"}}),
        )
        .await;
    let tokens = emulator.tokens(&[]).await;
    assert!(tokens.get("id_token").is_none());
    assert_eq!(tokens["expires_in"], "3600");
    emulator.control("/faults", json!({"path": "/oauth2/userinfo", "patch": {"sub": "kp_other"}, "headers": {"x-a": "b"}})).await;
    let userinfo = emulator
        .get_as("/oauth2/userinfo", text(&tokens, "access_token"))
        .await;
    assert_eq!(
        (&userinfo.json()["sub"], userinfo.header("x-a")),
        (&json!("kp_other"), "b")
    );
}

#[tokio::test]
async fn bodies_can_be_garbage_or_enormous_or_elsewhere() {
    let emulator = Emulator::start(&["--control"]);
    emulator
        .control("/faults", json!({"path": JWKS, "oversize": 1_000_000}))
        .await;
    let answer = emulator.get(JWKS).await;
    assert_eq!(answer.body.len(), 1_000_000);
    assert!(answer.json().is_object());
    emulator
        .control("/faults", json!({"path": JWKS, "garbage": 1000}))
        .await;
    let answer = emulator
        .request(Method::GET, JWKS)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.bytes().await.expect("a body").len(), 1000);
    emulator
        .control(
            "/faults",
            json!({"path": JWKS, "redirect": "https://elsewhere.example/keys"}),
        )
        .await;
    let answer = emulator.get(JWKS).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "https://elsewhere.example/keys")
    );
    emulator
        .control(
            "/faults",
            json!({"path": JWKS, "body_base64": "AAEC", "headers": {"content-type": "text/html"}}),
        )
        .await;
    let answer = emulator.get(JWKS).await;
    assert_eq!(
        (
            answer.status,
            answer.body.as_bytes(),
            answer.header("content-type")
        ),
        (200, [0, 1, 2].as_slice(), "text/html")
    );
}

#[tokio::test]
async fn connections_break_before_in_and_after_the_answer() {
    let emulator = Emulator::for_ada();
    emulator
        .control("/faults", json!({"path": JWKS, "drop": true}))
        .await;
    assert!(is_broken(&emulator, JWKS).await);
    emulator
        .control("/faults", json!({"path": JWKS, "truncate": 10}))
        .await;
    let response = emulator
        .request(Method::GET, JWKS)
        .send()
        .await
        .expect("the head of an answer");
    assert!(response.content_length() > Some(100));
    assert!(response.bytes().await.is_err());
    assert!(!is_broken(&emulator, JWKS).await);

    // The endpoint acted, though nobody heard of it.
    let tokens = emulator.tokens(&[]).await;
    let refresh_token = text(&tokens, "refresh_token");
    emulator
        .patch("/settings", json!({"refresh_overlap_seconds": 0}))
        .await;
    emulator
        .control("/faults", json!({"path": "/oauth2/token", "drop": "after"}))
        .await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", "emulator_web"),
        ("client_secret", crate::process::WEB_SECRET),
    ];
    assert!(
        emulator
            .form("/oauth2/token", &fields)
            .send()
            .await
            .is_err()
    );
    emulator
        .refresh(refresh_token)
        .await
        .assert_error(400, "invalid_grant", "used before");
}

#[tokio::test]
async fn answers_hang_until_released() {
    let emulator = Emulator::start(&["--control"]);
    emulator
        .control("/faults", json!({"path": JWKS, "hang": true}))
        .await;
    let release = async {
        emulator
            .get(&format!("/_control/requests/wait?path={JWKS}&count=1"))
            .await;
        // The request is noted just before it begins to hang; released until the answer is there.
        loop {
            emulator.order(Method::POST, "/release", &json!({})).await;
            let seen = emulator
                .get(&format!("/_control/requests?path={JWKS}"))
                .await
                .json();
            if !seen["requests"][0]["status"].is_null() {
                break;
            }
        }
    };
    let (answer, ()) = tokio::join!(emulator.get(JWKS), release);
    assert_eq!(answer.status, 200);

    emulator
        .control("/faults", json!({"path": JWKS, "stall": 5}))
        .await;
    let response = emulator
        .request(Method::GET, JWKS)
        .send()
        .await
        .expect("the head of an answer");
    let others = async {
        assert_eq!(
            emulator.get("/logout").await.status,
            200,
            "others are served meanwhile"
        );
        emulator.order(Method::POST, "/release", &json!({})).await;
    };
    let (body, ()) = tokio::join!(response.bytes(), others);
    assert!(body.is_err());
}

#[tokio::test]
async fn a_delay_passes() {
    let emulator = Emulator::start(&["--control"]);
    emulator
        .control("/faults", json!({"path": JWKS, "delay_ms": 1}))
        .await;
    assert_eq!(emulator.get(JWKS).await.status, 200);
}

#[tokio::test]
async fn a_limit_refuses_its_share_and_tells_who_did_not_wait() {
    let emulator = Emulator::start(&["--control"]);
    let order =
        json!({"path": "/account_api/*", "share": 0.5, "reset_seconds": 600, "grace_ms": 0});
    emulator.control("/limits", order).await;
    let path = "/account_api/v1/roles";
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = emulator.get(path).await;
        if answer.status == 429 {
            assert_eq!(answer.header("ratelimit-reset"), "600");
            assert_eq!(answer.json()["errors"][0]["code"], "TOO_MANY_REQUESTS");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [401, 429, 401, 429]);
    let limits = emulator.get("/_control/limits").await.json();
    let expected =
        json!({"path": "/account_api/*", "method": null, "requests": 4, "limited": 2, "early": 2});
    assert_eq!(limits["limits"], json!([expected]));
    assert_eq!(emulator.get("/oauth2/v2/user_profile").await.status, 403);
    for wrong in [
        json!({"path": "/a"}),
        json!({"path": "/a", "share": 1.5}),
        json!({"path": "a", "times": 1}),
        json!({"path": "/a", "times": 1, "share": -0.5}),
    ] {
        let refused = emulator.order(Method::POST, "/limits", &wrong).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    emulator.order(Method::DELETE, "/limits", &json!({})).await;
    assert_eq!(emulator.get(path).await.status, 401);
}
