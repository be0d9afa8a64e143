//! What the emulator emulates: settings, applications, users, organizations, roles, permissions, flags.
//!
//! The configuration is also the directory at run time: registration adds users to it, `is_create_org` organizations.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::hex;

/// The configuration used without `--config`, as `--print-config` prints it.
pub const BUILT_IN: &str = include_str!("../default.toml");

/// Stands for the emulator's public address inside audiences and redirect addresses.
const PUBLIC_URL_PLACEHOLDER: &str = "{url}";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub settings: Settings,
    pub applications: Vec<Application>,
    pub apis: Vec<Api>,
    pub permissions: Vec<Permission>,
    pub roles: Vec<Role>,
    pub feature_flags: Vec<FeatureFlag>,
    pub organizations: Vec<Organization>,
    pub users: Vec<User>,
    pub invitations: Vec<Invitation>,
}

/// How the emulator behaves where Kinde's behaviour is a choice, or where a test wants another one. Times are seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long a sign-in page may stay open.
    pub sign_in_seconds: i64,
    pub sso_session_seconds: i64,
    pub authorization_code_seconds: i64,
    /// How long a rotated refresh token still works.
    pub refresh_overlap_seconds: i64,
    /// Answer a refresh with the access token of before while it has not expired, as Kinde does.
    pub refresh_keeps_access_token: bool,
    pub refresh_returns_id_token: bool,
    pub device_code_seconds: i64,
    pub device_interval_seconds: i64,
    /// Send `iss` with the callback (RFC 9207), and say so in discovery.
    pub callback_iss: bool,
    pub require_sdk_header: bool,
    /// Ask which organization, when a user of several signs in without `org_code`.
    pub organization_picker: bool,
    pub unknown_parameters: UnknownParameters,
    /// `Cache-Control` of the JWKS.
    pub jwks_cache_control: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sign_in_seconds: 900,
            sso_session_seconds: 86_400,
            authorization_code_seconds: 600,
            refresh_overlap_seconds: 60,
            refresh_keeps_access_token: true,
            refresh_returns_id_token: true,
            device_code_seconds: 600,
            device_interval_seconds: 5,
            callback_iss: false,
            require_sdk_header: false,
            organization_picker: true,
            unknown_parameters: UnknownParameters::Refuse,
            jwks_cache_control: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownParameters {
    Refuse,
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Regular,
    Spa,
    M2m,
    Device,
}

impl Kind {
    /// Whether it can keep a secret (RFC 6749, section 2.1).
    pub fn is_confidential(self) -> bool {
        matches!(self, Self::Regular | Self::M2m)
    }

    pub fn signs_users_in(self) -> bool {
        matches!(self, Self::Regular | Self::Spa)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    ClientSecretPost,
    ClientSecretBasic,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub client_id: String,
    #[serde(default)]
    pub name: String,
    pub kind: Kind,
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Still valid beside `client_secret`, as during a rotation at Kinde.
    #[serde(default)]
    pub previous_client_secret: Option<String>,
    #[serde(default = "both_auth_methods")]
    pub client_auth_methods: Vec<ClientAuthMethod>,
    #[serde(default)]
    pub require_pkce: bool,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub logout_redirect_uris: Vec<String>,
    /// The APIs whose tokens it may ask for.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Refuse client credentials without `audience` instead of issuing a token for none.
    #[serde(default)]
    pub require_audience: bool,
    /// The organization that a machine's tokens are bound to.
    #[serde(default)]
    pub org_code: Option<String>,
    #[serde(default = "one_day")]
    pub access_token_seconds: i64,
    #[serde(default = "one_hour")]
    pub id_token_seconds: i64,
    #[serde(default = "fifteen_days")]
    pub refresh_token_seconds: i64,
    /// Prefix the claims about the organization with `x-hasura-`.
    #[serde(default)]
    pub hasura: bool,
    /// Claims that Kinde adds only where token customization asks for them.
    #[serde(default)]
    pub access_token_claims: Vec<OptionalAccessClaim>,
    #[serde(default)]
    pub id_token_claims: Vec<OptionalIdClaim>,
    /// Merged into every token of that kind.
    #[serde(default)]
    pub extra_access_token_claims: Map<String, Value>,
    #[serde(default)]
    pub extra_id_token_claims: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionalAccessClaim {
    Email,
    ExternalOrgId,
    OrgName,
    OrganizationProperties,
    Roles,
    UserProperties,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionalIdClaim {
    Organizations,
    OrganizationProperties,
    UserProperties,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    pub audience: String,
    #[serde(default)]
    pub scopes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    pub key: String,
    #[serde(default)]
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub key: String,
    #[serde(default)]
    pub name: String,
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
}

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

fn both_auth_methods() -> Vec<ClientAuthMethod> {
    vec![
        ClientAuthMethod::ClientSecretPost,
        ClientAuthMethod::ClientSecretBasic,
    ]
}

fn one_day() -> i64 {
    86_400
}

fn one_hour() -> i64 {
    3_600
}

fn fifteen_days() -> i64 {
    1_296_000
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

/// The start of SHA-256: the same for the same text, whenever the emulator starts.
fn digest(text: &str) -> [u8; 16] {
    let mut start = [0; 16];
    start.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    start
}

/// The id of a thing that has none in the configuration, shaped as a UUID.
pub fn id_of(kind: &str, key: &str) -> String {
    hex::grouped(digest(&format!("{kind}:{key}")))
}

impl Role {
    /// The id in a token's `roles`.
    pub fn id(&self) -> String {
        id_of("role", &self.key)
    }
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

impl Config {
    /// Reads a file, TOML or (by its ending or its first character) JSON.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| {
            format!("cannot read the configuration {}: {error}", path.display())
        })?;
        let is_json = path.extension().is_some_and(|ending| ending == "json")
            || text.trim_start().starts_with('{');
        let config = if is_json {
            Self::from_json(&text)
        } else {
            Self::from_toml(&text)
        };
        config.map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn built_in() -> Result<Self, String> {
        Self::from_toml(BUILT_IN).map_err(|error| format!("the built-in configuration: {error}"))
    }

    fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Puts the emulator's own address where the configuration says `{url}`.
    pub fn set_public_url(&mut self, url: &str) {
        let expand = |texts: &mut Vec<String>| {
            for text in texts {
                *text = text.replace(PUBLIC_URL_PLACEHOLDER, url);
            }
        };
        for application in &mut self.applications {
            expand(&mut application.audiences);
            expand(&mut application.redirect_uris);
            expand(&mut application.logout_redirect_uris);
        }
        for api in &mut self.apis {
            api.audience = api.audience.replace(PUBLIC_URL_PLACEHOLDER, url);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const README: &str = include_str!("../README.md");

    #[test]
    fn the_built_in_configuration_has_no_mistakes() {
        let config = Config::built_in().expect("it can be read");
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn the_readme_names_every_field() {
        let application: Application =
            serde_json::from_value(json!({"client_id": "x", "kind": "spa"}))
                .expect("it is complete");
        let user: User = serde_json::from_value(json!({"email": "x@y"})).expect("it is complete");
        for described in [
            json!(Settings::default()),
            json!(application),
            json!(user),
            json!(Organization::default()),
        ] {
            for name in described.as_object().expect("an object").keys() {
                assert!(
                    README.contains(&format!("`{name}`")),
                    "{name} is not in the README"
                );
            }
        }
    }
}
