//! How an application proves who it is (RFC 6749, section 2.3).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::OAuthError;
use crate::config::{Application, ClientAuthMethod, Config};
use crate::params::{Params, form_decode};

struct Credentials {
    client_id: String,
    secret: Option<String>,
    method: ClientAuthMethod,
}

/// The application that sent the request, its secret checked if it has one.
pub fn authenticate(
    config: &Config,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Application, OAuthError> {
    let credentials = credentials(headers, params)?;
    let application = config
        .application(&credentials.client_id)
        .ok_or_else(|| OAuthError::invalid_client("no application has this client_id"))?;
    check_secret(application, &credentials)?;
    Ok(application.clone())
}

fn check_secret(application: &Application, credentials: &Credentials) -> Result<(), OAuthError> {
    let Some(given) = &credentials.secret else {
        return if application.kind.is_confidential() {
            Err(OAuthError::invalid_client(
                "client_secret is missing; this application has one",
            ))
        } else {
            Ok(())
        };
    };
    if !application.kind.is_confidential() {
        return Err(OAuthError::invalid_client(
            "a client_secret was sent, but this application is public and has none",
        ));
    }
    if !application
        .client_auth_methods
        .contains(&credentials.method)
    {
        return Err(OAuthError::invalid_client(
            "this application may not authenticate by this method",
        ));
    }
    let accepted = [
        &application.client_secret,
        &application.previous_client_secret,
    ];
    if accepted.into_iter().flatten().any(|secret| secret == given) {
        Ok(())
    } else {
        Err(OAuthError::invalid_client("client_secret is wrong"))
    }
}

fn credentials(headers: &HeaderMap, params: &Params) -> Result<Credentials, OAuthError> {
    let in_body = params.get("client_id");
    if !headers.contains_key(AUTHORIZATION) {
        return Ok(Credentials {
            client_id: in_body
                .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?
                .to_owned(),
            secret: params.get("client_secret").map(str::to_owned),
            method: ClientAuthMethod::ClientSecretPost,
        });
    }
    if params.get("client_secret").is_some() {
        return Err(OAuthError::invalid_request(
            "credentials in the Authorization header and in the body; use one method (RFC 6749, section 2.3)",
        ));
    }
    let (client_id, secret) = basic(headers)?;
    if in_body.is_some_and(|other| other != client_id) {
        return Err(OAuthError::invalid_request(
            "client_id in the body differs from the Authorization header's",
        ));
    }
    Ok(Credentials {
        client_id,
        secret: Some(secret),
        method: ClientAuthMethod::ClientSecretBasic,
    })
}

/// Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Result<(String, String), OAuthError> {
    if headers.get_all(AUTHORIZATION).iter().count() > 1 {
        return Err(OAuthError::invalid_request(
            "more than one Authorization header",
        ));
    }
    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OAuthError::invalid_client(
            "the Authorization header's scheme must be Basic here",
        ));
    }
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            OAuthError::invalid_client("the Basic credentials are not base64 of UTF-8")
        })?;
    let (client_id, secret) = decoded
        .split_once(':')
        .ok_or_else(|| OAuthError::invalid_client("the Basic credentials have no colon"))?;
    Ok((
        decode_part("client id", client_id)?,
        decode_part("client secret", secret)?,
    ))
}

fn decode_part(name: &str, encoded: &str) -> Result<String, OAuthError> {
    let is_form_encoded = encoded
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"*-._~%+".contains(&byte));
    let decoded = if is_form_encoded {
        form_decode(encoded)
    } else {
        None
    };
    decoded.ok_or_else(|| {
        OAuthError::invalid_client(format!(
            "the {name} in the Basic credentials is not form-encoded (RFC 6749, section 2.3.1)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_basic_credentials_are_form_encoded() {
        assert_eq!(
            decode_part("client id", "a%2Fb+c").expect("well encoded"),
            "a/b c"
        );
        for bad in ["a/b", "a:b", "a b", "a%2", "é", "a="] {
            assert!(decode_part("client id", bad).is_err(), "{bad}");
        }
    }
}
