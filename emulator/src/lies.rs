//! Tokens that are not what they should be: what a test asks for by name.

use std::sync::Arc;

use aws_lc_rs::hmac;
use serde::Deserialize;
use serde_json::json;

use crate::jwt::{self, Claims};
use crate::keys::{KeyRing, SigningKey};
use crate::merge_patch;
use crate::random;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    Id,
    Access,
    M2m,
}

/// How a token differs from the genuine one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Distortion {
    pub claims: Claims,
    pub header: Claims,
    /// The whole payload, byte for byte.
    pub payload: Option<String>,
    pub header_text: Option<String>,
    pub sign: Option<String>,
    /// Only `aud`, `iat`, `jti` and `scp`, as Kinde was seen to answer a refresh with dead tokens.
    pub hollow: bool,
}

/// A distortion of the next tokens of a kind.
#[derive(Clone, Debug)]
pub struct Lie {
    pub token: TokenKind,
    pub times: Option<u64>,
    pub distortion: Distortion,
}

pub fn is_ordered(lies: &[Lie], kind: TokenKind) -> bool {
    lies.iter().any(|lie| lie.token == kind)
}

/// The distortion for the token that is made now, if one was asked for.
pub fn take(lies: &mut Vec<Lie>, kind: TokenKind) -> Option<Distortion> {
    let index = lies.iter().position(|lie| lie.token == kind)?;
    let distortion = lies[index].distortion.clone();
    if let Some(times) = &mut lies[index].times {
        *times = times.saturating_sub(1);
        if *times == 0 {
            lies.remove(index);
        }
    }
    Some(distortion)
}

pub struct SignedToken {
    pub text: String,
    pub header: Claims,
    pub claims: Claims,
}

/// Signs as Kinde does, or as the distortion says.
pub fn sign(
    keys: &KeyRing,
    mut claims: Claims,
    distortion: Option<&Distortion>,
) -> Result<SignedToken, String> {
    let genuine = Distortion::default();
    let distortion = distortion.unwrap_or(&genuine);
    if distortion.hollow {
        claims.retain(|name, _| ["aud", "iat", "jti", "scp"].contains(&name.as_str()));
    }
    merge_patch::merge_members(&mut claims, &distortion.claims);

    let method = Method::from_name(distortion.sign.as_deref().unwrap_or("current"), keys)?;
    let mut header = Claims::new();
    header.insert("alg".into(), json!(method.algorithm()));
    header.insert("typ".into(), json!("JWT"));
    if !distortion.hollow {
        header.insert("kid".into(), json!(method.key_id(keys)));
    }
    merge_patch::merge_members(&mut header, &distortion.header);

    let header_text = distortion
        .header_text
        .clone()
        .unwrap_or_else(|| jwt::to_text(&header));
    let payload = distortion
        .payload
        .clone()
        .unwrap_or_else(|| jwt::to_text(&claims));
    let signing_input = jwt::signing_input(&header_text, &payload);
    let signature = method.sign(signing_input.as_bytes(), keys);
    Ok(SignedToken {
        text: jwt::with_signature(&signing_input, &signature),
        header,
        claims,
    })
}

enum Method {
    Key(Arc<SigningKey>),
    Foreign(Arc<SigningKey>),
    None,
    PublicKeyAsSecret,
    Garbage,
    Empty,
}

impl Method {
    fn from_name(name: &str, keys: &KeyRing) -> Result<Self, String> {
        Ok(match name {
            "current" => Self::Key(keys.signing()),
            "foreign" => Self::Foreign(keys.foreign()?),
            "none" => Self::None,
            "hs256" => Self::PublicKeyAsSecret,
            "garbage" => Self::Garbage,
            "empty" => Self::Empty,
            other => {
                let kid = other.strip_prefix("key:").ok_or_else(|| {
                    format!("sign: {other:?} given; current, foreign, none, hs256, garbage, empty and key:<kid> are accepted")
                })?;
                Self::Key(
                    keys.find(kid)
                        .ok_or_else(|| format!("sign: the emulator has no key {kid:?}"))?,
                )
            }
        })
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PublicKeyAsSecret => "HS256",
            Self::Key(_) | Self::Foreign(_) | Self::Garbage | Self::Empty => "RS256",
        }
    }

    fn key_id(&self, keys: &KeyRing) -> String {
        match self {
            Self::Key(key) => key.kid.clone(),
            _ => keys.signing().kid.clone(),
        }
    }

    fn sign(&self, message: &[u8], keys: &KeyRing) -> Vec<u8> {
        match self {
            Self::Key(key) | Self::Foreign(key) => key.sign(message),
            Self::None | Self::Empty => Vec::new(),
            Self::PublicKeyAsSecret => {
                let secret = keys.signing().public_pem();
                hmac::sign(
                    &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
                    message,
                )
                .as_ref()
                .to_vec()
            }
            Self::Garbage => {
                let mut bytes = vec![0; 256];
                random::fill(&mut bytes);
                bytes
            }
        }
    }
}
