//! What requests to the provider have in common.

use tokio::time::Instant;
use url::Url;

use super::query;
use crate::config::Settings;
use crate::http::{Body, Method, Repeat, Request};
use crate::secret::Secret;

/// A form for an endpoint.
pub(super) fn post(
    settings: &Settings,
    url: &Url,
    fields: &[(&str, &str)],
    authorization: Option<(&'static str, Secret)>,
    repeat: Repeat,
) -> Request {
    Request {
        method: Method::Post,
        url: url.clone(),
        headers: headers(settings, authorization),
        body: Body::Form(query::form(fields)),
        repeat,
        deadline: Instant::now() + settings.timeout,
    }
}

/// A question to an endpoint.
pub(super) fn get(
    settings: &Settings,
    url: &Url,
    authorization: Option<(&'static str, Secret)>,
) -> Request {
    Request {
        method: Method::Get,
        url: url.clone(),
        headers: headers(settings, authorization),
        body: Body::Empty,
        repeat: Repeat::Idempotent,
        deadline: Instant::now() + settings.timeout,
    }
}

/// The `Authorization` header with a token (RFC 6750, section 2.1).
pub(crate) fn bearer(token: &Secret) -> (&'static str, Secret) {
    (
        "authorization",
        Secret::new(format!("Bearer {}", token.expose())),
    )
}

/// The headers of every request: who calls, and by what right.
pub(crate) fn headers(
    settings: &Settings,
    authorization: Option<(&'static str, Secret)>,
) -> Vec<(&'static str, Secret)> {
    let mut headers = Vec::with_capacity(2);
    if settings.towards_kinde() {
        headers.push(("kinde-sdk", Secret::new(sdk(settings))));
    }
    headers.extend(authorization);
    headers
}

/// The `Kinde-SDK` header: the setting `framework` (`Ruby/2.0.0`; a name alone gets this library's
/// version), or `Rust/` and the version.
fn sdk(settings: &Settings) -> String {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    match settings.framework.as_deref() {
        Some(framework) if framework.contains('/') => framework.to_owned(),
        Some(framework) => format!("{framework}/{VERSION}"),
        None => format!("Rust/{VERSION}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{header, settings};
    use super::*;

    #[test]
    fn kinde_learns_who_calls_and_others_do_not() {
        const VERSION: &str = env!("CARGO_PKG_VERSION");
        let discovered = r#""domain": "https://login.example", "discovery": "same_origin""#;
        for (json, expected) in [
            ("", Some(format!("Rust/{VERSION}"))),
            (
                r#""framework": "Ruby/2.0.0""#,
                Some("Ruby/2.0.0".to_owned()),
            ),
            (
                r#""framework": "Elixir""#,
                Some(format!("Elixir/{VERSION}")),
            ),
            (discovered, None),
        ] {
            let settings = settings(json);
            let request = get(&settings, &settings.userinfo_endpoint, None);
            assert_eq!(header(&request, "kinde-sdk"), expected.as_deref(), "{json}");
            assert!(request.deadline > Instant::now());
        }
    }
}
