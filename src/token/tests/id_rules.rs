use super::*;
use crate::token::{IdRules, judge_id};

const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// The example of OpenID Connect Core, appendix A.3.
const AT_HASH: &str = "77QmUPtjPfzWtF2AnpK9RQ";

fn judge_with(claims: &Value, rules: impl Fn(&mut IdRules<'_>)) -> Result<()> {
    judge_by(&[], &signed(claims), rules)
}

fn judge_by(
    given: &[(&str, &str)],
    token: &Signed,
    change: impl Fn(&mut IdRules<'_>),
) -> Result<()> {
    let settings = settings(given);
    let mut rules = IdRules::new(&settings);
    change(&mut rules);
    judge_id(token, &rules, NOW)
}

fn judge(claims: &Value) -> Result<()> {
    judge_with(claims, |_| {})
}

#[test]
fn a_token_of_kinde_is_accepted() {
    judge_with(&id_claims(), |rules| {
        rules.nonce = Some("n-1");
        rules.access_token = Some(ACCESS_TOKEN);
        rules.fresh = true;
    })
    .unwrap();
}

#[test]
fn invalid_iss() {
    let claims = with(id_claims(), "iss", json!("https://other.kinde.com"));
    assert_fails(judge(&claims), Status::Issuer, Some("iss"));
}

#[test]
fn missing_iss() {
    let claims = without(id_claims(), "iss");
    assert_fails(judge(&claims), Status::ClaimMissing, Some("iss"));
}

#[test]
fn the_management_domain_issues_no_id_tokens() {
    let kinde = "https://biz.kinde.com";
    let claims = with(id_claims(), "iss", json!(kinde));
    let claims = with(claims, "aud", json!([CLIENT]));
    let judged = judge_by(&[("management_domain", kinde)], &signed(&claims), |_| {});
    assert_fails(judged, Status::Issuer, Some("iss"));
}

#[test]
fn invalid_aud() {
    for aud in [json!("other"), json!([ISSUER]), json!([ISSUER, "other"])] {
        let claims = with(id_claims(), "aud", aud);
        assert_fails(judge(&claims), Status::Audience, Some("aud"));
    }
}

#[test]
fn missing_aud() {
    for claims in [
        without(id_claims(), "aud"),
        with(id_claims(), "aud", json!([])),
    ] {
        assert_fails(judge(&claims), Status::ClaimMissing, Some("aud"));
    }
}

#[test]
fn valid_aud_as_array() {
    for aud in [json!(CLIENT), json!([CLIENT]), json!([CLIENT, ISSUER])] {
        judge(&with(id_claims(), "aud", aud)).unwrap();
    }
}

#[test]
fn invalid_secondary_aud() {
    let claims = with(
        id_claims(),
        "aud",
        json!([CLIENT, "https://api.example.com"]),
    );
    assert_fails(judge(&claims), Status::Audience, Some("aud"));
    let given = [("audience", "https://api.example.com")];
    judge_by(&given, &signed(&claims), |_| {}).unwrap();
}

#[test]
fn azp_is_this_client() {
    let claims = with(id_claims(), "azp", json!("other"));
    assert_fails(judge(&claims), Status::AuthorizedParty, Some("azp"));
    let claims = with(claims, "aud", json!(CLIENT));
    assert_fails(judge(&claims), Status::AuthorizedParty, Some("azp"));
}

#[test]
fn azp_may_be_missing_only_beside_issuer_and_client() {
    let claims = without(id_claims(), "azp");
    judge(&claims).unwrap();
    judge(&with(claims.clone(), "aud", json!(CLIENT))).unwrap();
    let given = [("audience", "https://api.example.com")];
    for aud in [
        json!([CLIENT, "https://api.example.com"]),
        json!([ISSUER, CLIENT, "https://api.example.com"]),
    ] {
        let token = signed(&with(claims.clone(), "aud", aud));
        let judged = judge_by(&given, &token, |_| {});
        assert_fails(judged, Status::AuthorizedParty, Some("azp"));
    }
}

#[test]
fn the_audience_may_fall_back_to_azp_where_it_is_configured() {
    let given = [("id_token_audience_fallback", "true")];
    let judge = |claims: &Value| judge_by(&given, &signed(claims), |_| {});
    let claims = with(id_claims(), "aud", json!([ISSUER]));
    judge(&claims).unwrap();
    let without_azp = without(claims.clone(), "azp");
    assert_fails(judge(&without_azp), Status::Audience, Some("aud"));
    let other_azp = with(claims.clone(), "azp", json!("other"));
    assert_fails(judge(&other_azp), Status::Audience, Some("aud"));
    let without_issuer = with(claims, "aud", json!(["https://api.example.com"]));
    let given = [given[0], ("audience", "https://api.example.com")];
    let judged = judge_by(&given, &signed(&without_issuer), |_| {});
    assert_fails(judged, Status::Audience, Some("aud"));
}

#[test]
fn missing_sub() {
    for claims in [
        without(id_claims(), "sub"),
        with(id_claims(), "sub", json!("")),
    ] {
        assert_fails(judge(&claims), Status::ClaimMissing, Some("sub"));
    }
}

#[test]
fn missing_iat() {
    let claims = without(id_claims(), "iat");
    assert_fails(judge(&claims), Status::ClaimMissing, Some("iat"));
}

#[test]
fn missing_exp() {
    let claims = without(id_claims(), "exp");
    assert_fails(judge(&claims), Status::ClaimMissing, Some("exp"));
}

#[test]
fn expired() {
    let claims = with(id_claims(), "exp", json!(NOW - 61));
    assert_fails(judge(&claims), Status::TokenExpired, Some("exp"));
}

#[test]
fn issued_in_the_future() {
    let claims = with(id_claims(), "iat", json!(NOW + 61));
    assert_fails(judge(&claims), Status::TokenNotYetValid, Some("iat"));
    judge(&with(id_claims(), "iat", json!(NOW + 60))).unwrap();
}

#[test]
fn iat_is_week_in_past() {
    let claims = with(id_claims(), "iat", json!(NOW - 7 * 24 * 3600));
    let judged = judge_with(&claims, |rules| rules.fresh = true);
    assert_fails(judged, Status::TokenExpired, Some("iat"));
    judge(&claims).unwrap();
}

#[test]
fn a_fresh_token_is_at_most_a_day_old() {
    let issued = |ago: i64| {
        let claims = with(id_claims(), "iat", json!(NOW - ago));
        judge_with(&claims, |rules| rules.fresh = true)
    };
    issued(24 * 3600 + 60).unwrap();
    let old = issued(24 * 3600 + 61);
    assert_fails(old, Status::TokenExpired, Some("iat"));
}

#[test]
fn not_before() {
    let claims = with(id_claims(), "nbf", json!(NOW + 61));
    assert_fails(judge(&claims), Status::TokenNotYetValid, Some("nbf"));
}

#[test]
fn times_are_judged_once() {
    let mut claims = with(id_claims(), "exp", json!(NOW - 9000));
    claims["iat"] = json!(NOW - 99_000);
    judge_with(&claims, |rules| {
        rules.judge_times = false;
        rules.fresh = true;
    })
    .unwrap();
}

#[test]
fn times_are_required_even_where_they_are_not_judged() {
    for claim in ["exp", "iat"] {
        let claims = without(id_claims(), claim);
        let judged = judge_with(&claims, |rules| rules.judge_times = false);
        assert_fails(judged, Status::ClaimMissing, Some(claim));
    }
}

#[test]
fn nonce_invalid() {
    let judged = judge_with(&id_claims(), |rules| rules.nonce = Some("n-2"));
    assert_fails(judged, Status::Nonce, Some("nonce"));
}

#[test]
fn missing_nonce() {
    let claims = without(id_claims(), "nonce");
    let judged = judge_with(&claims, |rules| rules.nonce = Some("n-1"));
    assert_fails(judged, Status::Nonce, Some("nonce"));
}

#[test]
fn the_nonce_is_not_judged_when_none_was_given() {
    judge(&id_claims()).unwrap();
    judge(&without(id_claims(), "nonce")).unwrap();
}

#[test]
fn at_hash() {
    let judge = |at_hash: Value, access_token| {
        let claims = with(id_claims(), "at_hash", at_hash);
        judge_with(&claims, |rules| rules.access_token = access_token)
    };
    judge(json!(AT_HASH), Some(ACCESS_TOKEN)).unwrap();
    judge(json!(AT_HASH), None).unwrap();
    let other = judge(json!(AT_HASH), Some("another token"));
    assert_fails(other, Status::AtHash, Some("at_hash"));
    let empty = judge(json!(""), Some(ACCESS_TOKEN));
    assert_fails(empty, Status::AtHash, Some("at_hash"));
    let unreadable = judge(json!(1), Some(ACCESS_TOKEN));
    assert_fails(unreadable, Status::ClaimMissing, Some("at_hash"));
}

#[test]
fn missing_at_hash() {
    judge_with(&id_claims(), |rules| {
        rules.access_token = Some(ACCESS_TOKEN)
    })
    .unwrap();
}

#[test]
fn at_hash_uses_the_hash_of_the_signature() {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    for (algorithm, hash) in [
        (Algorithm::Rs256, &SHA256),
        (Algorithm::Ps256, &SHA256),
        (Algorithm::Es256, &SHA256),
        (Algorithm::Rs384, &SHA384),
        (Algorithm::Ps384, &SHA384),
        (Algorithm::Es384, &SHA384),
        (Algorithm::Rs512, &SHA512),
        (Algorithm::Ps512, &SHA512),
        (Algorithm::EdDsa, &SHA512),
    ] {
        let hashed = digest(hash, ACCESS_TOKEN.as_bytes());
        let left_half = base64url(&hashed.as_ref()[..hashed.as_ref().len() / 2]);
        let claims = with(id_claims(), "at_hash", json!(left_half));
        let token = signed_text(&claims.to_string(), algorithm, false).unwrap();
        judge_by(&[], &token, |rules| rules.access_token = Some(ACCESS_TOKEN)).unwrap();
    }
}

mod after_a_refresh {
    use super::*;

    fn judge(claims: &Value) -> Result<()> {
        let previous = signed(&id_claims());
        let settings = settings(&[("extra_issuers", "https://account.example.com")]);
        let rules = IdRules {
            previous: Some(&previous),
            ..IdRules::new(&settings)
        };
        judge_id(&signed(claims), &rules, NOW)
    }

    #[test]
    fn the_same_user_is_accepted() {
        judge(&id_claims()).unwrap();
        judge(&with(id_claims(), "aud", json!(CLIENT))).unwrap();
    }

    #[test]
    fn another_issuer_is_refused() {
        let claims = with(id_claims(), "iss", json!("https://account.example.com"));
        let claims = with(claims, "aud", json!(CLIENT));
        assert_fails(judge(&claims), Status::Issuer, Some("iss"));
    }

    #[test]
    fn another_user_is_refused() {
        let claims = with(id_claims(), "sub", json!("kp_2"));
        assert_fails(judge(&claims), Status::Subject, Some("sub"));
    }

    #[test]
    fn azp_must_not_appear_or_disappear() {
        let claims = without(id_claims(), "azp");
        assert_fails(judge(&claims), Status::AuthorizedParty, Some("azp"));
    }

    #[test]
    fn another_client_is_refused() {
        let claims = with(id_claims(), "aud", json!([ISSUER]));
        assert_fails(judge(&claims), Status::Audience, Some("aud"));
    }

    #[test]
    fn the_nonce_may_be_missing_but_not_another() {
        judge(&without(id_claims(), "nonce")).unwrap();
        let claims = with(id_claims(), "nonce", json!("n-2"));
        assert_fails(judge(&claims), Status::Nonce, Some("nonce"));
    }
}

#[test]
fn other_kinds_of_tokens_are_refused() {
    assert_fails(judge(&access_claims()), Status::TokenKind, None);
    for (claim, value) in [
        ("scp", json!(["openid"])),
        ("gty", json!(["client_credentials"])),
        ("event_id", json!("event_1")),
    ] {
        let claims = with(id_claims(), claim, value);
        assert_fails(judge(&claims), Status::TokenKind, None);
    }
    let text = id_claims().to_string();
    let at_jwt = signed_text(&text, Algorithm::Rs256, true).unwrap();
    assert_fails(judge_by(&[], &at_jwt, |_| {}), Status::TokenKind, None);
}

#[test]
fn a_token_with_only_a_scope_is_no_id_token() {
    let claims = with(without(id_claims(), "nonce"), "scope", json!("openid"));
    assert_fails(judge(&claims), Status::TokenKind, None);
    judge(&with(id_claims(), "scope", json!("openid"))).unwrap();
}

#[test]
fn a_webhook_is_neither() {
    let webhook = json!({
        "type": "user.created", "event_id": "event_1", "data": {}, "source": "api",
        "timestamp": "2026-01-01T00:00:00Z",
    });
    assert_eq!(
        signed(&webhook).kind(),
        Some(crate::token::registered::Kind::Webhook)
    );
    assert_fails(judge(&webhook), Status::TokenKind, None);
    for claim in ["scp", "at_hash", "sub"] {
        let claims = with(webhook.clone(), claim, json!("x"));
        assert_ne!(
            signed(&claims).kind(),
            Some(crate::token::registered::Kind::Webhook)
        );
    }
    for claim in ["type", "event_id", "data"] {
        let claims = without(webhook.clone(), claim);
        assert_ne!(
            signed(&claims).kind(),
            Some(crate::token::registered::Kind::Webhook)
        );
    }
}
