//! Sign-in on a device without a browser (RFC 8628).

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::client_auth::Credentials;
use super::oauth_error::{At, malformed, of_response};
use super::request::post;
use super::{Endpoints, TokenSet, token_endpoint};
use crate::config::{OptionalEndpoint, Settings};
use crate::error::{Error, Result, Status};
use crate::http::{Http, Repeat, Request, Response};
use crate::params::Fields;
use crate::secret::{Secret, json_of_secrets};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const ENDPOINT: At = At::Endpoint("device authorization endpoint");

/// Seconds between two polls if nobody says otherwise (RFC 8628, section 3.5).
const DEFAULT_INTERVAL: i64 = 5;
/// By how many seconds `slow_down` makes the interval longer (RFC 8628, section 3.5).
const SLOW_DOWN: i64 = 5;
/// No interval is longer, in seconds.
const LONGEST_INTERVAL: i64 = 300;

/// What a device asks for.
#[derive(Clone, Debug, Default)]
pub struct DeviceStart {
    /// The APIs that the token is for; the setting `audience` if there is none.
    pub audience: Vec<String>,
    /// The scopes to ask for, with spaces between them; the setting `scope` if there are none.
    pub scope: Option<String>,
}

impl DeviceStart {
    /// Reads `{audience, scope}`, each a list or a text with spaces. Fails with
    /// `INVALID_ARGUMENT`, which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let start = DeviceStart {
            audience: fields.take_strings("audience").unwrap_or_default(),
            scope: fields.take_strings("scope").map(|list| list.join(" ")),
        };
        fields.finish()?;
        Ok(start)
    }
}

/// What the user must be shown, and what the device polls with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// What the device polls with.
    pub device_code: Secret,
    /// What the user types.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// How long the codes live, in seconds.
    pub expires_in: i64,
    /// Seconds between two polls.
    pub interval: i64,
    /// A QR code as a `data:` URI, if the provider makes one.
    pub qr_code: Option<String>,
}

impl DeviceAuthorization {
    /// The JSON object `{device_code, user_code, verification_uri, verification_uri_complete,
    /// expires_in, interval, qr_code}`; what is missing is `null`.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Shown<'a> {
            device_code: &'a str,
            user_code: &'a str,
            verification_uri: &'a str,
            verification_uri_complete: Option<&'a str>,
            expires_in: i64,
            interval: i64,
            qr_code: Option<&'a str>,
        }
        let shown = Shown {
            device_code: self.device_code.expose(),
            user_code: &self.user_code,
            verification_uri: &self.verification_uri,
            verification_uri_complete: self.verification_uri_complete.as_deref(),
            expires_in: self.expires_in,
            interval: self.interval,
            qr_code: self.qr_code.as_deref(),
        };
        json_of_secrets(&shown)
    }

    fn from_answer(body: &Map<String, Value>) -> Result<Self> {
        let optional = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let required = |name: &str| {
            optional(name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| malformed(ENDPOINT, &format!("no {name}")))
        };
        let number = |name: &str| body.get(name).and_then(seconds);
        Ok(DeviceAuthorization {
            device_code: required("device_code")?.into(),
            user_code: required("user_code")?,
            // Some providers keep the name of an early draft.
            verification_uri: required("verification_uri")
                .or_else(|e| required("verification_url").map_err(|_| e))?,
            verification_uri_complete: optional("verification_uri_complete"),
            expires_in: number("expires_in").ok_or_else(|| malformed(ENDPOINT, "no expires_in"))?,
            interval: number("interval").map_or(DEFAULT_INTERVAL, bounded_interval),
            qr_code: optional("qr_code"),
        })
    }
}

fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        _ => value.as_i64()?,
    };
    (number >= 0).then_some(number)
}

fn bounded_interval(interval: i64) -> i64 {
    interval.clamp(1, LONGEST_INTERVAL)
}

/// One question whether the user is done.
#[derive(Clone, Debug, Default)]
pub struct DevicePoll {
    /// The code from the start.
    pub device_code: Secret,
    /// The seconds between two polls: from the start, or from the last `SLOW_DOWN`.
    pub interval: Option<i64>,
}

impl DevicePoll {
    /// A device code, polled with the default interval.
    pub fn new(device_code: impl Into<Secret>) -> Self {
        DevicePoll {
            device_code: device_code.into(),
            ..Self::default()
        }
    }

    /// Reads `{device_code, interval}`. Fails with `INVALID_ARGUMENT`, which names every field that
    /// is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let poll = DevicePoll {
            device_code: fields.require_string("device_code").into(),
            interval: fields.take_i64("interval"),
        };
        if poll.interval.is_some_and(|interval| interval < 0) {
            fields.wrong("interval", "expected a number of seconds");
        }
        fields.finish()?;
        Ok(poll)
    }
}

/// Asks for the codes.
pub(crate) async fn start(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    start: &DeviceStart,
) -> Result<DeviceAuthorization> {
    let response = http
        .send(start_request(settings, endpoints, start)?)
        .await?;
    read_start(&response)
}

fn start_request(
    settings: &Settings,
    endpoints: &Endpoints,
    start: &DeviceStart,
) -> Result<Request> {
    let scope = start.scope.as_deref().unwrap_or(&settings.scope);
    settings
        .check_scope(scope)
        .map_err(|message| Error::invalid_argument("scope", message))?;
    let audience = match start.audience.is_empty() {
        true => settings.audience.join(" "),
        false => start.audience.join(" "),
    };
    let credentials = Credentials::of_client(settings);
    // Kinde asks for no secret here, so none is sent; elsewhere a client with a secret shows it
    // (RFC 8628, section 3.1).
    let credentials = match settings.towards_kinde() {
        true => credentials.without_secret(),
        false => credentials,
    };
    let mut fields = credentials.fields();
    if !scope.is_empty() {
        fields.push(("scope", scope));
    }
    if !audience.is_empty() {
        fields.push(("audience", &audience));
    }
    Ok(post(
        settings,
        endpoints.optional(OptionalEndpoint::DeviceAuthorization, settings)?,
        &fields,
        credentials.header(),
        Repeat::Never,
    ))
}

fn read_start(response: &Response) -> Result<DeviceAuthorization> {
    if response.status != 200 {
        return Err(of_response(ENDPOINT, response));
    }
    DeviceAuthorization::from_answer(
        &response.json_object("the device authorization endpoint's answer")?,
    )
}

/// Asks once whether the user is done. Until then it fails with `AUTHORIZATION_PENDING` or
/// `SLOW_DOWN`, whose `retry_after` is the interval to wait.
pub(crate) async fn poll(
    settings: &Settings,
    endpoints: &Endpoints,
    http: &Http,
    poll: &DevicePoll,
) -> Result<TokenSet> {
    let request = poll_request(settings, endpoints, poll)?;
    token_endpoint::obtain(http, request)
        .await
        .map_err(|error| with_interval(error, poll.interval))
}

fn poll_request(settings: &Settings, endpoints: &Endpoints, poll: &DevicePoll) -> Result<Request> {
    if poll.device_code.expose().is_empty() {
        return Err(Error::invalid_argument("device_code", "is required"));
    }
    Ok(token_endpoint::request(
        settings,
        &endpoints.token,
        Credentials::of_client(settings),
        &[
            ("grant_type", GRANT_TYPE),
            ("device_code", poll.device_code.expose()),
        ],
    ))
}

fn with_interval(error: Error, interval: Option<i64>) -> Error {
    let interval = interval.map_or(DEFAULT_INTERVAL, bounded_interval);
    let wait = match error.status() {
        Status::AuthorizationPending => interval,
        Status::SlowDown => bounded_interval(interval + SLOW_DOWN),
        _ => return error,
    };
    error.with_retry_after(Some(Duration::from_secs(wait.unsigned_abs())))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{endpoints, form, header, settings};
    use super::*;

    #[test]
    fn a_start_names_the_client_and_what_it_asks_for() {
        let kinde = settings(r#""client_secret": "s3cret", "audience": ["a", "b"]"#);
        let request = start_request(&kinde, &endpoints(&kinde), &DeviceStart::default()).unwrap();
        assert_eq!(
            request.url.as_str(),
            "https://example.kinde.com/oauth2/device/auth"
        );
        assert_eq!(
            form(&request),
            "client_id=client&scope=openid+profile+email+offline&audience=a+b"
        );
        let start = DeviceStart::from_json(r#"{"audience":["c"],"scope":"openid x"}"#).unwrap();
        let request = start_request(&kinde, &endpoints(&kinde), &start).unwrap();
        assert_eq!(form(&request), "client_id=client&scope=openid+x&audience=c");

        let other = settings(
            r#""domain": "https://login.example", "discovery": "same_origin",
               "client_secret": "s3cret", "client_auth_method": "client_secret_basic""#,
        );
        let request = start_request(&other, &endpoints(&other), &DeviceStart::default()).unwrap();
        assert!(header(&request, "authorization").is_some());

        let start = DeviceStart::from_json(r#"{"scope":"offline_access"}"#).unwrap();
        let error = start_request(&kinde, &endpoints(&kinde), &start).unwrap_err();
        assert_eq!(error.field(), Some("scope"));
    }

    #[test]
    fn the_codes_are_read() {
        let codes = read_start(&Response::of(
            200,
            &[],
            r#"{"device_code":"d","user_code":"U-1","verification_uri":"https://e.example/d",
                "verification_uri_complete":"https://e.example/d?c=U-1","expires_in":600,
                "interval":"7","qr_code":"data:x"}"#,
        ))
        .unwrap();
        assert_eq!(
            codes.to_json(),
            r#"{"device_code":"d","user_code":"U-1","verification_uri":"https://e.example/d","verification_uri_complete":"https://e.example/d?c=U-1","expires_in":600,"interval":7,"qr_code":"data:x"}"#
        );
        assert!(!format!("{codes:?}").contains("\"d\""));
    }

    #[test]
    fn intervals_are_bounded() {
        for (interval, read) in [
            ("", 5),
            (r#","interval":0"#, 1),
            (r#","interval":9999999"#, 300),
            (r#","interval":"x""#, 5),
        ] {
            let body = format!(
                r#"{{"device_code":"d","user_code":"u","verification_url":"v","expires_in":1{interval}}}"#
            );
            let codes = read_start(&Response::of(200, &[], &body)).unwrap();
            assert_eq!(codes.interval, read, "{body}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for body in [
            "",
            "{}",
            r#"{"user_code":"u","verification_uri":"v","expires_in":1}"#,
            r#"{"device_code":"d","verification_uri":"v","expires_in":1}"#,
            r#"{"device_code":"d","user_code":"u","expires_in":1}"#,
            r#"{"device_code":"d","user_code":"u","verification_uri":"v"}"#,
            r#"{"device_code":"d","user_code":"u","verification_uri":"v","expires_in":-1}"#,
        ] {
            let error = read_start(&Response::of(200, &[], body)).unwrap_err();
            assert_eq!(error.status(), Status::MalformedResponse, "{body}");
        }
    }

    #[test]
    fn a_poll_shows_the_code_and_says_how_long_to_wait() {
        let settings = settings("");
        let poll = DevicePoll::new("d c");
        let request = poll_request(&settings, &endpoints(&settings), &poll).unwrap();
        assert_eq!(
            form(&request),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d+c&client_id=client"
        );
        let wait = |status, interval| {
            with_interval(Error::new(status, ""), interval)
                .retry_after()
                .map(|d| d.as_secs())
        };
        assert_eq!(wait(Status::AuthorizationPending, None), Some(5));
        assert_eq!(wait(Status::AuthorizationPending, Some(9)), Some(9));
        assert_eq!(wait(Status::SlowDown, None), Some(10));
        assert_eq!(wait(Status::SlowDown, Some(9)), Some(14));
        assert_eq!(wait(Status::SlowDown, Some(i64::MAX)), Some(300));
        assert_eq!(wait(Status::ExpiredDeviceCode, Some(9)), None);
        assert_eq!(
            DevicePoll::from_json(r#"{"device_code":"d","interval":-1}"#)
                .unwrap_err()
                .field(),
            Some("interval")
        );
    }
}
