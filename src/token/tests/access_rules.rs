use super::*;
use crate::token::{AccessRules, Expiry, judge_access};

fn judge(claims: &Value) -> Result<()> {
    let settings = settings(&[]);
    judge_access(&signed(claims), &AccessRules::new(&settings), NOW)
}

fn judge_for(audiences: &[&str], claims: &Value) -> Result<()> {
    let settings = settings(&[]);
    let audiences: Vec<_> = audiences.iter().map(|a| (*a).to_owned()).collect();
    let rules = AccessRules {
        audiences: Some(&audiences),
        ..AccessRules::new(&settings)
    };
    judge_access(&signed(claims), &rules, NOW)
}

fn judge_in_session(given: &[(&str, &str)], claims: &Value) -> Result<()> {
    let settings = settings(given);
    let rules = AccessRules {
        in_session: true,
        subject: Some("kp_1"),
        ..AccessRules::new(&settings)
    };
    judge_access(&signed(claims), &rules, NOW)
}

fn machine_claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": [], "azp": "machine", "exp": NOW + 3600,
        "gty": ["client_credentials"], "scp": ["read:users"],
    })
}

#[test]
fn a_token_of_kinde_is_accepted() {
    judge(&access_claims()).unwrap();
    judge_in_session(&[], &access_claims()).unwrap();
}

#[test]
fn invalid_iss() {
    let claims = with(access_claims(), "iss", json!("https://other.kinde.com"));
    assert_fails(judge(&claims), Status::Issuer, Some("iss"));
}

#[test]
fn an_issuer_is_compared_exactly() {
    for other in ["https://tenant.kinde.com/", "https://TENANT.kinde.com", ""] {
        let claims = with(access_claims(), "iss", json!(other));
        assert!(judge(&claims).is_err(), "{other}");
    }
}

#[test]
fn missing_iss() {
    let claims = without(access_claims(), "iss");
    assert_fails(judge(&claims), Status::ClaimMissing, Some("iss"));
}

#[test]
fn an_extra_issuer_is_accepted_where_it_is_configured() {
    let settings = settings(&[("extra_issuers", "https://account.example.com")]);
    let claims = with(access_claims(), "iss", json!("https://account.example.com"));
    judge_access(&signed(&claims), &AccessRules::new(&settings), NOW).unwrap();
    assert_fails(judge(&claims), Status::Issuer, Some("iss"));
}

#[test]
fn the_management_domain_issues_tokens_for_machines_only() {
    let kinde = "https://biz.kinde.com";
    let settings = settings(&[("management_domain", kinde)]);
    let judge = |claims: &Value| judge_access(&signed(claims), &AccessRules::new(&settings), NOW);
    judge(&machine_claims(kinde)).unwrap();
    let for_a_person = with(access_claims(), "iss", json!(kinde));
    assert_fails(judge(&for_a_person), Status::Issuer, Some("iss"));
}

#[test]
fn missing_exp() {
    let claims = without(access_claims(), "exp");
    assert_fails(judge(&claims), Status::ClaimMissing, Some("exp"));
    let claims = with(access_claims(), "exp", json!(null));
    assert_fails(judge(&claims), Status::ClaimMissing, Some("exp"));
}

#[test]
fn missing_sub() {
    for claims in [
        without(access_claims(), "sub"),
        with(access_claims(), "sub", json!("")),
    ] {
        assert_fails(judge(&claims), Status::ClaimMissing, Some("sub"));
    }
}

#[test]
fn a_machine_needs_no_subject() {
    judge(&machine_claims(ISSUER)).unwrap();
    let claims = with(machine_claims(ISSUER), "gty", json!("client_credentials"));
    judge(&claims).unwrap();
    let claims = with(machine_claims(ISSUER), "gty", json!(["authorization_code"]));
    assert_fails(judge(&claims), Status::ClaimMissing, Some("sub"));
}

#[test]
fn a_hollow_token_is_refused() {
    let claims = json!({"aud": [], "iat": NOW, "jti": "1", "scp": ["openid"]});
    assert_fails(judge(&claims), Status::ClaimMissing, Some("iss"));
}

#[test]
fn expired() {
    let claims = with(access_claims(), "exp", json!(NOW - 95));
    let error = assert_fails(judge(&claims), Status::TokenExpired, Some("exp"));
    assert_eq!(error.message(), "the token expired 95 s ago; leeway 60 s");
}

#[test]
fn leeway_ends_at_its_second() {
    let exp = |at: f64| judge(&with(access_claims(), "exp", json!(at)));
    let edge = NOW as f64 - 60.0;
    assert_fails(exp(edge), Status::TokenExpired, Some("exp"));
    exp(edge + 0.5).unwrap();
}

#[test]
fn leeway_is_a_setting() {
    let settings = settings(&[("clock_leeway_seconds", "0")]);
    let claims = with(access_claims(), "exp", json!(NOW));
    let judged = judge_access(&signed(&claims), &AccessRules::new(&settings), NOW);
    assert_fails(judged, Status::TokenExpired, Some("exp"));
}

#[test]
fn expiry_can_be_recorded_instead() {
    let settings = settings(&[]);
    let rules = AccessRules {
        expiry: Expiry::Record,
        ..AccessRules::new(&settings)
    };
    let expired = signed(&with(access_claims(), "exp", json!(NOW - 9000)));
    judge_access(&expired, &rules, NOW).unwrap();
    assert_eq!(expired.expires_at(), Some(NOW - 9000));
    let hollow = signed(&without(access_claims(), "exp"));
    let judged = judge_access(&hollow, &rules, NOW);
    assert_fails(judged, Status::ClaimMissing, Some("exp"));
}

#[test]
fn not_before() {
    let nbf = |at: i64| judge(&with(access_claims(), "nbf", json!(at)));
    nbf(NOW + 60).unwrap();
    let error = assert_fails(nbf(NOW + 61), Status::TokenNotYetValid, Some("nbf"));
    assert_eq!(error.message(), "the token is valid in 61 s; leeway 60 s");
}

#[test]
fn times_may_be_fractional_and_large() {
    let text = access_claims().to_string();
    let exp = |number: &str| {
        let text = text.replace(&(NOW + 3600).to_string(), number);
        let settings = settings(&[]);
        let token = signed_text(&text, Algorithm::Rs256, false)?;
        judge_access(&token, &AccessRules::new(&settings), NOW).map(|()| token.expires_at())
    };
    assert_eq!(exp("1790003600.75").unwrap(), Some(NOW + 3600));
    assert_eq!(exp("1.7900036e9").unwrap(), Some(NOW + 3600));
    assert_eq!(exp("1e300").unwrap(), Some(i64::MAX));
    assert_eq!(exp("99999999999999999999").unwrap(), Some(i64::MAX));
    assert_fails(exp("-1"), Status::TokenExpired, Some("exp"));
    assert_fails(exp("-1e300"), Status::TokenExpired, Some("exp"));
    for unreadable in ["\"1790003600\"", "true", "[]", "{}"] {
        assert_fails(exp(unreadable), Status::ClaimMissing, Some("exp"));
    }
    for malformed in ["NaN", "1e400", "01", "+1", ".5", "1790003600,\"exp\":1"] {
        assert_eq!(exp(malformed).unwrap_err().status(), Status::TokenMalformed);
    }
}

#[test]
fn an_empty_audience_passes_when_none_was_requested() {
    judge_for(&[], &access_claims()).unwrap();
    judge_for(&[], &without(access_claims(), "aud")).unwrap();
}

#[test]
fn invalid_aud() {
    let claims = with(access_claims(), "aud", json!(["https://api.example.com"]));
    assert_fails(judge_for(&[], &claims), Status::Audience, Some("aud"));
    let other = judge_for(&["https://other.example.com"], &claims);
    assert_fails(other, Status::Audience, Some("aud"));
    judge_for(
        &["https://other.example.com", "https://api.example.com"],
        &claims,
    )
    .unwrap();
}

#[test]
fn missing_aud() {
    for claims in [access_claims(), without(access_claims(), "aud")] {
        let judged = judge_for(&["https://api.example.com"], &claims);
        assert_fails(judged, Status::ClaimMissing, Some("aud"));
    }
}

#[test]
fn aud_may_be_one_text() {
    let claims = with(access_claims(), "aud", json!("https://api.example.com"));
    judge_for(&["https://api.example.com"], &claims).unwrap();
    let prefix = judge_for(&["https://api.example.com/v2"], &claims);
    assert_fails(prefix, Status::Audience, Some("aud"));
    let claims = with(
        access_claims(),
        "aud",
        json!([1, "https://api.example.com"]),
    );
    let judged = judge_for(&["https://api.example.com"], &claims);
    assert_fails(judged, Status::ClaimMissing, Some("aud"));
}

#[test]
fn the_configured_audience_counts_unless_another_is_asked_for() {
    let settings = settings(&[("audience", "https://api.example.com")]);
    let claims = signed(&with(
        access_claims(),
        "aud",
        json!("https://api.example.com"),
    ));
    judge_access(&claims, &AccessRules::new(&settings), NOW).unwrap();
    let empty = judge_access(&signed(&access_claims()), &AccessRules::new(&settings), NOW);
    assert_fails(empty, Status::ClaimMissing, Some("aud"));
}

#[test]
fn a_session_keeps_to_its_client() {
    let foreign = with(access_claims(), "azp", json!("other"));
    let judged = judge_in_session(&[], &foreign);
    assert_fails(judged, Status::AuthorizedParty, Some("azp"));
    judge(&foreign).unwrap();
    judge_in_session(&[], &without(access_claims(), "azp")).unwrap();
    judge_in_session(&[("management_client_id", "other")], &foreign).unwrap();
}

#[test]
fn a_session_keeps_to_its_user() {
    let foreign = with(access_claims(), "sub", json!("kp_2"));
    let judged = judge_in_session(&[], &foreign);
    assert_fails(judged, Status::Subject, Some("sub"));
    judge(&foreign).unwrap();
}

#[test]
fn other_kinds_of_tokens_are_refused() {
    let id = id_claims();
    assert_fails(judge(&id), Status::TokenKind, None);
    for (claim, value) in [
        ("nonce", json!("n")),
        ("at_hash", json!("h")),
        ("event_id", json!("event_1")),
    ] {
        let claims = with(access_claims(), claim, value);
        assert_fails(judge(&claims), Status::TokenKind, None);
    }
    let webhook = json!({
        "iss": ISSUER, "sub": "kp_1", "exp": NOW + 60,
        "type": "user.created", "event_id": "event_1", "data": {},
    });
    assert_fails(judge(&webhook), Status::TokenKind, None);
    assert_fails(
        judge(&without(access_claims(), "scp")),
        Status::TokenKind,
        None,
    );
}

#[test]
fn a_null_claim_counts_as_missing() {
    judge(&with(access_claims(), "nonce", json!(null))).unwrap();
    let claims = with(access_claims(), "scp", json!(null));
    assert_fails(judge(&claims), Status::TokenKind, None);
}

#[test]
fn any_of_three_claims_makes_an_access_token() {
    let bare = without(access_claims(), "scp");
    for (claim, value) in [
        ("scp", json!([])),
        ("scope", json!("openid")),
        ("gty", json!(["authorization_code"])),
    ] {
        judge(&with(bare.clone(), claim, value)).unwrap();
    }
}

#[test]
fn claims_that_no_rule_names_never_matter() {
    let mut claims = access_claims();
    for (name, value) in [
        ("updated_at", json!(1.68e9)),
        ("user_properties", json!({"kp_usr_city": {}})),
        ("permissions", json!("none")),
        ("feature_flags", json!(7)),
        ("iat", json!("yesterday")),
        ("act", json!(null)),
    ] {
        claims[name] = value;
    }
    judge(&claims).unwrap();
}
