//! What the emulator emulates: settings, applications, users, organizations, roles, permissions, flags.
//!
//! The configuration is also the directory at run time: registration adds users to it, `is_create_org` organizations.

mod access;
mod people;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::hex;

pub use access::{
    Api, FeatureFlag, FlagType, Permission, Property, PropertyCategory, PropertyContext, Role,
};
pub use people::{Entitlement, Invitation, Membership, Organization, User};

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
    pub properties: Vec<Property>,
    pub property_categories: Vec<PropertyCategory>,
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
    /// Answer every operation of the Management API with an example, whatever ids it names.
    pub management_examples: bool,
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
            management_examples: false,
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
    /// The scopes that a machine has of these APIs, by audience; all of those that are not named.
    #[serde(default)]
    pub api_scopes: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub properties: Map<String, Value>,
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

impl Application {
    /// An application that nothing was said about yet.
    pub fn new(client_id: String, name: String, kind: Kind) -> Self {
        Self {
            client_id,
            name,
            kind,
            client_secret: None,
            previous_client_secret: None,
            client_auth_methods: both_auth_methods(),
            require_pkce: false,
            redirect_uris: Vec::new(),
            logout_redirect_uris: Vec::new(),
            audiences: Vec::new(),
            api_scopes: BTreeMap::new(),
            properties: Map::new(),
            require_audience: false,
            org_code: None,
            access_token_seconds: one_day(),
            id_token_seconds: one_hour(),
            refresh_token_seconds: fifteen_days(),
            hasura: false,
            access_token_claims: Vec::new(),
            id_token_claims: Vec::new(),
            extra_access_token_claims: Map::new(),
            extra_id_token_claims: Map::new(),
        }
    }
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
