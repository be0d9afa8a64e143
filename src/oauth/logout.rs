//! Where to send the browser to end the sign-in at the provider.

use super::Endpoints;
use super::query::Query;
use crate::config::{OptionalEndpoint, Settings};
use crate::error::{Error, Result};
use crate::params::Fields;

/// What a caller may say about a logout.
#[derive(Clone, Debug, Default)]
pub struct LogoutParams {
    /// Where the browser goes afterwards; the setting `logout_redirect_uri` if it is not given.
    pub redirect: Option<String>,
}

impl LogoutParams {
    /// Reads `{redirect}`. Fails with `INVALID_ARGUMENT`, which names every field that is unknown
    /// or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let params = LogoutParams {
            redirect: fields.take_string("redirect"),
        };
        fields.finish()?;
        Ok(params)
    }
}

/// The logout URL: Kinde's `/logout?redirect=`, or RP-initiated logout (OpenID Connect RP-Initiated
/// Logout 1.0, section 2). The standard lets `client_id` stand for the ID token, which would leave
/// a token in browser history and server logs.
pub(crate) fn url(
    settings: &Settings,
    endpoints: &Endpoints,
    params: &LogoutParams,
) -> Result<String> {
    let endpoint = endpoints.optional(OptionalEndpoint::Logout, settings)?;
    let given = params.redirect.as_deref().filter(|text| !text.is_empty());
    if let Some(address) = given {
        settings
            .check_redirect_uri(address)
            .map_err(|message| Error::invalid_argument("redirect", message))?;
    }
    let redirect = given.or(settings.logout_redirect_uri.as_deref());
    let kinde = settings.towards_kinde();
    if kinde && redirect.is_none() {
        return Ok(endpoint.as_str().to_owned());
    }
    let mut query = Query::extend(endpoint, 256);
    if !kinde {
        query.append("client_id", &settings.client_id);
    }
    if let Some(redirect) = redirect {
        let name = if kinde {
            "redirect"
        } else {
            "post_logout_redirect_uri"
        };
        query.append(name, redirect);
    }
    Ok(query.finish())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{endpoints, settings};
    use super::*;
    use crate::error::Status;

    fn logout(json: &str, redirect: Option<&str>) -> Result<String> {
        let settings = settings(json);
        let params = LogoutParams {
            redirect: redirect.map(str::to_owned),
        };
        url(&settings, &endpoints(&settings), &params)
    }

    #[test]
    fn kinde_takes_one_redirect() {
        let configured = r#""logout_redirect_uri": "https://app.example/bye?a=b""#;
        for (json, redirect, expected) in [
            ("", None, "https://example.kinde.com/logout"),
            (
                configured,
                None,
                "https://example.kinde.com/logout?redirect=https%3A%2F%2Fapp.example%2Fbye%3Fa%3Db",
            ),
            (
                configured,
                Some("http://localhost:3000"),
                "https://example.kinde.com/logout?redirect=http%3A%2F%2Flocalhost%3A3000",
            ),
            (
                r#""logout_endpoint": "/bye?x=1""#,
                Some("https://app.example"),
                "https://example.kinde.com/bye?x=1&redirect=https%3A%2F%2Fapp.example",
            ),
        ] {
            assert_eq!(logout(json, redirect).unwrap(), expected);
        }
    }

    #[test]
    fn other_providers_get_the_standards_parameters_and_no_token() {
        let other = r#""domain": "https://login.example", "discovery": "same_origin""#;
        assert_eq!(
            logout(other, Some("https://app.example/")).unwrap(),
            "https://login.example/logout?client_id=client&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F"
        );
        assert_eq!(
            logout(other, None).unwrap(),
            "https://login.example/logout?client_id=client"
        );
        let settings = settings(other);
        let mut endpoints = endpoints(&settings);
        endpoints.logout = None;
        let error = url(&settings, &endpoints, &LogoutParams::default()).unwrap_err();
        assert_eq!(error.status(), Status::Config);
    }

    #[test]
    fn a_redirect_is_an_address_for_browsers() {
        for redirect in ["/bye", "http://app.example/", "javascript:alert(1)", "//x"] {
            let error = logout("", Some(redirect)).unwrap_err();
            assert_eq!(error.field(), Some("redirect"), "{redirect}");
        }
    }
}
