//! A sealed session in cookies: one text, cut into parts that browsers keep.
//!
//! The first part, `name`, holds `<count>.<generation>.<chunk>`; the others, `name.1`, `name.2`, …,
//! hold `<generation>.<chunk>`. A browser evicts and replaces cookies one by one, so each part says
//! which whole it belongs to.

mod join;
mod set_cookie;
mod split;
#[cfg(test)]
mod tests;

use base64_simd::URL_SAFE_NO_PAD;
use cookie::Cookie;
use sha2::{Digest, Sha256};

pub use self::join::{CookieJoin, JoinedCookies};
pub use self::set_cookie::{CookieAttributes, SameSite, SetCookie};
pub use self::split::{CookieSplit, SplitCookies};

const DEFAULT_NAME: &str = "kinde_session";

/// The longest cookie, in bytes. Some browsers count name and value, others the attributes as well,
/// so the whole header value stays below.
const MAX_COOKIE_BYTES: usize = 4096;

/// The most parts of one text: together they stay below 16 KB, a common limit of servers for the
/// headers of a request. Many take less, which the documentation of `kinde_cookie_split` says.
const MAX_PARTS: usize = 4;

/// Numbers of parts have at most this many digits, so that a request cannot ask for an endless
/// list of deletions. More than [`MAX_PARTS`], for the parts of a version that allows more.
const NUMBER_DIGITS: usize = 2;

/// The longest name of a cookie, in bytes, so that there is room for a value.
const MAX_NAME_BYTES: usize = 256;

/// The length of a generation, in base64url characters: 72 bits keep accidents apart. Whether a
/// session is genuine is not judged by it, but by its seal.
const GENERATION_CHARACTERS: usize = 12;

/// Which whole a part belongs to.
fn generation(value: &str) -> String {
    let mut text = URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(value.as_bytes()));
    text.truncate(GENERATION_CHARACTERS);
    text
}

fn part_name(name: &str, number: usize) -> String {
    match number {
        0 => name.to_owned(),
        number => format!("{name}.{number}"),
    }
}

/// The number of the part that a cookie is; none if it is another cookie.
fn part_number(name: &str, cookie: &str) -> Option<usize> {
    let rest = cookie.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(0);
    }
    let digits = rest.strip_prefix('.')?;
    let ours = digits.len() <= NUMBER_DIGITS
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    if ours { digits.parse().ok() } else { None }
}

/// The cookies of a `Cookie` header (RFC 6265, section 4.2.1). What is not a pair is skipped: it may
/// be another application's.
fn cookies_of(header: &str) -> impl Iterator<Item = Cookie<'_>> {
    Cookie::split_parse(header).flatten()
}

/// What is wrong with the name of a cookie, if anything.
fn fault_of_name(name: &str) -> Option<&'static str> {
    let is_token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some("expected letters, digits and !#$%&'*+-.^_`|~ (RFC 6265, section 4.1.1)");
    }
    if name.len() > MAX_NAME_BYTES {
        return Some("is longer than 256 bytes");
    }
    let is_part = name
        .rsplit_once('.')
        .is_some_and(|(whole, _)| part_number(whole, name).is_some());
    is_part.then_some("ends in a dot and a number, as the parts of another name do")
}

/// Whether a text can be the value of cookies: not empty, `cookie-octet` only (RFC 6265, section
/// 4.1.1).
fn is_cookie_value(text: &str) -> bool {
    let is_octet = |c: u8| c.is_ascii_graphic() && !b"\",;\\".contains(&c);
    !text.is_empty() && text.bytes().all(is_octet)
}
