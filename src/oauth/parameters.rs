//! The one table of authorization parameters, and the checks of their values.

use serde_json::Value;

use crate::params::{self, kind, string_list};

/// One parameter of the authorization URL.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As it stands in the URL.
    pub name: &'static str,
    pub kind: Kind,
    pub giver: Giver,
    /// Whether `reauth_state` may bring it back.
    pub from_reauth: bool,
    /// What it does, for the documentation.
    pub about: &'static str,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Sent as `true`, or not at all.
    Flag,
    /// A list, sent as one text with spaces between its members.
    List,
    /// Like `List`, of these words.
    Words(&'static [&'static str]),
    Choice(&'static [&'static str]),
}

/// Who gives a parameter its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Giver {
    Caller,
    /// This library alone.
    Library,
    /// Nobody: it belongs elsewhere, for this reason.
    Nobody(&'static str),
}

const fn parameter(name: &'static str, kind: Kind, giver: Giver) -> Parameter {
    Parameter {
        name,
        kind,
        giver,
        from_reauth: false,
        about: "",
    }
}

const fn text(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, Kind::Text, Giver::Caller).about(about)
}

const fn flag(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, Kind::Flag, Giver::Caller).about(about)
}

const fn tag(name: &'static str) -> Parameter {
    text(name, "A marketing tag, kept with the sign-up.")
}

const fn library(name: &'static str) -> Parameter {
    parameter(name, Kind::Text, Giver::Library)
}

const fn nobody(name: &'static str, reason: &'static str) -> Parameter {
    parameter(name, Kind::Text, Giver::Nobody(reason))
}

impl Parameter {
    const fn kind(mut self, kind: Kind) -> Parameter {
        self.kind = kind;
        self
    }

    const fn about(mut self, about: &'static str) -> Parameter {
        self.about = about;
        self
    }

    const fn back(mut self) -> Parameter {
        self.from_reauth = true;
        self
    }
}

const TOKEN_ENDPOINT_ONLY: &str =
    "belongs to the token endpoint and is never sent through a browser";
const NO_TOKENS_IN_URLS: &str = "tokens never go into a URL";
const NO_REQUEST_OBJECTS: &str = "request objects, which override other parameters, are not used";

/// Every parameter that this library knows, in the order in which they are sent. A name's position
/// is its number; [`position`] gives it.
pub(super) static PARAMETERS: &[Parameter] = &[
    library("client_id"),
    library("response_type"),
    text("redirect_uri", "Where the browser comes back to, instead of the setting `redirect_uri`."),
    text("scope", "The scopes to ask for, instead of the setting `scope`.").kind(Kind::List),
    text("audience", "The APIs that the access token is for, instead of the setting `audience`.").kind(Kind::List).back(),
    library("state"),
    library("nonce"),
    library("code_challenge"),
    library("code_challenge_method"),
    text("prompt", "`create` shows the sign-up page, `login` asks again who it is, `none` shows no page at all.")
        .kind(Kind::Words(&[
            "login",
            "create",
            "none",
            "consent",
            "select_account",
        ]))
        .back(),
    // Deprecated by Kinde: `registration` becomes `prompt=create`, `login` nothing.
    text("start_page", "Deprecated by Kinde; `registration` is sent as `prompt=create`.").kind(Kind::Choice(&["login", "registration"])),
    text("org_code", "The organization to sign in to; with `prompt` `none`, the one to switch to.").back(),
    text("org_name", "The name of the organization to create.").back(),
    flag("is_create_org", "Create an organization with the sign-up.").back(),
    text("invitation_code", "The code of an invitation; `is_invitation` is sent with it.").back(),
    flag("is_invitation", "Set by the library beside `invitation_code`."),
    text("login_hint", "Fills in the sign-in page: an email address, `phone:+61…:au` or `username:…`.").back(),
    text("connection_id", "The connection to use; skips Kinde's first page.").back(),
    text("lang", "The language of the pages, in two letters.").back(),
    flag("supports_reauth", "Whether an expired link may come back to the callback; on towards Kinde."),
    text("plan_interest", "The key of the plan that the user chose.").back(),
    text("pricing_table_key", "The key of the pricing table to show.").back(),
    text("pages_mode", "`preview` shows pages that are not published yet."),
    text("workflow_deployment_id", "The deployment of a workflow to try.").back(),
    flag("has_success_page", "Show a page after the sign-in, for native applications."),
    flag("is_use_auth_success_page", "Like `has_success_page`."),
    text("redirect_url", "Known from Kinde's Python SDK; most applications need `redirect_uri` instead."),
    tag("utm_source"),
    tag("utm_medium"),
    tag("utm_campaign"),
    tag("utm_content"),
    tag("utm_term"),
    tag("gclid"),
    tag("click_id"),
    tag("hsa_acc"),
    tag("hsa_cam"),
    tag("hsa_grp"),
    tag("hsa_ad"),
    tag("hsa_src"),
    tag("hsa_tgt"),
    tag("hsa_kw"),
    tag("hsa_mt"),
    tag("hsa_net"),
    tag("hsa_ver"),
    tag("match_type"),
    tag("keyword"),
    tag("device"),
    tag("ad_group_id"),
    tag("campaign_id"),
    tag("creative"),
    tag("network"),
    tag("ad_position"),
    tag("fbclid"),
    tag("li_fat_id"),
    tag("msclkid"),
    tag("twclid"),
    tag("ttclid"),
    nobody("grant_type", TOKEN_ENDPOINT_ONLY),
    nobody("code_verifier", TOKEN_ENDPOINT_ONLY),
    nobody("client_secret", TOKEN_ENDPOINT_ONLY),
    nobody("client_assertion", TOKEN_ENDPOINT_ONLY),
    nobody("access_token", NO_TOKENS_IN_URLS),
    nobody("refresh_token", NO_TOKENS_IN_URLS),
    nobody("id_token", NO_TOKENS_IN_URLS),
    nobody("id_token_hint", NO_TOKENS_IN_URLS),
    nobody("request", NO_REQUEST_OBJECTS),
    nobody("request_uri", NO_REQUEST_OBJECTS),
];

/// How many parameters there are.
pub(super) const COUNT: usize = PARAMETERS.len();

/// A parameter's place in [`PARAMETERS`].
pub(super) fn find(name: &str) -> Option<usize> {
    PARAMETERS.iter().position(|p| p.name == name)
}

/// Like [`find`], for names that stand in the code: a name that is not in the table does not compile.
pub(super) const fn position(name: &str) -> usize {
    let mut index = 0;
    while index < COUNT {
        if same(PARAMETERS[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no such parameter")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The parameters that a caller may give, as a table in Markdown. The marketing tags share a row.
pub(super) fn documentation() -> String {
    let mut table = String::from("| parameter | value | meaning |\n| --- | --- | --- |\n");
    let givable = PARAMETERS.iter().filter(|p| p.giver == Giver::Caller);
    let mut names = Vec::new();
    for (parameter, next) in givable.clone().zip(givable.skip(1).map(Some).chain([None])) {
        names.push(format!("`{}`", parameter.name));
        if next.is_some_and(|next| next.about == parameter.about) {
            continue;
        }
        let row = format!(
            "| {} | {} | {} |\n",
            names.join(", "),
            accepted(parameter.kind),
            parameter.about
        );
        table.push_str(&row);
        names.clear();
    }
    table
}

fn accepted(kind: Kind) -> String {
    let of = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::List => "list, or text with spaces".to_owned(),
        Kind::Words(words) => format!("one or more of {}", of(words)),
        Kind::Choice(words) => format!("one of {}", of(words)),
    }
}

/// The known names that resemble an unknown one most, best first.
pub(super) fn nearest(unknown: &str) -> Vec<&'static str> {
    let known = PARAMETERS.iter().filter(|p| p.giver == Giver::Caller);
    params::nearest(unknown, &mut known.map(|p| p.name))
}

/// Whether a value was taken; what is accepted if it was not.
pub(super) type Checked = Result<(), String>;

/// The longest value of a parameter, in bytes.
pub(super) const VALUE_LIMIT: usize = 4096;

/// A value as it is sent; empty if it is not to be sent. Fails with what is accepted.
pub(super) fn wire_value(accepted: Kind, value: &Value) -> Result<String, String> {
    let text = match accepted {
        Kind::Text => one_text(value)?.to_owned(),
        Kind::Choice(choices) => choice(choices, one_text(value)?)?,
        Kind::Flag => flag_value(value)?,
        Kind::List => words(value)?.join(" "),
        Kind::Words(known) => known_words(known, words(value)?)?,
    };
    check_text(&text)?;
    Ok(text)
}

/// Refuses what no parameter's value can be.
pub(super) fn check_text(text: &str) -> Checked {
    if text.len() > VALUE_LIMIT {
        return Err(format!("is longer than {VALUE_LIMIT} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("contains a control character".to_owned());
    }
    Ok(())
}

fn one_text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("expected a string, got {}", kind(value)))
}

fn choice(choices: &[&str], text: &str) -> Result<String, String> {
    if text.is_empty() || choices.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("expected one of {}", choices.join(", ")))
}

fn flag_value(value: &Value) -> Result<String, String> {
    match (value.as_bool(), value.as_str()) {
        (Some(true), _) | (_, Some("true")) => Ok("true".to_owned()),
        (Some(false), _) | (_, Some("false" | "")) => Ok(String::new()),
        (None, Some(_)) => Err("expected true or false".to_owned()),
        (None, None) => Err(format!("expected true or false, got {}", kind(value))),
    }
}

fn words(value: &Value) -> Result<Vec<String>, String> {
    let words = string_list(value).ok_or_else(|| {
        format!(
            "expected a string or a list of strings, got {}",
            kind(value)
        )
    })?;
    if words.iter().any(|word| word.contains(char::is_whitespace)) {
        return Err("a member of the list contains a space".to_owned());
    }
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
}

fn known_words(known: &[&str], words: Vec<String>) -> Result<String, String> {
    if words.iter().any(|word| !known.contains(&word.as_str())) {
        return Err(format!("expected one or more of {}", known.join(", ")));
    }
    // OpenID Connect Core, section 3.1.2.1.
    if words.len() > 1 && words.iter().any(|word| word == "none") {
        return Err("none cannot stand beside other values".to_owned());
    }
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn each_name_stands_once() {
        let names: HashSet<&str> = PARAMETERS.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), COUNT);
    }

    #[test]
    fn reauth_brings_back_nothing_that_binds_the_answer() {
        let back: Vec<&str> = PARAMETERS
            .iter()
            .filter(|p| p.from_reauth)
            .map(|p| p.name)
            .collect();
        assert_eq!(
            back,
            [
                "audience",
                "prompt",
                "org_code",
                "org_name",
                "is_create_org",
                "invitation_code",
                "login_hint",
                "connection_id",
                "lang",
                "plan_interest",
                "pricing_table_key",
                "workflow_deployment_id",
            ]
        );
        assert!(
            PARAMETERS
                .iter()
                .all(|p| !p.from_reauth || p.giver == Giver::Caller)
        );
    }

    #[test]
    fn every_parameter_of_the_caller_is_documented_once() {
        let documentation = documentation();
        for parameter in PARAMETERS {
            let name = format!("`{}`", parameter.name);
            let rows = documentation.lines().filter(|row| {
                let names = row.split('|').nth(1).unwrap_or_default();
                names.contains(&name)
            });
            let expected = usize::from(parameter.giver == Giver::Caller);
            assert_eq!(rows.count(), expected, "{name}");
            assert_eq!(parameter.about.is_empty(), expected == 0, "{name}");
        }
    }

    #[test]
    fn values_by_kind() {
        const PROMPT: Kind = PARAMETERS[position("prompt")].kind;
        const START: Kind = PARAMETERS[position("start_page")].kind;
        let good = [
            (Kind::Text, json!("a b"), "a b"),
            (Kind::Text, json!(""), ""),
            (Kind::Flag, json!(true), "true"),
            (Kind::Flag, json!("true"), "true"),
            (Kind::Flag, json!(false), ""),
            (Kind::Flag, json!("false"), ""),
            (Kind::Flag, json!(""), ""),
            (Kind::List, json!(["a", "b"]), "a b"),
            (Kind::List, json!("  a  b "), "a b"),
            (Kind::List, json!(["", "b"]), "b"),
            (Kind::List, json!([]), ""),
            (PROMPT, json!("login"), "login"),
            (PROMPT, json!(["login", "consent"]), "login consent"),
            (PROMPT, json!("none"), "none"),
            (START, json!("login"), "login"),
            (START, json!(""), ""),
        ];
        for (kind, value, wire) in good {
            assert_eq!(wire_value(kind, &value).as_deref(), Ok(wire), "{value}");
        }
        let bad = [
            (Kind::Text, json!(5), "expected a string, got a number"),
            (Kind::Text, json!("a\nb"), "contains a control character"),
            (Kind::Flag, json!("yes"), "expected true or false"),
            (Kind::Flag, json!(1), "expected true or false, got a number"),
            (
                Kind::List,
                json!(["a b"]),
                "a member of the list contains a space",
            ),
            (
                Kind::List,
                json!([1]),
                "expected a string or a list of strings, got a list",
            ),
            (
                PROMPT,
                json!("none login"),
                "none cannot stand beside other values",
            ),
            (
                START,
                json!("signup"),
                "expected one of login, registration",
            ),
        ];
        for (kind, value, message) in bad {
            assert_eq!(wire_value(kind, &value), Err(message.to_owned()), "{value}");
        }
        assert!(wire_value(PROMPT, &json!("signup")).is_err());
        assert!(wire_value(Kind::Text, &json!("x".repeat(VALUE_LIMIT))).is_ok());
        assert!(wire_value(Kind::Text, &json!("x".repeat(VALUE_LIMIT + 1))).is_err());
    }

    #[test]
    fn unknown_names_find_their_neighbours() {
        assert_eq!(nearest("orgCode")[0], "org_code");
        assert_eq!(nearest("loginHint")[0], "login_hint");
        assert_eq!(nearest("org-name")[0], "org_name");
        assert!(nearest("zzzz").is_empty());
    }
}
