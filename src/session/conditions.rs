//! Conditions on what a user may and has.

use serde_json::Value;

use crate::api::{Call, Listed};
use crate::error::Result;
use crate::params::Fields;
use crate::token::Claims;

/// What [`Session::has`](super::Session::has) asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    permissions: Vec<String>,
    roles: Vec<String>,
    flags: Vec<FlagCondition>,
}

/// A flag must be there, and have the value if one is given.
#[derive(Clone, Debug)]
struct FlagCondition {
    flag: String,
    value: Option<Value>,
}

impl Conditions {
    pub(super) fn from_json(json: &str) -> Result<Conditions> {
        let mut fields = Fields::parse(json)?;
        let conditions = Conditions::take(&mut fields);
        fields.finish()?;
        Ok(conditions)
    }

    fn take(fields: &mut Fields) -> Conditions {
        let permissions = fields.take_strings("permissions").unwrap_or_default();
        let roles = fields.take_strings("roles").unwrap_or_default();
        let flags = match fields.take("feature_flags") {
            None => Vec::new(),
            Some(given) => flag_conditions(given).unwrap_or_else(|| {
                fields.wrong(
                    "feature_flags",
                    "expected a list of flag codes or {flag, value} objects",
                );
                Vec::new()
            }),
        };
        Conditions {
            permissions,
            roles,
            flags,
        }
    }

    pub(super) fn hold(&self, claims: &Claims) -> bool {
        self.permissions.iter().all(|p| claims.has_permission(p))
            && self.roles.iter().all(|r| claims.has_role(r))
            && self.flags.iter().all(|condition| {
                match (claims.flag(&condition.flag), &condition.value) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(flag), Some(wanted)) => flag.value() == *wanted,
                }
            })
    }
}

fn flag_conditions(given: Value) -> Option<Vec<FlagCondition>> {
    let Value::Array(items) = given else {
        return None;
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(flag) => Some(FlagCondition { flag, value: None }),
            Value::Object(mut object) => match (object.remove("flag"), object.remove("value")) {
                (Some(Value::String(flag)), value) if object.is_empty() => {
                    Some(FlagCondition { flag, value })
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// What [`Session::fetch_has`](super::Session::fetch_has) asks for.
#[derive(Clone, Debug, Default)]
pub struct AccountConditions {
    rights: Conditions,
    /// By `price_name`.
    billing_entitlements: Vec<String>,
    /// By `feature_key`.
    entitlements: Vec<String>,
}

impl AccountConditions {
    /// Reads a JSON object with the lists `permissions`, `roles` and `feature_flags`, whose members
    /// are keys or, for flags, `{flag, value}`; `billing_entitlements`, of price names; and
    /// `entitlements`, of feature keys. An empty list holds.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let conditions = AccountConditions {
            rights: Conditions::take(&mut fields),
            billing_entitlements: take_names(&mut fields, "billing_entitlements"),
            entitlements: take_names(&mut fields, "entitlements"),
        };
        fields.finish()?;
        Ok(conditions)
    }

    /// Asks for the lists that are needed, one after the other, until a condition does not hold.
    pub(super) async fn hold(&self, call: &Call<'_>) -> Result<bool> {
        let rights = &self.rights;
        if !rights.permissions.is_empty() {
            let held = Listed::Permissions.fetch(call).await?;
            if !all_named(&rights.permissions, &held, "key") {
                return Ok(false);
            }
        }
        if !rights.roles.is_empty() {
            let held = Listed::Roles.fetch(call).await?;
            if !all_named(&rights.roles, &held, "key") {
                return Ok(false);
            }
        }
        if !rights.flags.is_empty() {
            let held = Listed::Flags.fetch(call).await?;
            if !rights.flags.iter().all(|condition| condition.holds(&held)) {
                return Ok(false);
            }
        }
        if self.billing_entitlements.is_empty() && self.entitlements.is_empty() {
            return Ok(true);
        }
        let held = Listed::Entitlements.fetch(call).await?;
        Ok(all_named(&self.billing_entitlements, &held, "price_name")
            && all_named(&self.entitlements, &held, "feature_key"))
    }
}

impl FlagCondition {
    fn holds(&self, flags: &[Value]) -> bool {
        let flag = flags.iter().find(|flag| flag["key"] == self.flag.as_str());
        match (flag, &self.value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(flag), Some(wanted)) => flag["value"] == *wanted,
        }
    }
}

/// A list of names, which may have spaces in them.
fn take_names(fields: &mut Fields, name: &'static str) -> Vec<String> {
    let names = match fields.take(name) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        Some(_) => None,
    };
    names.unwrap_or_else(|| {
        fields.wrong(name, "expected a list of names");
        Vec::new()
    })
}

fn all_named(wanted: &[String], items: &[Value], member: &str) -> bool {
    let is_there = |name: &String| items.iter().any(|item| item[member] == name.as_str());
    wanted.iter().all(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_strictly() {
        for (json, field) in [
            (r#"{"permission":[]}"#, "permission"),
            (r#"{"feature_flags":[5]}"#, "feature_flags"),
            (
                r#"{"feature_flags":[{"flag":"a","valeu":1}]}"#,
                "feature_flags",
            ),
            (
                r#"{"billing_entitlements":"Pro seats"}"#,
                "billing_entitlements",
            ),
            (r#"{"entitlements":[{"key":"a"}]}"#, "entitlements"),
        ] {
            let error = AccountConditions::from_json(json).unwrap_err();
            assert_eq!(error.field(), Some(field), "{json}");
        }
        let read = AccountConditions::from_json(r#"{"billing_entitlements":["Pro seats"]}"#);
        assert_eq!(read.unwrap().billing_entitlements, ["Pro seats"]);
    }
}
