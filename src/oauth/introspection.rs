//! Asks the provider about a token (RFC 7662).

use serde_json::Value;

use super::Endpoints;
use super::client_auth::Credentials;
use super::oauth_error::{At, malformed, of_response};
use super::request::{bearer, post};
use super::revocation::check_hint;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::http::{Http, Repeat, Request, Response};
use crate::json::Json;
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("introspection endpoint");

/// A token to ask about.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Introspection {
    /// The token.
    pub token: Secret,
    /// `access_token` or `refresh_token`.
    pub token_type_hint: Option<String>,
}

impl Introspection {
    /// A token of whatever type.
    pub fn new(token: impl Into<Secret>) -> Self {
        Introspection {
            token: token.into(),
            ..Self::default()
        }
    }

    /// Reads `{token, token_type_hint}`. Fails with `INVALID_ARGUMENT`, which names every field
    /// that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let introspection = Introspection {
            token: fields.require_string("token").into(),
            token_type_hint: fields.take_string("token_type_hint"),
        };
        fields.finish()?;
        check_hint(introspection.token_type_hint.as_deref())?;
        Ok(introspection)
    }
}

/// Whether the provider wants a machine's token as proof of who asks, as Kinde does. Others take
/// the client's own credentials (RFC 7662, section 2.1).
pub(crate) fn needs_machine_token(settings: &Settings) -> bool {
    settings.towards_kinde()
}

/// Asks about a token: `{active, …}`. `machine_token` says who asks; without it the client's
/// credentials do.
pub(crate) async fn introspect(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    introspection: &Introspection,
    machine_token: Option<&Secret>,
) -> Result<Json> {
    let request = request(settings, endpoints, introspection, machine_token)?;
    read(&http.send(request).await?)
}

fn request(
    settings: &Settings,
    endpoints: &Endpoints,
    introspection: &Introspection,
    machine_token: Option<&Secret>,
) -> Result<Request> {
    if introspection.token.expose().is_empty() {
        return Err(Error::invalid_argument("token", "is required"));
    }
    check_hint(introspection.token_type_hint.as_deref())?;
    let mut fields = vec![("token", introspection.token.expose())];
    if let Some(hint) = &introspection.token_type_hint {
        fields.push(("token_type_hint", hint));
    }
    let credentials = Credentials::of_client(settings);
    let authorization = match machine_token {
        Some(token) => Some(bearer(token)),
        None => {
            fields.extend(credentials.fields());
            credentials.header()
        }
    };
    Ok(post(
        settings,
        &endpoints.introspection,
        &fields,
        authorization,
        // A question: asking twice changes nothing.
        Repeat::Idempotent,
    ))
}

fn read(response: &Response) -> Result<Json> {
    if response.status != 200 {
        return Err(of_response(ENDPOINT, response));
    }
    let answer: Value = serde_json::from_slice(&response.body)
        .map_err(|_| malformed(ENDPOINT, "something else than JSON"))?;
    if !answer.get("active").is_some_and(Value::is_boolean) {
        return Err(malformed(ENDPOINT, "no active"));
    }
    Ok(Json::from_value(answer))
}
