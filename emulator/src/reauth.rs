//! `reauth_state`: an authorization request's parameters as base64 of a JSON object.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

pub fn encode(parameters: &[(String, String)]) -> String {
    let members: Map<String, Value> = parameters
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    STANDARD.encode(Value::Object(members).to_string())
}

/// Whether this is what `encode` makes; either base64 alphabet will do.
pub fn is_well_formed(text: &str) -> bool {
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')));
    bytes.is_ok_and(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).is_ok())
}
