//! `reauth_state`: what an expired sign-in link brings back of the request that it belonged to.
//!
//! It comes through the browser and nothing vouches for it, so only a few parameters are taken from
//! it, none of which decides who receives the answer or how it is checked.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::parameters::{PARAMETERS, wire_value};
use crate::error::{Error, Result};

/// The largest `reauth_state`, in bytes as it is received.
const LIMIT: usize = 4096;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The parameters that a `reauth_state` brings back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reauth {
    /// Places in the table of parameters, with the values as they are sent.
    pub(super) values: Vec<(usize, String)>,
}

impl Reauth {
    /// Reads base64 or base64url of a JSON object. Parameters that are not on the allow-list, or
    /// whose values do not fit, are left out.
    pub(crate) fn decode(text: &str) -> Result<Reauth> {
        let object = decode_object(text).ok_or_else(|| {
            Error::invalid_argument("reauth_state", "not base64 of a JSON object")
        })?;
        Ok(Reauth {
            values: allowed(&object),
        })
    }
}

fn decode_object(text: &str) -> Option<Map<String, Value>> {
    if text.is_empty() || text.len() > LIMIT {
        return None;
    }
    // A `+` that was not percent-encoded in the callback's query arrives as a space.
    let url_safe = text.replace(['+', ' '], "-").replace('/', "_");
    let bytes = BASE64.decode(url_safe).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn allowed(object: &Map<String, Value>) -> Vec<(usize, String)> {
    PARAMETERS
        .iter()
        .enumerate()
        .filter(|(_, parameter)| parameter.from_reauth)
        .filter_map(|(index, parameter)| {
            let value = wire_value(parameter.kind, object.get(parameter.name)?).ok()?;
            (!value.is_empty()).then_some((index, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE as URL_SAFE_PADDED, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn names(reauth: &Reauth) -> Vec<(&str, &str)> {
        reauth
            .values
            .iter()
            .map(|(index, value)| (PARAMETERS[*index].name, value.as_str()))
            .collect()
    }

    #[test]
    fn every_form_of_base64_is_read() {
        let object = json!({"org_code": "org_~~~???", "org_name": "é>é>é>"}).to_string();
        let forms = [
            STANDARD.encode(&object),
            STANDARD.encode(&object).replace('+', " "),
            URL_SAFE_PADDED.encode(&object),
            URL_SAFE_NO_PAD.encode(&object),
        ];
        for form in forms {
            let reauth = Reauth::decode(&form).unwrap();
            assert_eq!(
                names(&reauth),
                [("org_code", "org_~~~???"), ("org_name", "é>é>é>")],
                "{form}"
            );
        }
    }

    #[test]
    fn only_the_allow_list_comes_back() {
        let object = json!({
            "client_id": "x", "redirect_uri": "https://evil.example", "redirect_url": "https://evil.example",
            "state": "x", "nonce": "x", "code_challenge": "x", "code_challenge_method": "plain",
            "scope": "admin", "response_type": "token", "grant_type": "x", "return_to": "/x",
            "supports_reauth": "true", "utm_source": "x", "reauth_state": "x", "extra": {"state": "x"},
            "prompt": "signup", "lang": 5, "is_create_org": "true", "org_code": "org_1", "login_hint": "",
        });
        let reauth = Reauth::decode(&STANDARD.encode(object.to_string())).unwrap();
        assert_eq!(
            names(&reauth),
            [("org_code", "org_1"), ("is_create_org", "true")]
        );
    }

    #[test]
    fn what_is_not_base64_of_an_object_is_refused() {
        let too_long = STANDARD.encode(format!("{{\"org_code\":\"{}\"}}", "x".repeat(LIMIT)));
        for text in [
            "",
            "%%%",
            &STANDARD.encode("[]"),
            &STANDARD.encode("not json"),
            &STANDARD.encode([0xff, 0xfe]),
            &too_long,
        ] {
            let error = Reauth::decode(text).unwrap_err();
            assert_eq!(error.field(), Some("reauth_state"));
        }
    }

    #[test]
    fn the_limit_is_inclusive() {
        let object = |length: usize| format!(r#"{{"org_code":"{}"}}"#, "x".repeat(length));
        let overhead = object(0).len();
        let longest = STANDARD.encode(object(LIMIT / 4 * 3 - overhead));
        assert_eq!(longest.len(), LIMIT);
        assert!(Reauth::decode(&longest).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = Reauth::decode(&text);
        }
    }
}
