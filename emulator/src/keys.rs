//! Signing keys and the key set that is published.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An RSA key that signs with RS256.
pub struct SigningKey {
    pair: KeyPair,
    pub kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    pub fn generate(bits: u16) -> Result<Self, String> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            other => {
                return Err(format!(
                    "key bits: {other} given; 2048, 3072 and 4096 are accepted"
                ));
            }
        };
        let pair = KeyPair::generate(size).map_err(|_| "cannot generate an RSA key".to_owned())?;
        Ok(Self::from_pair(pair))
    }

    /// Reads the key in this file; makes one, and the file, when there is none.
    pub fn read_or_generate(path: &Path, bits: u16) -> Result<Self, String> {
        let place = path.display();
        if !path.exists() {
            let key = Self::generate(bits)?;
            write_private(path, &key.to_pem()?)
                .map_err(|error| format!("cannot write the key file {place}: {error}"))?;
            return Ok(key);
        }
        let der = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| {
            format!("{place} holds no PKCS#8 key in PEM (-----BEGIN PRIVATE KEY-----): {error}")
        })?;
        KeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map(Self::from_pair)
            .map_err(|error| format!("{place} holds no RSA key of 2048 bits or more: {error}"))
    }

    fn from_pair(pair: KeyPair) -> Self {
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let kid = kid_of(&public.n);
        Self {
            pair,
            kid,
            modulus: public.n,
            exponent: public.e,
        }
    }

    fn to_pem(&self) -> Result<String, String> {
        let der: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|_| "cannot encode the RSA key".to_owned())?;
        Ok(pem("PRIVATE KEY", der.as_ref()))
    }

    /// The public key as the PEM text that `HS256` confusion attacks use as a secret.
    pub fn public_pem(&self) -> String {
        let der: Result<PublicKeyX509Der<'_>, _> = self.pair.public_key().as_der();
        der.map(|der| pem("PUBLIC KEY", der.as_ref()))
            .unwrap_or_default()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // Fails only without random values (as `random::fill`) or with a buffer of the wrong length.
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("an RSA key signs");
        signature
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }

    pub fn to_jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
        })
    }
}

/// As Kinde's key ids look: 16 bytes in hex with colons between. The same key always has the same id.
fn kid_of(modulus: &[u8]) -> String {
    let bytes: Vec<String> = Sha256::digest(modulus)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    bytes.join(":")
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[derive(Clone, Debug)]
struct Entry {
    key: Arc<SigningKey>,
    published: bool,
}

/// All keys that the emulator holds: those it signed with are still known when they are no longer published.
#[derive(Debug)]
pub struct KeyRing {
    bits: u16,
    first: Arc<SigningKey>,
    signing: Arc<SigningKey>,
    entries: Vec<Entry>,
    /// Published as they are, whatever they say.
    literal_jwks: Vec<Value>,
    foreign: OnceLock<Arc<SigningKey>>,
}

impl KeyRing {
    pub fn new(first: SigningKey, bits: u16) -> Self {
        let first = Arc::new(first);
        Self {
            bits,
            signing: first.clone(),
            entries: vec![Entry {
                key: first.clone(),
                published: true,
            }],
            first,
            literal_jwks: Vec::new(),
            foreign: OnceLock::new(),
        }
    }

    pub fn signing(&self) -> Arc<SigningKey> {
        self.signing.clone()
    }

    pub fn bits(&self) -> u16 {
        self.bits
    }

    /// A key that is published nowhere; made when it is first asked for.
    pub fn foreign(&self) -> Result<Arc<SigningKey>, String> {
        if let Some(key) = self.foreign.get() {
            return Ok(key.clone());
        }
        let key = Arc::new(SigningKey::generate(self.bits)?);
        Ok(self.foreign.get_or_init(|| key).clone())
    }

    pub fn find(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.entries
            .iter()
            .find(|entry| entry.key.kid == kid)
            .map(|entry| entry.key.clone())
    }

    /// Signs with `key` from now on.
    pub fn rotate(&mut self, key: SigningKey, keep_old: bool, publish: bool) {
        if !keep_old {
            self.entries
                .iter_mut()
                .for_each(|entry| entry.published = false);
            self.literal_jwks.clear();
        }
        self.signing = self.add(key, publish);
    }

    pub fn add(&mut self, key: SigningKey, published: bool) -> Arc<SigningKey> {
        let key = Arc::new(key);
        self.entries.push(Entry {
            key: key.clone(),
            published,
        });
        key
    }

    pub fn publish_literally(&mut self, jwk: Value) {
        self.literal_jwks.push(jwk);
    }

    /// Whether anything with this id was published until now.
    pub fn unpublish(&mut self, kid: &str) -> bool {
        let mut found = false;
        for entry in self
            .entries
            .iter_mut()
            .filter(|entry| entry.key.kid == kid && entry.published)
        {
            entry.published = false;
            found = true;
        }
        let before = self.literal_jwks.len();
        self.literal_jwks.retain(|jwk| jwk["kid"] != kid);
        found || self.literal_jwks.len() < before
    }

    /// Back to how it was after the start.
    pub fn reset(&mut self) {
        self.signing = self.first.clone();
        self.entries = vec![Entry {
            key: self.first.clone(),
            published: true,
        }];
        self.literal_jwks.clear();
    }

    pub fn to_jwks(&self) -> Value {
        let own = self
            .entries
            .iter()
            .filter(|entry| entry.published)
            .map(|entry| entry.key.to_jwk());
        let keys: Vec<Value> = own.chain(self.literal_jwks.iter().cloned()).collect();
        json!({ "keys": keys })
    }

    pub fn to_list(&self) -> Value {
        let keys: Vec<Value> = self
            .entries
            .iter()
            .map(|entry| json!({"kid": entry.key.kid, "published": entry.published}))
            .collect();
        json!({"signing": self.signing.kid, "keys": keys})
    }
}
