//! Takes a token's power away (RFC 7009).

use super::Endpoints;
use super::client_auth::Credentials;
use super::oauth_error::{At, of_response};
use super::request::post;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::http::{Http, Repeat, Request, Response};
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("revocation endpoint");

/// A token to revoke.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Revocation {
    /// The token.
    pub token: Secret,
    /// `access_token` or `refresh_token`.
    pub token_type_hint: Option<String>,
}

impl Revocation {
    /// A token of whatever type.
    pub fn new(token: impl Into<Secret>) -> Self {
        Revocation {
            token: token.into(),
            ..Self::default()
        }
    }

    /// Reads `{token, token_type_hint}`. Fails with `INVALID_ARGUMENT`, which names every field
    /// that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let revocation = Revocation {
            token: fields.require_string("token").into(),
            token_type_hint: fields.take_string("token_type_hint"),
        };
        fields.finish()?;
        check_hint(revocation.token_type_hint.as_deref())?;
        Ok(revocation)
    }
}

/// Refuses hints that the standards do not know (RFC 7009, section 4.1.2).
pub(super) fn check_hint(hint: Option<&str>) -> Result<()> {
    match hint {
        None | Some("access_token" | "refresh_token") => Ok(()),
        Some(_) => Err(Error::invalid_argument(
            "token_type_hint",
            "expected access_token or refresh_token",
        )),
    }
}

/// Revokes a token. One that is unknown or dead counts as revoked.
pub(crate) async fn revoke(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    revocation: &Revocation,
) -> Result<()> {
    let response = http.send(request(settings, endpoints, revocation)?).await?;
    read(&response)
}

fn request(settings: &Settings, endpoints: &Endpoints, revocation: &Revocation) -> Result<Request> {
    if revocation.token.expose().is_empty() {
        return Err(Error::invalid_argument("token", "is required"));
    }
    check_hint(revocation.token_type_hint.as_deref())?;
    let credentials = Credentials::of_client(settings);
    // Kinde describes credentials in the body here, whatever its token endpoint takes.
    let credentials = match settings.towards_kinde() {
        true => credentials.in_body(),
        false => credentials,
    };
    let mut fields = vec![("token", revocation.token.expose())];
    if let Some(hint) = &revocation.token_type_hint {
        fields.push(("token_type_hint", hint));
    }
    fields.extend(credentials.fields());
    Ok(post(
        settings,
        &endpoints.revocation,
        &fields,
        credentials.header(),
        Repeat::Idempotent,
    ))
}

fn read(response: &Response) -> Result<()> {
    match response.status {
        200..=299 => Ok(()),
        _ => Err(of_response(ENDPOINT, response)),
    }
}
