//! What a caller may say about one sign-in.

use serde_json::{Map, Value};

use super::parameters::{
    self, COUNT, Checked, Giver, Kind, PARAMETERS, check_text, nearest, position, wire_value,
};
use super::reauth::Reauth;
use crate::error::{Error, FieldError, Result, Status, foreign_text};
use crate::params::{Fields, kind};

/// The longest name of an extra parameter, in bytes.
const EXTRA_NAME_LIMIT: usize = 128;

/// The parameters of one sign-in, by the names that they have in the authorization URL.
///
/// They win over those of the setting `authorization_params`. An empty value takes a configured
/// one away.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationParams {
    /// Places in the table of parameters, with the values as they are sent.
    values: Vec<(usize, String)>,
    extra: Vec<(String, String)>,
    reauth: Option<Reauth>,
    return_to: Option<String>,
}

impl AuthorizationParams {
    /// No parameter given.
    pub fn new() -> Self {
        AuthorizationParams::default()
    }

    /// Reads a JSON object of parameters.
    ///
    /// Booleans are given as `true` or `"true"`, lists (`scope`, `audience`, `prompt`) as a list or
    /// as one text with spaces. `return_to` is where the user goes after a session's sign-in;
    /// `extra` holds parameters that this library does not know. Fails with `INVALID_ARGUMENT`,
    /// which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_map(Fields::parse(json)?.rest(), Status::InvalidArgument)
    }

    /// The parameters that can be given, as a table in Markdown.
    pub fn documentation() -> String {
        parameters::documentation()
    }

    /// Reads the setting `authorization_params`. Fails with `CONFIG`.
    pub(crate) fn from_setting(map: &Map<String, Value>) -> Result<Self> {
        if map.is_empty() {
            return Ok(Self::new());
        }
        Self::from_map(map.clone(), Status::Config)
    }

    /// The parameters that an expired sign-in link brought back.
    pub(crate) fn from_reauth(reauth: Reauth) -> Self {
        AuthorizationParams {
            reauth: Some(reauth),
            ..Self::default()
        }
    }

    fn from_map(map: Map<String, Value>, status: Status) -> Result<Self> {
        let mut params = Self::new();
        let mut wrong = Vec::new();
        for (name, value) in map {
            if let Err(message) = params.put(&name, &value) {
                wrong.push(FieldError {
                    field: foreign_text(&name),
                    message,
                });
            }
        }
        if wrong.is_empty() {
            return Ok(params);
        }
        Err(Error::of_fields(status, wrong))
    }

    /// Gives one parameter by its name in the authorization URL, or `return_to`. Flags are `true`
    /// or `false`, lists have spaces between their members.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        self.put(name, &Value::from(value))
            .map_err(|message| Error::invalid_argument(&foreign_text(name), message))?;
        Ok(self)
    }

    /// Gives a parameter that this library does not know.
    pub fn set_extra(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        self.put_extra(name, &Value::from(value))
            .map_err(|message| Error::invalid_argument(&foreign_text(name), message))?;
        Ok(self)
    }

    /// Where the user shall go after the sign-in, as the caller gave it.
    pub(crate) fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// Writes the values into their places, those of `reauth_state` first.
    pub(super) fn fill<'a>(&'a self, slots: &mut [Option<&'a str>; COUNT]) {
        let reauth = self.reauth.iter().flat_map(|reauth| &reauth.values);
        for (index, value) in reauth.chain(&self.values) {
            slots[*index] = Some(value);
        }
    }

    pub(super) fn extra(&self) -> impl Iterator<Item = (&str, &str)> {
        self.extra.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The audiences that only a `reauth_state` asks for, with spaces between them.
    pub(super) fn reauth_audience(&self) -> Option<&str> {
        const AUDIENCE: usize = position("audience");
        if self.values.iter().any(|(index, _)| *index == AUDIENCE) {
            return None;
        }
        let reauth = self.reauth.as_ref()?;
        reauth
            .values
            .iter()
            .find(|(index, _)| *index == AUDIENCE)
            .map(|(_, value)| value.as_str())
    }

    fn put(&mut self, name: &str, value: &Value) -> Checked {
        if value.is_null() {
            return Ok(());
        }
        match name {
            "extra" => self.put_all_extra(value),
            "return_to" => self.put_return_to(value),
            "reauth_state" => self.put_reauth(value),
            _ => self.put_known(name, value),
        }
    }

    fn put_known(&mut self, name: &str, value: &Value) -> Checked {
        let Some(index) = parameters::find(name) else {
            return Err(unknown(name));
        };
        let parameter = &PARAMETERS[index];
        refuse_unless_callers(parameter.giver)?;
        let value = wire_value(parameter.kind, value)?;
        if parameter.kind == Kind::List && name == "scope" && value.is_empty() {
            return Err("must name at least one scope".to_owned());
        }
        self.values.retain(|(known, _)| *known != index);
        self.values.push((index, value));
        Ok(())
    }

    fn put_return_to(&mut self, value: &Value) -> Checked {
        let Some(text) = value.as_str() else {
            return Err(format!("expected a string, got {}", kind(value)));
        };
        self.return_to = (!text.is_empty()).then(|| text.to_owned());
        Ok(())
    }

    fn put_reauth(&mut self, value: &Value) -> Checked {
        let Some(text) = value.as_str() else {
            return Err(format!("expected a string, got {}", kind(value)));
        };
        self.reauth = match text {
            "" => None,
            _ => Some(Reauth::decode(text).map_err(|_| "not base64 of a JSON object".to_owned())?),
        };
        Ok(())
    }

    fn put_all_extra(&mut self, value: &Value) -> Checked {
        let Some(object) = value.as_object() else {
            return Err(format!("expected an object, got {}", kind(value)));
        };
        for (name, value) in object {
            self.put_extra(name, value)
                .map_err(|message| format!("{}: {message}", foreign_text(name)))?;
        }
        Ok(())
    }

    fn put_extra(&mut self, name: &str, value: &Value) -> Checked {
        if name.is_empty() || name.len() > EXTRA_NAME_LIMIT || name.contains(char::is_control) {
            return Err("is not a parameter's name".to_owned());
        }
        if let Some(index) = parameters::find(name) {
            refuse_unless_callers(PARAMETERS[index].giver)?;
            return Err("is a known parameter; give it beside `extra`".to_owned());
        }
        if matches!(name, "reauth_state" | "return_to") {
            return Err("is a known parameter; give it beside `extra`".to_owned());
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return Err(format!("expected a string, got {}", kind(value))),
        };
        check_text(&text)?;
        self.extra.retain(|(known, _)| known != name);
        self.extra.push((name.to_owned(), text));
        Ok(())
    }
}

fn refuse_unless_callers(giver: Giver) -> Checked {
    match giver {
        Giver::Caller => Ok(()),
        Giver::Library => Err("is set by the library".to_owned()),
        Giver::Nobody(reason) => Err(reason.to_owned()),
    }
}

fn unknown(name: &str) -> String {
    let near = nearest(name);
    if near.is_empty() {
        return "unknown; a parameter that this library does not know goes into `extra`".to_owned();
    }
    format!(
        "unknown; the nearest known are {}; a parameter that this library does not know goes into `extra`",
        near.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Vec<String> {
        let error = AuthorizationParams::from_json(json).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        error.fields().iter().map(|f| f.field.clone()).collect()
    }

    fn sent(params: &AuthorizationParams, name: &str) -> Option<String> {
        let mut slots = [None; COUNT];
        params.fill(&mut slots);
        slots[parameters::find(name).unwrap()].map(str::to_owned)
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let json = r#"{"orgCode": "x", "prompt": "signup", "state": "x", "grant_type": "x",
            "org_code": "org_1", "extra": {"nonce": "x"}, "is_create_org": 3}"#;
        let mut named = fields(json);
        named.sort();
        assert_eq!(
            named,
            [
                "extra",
                "grant_type",
                "is_create_org",
                "orgCode",
                "prompt",
                "state"
            ]
        );
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_its_neighbours() {
        let error = AuthorizationParams::from_json(r#"{"orgCode": "s3cret"}"#).unwrap_err();
        assert_eq!(error.field(), Some("orgCode"));
        assert!(error.message().contains("org_code"), "{error}");
        assert!(!error.message().contains("s3cret"), "{error}");
    }

    #[test]
    fn callers_cannot_set_what_the_library_owns() {
        for name in PARAMETERS
            .iter()
            .filter(|p| p.giver != Giver::Caller)
            .map(|p| p.name)
        {
            assert!(AuthorizationParams::new().set(name, "x").is_err(), "{name}");
            assert!(
                AuthorizationParams::new().set_extra(name, "x").is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn every_parameter_of_the_caller_can_be_set() {
        for parameter in PARAMETERS.iter().filter(|p| p.giver == Giver::Caller) {
            let value = match parameter.kind {
                Kind::Flag => "true",
                Kind::Words(words) | Kind::Choice(words) => words[0],
                Kind::Text | Kind::List => "x",
            };
            let mut params = AuthorizationParams::new();
            params.set(parameter.name, value).unwrap();
            assert_eq!(sent(&params, parameter.name).as_deref(), Some(value));
        }
    }

    #[test]
    fn extra_takes_scalars_of_unknown_names_only() {
        let params =
            AuthorizationParams::from_json(r#"{"extra": {"max_age": 5, "acr_values": "a"}}"#)
                .unwrap();
        let mut extra: Vec<_> = params.extra().collect();
        extra.sort_unstable();
        assert_eq!(extra, [("acr_values", "a"), ("max_age", "5")]);
        for json in [
            r#"{"extra": []}"#,
            r#"{"extra": {"a": []}}"#,
            r#"{"extra": {"": "x"}}"#,
            r#"{"extra": {"a\u0000": "x"}}"#,
            r#"{"extra": {"a": "\u0000"}}"#,
            r#"{"extra": {"org_code": "x"}}"#,
            r#"{"extra": {"reauth_state": "x"}}"#,
        ] {
            assert_eq!(fields(json), ["extra"], "{json}");
        }
    }

    #[test]
    fn names_of_extra_parameters_are_bounded() {
        let mut params = AuthorizationParams::new();
        assert!(params.set_extra(&"n".repeat(EXTRA_NAME_LIMIT), "x").is_ok());
        assert!(
            params
                .set_extra(&"n".repeat(EXTRA_NAME_LIMIT + 1), "x")
                .is_err()
        );
    }

    #[test]
    fn null_counts_as_absent_and_the_last_value_wins() {
        let mut params =
            AuthorizationParams::from_json(r#"{"org_code": null, "return_to": null}"#).unwrap();
        assert_eq!(sent(&params, "org_code"), None);
        params
            .set("org_code", "a")
            .unwrap()
            .set("org_code", "b")
            .unwrap();
        assert_eq!(sent(&params, "org_code").as_deref(), Some("b"));
        assert_eq!(params.return_to(), None);
    }

    #[test]
    fn given_values_win_over_those_of_reauth_state() {
        // {"org_code":"org_old","lang":"de"}
        let reauth = "eyJvcmdfY29kZSI6Im9yZ19vbGQiLCJsYW5nIjoiZGUifQ";
        let params = AuthorizationParams::from_json(&format!(
            r#"{{"org_code": "org_new", "reauth_state": "{reauth}"}}"#
        ))
        .unwrap();
        assert_eq!(sent(&params, "org_code").as_deref(), Some("org_new"));
        assert_eq!(sent(&params, "lang").as_deref(), Some("de"));
        assert_eq!(fields(r#"{"reauth_state": "%"}"#), ["reauth_state"]);
    }

    #[test]
    fn a_scope_names_something() {
        assert_eq!(fields(r#"{"scope": []}"#), ["scope"]);
        assert_eq!(fields(r#"{"scope": " "}"#), ["scope"]);
    }
}
