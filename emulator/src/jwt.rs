//! Compact JSON Web Signatures, written by hand: a test control that lies needs every bit of them.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub type Claims = Map<String, Value>;

/// The two encoded parts that a signature covers.
pub fn signing_input(header: &str, payload: &str) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    )
}

pub fn with_signature(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The parts of a token: what was signed, the header, the claims, the signature.
pub struct Parts<'a> {
    pub signing_input: &'a str,
    pub header: Claims,
    pub claims: Claims,
    pub signature: Vec<u8>,
}

/// Takes a token apart without judging it.
pub fn parse(token: &str) -> Option<Parts<'_>> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let (header, payload) = signing_input.split_once('.')?;
    Some(Parts {
        signing_input,
        header: decode(header)?,
        claims: decode(payload)?,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

fn decode(part: &str) -> Option<Claims> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// `at_hash` of OpenID Connect Core, section 3.1.3.6, for RS256.
pub fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token.as_bytes())[..16])
}

/// JSON text with floating-point numbers in exponent form, as Kinde writes `updated_at`.
pub fn to_text(members: &Claims) -> String {
    let mut text = Vec::with_capacity(1024);
    let mut serializer = Serializer::with_formatter(&mut text, ExponentForm(CompactFormatter));
    members
        .serialize(&mut serializer)
        .ok()
        .and_then(|()| String::from_utf8(text).ok())
        // Writing JSON values to memory cannot fail.
        .unwrap_or_default()
}

struct ExponentForm(CompactFormatter);

impl Formatter for ExponentForm {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value.abs() < 1e6 {
            return self.0.write_f64(writer, value);
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        write!(writer, "{digits}e+{exponent:0>2}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn floats_are_in_exponent_form() {
        let members: Claims = [
            ("updated_at".to_owned(), json!(1_685_462_653.0)),
            ("exp".to_owned(), json!(17)),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            to_text(&members),
            r#"{"exp":17,"updated_at":1.685462653e+09}"#
        );
    }

    /// The example of OpenID Connect Core, appendix A.3 and A.4.
    #[test]
    fn at_hash_is_that_of_the_specification() {
        assert_eq!(
            at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }

    #[test]
    fn a_token_comes_apart_as_it_was_put_together() {
        let token = with_signature(
            &signing_input(r#"{"alg":"RS256"}"#, r#"{"sub":"kp_1"}"#),
            b"signature",
        );
        let parts = parse(&token).expect("a token");
        assert_eq!(parts.header["alg"], "RS256");
        assert_eq!(parts.claims["sub"], "kp_1");
        assert_eq!(parts.signature, b"signature");
        assert!(parse("a.b").is_none());
        assert!(parse("...").is_none());
    }
}
