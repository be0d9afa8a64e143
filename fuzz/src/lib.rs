//! An issuer whose key the fuzz targets hold, so that they reach what lies behind the signature.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinde::{Client, Config};
use serde_json::json;

pub const ISSUER: &str = "https://fuzz.example";
pub const CLIENT_ID: &str = "fuzz";

/// Ed25519, because its signatures cost a fraction of those of RSA.
static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes"));

/// A client that needs no network to verify tokens.
pub static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let key = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "kid": "k",
        "x": URL_SAFE_NO_PAD.encode(KEY.public_key()),
    });
    let settings = json!({
        "domain": ISSUER,
        "client_id": CLIENT_ID,
        "redirect_uri": "https://app.example/callback",
        "allowed_algorithms": "EdDSA",
        "jwks": { "keys": [key] },
    });
    client(&settings)
});

pub fn client(settings: &serde_json::Value) -> Client {
    let mut config = Config::new();
    config
        .load_json(&settings.to_string())
        .expect("known settings");
    Client::new(&config).expect("good settings")
}

/// A token of these bytes with a good signature.
pub fn sign(header: &[u8], payload: &[u8]) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(text.as_bytes()));
    format!("{text}.{signature}")
}
