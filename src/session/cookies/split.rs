//! From a text to the cookies that carry it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::set_cookie::{CookieAttributes, SameSite, SetCookie, ShownCookie};
use super::{
    DEFAULT_NAME, MAX_COOKIE_BYTES, MAX_PARTS, cookies_of, fault_of_name, generation,
    is_cookie_value, part_name, part_number,
};
use crate::error::{Error, FieldError, Result, Status};
use crate::params::{Fields, kind};
use crate::secret::{Secret, json_of_secrets};

/// The longest path, in bytes: browsers ignore an attribute that is longer.
const MAX_PATH_BYTES: usize = 1024;

/// The longest domain name, in bytes (RFC 1035, section 2.3.4, in its text form).
const MAX_DOMAIN_BYTES: usize = 253;

/// What cookies are to carry, and their attributes, which are the same for all parts.
#[derive(Clone, Debug)]
pub struct CookieSplit {
    /// The name of the first cookie; the others are called `name.1`, `name.2`, …
    pub name: String,
    /// The text to carry; none to sign out, which deletes the cookies that carry one.
    pub value: Option<Secret>,
    /// The names of the cookies that the browser sent, whatever they are; none if that is unknown.
    /// Of these, parts that are no longer used are deleted.
    pub present: Option<Vec<String>>,
    /// Below which path of the site the browser sends them.
    pub path: String,
    /// To which hosts the browser sends them: this domain and those below it; without one, to no
    /// other host than the one that set them.
    pub domain: Option<String>,
    /// Which requests that come from other sites they go with.
    pub same_site: SameSite,
    /// Whether the browser sends them over HTTPS alone.
    pub secure: bool,
    /// How long the browser keeps them.
    pub max_age: Option<Duration>,
}

impl Default for CookieSplit {
    fn default() -> Self {
        CookieSplit {
            name: DEFAULT_NAME.to_owned(),
            value: None,
            present: None,
            path: "/".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
            max_age: None,
        }
    }
}

/// The cookies to send to the browser.
#[derive(Clone, Debug)]
pub struct SplitCookies {
    /// First those that carry the text, in their order, then those to delete. Each is a
    /// `Set-Cookie` header of its own.
    pub cookies: Vec<SetCookie>,
}

impl CookieSplit {
    /// Reads `{name, value, present, path, domain, same_site, secure, max_age_seconds}`, all
    /// optional; `present` is the text of a `Cookie` header, a list of names, or an object of names
    /// and values.
    ///
    /// Fails with `INVALID_ARGUMENT`, which names every field that is unknown or of a wrong type.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let mut split = CookieSplit::default();
        if let Some(name) = fields.take_string("name") {
            split.name = name;
        }
        split.value = fields.take_string("value").map(Secret::new);
        split.present = take_present(&mut fields, &split.name);
        if let Some(path) = fields.take_string("path") {
            split.path = path;
        }
        split.domain = fields.take_string("domain");
        if let Some(name) = fields.take_string("same_site") {
            match SameSite::named(&name) {
                Some(same_site) => split.same_site = same_site,
                None => fields.wrong("same_site", "expected \"Lax\", \"Strict\" or \"None\""),
            }
        }
        split.secure = fields.take_bool("secure").unwrap_or(true);
        if let Some(seconds) = fields.take_i64("max_age_seconds") {
            // What is negative is refused with what is too short.
            split.max_age = Some(Duration::from_secs(seconds.try_into().unwrap_or(0)));
        }
        fields.finish()?;
        Ok(split)
    }

    /// The cookies that carry the text, and deletions of present parts that it needs no more.
    /// Without a text and without `present`, all parts that there can be are deleted.
    ///
    /// `default_max_age` is for a `CookieSplit` without a `max_age`. Fails with `INVALID_ARGUMENT`,
    /// which names every field that a browser would refuse; `value`, if it is too long for 4
    /// cookies.
    pub fn split(&self, default_max_age: Option<Duration>) -> Result<SplitCookies> {
        let max_age = self.max_age.or(default_max_age);
        self.check(max_age)?;
        let attributes = CookieAttributes {
            path: self.path.clone(),
            domain: self.bare_domain().map(str::to_owned),
            max_age: max_age.map(|time| time.as_secs().try_into().unwrap_or(i64::MAX)),
            expires: None,
            secure: self.secure,
            same_site: self.same_site,
        };
        let mut cookies = match &self.value {
            Some(value) => self.parts(value.expose(), &attributes)?,
            None => Vec::new(),
        };
        let deleted = CookieAttributes {
            max_age: Some(0),
            expires: Some(0),
            ..attributes
        };
        for number in self.stale(cookies.len()) {
            let name = part_name(&self.name, number);
            cookies.push(SetCookie::new(name, Secret::default(), &deleted, true)?);
        }
        Ok(SplitCookies { cookies })
    }

    fn parts(&self, value: &str, attributes: &CookieAttributes) -> Result<Vec<SetCookie>> {
        let generation = generation(value);
        let mut room = Vec::new();
        for number in 0..MAX_PARTS {
            let name = part_name(&self.name, number);
            let frame = Secret::new(begin(number, 0, &generation));
            let empty = SetCookie::new(name, frame, attributes, false)?;
            room.push(MAX_COOKIE_BYTES.saturating_sub(empty.set_cookie.expose().len()));
        }
        let limit = room.iter().sum();
        if value.len() > limit {
            return Err(Error::invalid_argument(
                "value",
                format!(
                    "is longer than the {limit} bytes that {MAX_PARTS} cookies of this name and \
                     these attributes carry; keep the session in a store, or seal only its claims"
                ),
            ));
        }
        let mut chunks = Vec::new();
        let mut rest = value;
        for room in room {
            let (chunk, behind) = rest.split_at(room.min(rest.len()));
            rest = behind;
            if !chunk.is_empty() {
                chunks.push(chunk);
            }
        }
        let count = chunks.len();
        let part = |(number, chunk): (usize, &&str)| {
            let mut text = begin(number, count, &generation);
            text.push_str(chunk);
            let name = part_name(&self.name, number);
            SetCookie::new(name, Secret::new(text), attributes, false)
        };
        chunks.iter().enumerate().map(part).collect()
    }

    /// The numbers of the present parts that are used no more, when the first `used` are.
    fn stale(&self, used: usize) -> BTreeSet<usize> {
        let present: BTreeSet<usize> = match (&self.present, &self.value) {
            (Some(names), _) => names
                .iter()
                .filter_map(|cookie| part_number(&self.name, cookie))
                .collect(),
            (None, None) => (0..MAX_PARTS).collect(),
            // Parts above the count are ignored when they are joined.
            (None, Some(_)) => BTreeSet::new(),
        };
        present
            .into_iter()
            .filter(|number| *number >= used)
            .collect()
    }

    /// The domain without the leading dot, which has no meaning (RFC 6265, section 5.2.3).
    fn bare_domain(&self) -> Option<&str> {
        let domain = self.domain.as_deref()?;
        Some(domain.strip_prefix('.').unwrap_or(domain))
    }

    /// Names every field that browsers would refuse the cookies for.
    fn check(&self, max_age: Option<Duration>) -> Result<()> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, message: &str| {
            wrong.push(FieldError {
                field: field.to_owned(),
                message: message.to_owned(),
            });
        };
        if let Some(fault) = fault_of_name(&self.name) {
            refuse("name", fault);
        }
        if let Some(value) = &self.value
            && !is_cookie_value(value.expose())
        {
            refuse(
                "value",
                "expected a text of ASCII characters without spaces, quotes, commas, semicolons and \
                 backslashes (RFC 6265, section 4.1.1)",
            );
        }
        if !is_path(&self.path) {
            refuse(
                "path",
                "expected a path that begins with /, of at most 1,024 ASCII characters without \
                 spaces and semicolons",
            );
        }
        if !self.bare_domain().is_none_or(is_domain) {
            refuse(
                "domain",
                "expected a host name of ASCII letters, digits, hyphens and dots",
            );
        }
        if self.same_site == SameSite::None && !self.secure {
            refuse("secure", "must be true with same_site None");
        }
        if max_age.is_some_and(|time| time.as_secs() == 0) {
            refuse(
                "max_age_seconds",
                "expected 1 or more; to delete the cookies, give no value",
            );
        }
        // Browsers know the prefixes in any case of letters.
        let name = self.name.to_ascii_lowercase();
        let host = name.starts_with("__host-");
        if (host || name.starts_with("__secure-")) && !self.secure {
            refuse(
                "secure",
                "must be true for a name that begins with __Host- or __Secure-",
            );
        }
        if host && self.path != "/" {
            refuse("path", "must be / for a name that begins with __Host-");
        }
        if host && self.domain.is_some() {
            refuse(
                "domain",
                "must be absent for a name that begins with __Host-",
            );
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::of_fields(Status::InvalidArgument, wrong))
    }
}

/// Reads the names of the present parts, and leaves all other cookies out.
fn take_present(fields: &mut Fields, name: &str) -> Option<Vec<String>> {
    let present = fields.take("present")?;
    let is_ours = |cookie: &str| part_number(name, cookie).is_some();
    let ours = |cookie: &str| is_ours(cookie).then(|| cookie.to_owned());
    match present {
        // The values are none of its business, and secrets all the same.
        Value::String(header) => {
            let header = Zeroizing::new(header);
            let cookies = cookies_of(&header);
            Some(cookies.filter_map(|c| ours(c.name())).collect())
        }
        Value::Array(names) if names.iter().all(Value::is_string) => {
            let names = names.iter().filter_map(Value::as_str);
            Some(names.filter_map(ours).collect())
        }
        Value::Object(cookies) => {
            let name = |(name, value): (String, Value)| {
                if let Value::String(value) = value {
                    drop(Zeroizing::new(value));
                }
                ours(&name)
            };
            Some(cookies.into_iter().filter_map(name).collect())
        }
        other => {
            let expected = "expected a Cookie header, a list of names or an object, got";
            fields.wrong("present", format!("{expected} {}", kind(&other)));
            None
        }
    }
}

/// What stands before the chunk of a part. Room for a whole cookie is taken at once, so that growing
/// leaves no copy of the chunk behind.
fn begin(number: usize, count: usize, generation: &str) -> String {
    let mut text = String::with_capacity(MAX_COOKIE_BYTES);
    if number == 0 {
        text.push_str(&count.to_string());
        text.push('.');
    }
    text.push_str(generation);
    text.push('.');
    text
}

fn is_path(path: &str) -> bool {
    let is_octet = |c: u8| c.is_ascii_graphic() && c != b';';
    path.starts_with('/') && path.len() <= MAX_PATH_BYTES && path.bytes().all(is_octet)
}

fn is_domain(domain: &str) -> bool {
    let is_letter = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    domain.len() <= MAX_DOMAIN_BYTES
        && domain
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(is_letter))
}

impl SplitCookies {
    /// The JSON object `{cookies: [{name, value, attributes: {path, domain, max_age, expires,
    /// http_only, secure, same_site}, delete, set_cookie}]}`; what is missing is `null`. It holds
    /// secrets.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Shown<'a> {
            cookies: Vec<ShownCookie<'a>>,
        }
        let shown = Shown {
            cookies: self.cookies.iter().map(SetCookie::shown).collect(),
        };
        json_of_secrets(&shown)
    }
}
