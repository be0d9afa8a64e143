//! The questions asked of a session: look-ups that never use the network.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Session;
use super::conditions::Conditions;
use super::state::SignedIn;
use crate::error::{Error, Result, Status};
use crate::json::Json;
use crate::oauth::TokenSet;
use crate::secret::Secret;
use crate::token::{Claims, Signed};

/// Which token a question is asked of. The numbers are those of the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TokenType {
    /// The access token: permissions, roles, flags, organization.
    Access = 0,
    /// The ID token: who the user is, all organizations.
    Id = 1,
}

impl Session {
    /// Whether a verified access token is held and not expired.
    #[inline]
    pub fn is_authenticated(&self) -> bool {
        self.0.state.load().live().is_ok()
    }

    /// When the access token ends, in Unix seconds. Answers for an expired token too.
    pub fn expires_at(&self) -> Result<i64> {
        let state = self.0.state.load();
        state.held()?.expires_at.ok_or_else(|| {
            Error::new(
                Status::ClaimMissing,
                "the end of the access token is not known: it is opaque and came without expires_in",
            )
            .with_claim("exp")
        })
    }

    /// The access token, to be sent to an API.
    pub fn access_token(&self) -> Result<Secret> {
        Ok(self.0.state.load().live()?.tokens()?.access_token.clone())
    }

    /// All tokens, for a host that keeps them itself. Answers for an expired access token too, so
    /// that the refresh token is not lost with it.
    pub fn tokens(&self) -> Result<TokenSet> {
        self.0.state.load().held()?.tokens().cloned()
    }

    /// All claims of a token, as the text of a JSON object.
    pub fn claims(&self, token_type: TokenType) -> Result<String> {
        self.ask(token_type, |claims| Ok(claims.text().to_owned()))
    }

    /// One claim: `{name, value}`, where the value is `null` if the token lacks the claim.
    pub fn claim(&self, name: &str, token_type: TokenType) -> Result<Json> {
        self.ask(token_type, |claims| {
            let value = claims.claim(name).unwrap_or("null");
            let value: Value = serde_json::from_str(value).map_err(unreadable)?;
            Ok(Json::from_value(json!({"name": name, "value": value})))
        })
    }

    /// Shows `read` a claim as it stands in the token: JSON text, or `None` if the token lacks it.
    /// Copies nothing.
    pub fn with_claim<T>(
        &self,
        name: &str,
        token_type: TokenType,
        read: impl FnOnce(Option<&str>) -> T,
    ) -> Result<T> {
        self.ask(token_type, |claims| Ok(read(claims.claim(name))))
    }

    /// A claim that is a text.
    pub fn claim_string(&self, name: &str, token_type: TokenType) -> Result<String> {
        self.ask(token_type, |claims| {
            claims.string(name).map(Cow::into_owned)
        })
    }

    /// A claim that is a whole number.
    pub fn claim_integer(&self, name: &str, token_type: TokenType) -> Result<i64> {
        self.ask(token_type, |claims| claims.integer(name))
    }

    /// A claim that is a boolean.
    pub fn claim_boolean(&self, name: &str, token_type: TokenType) -> Result<bool> {
        self.ask(token_type, |claims| claims.boolean(name))
    }

    /// `{org_code, permissions}`.
    pub fn permissions(&self, token_type: TokenType) -> Result<Json> {
        self.ask(token_type, |claims| {
            Ok(Json::from_value(json!({
                "org_code": claims.org_code(),
                "permissions": claims.permissions(),
            })))
        })
    }

    /// Whether the user has a permission in the token's organization.
    #[inline]
    pub fn has_permission(&self, permission: &str, token_type: TokenType) -> Result<bool> {
        self.ask(token_type, |claims| Ok(claims.has_permission(permission)))
    }

    /// `{org_code, roles: [{id, key, name}]}`.
    pub fn roles(&self, token_type: TokenType) -> Result<Json> {
        self.ask(token_type, |claims| {
            Ok(Json::from_value(json!({
                "org_code": claims.org_code(),
                "roles": claims.roles(),
            })))
        })
    }

    /// Whether the user has the role with this key in the token's organization.
    #[inline]
    pub fn has_role(&self, key: &str, token_type: TokenType) -> Result<bool> {
        self.ask(token_type, |claims| Ok(claims.has_role(key)))
    }

    /// Whether all conditions hold: a JSON object with the lists `permissions`, `roles` and
    /// `feature_flags`, whose members are keys or, for flags, `{flag, value}`. An empty list holds.
    pub fn has(&self, conditions_json: &str) -> Result<bool> {
        let conditions = Conditions::from_json(conditions_json)?;
        self.ask(TokenType::Access, |claims| Ok(conditions.hold(claims)))
    }

    /// `{feature_flags: [{key, type, value}]}`.
    pub fn flags(&self, token_type: TokenType) -> Result<Json> {
        self.ask(token_type, |claims| {
            Ok(Json::from_value(json!({"feature_flags": claims.flags()})))
        })
    }

    /// A feature flag: `{code, type, value, is_default}`. Fails with `FLAG_NOT_FOUND` if the token
    /// has no such flag and there is no default, with `FLAG_TYPE` if the flag or the default is
    /// not of the type asked for (`boolean`, `string`, `integer` or `object`).
    pub fn flag(
        &self,
        code: &str,
        default: Option<&Json>,
        flag_type: Option<&str>,
    ) -> Result<Json> {
        self.ask(TokenType::Access, |claims| {
            let answer = claims.flag_question(code, default.map(Json::value), flag_type)?;
            Ok(Json::from_value(answer))
        })
    }

    /// A boolean feature flag.
    #[inline]
    pub fn flag_boolean(&self, code: &str, default: Option<bool>) -> Result<bool> {
        self.ask(TokenType::Access, |claims| {
            claims.flag_boolean(code, default)
        })
    }

    /// An integer feature flag.
    pub fn flag_integer(&self, code: &str, default: Option<i64>) -> Result<i64> {
        self.ask(TokenType::Access, |claims| {
            claims.flag_integer(code, default)
        })
    }

    /// A string feature flag.
    pub fn flag_string(&self, code: &str, default: Option<&str>) -> Result<String> {
        self.ask(TokenType::Access, |claims| {
            claims.flag_string(code, default).map(Cow::into_owned)
        })
    }

    /// The organization that the user is signed in to: `{org_code}`.
    pub fn organization(&self) -> Result<Json> {
        self.ask(TokenType::Access, |claims| {
            Ok(Json::from_value(json!({"org_code": claims.org_code()})))
        })
    }

    /// The organizations that the user belongs to: `{org_codes}`.
    pub fn organizations(&self) -> Result<Json> {
        self.ask(TokenType::Id, |claims| {
            Ok(Json::from_value(json!({"org_codes": claims.org_codes()})))
        })
    }

    /// Who is signed in: `{id, given_name, family_name, email, picture}`.
    pub fn user(&self) -> Result<Json> {
        let state = self.0.state.load();
        let signed_in = state.live()?;
        let user = signed_in.id.as_ref().map(|id| id.claims().user());
        let user = user.unwrap_or_default();
        Ok(Json::from_value(json!({
            "id": signed_in.subject(),
            "given_name": user.given_name,
            "family_name": user.family_name,
            "email": user.email,
            "picture": user.picture,
        })))
    }

    #[inline]
    fn ask<T>(
        &self,
        token_type: TokenType,
        answer: impl FnOnce(&Claims) -> Result<T>,
    ) -> Result<T> {
        let state = self.0.state.load();
        answer(claims_of(state.live()?, token_type)?)
    }
}

#[inline]
fn claims_of(signed_in: &SignedIn, token_type: TokenType) -> Result<&Claims> {
    let (claims, why) = match token_type {
        TokenType::Access => (
            signed_in.access.claims(),
            "the access token is opaque and is not read (setting access_token_format)",
        ),
        TokenType::Id => (
            signed_in.id.as_deref().map(Signed::claims),
            "the session has no ID token: ask for the scope openid when signing in",
        ),
    };
    claims.ok_or_else(|| Error::new(Status::ClaimMissing, why))
}

fn unreadable(_: serde_json::Error) -> Error {
    Error::new(Status::ClaimMissing, "the claim cannot be read")
}
