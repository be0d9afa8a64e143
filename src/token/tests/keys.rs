use std::time::{Duration, Instant};

use super::*;
use crate::token::key_set::KeySet;
use crate::token::keys::{Cause, Freshness, Known};

fn keys_of(members: &[Value]) -> usize {
    KeySet::read(ISSUER, key_set(members).as_bytes())
        .unwrap()
        .len()
}

fn rs256_without_kid(number: usize) -> String {
    let header = json!({"alg": "RS256"}).to_string();
    token(
        &header,
        &access_claims().to_string(),
        with_rsa(number, "RS256"),
    )
}

#[test]
fn keys_of_no_use_are_passed_over() {
    let good = rsa_jwk(0, "k1");
    let small = with(good.clone(), "n", json!(base64url([0xff; 255])));
    let almost = with(
        good.clone(),
        "n",
        json!(base64url([&[0x7f], &[0xff; 255][..]].concat())),
    );
    let ec = ec_jwk(&p256(), "P-256");
    for bad in [
        json!(null),
        json!({}),
        json!([]),
        json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "k1"}),
        json!({"kty": "AKP", "kid": "k1"}),
        without(good.clone(), "n"),
        with(good.clone(), "use", json!("enc")),
        with(good.clone(), "key_ops", json!(["encrypt"])),
        with(good.clone(), "alg", json!("RSA-OAEP")),
        with(good.clone(), "alg", json!("ES256")),
        with(good.clone(), "alg", json!("HS256")),
        with(good.clone(), "e", json!(base64url([1]))),
        with(good.clone(), "e", json!(base64url([1, 0]))),
        with(good.clone(), "e", json!("")),
        with(good.clone(), "n", json!("")),
        with(good.clone(), "n", json!("not base64url!")),
        with(good.clone(), "n", json!(base64url([0xff; 1025]))),
        small,
        almost,
        with(ec.clone(), "crv", json!("P-384")),
        with(ec.clone(), "crv", json!("P-521")),
        with(ec.clone(), "x", json!(base64url([1; 31]))),
        with(ec.clone(), "x", json!(base64url([1; 32]))),
        json!({"kty": "OKP", "crv": "Ed25519", "x": base64url([1; 31])}),
        json!({"kty": "OKP", "crv": "X25519", "x": base64url([1; 32])}),
    ] {
        assert_eq!(keys_of(std::slice::from_ref(&bad)), 0, "{bad}");
        assert_eq!(keys_of(&[bad, good.clone()]), 1);
    }
}

/// Both would be good keys if their parts were put together carelessly.
#[test]
fn coordinates_have_the_length_of_their_curve() {
    let pair = p256();
    let point = &pair.public_key().as_ref()[1..];
    let shifted = json!({
        "kty": "EC", "crv": "P-256", "x": base64url(&point[..31]), "y": base64url(&point[31..]),
    });
    assert_eq!(keys_of(&[shifted]), 0);
    let pair = ed25519();
    // RFC 8410, section 4: the same key as a SubjectPublicKeyInfo.
    let prefix = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    let der = [&prefix, pair.public_key().as_ref()].concat();
    let wrapped = with(ed_jwk(&pair), "x", json!(base64url(der)));
    assert_eq!(keys_of(&[wrapped]), 0);
    assert_eq!(keys_of(&[ed_jwk(&pair)]), 1);
}

#[test]
fn one_key_of_two_issuers_is_two_keys() {
    use crate::token::key::Key;
    let id_for = |issuer| Key::read(issuer, rsa_jwk(0, "k1")).unwrap().id;
    assert!(id_for("https://a.example.com") == id_for("https://a.example.com"));
    assert!(id_for("https://a.example.com") != id_for("https://b.example.com"));
}

#[test]
fn usable_keys_are_kept() {
    let good = rsa_jwk(0, "k1");
    let n = URL_SAFE_NO_PAD.decode(good["n"].as_str().unwrap()).unwrap();
    for usable in [
        without(good.clone(), "use"),
        without(good.clone(), "alg"),
        without(good.clone(), "kid"),
        with(good.clone(), "key_ops", json!(["verify"])),
        with(good.clone(), "unknown", json!({"member": 1})),
        with(
            good.clone(),
            "n",
            json!(base64url([&[0], n.as_slice()].concat())),
        ),
    ] {
        assert_eq!(keys_of(std::slice::from_ref(&usable)), 1, "{usable}");
    }
}

#[test]
fn a_key_set_is_bounded() {
    let many = vec![rsa_jwk(0, "k1"); 101];
    assert_eq!(keys_of(&many), 100);
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(256 * 1024));
    for bad in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        &large,
    ] {
        let read = KeySet::read(ISSUER, bad.as_bytes()).err().unwrap();
        assert_eq!(read.status(), Status::MalformedResponse);
    }
}

#[test]
fn a_key_set_given_by_hand_must_be_usable() {
    for (jwks, _why) in [("{", "not JSON"), (r#"{"keys":[]}"#, "no key")] {
        let mut settings = settings(&[]);
        settings.jwks = Some(jwks.to_owned());
        let fetching = Arc::new(Fetching {
            fetch: Box::new(Issuer::publishing(&[])),
            cool_down: Duration::ZERO,
            worker_threads: 1,
            verifications: Verifications::new(),
        });
        let error = Verifier::with_fetching(&settings, fetching).unwrap_err();
        assert_eq!(
            (error.status(), error.field()),
            (Status::Config, Some("jwks"))
        );
    }
}

#[test]
fn kid_absent_single_jwks() {
    let verifier = verifier_with(&[rsa_jwk(0, "k1"), ec_jwk(&p256(), "P-256")]);
    verify(&verifier, &rs256_without_kid(0), RS256).unwrap();
    let null = r#"{"alg":"RS256","kid":null}"#;
    let token = token(null, &access_claims().to_string(), with_rsa(0, "RS256"));
    verify(&verifier, &token, RS256).unwrap();
}

#[test]
fn kid_absent_multiple_jwks() {
    let verifier = verifier_with(&[rsa_jwk(0, "k1"), rsa_jwk(1, "k2")]);
    let judged = verify(&verifier, &rs256_without_kid(0), RS256);
    assert_fails(judged, Status::KeyNotFound, None);
}

#[test]
fn an_unknown_kid_is_not_replaced_by_the_only_key() {
    let verifier = verifier_with(&[rsa_jwk(0, "k1")]);
    let judged = verify(&verifier, &rs256(0, "k2", &access_claims()), RS256);
    assert_fails(judged, Status::KeyNotFound, None);
    let verifier = verifier_with(&[without(rsa_jwk(0, "k1"), "kid")]);
    let judged = verify(&verifier, &rs256(0, "k2", &access_claims()), RS256);
    assert_fails(judged, Status::KeyNotFound, None);
}

#[test]
fn of_two_keys_with_one_kid_each_is_tried() {
    let verifier = verifier_with(&[rsa_jwk(0, "k1"), rsa_jwk(1, "k1")]);
    for number in [0, 1] {
        verify(&verifier, &rs256(number, "k1", &access_claims()), RS256).unwrap();
    }
    let judged = verify(&verifier, &rs256(2, "k1", &access_claims()), RS256);
    assert_fails(judged, Status::Signature, None);
}

#[tokio::test]
async fn keys_are_fetched_when_a_token_needs_them() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    let token = rs256(0, "k1", &access_claims());
    assert!(verifier.try_signed(&token, RS256).is_none());
    let blocked = verifier.signed(&token, RS256, false).await;
    assert_fails(blocked, Status::WouldBlock, None);
    assert_eq!(issuer.requests(), 0);
    verifier.signed(&token, RS256, true).await.unwrap();
    verifier.signed(&token, RS256, false).await.unwrap();
    verify(&verifier, &token, RS256).unwrap();
    assert_eq!(issuer.requests(), 1);
    let asked = issuer.0.asked.lock().unwrap();
    assert_eq!(
        asked[0].as_str(),
        "https://tenant.kinde.com/.well-known/jwks.json"
    );
}

#[tokio::test]
async fn a_token_that_no_key_can_save_causes_no_fetch() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    let foreign = with(access_claims(), "iss", json!("https://other.example.com"));
    let unsigned = token(r#"{"alg":"none"}"#, &access_claims().to_string(), |_| {
        Vec::new()
    });
    for token in [rs256(0, "k1", &foreign), unsigned, "a.b.c".to_owned()] {
        verifier.signed(&token, RS256, true).await.unwrap_err();
    }
    assert_eq!(issuer.requests(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_verifications_after_a_rotation_cause_one_request() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    verifier.prepare().await.unwrap();
    issuer.publish(&[rsa_jwk(1, "k2")]);
    let token: Arc<str> = rs256(1, "k2", &access_claims()).into();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let (verifier, token) = (verifier.clone(), token.clone());
        waiting.spawn(async move { verifier.signed(&token, RS256, true).await });
    }
    let results = waiting.join_all().await;
    assert_eq!(results.len(), 10_000);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_per_cool_down() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "3600")]);
    verifier.prepare().await.unwrap();
    for number in 0..5 {
        let token = rs256(1, &format!("unknown-{number}"), &access_claims());
        let judged = verifier.signed(&token, RS256, true).await;
        assert_fails(judged, Status::KeyNotFound, None);
    }
    assert_eq!(issuer.requests(), 2);
    let known = rs256(0, "k1", &access_claims());
    verifier.signed(&known, RS256, false).await.unwrap();
}

#[tokio::test]
async fn a_bad_signature_causes_no_fetch() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "0")]);
    verifier.prepare().await.unwrap();
    let forged = rs256(1, "k1", &access_claims());
    let judged = verifier.signed(&forged, RS256, true).await;
    assert_fails(judged, Status::Signature, None);
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn a_rotation_of_the_only_key_is_noticed_without_kid() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    verifier.prepare().await.unwrap();
    issuer.publish(&[rsa_jwk(1, "k2")]);
    verifier
        .signed(&rs256_without_kid(1), RS256, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_withdrawn_key_vouches_for_nothing_any_more() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    let old = rs256(0, "k1", &access_claims());
    verifier.signed(&old, RS256, true).await.unwrap();
    issuer.publish(&[rsa_jwk(1, "k2")]);
    let new = rs256(1, "k2", &access_claims());
    verifier.signed(&new, RS256, true).await.unwrap();
    assert_eq!(verifier.stats()["verifications"], 1);
    let judged = verifier.signed(&old, RS256, true).await;
    assert_fails(judged, Status::KeyNotFound, None);
}

#[tokio::test]
async fn another_key_under_the_same_kid_does_not_inherit_its_verdicts() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[]);
    let old = rs256(0, "k1", &access_claims());
    verifier.signed(&old, RS256, true).await.unwrap();
    issuer.publish(&[rsa_jwk(1, "k1")]);
    let unknown = rs256(1, "k9", &access_claims());
    verifier.signed(&unknown, RS256, true).await.unwrap_err();
    let judged = verifier.signed(&old, RS256, true).await;
    assert_fails(judged, Status::Signature, None);
}

#[tokio::test]
async fn known_keys_stay_usable_while_the_issuer_is_away() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "0")]);
    verifier.prepare().await.unwrap();
    for answer in [
        Answer::Unreachable,
        Answer::Status(500),
        Answer::Keys("garbage".to_owned()),
    ] {
        issuer.answer(answer);
        let unknown = rs256(1, "k2", &access_claims());
        let judged = verifier.signed(&unknown, RS256, true).await;
        assert_fails(judged, Status::KeyNotFound, None);
        let known = rs256(0, "k1", &access_claims());
        verifier.signed(&known, RS256, false).await.unwrap();
    }
    assert_eq!(verifier.stats()["issuers"][0]["failures"], 3);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_not_pestered() {
    let issuer = Issuer::publishing(&[]);
    issuer.answer(Answer::Unreachable);
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "3600")]);
    let token = rs256(0, "k1", &access_claims());
    let judged = verifier.signed(&token, RS256, true).await;
    let error = assert_fails(judged, Status::KeysUnavailable, None);
    assert!(error.message().contains("connection refused"), "{error}");
    assert!(error.retry_after().is_some());
    verifier.signed(&token, RS256, true).await.unwrap_err();
    assert_fails(verifier.prepare().await, Status::KeysUnavailable, None);
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn an_issuer_that_comes_back_is_asked_again() {
    let issuer = Issuer::publishing(&[]);
    issuer.answer(Answer::Status(503));
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "0")]);
    let token = rs256(0, "k1", &access_claims());
    let judged = verifier.signed(&token, RS256, true).await;
    let error = assert_fails(judged, Status::KeysUnavailable, None);
    assert_eq!(error.http_status(), Some(503));
    issuer.publish(&[rsa_jwk(0, "k1")]);
    verifier.signed(&token, RS256, true).await.unwrap();
}

#[tokio::test]
async fn a_key_vouches_only_for_tokens_of_its_issuer() {
    let other = "https://account.example.com";
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let jwks = key_set(&[rsa_jwk(1, "k1")]);
    let verifier = issuer.verifier(&[("extra_issuers", other), ("jwks", &jwks)]);
    let of_other = with(access_claims(), "iss", json!(other));
    verifier
        .signed(&rs256(0, "k1", &of_other), RS256, true)
        .await
        .unwrap();
    verifier
        .signed(&rs256(1, "k1", &access_claims()), RS256, true)
        .await
        .unwrap();
    for (key, claims) in [(1, of_other), (0, access_claims())] {
        let judged = verifier
            .signed(&rs256(key, "k1", &claims), RS256, true)
            .await;
        assert_fails(judged, Status::Signature, None);
    }
    let asked = issuer.0.asked.lock().unwrap();
    assert_eq!(
        asked[0].as_str(),
        "https://account.example.com/.well-known/jwks.json"
    );
}

#[tokio::test]
async fn an_issuer_that_is_not_accepted_is_refused() {
    let verifier = verifier_with(&[rsa_jwk(0, "k1")]);
    let foreign = with(access_claims(), "iss", json!("https://other.example.com"));
    let judged = verify(&verifier, &rs256(0, "k1", &foreign), RS256);
    assert_fails(judged, Status::Issuer, Some("iss"));
    let judged = verify(&verifier, &rs256(0, "k1", &without(foreign, "iss")), RS256);
    assert_fails(judged, Status::ClaimMissing, Some("iss"));
}

#[tokio::test]
async fn discovery_says_where_the_keys_are() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let given = [("discovery", "any_origin"), ("jwks_cooldown_seconds", "0")];
    let verifier = issuer.verifier(&given);
    let token = rs256(0, "k1", &access_claims());
    let judged = verifier.signed(&token, RS256, true).await;
    assert_fails(judged, Status::KeysUnavailable, None);
    assert_eq!(issuer.requests(), 0);
    let url = Url::parse("https://keys.example.com/set").unwrap();
    verifier.set_keys_url(ISSUER, url.clone());
    verifier.signed(&token, RS256, true).await.unwrap();
    assert_eq!(*issuer.0.asked.lock().unwrap(), [url]);
}

#[tokio::test]
async fn keys_are_prepared_once() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[("extra_issuers", "https://account.example.com")]);
    for _ in 0..3 {
        verifier.prepare().await.unwrap();
    }
    assert_eq!(issuer.requests(), 2);
    let stats = verifier.stats();
    for of_issuer in stats["issuers"].as_array().unwrap() {
        assert_eq!(of_issuer["keys"], 1);
        assert_eq!(of_issuer["fetches"], 1);
        assert_eq!(of_issuer["failures"], 0);
        assert_eq!(of_issuer["age_seconds"], 0);
    }
}

#[tokio::test]
async fn an_issuer_for_machines_is_known_where_there_can_be_one() {
    let issuers = |given: &[(&str, &str)]| {
        let stats = Issuer::publishing(&[]).verifier(given).stats();
        stats["issuers"].as_array().map(Vec::len).unwrap()
    };
    let apart = ("management_domain", "https://biz.kinde.com");
    let other_name = ("issuer", "https://tenant.kinde.com/realm");
    assert_eq!(issuers(&[]), 1);
    assert_eq!(issuers(&[apart]), 2);
    assert_eq!(issuers(&[other_name]), 2);
    assert_eq!(issuers(&[other_name, ("discovery", "any_origin")]), 1);
    assert_eq!(issuers(&[apart, ("discovery", "any_origin")]), 2);
}

/// Waits for a fetch in the background to have ended.
async fn fetched_times(verifier: &Verifier, times: u64) {
    while verifier.stats()["issuers"][0]["fetches"] != times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn aging_keys_are_used_while_new_ones_are_fetched() {
    for known_before in [false, true] {
        let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
        let verifier = issuer.verifier(&[]);
        verifier.prepare().await.unwrap();
        let token = rs256(0, "k1", &access_claims());
        if known_before {
            verify(&verifier, &token, RS256).unwrap();
        }
        verifier.issuers[0].make_older(65 * MINUTE);
        verify(&verifier, &token, RS256).unwrap();
        fetched_times(&verifier, 2).await;
        verify(&verifier, &token, RS256).unwrap();
        assert_eq!(issuer.requests(), 2);
    }
}

#[tokio::test]
async fn old_keys_are_fetched_anew_before_they_are_used() {
    for known_before in [false, true] {
        let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
        let verifier = issuer.verifier(&[]);
        verifier.prepare().await.unwrap();
        let token = rs256(0, "k1", &access_claims());
        if known_before {
            verify(&verifier, &token, RS256).unwrap();
        }
        verifier.issuers[0].make_older(100 * MINUTE);
        assert!(verifier.try_signed(&token, RS256).is_none());
        issuer.publish(&[rsa_jwk(1, "k2")]);
        let judged = verifier.signed(&token, RS256, true).await;
        assert_fails(judged, Status::KeyNotFound, None);
        assert_eq!(issuer.requests(), 2);
    }
}

#[tokio::test]
async fn old_keys_are_used_while_the_issuer_is_away() {
    let issuer = Issuer::publishing(&[rsa_jwk(0, "k1")]);
    let verifier = issuer.verifier(&[("jwks_cooldown_seconds", "3600")]);
    verifier.prepare().await.unwrap();
    let token = rs256(0, "k1", &access_claims());
    verifier.issuers[0].make_older(100 * MINUTE);
    issuer.answer(Answer::Unreachable);
    verifier.signed(&token, RS256, true).await.unwrap();
    verifier.signed(&token, RS256, false).await.unwrap();
    verify(&verifier, &token, RS256).unwrap();
    assert_eq!(issuer.requests(), 2);
}

const MINUTE: Duration = Duration::from_secs(60);
const COOL_DOWN: Duration = MINUTE;

fn fetched(lifetime: Duration, at: Instant) -> Known {
    Known::default().after(Ok((KeySet::default(), lifetime)), Cause::Age, at, COOL_DOWN)
}

fn failed(known: &Known, cause: Cause, at: Instant) -> Known {
    let error = Error::new(Status::Network, "away");
    known.after(Err(error), cause, at, COOL_DOWN)
}

#[test]
fn keys_age() {
    let start = Instant::now();
    let known = fetched(60 * MINUTE, start);
    for (minutes, freshness) in [
        (0, Freshness::Fresh),
        (59, Freshness::Fresh),
        (60, Freshness::Stale),
        (69, Freshness::Stale),
        (70, Freshness::Expired),
    ] {
        assert_eq!(
            known.freshness(start + minutes * MINUTE),
            freshness,
            "{minutes}"
        );
    }
    let away = failed(&known, Cause::Age, start + 70 * MINUTE);
    assert_eq!(away.freshness(start + 1000 * MINUTE), Freshness::Stale);
    assert_eq!(away.freshness(start), Freshness::Fresh);
}

#[test]
fn failures_wait_longer_each_time_up_to_the_cool_down() {
    let start = Instant::now();
    let mut known = Known::default();
    let mut waits = Vec::new();
    for _ in 0..12 {
        known = failed(&known, Cause::Age, start);
        let wait = (1..=240)
            .map(|quarters| quarters * Duration::from_millis(250))
            .find(|wait| known.may_fetch(Cause::Age, start + *wait));
        waits.push(wait.expect("the cool-down is the longest wait").as_millis());
    }
    assert_eq!(waits[..5], [250, 500, 1000, 2000, 4000]);
    assert_eq!(waits[11], COOL_DOWN.as_millis());
    for _ in 0..100 {
        known = failed(&known, Cause::Age, start);
    }
    assert!(known.may_fetch(Cause::Age, start + COOL_DOWN));
    let again = known.after(
        Ok((KeySet::default(), MINUTE)),
        Cause::Age,
        start,
        COOL_DOWN,
    );
    assert!(again.may_fetch(Cause::Age, start));
}

#[test]
fn only_unknown_keys_start_the_cool_down() {
    let start = Instant::now();
    let known = fetched(MINUTE, start);
    assert!(known.may_fetch(Cause::UnknownKey, start));
    let cooling = known.after(
        Ok((KeySet::default(), MINUTE)),
        Cause::UnknownKey,
        start,
        COOL_DOWN,
    );
    assert!(!cooling.may_fetch(Cause::UnknownKey, start + COOL_DOWN / 2));
    assert!(cooling.may_fetch(Cause::Age, start));
    assert!(cooling.may_fetch(Cause::UnknownKey, start + COOL_DOWN));
}

#[test]
fn what_the_issuer_says_about_age_counts_within_bounds() {
    use crate::token::keys::lifetime;
    let of = |cache_control: Option<&'static str>| {
        let headers: Vec<_> = cache_control
            .map(|value| ("cache-control", value))
            .into_iter()
            .collect();
        lifetime(&Response::of(200, &headers, "")).as_secs() / 60
    };
    assert_eq!(of(None), 60);
    assert_eq!(of(Some("public, max-age=7200")), 120);
    assert_eq!(of(Some("max-age=1")), 10);
    assert_eq!(of(Some("no-store")), 10);
    assert_eq!(of(Some("max-age=99999999")), 24 * 60);
    assert_eq!(of(Some("max-age=soon")), 60);
}
