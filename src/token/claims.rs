//! Questions asked of a token's claims. They are look-ups: the first question makes an index, and
//! after that nothing is allocated where the answer is a scalar.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::flags::{self, FlagRef};
use super::index::Index;
use super::json_text;
use super::payload::Payload;
use crate::error::{Error, Result, Status, foreign_text};

/// The claims of a token. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Claims(Arc<Payload>);

/// Who a token speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct User<'a> {
    pub id: Option<Cow<'a, str>>,
    pub given_name: Option<Cow<'a, str>>,
    pub family_name: Option<Cow<'a, str>>,
    pub email: Option<Cow<'a, str>>,
    pub picture: Option<Cow<'a, str>>,
}

impl Claims {
    #[cfg(test)]
    pub(super) fn from_verified_text(text: String) -> crate::error::Result<Claims> {
        Payload::new(text).map(Claims::of_payload)
    }

    pub(super) fn of_payload(payload: Payload) -> Claims {
        Claims(Arc::new(payload))
    }

    pub(super) fn payload(&self) -> &Payload {
        &self.0
    }

    /// All claims as JSON text, exactly as they were signed.
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// The value of a claim as JSON text; `None` if the token has no claim of this name.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.index().claim(self.text(), name)
    }

    /// The text that a claim is. Fails with `CLAIM_MISSING` if it is missing or anything else.
    pub(crate) fn string(&self, name: &str) -> Result<Cow<'_, str>> {
        self.read(name, "a text", json_text::string)
    }

    /// The whole number that a claim is. Fails with `CLAIM_MISSING` if it is missing or anything
    /// else.
    pub(crate) fn integer(&self, name: &str) -> Result<i64> {
        self.read(name, "a whole number", json_text::integer)
    }

    /// The boolean that a claim is. Fails with `CLAIM_MISSING` if it is missing or anything else.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool> {
        self.read(name, "a boolean", json_text::boolean)
    }

    #[inline]
    pub(crate) fn has_permission(&self, permission: &str) -> bool {
        self.index().has_permission(self.text(), permission)
    }

    /// The keys of the permissions, in the token's order.
    pub(crate) fn permissions(&self) -> Vec<Cow<'_, str>> {
        self.strings("permissions")
    }

    #[inline]
    pub(crate) fn has_role(&self, key: &str) -> bool {
        self.index().has_role(self.text(), key)
    }

    /// The roles as `{id, name, key}`, in the token's order. A role that is only a text is its
    /// own name and key.
    pub(crate) fn roles(&self) -> Vec<Value> {
        let mut roles = Vec::new();
        // Anything else than a list has no roles.
        let _ = json_text::walk_array(self.known_claim("roles").unwrap_or("[]"), |item| {
            match serde_json::from_str(item) {
                Ok(Value::String(role)) => {
                    roles.push(json!({"id": null, "name": role, "key": role}));
                }
                Ok(Value::Object(role)) => {
                    let part = |name| role.get(name).cloned().unwrap_or_default();
                    roles.push(json!({"id": part("id"), "name": part("name"), "key": part("key")}));
                }
                _ => {}
            }
        });
        roles
    }

    /// The code of the organization that the token was issued for.
    pub(crate) fn org_code(&self) -> Option<Cow<'_, str>> {
        self.known_claim("org_code").and_then(json_text::string)
    }

    /// The codes of all the user's organizations.
    pub(crate) fn org_codes(&self) -> Vec<Cow<'_, str>> {
        self.strings("org_codes")
    }

    pub(crate) fn user(&self) -> User<'_> {
        let text = |name| self.claim(name).and_then(json_text::string);
        User {
            id: text("sub"),
            given_name: text("given_name"),
            family_name: text("family_name"),
            email: text("email"),
            picture: text("picture"),
        }
    }

    #[inline]
    pub(crate) fn flag(&self, code: &str) -> Option<FlagRef<'_>> {
        self.index().flag(self.text(), code).map(FlagRef::of)
    }

    /// All flags as `{key, type, value}`, sorted by key.
    pub(crate) fn flags(&self) -> Vec<Value> {
        self.index()
            .flags(self.text())
            .into_iter()
            .map(|(code, flag)| (code, FlagRef::of(flag)))
            .map(|(code, flag)| json!({"key": code, "type": flag.kind.word(), "value": flag.value()}))
            .collect()
    }

    /// Answers `{code, type, value, is_default}`.
    ///
    /// `expected` is a type in a word (`boolean`) or as the code in tokens (`b`). Fails with
    /// `FLAG_NOT_FOUND` if there is neither flag nor default, with `FLAG_TYPE` if the one that
    /// there is has another type, with `INVALID_ARGUMENT` if `expected` is unknown.
    pub(crate) fn flag_question(
        &self,
        code: &str,
        default: Option<&Value>,
        expected: Option<&str>,
    ) -> Result<Value> {
        flags::answer(code, self.flag(code), default, expected)
    }

    /// Fails with `FLAG_NOT_FOUND`, `FLAG_TYPE`.
    #[inline]
    pub(crate) fn flag_boolean(&self, code: &str, default: Option<bool>) -> Result<bool> {
        match self.flag(code) {
            Some(flag) => flag.boolean(code),
            None => default.ok_or_else(|| flags::not_found(code)),
        }
    }

    /// Fails with `FLAG_NOT_FOUND`, `FLAG_TYPE`.
    pub(crate) fn flag_integer(&self, code: &str, default: Option<i64>) -> Result<i64> {
        match self.flag(code) {
            Some(flag) => flag.integer(code),
            None => default.ok_or_else(|| flags::not_found(code)),
        }
    }

    /// Fails with `FLAG_NOT_FOUND`, `FLAG_TYPE`.
    pub(crate) fn flag_string<'a>(
        &'a self,
        code: &str,
        default: Option<&'a str>,
    ) -> Result<Cow<'a, str>> {
        match self.flag(code) {
            Some(flag) => flag.string(code),
            None => default
                .map(Cow::Borrowed)
                .ok_or_else(|| flags::not_found(code)),
        }
    }

    fn index(&self) -> &Index {
        self.0.index()
    }

    fn known_claim(&self, name: &str) -> Option<&str> {
        self.index().known_claim(self.text(), name)
    }

    fn strings(&self, name: &str) -> Vec<Cow<'_, str>> {
        let mut strings = Vec::new();
        // Anything else than a list has no items.
        let _ = json_text::walk_array(self.known_claim(name).unwrap_or("[]"), |item| {
            strings.extend(json_text::string(item));
        });
        strings
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Result<T> {
        let message = match self.claim(name).map(read) {
            Some(Some(value)) => return Ok(value),
            Some(None) => format!("the token's claim {} is not {expected}", foreign_text(name)),
            None => format!("the token lacks the claim {}", foreign_text(name)),
        };
        Err(Error::new(Status::ClaimMissing, message).with_claim(&foreign_text(name)))
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims")
    }
}
