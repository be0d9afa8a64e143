//! What the browser brings back from the authorization endpoint (RFC 6749, section 4.1.2).

use std::fmt;

use percent_encoding::percent_decode;
use subtle::ConstantTimeEq;

use super::oauth_error::{self, At};
use super::reauth::Reauth;
use crate::error::{Error, Result, Status, foreign_text};
use crate::secret::Secret;

/// The longest callback, in bytes.
const LIMIT: usize = 16 * 1024;
/// The most parameters of a callback.
const MOST_PARAMETERS: usize = 64;

/// The parameters of one callback, decoded and not yet judged.
pub(crate) struct Callback {
    parameters: Vec<(String, Secret)>,
}

impl Callback {
    /// Reads a full URL, a path with a query, or a query with or without its `?`. A fragment is
    /// left out: a browser does not send one.
    ///
    /// Fails with `INVALID_ARGUMENT` if the input is too long or not properly percent-encoded, and
    /// with `REPEATED_PARAMETER` if a name occurs twice (RFC 6749, section 3.1).
    pub(crate) fn parse(url_or_query: &str) -> Result<Callback> {
        if url_or_query.len() > LIMIT {
            return Err(malformed(&format!("is longer than {LIMIT} bytes")));
        }
        let mut parameters: Vec<(String, Secret)> = Vec::new();
        for pair in query_of(url_or_query.trim()).split('&') {
            if pair.is_empty() {
                continue;
            }
            if parameters.len() == MOST_PARAMETERS {
                return Err(malformed("has too many parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(repeated(&name));
            }
            parameters.push((name, Secret::new(decode(value)?)));
        }
        Ok(Callback { parameters })
    }

    /// A parameter's value; one without a value counts as left out (RFC 6749, section 3.1).
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.expose())
            .filter(|value| !value.is_empty())
    }

    /// Whether this is the answer to the request that was sent with `state`. Takes the same time
    /// wherever the two differ.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        self.get("state")
            .is_some_and(|given| given.as_bytes().ct_eq(state.as_bytes()).into())
    }

    /// What an expired sign-in link brought back, if this callback tells of one. It may start a
    /// fresh sign-in, whoever sent it, and nothing else.
    pub(crate) fn expired_link(&self) -> Option<Reauth> {
        let expired = self
            .get("error")
            .is_some_and(|error| error.eq_ignore_ascii_case("login_link_expired"));
        if !expired {
            return None;
        }
        Reauth::decode(self.get("reauth_state")?).ok()
    }

    /// Judges the answer to a request: its state, its issuer, whether it is an error; then gives
    /// the code.
    ///
    /// `state` is the request's, `None` if no request under way has the callback's. An issuer must
    /// be right if it is there (RFC 9207, section 2.4), and be there if `issuer_required`. Fails
    /// with `STATE_MISMATCH`, `RESPONSE_ISSUER`, `LOGIN_REQUIRED`, `ACCESS_DENIED`, `OAUTH` or
    /// `MISSING_CODE`.
    pub(crate) fn judge(
        &self,
        state: Option<&str>,
        issuer: &str,
        issuer_required: bool,
    ) -> Result<Secret> {
        if !state.is_some_and(|state| self.has_state(state)) {
            return Err(Error::new(
                Status::StateMismatch,
                "the callback's state belongs to no sign-in under way; begin a new one",
            ));
        }
        self.judge_issuer(issuer, issuer_required)?;
        if let Some(code) = self.get("error") {
            let description = self.get("error_description");
            return Err(oauth_error::typed(At::Callback, code, description));
        }
        self.get("code").map(Secret::from).ok_or_else(|| {
            Error::new(
                Status::MissingCode,
                "the callback has neither a code nor an error",
            )
        })
    }

    fn judge_issuer(&self, issuer: &str, required: bool) -> Result<()> {
        let message = match self.get("iss") {
            Some(given) if given == issuer => return Ok(()),
            None if !required => return Ok(()),
            Some(_) => "the callback names another issuer in iss",
            None => "the callback lacks iss, which this issuer always sends",
        };
        Err(Error::new(Status::ResponseIssuer, message))
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.parameters.iter().map(|(name, _)| name))
            .finish()
    }
}

fn query_of(input: &str) -> &str {
    let input = input.split('#').next().unwrap_or_default();
    if let Some(query) = input.strip_prefix('?') {
        return query;
    }
    if input.starts_with('/') || has_scheme(input) {
        return input.split_once('?').map_or("", |(_, query)| query);
    }
    input
}

/// Whether the text begins like an absolute URL. A bare query never does: the name of its first
/// parameter ends with `=`, which no scheme contains (RFC 3986, section 3.1).
fn has_scheme(input: &str) -> bool {
    input.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// Decodes one name or value; unlike browsers, refuses what is not properly encoded.
fn decode(text: &str) -> Result<String> {
    let text = text.replace('+', " ");
    let mut rest = text.as_bytes();
    while let Some(percent) = rest.iter().position(|b| *b == b'%') {
        match rest.get(percent + 1..percent + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                rest = &rest[percent + 3..];
            }
            _ => return Err(malformed("is not properly percent-encoded")),
        }
    }
    percent_decode(text.as_bytes())
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| malformed("is not UTF-8 once it is decoded"))
}

fn malformed(message: &str) -> Error {
    Error::invalid_argument("url_or_query", message)
}

fn repeated(name: &str) -> Error {
    let name = foreign_text(name);
    Error::new(
        Status::RepeatedParameter,
        format!("the callback has the parameter {name} more than once"),
    )
    .with_field(&name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded::Serializer;

    use super::*;

    const ISSUER: &str = "https://example.kinde.com";

    fn judged(input: &str) -> std::result::Result<String, Status> {
        Callback::parse(input)
            .and_then(|callback| callback.judge(Some("s"), ISSUER, false))
            .map(|code| code.expose().to_owned())
            .map_err(|e| e.status())
    }

    #[test]
    fn every_form_of_a_callback_is_read() {
        for input in [
            "https://app.example/callback?code=c%2B1&state=s",
            "http://localhost:3000/callback?code=c%2B1&state=s#_=_",
            "com.example.app:/callback?code=c%2B1&state=s",
            "/callback?code=c%2B1&state=s",
            "?code=c%2B1&state=s",
            "code=c%2B1&state=s",
            "&&code=c%2B1&&state=s&",
            "state=s&scope=openid+email&code=c%2B1&iss=https://example.kinde.com",
            "state=s&session_state=a?b:c&code=c%2B1",
            " ?code=c%2B1&state=s\n",
        ] {
            assert_eq!(judged(input).as_deref(), Ok("c+1"), "{input}");
        }
    }

    #[test]
    fn what_is_wrong_is_judged_in_order() {
        use Status::*;
        for (input, status) in [
            ("state=x&state=s&error=e", RepeatedParameter),
            ("code=a&code=a&state=x", RepeatedParameter),
            ("c%6Fde=a&code=b&state=s", RepeatedParameter),
            ("iss=a&iss=a&state=s", RepeatedParameter),
            ("utm=1&utm=1&state=s&code=c", RepeatedParameter),
            ("error=a&error=b&state=s", RepeatedParameter),
            ("", StateMismatch),
            ("code=c", StateMismatch),
            ("code=c&state=", StateMismatch),
            ("code=c&state=x&iss=https://evil.example", StateMismatch),
            ("error=access_denied&state=S", StateMismatch),
            ("code=c&state=s&iss=https://evil.example", ResponseIssuer),
            (
                "error=access_denied&state=s&iss=https://example.kinde.com/",
                ResponseIssuer,
            ),
            ("error=access_denied&state=s&code=c", AccessDenied),
            ("error=login_required&state=s", LoginRequired),
            ("error=interaction_required&state=s", LoginRequired),
            ("error=consent_required&state=s", LoginRequired),
            ("error=account_selection_required&state=s", LoginRequired),
            ("error=server_error&state=s", Oauth),
            ("error=LOGIN_LINK_EXPIRED&state=s", Oauth),
            ("state=s", MissingCode),
            ("state=s&code=", MissingCode),
            ("https://app.example/callback#code=c&state=s", StateMismatch),
            ("code=%&state=s", InvalidArgument),
            ("code=%f&state=s", InvalidArgument),
            ("code=%zz&state=s", InvalidArgument),
            ("code=%+1&state=s", InvalidArgument),
            ("code=%ff&state=s", InvalidArgument),
        ] {
            assert_eq!(judged(input), Err(status), "{input}");
        }
    }

    #[test]
    fn an_issuer_that_must_be_there_is_missed() {
        let callback = Callback::parse("code=c&state=s").unwrap();
        let error = callback.judge(Some("s"), ISSUER, true).unwrap_err();
        assert_eq!(error.status(), Status::ResponseIssuer);
        let callback = Callback::parse(&format!("code=c&state=s&iss={ISSUER}")).unwrap();
        assert!(callback.judge(Some("s"), ISSUER, true).is_ok());
    }

    #[test]
    fn without_a_request_under_way_no_state_fits() {
        let callback = Callback::parse("code=c&state=s").unwrap();
        let error = callback.judge(None, ISSUER, false).unwrap_err();
        assert_eq!(error.status(), Status::StateMismatch);
        assert!(!Callback::parse("code=c&state=").unwrap().has_state(""));
    }

    #[test]
    fn what_the_other_side_says_is_carried_and_made_safe() {
        let callback =
            Callback::parse("error=server_error&error_description=a%0Ab%1B%5B31m&state=s").unwrap();
        let error = callback.judge(Some("s"), ISSUER, false).unwrap_err();
        assert_eq!(error.oauth_code(), Some("server_error"));
        assert_eq!(error.oauth_description(), Some("a b [31m"));
    }

    #[test]
    fn only_an_expired_link_with_its_state_restarts() {
        // {"org_code":"org_1"}
        let reauth = "eyJvcmdfY29kZSI6Im9yZ18xIn0=";
        let restarts = |query: &str| Callback::parse(query).unwrap().expired_link().is_some();
        assert!(restarts(&format!(
            "error=login_link_expired&reauth_state={reauth}"
        )));
        assert!(restarts(&format!(
            "error=Login_Link_Expired&reauth_state={reauth}&state=x"
        )));
        assert!(!restarts(&format!(
            "error=access_denied&reauth_state={reauth}"
        )));
        assert!(!restarts(&format!("code=c&reauth_state={reauth}")));
        assert!(!restarts("error=login_link_expired"));
        assert!(!restarts("error=login_link_expired&reauth_state=%25"));
    }

    #[test]
    fn size_and_number_are_bounded() {
        let long = format!("state=s&code={}", "c".repeat(LIMIT));
        assert_eq!(judged(&long), Err(Status::InvalidArgument));
        let longest = &long[..LIMIT];
        assert_eq!(
            judged(longest).map(|code| code.len()),
            Ok(LIMIT - "state=s&code=".len())
        );
        let many = |count: usize| -> String { (0..count).map(|i| format!("p{i}=&")).collect() };
        assert_eq!(
            judged(&many(MOST_PARAMETERS + 1)),
            Err(Status::InvalidArgument)
        );
        assert_eq!(judged(&many(MOST_PARAMETERS)), Err(Status::StateMismatch));
    }

    #[test]
    fn debug_shows_no_value() {
        let callback = Callback::parse("code=c0de&state=st4te").unwrap();
        assert_eq!(format!("{callback:?}"), r#"["code", "state"]"#);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(input in "\\PC*") {
            let _ = judged(&input);
        }

        #[test]
        fn any_mixture_of_its_characters_is_answered(input in "[a-f%&=?#:/+;\\x00-\\x20]{0,60}") {
            let _ = judged(&input);
        }

        #[test]
        fn what_is_encoded_is_read_back(code in "\\PC+", state in "\\PC+", extra in "\\PC*") {
            let query = Serializer::new(String::new())
                .append_pair("code", &code)
                .append_pair("state", &state)
                .append_pair("extra", &extra)
                .finish();
            let callback = Callback::parse(&format!("https://app.example/cb?{query}")).unwrap();
            let read = callback.judge(Some(&state), ISSUER, false).unwrap();
            prop_assert_eq!(read.expose(), &code);
            let other = format!("{state}x");
            prop_assert!(!callback.has_state(&other));
        }
    }
}
