//! What stands in each kind of token.

use serde_json::{Map, Value, json};

use crate::config::{
    Application, Config, OptionalAccessClaim, OptionalIdClaim, Organization, User,
};
use crate::jwt::{Claims, at_hash};
use crate::merge_patch;
use crate::random;

/// Claims that Hasura reads under a prefix.
const HASURA_CLAIMS: [&str; 9] = [
    "permissions",
    "org_code",
    "org_codes",
    "org_name",
    "organizations",
    "roles",
    "feature_flags",
    "organization_properties",
    "user_properties",
];

/// What a sign-in granted: the content of the tokens that come from it.
#[derive(Clone, Debug)]
pub struct Granted {
    pub client_id: String,
    pub user_id: String,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub org_code: Option<String>,
    pub nonce: Option<String>,
    /// When the user proved who they are.
    pub auth_time: i64,
    /// When the authorization request came in: the claim `rat`.
    pub requested_at: i64,
}

impl Granted {
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// Where and when tokens are made.
#[derive(Clone, Copy, Debug)]
pub struct Issuing<'a> {
    pub config: &'a Config,
    pub issuer: &'a str,
    pub now: i64,
}

impl Issuing<'_> {
    pub fn access_token(
        &self,
        application: &Application,
        user: &User,
        granted: &Granted,
    ) -> Claims {
        let organization = granted
            .org_code
            .as_deref()
            .and_then(|code| self.config.organization(code));
        let membership = granted
            .org_code
            .as_deref()
            .and_then(|code| user.membership(code));
        let mut claims = self.registered(application.access_token_seconds);
        claims.insert("aud".into(), json!(granted.audiences));
        claims.insert("azp".into(), json!(application.client_id));
        claims.insert("scp".into(), json!(granted.scopes));
        claims.insert("sub".into(), json!(user.id()));
        let permissions = membership
            .map(|membership| self.config.permissions_of(membership))
            .unwrap_or_default();
        claims.insert("permissions".into(), json!(permissions));
        claims.insert(
            "feature_flags".into(),
            Value::Object(self.config.feature_flags_of(organization, Some(user))),
        );
        if let Some(organization) = organization {
            claims.insert("org_code".into(), json!(organization.code));
        }
        for wanted in &application.access_token_claims {
            let (name, value) = match wanted {
                OptionalAccessClaim::Email => ("email", json!(user.email)),
                OptionalAccessClaim::Roles => {
                    ("roles", self.roles(user, granted.org_code.as_deref()))
                }
                OptionalAccessClaim::UserProperties => {
                    ("user_properties", self.config.exposed(&user.properties))
                }
                OptionalAccessClaim::OrgName => {
                    ("org_name", json!(organization.map(|it| &it.name)))
                }
                OptionalAccessClaim::ExternalOrgId => (
                    "external_org_id",
                    json!(organization.and_then(|it| it.external_id.as_ref())),
                ),
                OptionalAccessClaim::OrganizationProperties => (
                    "organization_properties",
                    self.organization_properties(organization),
                ),
            };
            if !value.is_null() {
                claims.insert(name.into(), value);
            }
        }
        self.finish(application, claims, &application.extra_access_token_claims)
    }

    pub fn id_token(
        &self,
        application: &Application,
        user: &User,
        granted: &Granted,
        access_token: &str,
    ) -> Claims {
        let mut claims = self.registered(application.id_token_seconds);
        claims.insert("aud".into(), json!([self.issuer, application.client_id]));
        claims.insert("azp".into(), json!(application.client_id));
        claims.insert("sub".into(), json!(user.id()));
        claims.insert("at_hash".into(), json!(at_hash(access_token)));
        claims.insert("auth_time".into(), json!(granted.auth_time));
        claims.insert("rat".into(), json!(granted.requested_at));
        let codes: Vec<&str> = user
            .organizations
            .iter()
            .map(|membership| membership.code.as_str())
            .collect();
        claims.insert("org_codes".into(), json!(codes));
        if let Some(nonce) = &granted.nonce {
            claims.insert("nonce".into(), json!(nonce));
        }
        claims.extend(scoped_claims(user, granted));
        if granted.has_scope("profile") {
            // Kinde writes this number in exponent form; `jwt::to_text` does so for floating-point numbers.
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact for any time before the year 285,000,000"
            )]
            claims.insert("updated_at".into(), json!(user.updated_at as f64));
        }
        for wanted in &application.id_token_claims {
            let organization = granted
                .org_code
                .as_deref()
                .and_then(|code| self.config.organization(code));
            let (name, value) = match wanted {
                OptionalIdClaim::Organizations => ("organizations", self.organizations(user)),
                OptionalIdClaim::UserProperties => {
                    ("user_properties", self.config.exposed(&user.properties))
                }
                OptionalIdClaim::OrganizationProperties => (
                    "organization_properties",
                    self.organization_properties(organization),
                ),
            };
            claims.insert(name.into(), value);
        }
        self.finish(application, claims, &application.extra_id_token_claims)
    }

    fn organization_properties(&self, organization: Option<&Organization>) -> Value {
        match organization {
            Some(organization) => self.config.exposed(&organization.properties),
            None => json!({}),
        }
    }

    /// The token of a machine: no `sub`, and `gty` says how it was granted.
    pub fn machine_token(
        &self,
        application: &Application,
        audiences: &[String],
        scopes: &[String],
    ) -> Claims {
        let mut claims = self.registered(application.access_token_seconds);
        claims.insert("aud".into(), json!(audiences));
        claims.insert("azp".into(), json!(application.client_id));
        claims.insert("gty".into(), json!(["client_credentials"]));
        claims.insert("scp".into(), json!(scopes));
        claims.insert("scope".into(), json!(scopes.join(" ")));
        claims.insert("v".into(), json!("2"));
        if let Some(code) = &application.org_code {
            let organization = self.config.organization(code);
            claims.insert("org_code".into(), json!(code));
            claims.insert(
                "feature_flags".into(),
                Value::Object(self.config.feature_flags_of(organization, None)),
            );
        }
        self.finish(application, claims, &application.extra_access_token_claims)
    }

    fn registered(&self, lifetime: i64) -> Claims {
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(self.issuer));
        claims.insert("iat".into(), json!(self.now));
        claims.insert("exp".into(), json!(self.now.saturating_add(lifetime)));
        claims.insert("jti".into(), json!(random::uuid()));
        claims
    }

    fn roles(&self, user: &User, org_code: Option<&str>) -> Value {
        let keys = org_code
            .and_then(|code| user.membership(code))
            .map(|membership| membership.roles.as_slice());
        keys.unwrap_or_default()
            .iter()
            .filter_map(|key| self.config.role(key))
            .map(|role| json!({"id": role.id(), "key": role.key, "name": role.name}))
            .collect()
    }

    fn organizations(&self, user: &User) -> Value {
        user.organizations
            .iter()
            .filter_map(|membership| self.config.organization(&membership.code))
            .map(|organization| json!({"id": organization.code, "name": organization.name}))
            .collect()
    }

    fn finish(&self, application: &Application, mut claims: Claims, extra: &Claims) -> Claims {
        merge_patch::merge_members(&mut claims, extra);
        if !application.hasura {
            return claims;
        }
        let renamed = |name: String| {
            if HASURA_CLAIMS.contains(&name.as_str()) {
                hasura_name(&name)
            } else {
                name
            }
        };
        claims
            .into_iter()
            .map(|(name, value)| (renamed(name), value))
            .collect()
    }
}

/// The properties keep their underscore.
fn hasura_name(name: &str) -> String {
    let name = if name.ends_with("_properties") {
        name.to_owned()
    } else {
        name.replace('_', "-")
    };
    format!("x-hasura-{name}")
}

/// The claims about a person that the scopes `email`, `profile` and `phone` stand for (OpenID Connect Core, section 5.4).
pub fn scoped_claims(user: &User, granted: &Granted) -> Claims {
    let mut claims = Map::new();
    let mut insert = |name: &str, value: Value| {
        if !value.is_null() {
            claims.insert(name.to_owned(), value);
        }
    };
    if granted.has_scope("email") {
        insert("email", json!(user.email));
        insert("email_verified", json!(user.email_verified));
    }
    if granted.has_scope("profile") {
        insert("name", json!(user.full_name()));
        insert("given_name", json!(user.given_name));
        insert("family_name", json!(user.family_name));
        insert("picture", json!(user.picture));
        insert("preferred_username", json!(user.username));
        insert("provided_id", json!(user.provided_id));
    }
    if granted.has_scope("phone") {
        insert("phone_number", json!(user.phone));
    }
    claims
}
