//! # Session cookies
//!
//! A sealed session can be longer than the 4,096 bytes that browsers keep of a cookie. It is then
//! carried by several: `name`, `name.1`, `name.2`, `name.3`. kinde_cookie_split makes them,
//! kinde_cookie_join reads them.

use std::ptr::NonNull;

use safer_ffi::prelude::char_p;

use super::abi::{ErrorOut, TextIn, TextOut, text};
use super::client::{client_of, kinde_client};
use super::guard::{ToJson, respond_json, secret_json};
use crate::error::{Result, Status};
use crate::session::{CookieJoin, CookieSplit, JoinedCookies, SplitCookies};

impl ToJson for SplitCookies {
    fn into_json(self) -> Result<char_p::Box> {
        secret_json(self.to_json())
    }
}

impl ToJson for JoinedCookies {
    fn into_json(self) -> Result<char_p::Box> {
        secret_json(self.to_json())
    }
}

/// Makes the cookies that carry a sealed session, and deletes those that carried a longer one.
///
/// Takes an object, all of it optional:
///
/// - `value`: the text to carry, of ASCII characters without spaces, quotes, commas, semicolons and
///   backslashes; without it the cookies are deleted, to sign out
/// - `name`: "kinde_session" if not given. Another session in the same browser needs another name;
///   so do another `path` and another `domain`, because the browser would keep the old cookies
///   beside the new ones
/// - `present`: what the browser sent, so that parts which are no longer used are deleted: the value
///   of the `Cookie` header, a list of cookie names, or an object of names and values. Cookies of
///   other names are left alone. If it is not given and `value` neither, all parts are deleted
/// - `path`: "/" if not given
/// - `domain`: if given, the cookies go to all hosts of this domain, otherwise only to this host
/// - `same_site`: "Lax" if not given, "Strict" or "None". With "Strict" the browser comes back from
///   a sign-in without its cookies
/// - `secure`: true if not given; false for a development host without HTTPS
/// - `max_age_seconds`: how long the browser keeps the cookies, 1 or more; if not given, the setting
///   `session_idle_seconds`
///
/// A name that begins with "__Host-" requires `secure`, the `path` "/" and no `domain`; one that
/// begins with "__Secure-" requires `secure`. The cookies are always `HttpOnly`.
///
/// Gives an object with a list `cookies`, to be sent all, in one response: first those that carry
/// the text, then deletions. Each is an object:
///
/// - `set_cookie`: the whole value of its `Set-Cookie` header, at most 4,096 bytes
/// - `name`, `value`: the same in parts, for a program that makes the header itself
/// - `attributes`: `path`, `domain` (or null), `max_age` (seconds, or null), `expires` (seconds since
///   1970, or null), `http_only`, `secure`, `same_site`
/// - `delete`: whether the browser is told to delete it; then `value` is empty, `max_age` and
///   `expires` are 0
///
/// At most 4 cookies carry a text, somewhat less than 16 KB. A server may take less: unless told
/// otherwise, nginx (`large_client_header_buffers`) and Apache (`LimitRequestFieldSize`) accept 8 KB
/// for all cookies of a request together, and nginx as a proxy (`proxy_buffer_size`) 4 or 8 KB for
/// the headers of an answer.
///
/// `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (the error's fields name all that is
/// wrong; `value` if it is too long: keep the session in a store, or seal only its claims).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_cookie_split(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let params = CookieSplit::from_json(text(params_json, "params_json")?);
        let idle = client_of(client)?.settings().session_idle;
        params?.split(Some(idle))
    })
}

/// Gives the text that the cookies of a request carry.
///
/// Takes an object:
///
/// - `cookies`: what the browser sent: the value of the `Cookie` header, or an object of names and
///   values; null if it sent none
/// - `name`: the one of kinde_cookie_split; "kinde_session" if not given
///
/// Gives an object:
///
/// - `value`: the text; null if the browser sent no part of one, as a new visitor's does
/// - `parts`: the names of the parts that it sent, those included that are no longer used
///
/// Parts are missing, or of two texts, when the browser has replaced some of them only, or was sent
/// two answers at once. Then the session is lost: delete the cookies with kinde_cookie_split,
/// without a `value` and with the same cookies as `present`.
///
/// The text is only put together here; whether it is genuine is judged when the session is opened.
/// `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, SESSION_INVALID (a part is missing,
/// altered, there twice or of another text).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_cookie_join(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let params = CookieJoin::from_json(text(params_json, "params_json")?);
        client_of(client)?;
        params?.join()
    })
}
