//! Who there is: organizations, users, their memberships, what they subscribed to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{digest, id_of};
use crate::hex;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organization {
    pub code: String,
    pub name: String,
    pub external_id: Option<String>,
    /// Values that differ from the environment's, by flag key.
    pub feature_flags: Map<String, Value>,
    pub properties: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub email: String,
    /// `kp_` and 32 hex digits; made from the e-mail address when absent.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub given_name: String,
    #[serde(default)]
    pub family_name: String,
    #[serde(default)]
    pub picture: Option<String>,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    /// What an importing system called this user.
    #[serde(default)]
    pub provided_id: Option<String>,
    /// Asked for on the sign-in page, when set.
    #[serde(default)]
    pub password: Option<String>,
    #[serde(default = "yes")]
    pub email_verified: bool,
    /// Nobody signs in as a suspended user.
    #[serde(default)]
    pub is_suspended: bool,
    #[serde(default = "first_second_of_2024")]
    pub updated_at: i64,
    #[serde(default)]
    pub organizations: Vec<Membership>,
    #[serde(default)]
    pub feature_flags: Map<String, Value>,
    #[serde(default)]
    pub properties: Map<String, Value>,
    #[serde(default)]
    pub plans: Vec<Plan>,
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
}

/// A plan that a user subscribed to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub key: String,
    /// ISO 8601.
    #[serde(default = "start_of_2024")]
    pub subscribed_on: String,
}

/// What a user may use, and for how much, by a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    pub feature_key: String,
    #[serde(default)]
    pub feature_name: String,
    pub price_name: String,
    #[serde(default)]
    pub fixed_charge: Option<i64>,
    /// In cents.
    #[serde(default)]
    pub unit_amount: Option<i64>,
    #[serde(default)]
    pub entitlement_limit_max: Option<i64>,
    #[serde(default)]
    pub entitlement_limit_min: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    pub code: String,
    #[serde(default)]
    pub roles: Vec<String>,
    /// Permissions beside those of the roles.
    #[serde(default)]
    pub permissions: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    pub code: String,
    pub email: String,
    pub org_code: String,
    #[serde(default)]
    pub roles: Vec<String>,
}

fn first_second_of_2024() -> i64 {
    1_704_067_200
}

fn start_of_2024() -> String {
    "2024-01-01T00:00:00Z".to_owned()
}

fn yes() -> bool {
    true
}

impl Entitlement {
    pub fn id(&self) -> String {
        id_of(
            "entitlement",
            &format!("{}:{}", self.feature_key, self.price_name),
        )
    }
}

impl User {
    /// A user as registration makes one.
    pub fn registered(email: &str, given_name: &str, family_name: &str, now: i64) -> Self {
        Self {
            email: email.to_owned(),
            id: None,
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
            picture: None,
            username: None,
            phone: None,
            provided_id: None,
            password: None,
            email_verified: true,
            is_suspended: false,
            updated_at: now,
            organizations: Vec::new(),
            feature_flags: Map::new(),
            properties: Map::new(),
            plans: Vec::new(),
            entitlements: Vec::new(),
        }
    }

    pub fn id(&self) -> String {
        self.id
            .clone()
            .unwrap_or_else(|| format!("kp_{}", hex::encode(&digest(&self.email.to_lowercase()))))
    }

    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
            .trim()
            .to_owned()
    }

    pub fn membership(&self, org_code: &str) -> Option<&Membership> {
        self.organizations
            .iter()
            .find(|membership| membership.code == org_code)
    }
}
