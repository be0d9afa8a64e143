//! The settings as the library uses them: typed, checked, immutable.

use std::time::Duration;

use url::Url;

use crate::secret::Secret;

/// Everything a client knows about its application and its provider.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Origin without a trailing slash: `https://example.kinde.com`.
    pub domain: String,
    /// Origin without a trailing slash, for the Management API and machine tokens.
    pub management_domain: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub management_client_id: Option<String>,
    pub management_client_secret: Option<Secret>,
    pub management_audience: String,
    pub redirect_uri: Option<String>,
    pub logout_redirect_uri: Option<String>,
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
    pub id_token_audience_fallback: bool,
    pub clock_leeway: Duration,
    pub connect_timeout: Duration,
    /// For a whole call, all its requests and repetitions together.
    pub timeout: Duration,
    pub max_response_bytes: usize,
    pub jwks_cooldown: Duration,
    pub ca_file: Option<String>,
    pub proxy: Option<Secret>,
    pub insecure_hosts: Vec<String>,
    pub auto_refresh: bool,
    /// Default authorization parameters, checked against the parameter table.
    pub authorization_params: serde_json::Map<String, serde_json::Value>,
    pub return_origins: Vec<String>,
    pub sign_in_lifetime: Duration,
    pub revoke_on_logout: bool,
    pub worker_threads: usize,
    /// Suffix of the user agent: the binding that calls.
    pub user_agent: Option<String>,
    /// The framework that calls, as it stands in the `Kinde-SDK` header.
    pub framework: Option<String>,
}

/// The grant by which a client obtains its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantType {
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
}

/// How the client proves who it is at the token endpoint (OpenID Connect Core, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientAuthMethod {
    SecretPost,
    SecretBasic,
}

/// Where the endpoints come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Discovery {
    /// Kinde's well-known paths, or the endpoint settings.
    Off,
    /// The issuer's metadata, whose endpoints must stand on the issuer's origin.
    SameOrigin,
    /// The issuer's metadata, wherever its endpoints stand.
    AnyOrigin,
}

/// Signature algorithms that can be configured (RFC 7518, section 3.1). None is symmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

/// Whether an access token is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessTokenFormat {
    Jwt,
    /// Carried, not read.
    Opaque,
}
