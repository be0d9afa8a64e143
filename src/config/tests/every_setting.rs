//! For each setting: values that it accepts, and values that it refuses.

use super::*;

/// For each setting: values that are accepted, and values that are not.
fn cases() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let long_key = "k".repeat(32);
    let key_set = json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]});
    let url_lists = (
        vec![
            json!("https://a.example https://b.example"),
            json!(["https://a.example"]),
            json!("[\"https://a.example\"]"),
        ],
        vec![
            json!("http://a.example"),
            json!(["nonsense path/"]),
            json!([1]),
            json!({}),
            json!("[1]"),
        ],
    );
    let endpoint = || {
        (
            vec![json!("/x"), json!("https://a.example/x")],
            vec![json!("x"), json!(1), json!([])],
        )
    };
    let text = || {
        (
            vec![json!("a-b_c")],
            vec![
                json!(""),
                json!(" a"),
                json!("a\r\nb"),
                json!(1),
                json!(["a"]),
                json!({}),
            ],
        )
    };
    let boolean = || {
        (
            vec![
                json!(true),
                json!("true"),
                json!("0"),
                json!("no"),
                json!("On"),
            ],
            vec![json!("maybe"), json!(2), json!("")],
        )
    };
    let redirect = || {
        (
            vec![
                json!("https://app.example/callback?x=1"),
                json!("http://localhost:3000/cb"),
                json!("com.example.app:/callback"),
                json!("myapp://callback"),
            ],
            vec![
                json!("/callback"),
                json!("http://app.example/callback"),
                json!("https://app.example/#x"),
                json!("https://u@app.example/"),
                json!("javascript:alert(1)"),
                json!("data:text/html,x"),
                json!("file:///etc/passwd"),
                json!("https://app.example/\u{7}"),
                json!(["https://app.example/"]),
            ],
        )
    };
    let whole = |min: u64, max: u64| {
        (
            vec![json!(min), json!(max), json!(max.to_string())],
            vec![
                json!(max + 1),
                json!(-1),
                json!(1.5),
                json!("x"),
                json!(""),
                json!([]),
                json!({}),
            ],
        )
    };
    let mut cases = Vec::new();
    let mut add = |name, (good, bad): (Vec<Value>, Vec<Value>)| cases.push((name, good, bad));
    let domain = || {
        (
            vec![json!("a.kinde.com")],
            vec![json!("http://a.kinde.com"), json!(1), json!("")],
        )
    };
    add("domain", domain());
    add("management_domain", domain());
    for name in [
        "client_id",
        "client_secret",
        "management_client_id",
        "management_client_secret",
        "management_audience",
        "user_agent",
        "framework",
    ] {
        add(name, text());
    }
    add("redirect_uri", redirect());
    add("logout_redirect_uri", redirect());
    add(
        "scope",
        (
            vec![json!("openid"), json!(["a", "b"]), json!("")],
            vec![json!("a\\b"), json!(1)],
        ),
    );
    add(
        "audience",
        (
            vec![json!("a b"), json!(["https://api.example"])],
            vec![json!(1), json!(["a\n"]), json!("a\u{e9}")],
        ),
    );
    add(
        "grant_type",
        (
            vec![json!("authorization_code"), json!("device_code")],
            vec![json!("password"), json!("")],
        ),
    );
    add(
        "client_auth_method",
        (
            vec![json!("client_secret_basic"), json!("client_secret_post")],
            vec![json!("none"), json!("private_key_jwt")],
        ),
    );
    for name in [
        "pkce",
        "any_audience",
        "id_token_audience_fallback",
        "auto_refresh",
        "revoke_on_logout",
        "share_machine_tokens",
    ] {
        add(name, boolean());
    }
    add(
        "api_concurrency",
        (
            vec![json!(1), json!(1000), json!("10")],
            vec![json!(0), json!(1001), json!("many")],
        ),
    );
    add(
        "api_validation",
        (
            vec![json!("strict"), json!("lenient")],
            vec![json!("loose"), json!(true)],
        ),
    );
    add(
        "issuer",
        (
            vec![
                json!("https://a.example/tenant/"),
                json!("http://localhost:1"),
            ],
            vec![
                json!("a.example"),
                json!("https://a.example?x"),
                json!("https://a.example/#"),
                json!("http://a.example"),
                json!(""),
            ],
        ),
    );
    add("extra_issuers", url_lists.clone());
    add(
        "return_origins",
        (
            url_lists.0,
            [url_lists.1, vec![json!("https://a.example/x")]].concat(),
        ),
    );
    add(
        "discovery",
        (
            vec![
                json!("off"),
                json!("on"),
                json!(true),
                json!(false),
                json!("any_origin"),
            ],
            vec![json!("maybe"), json!(1)],
        ),
    );
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "logout_endpoint",
        "userinfo_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "device_authorization_endpoint",
        "jwks_url",
    ] {
        add(name, endpoint());
    }
    add(
        "jwks",
        (
            vec![key_set.clone(), json!(key_set.to_string())],
            vec![
                json!({}),
                json!({"keys": []}),
                json!({"keys": [1]}),
                json!("{"),
                json!([]),
                json!(1),
                json!({"keys": [{"kty": "oct", "k": "AAAA"}]}),
                json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}]}),
            ],
        ),
    );
    add(
        "allowed_algorithms",
        (
            vec![json!("RS256 ES256"), json!(["EdDSA"])],
            vec![json!("none"), json!("HS256"), json!([]), json!(256)],
        ),
    );
    add(
        "access_token_format",
        (
            vec![json!("jwt"), json!("opaque")],
            vec![json!("JWT!"), json!(true)],
        ),
    );
    for (name, min, max) in [
        ("clock_leeway_seconds", 0, 600),
        ("connect_timeout_ms", 1, 300_000),
        ("timeout_ms", 1, 600_000),
        ("max_response_bytes", 1024, 67_108_864),
        ("jwks_cooldown_seconds", 0, 3600),
        ("sign_in_lifetime_seconds", 1, 3600),
        ("session_max_seconds", 60, 34_560_000),
        ("webhook_tolerance_seconds", 1, 2_592_000),
        ("worker_threads", 1, 64),
    ] {
        add(name, whole(min, max));
    }
    add(
        "session_idle_seconds",
        (
            vec![json!(60), json!(2_592_000)],
            vec![json!(59), json!(2_592_001), json!("x")],
        ),
    );
    add(
        "ca_file",
        (
            vec![json!("/etc/ca.pem")],
            vec![json!(""), json!("a\u{0}b"), json!(1)],
        ),
    );
    add(
        "proxy",
        (
            vec![
                json!("off"),
                json!("http://u:pw@proxy.example:3128"),
                json!("socks5h://localhost:1080"),
            ],
            vec![
                json!(""),
                json!("proxy.example:3128"),
                json!("ftp://p.example"),
                json!(false),
            ],
        ),
    );
    add(
        "insecure_hosts",
        (
            vec![json!("kinde.test"), json!(["::1", "[::2]"])],
            vec![json!("http://a"), json!(1), json!(["a:1"])],
        ),
    );
    add(
        "authorization_params",
        (
            vec![json!({"lang": "de"}), json!("{}")],
            vec![json!([]), json!("lang=de"), json!(1)],
        ),
    );
    add(
        "seal_keys",
        (
            vec![json!(long_key), json!([long_key, long_key])],
            vec![json!("short"), json!([long_key, "short"]), json!(1)],
        ),
    );
    add(
        "store_timeout_ms",
        (
            vec![json!(1), json!(60_000)],
            vec![json!(0), json!(60_001), json!("soon")],
        ),
    );
    add(
        "store_url",
        (
            vec![
                json!("redis://:pw@localhost:6379/1"),
                json!("rediss://r.example"),
                json!("memory:"),
            ],
            vec![
                json!(""),
                json!("http://r.example"),
                json!("redis:"),
                json!(1),
            ],
        ),
    );
    cases
}

#[test]
fn every_setting_accepts_what_is_good_and_refuses_what_is_not() {
    let cases = cases();
    let tested: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
    for setting in SETTINGS {
        assert!(
            tested.contains(&setting.name),
            "{} is not tested",
            setting.name
        );
    }
    for (name, good, bad) in cases {
        for value in good {
            let mut given = json!({"client_secret": "s", "seal_keys": "k".repeat(32)});
            given[name] = value;
            settings(given);
        }
        for value in bad {
            let message = reason(json!({name: value.clone()}), name);
            assert!(!message.is_empty(), "{name}: {value}");
        }
    }
}
