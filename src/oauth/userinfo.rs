//! Asks the provider who a user is (OpenID Connect Core, section 5.3).

use std::borrow::Cow;

use serde_json::Value;
use subtle::ConstantTimeEq;
use url::Url;

use super::Endpoints;
use super::oauth_error::{At, malformed, of_response};
use super::request::{bearer, get};
use crate::config::{Discovery, OptionalEndpoint, Settings};
use crate::error::{Error, Result, Status};
use crate::http::{Http, Response};
use crate::json::Json;
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("user profile endpoint");

/// Whose profile to ask for.
#[derive(Clone, Debug, Default)]
pub struct UserProfileRequest {
    /// The user's access token.
    pub access_token: Secret,
    /// Whom the answer must speak of; not judged if it is not given.
    pub sub: Option<String>,
    /// `v2`, `v1` or `userinfo`: the shape of Kinde's answer. Without it, the configured or
    /// discovered endpoint is asked.
    pub version: Option<String>,
}

impl UserProfileRequest {
    /// The profile of the token's user.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        UserProfileRequest {
            access_token: access_token.into(),
            ..Self::default()
        }
    }

    /// Reads `{access_token, sub, version}`. Fails with `INVALID_ARGUMENT`, which names every field
    /// that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let request = UserProfileRequest {
            access_token: fields.require_string("access_token").into(),
            sub: fields.take_string("sub"),
            version: fields.take_string("version"),
        };
        fields.finish()?;
        check_version(request.version.as_deref())?;
        Ok(request)
    }
}

/// Fails with `INVALID_ARGUMENT` if there is no such version of a profile.
pub(crate) fn check_version(version: Option<&str>) -> Result<()> {
    Version::of(version).map(drop)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Default,
    V2,
    V1,
    UserInfo,
}

impl Version {
    fn of(text: Option<&str>) -> Result<Version> {
        match text {
            None => Ok(Version::Default),
            Some("v2") => Ok(Version::V2),
            Some("v1") => Ok(Version::V1),
            Some("userinfo") => Ok(Version::UserInfo),
            Some(_) => Err(Error::invalid_argument(
                "version",
                "expected v2, v1 or userinfo",
            )),
        }
    }

    /// The path at Kinde, if that is not the endpoint anyway.
    fn path(self, discovery: Discovery) -> Option<&'static str> {
        match (self, discovery) {
            (Version::Default, _) => None,
            (Version::V2, Discovery::Off) => None,
            (Version::UserInfo, Discovery::SameOrigin | Discovery::AnyOrigin) => None,
            (Version::V2, _) => Some("/oauth2/v2/user_profile"),
            (Version::V1, _) => Some("/oauth2/user_profile"),
            (Version::UserInfo, Discovery::Off) => Some("/oauth2/userinfo"),
        }
    }

    /// The member that names the user.
    fn subject(self) -> &'static str {
        match self {
            Version::V1 => "id",
            _ => "sub",
        }
    }
}

/// Asks for a profile. Fails with `SUBJECT` if it speaks of another user than the request's `sub`.
pub(crate) async fn profile(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    request: &UserProfileRequest,
) -> Result<Json> {
    if request.access_token.expose().is_empty() {
        return Err(Error::invalid_argument("access_token", "is required"));
    }
    let version = Version::of(request.version.as_deref())?;
    let url = endpoint(settings, endpoints, version)?;
    let response = http
        .send(get(settings, &url, Some(bearer(&request.access_token))))
        .await?;
    read(&response, version, request.sub.as_deref())
}

fn endpoint<'a>(
    settings: &'a Settings,
    endpoints: &'a Endpoints,
    version: Version,
) -> Result<Cow<'a, Url>> {
    let Some(path) = version.path(settings.discovery) else {
        return Ok(Cow::Borrowed(
            endpoints.optional(OptionalEndpoint::Userinfo, settings)?,
        ));
    };
    Url::parse(&settings.domain)
        .and_then(|domain| domain.join(path))
        .map(Cow::Owned)
        .map_err(|_| Error::new(Status::Config, "domain: is not a URL").with_field("domain"))
}

fn read(response: &Response, version: Version, sub: Option<&str>) -> Result<Json> {
    if response.status != 200 {
        return Err(refusal(response));
    }
    let profile = response.json_object("the user profile")?;
    let named = profile.get(version.subject()).and_then(Value::as_str);
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        let what = format!("no {}", version.subject());
        return Err(malformed(ENDPOINT, &what));
    };
    if sub.is_some_and(|sub| !bool::from(sub.as_bytes().ct_eq(named.as_bytes()))) {
        return Err(Error::new(
            Status::Subject,
            "the user profile speaks of another user than the token",
        ));
    }
    Ok(Json::from_value(Value::Object(profile)))
}

/// A token that is not accepted may be refused without a word in the body (RFC 6750, section 3).
fn refusal(response: &Response) -> Error {
    let error = of_response(ENDPOINT, response);
    match (response.status, error.oauth_code()) {
        (401 | 403, None) => Error::new(
            Status::AccessDenied,
            "the user profile endpoint does not accept the access token",
        )
        .with_http_status(response.status),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{endpoints, settings};
    use super::*;

    #[test]
    fn each_version_has_its_address() {
        let address = |settings: &Settings, version: Option<&str>| {
            let version = Version::of(version).unwrap();
            endpoint(settings, &endpoints(settings), version)
                .unwrap()
                .to_string()
        };
        let kinde = settings("");
        for (version, path) in [
            (None, "/oauth2/v2/user_profile"),
            (Some("v2"), "/oauth2/v2/user_profile"),
            (Some("v1"), "/oauth2/user_profile"),
            (Some("userinfo"), "/oauth2/userinfo"),
        ] {
            let expected = format!("https://example.kinde.com{path}");
            assert_eq!(address(&kinde, version), expected);
        }
        let discovered =
            settings(r#""discovery": "same_origin", "userinfo_endpoint": "/discovered""#);
        for (version, path) in [
            (None, "/discovered"),
            (Some("userinfo"), "/discovered"),
            (Some("v2"), "/oauth2/v2/user_profile"),
        ] {
            let expected = format!("https://example.kinde.com{path}");
            assert_eq!(address(&discovered, version), expected);
        }
    }

    #[test]
    fn the_profile_must_speak_of_the_tokens_user() {
        let v2 = r#"{"sub":"kp_1","id":"kp_1","email":"a@b.c"}"#;
        let v1 = r#"{"id":"kp_1","preferred_email":"a@b.c"}"#;
        for (version, body, sub, status) in [
            (Version::Default, v2, Some("kp_1"), None),
            (Version::V2, v2, None, None),
            (Version::UserInfo, v2, Some("kp_1"), None),
            (Version::V1, v1, Some("kp_1"), None),
            (Version::V2, v2, Some("kp_2"), Some(Status::Subject)),
            (Version::V2, v2, Some("kp_"), Some(Status::Subject)),
            (Version::V1, v1, Some("kp_2"), Some(Status::Subject)),
            (Version::V2, v1, None, Some(Status::MalformedResponse)),
            (
                Version::V1,
                r#"{"sub":"kp_1"}"#,
                None,
                Some(Status::MalformedResponse),
            ),
            (
                Version::V2,
                r#"{"sub":""}"#,
                None,
                Some(Status::MalformedResponse),
            ),
            (
                Version::V2,
                r#"{"sub":5}"#,
                None,
                Some(Status::MalformedResponse),
            ),
            (
                Version::V2,
                r#"{"sub":"a","sub":"b"}"#,
                None,
                Some(Status::MalformedResponse),
            ),
            (Version::V2, "<html>", None, Some(Status::MalformedResponse)),
        ] {
            let read = read(&Response::of(200, &[], body), version, sub);
            assert_eq!(read.err().map(|e| e.status()), status, "{version:?} {body}");
        }
    }

    #[test]
    fn a_refused_token_is_told_from_a_broken_endpoint() {
        for (http, body, status) in [
            (
                401,
                r#"{"error":"invalid_token","error_description":"x"}"#,
                Status::Oauth,
            ),
            (
                403,
                r#"{"errors":[{"code":"TOKEN_INVALID","message":"x"}]}"#,
                Status::Oauth,
            ),
            (401, "", Status::AccessDenied),
            (403, "<html>", Status::AccessDenied),
            (404, "<html>", Status::Http),
            (429, "", Status::RateLimited),
            (503, "", Status::Http),
        ] {
            let error = read(&Response::of(http, &[], body), Version::V2, None).unwrap_err();
            assert_eq!(error.status(), status, "{http} {body}");
            assert_eq!(error.http_status(), Some(http));
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (json, field) in [
            ("{}", "access_token"),
            (r#"{"access_token":"t","version":"v3"}"#, "version"),
            (r#"{"access_token":"t","sub":5}"#, "sub"),
            (r#"{"access_token":"t","user":"x"}"#, "user"),
        ] {
            let error = UserProfileRequest::from_json(json).unwrap_err();
            assert_eq!(error.field(), Some(field), "{json}");
        }
    }
}
