//! What users and machines may do and have: APIs, permissions, roles, feature flags, properties.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id_of;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    pub audience: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What is said about scopes, by their names.
    #[serde(default)]
    pub scope_descriptions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    pub key: String,
    /// Made from the key when absent.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub key: String,
    /// Made from the key when absent.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Given to whoever becomes a member without being given roles.
    #[serde(default)]
    pub is_default: bool,
    #[serde(default)]
    pub permissions: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagType {
    Boolean,
    String,
    Integer,
    Object,
}

impl FlagType {
    /// The word in the Account API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Object => "object",
        }
    }

    /// The word in the Management API, which does not know objects.
    pub fn short_word(self) -> Option<&'static str> {
        match self {
            Self::Boolean => Some("bool"),
            Self::String => Some("str"),
            Self::Integer => Some("int"),
            Self::Object => None,
        }
    }

    pub fn of_short_word(word: &str) -> Option<Self> {
        let all = [Self::Boolean, Self::String, Self::Integer];
        all.into_iter().find(|it| it.short_word() == Some(word))
    }

    /// A value as the Management API writes it: a text, whatever the type is.
    pub fn value_of(self, text: &str) -> Option<Value> {
        let value = match self {
            Self::String => Value::from(text),
            Self::Boolean | Self::Integer | Self::Object => serde_json::from_str(text).ok()?,
        };
        self.fits(&value).then_some(value)
    }

    /// The letter in a token's `feature_flags`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Boolean => "b",
            Self::String => "s",
            Self::Integer => "i",
            Self::Object => "o",
        }
    }

    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Object => value.is_object(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureFlag {
    pub key: String,
    #[serde(rename = "type")]
    pub flag_type: FlagType,
    pub value: Value,
    /// What the environment has instead of `value`.
    #[serde(default)]
    pub environment_value: Option<Value>,
}

/// What users, organizations or applications may have a value of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    pub key: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub context: PropertyContext,
    #[serde(default)]
    pub is_private: bool,
    /// The id of its category.
    #[serde(default)]
    pub category: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PropertyContext {
    #[serde(rename = "usr")]
    User,
    #[serde(rename = "org")]
    Organization,
    #[serde(rename = "app")]
    Application,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyCategory {
    pub id: String,
    pub name: String,
    pub context: PropertyContext,
}

impl Api {
    pub fn id(&self) -> String {
        id_of("api", &self.audience)
    }

    pub fn scope_id(&self, scope: &str) -> String {
        id_of("scope", &format!("{}:{scope}", self.audience))
    }
}

impl Permission {
    pub fn id(&self) -> String {
        let id = self.id.clone();
        id.unwrap_or_else(|| id_of("permission", &self.key))
    }
}

impl Role {
    /// The id in a token's `roles`.
    pub fn id(&self) -> String {
        let id = self.id.clone();
        id.unwrap_or_else(|| id_of("role", &self.key))
    }
}

impl FeatureFlag {
    /// What holds where neither an organization nor a user has a value of its own.
    pub fn environment_value(&self) -> &Value {
        self.environment_value.as_ref().unwrap_or(&self.value)
    }
}

impl Property {
    pub fn id(&self) -> String {
        id_of("property", &self.key)
    }
}
