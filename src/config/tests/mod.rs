use serde_json::{Value, json};

use super::table::{Absent, Kind, Name, SETTINGS};
use super::*;

mod every_setting;
mod store_url;

const DOMAIN: &str = "https://example.kinde.com";

fn config(settings: Value) -> Config {
    let mut config = Config::new();
    config.set("domain", "example.kinde.com").unwrap();
    config.set("client_id", "app").unwrap();
    config.load_json(&settings.to_string()).unwrap();
    config
}

fn settings(given: Value) -> Settings {
    Settings::new(&config(given.clone())).unwrap_or_else(|e| panic!("{given}: {e}"))
}

fn error(given: Value) -> Error {
    match Settings::new(&config(given.clone())) {
        Ok(_) => panic!("accepted: {given}"),
        Err(error) => error,
    }
}

/// The message about one setting; fails if another setting is wrong too.
fn reason(given: Value, field: &str) -> String {
    let error = error(given);
    assert_eq!(error.status(), Status::Config);
    let fields: Vec<&str> = error.fields().iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, [field], "{error}");
    error.fields()[0].message.clone()
}

#[test]
fn two_settings_are_enough() {
    let settings = settings(json!({}));
    assert_eq!(settings.domain, DOMAIN);
    assert_eq!(settings.issuer, DOMAIN);
    assert_eq!(settings.management_domain, DOMAIN);
    assert_eq!(
        settings.management_audience,
        "https://example.kinde.com/api"
    );
    assert_eq!(settings.management_client_id.as_deref(), Some("app"));
    assert_eq!(settings.scope, "openid profile email offline");
    assert_eq!(settings.grant_type, GrantType::AuthorizationCode);
    assert_eq!(settings.client_auth_method, ClientAuthMethod::SecretPost);
    assert_eq!(settings.allowed_algorithms, [Algorithm::Rs256]);
    assert_eq!(settings.access_token_format, AccessTokenFormat::Jwt);
    assert_eq!(settings.clock_leeway.as_secs(), 60);
    assert_eq!(settings.sign_in_lifetime.as_secs(), 900);
    assert_eq!(settings.worker_threads, 2);
    assert!(settings.pkce);
    assert!(settings.revoke_on_logout && !settings.id_token_audience_fallback);
    assert!(settings.audience.is_empty() && settings.extra_issuers.is_empty());
    let endpoints = [
        (&settings.authorization_endpoint, "/oauth2/auth"),
        (&settings.token_endpoint, "/oauth2/token"),
        (&settings.logout_endpoint, "/logout"),
        (&settings.userinfo_endpoint, "/oauth2/v2/user_profile"),
        (&settings.revocation_endpoint, "/oauth2/revoke"),
        (&settings.introspection_endpoint, "/oauth2/introspect"),
        (
            &settings.device_authorization_endpoint,
            "/oauth2/device/auth",
        ),
        (&settings.jwks_url, "/.well-known/jwks.json"),
    ];
    for (url, path) in endpoints {
        assert_eq!(url.as_str(), format!("{DOMAIN}{path}"));
    }
}

#[test]
fn all_wrong_settings_are_reported_at_once() {
    let mut config = Config::new();
    config
        .load_json(
            r#"{"timeout_ms": "soon", "pkce": "perhaps", "issuer": "x", "worker_threads": []}"#,
        )
        .unwrap();
    let error = Settings::new(&config).unwrap_err();
    let fields: Vec<&str> = error.fields().iter().map(|f| f.field.as_str()).collect();
    let wanted = [
        "domain",
        "client_id",
        "issuer",
        "pkce",
        "timeout_ms",
        "worker_threads",
    ];
    for name in wanted {
        assert!(fields.contains(&name), "{name} is not in {fields:?}");
    }
    assert_eq!(fields.len(), wanted.len(), "{fields:?}");
    assert!(error.message().contains("got \"soon\""), "{error}");
    assert!(error.message().contains("1 to 600000"), "{error}");
    assert!(error.message().contains("KINDE_HOST"), "{error}");
}

#[test]
fn unknown_settings_name_their_neighbours() {
    let cases = [
        ("clientid", "client_id"),
        ("client_secert", "client_secret"),
        ("Domain", "domain"),
        ("callback_url", "redirect_uri"),
        ("logout_url", "logout_redirect_uri"),
        ("host", "domain"),
        ("KINDE_CLIENT_ID", "client_id"),
        ("jwks_uri", "jwks_url"),
        ("allowed_algorithm", "allowed_algorithms"),
    ];
    for (given, meant) in cases {
        let error = Config::new().set(given, "x").unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert_eq!(error.field(), Some(given));
        assert!(error.message().contains(meant), "{given}: {error}");
    }
    let error = Config::new().set("zzzzzzzz\u{1b}", "x").unwrap_err();
    assert_eq!(
        error.message(),
        "zzzzzzzz : unknown setting; the table of settings in the README lists all"
    );
}

#[test]
fn a_json_object_with_an_unknown_name_changes_nothing() {
    let mut config = Config::new();
    let error = config
        .load_json(r#"{"domain": "a.kinde.com", "clientid": "x", "secrets": "y"}"#)
        .unwrap_err();
    assert_eq!(error.fields().len(), 2);
    assert_eq!(format!("{config:?}"), "{}");
    for text in ["", "[]", "null", "{\"client_secret\": \"s3cr3t\""] {
        let error = config.load_json(text).unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert!(!error.message().contains("s3cr3t"));
    }
}

#[test]
fn what_is_given_later_wins_and_null_brings_back_the_default() {
    let mut config = config(json!({"pkce": true, "timeout_ms": 10}));
    config.set("timeout_ms", "20").unwrap();
    assert_eq!(Settings::new(&config).unwrap().timeout.as_millis(), 20);
    config.load_json(r#"{"timeout_ms": null}"#).unwrap();
    assert_eq!(Settings::new(&config).unwrap().timeout.as_millis(), 15_000);
}

#[test]
fn domains() {
    let good = [
        ("example.kinde.com", DOMAIN),
        ("https://example.kinde.com", DOMAIN),
        ("https://EXAMPLE.kinde.com:443/", DOMAIN),
        ("auth.example.org:8443", "https://auth.example.org:8443"),
        (
            "https://example.us.kinde.com",
            "https://example.us.kinde.com",
        ),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://kinde.localhost:80", "http://kinde.localhost"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://127.8.7.6", "http://127.8.7.6"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
    ];
    for (given, domain) in good {
        let settings = settings(json!({"domain": given}));
        assert_eq!(settings.domain, domain);
        assert_eq!(settings.issuer, domain);
        assert_eq!(
            settings.token_endpoint.as_str(),
            format!("{domain}/oauth2/token")
        );
    }
    let bad = [
        ("", "must not be empty"),
        ("https://", "is not a URL"),
        ("http://example.kinde.com", "insecure_hosts"),
        ("http://localhost.example.com", "insecure_hosts"),
        ("http://xlocalhost", "insecure_hosts"),
        ("http://10.0.0.1", "insecure_hosts"),
        ("ftp://example.kinde.com", "only https"),
        ("https://example.kinde.com/api", "a path"),
        ("example.kinde.com/api", "a path"),
        ("https://example.kinde.com?x=1", "query"),
        ("https://example.kinde.com#x", "fragment"),
        ("https://user:pw@example.kinde.com", "user name"),
        ("example.kinde.com\n", "line break"),
        (" example.kinde.com", "space"),
        ("exa mple.kinde.com", "is not a URL"),
        ("https:\\\\example.kinde.com", "backslash"),
        ("ex\u{e4}mple.com", "ASCII"),
        (&*format!("{}.kinde.com", "a".repeat(1_000_000)), "255"),
    ];
    for (given, why) in bad {
        let message = reason(json!({"domain": given}), "domain");
        assert!(message.contains(why), "{given:?}: {message}");
        assert!(!message.contains("pw"), "{message}");
    }
}

#[test]
fn plain_http_is_for_loopback_and_insecure_hosts() {
    let given = json!({
        "domain": "http://kinde.test:9000",
        "insecure_hosts": "KINDE.test 10.0.0.5 ::2",
        "extra_issuers": ["http://10.0.0.5", "http://[::2]:1"],
    });
    let checked = settings(given);
    assert_eq!(checked.domain, "http://kinde.test:9000");
    let plain_http = checked.plain_http();
    for (url, allowed) in [
        ("https://anywhere.example", true),
        ("http://localhost:1", true),
        ("http://kinde.test", true),
        ("http://[::2]/x", true),
        ("http://sub.kinde.test", false),
        ("http://10.0.0.50", false),
        ("ftp://localhost", false),
        ("file:///etc/passwd", false),
    ] {
        assert_eq!(plain_http.allows(&url.parse().unwrap()), allowed, "{url}");
    }
    for bad in ["http://kinde.test", "kinde.test:80", "a/b", "a b*c"] {
        let message = reason(json!({"insecure_hosts": [bad]}), "insecure_hosts");
        assert!(message.contains("without scheme"), "{message}");
    }
}

#[test]
fn scopes() {
    assert_eq!(settings(json!({"scope": ""})).scope, "");
    assert_eq!(
        settings(json!({"scope": " openid  email "})).scope,
        "openid email"
    );
    assert_eq!(
        settings(json!({"scope": ["openid", "api:read"]})).scope,
        "openid api:read"
    );
    let message = reason(json!({"scope": "openid \"x\""}), "scope");
    assert!(message.contains("separated by spaces"), "{message}");
    let offline = json!({"scope": "openid offline_access"});
    assert!(reason(offline, "scope").contains("use offline"));
    let custom = json!({"domain": "auth.example.org", "scope": "openid offline_access"});
    assert!(reason(custom, "scope").contains("use offline"));
    let kinde = json!({"scope": "offline_access", "discovery": "same_origin"});
    assert!(reason(kinde, "scope").contains("use offline"));
    let other = json!({"domain": "op.example.org", "scope": "offline_access", "discovery": "on"});
    assert_eq!(settings(other).scope, "offline_access");
}

#[test]
fn pkce_needs_a_secret_to_be_off() {
    assert!(reason(json!({"pkce": false}), "pkce").contains("client_secret"));
    assert!(!settings(json!({"pkce": "off", "client_secret": "s"})).pkce);
}

#[test]
fn machine_clients_need_a_secret() {
    let given = json!({"grant_type": "client_credentials"});
    assert!(reason(given, "client_secret").contains("required"));
    let given = json!({"grant_type": "client_credentials", "client_secret": "s"});
    assert_eq!(settings(given).grant_type, GrantType::ClientCredentials);
}

#[test]
fn algorithms_that_anybody_could_use_are_refused() {
    for (given, why) in [
        ("none", "anybody"),
        ("None", "anybody"),
        ("HS256", "symmetric"),
        ("hs512", "symmetric"),
        ("RS256 HS384", "symmetric"),
        ("RS1", "no known algorithm"),
        ("rs256", "no known algorithm"),
        ("", "at least one"),
    ] {
        let message = reason(json!({"allowed_algorithms": given}), "allowed_algorithms");
        assert!(message.contains(why), "{given}: {message}");
    }
    let all = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    assert_eq!(
        settings(json!({"allowed_algorithms": all}))
            .allowed_algorithms
            .len(),
        all.len()
    );
}

#[test]
fn endpoints_are_paths_or_urls() {
    let checked = settings(json!({
        "authorization_endpoint": "/authorize?tenant=1",
        "token_endpoint": "https://tokens.example.org/token",
        "jwks_url": "http://localhost:9/keys",
    }));
    assert_eq!(
        checked.authorization_endpoint.as_str(),
        "https://example.kinde.com/authorize?tenant=1"
    );
    assert_eq!(
        checked.token_endpoint.as_str(),
        "https://tokens.example.org/token"
    );
    assert_eq!(checked.jwks_url.as_str(), "http://localhost:9/keys");
    for (given, why) in [
        ("oauth2/token", "must begin with /"),
        ("//evil.example/token", "must begin with /"),
        ("/\\evil.example/token", "must begin with /"),
        ("/token#x", "fragment"),
        ("https://a.example/token#x", "fragment"),
        ("http://a.example/token", "plain http"),
        ("https://u:p@a.example/token", "user name"),
        ("/to\nken", "ASCII"),
    ] {
        let message = reason(json!({"token_endpoint": given}), "token_endpoint");
        assert!(message.contains(why), "{given:?}: {message}");
    }
}

#[test]
fn every_default_passes_its_own_check() {
    for setting in SETTINGS {
        if let Absent::Value(value) = setting.default {
            settings(json!({setting.name: value}));
        }
    }
}

#[test]
fn secrets_are_never_shown() {
    let secret = "s3cr3t";
    let broken = format!("{secret}\n");
    for setting in SETTINGS.iter().filter(|setting| setting.is_secret()) {
        let shown = config(json!({setting.name: secret}));
        assert!(!format!("{shown:?}").contains(secret), "{}", setting.name);
        for value in [json!(broken), json!([broken]), json!({secret: 1})] {
            let error = match Settings::new(&config(json!({setting.name: value}))) {
                Ok(settings) => format!("{settings:?}"),
                Err(error) => format!("{error} {error:?} {}", error.to_json()),
            };
            assert!(!error.contains(secret), "{}: {error}", setting.name);
        }
    }
    let url = json!({"redirect_uri": format!("https://user:{secret}@app.example/")});
    assert!(!error(url).message().contains(secret));
    let good = settings(json!({
        "client_secret": secret,
        "proxy": format!("http://u:{secret}@p.example"),
        "store_url": format!("redis://:{secret}@r.example"),
        "seal_keys": secret.repeat(6),
    }));
    assert!(!format!("{good:?}").contains(secret));
}

#[test]
fn wrong_values_are_shown_bounded_and_harmless() {
    let message = reason(
        json!({"grant_type": format!("\u{1b}[2J{}", "x".repeat(5000))}),
        "grant_type",
    );
    assert!(message.len() < 400, "{}", message.len());
    assert!(!message.contains('\u{1b}'));
    assert!(message.contains('…'));
}

#[test]
fn the_environment() {
    let load = |variables: &[(&str, &str)]| {
        let mut config = Config::new();
        config
            .load_vars(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            })
            .unwrap();
        config
    };
    let settings = |variables: &[(&str, &str)]| Settings::new(&load(variables)).unwrap();

    let all = settings(&[
        ("KINDE_HOST", "https://a.kinde.com"),
        ("KINDE_BACKEND_CLIENT_ID", "back"),
        ("KINDE_FRONTEND_CLIENT_ID", "front"),
        ("KINDE_CLIENT_SECRET", "secret"),
        ("KINDE_CALLBACK_URL", "https://app.example/cb"),
        ("KINDE_LOGOUT_URL", "https://app.example/out"),
        ("KINDE_SCOPE", "openid"),
        ("KINDE_AUDIENCE", "one two"),
        ("KINDE_MANAGEMENT_CLIENT_ID", "m2m"),
        ("KINDE_MANAGEMENT_CLIENT_SECRET", "m2m-secret"),
    ]);
    assert_eq!(all.domain, "https://a.kinde.com");
    assert_eq!(all.client_id, "back");
    assert_eq!(all.client_secret, Some("secret".into()));
    assert_eq!(all.redirect_uri.as_deref(), Some("https://app.example/cb"));
    assert_eq!(
        all.logout_redirect_uri.as_deref(),
        Some("https://app.example/out")
    );
    assert_eq!(all.scope, "openid");
    assert_eq!(all.audience, ["one", "two"]);
    assert_eq!(all.management_client_id.as_deref(), Some("m2m"));
    assert_eq!(all.management_client_secret, Some("m2m-secret".into()));

    let first = settings(&[
        ("KINDE_DOMAIN", "b.kinde.com"),
        ("KINDE_HOST", "a.kinde.com"),
        ("KINDE_CLIENT_ID", "plain"),
        ("KINDE_BACKEND_CLIENT_ID", "back"),
        ("KINDE_REDIRECT_URL", "https://app.example/1"),
        ("KINDE_CALLBACK_URL", "https://app.example/2"),
        ("KINDE_POST_LOGOUT_REDIRECT_URL", "https://app.example/3"),
        ("KINDE_CLIENT_SECRET", ""),
    ]);
    assert_eq!(first.domain, "https://b.kinde.com");
    assert_eq!(first.client_id, "plain");
    assert_eq!(first.redirect_uri.as_deref(), Some("https://app.example/1"));
    assert_eq!(
        first.logout_redirect_uri.as_deref(),
        Some("https://app.example/3")
    );
    assert_eq!(first.client_secret, None);

    let front = settings(&[
        ("KINDE_DOMAIN", "a.kinde.com"),
        ("KINDE_FRONTEND_CLIENT_ID", "front"),
    ]);
    assert_eq!(front.client_id, "front");

    let wrong = load(&[
        ("KINDE_HOST", "http://a.kinde.com"),
        ("KINDE_CLIENT_ID", "x"),
    ]);
    let error = Settings::new(&wrong).unwrap_err();
    assert!(error.message().contains("from KINDE_HOST"), "{error}");
}

#[test]
fn derived_settings_follow_what_they_are_derived_from() {
    let base = settings(json!({"client_secret": "s", "timeout_ms": 5}));
    let derived = base
        .derive(r#"{"domain": "other.kinde.com", "client_secret": null}"#)
        .unwrap();
    assert_eq!(derived.issuer, "https://other.kinde.com");
    assert_eq!(derived.client_secret, None);
    assert_eq!(derived.timeout, base.timeout);
    assert_eq!(
        base.derive(r#"{"pkce": 7}"#).unwrap_err().field(),
        Some("pkce")
    );
    assert_eq!(
        base.derive(r#"{"domian": 7}"#).unwrap_err().field(),
        Some("domian")
    );
}

#[test]
fn clients_share_by_issuer_and_transport() {
    let base = settings(json!({}));
    for same in [
        json!({"client_id": "other", "client_secret": "s"}),
        json!({"redirect_uri": "https://app.example/", "scope": "openid"}),
        json!({"issuer": DOMAIN}),
    ] {
        assert_eq!(base.shared_key(), settings(same).shared_key());
    }
    for different in [
        json!({"issuer": "https://other.kinde.com"}),
        json!({"proxy": "off"}),
        json!({"ca_file": "/ca.pem"}),
        json!({"insecure_hosts": "x"}),
        json!({"jwks_url": "/keys"}),
        json!({"discovery": "on"}),
        json!({"max_response_bytes": 2048}),
        json!({"management_domain": "m.kinde.com"}),
        json!({"user_agent": "Ruby"}),
    ] {
        let other = settings(different.clone());
        assert_ne!(base.shared_key(), other.shared_key(), "{different}");
    }
}

#[test]
fn the_documentation_has_a_row_for_each_setting() {
    let documentation = Config::documentation();
    assert_eq!(documentation.lines().count(), SETTINGS.len() + 2);
    for setting in SETTINGS {
        assert!(setting.documentation.ends_with('.'), "{}", setting.name);
        assert!(documentation.contains(&format!("| `{}` |", setting.name)));
    }
    for line in documentation.lines() {
        assert_eq!(line.matches('|').count(), 6, "{line}");
    }
    let row = documentation
        .lines()
        .find(|l| l.starts_with("| `redirect_uri`"))
        .unwrap();
    assert!(row.contains("`KINDE_REDIRECT_URI`, `KINDE_REDIRECT_URL`, `KINDE_CALLBACK_URL`"));
}

#[test]
fn names_and_rows_agree() {
    for (row, name) in Name::all().enumerate() {
        assert_eq!(name.setting().name, SETTINGS[row].name);
        assert_eq!(Name::of(SETTINGS[row].name), Some(name));
        assert_eq!(format!("{name:?}"), SETTINGS[row].name);
    }
    assert!(SETTINGS.iter().all(|s| s.kind != Kind::Choice(&[])));
}
