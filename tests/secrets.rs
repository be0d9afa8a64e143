//! No secret in any error, log message, `Debug` text or URL, whatever goes wrong.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use kinde::{
    AuthorizationParams, Client, ClientCredentials, CodeExchange, DevicePoll, Error, Introspection,
    LogoutParams, Revocation, Session, TokenRefresh, TokenSet, UserProfileRequest, VerifyOptions,
};
use kinde_test_support::{Application, config, query};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};

const SECRET: &str = "emulator-web-secret-0123456789abcdefghijkl";
const TOKEN: &str = "/oauth2/token";

/// All that was written and could be seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn text(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn debug(&self, value: &impl Debug) {
        self.text(format!("{value:?} {value:#?}"));
    }

    fn error(&self, error: &Error) {
        self.debug(error);
        self.text(error.to_string());
        self.text(error.to_json());
    }

    fn result<T: Debug>(&self, result: &kinde::Result<T>) {
        match result {
            Ok(value) => self.debug(value),
            Err(error) => self.error(error),
        }
    }

    #[track_caller]
    fn assert_without(&self, secrets: &[&str]) {
        let seen = self.0.lock().unwrap();
        assert!(seen.len() > 3, "nothing was seen");
        for text in seen.iter() {
            for secret in secrets {
                assert!(secret.len() >= 8, "too short to be looked for: {secret}");
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

/// Takes every event of the library.
struct Events(Seen);

impl tracing::Subscriber for Events {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Writer<'a>(&'a Seen);
        impl Visit for Writer<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0.text(format!("{field}={value:?}"));
            }
        }
        event.record(&mut Writer(&self.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// What this process logs, from all tests at once: no secret of any of them may be in it.
fn log() -> Seen {
    static LOG: std::sync::OnceLock<Seen> = std::sync::OnceLock::new();
    LOG.get_or_init(|| {
        let log = Seen::default();
        for _ in 0..4 {
            log.text("the log begins");
        }
        tracing::subscriber::set_global_default(Events(log.clone())).expect("the first subscriber");
        log
    })
    .clone()
}

fn secrets_of(tokens: &TokenSet) -> Vec<String> {
    [
        Some(tokens.access_token.clone()),
        tokens.id_token.clone(),
        tokens.refresh_token.clone(),
    ]
    .into_iter()
    .flatten()
    .flat_map(|token| {
        // Also no part of a token: its payload is personal, its signature makes it a token.
        let parts: Vec<String> = token.expose().split('.').map(str::to_owned).collect();
        parts.into_iter().skip(1).chain([token.expose().to_owned()])
    })
    .filter(|part| part.len() >= 16)
    .collect()
}

#[tokio::test]
async fn nothing_that_fails_at_the_token_endpoint_shows_a_secret() {
    let log = log();
    for trouble in [
        json!({ "drop": true }),
        json!({ "hang": true }),
        json!({ "garbage": 500 }),
        json!({ "status": 500, "body": SECRET }),
        json!({ "status": 400, "body": { "error": "invalid_client", "error_description": "no" } }),
        json!({ "status": 302, "headers": { "Location": "https://elsewhere.example/" } }),
        json!({ "patch": { "access_token": null } }),
        json!({ "patch": { "id_token": null } }),
        json!({ "patch": { "token_type": "mac" } }),
        json!({ "truncate": 300 }),
        json!({ "oversize": 2_000_000 }),
    ] {
        let app = Application::with(json!({ "timeout_ms": 800 }));
        let seen = Seen::default();
        let request = app
            .client
            .authorization_url(&AuthorizationParams::new())
            .unwrap();
        let verifier = request.code_verifier.clone().unwrap();
        seen.debug(&request.code_verifier);
        seen.debug(&request);
        seen.text(&request.url);
        let callback = app.browser().open(&request.url).await.at_application();
        let code = query(&callback)["code"].clone();
        let mut fault = trouble.clone();
        fault["path"] = json!(TOKEN);
        app.emulator.fault(fault).await;
        let exchange = CodeExchange::from_json(
            &json!({ "code": code, "code_verifier": verifier.expose(), "nonce": request.nonce })
                .to_string(),
        )
        .unwrap();
        seen.debug(&exchange);
        let result = app.client.exchange_code(exchange).await;
        assert!(result.is_err(), "{trouble}");
        seen.result(&result);
        for seen in [&seen, &log] {
            seen.assert_without(&[SECRET, verifier.expose(), &code]);
        }
    }
}

#[tokio::test]
async fn nothing_that_is_wrong_with_a_token_shows_it() {
    let log = log();
    let app = Application::start();
    let seen = Seen::default();
    for changes in [
        json!({ "sign": "foreign" }),
        json!({ "sign": "none" }),
        json!({ "sign": "hs256" }),
        json!({ "header": { "kid": "unknown" } }),
        json!({ "header": { "crit": ["x"] } }),
        json!({ "payload": "not json" }),
        json!({ "claims": { "iss": "https://elsewhere.example" } }),
        json!({ "claims": { "exp": 1 } }),
        json!({ "claims": { "aud": ["x"] } }),
        json!({ "claims": { "sub": null } }),
        json!({ "claims": { "nonce": "a-secret-nonce" } }),
    ] {
        let token = app.token("access", changes).await;
        let result = app
            .client
            .verify_token(&token, &VerifyOptions::default())
            .await;
        assert!(result.is_err());
        seen.result(&result);
        let tokens = TokenSet::from_json(&json!({ "access_token": token }).to_string()).unwrap();
        seen.debug(&tokens);
        seen.result(&Session::from_tokens(&app.client, tokens.clone()).await);
        seen.result(
            &app.client
                .user_profile(UserProfileRequest::new(token.as_str()))
                .await,
        );
        let secrets = secrets_of(&tokens);
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        for seen in [&seen, &log] {
            seen.assert_without(&secrets);
            seen.assert_without(&["a-secret-nonce"]);
        }
    }
}

#[tokio::test]
async fn nothing_about_a_session_shows_its_tokens() {
    let log = log();
    let app = Application::with(json!({ "timeout_ms": 800, "revoke_on_logout": true }));
    let seen = Seen::default();
    let session = app.signed_in().await;
    let tokens = session.tokens().unwrap();
    let secrets = secrets_of(&tokens);
    let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    secrets.push(SECRET);
    assert!(secrets.len() >= 6);
    seen.debug(&session);
    seen.debug(&tokens);
    seen.debug(&app.client);
    seen.text(session.login_url(&AuthorizationParams::new()).unwrap());
    for path in [
        TOKEN,
        "/oauth2/revoke",
        "/oauth2/introspect",
        "/oauth2/v2/user_profile",
    ] {
        app.emulator
            .fault(json!({ "path": path, "times": null, "status": 500, "body": "oops" }))
            .await;
    }
    let refresh_token = tokens.refresh_token.clone().unwrap();
    seen.result(&session.refresh().await);
    seen.result(&session.ensure_fresh(1_000_000).await);
    let refresh = TokenRefresh::from_json(
        &json!({ "refresh_token": refresh_token.expose(), "id_token": tokens.id_token.as_ref().unwrap().expose() })
            .to_string(),
    )
    .unwrap();
    seen.debug(&refresh);
    seen.result(&app.client.refresh_tokens(refresh).await);
    let revocation = Revocation::new(refresh_token.clone());
    seen.debug(&revocation);
    seen.result(&app.client.revoke_token(revocation).await);
    let introspection = Introspection::new(refresh_token);
    seen.debug(&introspection);
    seen.result(&app.client.introspect_token(introspection).await);
    let profile = UserProfileRequest::new(tokens.access_token.clone());
    seen.debug(&profile);
    seen.result(&app.client.user_profile(profile).await);
    seen.result(&session.logout(&LogoutParams::default()).await);
    for seen in [&seen, &log] {
        seen.assert_without(&secrets);
    }
}

#[test]
fn wrong_parameters_are_named_and_not_quoted() {
    let seen = Seen::default();
    let value = "a-very-secret-value";
    type Parse = fn(&str) -> Option<Error>;
    let parsers: [Parse; 10] = [
        |json| AuthorizationParams::from_json(json).err(),
        |json| CodeExchange::from_json(json).err(),
        |json| TokenRefresh::from_json(json).err(),
        |json| ClientCredentials::from_json(json).err(),
        |json| DevicePoll::from_json(json).err(),
        |json| Introspection::from_json(json).err(),
        |json| Revocation::from_json(json).err(),
        |json| UserProfileRequest::from_json(json).err(),
        |json| TokenSet::from_json(json).err(),
        |json| VerifyOptions::from_json(json).err(),
    ];
    for parse in parsers {
        for wrong in [
            json!({ "unknown": value }).to_string(),
            json!([value]).to_string(),
            json!(value).to_string(),
            json!({ "code": [value], "token": [value], "access_token": [value], "refresh_token": [value], "device_code": [value], "scope": { "x": value }, "type": value }).to_string(),
            format!("{{\"code\": \"{value}\""),
            value.to_owned(),
        ] {
            let error = parse(&wrong).unwrap_or_else(|| panic!("{wrong}"));
            seen.error(&error);
        }
    }
    seen.assert_without(&[value]);
}

#[test]
fn wrong_settings_do_not_show_secret_ones() {
    let seen = Seen::default();
    let value = "s3cret-s3cret-s3cret";
    for wrong in [
        json!({ "client_secret": format!("{value}\n") }),
        json!({ "client_secret": [value] }),
        json!({ "management_client_secret": { "x": value } }),
        json!({ "proxy": format!("ftp://user:{value}@proxy.example") }),
        json!({ "proxy": format!("http://user:{value}@proxy .example") }),
        json!({ "seal_keys": [value] }),
        json!({ "store_url": format!("sql://user:{value}@store.example") }),
        json!({ "domain": format!("https://user:{value}@example.kinde.com") }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": value }] } }),
        json!({ "authorization_params": { "client_secret": value } }),
        json!({ "client_secret": value, "timeout_ms": -1 }),
    ] {
        let mut settings = json!({ "domain": "example.kinde.com", "client_id": "x" });
        for (name, value) in wrong.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let mut config = kinde::Config::new();
        let loaded = config.load_json(&settings.to_string()).map(drop);
        seen.result(&loaded);
        seen.debug(&config);
        if loaded.is_ok() {
            seen.result(&Client::new(&config));
        }
    }
    let whole: Value =
        json!({ "domain": "example.kinde.com", "client_id": "x", "client_secret": value });
    seen.debug(&config(&whole));
    seen.debug(&Client::new(&config(&whole)).unwrap());
    seen.assert_without(&[value]);
}
