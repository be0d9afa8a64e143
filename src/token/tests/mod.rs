//! Keys, tokens and issuers for the tests of this module.

mod access_rules;
mod claims;
mod id_rules;
mod keys;
mod properties;
mod signatures;
mod vectors;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use super::jws::{Header, Signed};
use super::keys::{Fetch, Fetching};
use super::payload::Payload;
use super::verifications::Verifications;
use super::verifier::Verifier;
use crate::config::{Algorithm, Config, Settings};
use crate::error::{Error, Result, Status};
use crate::http::Response;

const ISSUER: &str = "https://tenant.kinde.com";
const CLIENT: &str = "client_1";
const NOW: i64 = 1_790_000_000;
const RS256: &[Algorithm] = &[Algorithm::Rs256];

/// One of a few RSA keys, which are made once because that takes long.
fn rsa(number: usize) -> &'static RsaKeyPair {
    static KEYS: [OnceLock<RsaKeyPair>; 3] = [const { OnceLock::new() }; 3];
    KEYS[number].get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn p256() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn p384() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::generate().unwrap()
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// As Kinde publishes them.
fn rsa_jwk(number: usize, kid: &str) -> Value {
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(rsa(number).public_key());
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
        "n": base64url(public.n), "e": base64url(public.e),
    })
}

fn ec_jwk(pair: &EcdsaKeyPair, curve: &str) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "kid": "ec", "x": base64url(x), "y": base64url(y)})
}

fn ed_jwk(pair: &Ed25519KeyPair) -> Value {
    let x = base64url(pair.public_key());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": x})
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn key_set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// Makes a token of any header and payload, right or wrong.
fn token(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", base64url(header), base64url(payload));
    let signature = base64url(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn with_rsa(number: usize, algorithm: &str) -> impl Fn(&[u8]) -> Vec<u8> {
    let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding = match algorithm {
        "RS256" => &RSA_PKCS1_SHA256,
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        other => panic!("{other} is not RSA"),
    };
    move |message| {
        let pair = rsa(number);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    }
}

/// A good token of RSA key `number`, which it calls `kid`.
fn rs256(number: usize, kid: &str, claims: &Value) -> String {
    let header = json!({"alg": "RS256", "kid": kid, "typ": "JWT"});
    token(
        &header.to_string(),
        &claims.to_string(),
        with_rsa(number, "RS256"),
    )
}

/// What Kinde puts into an access token.
fn access_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "kp_1", "azp": CLIENT, "aud": [], "exp": NOW + 3600, "iat": NOW,
        "jti": "1", "scp": ["openid"], "org_code": "org_1", "permissions": ["read:all"],
        "feature_flags": {"theme": {"t": "s", "v": "dark"}},
    })
}

/// What Kinde puts into an ID token.
fn id_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "kp_1", "azp": CLIENT, "aud": [ISSUER, CLIENT],
        "exp": NOW + 3600, "iat": NOW, "nonce": "n-1", "updated_at": 1.685_462_653e9,
        "given_name": "Ada", "email": "ada@example.com",
    })
}

fn settings(given: &[(&str, &str)]) -> Settings {
    let mut config = Config::new();
    let basics = [
        ("domain", ISSUER),
        ("client_id", CLIENT),
        ("client_secret", "s"),
        ("redirect_uri", "https://app.example.com/callback"),
    ];
    for (name, value) in basics.iter().chain(given) {
        config.set(name, value).unwrap();
    }
    Settings::new(&config).unwrap()
}

/// A token as if its signature had been verified.
fn signed_text(claims: &str, algorithm: Algorithm, at_jwt: bool) -> Result<Arc<Signed>> {
    let header = Header {
        algorithm,
        key_id: None,
        at_jwt,
    };
    Payload::new(claims.to_owned()).map(|payload| Signed::new(payload, &header))
}

fn signed(claims: &Value) -> Arc<Signed> {
    signed_text(&claims.to_string(), Algorithm::Rs256, false).unwrap()
}

/// The status and claim of an error, and that it does not quote what it must not.
#[track_caller]
fn assert_fails<T>(result: Result<T>, status: Status, claim: Option<&str>) -> Error {
    let Err(error) = result else {
        panic!("expected {status}, got success");
    };
    assert_eq!(
        (error.status(), error.claim()),
        (status, claim),
        "{}",
        error.message()
    );
    error
}

/// An issuer that publishes keys inside this process.
#[derive(Clone)]
struct Issuer(Arc<IssuerState>);

struct IssuerState {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<Url>>,
    requests: AtomicUsize,
}

#[derive(Clone)]
enum Answer {
    Keys(String),
    Status(u16),
    Unreachable,
}

impl Issuer {
    fn publishing(keys: &[Value]) -> Issuer {
        Issuer(Arc::new(IssuerState {
            answer: Mutex::new(Answer::Keys(key_set(keys))),
            asked: Mutex::default(),
            requests: AtomicUsize::new(0),
        }))
    }

    fn publish(&self, keys: &[Value]) {
        self.answer(Answer::Keys(key_set(keys)));
    }

    fn answer(&self, answer: Answer) {
        *self.0.answer.lock().unwrap() = answer;
    }

    fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }

    fn verifier(&self, given: &[(&str, &str)]) -> Verifier {
        let settings = settings(given);
        let fetching = Arc::new(Fetching {
            fetch: Box::new(self.clone()),
            cool_down: settings.jwks_cooldown,
            worker_threads: 2,
            verifications: Verifications::new(),
        });
        Verifier::with_fetching(&settings, fetching).unwrap()
    }
}

impl Fetch for Issuer {
    fn fetch(&self, url: Url) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>> {
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        self.0.asked.lock().unwrap().push(url);
        let answer = self.0.answer.lock().unwrap().clone();
        Box::pin(async move {
            // Lets others arrive while this is under way.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let (status, body) = match answer {
                Answer::Keys(keys) => (200, keys),
                Answer::Status(status) => (status, String::new()),
                Answer::Unreachable => {
                    return Err(Error::new(Status::Network, "connection refused"));
                }
            };
            Ok(Response::of(status, &[], &body))
        })
    }
}

/// A verifier that was given these keys and needs no network.
fn verifier_with(keys: &[Value]) -> Verifier {
    Issuer::publishing(&[]).verifier(&[("jwks", &key_set(keys))])
}

/// What a verifier that needs no network says of a token.
fn verify(verifier: &Verifier, token: &str, allowed: &[Algorithm]) -> Result<Arc<Signed>> {
    verifier
        .try_signed(token, allowed)
        .expect("the keys are known")
}
