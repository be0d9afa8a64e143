//! What can go wrong, as one type with a status from one table.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// The result of every fallible function of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// The outcome of a call. Numbers are stable: they are never reused, only appended.
///
/// 1xx the caller, 2xx the configuration, 3xx the way to Kinde, 4xx Kinde said no, 5xx the
/// callback, 6xx keys and signatures, 7xx the contents of a token, 8xx sessions.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::IntoStaticStr,
    strum::EnumIter,
    strum::EnumMessage,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
#[repr(i32)]
pub enum Status {
    /// The call did what it says.
    Ok = 0,
    /// A pointer that must not be NULL was NULL.
    NullArgument = 101,
    /// A text was not UTF-8.
    InvalidUtf8 = 102,
    /// A value was refused; the error's field names it.
    InvalidArgument = 103,
    /// No operation has this name.
    UnknownOperation = 104,
    /// The library has what it needs only after a call that uses the network.
    NotPrepared = 105,
    /// The answer would need the network, and the caller asked not to wait.
    WouldBlock = 106,
    /// The call was cancelled.
    Cancelled = 107,
    /// One or more settings are wrong or missing; the error's fields name them.
    Config = 201,
    /// The other side could not be reached, or the connection was lost.
    Network = 301,
    /// The TLS handshake failed, or its certificate was not accepted.
    Tls = 302,
    /// The deadline passed.
    Timeout = 303,
    /// The answer had an HTTP status that the protocol does not use.
    Http = 304,
    /// The answer was larger than the setting `max_response_bytes` allows.
    ResponseTooLarge = 305,
    /// The answer was not what the protocol describes.
    MalformedResponse = 306,
    /// The token endpoint, or the callback, answered with an OAuth error.
    Oauth = 401,
    /// The code, refresh token or device code is used up, expired or revoked.
    InvalidGrant = 402,
    /// Nobody is signed in at Kinde, and a sign-in page was not allowed.
    LoginRequired = 403,
    /// The user or Kinde refused.
    AccessDenied = 404,
    /// The user has not finished the device sign-in yet.
    AuthorizationPending = 405,
    /// The device sign-in was polled too often.
    SlowDown = 406,
    /// The device code is expired.
    ExpiredDeviceCode = 407,
    /// Too many requests; try again after the stated time.
    RateLimited = 408,
    /// A Kinde API answered with an error.
    Api = 409,
    /// The callback's state belongs to no sign-in under way.
    StateMismatch = 501,
    /// The callback has neither a code nor an error.
    MissingCode = 502,
    /// A parameter of the callback occurs twice.
    RepeatedParameter = 503,
    /// The callback's `iss` is missing or names another issuer.
    ResponseIssuer = 504,
    /// The token's signature does not verify.
    Signature = 601,
    /// The token is signed with an algorithm that is not allowed.
    Algorithm = 602,
    /// None of the issuer's keys fits the token.
    KeyNotFound = 603,
    /// The issuer's keys cannot be had.
    KeysUnavailable = 604,
    /// The token is not a well-formed JWT.
    TokenMalformed = 701,
    /// The token is expired.
    TokenExpired = 702,
    /// The token is not valid yet.
    TokenNotYetValid = 703,
    /// The token comes from another issuer.
    Issuer = 704,
    /// The token is meant for another audience.
    Audience = 705,
    /// The token was given to another client.
    AuthorizedParty = 706,
    /// The ID token's nonce is not the one of this sign-in.
    Nonce = 707,
    /// The ID token belongs to another access token.
    AtHash = 708,
    /// The token speaks of another user.
    Subject = 709,
    /// The token is of another kind: ID token, access token or webhook.
    TokenKind = 710,
    /// The token lacks the claim, or it cannot be read.
    ClaimMissing = 711,
    /// The token has no such flag, and no default was given.
    FlagNotFound = 712,
    /// The flag, or the default, is of another type.
    FlagType = 713,
    /// The token lacks a scope or a permission that the call demands.
    InsufficientScope = 714,
    /// Nobody is signed in.
    NotAuthenticated = 801,
    /// What was kept of the session cannot be opened.
    SessionInvalid = 802,
    /// There is no session with this id.
    SessionNotFound = 803,
    /// The session store failed.
    Store = 804,
    /// The session was changed elsewhere at the same time.
    Conflict = 805,
    /// A defect of this library.
    Internal = 999,
}

/// What a program should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Try again, later or after `retry_after`.
    Retry,
    /// Send the user to the sign-in page.
    SignIn,
    /// Mend the program, its settings or the application's settings at Kinde.
    Fix,
}

impl Status {
    /// The name as it stands in the header, without the prefix: `INVALID_GRANT`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every status, in the order of its number.
    pub fn all() -> impl Iterator<Item = Status> {
        <Status as strum::IntoEnumIterator>::iter()
    }

    /// What the status means, in one sentence.
    pub fn meaning(self) -> &'static str {
        strum::EnumMessage::get_documentation(&self).unwrap_or_default()
    }

    /// The number of the C ABI.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// Whether it says that a token is not what it should be.
    pub(crate) fn refuses_a_token(self) -> bool {
        matches!(self.code(), 600..800) && self != Status::KeysUnavailable
    }

    /// What to do about an error with this status; for `OK`, nothing.
    pub fn advice(self) -> Advice {
        use Status::*;
        match self {
            Network | Tls | Timeout | Http | ResponseTooLarge | MalformedResponse | SlowDown
            | AuthorizationPending | RateLimited | Api | KeysUnavailable | WouldBlock
            | NotPrepared | Store | Conflict | Cancelled => Advice::Retry,
            InvalidGrant | LoginRequired | AccessDenied | ExpiredDeviceCode | StateMismatch
            | MissingCode | RepeatedParameter | ResponseIssuer | Signature | KeyNotFound
            | TokenMalformed | TokenExpired | TokenNotYetValid | Nonce | AtHash | Subject
            | NotAuthenticated | SessionInvalid | SessionNotFound => Advice::SignIn,
            _ => Advice::Fix,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One wrong field among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What was given, what is accepted.
    pub message: String,
}

/// Why a call failed: a [`Status`] to branch on, a message to read, and what the other side said.
///
/// No secret is ever part of it. Texts that came from the other side are bounded and stripped of
/// control characters.
#[derive(Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Details>);

#[derive(Clone, Default)]
struct Details {
    status: Option<Status>,
    message: String,
    field: Option<String>,
    fields: Vec<FieldError>,
    claim: Option<String>,
    oauth_code: Option<String>,
    oauth_description: Option<String>,
    http_status: u16,
    retry_after: Option<Duration>,
    codes: Vec<String>,
    missing_scope: Option<String>,
    request_id: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

/// The longest text from the other side that an error carries, in bytes.
const FOREIGN_TEXT_LIMIT: usize = 512;

/// The longest answer of an API that an error carries, in bytes.
const FOREIGN_BODY_LIMIT: usize = 4096;

/// Makes a text from the other side fit to be shown: no control characters, bounded.
pub(crate) fn foreign_text(text: &str) -> String {
    bounded_text(text, FOREIGN_TEXT_LIMIT)
}

fn bounded_text(text: &str, limit: usize) -> String {
    let mut clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() || is_bidi_control(c) {
                ' '
            } else {
                c
            }
        })
        .take(limit)
        .collect();
    let mut end = clean.len().min(limit);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    clean.truncate(end);
    clean
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

impl Error {
    /// An error with a message of our own words. Nothing secret and nothing unbounded goes in.
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Error(Box::new(Details {
            status: Some(status),
            message: message.into(),
            ..Details::default()
        }))
    }

    pub(crate) fn invalid_argument(field: &str, message: impl fmt::Display) -> Self {
        Error::new(Status::InvalidArgument, format!("{field}: {message}")).with_field(field)
    }

    /// Several wrong fields at once; the message lists them all.
    pub(crate) fn of_fields(status: Status, fields: Vec<FieldError>) -> Self {
        let message = fields
            .iter()
            .map(|f| format!("{}: {}", f.field, f.message))
            .collect::<Vec<_>>()
            .join("; ");
        let mut error = Error::new(status, message);
        error.0.field = fields.first().map(|f| f.field.clone());
        error.0.fields = fields;
        error
    }

    /// A failure of a store of the host's, with the status `STORE`. The message must hold no
    /// secret.
    pub fn store(message: impl Into<String>) -> Self {
        Error::new(Status::Store, message)
    }

    pub(crate) fn with_field(mut self, field: &str) -> Self {
        self.0.field = Some(field.to_owned());
        self.0.fields = vec![FieldError {
            field: field.to_owned(),
            message: self.0.message.clone(),
        }];
        self
    }

    pub(crate) fn with_claim(mut self, claim: &str) -> Self {
        self.0.claim = Some(claim.to_owned());
        self
    }

    /// Takes what the other side said in `error` and `error_description`.
    pub(crate) fn with_oauth(mut self, code: &str, description: Option<&str>) -> Self {
        self.0.oauth_code = Some(foreign_text(code));
        self.0.oauth_description = description.map(foreign_text);
        self
    }

    pub(crate) fn with_http_status(mut self, status: u16) -> Self {
        self.0.http_status = status;
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<&str>) -> Self {
        self.0.request_id = id.map(foreign_text);
        self
    }

    /// Takes the codes of an API's answer.
    pub(crate) fn with_codes<'a>(mut self, codes: impl Iterator<Item = &'a str>) -> Self {
        const CODES_LIMIT: usize = 16;
        self.0.codes = codes.take(CODES_LIMIT).map(foreign_text).collect();
        self
    }

    pub(crate) fn with_missing_scope(mut self, scope: Option<&str>) -> Self {
        self.0.missing_scope = scope.map(foreign_text);
        self
    }

    /// Takes headers and body of an API's answer, in which there must be no secret.
    pub(crate) fn with_answer<'a>(
        mut self,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: &str,
    ) -> Self {
        self.0.headers = headers
            .map(|(name, value)| (name.to_owned(), foreign_text(value)))
            .collect();
        self.0.body = Some(bounded_text(body, FOREIGN_BODY_LIMIT));
        self
    }

    /// What to branch on.
    pub fn status(&self) -> Status {
        self.0.status.unwrap_or(Status::Internal)
    }

    /// What happened, for a person who has to mend it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The parameter or setting that is at fault.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Each parameter or setting that is at fault.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The claim that is at fault.
    pub fn claim(&self) -> Option<&str> {
        self.0.claim.as_deref()
    }

    /// The `error` of an OAuth answer (RFC 6749, sections 4.1.2.1 and 5.2).
    pub fn oauth_code(&self) -> Option<&str> {
        self.0.oauth_code.as_deref()
    }

    /// The `error_description` of an OAuth answer, made safe to show.
    pub fn oauth_description(&self) -> Option<&str> {
        self.0.oauth_description.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    pub fn http_status(&self) -> Option<u16> {
        (self.0.http_status != 0).then_some(self.0.http_status)
    }

    /// How long the other side asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The id under which the other side logged the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The codes of a Kinde API's answer, such as `ROUTE_NOT_FOUND`.
    pub fn codes(&self) -> &[String] {
        &self.0.codes
    }

    /// The scope that the token lacks, where a Kinde API names it.
    pub fn missing_scope(&self) -> Option<&str> {
        self.0.missing_scope.as_deref()
    }

    /// All of it as a JSON object, as `kinde_error_details` gives it.
    pub fn to_json(&self) -> String {
        self.details().to_string()
    }

    pub(crate) fn details(&self) -> Value {
        let d = &self.0;
        let fields: Vec<Value> = d
            .fields
            .iter()
            .map(|f| json!({"field": f.field, "message": f.message}))
            .collect();
        let headers: Map<String, Value> = d
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        json!({
            "status": self.status().code(),
            "name": self.status().name(),
            "message": d.message,
            "field": d.field,
            "fields": fields,
            "claim": d.claim,
            "oauth_code": d.oauth_code,
            "oauth_description": d.oauth_description,
            "http_status": self.http_status(),
            "retry_after_seconds": d.retry_after.map(|d| d.as_secs()),
            "codes": d.codes,
            "missing_scope": d.missing_scope,
            "request_id": d.request_id,
            "headers": headers,
            "body": d.body,
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status().name(), self.0.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_bounded_and_printable() {
        let text = foreign_text(&format!("a\u{1b}[31m\r\n\u{202e}{}", "é".repeat(2000)));
        assert!(text.starts_with("a [31m   é"));
        assert!(text.len() <= FOREIGN_TEXT_LIMIT);
    }
}
