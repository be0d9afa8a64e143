//! The settings as the library uses them: typed, checked, immutable.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Config;
use super::check::{self, PlainHttp};
use super::host_store::HostStore;
use super::store_url::StoreUrl;
use super::table::Name;
use crate::error::Result;
use crate::secret::Secret;

/// Everything a client knows about its application and its provider.
#[derive(Clone)]
pub(crate) struct Settings {
    /// What was given, for [`Settings::derive`].
    pub(super) given: Config,
    /// Origin without a trailing slash: `https://example.kinde.com`.
    pub domain: String,
    /// Origin without a trailing slash, for the Management API and machine tokens.
    pub management_domain: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// `client_id` if no other was given; never `None`.
    pub management_client_id: Option<String>,
    /// `client_secret` if no other was given.
    pub management_client_secret: Option<Secret>,
    pub management_audience: String,
    pub redirect_uri: Option<String>,
    pub logout_redirect_uri: Option<String>,
    /// Scopes separated by single spaces; may be empty.
    pub scope: String,
    pub audience: Vec<String>,
    pub grant_type: GrantType,
    pub pkce: bool,
    pub client_auth_method: ClientAuthMethod,
    /// Exactly as it stands in tokens.
    pub issuer: String,
    pub extra_issuers: Vec<String>,
    pub discovery: Discovery,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub logout_endpoint: Url,
    pub userinfo_endpoint: Url,
    pub revocation_endpoint: Url,
    pub introspection_endpoint: Url,
    pub device_authorization_endpoint: Url,
    pub jwks_url: Url,
    /// A key set given by hand (RFC 7517), instead of `jwks_url`.
    pub jwks: Option<String>,
    pub allowed_algorithms: Vec<Algorithm>,
    pub access_token_format: AccessTokenFormat,
    pub any_audience: bool,
    pub id_token_audience_fallback: bool,
    pub clock_leeway: Duration,
    pub connect_timeout: Duration,
    /// For a whole call, all its requests and repetitions together.
    pub timeout: Duration,
    pub max_response_bytes: usize,
    pub jwks_cooldown: Duration,
    pub ca_file: Option<String>,
    /// `off`, or a URL; may hold credentials. The environment decides if there is none.
    pub proxy: Option<Secret>,
    pub insecure_hosts: Vec<String>,
    /// Whether an expired access token is renewed without being asked to.
    pub auto_refresh: bool,
    /// Default authorization parameters, checked against the parameter table.
    pub authorization_params: serde_json::Map<String, serde_json::Value>,
    /// Origins without a trailing slash.
    pub return_origins: Vec<String>,
    pub sign_in_lifetime: Duration,
    pub store: StoreSetting,
    pub store_timeout: Duration,
    /// The first seals, all open.
    pub seal_keys: Vec<Secret>,
    pub session_idle: Duration,
    pub session_max: Duration,
    pub revoke_on_logout: bool,
    pub share_machine_tokens: bool,
    /// How old a webhook may be.
    pub webhook_tolerance: Duration,
    pub api_validation: ApiValidation,
    /// Requests to the Management API that are under way at once.
    pub api_concurrency: usize,
    pub worker_threads: usize,
    /// Suffix of the user agent: the binding that calls.
    pub user_agent: Option<String>,
    /// The framework that calls, as it stands in the `Kinde-SDK` header.
    pub framework: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.given).finish()
    }
}

/// The grant by which a client obtains its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum GrantType {
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
}

/// How the client proves who it is at the token endpoint (OpenID Connect Core, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
pub(crate) enum ClientAuthMethod {
    #[strum(serialize = "client_secret_post")]
    SecretPost,
    #[strum(serialize = "client_secret_basic")]
    SecretBasic,
}

/// Where the endpoints come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Discovery {
    /// Kinde's well-known paths, or the endpoint settings.
    #[strum(to_string = "off", serialize = "false")]
    Off,
    /// The issuer's metadata, whose endpoints must stand on the issuer's origin.
    #[strum(to_string = "same_origin", serialize = "on", serialize = "true")]
    SameOrigin,
    /// The issuer's metadata, wherever its endpoints stand.
    AnyOrigin,
}

/// The endpoints that a provider need not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionalEndpoint {
    Logout,
    Userinfo,
    Revocation,
    Introspection,
    DeviceAuthorization,
}

/// Signature algorithms that can be configured (RFC 7518, section 3.1). None is symmetric.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::VariantNames,
)]
#[strum(serialize_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    #[strum(serialize = "EdDSA")]
    EdDsa,
}

/// Whether an access token is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum AccessTokenFormat {
    Jwt,
    /// Carried, not read.
    Opaque,
}

/// What clients must have in common to share connections, keys, discovery and verifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedKey {
    open: SharedOpenly,
    proxy: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SharedOpenly {
    issuer: String,
    domain: String,
    management_domain: String,
    extra_issuers: Vec<String>,
    discovery: Discovery,
    jwks_url: Url,
    jwks: Option<String>,
    jwks_cooldown: Duration,
    connect_timeout: Duration,
    timeout: Duration,
    max_response_bytes: usize,
    ca_file: Option<String>,
    insecure_hosts: Vec<String>,
    user_agent: Option<String>,
    api_concurrency: usize,
}

impl std::hash::Hash for SharedKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The proxy may hold credentials: it is compared in constant time and not hashed.
        self.open.hash(state);
    }
}

impl Settings {
    /// The settings of a client that differs from this one by `overrides`: a JSON object of names
    /// and values, `null` for the default.
    pub(crate) fn derive(&self, overrides: &str) -> Result<Settings> {
        let mut config = self.given.clone();
        config.load_json(overrides)?;
        Settings::new(&config)
    }

    pub(crate) fn shared_key(&self) -> SharedKey {
        SharedKey {
            open: SharedOpenly {
                issuer: self.issuer.clone(),
                domain: self.domain.clone(),
                management_domain: self.management_domain.clone(),
                extra_issuers: self.extra_issuers.clone(),
                discovery: self.discovery,
                jwks_url: self.jwks_url.clone(),
                jwks: self.jwks.clone(),
                jwks_cooldown: self.jwks_cooldown,
                connect_timeout: self.connect_timeout,
                timeout: self.timeout,
                max_response_bytes: self.max_response_bytes,
                ca_file: self.ca_file.clone(),
                insecure_hosts: self.insecure_hosts.clone(),
                user_agent: self.user_agent.clone(),
                api_concurrency: self.api_concurrency,
            },
            proxy: self.proxy.clone(),
        }
    }

    pub(crate) fn store_key(&self, url: &StoreUrl) -> StoreKey {
        let is_memory = matches!(url, StoreUrl::Memory { .. });
        StoreKey {
            url: url.clone(),
            // One process has one memory, however its clients reach others.
            ca_file: self.ca_file.clone().filter(|_| !is_memory),
            timeout: if is_memory {
                Duration::ZERO
            } else {
                self.store_timeout
            },
        }
    }

    /// Which hosts may be spoken to without TLS.
    pub(crate) fn plain_http(&self) -> PlainHttp<'_> {
        PlainHttp::to(&self.insecure_hosts)
    }

    /// Whether the provider is Kinde, whose dialect differs from the standards in places. With
    /// discovery it is any provider, unless its host says otherwise.
    pub(crate) fn towards_kinde(&self) -> bool {
        self.discovery == Discovery::Off || check::is_kinde(&self.domain)
    }

    /// The setting for an endpoint that not every provider has, and its value, if it is known to
    /// be there: because it was given, or because the provider is Kinde.
    pub(crate) fn optional_endpoint(
        &self,
        endpoint: OptionalEndpoint,
    ) -> (&'static str, Option<&Url>) {
        let (name, url) = match endpoint {
            OptionalEndpoint::Logout => (Name::logout_endpoint, &self.logout_endpoint),
            OptionalEndpoint::Userinfo => (Name::userinfo_endpoint, &self.userinfo_endpoint),
            OptionalEndpoint::Revocation => (Name::revocation_endpoint, &self.revocation_endpoint),
            OptionalEndpoint::Introspection => {
                (Name::introspection_endpoint, &self.introspection_endpoint)
            }
            OptionalEndpoint::DeviceAuthorization => (
                Name::device_authorization_endpoint,
                &self.device_authorization_endpoint,
            ),
        };
        let is_known = self.towards_kinde() || self.given.get(name).is_some();
        (name.setting().name, is_known.then_some(url))
    }

    /// Whether a browser may be sent to this address after sign-in or logout; says why not.
    pub(crate) fn check_redirect_uri(&self, address: &str) -> std::result::Result<(), String> {
        check::redirect_uri(address, self.plain_http()).map(drop)
    }

    /// Whether this provider can give what `scope` asks for; says why not.
    pub(crate) fn check_scope(&self, scope: &str) -> std::result::Result<(), String> {
        check::scope(scope)?;
        if self.towards_kinde() && scope.split(' ').any(|s| s == "offline_access") {
            return Err(
                "Kinde ignores offline_access and gives no refresh token; use offline".to_owned(),
            );
        }
        Ok(())
    }
}

/// Where sessions are kept.
#[derive(Clone)]
pub(crate) enum StoreSetting {
    Url(StoreUrl),
    Host(Arc<dyn HostStore>),
}

impl StoreSetting {
    /// Whether sessions leave the process.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !matches!(self, StoreSetting::Url(StoreUrl::Memory { .. }))
    }
}

/// What clients must have in common to use one store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreKey {
    url: StoreUrl,
    ca_file: Option<String>,
    timeout: Duration,
}

/// What becomes of fields of an API call that the catalogue does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ApiValidation {
    Strict,
    Lenient,
}
