//! Discovery, keys, unknown routes, cross-origin requests.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Answer, Emulator};

#[tokio::test]
async fn discovery_names_every_endpoint() {
    let emulator = Emulator::start(&[]);
    let metadata = emulator
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["issuer"], emulator.url);
    for (name, path) in [
        ("authorization_endpoint", "/oauth2/auth"),
        ("token_endpoint", "/oauth2/token"),
        ("userinfo_endpoint", "/oauth2/v2/user_profile"),
        ("jwks_uri", "/.well-known/jwks"),
        ("end_session_endpoint", "/logout"),
        ("introspection_endpoint", "/oauth2/introspect"),
        ("revocation_endpoint", "/oauth2/revoke"),
        ("device_authorization_endpoint", "/oauth2/device/auth"),
    ] {
        assert_eq!(metadata[name], format!("{}{path}", emulator.url), "{name}");
    }
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert!(
        metadata
            .get("authorization_response_iss_parameter_supported")
            .is_none()
    );
}

#[tokio::test]
async fn keys_are_the_same_under_both_names() {
    let emulator = Emulator::start(&["--control"]);
    let jwks = emulator.get("/.well-known/jwks").await;
    assert_eq!(
        jwks.json(),
        emulator.get("/.well-known/jwks.json").await.json()
    );
    assert!(jwks.header("cache-control").is_empty());
    let key = &jwks.json()["keys"][0];
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"], &key["e"]),
        (
            &json!("RSA"),
            &json!("sig"),
            &json!("RS256"),
            &json!("AQAB")
        )
    );
    let kid: Vec<&str> = key["kid"].as_str().expect("text").split(':').collect();
    assert_eq!(kid.len(), 16);
    assert!(
        kid.iter()
            .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(key.get(private).is_none(), "{private}");
    }
    emulator
        .patch("/settings", json!({"jwks_cache_control": "max-age=60"}))
        .await;
    assert_eq!(
        emulator
            .get("/.well-known/jwks")
            .await
            .header("cache-control"),
        "max-age=60"
    );
}

#[tokio::test]
async fn the_public_keys_take_no_credentials() {
    let emulator = Emulator::start(&[]);
    for path in ["/.well-known/jwks", "/.well-known/jwks.json"] {
        assert_eq!(emulator.get_as(path, "x").await.status, 403);
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_named() {
    let emulator = Emulator::start(&[]);
    for path in ["/nothing", "/api/v1/nothing", "/_control/counts"] {
        let answer = emulator.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["errors"]["code"], "ROUTE_NOT_FOUND");
    }
    let post = Answer::to(emulator.request(Method::POST, "/oauth2/auth")).await;
    assert_eq!(post.status, 405);
}

#[tokio::test]
async fn pages_of_known_origins_may_call_the_token_endpoint() {
    let emulator = Emulator::start(&[]);
    let preflight = async |origin: &str, path: &str| {
        let request = emulator
            .request(Method::OPTIONS, path)
            .header("origin", origin);
        Answer::to(request.header("access-control-request-method", "POST")).await
    };
    for origin in [
        "http://localhost:3000",
        "https://app.example.com",
        "https://pr-1.preview.example.com",
    ] {
        let answer = preflight(origin, "/oauth2/token").await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, origin)
        );
        let request = emulator
            .request(Method::GET, "/.well-known/jwks")
            .header("origin", origin);
        assert_eq!(
            Answer::to(request)
                .await
                .header("access-control-allow-origin"),
            origin
        );
    }
    for (origin, path) in [
        ("https://evil.example", "/oauth2/token"),
        ("null", "/oauth2/token"),
        ("http://localhost:3000", "/oauth2/auth"),
    ] {
        assert!(
            preflight(origin, path)
                .await
                .header("access-control-allow-origin")
                .is_empty(),
            "{origin} {path}"
        );
    }
}

#[tokio::test]
async fn the_issuer_can_differ_from_the_address() {
    let emulator = Emulator::start(&["--issuer", "https://acme.kinde.com/", "--control"]);
    assert_eq!(emulator.ready["issuer"], "https://acme.kinde.com");
    let metadata = emulator
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["issuer"], "https://acme.kinde.com");
    assert_eq!(
        metadata["token_endpoint"],
        format!("{}/oauth2/token", emulator.url)
    );
    let order =
        json!({"template": "access", "client_id": "emulator_web", "email": "ada@example.com"});
    let minted: Value = emulator.control("/mint", order).await;
    assert_eq!(minted["claims"]["iss"], "https://acme.kinde.com");
}
