use super::super::fixture::{endpoints, form, header, settings};
use super::*;
use crate::http::Repeat;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CONFIDENTIAL: &str = r#""client_secret": "s3cret""#;

fn code_form(json: &str, exchange: &CodeExchange) -> Result<String> {
    let settings = settings(json);
    let request = code_request(&settings, &endpoints(&settings), exchange)?;
    assert_eq!(
        request.url.as_str(),
        "https://example.kinde.com/oauth2/token"
    );
    assert_eq!(request.repeat, Repeat::Never);
    Ok(form(&request).to_owned())
}

fn machine_form(json: &str, params: &str) -> Result<String> {
    let settings = settings(json);
    let request = ClientCredentials::from_json(params)?;
    let request = machine_request(&settings, &endpoints(&settings), &request)?;
    assert_eq!(request.repeat, Repeat::Never);
    Ok(form(&request).to_owned())
}

#[test]
fn a_code_is_shown_with_what_proves_whose_it_is() {
    let mut exchange = CodeExchange::new("c+1");
    exchange.code_verifier = Some(VERIFIER.into());
    exchange.nonce = Some("n".to_owned());
    let proof = format!(
        "grant_type=authorization_code&code=c%2B1&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&code_verifier={VERIFIER}"
    );
    assert_eq!(
        code_form("", &exchange).unwrap(),
        format!("{proof}&client_id=client")
    );
    assert_eq!(
        code_form(CONFIDENTIAL, &exchange).unwrap(),
        format!("{proof}&client_id=client&client_secret=s3cret")
    );
    let basic = format!(r#"{CONFIDENTIAL}, "client_auth_method": "client_secret_basic""#);
    assert_eq!(code_form(&basic, &exchange).unwrap(), proof);

    exchange.redirect_uri = Some("https://other.example/cb".to_owned());
    assert!(
        code_form("", &exchange)
            .unwrap()
            .contains("redirect_uri=https%3A%2F%2Fother.example%2Fcb&")
    );
}

#[test]
fn a_code_needs_its_verifier_unless_pkce_is_off() {
    let mut exchange = CodeExchange::new("c");
    let error = code_form("", &exchange).unwrap_err();
    assert_eq!(error.field(), Some("code_verifier"));
    let without = format!(r#"{CONFIDENTIAL}, "pkce": false"#);
    assert_eq!(
        code_form(&without, &exchange).unwrap(),
        "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&client_id=client&client_secret=s3cret"
    );
    exchange.code_verifier = Some("too short".into());
    let error = code_form("", &exchange).unwrap_err();
    assert_eq!(error.field(), Some("code_verifier"));
    assert!(!error.to_json().contains("too short"));
    let error = code_form("", &CodeExchange::default()).unwrap_err();
    assert_eq!(error.field(), Some("code"));
}

#[test]
fn a_refresh_sends_nothing_but_the_token() {
    let confidential = settings(CONFIDENTIAL);
    let mut refresh = TokenRefresh::new("r.1");
    refresh.id_token = Some("i".into());
    let request = refresh_request(&confidential, &endpoints(&confidential), &refresh).unwrap();
    assert_eq!(request.repeat, Repeat::Never);
    assert_eq!(
        form(&request),
        "grant_type=refresh_token&refresh_token=r.1&client_id=client&client_secret=s3cret"
    );
    let empty = TokenRefresh::default();
    let error = refresh_request(&confidential, &endpoints(&confidential), &empty).unwrap_err();
    assert_eq!(error.field(), Some("refresh_token"));
}

#[test]
fn a_machine_asks_for_its_audience_and_never_for_a_users_scopes() {
    let secret = "&client_id=client&client_secret=s3cret";
    let audience = format!(r#"{CONFIDENTIAL}, "audience": "https://api.example""#);
    for (json, params, expected) in [
        (CONFIDENTIAL, "", "grant_type=client_credentials"),
        (
            &audience,
            "{}",
            "grant_type=client_credentials&audience=https%3A%2F%2Fapi.example",
        ),
        (
            &audience,
            r#"{"audience":["b"],"scope":["read:users","read:roles"]}"#,
            "grant_type=client_credentials&audience=b&scope=read%3Ausers+read%3Aroles",
        ),
        (
            &format!(
                r#"{CONFIDENTIAL}, "grant_type": "client_credentials", "scope": "openid read:users offline""#
            ),
            r#"{"audience":"a b"}"#,
            "grant_type=client_credentials&audience=a+b&scope=read%3Ausers",
        ),
    ] {
        let form = machine_form(json, params).unwrap();
        assert_eq!(form, format!("{expected}{secret}"), "{params}");
    }
    for scope in USER_SCOPES {
        let params = format!(r#"{{"scope":"read:users {scope}"}}"#);
        let error = machine_form(CONFIDENTIAL, &params).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert_eq!(error.field(), Some("scope"));
        assert!(error.message().contains(scope), "{error}");
    }
}

#[test]
fn a_machine_needs_a_secret() {
    let error = machine_form("", "").unwrap_err();
    assert_eq!(error.status(), Status::Config);
    assert_eq!(error.field(), Some("client_secret"));
}

#[test]
fn machine_tokens_come_from_the_management_domain() {
    let asked = |json: &str, params: &str| {
        let settings = settings(&format!("{CONFIDENTIAL}, {json}"));
        let request = ClientCredentials::from_json(params).unwrap();
        let request = machine_request(&settings, &endpoints(&settings), &request).unwrap();
        (request.url.to_string(), form(&request).to_owned())
    };
    let custom = r#""domain": "account.example.com", "management_domain": "example.kinde.com""#;
    let (url, form) = asked(custom, "");
    assert_eq!(url, "https://example.kinde.com/oauth2/token");
    assert!(form.ends_with("&client_id=client&client_secret=s3cret"));

    let credentials = r#""management_client_id": "machine", "management_client_secret": "m4chine""#;
    let (_, form) = asked(
        &format!("{custom}, {credentials}"),
        r#"{"audience":"https://example.kinde.com/api"}"#,
    );
    assert!(form.ends_with("&client_id=machine&client_secret=m4chine"));

    let other = r#""domain": "https://login.example", "discovery": "same_origin",
        "management_domain": "example.kinde.com""#;
    let (url, _) = asked(other, "");
    assert_eq!(url, "https://login.example/oauth2/token");

    let elsewhere = r#""token_endpoint": "https://tokens.example/token""#;
    let (url, _) = asked(&format!("{custom}, {elsewhere}"), "");
    assert_eq!(url, "https://tokens.example/token");
}

#[test]
fn equal_requests_resolve_to_equal_keys() {
    let settings = settings(r#""audience": "a""#);
    let resolve = |json: &str| {
        ClientCredentials::from_json(json)
            .unwrap()
            .resolved(&settings)
            .unwrap()
    };
    assert_eq!(resolve("{}"), resolve(r#"{"audience":"a","scope":"  "}"#));
    assert_ne!(resolve("{}"), resolve(r#"{"audience":"b"}"#));
}

#[test]
fn wrong_parameters_are_named_and_not_quoted() {
    for (error, field) in [
        (
            CodeExchange::from_json(r#"{"code":""}"#).unwrap_err(),
            "code",
        ),
        (
            CodeExchange::from_json(r#"{"code":"c","state":"s3cret"}"#).unwrap_err(),
            "state",
        ),
        (
            CodeExchange::from_json(r#"{"code":"c","nonce":["s3cret"]}"#).unwrap_err(),
            "nonce",
        ),
        (TokenRefresh::from_json("{}").unwrap_err(), "refresh_token"),
        (
            TokenRefresh::from_json(r#"{"refresh_token":"r","token":"s3cret"}"#).unwrap_err(),
            "token",
        ),
        (
            ClientCredentials::from_json(r#"{"audience":5}"#).unwrap_err(),
            "audience",
        ),
        (
            ClientCredentials::from_json(r#"{"client_secret":"s3cret"}"#).unwrap_err(),
            "client_secret",
        ),
    ] {
        assert_eq!(error.field(), Some(field));
        assert!(!error.to_json().contains("s3cret"), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let mut exchange = CodeExchange::new("s3cret");
    exchange.code_verifier = Some("s3cret".into());
    let refresh = TokenRefresh::new("s3cret");
    assert!(!format!("{exchange:?}{refresh:?}").contains("s3cret"));
    let settings = settings(CONFIDENTIAL);
    let request = refresh_request(&settings, &endpoints(&settings), &refresh).unwrap();
    assert!(!format!("{request:?}").contains("s3cret"));
    assert_eq!(header(&request, "authorization"), None);
}
