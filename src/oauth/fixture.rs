//! Settings for the tests of this directory, and what they look at in requests.

use super::Endpoints;
use crate::config::{Config, Settings};
use crate::http::{Body, Request};

/// A public client of `example.kinde.com` with further settings: the inside of a JSON object, which
/// may name another domain.
pub(super) fn settings(json: &str) -> Settings {
    let mut config = Config::new();
    config
        .load_json(
            r#"{"domain": "example.kinde.com", "client_id": "client",
                "redirect_uri": "https://app.example/callback"}"#,
        )
        .unwrap();
    config.load_json(&format!("{{{json}}}")).unwrap();
    Settings::new(&config).unwrap()
}

pub(super) fn endpoints(settings: &Settings) -> Endpoints {
    Endpoints::from_settings(settings)
}

/// The body of a request that posts a form.
pub(super) fn form(request: &Request) -> &str {
    match &request.body {
        Body::Form(text) => text,
        other => panic!("{other:?}"),
    }
}

pub(super) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.expose())
}
