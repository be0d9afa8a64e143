//! Published examples, so that signer and verifier cannot share a misreading.

use super::*;
use crate::token::jws::Jws;
use crate::token::key::Key;
use crate::token::key_set::KeySet;

/// RFC 7515, appendix A.2.
const RFC7515_A2_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9",
    ".",
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt",
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    ".",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7",
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4",
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K",
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv",
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB",
    "p0igcN_IoypGlUPQGe77Rw",
);

const RFC7515_A2_N: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp",
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW",
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs",
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k",
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2",
    "PAcDTW9gb54h4FRWyuXpoQ",
);

/// RFC 7517, appendix A.1: an EC and an RSA key.
const RFC7517_A1: &str = r#"{"keys":[
    {"kty":"EC","crv":"P-256",
     "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
     "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
     "use":"enc","kid":"1"},
    {"kty":"RSA",
     "n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
     "e":"AQAB","alg":"RS256","kid":"2011-04-29"}]}"#;

fn a2_key() -> Value {
    json!({"kty": "RSA", "n": RFC7515_A2_N, "e": "AQAB"})
}

#[test]
fn rfc7515_a2_verifies() {
    let key = Key::read("joe", a2_key()).unwrap();
    let jws = Jws::parse(RFC7515_A2_TOKEN, RS256).unwrap();
    let signature = jws.signature().unwrap();
    let message = &jws.signed;
    assert!(key.verifies(Algorithm::Rs256, message, &signature));
    assert!(!key.verifies(Algorithm::Rs384, message, &signature));
    assert!(!key.verifies(Algorithm::Ps256, message, &signature));
    let payload = jws.payload().unwrap();
    assert_eq!(
        &*payload.text,
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
}

#[test]
fn rfc7515_a2_verifies_through_the_public_face() {
    let mut settings = settings(&[]);
    settings.issuer = "joe".to_owned();
    settings.jwks = Some(key_set(&[a2_key()]));
    let fetching = Arc::new(Fetching {
        fetch: Box::new(Issuer::publishing(&[])),
        cool_down: settings.jwks_cooldown,
        worker_threads: 1,
        verifications: Verifications::new(),
    });
    let verifier = Verifier::with_fetching(&settings, fetching).unwrap();
    let signed = verify(&verifier, RFC7515_A2_TOKEN, RS256).unwrap();
    assert!(
        signed
            .claims()
            .boolean("http://example.com/is_root")
            .unwrap()
    );
    assert_eq!(signed.expires_at(), Some(1_300_819_380));
}

#[test]
fn rfc7517_a1_gives_its_signature_key() {
    let keys = KeySet::read(ISSUER, RFC7517_A1.as_bytes()).unwrap();
    assert_eq!(keys.len(), 1);
    let encryption_key_for_signatures = RFC7517_A1.replace(r#""use":"enc","#, "");
    let keys = KeySet::read(ISSUER, encryption_key_for_signatures.as_bytes()).unwrap();
    assert_eq!(keys.len(), 2);
}

/// RFC 7517, appendix A.3.
#[test]
fn rfc7517_a3_symmetric_keys_are_passed_over() {
    let keys = r#"{"keys":[
        {"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"},
        {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","kid":"HMAC key used in JWS spec Appendix A.1 example"}]}"#;
    assert_eq!(KeySet::read(ISSUER, keys.as_bytes()).unwrap().len(), 0);
}

/// RFC 8037, appendices A.2 and A.4.
#[test]
fn rfc8037_a4_verifies() {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let token = concat!(
        "eyJhbGciOiJFZERTQSJ9",
        ".",
        "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        ".",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
    let key = Key::read(ISSUER, jwk).unwrap();
    let jws = Jws::parse(token, &[Algorithm::EdDsa]).unwrap();
    let signature = jws.signature().unwrap();
    assert!(key.verifies(Algorithm::EdDsa, &jws.signed, &signature));
}
