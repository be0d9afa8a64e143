//! Asks the token endpoint (RFC 6749, section 3.2).

use url::Url;

use super::client_auth::Credentials;
use super::oauth_error::{At, of_response};
use super::request::post;
use super::token_set::TokenSet;
use crate::config::Settings;
use crate::error::Result;
use crate::http::{Http, Repeat, Request, Response};

/// The request for a grant. It is never repeated: a code or a refresh token that was sent may be
/// used up even if no answer came.
pub(super) fn request(
    settings: &Settings,
    endpoint: &Url,
    credentials: Credentials<'_>,
    grant: &[(&str, &str)],
) -> Request {
    let mut fields = grant.to_vec();
    fields.extend(credentials.fields());
    post(
        settings,
        endpoint,
        &fields,
        credentials.header(),
        Repeat::Never,
    )
}

/// Sends a grant and reads the tokens.
pub(super) async fn obtain(http: &Http, request: Request) -> Result<TokenSet> {
    read(&http.send(request).await?)
}

fn read(response: &Response) -> Result<TokenSet> {
    if response.status != 200 {
        return Err(of_response(At::TokenEndpoint, response));
    }
    TokenSet::from_answer(&response.body).map_err(|e| e.with_http_status(response.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn only_a_success_brings_tokens() {
        let tokens = r#"{"access_token":"a","token_type":"bearer"}"#;
        assert!(read(&Response::of(200, &[], tokens)).is_ok());
        for (http, body, status) in [
            (201, tokens, Status::Http),
            (302, tokens, Status::Http),
            (400, tokens, Status::MalformedResponse),
            (500, tokens, Status::Http),
            (400, r#"{"error":"invalid_grant"}"#, Status::InvalidGrant),
            (
                200,
                r#"{"error":"invalid_grant"}"#,
                Status::MalformedResponse,
            ),
            (200, "<html>", Status::MalformedResponse),
        ] {
            let error = read(&Response::of(http, &[], body)).unwrap_err();
            assert_eq!(error.status(), status, "{http} {body}");
            assert_eq!(error.http_status(), Some(http));
        }
    }
}
