//! Walks through JSON text without building values: what is found are parts of the text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `member` with the raw name (in quotes) and the raw value of each member of the object
/// that `json` is. Fails if `json` is not an object, or `member` fails.
pub(super) fn walk_object<'a>(
    json: &'a str,
    member: impl FnMut(&'a str, &'a str) -> Result<(), &'static str>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Members(member))?;
    deserializer.end()
}

/// Calls `item` with the raw text of each item of the list that `json` is.
pub(super) fn walk_array<'a>(
    json: &'a str,
    item: impl FnMut(&'a str),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_seq(Items(item))?;
    deserializer.end()
}

struct Members<F>(F);

impl<'de, F> Visitor<'de> for Members<F>
where
    F: FnMut(&'de str, &'de str) -> Result<(), &'static str>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            (self.0)(name.get(), value.get()).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

struct Items<F>(F);

impl<'de, F: FnMut(&'de str)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            (self.0)(item.get());
        }
        Ok(())
    }
}

/// What stands between the quotes of a raw JSON string; `None` if it is not one.
#[inline]
pub(super) fn unquoted(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// The text of a raw JSON string; `None` if it is not one. Allocates only if it holds escapes.
pub(super) fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = unquoted(raw)?;
    if inner.as_bytes().contains(&b'\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The finite number that a raw JSON value is.
pub(super) fn number(raw: &str) -> Option<f64> {
    raw.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The whole number that a raw JSON value is, also when it is written as `4.2e1`.
pub(super) fn integer(raw: &str) -> Option<i64> {
    if let Ok(integer) = raw.parse() {
        return Some(integer);
    }
    /// Below this, each whole `f64` is exactly one integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number(raw)?;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// The boolean that a raw JSON value is.
#[inline]
pub(super) fn boolean(raw: &str) -> Option<bool> {
    match raw {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether lists and objects stand in each other at most `limit` deep.
pub(super) fn nests_at_most(json: &str, limit: usize) -> bool {
    if memchr::memchr2_iter(b'[', b'{', json.as_bytes()).count() <= limit {
        return true;
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return false;
        }
    }
    true
}

/// Whether a double can hold every number of a JSON text. Other parsers refuse those that are larger, or
/// take them for infinite (RFC 8259, section 6).
pub(super) fn numbers_are_finite(json: &str) -> bool {
    if !may_hold_large_number(json.as_bytes()) {
        return true;
    }
    let mut rest = json;
    while let Some((outside, text)) = rest.split_once('"') {
        if !all_finite(outside) {
            return false;
        }
        rest = after_string(text);
    }
    all_finite(rest)
}

/// Whether there is something like a number with an exponent, or one of very many digits, perhaps in a
/// string. Hardly any token has it, and looking for it takes a sixtieth of a verification.
fn may_hold_large_number(json: &[u8]) -> bool {
    /// The largest double has one more.
    const MANY_DIGITS: usize = 308;
    let digits = |bytes: &mut dyn Iterator<Item = &u8>| {
        bytes.take_while(|byte| byte.is_ascii_digit()).count()
    };
    memchr::memchr2_iter(b'e', b'E', json).any(|at| is_exponent(json, at))
        || (MANY_DIGITS..json.len()).step_by(MANY_DIGITS).any(|at| {
            let (before, after) = json.split_at(at);
            digits(&mut before.iter().rev()) + digits(&mut after.iter()) > MANY_DIGITS
        })
}

/// Whether the letter at this place could be that of a number's exponent.
fn is_exponent(json: &[u8], at: usize) -> bool {
    let (number, exponent) = json.split_at(at);
    number.last().is_some_and(u8::is_ascii_digit)
        && matches!(exponent.get(1), Some(b'0'..=b'9' | b'+' | b'-'))
        && number
            .iter()
            .rfind(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'-'))
            .is_none_or(|byte| matches!(byte, b':' | b',' | b'[' | b' ' | b'\t' | b'\r' | b'\n'))
}

/// What follows a string whose opening quote is cut off.
fn after_string(json: &str) -> &str {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &json.as_bytes()[at..]) {
        at += found;
        if json.as_bytes()[at] == b'"' {
            return &json[at + 1..];
        }
        at += 2;
    }
    ""
}

/// Of JSON without its strings.
fn all_finite(json: &str) -> bool {
    json.split([',', ':', '[', ']', '{', '}'])
        .map(str::trim_ascii)
        .filter(|scalar| scalar.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
        .all(|raw| number(raw).is_some())
}
