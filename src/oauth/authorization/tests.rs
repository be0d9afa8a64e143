use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::super::fixture::{endpoints, settings};
use super::*;
use crate::error::Status;

fn begin(json: &str, params: &str, purpose: Purpose) -> Result<AuthorizationRequest> {
    let settings = settings(json);
    let params = AuthorizationParams::from_json(params)?;
    request(&settings, &endpoints(&settings), &params, purpose)
}

/// The query, each name once, without what is random.
fn sent(request: &AuthorizationRequest) -> BTreeMap<String, String> {
    let url = Url::parse(&request.url).unwrap();
    let mut sent = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        let before = sent.insert(name.to_string(), value.to_string());
        assert_eq!(before, None, "{name} is sent twice");
    }
    for random in ["state", "nonce", "code_challenge"] {
        sent.remove(random);
    }
    sent
}

/// What is sent beside the parameters that every sign-in has.
fn sent_beside(json: &str, params: &str, purpose: Purpose) -> BTreeMap<String, String> {
    let mut sent = sent(&begin(json, params, purpose).unwrap());
    for name in ["client_id", "response_type", "redirect_uri", "scope"] {
        assert!(sent.remove(name).is_some(), "{name}");
    }
    assert_eq!(
        sent.remove("code_challenge_method").as_deref(),
        Some("S256")
    );
    sent
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const REAUTH: (&str, &str) = ("supports_reauth", "true");

#[test]
fn a_plain_sign_in() {
    let request = begin("", "", Purpose::SignIn).unwrap();
    assert_eq!(
        sent(&request),
        map(&[
            ("client_id", "client"),
            ("response_type", "code"),
            ("redirect_uri", "https://app.example/callback"),
            ("scope", "openid profile email offline"),
            ("code_challenge_method", "S256"),
            REAUTH,
        ])
    );
    assert!(
        request
            .url
            .starts_with("https://example.kinde.com/oauth2/auth?")
    );
    let url = Url::parse(&request.url).unwrap();
    let find = |name: &str| {
        url.query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(find("state").as_ref(), Some(&request.state));
    assert_eq!(find("nonce").as_ref(), Some(&request.nonce));
    let verifier = request.code_verifier.as_ref().unwrap();
    assert_eq!(find("code_challenge"), Some(pkce::challenge(verifier)));
    assert!(pkce::is_verifier(verifier.expose()));
    assert!(!request.url.contains(verifier.expose()));
    for text in [&request.state, &request.nonce] {
        assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32);
    }
    assert_ne!(request.state, request.nonce);
    assert_ne!(request.state, verifier.expose());
    assert_eq!(request.redirect_uri, "https://app.example/callback");
    assert_eq!(request.scope, "openid profile email offline");
    assert!(request.audience.is_empty());
}

#[test]
fn nothing_random_is_drawn_twice() {
    let first = begin("", "", Purpose::SignIn).unwrap();
    let second = begin("", "", Purpose::SignIn).unwrap();
    assert_ne!(first.state, second.state);
    assert_ne!(first.nonce, second.nonce);
    assert_ne!(first.code_verifier, second.code_verifier);
}

#[test]
fn purposes() {
    for (purpose, params, expected) in [
        (Purpose::SignIn, "", &[REAUTH][..]),
        (Purpose::Register, "", &[("prompt", "create"), REAUTH]),
        (
            Purpose::Register,
            r#"{"prompt":"login"}"#,
            &[("prompt", "login"), REAUTH],
        ),
        (
            Purpose::CreateOrganization,
            r#"{"org_name":"Ä & B"}"#,
            &[
                ("prompt", "create"),
                ("is_create_org", "true"),
                ("org_name", "Ä & B"),
                REAUTH,
            ],
        ),
        (
            Purpose::SignIn,
            r#"{"prompt":"none","org_code":"org_1"}"#,
            &[("prompt", "none"), ("org_code", "org_1"), REAUTH],
        ),
        (
            Purpose::SignIn,
            r#"{"start_page":"registration"}"#,
            &[("prompt", "create"), REAUTH],
        ),
        (Purpose::SignIn, r#"{"start_page":"login"}"#, &[REAUTH]),
        (
            Purpose::SignIn,
            r#"{"start_page":"registration","prompt":"login"}"#,
            &[("prompt", "login"), REAUTH],
        ),
        (
            Purpose::SignIn,
            r#"{"invitation_code":"inv_1"}"#,
            &[
                ("invitation_code", "inv_1"),
                ("is_invitation", "true"),
                REAUTH,
            ],
        ),
        (Purpose::SignIn, r#"{"invitation_code":" "}"#, &[REAUTH]),
        (
            Purpose::SignIn,
            r#"{"supports_reauth":false,"is_create_org":false}"#,
            &[],
        ),
        (
            Purpose::SignIn,
            r#"{"audience":["a","b"],"login_hint":"phone:+61400000000:au"}"#,
            &[
                ("audience", "a b"),
                ("login_hint", "phone:+61400000000:au"),
                REAUTH,
            ],
        ),
        (Purpose::SignIn, r#"{"audience":[]}"#, &[REAUTH]),
        (
            Purpose::SignIn,
            r#"{"utm_source":"x","extra":{"acr_values":"1 2"}}"#,
            &[("utm_source", "x"), ("acr_values", "1 2"), REAUTH],
        ),
    ] {
        assert_eq!(
            sent_beside("", params, purpose),
            map(expected),
            "{purpose:?} {params}"
        );
    }
}

#[test]
fn per_call_values_win_over_configured_ones() {
    let configured = r#""audience": "a", "authorization_params":
        {"lang": "de", "prompt": "login", "extra": {"x": "1", "y": "2"}}"#;
    assert_eq!(
        sent_beside(configured, "", Purpose::SignIn),
        map(&[
            ("audience", "a"),
            ("lang", "de"),
            ("prompt", "login"),
            ("x", "1"),
            ("y", "2"),
            REAUTH
        ])
    );
    assert_eq!(
        sent_beside(
            configured,
            r#"{"lang":"fr","audience":"","prompt":"","extra":{"x":"3"}}"#,
            Purpose::SignIn
        ),
        map(&[("lang", "fr"), ("x", "3"), ("y", "2"), REAUTH])
    );
    assert_eq!(
        sent_beside(configured, "", Purpose::Register)["prompt"],
        "create"
    );
}

#[test]
fn scope_and_redirect_uri_may_differ_per_call() {
    let request = begin(
        "",
        r#"{"scope":["openid","read:x"],"redirect_uri":"http://localhost:3000/cb","audience":"api"}"#,
        Purpose::SignIn,
    )
    .unwrap();
    assert_eq!(request.scope, "openid read:x");
    assert_eq!(request.redirect_uri, "http://localhost:3000/cb");
    assert_eq!(request.audience, ["api"]);
    assert_eq!(sent(&request)["redirect_uri"], "http://localhost:3000/cb");
    assert_eq!(sent(&request)["scope"], "openid read:x");
}

#[test]
fn wrong_values_are_named() {
    for (params, field) in [
        (r#"{"scope":"openid offline_access"}"#, "scope"),
        (r#"{"redirect_uri":"/callback"}"#, "redirect_uri"),
        (r#"{"redirect_uri":"http://app.example/"}"#, "redirect_uri"),
        (
            r#"{"redirect_uri":"https://app.example/#x"}"#,
            "redirect_uri",
        ),
        (r#"{"redirect_uri":""}"#, "redirect_uri"),
        (r#"{"redirect_url":"http://app.example/"}"#, "redirect_url"),
        (r#"{"is_invitation":true}"#, "is_invitation"),
        (r#"{"return_to":"//evil.example"}"#, "return_to"),
    ] {
        let error = begin("", params, Purpose::SignIn).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{params}");
        assert_eq!(error.field(), Some(field), "{params}");
    }
    let error = begin("", r#"{"scope":"offline_access"}"#, Purpose::SignIn).unwrap_err();
    assert!(error.message().contains("use offline"), "{error}");
    let missing = settings(r#""redirect_uri": null"#);
    let error = request(
        &missing,
        &endpoints(&missing),
        &AuthorizationParams::new(),
        Purpose::SignIn,
    )
    .unwrap_err();
    assert_eq!(error.field(), Some("redirect_uri"));
}

#[test]
fn development_hosts_may_be_named() {
    let params = r#"{"redirect_uri":"http://dev.internal/cb"}"#;
    assert!(begin("", params, Purpose::SignIn).is_err());
    let named = r#""insecure_hosts": "dev.internal""#;
    assert!(begin(named, params, Purpose::SignIn).is_ok());
}

#[test]
fn without_pkce_no_challenge_is_sent() {
    let request = begin(
        r#""client_secret": "s", "pkce": false"#,
        "",
        Purpose::SignIn,
    )
    .unwrap();
    assert_eq!(request.code_verifier, None);
    assert!(!request.url.contains("code_challenge"));
    assert!(request.to_json().ends_with(r#""code_verifier":null}"#));
}

#[test]
fn other_providers_are_spoken_to_by_the_standards() {
    let other = r#""domain": "https://login.example", "discovery": "same_origin""#;
    let request = begin(
        other,
        r#"{"scope":"openid offline_access"}"#,
        Purpose::SignIn,
    )
    .unwrap();
    assert!(!sent(&request).contains_key("supports_reauth"));
    assert_eq!(request.scope, "openid offline_access");
}

#[test]
fn the_endpoints_own_query_stays() {
    let request = begin(
        r#""authorization_endpoint": "/auth?tenant=t""#,
        "",
        Purpose::SignIn,
    )
    .unwrap();
    assert!(
        request
            .url
            .starts_with("https://example.kinde.com/auth?tenant=t&client_id=")
    );
}

#[test]
fn reauth_state_becomes_ordinary_parameters() {
    let state =
        |object: &str| format!(r#"{{"reauth_state":"{}"}}"#, URL_SAFE_NO_PAD.encode(object));
    let params = state(
        r#"{"org_code":"org_1","client_id":"x","state":"x","redirect_uri":"https://evil.example",
            "scope":"admin","invitation_code":"inv_1","audience":"b evil"}"#,
    );
    let mut expected = vec![
        ("org_code", "org_1"),
        ("invitation_code", "inv_1"),
        ("is_invitation", "true"),
        REAUTH,
    ];
    assert_eq!(sent_beside("", &params, Purpose::SignIn), map(&expected));
    expected.push(("audience", "b"));
    let audience = r#""audience": "a b""#;
    assert_eq!(
        sent_beside(audience, &params, Purpose::SignIn),
        map(&expected)
    );
    let mut given: serde_json::Value = serde_json::from_str(&params).unwrap();
    given["audience"] = "c".into();
    assert_eq!(
        sent_beside(audience, &given.to_string(), Purpose::SignIn)["audience"],
        "c"
    );
    let foreign = state(r#"{"audience":"evil"}"#);
    assert_eq!(
        sent_beside(audience, &foreign, Purpose::SignIn),
        map(&[("audience", "a b"), REAUTH])
    );
}

#[test]
fn a_return_address_is_kept_and_not_sent() {
    let request = begin("", r#"{"return_to":"/inbox?x=1"}"#, Purpose::SignIn).unwrap();
    assert_eq!(request.return_to.as_deref(), Some("/inbox?x=1"));
    assert!(!request.url.contains("inbox"));
}

#[test]
fn the_configured_parameters_are_checked() {
    let wrong = settings(r#""authorization_params": {"orgCode": "x"}"#);
    let error = AuthorizationParams::from_setting(&wrong.authorization_params).unwrap_err();
    assert_eq!(error.status(), Status::Config);
}

#[test]
fn json_and_debug() {
    let request = begin("", "", Purpose::SignIn).unwrap();
    let json: serde_json::Value = serde_json::from_str(&request.to_json()).unwrap();
    let verifier = request.code_verifier.as_ref().unwrap().expose();
    assert_eq!(json["url"], request.url);
    assert_eq!(json["state"], request.state);
    assert_eq!(json["nonce"], request.nonce);
    assert_eq!(json["code_verifier"], verifier);
    assert_eq!(json.as_object().unwrap().len(), 4);
    assert!(!format!("{request:?}").contains(verifier));
}
