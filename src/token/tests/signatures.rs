use super::*;
use crate::token::{IdRules, judge_id};

fn header(alg: &str) -> String {
    json!({"alg": alg, "kid": "k1", "typ": "JWT"}).to_string()
}

fn payload() -> String {
    access_claims().to_string()
}

fn good() -> String {
    rs256(0, "k1", &access_claims())
}

fn verifier() -> Verifier {
    verifier_with(&[rsa_jwk(0, "k1")])
}

fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.split('.');
    std::array::from_fn(|_| parts.next().unwrap())
}

#[test]
fn a_good_token_gives_its_claims_as_they_were_signed() {
    let signed = verify(&verifier(), &good(), RS256).unwrap();
    assert_eq!(signed.text(), payload());
    assert_eq!(signed.claims().string("iss").unwrap(), ISSUER);
    assert_eq!(signed.subject().as_deref(), Some("kp_1"));
    assert_eq!(signed.expires_at(), Some(NOW + 3600));
}

#[test]
fn invalid_sig_rs256() {
    let other_key = rs256(1, "k1", &access_claims());
    assert_fails(
        verify(&verifier(), &other_key, RS256),
        Status::Signature,
        None,
    );
    let token = good();
    let [header, _, signature] = parts(&token);
    let richer = base64url(with(access_claims(), "permissions", json!(["all"])).to_string());
    let forged = format!("{header}.{richer}.{signature}");
    assert_fails(verify(&verifier(), &forged, RS256), Status::Signature, None);
    let [header, payload, _] = parts(&token);
    let bare = format!("{header}.{payload}.");
    assert_fails(verify(&verifier(), &bare, RS256), Status::Signature, None);
}

#[test]
fn alg_none() {
    for alg in ["none", "None", "NONE"] {
        let unsigned = token(&header(alg), &payload(), |_| Vec::new());
        let error = assert_fails(
            verify(&verifier(), &unsigned, RS256),
            Status::Algorithm,
            None,
        );
        assert!(error.message().contains("not signed"), "{error}");
    }
}

#[test]
fn invalid_null_alg() {
    for header in [
        r#"{"alg":null}"#,
        "{}",
        r#"{"alg":1}"#,
        r#"{"alg":["RS256"]}"#,
    ] {
        let token = token(header, &payload(), with_rsa(0, "RS256"));
        assert_fails(verify(&verifier(), &token, RS256), Status::Algorithm, None);
    }
}

#[test]
fn invalid_sig_hs256_key_confusion() {
    let jwk = rsa_jwk(0, "k1");
    for secret in [jwk["n"].as_str().unwrap(), &jwk.to_string(), ""] {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
        let token = token(&header("HS256"), &payload(), |message| {
            aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
        });
        let error = assert_fails(verify(&verifier(), &token, RS256), Status::Algorithm, None);
        assert!(error.message().contains("HS256"), "{error}");
    }
}

#[test]
fn invalid_alternate_alg() {
    let verifier = verifier_with(&[without(rsa_jwk(0, "k1"), "alg")]);
    for alg in ["RS384", "RS512", "PS256"] {
        let token = token(&header(alg), &payload(), with_rsa(0, alg));
        assert_fails(verify(&verifier, &token, RS256), Status::Algorithm, None);
    }
    let unknown = token(&header("RS257"), &payload(), with_rsa(0, "RS256"));
    assert_fails(verify(&verifier, &unknown, RS256), Status::Algorithm, None);
}

#[test]
fn the_algorithm_is_judged_anew_for_a_known_token() {
    let verifier = verifier();
    verify(&verifier, &good(), RS256).unwrap();
    let judged = verify(&verifier, &good(), &[Algorithm::Ps256]);
    assert_fails(judged, Status::Algorithm, None);
}

#[test]
fn every_configurable_algorithm_verifies() {
    let (es256, es384, ed) = (p256(), p384(), ed25519());
    let random = SystemRandom::new();
    let verifier = verifier_with(&[
        without(rsa_jwk(0, "rsa"), "alg"),
        with(ec_jwk(&es256, "P-256"), "kid", json!("es256")),
        with(ec_jwk(&es384, "P-384"), "kid", json!("es384")),
        ed_jwk(&ed),
    ]);
    let check = |kid: &str, alg: &str, algorithm, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let good = token(&header, &payload(), sign);
        verify(&verifier, &good, &[algorithm]).unwrap_or_else(|e| panic!("{alg}: {e}"));
        let bad = token(&header, &payload(), |_| sign(b"something else"));
        assert_fails(
            verify(&verifier, &bad, &[algorithm]),
            Status::Signature,
            None,
        );
    };
    for (alg, algorithm) in [
        ("RS256", Algorithm::Rs256),
        ("RS384", Algorithm::Rs384),
        ("RS512", Algorithm::Rs512),
        ("PS256", Algorithm::Ps256),
        ("PS384", Algorithm::Ps384),
        ("PS512", Algorithm::Ps512),
    ] {
        check("rsa", alg, algorithm, &with_rsa(0, alg));
    }
    check("es256", "ES256", Algorithm::Es256, &|message| {
        es256.sign(&random, message).unwrap().as_ref().to_vec()
    });
    check("es384", "ES384", Algorithm::Es384, &|message| {
        es384.sign(&random, message).unwrap().as_ref().to_vec()
    });
    check("ed", "EdDSA", Algorithm::EdDsa, &|message| {
        ed.sign(message).as_ref().to_vec()
    });
}

#[test]
fn a_key_is_used_only_with_algorithms_that_fit_it() {
    let verifier = verifier();
    let token = token(&header("PS256"), &payload(), with_rsa(0, "PS256"));
    let both = [Algorithm::Rs256, Algorithm::Ps256];
    assert_fails(verify(&verifier, &token, &both), Status::KeyNotFound, None);
}

#[test]
fn extensions_are_refused_by_name() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
    ] {
        let header = with(json!({"alg": "RS256", "kid": "k1"}), name, value);
        let token = token(&header.to_string(), &payload(), with_rsa(0, "RS256"));
        let error = assert_fails(
            verify(&verifier(), &token, RS256),
            Status::TokenMalformed,
            None,
        );
        assert!(error.message().contains(name), "{error}");
    }
}

#[test]
fn a_token_is_bounded() {
    let padded = |length| json!({"alg": "RS256", "kid": "k1", "x": "x".repeat(length)}).to_string();
    let sign = with_rsa(0, "RS256");
    let short = token(&padded(40_000), &payload(), &sign);
    verify(&verifier(), &short, RS256).unwrap();
    let long = token(&padded(50_000), &payload(), &sign);
    let error = assert_fails(
        verify(&verifier(), &long, RS256),
        Status::TokenMalformed,
        None,
    );
    assert!(error.message().contains("65536 bytes"), "{error}");
}

#[test]
fn an_encrypted_token_is_refused_by_name() {
    let error = verify(&verifier(), "e30.e30.e30.e30.e30", RS256).unwrap_err();
    assert_eq!(error.status(), Status::TokenMalformed);
    assert!(error.message().contains("encrypted"), "{error}");
}

#[test]
fn keys_that_a_token_brings_along_are_ignored() {
    let own = json!({
        "alg": "RS256", "kid": "k1", "jwk": rsa_jwk(1, "k1"), "jku": "https://evil.example.com",
        "x5u": "https://evil.example.com", "x5c": [7],
    });
    let by_own_key = token(&own.to_string(), &payload(), with_rsa(1, "RS256"));
    assert_fails(
        verify(&verifier(), &by_own_key, RS256),
        Status::Signature,
        None,
    );
    let by_issuer = token(&own.to_string(), &payload(), with_rsa(0, "RS256"));
    verify(&verifier(), &by_issuer, RS256).unwrap();
}

#[test]
fn a_header_member_must_not_occur_twice() {
    for header in [
        r#"{"alg":"none","alg":"RS256","kid":"k1"}"#,
        r#"{"\u0061lg":"none","alg":"RS256","kid":"k1"}"#,
        r#"{"alg":"RS256","kid":"k1","kid":"k2"}"#,
    ] {
        let token = token(header, &payload(), with_rsa(0, "RS256"));
        let judged = verify(&verifier(), &token, RS256);
        assert_fails(judged, Status::TokenMalformed, None);
    }
}

#[test]
fn a_registered_claim_must_not_occur_twice() {
    for (claims, claim) in [
        (
            r#"{"iss":"https://tenant.kinde.com","iss":"https://tenant.kinde.com"}"#,
            "iss",
        ),
        (
            r#"{"iss":"https://tenant.kinde.com","exp":1,"\u0065xp":2}"#,
            "exp",
        ),
        (
            r#"{"iss":"https://tenant.kinde.com","at_hash":null,"at_hash":"x"}"#,
            "at_hash",
        ),
    ] {
        let token = token(&header("RS256"), claims, with_rsa(0, "RS256"));
        let judged = verify(&verifier(), &token, RS256);
        assert_fails(judged, Status::TokenMalformed, Some(claim));
    }
}

#[test]
fn what_is_no_jwt_is_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(65), "]".repeat(65));
    let token_of = |claims: &str| token(&header("RS256"), claims, with_rsa(0, "RS256"));
    for malformed in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "opaque",
        &good()[1..],
        &format!("{} ", good()),
        &format!("\n{}", good()),
        &format!("{}=", good()),
        &"a".repeat(70_000),
        &token_of("[]"),
        &token_of("null"),
        &token_of("\"x\""),
        &token_of("{} {}"),
        &token_of("{\"iss\":"),
        &token_of(&deep),
    ] {
        let judged = verify(&verifier(), malformed, RS256);
        assert_fails(judged, Status::TokenMalformed, None);
    }
}

#[test]
fn nesting_is_counted_outside_of_texts() {
    use crate::token::json_text::nests_at_most;
    for (json, depth) in [
        ("7", 0),
        ("[]", 1),
        (r#"{"a":[]}"#, 2),
        ("[[],[],[[]],[]]", 3),
        (r#"[["[","{","\"[","\\"],[]]"#, 2),
    ] {
        assert!(nests_at_most(json, depth), "{json}");
        assert!(depth == 0 || !nests_at_most(json, depth - 1), "{json}");
    }
}

/// Other parsers refuse such a number or take it for infinite.
#[test]
fn a_number_larger_than_a_double_is_refused() {
    let claims = |extra: &str| {
        let claims = access_claims().to_string();
        format!("{},{extra}}}", claims.strip_suffix('}').unwrap())
    };
    let judged = |extra: &str| {
        let token = token(&header("RS256"), &claims(extra), with_rsa(0, "RS256"));
        verify(&verifier(), &token, RS256)
    };
    for held in [
        r#""n":1e308,"ids":["27daa125-2fb2-4e14","1e999"]"#,
        r#""n": -1.7976931348623157E+308 "#,
        r#""n":1e-400"#,
        r#""n":[123456789012345678901234567890,true,null,{"e":0}]"#,
        r#""n":"1e999","1e999":"\\","\"":"\",1e999,""#,
    ] {
        judged(held).unwrap();
    }
    let digits = "9".repeat(309);
    for too_large in [
        r#""n":1e309"#,
        r#""n":[0,1e309]"#,
        r#""n":[1e309]"#,
        "\"n\":\t1.5e+309",
        "\"n\":\r1e309",
        "\"n\":\n1e309",
        r#""n": -1E+309 "#,
        r#""n":[0,{"m":1e309}]"#,
        r#""s":"\"","n":1e309"#,
        &format!(r#""n":{digits}"#),
    ] {
        assert_fails(judged(too_large), Status::TokenMalformed, None);
    }
}

#[test]
fn typ_says_that_a_token_is_an_access_token() {
    for (typ, is_access_token) in [
        (json!("at+jwt"), true),
        (json!("AT+JWT"), true),
        (json!("application/at+jwt"), true),
        (json!("JWT"), false),
        (json!("text/at+jwt"), false),
        (json!(null), false),
        (json!(7), false),
    ] {
        let header = json!({"alg": "RS256", "kid": "k1", "typ": typ}).to_string();
        let token = token(&header, &id_claims().to_string(), with_rsa(0, "RS256"));
        let signed = verify(&verifier(), &token, RS256).unwrap();
        let settings = settings(&[]);
        let judged = judge_id(&signed, &IdRules::new(&settings), NOW);
        assert_eq!(judged.is_err(), is_access_token, "{typ}");
    }
}

#[test]
fn a_payload_that_is_not_utf8_is_refused() {
    let text = format!(
        "{}.{}",
        base64url(header("RS256")),
        base64url([b'{', 0xff, b'}'])
    );
    let signature = base64url(with_rsa(0, "RS256")(text.as_bytes()));
    let judged = verify(&verifier(), &format!("{text}.{signature}"), RS256);
    assert_fails(judged, Status::TokenMalformed, None);
}

#[test]
fn brackets_in_texts_do_not_count_as_nesting() {
    let claims = with(access_claims(), "note", json!("\\\"[".repeat(200)));
    verify(&verifier(), &rs256(0, "k1", &claims), RS256).unwrap();
}

/// Each variant decodes, carelessly, to the bytes of the good token.
#[test]
fn only_the_canonical_encoding_of_a_token_is_accepted() {
    let verifier = verifier();
    // 256 bytes of signature leave two unused bits in their last character.
    let token = good();
    verify(&verifier, &token, RS256).unwrap();
    let last = token.chars().last().unwrap();
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = ALPHABET.as_bytes()[ALPHABET.find(last).unwrap() + 1] as char;
    let trailing_bits = format!("{}{next}", &token[..token.len() - 1]);
    let standard_alphabet = token.replace('-', "+").replace('_', "/");
    assert_ne!(standard_alphabet, token);
    for variant in [trailing_bits, standard_alphabet, format!("{token}==")] {
        let judged = verify(&verifier, &variant, RS256);
        assert_fails(judged, Status::TokenMalformed, None);
    }
}

#[test]
fn a_known_token_does_not_vouch_for_a_similar_one() {
    let verifier = verifier();
    let good = good();
    verify(&verifier, &good, RS256).unwrap();
    let [_, payload, signature] = parts(&good);
    let other_header = base64url(r#"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#);
    let judged = verify(
        &verifier,
        &format!("{other_header}.{payload}.{signature}"),
        RS256,
    );
    assert_fails(judged, Status::Signature, None);
    let other_signature = base64url([0; 256]);
    let [header, ..] = parts(&good);
    let judged = verify(
        &verifier,
        &format!("{header}.{payload}.{other_signature}"),
        RS256,
    );
    assert_fails(judged, Status::Signature, None);
}

#[test]
fn a_known_token_is_not_verified_again() {
    let verifier = verifier();
    let first = verify(&verifier, &good(), RS256).unwrap();
    let again = verify(&verifier, &good(), RS256).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(verifier.stats()["verifications"], 1);
    let bad = rs256(1, "k1", &access_claims());
    verify(&verifier, &bad, RS256).unwrap_err();
    assert_eq!(verifier.stats()["verifications"], 1);
}

#[test]
fn the_cache_is_bounded() {
    use crate::token::key::Key;
    use crate::token::verifications::TokenDigest;
    use aws_lc_rs::digest::{SHA256, digest};
    let digest = |text: String| TokenDigest::of(&digest(&SHA256, text.as_bytes()));
    let cache = Verifications::new();
    let key = Key::read(ISSUER, rsa_jwk(0, "k1")).unwrap().id;
    let small = signed(&access_claims());
    for number in 0..20_000 {
        cache.keep(digest(number.to_string()), key, &small);
    }
    assert!((1000..=8192).contains(&cache.len()), "{}", cache.len());
    let cache = Verifications::new();
    let large = signed(&with(access_claims(), "note", json!("x".repeat(40_000))));
    for number in 0..2_000 {
        cache.keep(digest(format!("large {number}")), key, &large);
    }
    assert!((100..=420).contains(&cache.len()), "{}", cache.len());
}

#[test]
fn errors_never_quote_the_token() {
    let secret = "c2VjcmV0";
    for token in [
        format!("{secret}.{secret}.{secret}"),
        token(
            &json!({"alg": secret, "kid": secret}).to_string(),
            &json!({"iss": secret}).to_string(),
            |_| secret.into(),
        ),
        token(
            &header("RS256"),
            &json!({"iss": secret}).to_string(),
            |_| secret.into(),
        ),
        token(
            &json!({"alg": "RS256", "kid": secret}).to_string(),
            &payload(),
            |_| secret.into(),
        ),
        token(&header("RS256"), &format!("{{{secret}"), |_| secret.into()),
    ] {
        let error = verify(&verifier(), &token, RS256).unwrap_err();
        assert!(!error.to_json().contains(secret), "{}", error.to_json());
    }
    let signed = verify(&verifier(), &good(), RS256).unwrap();
    let shown = format!("{signed:?} {:?} {:?}", signed.claims(), verifier());
    assert_eq!(shown, "Signed Claims Verifier");
}
