//! Policy 6: HTTPS, redirects, cookies, sizes, deadlines, repetitions.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinde::{
    Client, ClientCredentials, Config, Session, Status, UserProfileRequest, VerifyOptions,
};
use kinde_test_support::{Application, Emulator, http_client_trusting, status};
use serde_json::{Value, json};

const JWKS: &str = "/.well-known/jwks.json";
const PROFILE: &str = "/oauth2/v2/user_profile";
const TOKEN: &str = "/oauth2/token";

fn settings_accepted(settings: Value) -> kinde::Result<()> {
    let mut config = Config::new();
    config.load_json(&settings.to_string())?;
    Client::new(&config).map(drop)
}

async fn machine_token(app: &Application) -> kinde::Result<String> {
    let client = app.client(json!({
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
        "timeout_ms": 1500,
    }));
    let params = ClientCredentials::from_json(r#"{"audience": "https://api.example.com"}"#)?;
    let tokens = client.client_credentials(params).await?;
    Ok(tokens.access_token.expose().to_owned())
}

async fn profile(app: &Application, session: &Session) -> kinde::Result<Value> {
    let request = json!({ "access_token": session.access_token()?.expose() });
    let request = UserProfileRequest::from_json(&request.to_string())?;
    app.client
        .user_profile(request)
        .await
        .map(kinde_test_support::json)
}

#[test]
fn https_only_except_to_loopback_and_insecure_hosts() {
    for (domain, insecure_hosts, accepted) in [
        ("https://example.kinde.com", "", true),
        ("http://example.kinde.com", "", false),
        ("http://127.0.0.1:4455", "", true),
        ("http://localhost:4455", "", true),
        ("http://[::1]:4455", "", true),
        ("http://127.0.0.1.example.com", "", false),
        ("http://localhost.example.com", "", false),
        ("http://192.168.0.5", "", false),
        ("http://dev.test", "dev.test", true),
        ("http://other.test", "dev.test", false),
        ("http://x.dev.test", "dev.test", false),
        ("ftp://127.0.0.1", "", false),
    ] {
        let judged = settings_accepted(
            json!({ "domain": domain, "client_id": "x", "insecure_hosts": insecure_hosts }),
        );
        assert_eq!(
            judged.is_ok(),
            accepted,
            "{domain} {insecure_hosts} {judged:?}"
        );
    }
    for setting in [
        "issuer",
        "token_endpoint",
        "jwks_url",
        "authorization_endpoint",
        "extra_issuers",
    ] {
        let judged = settings_accepted(
            json!({ "domain": "example.kinde.com", "client_id": "x", setting: "http://example.com/x" }),
        );
        let error = judged.unwrap_err();
        assert_eq!(
            (error.status(), error.field()),
            (Status::Config, Some(setting))
        );
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status_line in [None, Some(307), Some(308), Some(301)] {
        let app = Application::start();
        let target = format!("{}/elsewhere", app.url());
        let mut fault = json!({ "times": null, "redirect": target });
        if let Some(number) = status_line {
            fault = json!({ "times": null, "status": number, "headers": { "Location": target }, "body": "" });
        }
        let session = app.signed_in().await;
        for path in [TOKEN, PROFILE] {
            fault["path"] = json!(path);
            app.emulator.fault(fault.clone()).await;
        }
        assert_eq!(status(&machine_token(&app).await), Status::Http);
        assert_eq!(status(&session.refresh().await), Status::Http);
        assert_eq!(status(&profile(&app, &session).await), Status::Http);

        fault["path"] = json!(JWKS);
        app.emulator.fault(fault).await;
        let fresh = app.client(json!({ "user_agent": "another-pool" }));
        let token = app.token("access", json!({})).await;
        assert_eq!(
            status(&fresh.verify_token(&token, &VerifyOptions::default()).await),
            Status::KeysUnavailable
        );
        assert_eq!(app.emulator.count("/elsewhere").await, 0);
    }
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let app = Application::start();
    for path in [TOKEN, JWKS, PROFILE] {
        let headers = json!({ "Set-Cookie": "tracking=1; Path=/" });
        app.emulator
            .fault(json!({ "path": path, "headers": headers, "patch": {} }))
            .await;
    }
    let session = app.signed_in().await;
    session.refresh().await.unwrap();
    profile(&app, &session).await.unwrap();
    profile(&app, &session).await.unwrap();
    for path in [TOKEN, JWKS, PROFILE] {
        for request in app.emulator.requests(path).await {
            assert_eq!(request.header("cookie"), None, "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_size_limit() {
    let app = Application::start();
    let session = app.signed_in().await;
    for path in [TOKEN, PROFILE] {
        app.emulator
            .fault(json!({ "path": path, "times": null, "oversize": 2_000_000 }))
            .await;
    }
    assert_eq!(status(&machine_token(&app).await), Status::ResponseTooLarge);
    assert_eq!(
        status(&profile(&app, &session).await),
        Status::ResponseTooLarge
    );
}

#[tokio::test]
async fn the_size_limit_is_a_setting() {
    let app = Application::with(json!({ "max_response_bytes": 3_000_000 }));
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": PROFILE, "oversize": 2_000_000 }))
        .await;
    assert_ne!(
        status(&profile(&app, &session).await),
        Status::ResponseTooLarge
    );
    let small = app.client(json!({ "max_response_bytes": 1024 }));
    let session = small.session();
    let callback = app.callback(&session).await;
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::ResponseTooLarge
    );
}

#[tokio::test]
async fn the_size_limit_holds_after_decompression() {
    let app = Application::start();
    let session = app.signed_in().await;
    let bomb = STANDARD.encode(gzip_of_zeros());
    app.emulator
        .fault(json!({
            "path": PROFILE,
            "times": null,
            "status": 200,
            "headers": { "Content-Encoding": "gzip", "Content-Type": "application/json" },
            "body_base64": bomb,
        }))
        .await;
    assert_eq!(
        status(&profile(&app, &session).await),
        Status::ResponseTooLarge
    );
}

/// A small file that unpacks to 64 MiB.
fn gzip_of_zeros() -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        packer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    packer.finish().unwrap()
}

#[tokio::test]
async fn answers_have_a_nesting_limit() {
    let app = Application::start();
    let session = app.signed_in().await;
    for open in ["[", "{\"a\":"] {
        let deep = format!("{{\"sub\":{}", open.repeat(100_000));
        app.emulator
            .fault(json!({ "path": PROFILE, "times": null, "status": 200, "headers": { "Content-Type": "application/json" }, "body": deep }))
            .await;
        assert_eq!(
            status(&profile(&app, &session).await),
            Status::MalformedResponse
        );
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn the_deadline_holds_for_the_whole_answer() {
    let app = Application::with(json!({ "timeout_ms": 700 }));
    let session = app.signed_in().await;
    for trouble in [
        json!({ "hang": true }),
        json!({ "stall": 0 }),
        json!({ "stall": 5 }),
        json!({ "delay_ms": 20_000 }),
    ] {
        for path in [TOKEN, PROFILE] {
            let mut fault = trouble.clone();
            fault["path"] = json!(path);
            fault["times"] = json!(null);
            app.emulator.fault(fault).await;
        }
        let refreshed = session.refresh().await;
        assert_eq!(status(&refreshed), Status::Timeout, "{trouble}");
        let message = refreshed.unwrap_err().to_string();
        assert!(message.contains("127.0.0.1"), "names no host: {message}");
        assert_eq!(
            status(&profile(&app, &session).await),
            Status::Timeout,
            "{trouble}"
        );
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn what_is_not_safe_to_repeat_is_sent_once() {
    for trouble in [
        json!({ "status": 503 }),
        json!({ "status": 429 }),
        json!({ "drop": true }),
    ] {
        let app = Application::start();
        let session = app.client.session();
        let callback = app.callback(&session).await;
        let mut fault = trouble.clone();
        fault["path"] = json!(TOKEN);
        fault["times"] = json!(null);
        app.emulator.fault(fault).await;
        assert!(
            session.handle_callback(&callback).await.is_err(),
            "{trouble}"
        );
        assert_eq!(app.emulator.count(TOKEN).await, 1, "{trouble}");
    }
}

#[tokio::test]
async fn what_is_safe_to_repeat_is_repeated() {
    let app = Application::start();
    let session = app.signed_in().await;
    for trouble in [
        json!({ "status": 503 }),
        json!({ "status": 429 }),
        json!({ "drop": true }),
        json!({ "truncate": 3 }),
    ] {
        app.emulator.forget_requests().await;
        let mut fault = trouble.clone();
        fault["path"] = json!(PROFILE);
        app.emulator.fault(fault).await;
        assert_eq!(
            status(&profile(&app, &session).await),
            Status::Ok,
            "{trouble}"
        );
        assert_eq!(app.emulator.count(PROFILE).await, 2, "{trouble}");
    }
}

#[tokio::test]
async fn repetition_ends() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .fault(json!({ "path": PROFILE, "times": null, "status": 503 }))
        .await;
    assert!(profile(&app, &session).await.is_err());
    let count = app.emulator.count(PROFILE).await;
    assert!((2..=5).contains(&count), "{count}");
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let app = Application::start();
    let session = app.signed_in().await;
    for refusal in [400, 401, 403, 404] {
        app.emulator.forget_requests().await;
        app.emulator
            .fault(json!({ "path": PROFILE, "times": null, "status": refusal }))
            .await;
        assert!(profile(&app, &session).await.is_err());
        assert_eq!(app.emulator.count(PROFILE).await, 1, "{refusal}");
        app.emulator.clear_faults().await;
    }
}

#[tokio::test]
async fn the_wait_that_kinde_asks_for_is_honoured_or_handed_on() {
    for (header, value) in [("Retry-After", "3600"), ("RateLimit-Reset", "3600")] {
        let app = Application::start();
        let session = app.signed_in().await;
        let headers = json!({ header: value });
        app.emulator
            .fault(json!({ "path": PROFILE, "times": null, "status": 429, "headers": headers }))
            .await;
        let error = profile(&app, &session).await.unwrap_err();
        assert_eq!(error.status(), Status::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!(
            app.emulator.count(PROFILE).await,
            1,
            "an hour is longer than the deadline"
        );
    }
}

#[tokio::test]
async fn client_secret_basic_form_encodes_both_parts() {
    let app = Application::start();
    let secret = "a b+c:d/e%2F&f=g?é";
    app.emulator
        .control(
            reqwest::Method::PUT,
            "/applications?client_id=m2m:odd",
            Some(json!({ "kind": "m2m", "client_id": "m2m:odd", "client_secret": "a b+c:d/e%2F&f=g?" })),
        )
        .await;
    let client = app.client(json!({
        "client_id": "m2m:odd",
        "client_secret": secret.trim_end_matches('é'),
        "client_auth_method": "client_secret_basic",
    }));
    client
        .client_credentials(ClientCredentials::default())
        .await
        .unwrap();
    let request = app.emulator.last_request(TOKEN).await;
    assert_eq!(request.field("client_secret"), None);
    let credentials = request
        .header("authorization")
        .unwrap()
        .strip_prefix("Basic ")
        .unwrap()
        .to_owned();
    let pair = String::from_utf8(STANDARD.decode(credentials).unwrap()).unwrap();
    assert_eq!(pair, "m2m%3Aodd:a+b%2Bc%3Ad%2Fe%252F%26f%3Dg%3F");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("cert.pem"), own.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), own.signing_key.serialize_pem()).unwrap();
    let emulator = Emulator::start_with(&[
        "--tls-cert",
        &path("cert.pem"),
        "--tls-key",
        &path("key.pem"),
    ])
    .with_http(http_client_trusting(Some(own.cert.der().clone())));
    assert!(emulator.url().starts_with("https://"));

    let app = Application::on(emulator, json!({}));
    let app = Arc::new(app);
    assert_eq!(status(&machine_token(&app).await), Status::Tls);

    let trusting = app.client(json!({
        "ca_file": path("cert.pem"),
        "client_id": "emulator_m2m",
        "client_secret": "emulator-m2m-secret-0123456789abcdefghijkl",
    }));
    let params =
        ClientCredentials::from_json(r#"{"audience": "https://api.example.com"}"#).unwrap();
    assert_eq!(
        status(&trusting.client_credentials(params).await),
        Status::Ok
    );
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let own = rcgen::generate_simple_self_signed(["elsewhere.example".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("cert.pem"), own.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), own.signing_key.serialize_pem()).unwrap();
    let emulator = Emulator::start_with(&[
        "--tls-cert",
        &path("cert.pem"),
        "--tls-key",
        &path("key.pem"),
    ]);
    let app = Application::on(emulator, json!({ "ca_file": path("cert.pem") }));
    assert_eq!(
        status(
            &app.client
                .client_credentials(ClientCredentials::default())
                .await
        ),
        Status::Tls
    );
}
