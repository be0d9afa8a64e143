//! Takes a token's power away (RFC 7009).

use super::Endpoints;
use super::client_auth::Credentials;
use super::oauth_error::{At, of_response};
use super::request::post;
use crate::config::{OptionalEndpoint, Settings};
use crate::error::{Error, Result};
use crate::http::{Http, Repeat, Request, Response};
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("revocation endpoint");

/// A token to revoke.
#[derive(Clone, Debug, Default)]
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
        endpoints.optional(OptionalEndpoint::Revocation, settings)?,
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{endpoints, form, header, settings};
    use super::*;
    use crate::error::Status;

    #[test]
    fn kinde_gets_the_credentials_in_the_body() {
        let basic = r#""client_secret": "s3cret", "client_auth_method": "client_secret_basic""#;
        let kinde = settings(basic);
        let mut revocation = Revocation::new("t");
        revocation.token_type_hint = Some("refresh_token".to_owned());
        let sent = request(&kinde, &endpoints(&kinde), &revocation).unwrap();
        assert_eq!(sent.url.as_str(), "https://example.kinde.com/oauth2/revoke");
        assert_eq!(
            form(&sent),
            "token=t&token_type_hint=refresh_token&client_id=client&client_secret=s3cret"
        );
        assert_eq!(header(&sent, "authorization"), None);

        let other = settings(&format!(
            r#""domain": "https://login.example", "discovery": "same_origin", {basic}"#
        ));
        let sent = request(&other, &endpoints(&other), &Revocation::new("t")).unwrap();
        assert_eq!(form(&sent), "token=t");
        assert!(header(&sent, "authorization").is_some());

        let public = settings("");
        let sent = request(&public, &endpoints(&public), &Revocation::new("t")).unwrap();
        assert_eq!(form(&sent), "token=t&client_id=client");
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(read(&Response::of(200, &[], "")).is_ok());
        assert!(read(&Response::of(204, &[], "")).is_ok());
        for (http, body, status) in [
            (400, r#"{"error":"unsupported_token_type"}"#, Status::Oauth),
            (
                400,
                r#"{"errors":[{"code":"X","message":"m"}]}"#,
                Status::Oauth,
            ),
            (401, r#"{"error":"invalid_client"}"#, Status::Oauth),
            (429, "", Status::RateLimited),
            (503, "", Status::Http),
        ] {
            let error = read(&Response::of(http, &[], body)).unwrap_err();
            assert_eq!(error.status(), status, "{http} {body}");
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (json, field) in [
            ("", "token"),
            (r#"{"token":7}"#, "token"),
            (r#"{"token":"t","token_type_hint":"x"}"#, "token_type_hint"),
            (r#"{"token":"t","type":"x"}"#, "type"),
        ] {
            let error = Revocation::from_json(json).unwrap_err();
            assert_eq!(error.field(), Some(field), "{json}");
        }
        let settings = settings("");
        assert!(request(&settings, &endpoints(&settings), &Revocation::new("")).is_err());
    }
}
