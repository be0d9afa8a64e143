//! Asks the provider about a token (RFC 7662).

use serde_json::Value;

use super::Endpoints;
use super::client_auth::Credentials;
use super::oauth_error::{At, malformed, of_response};
use super::request::{bearer, post};
use super::revocation::check_hint;
use crate::config::{OptionalEndpoint, Settings};
use crate::error::{Error, Result};
use crate::http::{Http, Repeat, Request, Response};
use crate::json::Json;
use crate::params::Fields;
use crate::secret::Secret;

const ENDPOINT: At = At::Endpoint("introspection endpoint");

/// A token to ask about.
#[derive(Clone, Debug, Default)]
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
        endpoints.optional(OptionalEndpoint::Introspection, settings)?,
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
    let answer = response.json_object("the introspection endpoint's answer")?;
    if !answer.get("active").is_some_and(Value::is_boolean) {
        return Err(malformed(ENDPOINT, "no active"));
    }
    Ok(Json::from_value(Value::Object(answer)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{endpoints, form, header, settings};
    use super::*;
    use crate::error::Status;

    #[test]
    fn a_machine_token_or_the_clients_credentials_say_who_asks() {
        let settings = settings(r#""client_secret": "s3cret""#);
        let mut introspection = Introspection::new("t");
        introspection.token_type_hint = Some("access_token".to_owned());
        let machine = Secret::from("m");
        let asked = request(
            &settings,
            &endpoints(&settings),
            &introspection,
            Some(&machine),
        )
        .unwrap();
        assert_eq!(
            asked.url.as_str(),
            "https://example.kinde.com/oauth2/introspect"
        );
        assert_eq!(form(&asked), "token=t&token_type_hint=access_token");
        assert_eq!(header(&asked, "authorization"), Some("Bearer m"));

        let asked = request(&settings, &endpoints(&settings), &introspection, None).unwrap();
        assert_eq!(
            form(&asked),
            "token=t&token_type_hint=access_token&client_id=client&client_secret=s3cret"
        );
        assert_eq!(header(&asked, "authorization"), None);
        assert!(needs_machine_token(&settings));
    }

    #[test]
    fn answers_say_whether_the_token_lives() {
        let json = read(&Response::of(200, &[], r#"{"active":false,"aud":[]}"#)).unwrap();
        assert_eq!(
            json.get("active").and_then(|active| active.as_bool()),
            Some(false)
        );
        for (http, body, status) in [
            (200, "{}", Status::MalformedResponse),
            (200, r#"{"active":"true"}"#, Status::MalformedResponse),
            (200, "[]", Status::MalformedResponse),
            (204, "", Status::Http),
            (401, r#"{"error":"invalid_token"}"#, Status::Oauth),
        ] {
            let error = read(&Response::of(http, &[], body)).unwrap_err();
            assert_eq!(error.status(), status, "{body}");
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (json, field) in [
            ("{}", "token"),
            (r#"{"token":""}"#, "token"),
            (
                r#"{"token":"t","token_type_hint":"id_token"}"#,
                "token_type_hint",
            ),
            (r#"{"token":"t","hint":"x"}"#, "hint"),
        ] {
            let error = Introspection::from_json(json).unwrap_err();
            assert_eq!(error.field(), Some(field), "{json}");
        }
    }
}
