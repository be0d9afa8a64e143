//! The claims that the rules name (RFC 7519, section 4.1; OpenID Connect Core, section 2).

use std::borrow::Cow;
use std::str::FromStr;

use strum::EnumCount;

use super::json_text;
use super::payload::Span;
use crate::error::{Error, Result, Status};

/// A claim that a rule names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumCount, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Name {
    Iss,
    Sub,
    Aud,
    Azp,
    Exp,
    Iat,
    Nbf,
    Nonce,
    AtHash,
    Scp,
    Scope,
    Gty,
    EventId,
    Type,
    Data,
    Timestamp,
    EventTimestamp,
}

impl Name {
    /// The name as it stands in tokens.
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Where the claims that the rules name stand in a payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Registered([Span; Name::COUNT]);

/// What a token is for. No token is of two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Id,
    Webhook,
}

impl Registered {
    /// Reads a payload. A claim that the rules name must not occur twice, because two readers
    /// might believe different ones (RFC 7519, section 4).
    pub(super) fn read(payload: &str) -> Result<Registered> {
        let mut spans = [Span::default(); Name::COUNT];
        let mut seen = [false; Name::COUNT];
        let mut twice = None;
        let walked = json_text::walk_object(payload, |name, value| {
            let Some(name) = json_text::string(name).and_then(|n| Name::from_str(&n).ok()) else {
                return Ok(());
            };
            let at = name as usize;
            if seen[at] {
                twice = Some(name.as_str());
                return Err("a claim occurs twice");
            }
            seen[at] = true;
            if value != "null" {
                spans[at] = Span::of(payload, value);
            }
            Ok(())
        });
        match (walked, twice) {
            (Ok(()), _) => Ok(Registered(spans)),
            (Err(_), Some(name)) => {
                Err(malformed(&format!("the claim {name} occurs twice")).with_claim(name))
            }
            // The parser's own text can quote the token.
            (Err(_), None) => Err(malformed("its claims are not a JSON object")),
        }
    }

    /// The raw value of a claim; `null` counts as missing.
    pub(super) fn raw<'a>(&self, payload: &'a str, name: Name) -> Option<&'a str> {
        let span = self.0[name as usize];
        (!span.is_empty()).then(|| span.slice(payload))
    }

    pub(super) fn has(&self, name: Name) -> bool {
        !self.0[name as usize].is_empty()
    }

    /// A text claim, if it is there. Fails if it is not a text.
    pub(super) fn text<'a>(&self, payload: &'a str, name: Name) -> Result<Option<Cow<'a, str>>> {
        let Some(raw) = self.raw(payload, name) else {
            return Ok(None);
        };
        json_text::string(raw)
            .map(Some)
            .ok_or_else(|| unreadable(name, "a text"))
    }

    /// A time in seconds since 1970, perhaps fractional, if it is there.
    pub(super) fn time(&self, payload: &str, name: Name) -> Result<Option<f64>> {
        let Some(raw) = self.raw(payload, name) else {
            return Ok(None);
        };
        json_text::number(raw)
            .map(Some)
            .ok_or_else(|| unreadable(name, "a time in seconds"))
    }

    /// A claim that is a text or a list of texts: `aud`, `gty`.
    pub(super) fn texts<'a>(&self, payload: &'a str, name: Name) -> Result<Vec<Cow<'a, str>>> {
        let Some(raw) = self.raw(payload, name) else {
            return Ok(Vec::new());
        };
        if let Some(text) = json_text::string(raw) {
            return Ok(vec![text]);
        }
        let mut texts = Vec::new();
        let mut all_are_texts = true;
        json_text::walk_array(raw, |item| match json_text::string(item) {
            Some(text) => texts.push(text),
            None => all_are_texts = false,
        })
        .ok()
        .filter(|()| all_are_texts)
        .ok_or_else(|| unreadable(name, "a text or a list of texts"))?;
        Ok(texts)
    }

    /// Whether the token was issued to a machine, not for a person.
    pub(super) fn is_for_machine(&self, payload: &str) -> bool {
        self.texts(payload, Name::Gty)
            .is_ok_and(|types| types.iter().any(|t| t == "client_credentials"))
    }

    /// What the token is for. `at_jwt`: its header says that it is an access token (RFC 9068).
    pub(super) fn kind(&self, at_jwt: bool) -> Option<Kind> {
        use Name::*;
        let has_any = |names: &[Name]| names.iter().any(|name| self.has(*name));
        let has_all = |names: &[Name]| names.iter().all(|name| self.has(*name));
        if has_any(&[Scp, Scope, Gty]) && !has_any(&[Nonce, AtHash, EventId]) {
            return Some(Kind::Access);
        }
        if has_all(&[Type, EventId, Data]) && !has_any(&[Scp, AtHash, Sub]) {
            return Some(Kind::Webhook);
        }
        (!has_any(&[Scp, Gty, EventId]) && !at_jwt).then_some(Kind::Id)
    }
}

/// A claim is there but cannot be read.
pub(super) fn unreadable(name: Name, expected: &str) -> Error {
    let name = name.as_str();
    Error::new(
        Status::ClaimMissing,
        format!("the token's claim {name} is not {expected}"),
    )
    .with_claim(name)
}

pub(super) fn malformed(why: &str) -> Error {
    Error::new(
        Status::TokenMalformed,
        format!("the token is not a well-formed JWT: {why}"),
    )
}
