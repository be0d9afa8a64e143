//! The test control: tokens, keys, clock, directory, requests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Answer, Emulator, text};

fn parts(token: &str) -> (Value, String, Vec<u8>) {
    let parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"))
        .collect();
    let [header, payload, signature] = parts.try_into().expect("three parts");
    (
        serde_json::from_slice(&header).expect("JSON"),
        String::from_utf8(payload).expect("text"),
        signature,
    )
}

#[tokio::test]
async fn any_token_can_be_minted() {
    let emulator = Emulator::start(&["--control"]);
    let exact = emulator
        .control(
            "/mint",
            json!({"claims": {"sub": "kp_1"}, "header": {"typ": "at+jwt"}}),
        )
        .await;
    let token = text(&exact, "token");
    assert_eq!(emulator.verified(token).await, Ok(json!({"sub": "kp_1"})));
    assert_eq!(parts(token).0["typ"], "at+jwt");

    let literal = emulator
        .control("/mint", json!({"payload": "{\"exp\":1,\"exp\":2} "}))
        .await;
    assert_eq!(parts(text(&literal, "token")).1, "{\"exp\":1,\"exp\":2} ");
    let literal = emulator
        .control("/mint", json!({"header_text": "{\"alg\":\"RS256\"}"}))
        .await;
    assert_eq!(parts(text(&literal, "token")).0, json!({"alg": "RS256"}));

    let id = json!({"template": "id", "client_id": "emulator_web", "email": "ada@example.com", "nonce": "n", "claims": {"aud": null}});
    let id = emulator.control("/mint", id).await["claims"].clone();
    assert_eq!(
        (&id["nonce"], id.get("aud"), id.get("at_hash")),
        (&json!("n"), None, None)
    );
    let machine = json!({"template": "m2m", "client_id": "emulator_m2m", "audience": "https://api.example.com"});
    let machine = emulator.control("/mint", machine).await["claims"].clone();
    assert_eq!(machine["scp"], json!(["read:orders", "write:orders"]));
}

#[tokio::test]
async fn signatures_lie_on_order() {
    let emulator = Emulator::start(&["--control"]);
    let mint = async |sign: &str| {
        text(
            &emulator
                .control("/mint", json!({"claims": {"sub": "x"}, "sign": sign}))
                .await,
            "token",
        )
        .to_owned()
    };
    assert!(emulator.verified(&mint("current").await).await.is_ok());
    for (sign, algorithm, length) in [
        ("foreign", "RS256", 256),
        ("none", "none", 0),
        ("hs256", "HS256", 32),
        ("garbage", "RS256", 256),
        ("empty", "RS256", 0),
    ] {
        let token = mint(sign).await;
        assert!(emulator.verified(&token).await.is_err(), "{sign}");
        let (header, _, signature) = parts(&token);
        assert_eq!(
            (&header["alg"], signature.len()),
            (&json!(algorithm), length),
            "{sign}"
        );
        assert_eq!(
            header["kid"],
            emulator.get("/_control/keys").await.json()["signing"],
            "{sign}"
        );
    }
}

#[tokio::test]
async fn the_token_endpoint_lies_as_often_as_ordered() {
    let emulator = Emulator::for_ada();
    emulator
        .control(
            "/lies",
            json!({"token": "id", "claims": {"nonce": "wrong", "email": null}}),
        )
        .await;
    emulator
        .control("/lies", json!({"token": "access", "hollow": true}))
        .await;
    let lying = emulator.tokens(&[]).await;
    let id = emulator.claims(&lying, "id_token").await;
    assert_eq!((&id["nonce"], id.get("email")), (&json!("wrong"), None));
    let (header, payload, _) = parts(text(&lying, "access_token"));
    assert!(header.get("kid").is_none());
    let hollow: Value = serde_json::from_str(&payload).expect("JSON");
    let names: Vec<&String> = hollow.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["aud", "iat", "jti", "scp"]);

    let honest = emulator.tokens(&[]).await;
    let id = emulator.claims(&honest, "id_token").await;
    assert_eq!(id["email"], "ada@example.com");

    emulator
        .control(
            "/lies",
            json!({"token": "access", "sign": "foreign", "times": null}),
        )
        .await;
    for _ in 0..2 {
        assert!(
            emulator
                .verified(text(&emulator.tokens(&[]).await, "access_token"))
                .await
                .is_err()
        );
    }
    assert_eq!(
        emulator
            .order(Method::DELETE, "/lies", &json!({}))
            .await
            .status,
        200
    );
    assert!(
        emulator
            .verified(text(&emulator.tokens(&[]).await, "access_token"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_refresh_lies_too_and_once() {
    let emulator = Emulator::for_ada();
    let first = emulator.tokens(&[]).await;
    emulator
        .control(
            "/lies",
            json!({"token": "access", "claims": {"sub": "kp_other"}}),
        )
        .await;
    let lying = emulator.refresh(text(&first, "refresh_token")).await.json();
    assert_eq!(
        emulator.claims(&lying, "access_token").await["sub"],
        "kp_other"
    );
    let honest = emulator.refresh(text(&lying, "refresh_token")).await.json();
    let sub = emulator.claims(&first, "access_token").await["sub"].clone();
    assert_eq!(emulator.claims(&honest, "access_token").await["sub"], sub);
}

#[tokio::test]
async fn keys_rotate_come_and_go() {
    let emulator = Emulator::for_ada();
    let kids = async || {
        let jwks = emulator.get("/.well-known/jwks").await.json();
        jwks["keys"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|key| key["kid"].clone())
            .collect::<Vec<_>>()
    };
    let first = emulator.tokens(&[]).await;
    let first = text(&first, "access_token");
    let first_kid = kids().await[0].clone();

    let rotated = emulator.control("/keys/rotate", json!({})).await;
    assert_eq!(kids().await, [first_kid.clone(), rotated["kid"].clone()]);
    assert!(emulator.verified(first).await.is_ok());
    let second = emulator.tokens(&[]).await;
    assert_eq!(
        parts(text(&second, "access_token")).0["kid"],
        rotated["kid"]
    );

    let replaced = emulator
        .control("/keys/rotate", json!({"keep_old": false}))
        .await;
    assert_eq!(kids().await, [replaced["kid"].clone()]);
    assert!(emulator.verified(first).await.is_err());
    let old = json!({"claims": {"sub": "x"}, "sign": format!("key:{}", first_kid.as_str().expect("text"))});
    assert_eq!(
        parts(text(&emulator.control("/mint", old).await, "token")).0["kid"],
        first_kid
    );

    let hidden = emulator
        .control("/keys/rotate", json!({"publish": false}))
        .await;
    assert!(!kids().await.contains(&hidden["kid"]));
    let extra = emulator.control("/keys", json!({})).await;
    emulator
        .control(
            "/keys",
            json!({"jwk": {"kty": "oct", "kid": "odd", "k": "c2VjcmV0"}}),
        )
        .await;
    assert_eq!(
        kids().await,
        [replaced["kid"].clone(), extra["kid"].clone(), json!("odd")]
    );
    assert_eq!(
        emulator
            .order(Method::DELETE, "/keys?kid=odd", &json!({}))
            .await
            .status,
        200
    );
    assert_eq!(
        emulator
            .order(Method::DELETE, "/keys?kid=odd", &json!({}))
            .await
            .status,
        404
    );

    emulator.control("/reset", json!({})).await;
    assert_eq!(kids().await, [first_kid]);
}

#[tokio::test]
async fn what_was_issued_can_expire() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    emulator
        .control("/tokens/expire", json!({"kind": "access"}))
        .await;
    assert_eq!(
        emulator
            .get_as("/oauth2/userinfo", text(&tokens, "access_token"))
            .await
            .status,
        401
    );
    let refreshed = emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .json();
    assert_ne!(refreshed["access_token"], tokens["access_token"]);
    emulator
        .control("/tokens/expire", json!({"kind": "refresh"}))
        .await;
    emulator
        .refresh(text(&refreshed, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "expired");
    let code = emulator.code(&[]).await;
    emulator
        .control("/tokens/expire", json!({"kind": "codes"}))
        .await;
    emulator
        .exchange(&code)
        .await
        .assert_error(400, "invalid_grant", "expired");
}

#[tokio::test]
async fn the_clock_moves_on_order() {
    let emulator = Emulator::for_ada();
    let now = emulator
        .control("/clock", json!({"now": 1_700_000_000}))
        .await["now"]
        .as_i64()
        .expect("a time");
    assert!((1_700_000_000..1_700_000_010).contains(&now));
    let tokens = emulator.tokens(&[]).await;
    let claims = emulator.claims(&tokens, "access_token").await;
    assert!((1_700_000_000..1_700_000_010).contains(&claims["iat"].as_i64().expect("a time")));
    let later = emulator
        .control("/clock", json!({"shift_seconds": 1000}))
        .await["now"]
        .as_i64()
        .expect("a time");
    assert!((1_700_001_000..1_700_001_020).contains(&later));
    let real = emulator.control("/clock", json!({"reset": true})).await["now"]
        .as_i64()
        .expect("a time");
    assert!(real > 1_750_000_000);
}

#[tokio::test]
async fn a_code_can_be_had_without_a_browser() {
    let emulator = Emulator::start(&["--control"]);
    let order = json!({
        "client_id": "emulator_web", "email": "grace@example.com", "redirect_uri": crate::process::CALLBACK,
        "code_challenge": crate::process::CHALLENGE, "scope": "openid email",
    });
    let code = emulator.control("/code", order).await;
    let tokens = emulator.exchange(text(&code, "code")).await.json();
    let claims = emulator.claims(&tokens, "id_token").await;
    assert_eq!(claims["email"], "grace@example.com");
}

#[tokio::test]
async fn the_directory_can_be_read_changed_and_extended() {
    let emulator = Emulator::for_ada();
    emulator
        .patch(
            "/organizations?code=org_acme",
            json!({"feature_flags": {"theme": "green"}, "name": "Acme 2"}),
        )
        .await;
    emulator
        .patch(
            "/users?email=ada@example.com",
            json!({"given_name": "Augusta"}),
        )
        .await;
    let tokens = emulator.tokens(&[]).await;
    let access = emulator.claims(&tokens, "access_token").await;
    assert_eq!(access["feature_flags"]["theme"]["v"], "green");
    let id = emulator.claims(&tokens, "id_token").await;
    assert_eq!(
        (&id["given_name"], &id["organizations"][0]["name"]),
        (&json!("Augusta"), &json!("Acme 2"))
    );

    let put = |path: &'static str, new: Value| emulator_order(&emulator, path, new);
    assert_eq!(
        put("/organizations", json!({"code": "org_new", "name": "New"}))
            .await
            .status,
        200
    );
    assert_eq!(
        put(
            "/users",
            json!({"email": "new@example.com", "organizations": [{"code": "org_new"}]})
        )
        .await
        .status,
        200
    );
    emulator
        .control("/login", json!({"email": "new@example.com"}))
        .await;
    let tokens = emulator.tokens(&[]).await;
    let access = emulator.claims(&tokens, "access_token").await;
    assert_eq!(access["org_code"], "org_new");
    let users = emulator.get("/_control/users").await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(5));
}

async fn emulator_order(emulator: &Emulator, path: &str, new: Value) -> Answer {
    emulator.order(Method::PUT, path, &new).await
}

#[tokio::test]
async fn impossible_orders_are_refused_and_change_nothing() {
    let emulator = Emulator::start(&["--control"]);
    for (method, path, order, reason) in [
        (
            Method::POST,
            "/login",
            json!({"email": "who@example.com"}),
            "who@example.com",
        ),
        (Method::POST, "/login", json!({"user": "x"}), "user"),
        (
            Method::POST,
            "/device",
            json!({"user_code": "X", "action": "deny"}),
            "user_code",
        ),
        (Method::POST, "/mint", json!({"sign": "rot13"}), "rot13"),
        (Method::POST, "/mint", json!({"sign": "key:x"}), "no key"),
        (
            Method::POST,
            "/mint",
            json!({"template": "access"}),
            "client_id",
        ),
        (Method::POST, "/mint", json!({"claim": {}}), "claim"),
        (
            Method::POST,
            "/lies",
            json!({"token": "id", "sign": "x"}),
            "sign",
        ),
        (Method::POST, "/lies", json!({"token": "cookie"}), "cookie"),
        (
            Method::POST,
            "/faults",
            json!({"path": "oauth2/token"}),
            "path",
        ),
        (
            Method::POST,
            "/faults",
            json!({"path": "/x", "status": 99}),
            "status",
        ),
        (
            Method::POST,
            "/faults",
            json!({"path": "/x", "headers": {"a b": "c"}}),
            "headers",
        ),
        (
            Method::POST,
            "/faults",
            json!({"path": "/x", "colour": "blue"}),
            "colour",
        ),
        (Method::PATCH, "/settings", json!({"unknown": 1}), "unknown"),
        (
            Method::PATCH,
            "/settings",
            json!({"refresh_overlap_seconds": -1}),
            "refresh_overlap_seconds",
        ),
        (
            Method::PATCH,
            "/users?email=who@example.com",
            json!({}),
            "who@example.com",
        ),
        (
            Method::PATCH,
            "/users?email=ada@example.com",
            json!({"organizations": [{"code": "org_x"}]}),
            "org_x",
        ),
        (
            Method::PUT,
            "/organizations",
            json!({"code": "org_acme", "name": "x"}),
            "twice",
        ),
        (
            Method::PUT,
            "/applications",
            json!({"client_id": "x", "kind": "regular"}),
            "client_secret",
        ),
    ] {
        let answer = emulator.order(method, path, &order).await;
        assert_eq!(answer.status, 400, "{path} {order}: {}", answer.body);
        assert!(
            text(&answer.json(), "error").contains(reason),
            "{path} {order}: {}",
            answer.body
        );
    }
    assert_eq!(
        emulator.get("/_control/settings").await.json()["refresh_overlap_seconds"],
        60
    );
    assert_eq!(emulator.get("/_control/nothing").await.status, 404);
}

#[tokio::test]
async fn web_pages_cannot_give_orders() {
    let emulator = Emulator::start(&["--control"]);
    let order = |request: reqwest::RequestBuilder| Answer::to(request);
    let from_page = emulator
        .request(Method::POST, "/_control/reset")
        .header("origin", "https://evil.example");
    assert_eq!(order(from_page).await.status, 403);
    for (host, status) in [
        ("rebound.evil.example", 403),
        ("localhost:1", 200),
        ("kinde:4455", 200),
        ("[::1]", 200),
    ] {
        let renamed = emulator
            .request(Method::GET, "/_control/counts")
            .header("host", host);
        assert_eq!(order(renamed).await.status, status, "{host}");
    }
    let as_text = emulator
        .request(Method::POST, "/_control/mint")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(order(as_text).await.status, 415);
    assert_eq!(
        order(emulator.request(Method::POST, "/_control/release"))
            .await
            .status,
        200,
        "no body, no type"
    );
}

#[tokio::test]
async fn requests_are_listed_counted_and_awaited() {
    let emulator = Emulator::start(&["--control"]);
    emulator.refresh("secret.token").await;
    emulator.get("/.well-known/jwks?a=1&a=2").await;
    let listed = emulator
        .get("/_control/requests?path=/oauth2/token&method=post")
        .await
        .json();
    let request = &listed["requests"][0];
    assert_eq!(request["form"]["refresh_token"], json!(["secret.token"]));
    assert_eq!(
        (&request["method"], &request["status"]),
        (&json!("POST"), &json!(400))
    );
    assert_eq!(
        request["headers"]["content-type"],
        "application/x-www-form-urlencoded"
    );
    let all = emulator.get("/_control/requests").await.json();
    assert_eq!(all["requests"][1]["query"]["a"], json!(["1", "2"]));
    let after = emulator
        .get(&format!("/_control/requests?after={}", request["id"]))
        .await
        .json();
    assert_eq!(after["requests"].as_array().map(Vec::len), Some(1));
    let counts = emulator.get("/_control/counts").await.json();
    assert_eq!(counts, json!({"/oauth2/token": 1, "/.well-known/jwks": 1}));

    let wait = emulator.get("/_control/requests/wait?path=/logout&count=2");
    let (waited, _, _) = tokio::join!(wait, emulator.get("/logout"), emulator.get("/logout"));
    assert_eq!((waited.status, waited.json()), (200, json!({"count": 2})));
    let in_vain = emulator
        .get("/_control/requests/wait?path=/logout&count=3&timeout_ms=1")
        .await;
    assert_eq!(in_vain.status, 408);
    emulator
        .order(Method::DELETE, "/requests", &json!({}))
        .await;
    assert_eq!(emulator.get("/_control/counts").await.json(), json!({}));
}

#[tokio::test]
async fn a_reset_undoes_everything() {
    let emulator = Emulator::for_ada();
    let tokens = emulator.tokens(&[]).await;
    emulator
        .patch("/settings", json!({"callback_iss": true}))
        .await;
    emulator.control("/login", json!({"email": null})).await;
    emulator.control("/clock", json!({"now": 1})).await;
    emulator
        .control(
            "/faults",
            json!({"path": "/*", "status": 500, "times": null}),
        )
        .await;
    emulator
        .control("/lies", json!({"token": "id", "sign": "none"}))
        .await;
    emulator.control("/reset", json!({})).await;
    emulator
        .refresh(text(&tokens, "refresh_token"))
        .await
        .assert_error(400, "invalid_grant", "");
    assert!(!emulator.authorize(&[]).await.callback().contains_key("iss"));
    assert!(
        emulator
            .verified(text(&emulator.tokens(&[]).await, "id_token"))
            .await
            .is_ok()
    );
}
