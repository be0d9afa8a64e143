//! Grants: what is shown to the token endpoint to obtain tokens.

use url::Url;

use super::client_auth::Credentials;
use super::{Endpoints, TokenSet, pkce, token_endpoint};
use crate::config::{GrantType, Settings};
use crate::error::{Error, Result, Status};
use crate::http::{Http, Request};
use crate::params::Fields;
use crate::secret::Secret;

/// A code from a callback (RFC 6749, section 4.1.3).
#[derive(Clone, Debug, Default)]
pub struct CodeExchange {
    /// The callback's `code`.
    pub code: Secret,
    /// The verifier of the authorization request, if that had one.
    pub code_verifier: Option<Secret>,
    /// The redirect URI of the authorization request, if it was not the configured one.
    pub redirect_uri: Option<String>,
    /// The nonce of the authorization request; the ID token is not compared with one without it.
    pub nonce: Option<String>,
}

impl CodeExchange {
    /// A code and nothing else.
    pub fn new(code: impl Into<Secret>) -> Self {
        CodeExchange {
            code: code.into(),
            ..Self::default()
        }
    }

    /// Reads `{code, code_verifier, redirect_uri, nonce}`. Fails with `INVALID_ARGUMENT`, which
    /// names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let exchange = CodeExchange {
            code: fields.require_string("code").into(),
            code_verifier: fields.take_string("code_verifier").map(Secret::new),
            redirect_uri: fields.take_string("redirect_uri"),
            nonce: fields.take_string("nonce"),
        };
        fields.finish()?;
        Ok(exchange)
    }
}

/// A refresh token (RFC 6749, section 6).
#[derive(Clone, Debug, Default)]
pub struct TokenRefresh {
    /// The refresh token.
    pub refresh_token: Secret,
    /// The ID token of the sign-in: a new one must speak of the same user, and it is kept if no new
    /// one comes.
    pub id_token: Option<Secret>,
}

impl TokenRefresh {
    /// A refresh token and nothing else.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        TokenRefresh {
            refresh_token: refresh_token.into(),
            ..Self::default()
        }
    }

    /// Reads `{refresh_token, id_token}`. Fails with `INVALID_ARGUMENT`, which names every field
    /// that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let refresh = TokenRefresh {
            refresh_token: fields.require_string("refresh_token").into(),
            id_token: fields.take_string("id_token").map(Secret::new),
        };
        fields.finish()?;
        Ok(refresh)
    }
}

/// A machine's request for tokens of its own (RFC 6749, section 4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientCredentials {
    /// The APIs that the token is for; the setting `audience` if there is none.
    pub audience: Vec<String>,
    /// The scopes to ask for, with spaces between them; all that the application has if there are
    /// none. Scopes of a user (`openid`, `offline`, …) are refused.
    pub scope: Option<String>,
}

impl ClientCredentials {
    /// Reads `{audience, scope}`, each a list or a text with spaces. Fails with
    /// `INVALID_ARGUMENT`, which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let credentials = ClientCredentials {
            audience: fields.take_strings("audience").unwrap_or_default(),
            scope: fields.take_strings("scope").map(|list| list.join(" ")),
        };
        fields.finish()?;
        Ok(credentials)
    }

    /// The same request with the settings filled in: what is asked of the token endpoint, and
    /// therefore what two requests must have in common to share a token.
    pub(crate) fn resolved(&self, settings: &Settings) -> Result<ClientCredentials> {
        let audience = match self.audience.is_empty() {
            true => settings.audience.clone(),
            false => self.audience.clone(),
        };
        let scope = match &self.scope {
            Some(scope) => some_scopes(refuse_user_scopes(scope)?),
            None => configured_machine_scope(settings),
        };
        Ok(ClientCredentials { audience, scope })
    }
}

/// Exchanges a code for tokens.
pub(crate) async fn exchange_code(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    exchange: &CodeExchange,
) -> Result<TokenSet> {
    token_endpoint::obtain(http, code_request(settings, endpoints, exchange)?).await
}

fn code_request(
    settings: &Settings,
    endpoints: &Endpoints,
    exchange: &CodeExchange,
) -> Result<Request> {
    if exchange.code.expose().is_empty() {
        return Err(Error::invalid_argument("code", "is required"));
    }
    let redirect_uri = exchange
        .redirect_uri
        .as_deref()
        .or(settings.redirect_uri.as_deref())
        .ok_or_else(|| {
            Error::invalid_argument(
                "redirect_uri",
                "is required; it is not in the settings either",
            )
        })?;
    let mut grant = vec![
        ("grant_type", "authorization_code"),
        ("code", exchange.code.expose()),
        ("redirect_uri", redirect_uri),
    ];
    match &exchange.code_verifier {
        Some(verifier) if pkce::is_verifier(verifier.expose()) => {
            grant.push(("code_verifier", verifier.expose()));
        }
        Some(_) => {
            return Err(Error::invalid_argument(
                "code_verifier",
                "expected 43 to 128 letters, digits or -._~ (RFC 7636, section 4.1)",
            ));
        }
        None if settings.pkce => {
            return Err(Error::invalid_argument(
                "code_verifier",
                "is required while the setting pkce is on",
            ));
        }
        None => {}
    }
    Ok(token_endpoint::request(
        settings,
        &endpoints.token,
        Credentials::of_client(settings),
        &grant,
    ))
}

/// Exchanges a refresh token for fresh tokens.
pub(crate) async fn refresh(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    refresh: &TokenRefresh,
) -> Result<TokenSet> {
    token_endpoint::obtain(http, refresh_request(settings, endpoints, refresh)?).await
}

fn refresh_request(
    settings: &Settings,
    endpoints: &Endpoints,
    refresh: &TokenRefresh,
) -> Result<Request> {
    if refresh.refresh_token.expose().is_empty() {
        return Err(Error::invalid_argument("refresh_token", "is required"));
    }
    Ok(token_endpoint::request(
        settings,
        &endpoints.token,
        Credentials::of_client(settings),
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.refresh_token.expose()),
        ],
    ))
}

/// Obtains a machine's token.
pub(crate) async fn client_credentials(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    request: &ClientCredentials,
) -> Result<TokenSet> {
    token_endpoint::obtain(http, machine_request(settings, endpoints, request)?).await
}

fn machine_request(
    settings: &Settings,
    endpoints: &Endpoints,
    request: &ClientCredentials,
) -> Result<Request> {
    let ClientCredentials { audience, scope } = request.resolved(settings)?;
    let credentials = match audience.as_slice() {
        [only] if *only == settings.management_audience => Credentials::of_management(settings),
        _ => Credentials::of_client(settings),
    };
    let audience = audience.join(" ");
    let mut grant = vec![("grant_type", "client_credentials")];
    if !audience.is_empty() {
        grant.push(("audience", &audience));
    }
    if let Some(scope) = &scope {
        grant.push(("scope", scope));
    }
    Ok(token_endpoint::request(
        settings,
        &machine_token_endpoint(settings, endpoints),
        credentials.confidential()?,
        &grant,
    ))
}

/// Kinde gives machine tokens at its own domain only, also beside a custom domain. An endpoint that
/// was configured elsewhere stays where it is.
fn machine_token_endpoint(settings: &Settings, endpoints: &Endpoints) -> Url {
    let token = endpoints.token.clone();
    if !settings.towards_kinde() || settings.management_domain == settings.domain {
        return token;
    }
    let (Ok(domain), Ok(mut management)) = (
        Url::parse(&settings.domain),
        Url::parse(&settings.management_domain),
    ) else {
        return token;
    };
    if token.origin() != domain.origin() {
        return token;
    }
    management.set_path(token.path());
    management.set_query(token.query());
    management
}

/// Scopes that speak of a user (OpenID Connect Core, section 5.4); Kinde's `offline` too.
const USER_SCOPES: [&str; 7] = [
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "offline",
    "offline_access",
];

fn refuse_user_scopes(scope: &str) -> Result<&str> {
    match scope.split_whitespace().find(|s| USER_SCOPES.contains(s)) {
        None => Ok(scope),
        Some(user_scope) => Err(Error::new(
            Status::InvalidArgument,
            format!("scope: {user_scope} speaks of a user, and a machine has none; leave it out"),
        )
        .with_field("scope")),
    }
}

/// The configured scope belongs to users' sign-ins, unless the application is a machine's; even
/// then its default names scopes of users.
fn configured_machine_scope(settings: &Settings) -> Option<String> {
    if settings.grant_type != GrantType::ClientCredentials {
        return None;
    }
    let machine_scopes: Vec<&str> = settings
        .scope
        .split_whitespace()
        .filter(|scope| !USER_SCOPES.contains(scope))
        .collect();
    some_scopes(&machine_scopes.join(" "))
}

fn some_scopes(scope: &str) -> Option<String> {
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

#[cfg(test)]
mod tests;
