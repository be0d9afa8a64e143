//! The compact serialization of a signed token (RFC 7515, section 7.1) and its header.

use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use base64_simd::URL_SAFE_NO_PAD;

use super::claims::Claims;
use super::json_text;
use super::key;
use super::payload::Payload;
use super::registered::{Kind, malformed};
use super::verifications::TokenDigest;
use crate::config::Algorithm;
use crate::error::{Error, Result, Status};

/// The longest token, in bytes. HTTP servers take headers of 8 to 16 KB.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// A token taken apart, nothing of it believed.
pub(super) struct Jws<'a> {
    /// What the signature is made of: header and payload, as they stand in the token.
    pub(super) signed: SignedText<'a>,
    payload: &'a str,
    signature: &'a str,
    pub(super) header: Header,
}

/// The text that a signature is made of, hashed once: nearly every signature is made of its SHA-256,
/// and the digest of the whole token goes on from there.
pub(super) struct SignedText<'a> {
    pub(super) text: &'a str,
    hashed: Context,
}

/// What of a token's header counts. Keys that a header names or carries (`jku`, `x5u`, `jwk`,
/// `x5c`) do not: keys come from the issuer.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// Whether `typ` says that this is an access token (RFC 9068, section 2.1).
    pub(super) at_jwt: bool,
}

/// A token whose signature was made by a key of the issuer that it names. Nothing else about it
/// has been judged.
pub(crate) struct Signed {
    claims: Claims,
    algorithm: Algorithm,
    at_jwt: bool,
}

impl<'a> Jws<'a> {
    /// Takes a token apart and reads its header. Fails unless its algorithm is one of `allowed`.
    pub(super) fn parse(token: &'a str, allowed: &[Algorithm]) -> Result<Jws<'a>> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(malformed(&format!(
                "it is longer than {MAX_TOKEN_BYTES} bytes"
            )));
        }
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (first, second) = match (dots.next(), dots.next(), dots.count()) {
            (Some(first), Some(second), 0) => (first, second),
            (Some(_), Some(_), 2) => {
                return Err(malformed("it is encrypted (JWE), which is not supported"));
            }
            _ => return Err(malformed("it does not have three parts")),
        };
        Ok(Jws {
            header: Header::read(&token[..first], allowed)?,
            payload: &token[first + 1..second],
            signature: &token[second + 1..],
            signed: SignedText::new(&token[..second]),
        })
    }

    /// A digest of the whole token: header, payload and signature.
    pub(super) fn digest(&self) -> TokenDigest {
        let mut hashed = self.signed.hashed.clone();
        hashed.update(b".");
        hashed.update(self.signature.as_bytes());
        TokenDigest::of(&hashed.finish())
    }

    pub(super) fn payload(&self) -> Result<Payload> {
        Payload::new(decode_text(self.payload, "its payload")?)
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>> {
        decode(self.signature, "its signature")
    }
}

impl<'a> SignedText<'a> {
    pub(super) fn new(text: &'a str) -> SignedText<'a> {
        let mut hashed = Context::new(&SHA256);
        hashed.update(text.as_bytes());
        SignedText { text, hashed }
    }

    pub(super) fn sha256(&self) -> Digest {
        self.hashed.clone().finish()
    }
}

/// Only the one canonical encoding of some bytes is accepted, so that nobody can make a second
/// token out of one.
fn decode(part: &str, what: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD
        .decode_to_vec(part)
        .map_err(|_| malformed(&format!("{what} is not base64url")))
}

fn decode_text(part: &str, what: &str) -> Result<String> {
    String::from_utf8(decode(part, what)?).map_err(|_| malformed(&format!("{what} is not UTF-8")))
}

impl Header {
    fn read(part: &str, allowed: &[Algorithm]) -> Result<Header> {
        let json = decode_text(part, "its header")?;
        let mut alg = None;
        let mut kid = None;
        let mut typ = None;
        let mut unsupported = None;
        let mut seen: Vec<&str> = Vec::new();
        json_text::walk_object(&json, |name, value| {
            if seen.contains(&name) {
                return Err("a member occurs twice");
            }
            seen.push(name);
            match name {
                r#""alg""# => alg = Some(value),
                r#""kid""# => kid = Some(value),
                r#""typ""# => typ = Some(value),
                r#""crit""# => unsupported = Some("crit"),
                r#""b64""# => unsupported = Some("b64"),
                r#""zip""# => unsupported = Some("zip"),
                r#""enc""# => unsupported = Some("enc"),
                _ if name.contains('\\') => return Err("a name is written with escapes"),
                _ => {}
            }
            Ok(())
        })
        .map_err(|_| malformed("its header is not a JSON object with distinct members"))?;
        if let Some(name) = unsupported {
            return Err(malformed(&format!(
                "its header uses {name}, which is not supported"
            )));
        }
        let key_id = match kid.filter(|raw| *raw != "null") {
            None => None,
            Some(raw) => Some(
                json_text::string(raw)
                    .ok_or_else(|| malformed("its header's kid is not a text"))?
                    .into_owned(),
            ),
        };
        Ok(Header {
            algorithm: choose_algorithm(alg, allowed)?,
            key_id,
            at_jwt: typ
                .and_then(json_text::string)
                .is_some_and(|typ| is_access_token_type(&typ)),
        })
    }
}

/// The media type of RFC 9068, whose `application/` may be left out (RFC 7515, section 4.1.9).
fn is_access_token_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ) == "at+jwt"
}

fn choose_algorithm(raw: Option<&str>, allowed: &[Algorithm]) -> Result<Algorithm> {
    let name = raw.and_then(json_text::string).unwrap_or_default();
    let known = jsonwebtoken::Algorithm::from_str(&name).ok();
    if let Some(algorithm) = known.and_then(key::algorithm)
        && allowed.contains(&algorithm)
    {
        return Ok(algorithm);
    }
    let given = match known {
        Some(algorithm) => format!("is signed with {algorithm:?}"),
        None if name.is_empty() => "names no algorithm".to_owned(),
        None if name.eq_ignore_ascii_case("none") => "is not signed (alg none)".to_owned(),
        None => "is signed with an unknown algorithm".to_owned(),
    };
    let accepted: Vec<_> = allowed
        .iter()
        .map(|a| format!("{:?}", key::jose_algorithm(*a)))
        .collect();
    Err(Error::new(
        Status::Algorithm,
        format!(
            "the token {given}; the setting allowed_algorithms accepts {}",
            accepted.join(", ")
        ),
    ))
}

impl Signed {
    pub(super) fn new(payload: Payload, header: &Header) -> Arc<Signed> {
        Arc::new(Signed {
            claims: Claims::of_payload(payload),
            algorithm: header.algorithm,
            at_jwt: header.at_jwt,
        })
    }

    /// A token that was verified before, and kept where nobody could change it.
    pub(crate) fn from_kept(
        claims: String,
        algorithm: Algorithm,
        at_jwt: bool,
    ) -> Result<Arc<Signed>> {
        Ok(Arc::new(Signed {
            claims: Claims::of_payload(Payload::new(claims)?),
            algorithm,
            at_jwt,
        }))
    }

    /// Whether the token's `typ` says that it is an access token.
    pub(crate) fn at_jwt(&self) -> bool {
        self.at_jwt
    }

    /// What the token says.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The claims as JSON text, exactly as they were signed.
    pub(crate) fn text(&self) -> &str {
        self.claims.text()
    }

    /// The algorithm of the signature.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What the token is for.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let payload = self.claims.payload();
        payload.registered.kind(self.at_jwt)
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed")
    }
}
