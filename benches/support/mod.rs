//! What the benchmarks share: an issuer of their own, and clients that trust it.
#![allow(dead_code)] // Each benchmark uses a part.

pub mod server;

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, KeyPair, ParsedPublicKey, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kinde::{Client, Config};
use serde_json::{Value, json};

pub const CLIENT_ID: &str = "bench_client";
pub const NONCE: &str = "nonce-of-the-benchmark-nonce-of-the-bench";
const KEY_ID: &str = "0f:1e:2d:3c:4b:5a:69:78:87:96:a5:b4:c3:d2:e1:f0";

/// An issuer with one RSA key of 2,048 bits.
pub struct Issuer {
    pub url: String,
    key: RsaKeyPair,
}

impl Issuer {
    pub fn new(url: &str) -> Issuer {
        Issuer {
            url: url.to_owned(),
            key: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    pub fn jwks(&self) -> String {
        let public = self.key.public_key();
        let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID,
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        }]})
        .to_string()
    }

    /// The key as aws-lc verifies with it at its fastest.
    pub fn parsed_key(&self) -> ParsedPublicKey {
        ParsedPublicKey::new(
            &signature::RSA_PKCS1_2048_8192_SHA256,
            self.key.public_key().as_ref(),
        )
        .unwrap()
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}).to_string();
        let text = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header),
            BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &signature::RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// An access token of about 2 KB: 20 permissions, 15 flags. Each `serial` gives another.
    pub fn access_token(&self, serial: usize) -> String {
        let permissions: Vec<String> = (0..20).map(|i| format!("action{i}:resource{i}")).collect();
        let flags: serde_json::Map<String, Value> = (0..15)
            .map(|i| {
                let flag = match i % 3 {
                    0 => json!({"t": "b", "v": i % 2 == 0}),
                    1 => json!({"t": "s", "v": format!("value-{i}")}),
                    _ => json!({"t": "i", "v": i * 100}),
                };
                (format!("feature_flag_{i}"), flag)
            })
            .collect();
        let now = now();
        self.sign(&json!({
            "aud": [], "azp": CLIENT_ID, "exp": now + 86_400, "iat": now, "iss": self.url,
            "jti": format!("00000000-0000-4000-8000-{serial:012}"),
            "org_code": "org_1234567890", "org_name": "Bench",
            "permissions": permissions, "feature_flags": flags,
            "roles": [{"id": "role_1", "key": "admin", "name": "Administrator"}],
            "scp": ["openid", "profile", "email", "offline"],
            "sub": "kp_0123456789abcdef0123456789abcdef",
        }))
    }

    /// A machine's token of about 4 KB.
    pub fn machine_token(&self) -> String {
        let scopes: Vec<String> = (0..120).map(|i| format!("read:resource{i}")).collect();
        let now = now();
        self.sign(&json!({
            "aud": [], "azp": CLIENT_ID, "exp": now + 86_400, "iat": now, "iss": self.url,
            "gty": ["client_credentials"], "jti": "00000000-0000-4000-8000-000000000000",
            "scope": scopes.join(" "), "scp": scopes[..20],
        }))
    }

    pub fn id_token(&self, serial: usize) -> String {
        let now = now();
        let organizations: Vec<Value> = (0..8)
            .map(
                |i| json!({"id": format!("org_123456789{i}"), "name": format!("Organization {i}")}),
            )
            .collect();
        self.sign(&json!({
            "aud": [self.url, CLIENT_ID], "azp": CLIENT_ID, "auth_time": now, "exp": now + 3_600,
            "iat": now, "iss": self.url, "jti": format!("00000000-0000-4000-9000-{serial:012}"),
            "nonce": NONCE, "sub": "kp_0123456789abcdef0123456789abcdef",
            "email": "ada@example.com", "given_name": "Ada", "family_name": "Lovelace",
            "name": "Ada Lovelace", "org_codes": ["org_1234567890"], "organizations": organizations, "updated_at": 1.685462653e9,
            "picture": "https://example.com/ada.png",
        }))
    }

    pub fn client(&self, more: &Value) -> Client {
        let mut settings = json!({
            "domain": self.url, "client_id": CLIENT_ID, "client_secret": "bench_secret",
            "redirect_uri": "http://localhost:3000/callback", "jwks": self.jwks(),
        });
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        let mut config = Config::new();
        config.load_json(&settings.to_string()).unwrap();
        Client::new(&config).unwrap()
    }
}

pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
