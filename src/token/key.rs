//! One key of an issuer, parsed and ready to verify.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm as JoseAlgorithm;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, Jwk, KeyAlgorithm,
    KeyOperations, OctetKeyPairParameters, PublicKeyUse, RSAKeyParameters,
};
use sha2::{Digest, Sha256};

use super::jws::SignedText;
use crate::config::Algorithm;

/// The smallest RSA modulus (RFC 7518, section 3.3) and the largest that is worth its time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Identifies a key and the issuer that it vouches for: a digest of both.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KeyId([u8; 32]);

/// A key of an issuer, for each algorithm that it may be used with.
pub(super) struct Key {
    pub(super) id: KeyId,
    /// The `kid` under which tokens name it.
    pub(super) name: Option<String>,
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

impl Key {
    /// Reads a member of a key set (RFC 7517). The error says why it is of no use.
    pub(super) fn read(issuer: &str, jwk: serde_json::Value) -> Result<Key, &'static str> {
        let jwk: Jwk = serde_json::from_value(jwk).map_err(|_| "it is not a JWK")?;
        match &jwk.common.public_key_use {
            None | Some(PublicKeyUse::Signature) => {}
            Some(_) => return Err("its use is not sig"),
        }
        if let Some(operations) = &jwk.common.key_operations
            && !operations.contains(&KeyOperations::Verify)
        {
            return Err("its key_ops lack verify");
        }
        let mut parsed = parse(&jwk.algorithm)?;
        if let Some(only) = jwk.common.key_algorithm {
            parsed.retain(|(algorithm, _)| KeyAlgorithm::from(jose_algorithm(*algorithm)) == only);
        }
        let Some((_, first)) = parsed.first() else {
            return Err("its alg does not fit its kty");
        };
        Ok(Key {
            id: KeyId::of(issuer, first.as_ref()),
            name: jwk.common.key_id,
            parsed,
        })
    }

    /// Whether a token with this `kid` (or none) and algorithm may be signed with this key.
    pub(super) fn fits(&self, name: Option<&str>, algorithm: Algorithm) -> bool {
        (name.is_none() || name == self.name.as_deref()) && self.parsed_for(algorithm).is_some()
    }

    pub(super) fn verifies(
        &self,
        algorithm: Algorithm,
        signed: &SignedText,
        signature: &[u8],
    ) -> bool {
        let verified = self.parsed_for(algorithm).map(|key| match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => {
                key.verify_digest_sig(&signed.sha256(), signature)
            }
            _ => key.verify_sig(signed.text.as_bytes(), signature),
        });
        verified.is_some_and(|verified| verified.is_ok())
    }

    fn parsed_for(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.parsed
            .iter()
            .find(|(of, _)| *of == algorithm)
            .map(|(_, key)| key)
    }
}

impl KeyId {
    fn of(issuer: &str, key: &[u8]) -> KeyId {
        // The length keeps issuer and key apart.
        let length = (issuer.len() as u64).to_be_bytes();
        let digest = Sha256::new()
            .chain_update(length)
            .chain_update(issuer)
            .chain_update(key)
            .finalize();
        KeyId(digest.into())
    }
}

fn parse(
    parameters: &AlgorithmParameters,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, &'static str> {
    match parameters {
        AlgorithmParameters::RSA(rsa) => parse_rsa(rsa),
        AlgorithmParameters::EllipticCurve(ec) => parse_ec(ec),
        AlgorithmParameters::OctetKeyPair(okp) => parse_okp(okp),
        AlgorithmParameters::OctetKey(_) => Err("it is symmetric"),
        _ => Err("its kty is unknown"),
    }
}

static RSA: [(Algorithm, &RsaParameters); 6] = [
    (Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
    (Algorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
    (Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
    (Algorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
    (Algorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
];

fn parse_rsa(rsa: &RSAKeyParameters) -> Result<Vec<(Algorithm, ParsedPublicKey)>, &'static str> {
    let n = unsigned(&rsa.n)?;
    let e = unsigned(&rsa.e)?;
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err("its modulus is not of 2048 to 8192 bits");
    }
    if e.last().is_none_or(|byte| byte % 2 == 0) || e == [1] {
        return Err("its exponent is even or 1");
    }
    let components = RsaPublicKeyComponents { n, e };
    RSA.iter()
        .map(|(algorithm, parameters)| {
            let key = components
                .to_parsed_public_key(parameters)
                .map_err(|_| "its RSA numbers are refused")?;
            Ok((*algorithm, key))
        })
        .collect()
}

fn parse_ec(
    ec: &EllipticCurveKeyParameters,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, &'static str> {
    let (algorithm, verification, length): (_, &'static dyn VerificationAlgorithm, _) =
        match ec.curve {
            EllipticCurve::P256 => (Algorithm::Es256, &ECDSA_P256_SHA256_FIXED, 32),
            EllipticCurve::P384 => (Algorithm::Es384, &ECDSA_P384_SHA384_FIXED, 48),
            _ => return Err("its curve is not supported"),
        };
    let (x, y) = (decode(&ec.x)?, decode(&ec.y)?);
    if x.len() != length || y.len() != length {
        return Err("its coordinates are of the wrong length");
    }
    // SEC 1, section 2.3.3: an uncompressed point.
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let key = ParsedPublicKey::new(verification, point).map_err(|_| "it is not on its curve")?;
    Ok(vec![(algorithm, key)])
}

fn parse_okp(
    okp: &OctetKeyPairParameters,
) -> Result<Vec<(Algorithm, ParsedPublicKey)>, &'static str> {
    if okp.curve != EllipticCurve::Ed25519 {
        return Err("its curve is not supported");
    }
    let x = decode(&okp.x)?;
    if x.len() != 32 {
        return Err("its coordinate is of the wrong length");
    }
    let key = ParsedPublicKey::new(&ED25519, x).map_err(|_| "it is not on its curve")?;
    Ok(vec![(Algorithm::EdDsa, key)])
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| "its numbers are not base64url")
}

/// A number without the leading zeros that some issuers send (RFC 7518, section 2, forbids them).
fn unsigned(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = decode(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(bytes[zeros..].to_vec())
}

/// The algorithm as a setting; `None` if it is symmetric, because no setting can allow those.
pub(super) fn algorithm(jose: JoseAlgorithm) -> Option<Algorithm> {
    Some(match jose {
        JoseAlgorithm::RS256 => Algorithm::Rs256,
        JoseAlgorithm::RS384 => Algorithm::Rs384,
        JoseAlgorithm::RS512 => Algorithm::Rs512,
        JoseAlgorithm::PS256 => Algorithm::Ps256,
        JoseAlgorithm::PS384 => Algorithm::Ps384,
        JoseAlgorithm::PS512 => Algorithm::Ps512,
        JoseAlgorithm::ES256 => Algorithm::Es256,
        JoseAlgorithm::ES384 => Algorithm::Es384,
        JoseAlgorithm::EdDSA => Algorithm::EdDsa,
        _ => return None,
    })
}

/// The algorithm as it stands in tokens and keys.
pub(super) fn jose_algorithm(algorithm: Algorithm) -> JoseAlgorithm {
    match algorithm {
        Algorithm::Rs256 => JoseAlgorithm::RS256,
        Algorithm::Rs384 => JoseAlgorithm::RS384,
        Algorithm::Rs512 => JoseAlgorithm::RS512,
        Algorithm::Ps256 => JoseAlgorithm::PS256,
        Algorithm::Ps384 => JoseAlgorithm::PS384,
        Algorithm::Ps512 => JoseAlgorithm::PS512,
        Algorithm::Es256 => JoseAlgorithm::ES256,
        Algorithm::Es384 => JoseAlgorithm::ES384,
        Algorithm::EdDsa => JoseAlgorithm::EdDSA,
    }
}
