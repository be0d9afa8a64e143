//! Asks the provider who a user is (OpenID Connect Core, section 5.3).

use std::borrow::Cow;

use serde_json::Value;
use subtle::ConstantTimeEq;
use url::Url;

use super::Endpoints;
use super::oauth_error::{At, malformed, of_response};
use super::request::{bearer, get};
use crate::config::{Discovery, Settings};
use crate::error::{Error, Result, Status};
use crate::http::{Http, Response};
use crate::json::Json;
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("user profile endpoint");

/// Whose profile to ask for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
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
        Version::of(request.version.as_deref())?;
        Ok(request)
    }
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
    settings: &Settings,
    endpoints: &'a Endpoints,
    version: Version,
) -> Result<Cow<'a, Url>> {
    let Some(path) = version.path(settings.discovery) else {
        return Ok(Cow::Borrowed(&endpoints.userinfo));
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
    let profile: Value = serde_json::from_slice(&response.body)
        .map_err(|_| malformed(ENDPOINT, "something else than JSON"))?;
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
    Ok(Json::from_value(profile))
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
