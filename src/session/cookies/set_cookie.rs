//! One cookie for the browser, and the text of its `Set-Cookie` header.

use std::fmt::{self, Write};

use cookie::Cookie;
use cookie::time::{self, OffsetDateTime};
use serde::Serialize;

use super::MAX_COOKIE_BYTES;
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// Which requests that come from other sites a cookie goes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Only those by which the browser goes to a page, such as a link or a callback.
    #[default]
    Lax,
    /// None: also not with the callback of a sign-in.
    Strict,
    /// All. The cookie must be `secure`.
    None,
}

impl SameSite {
    /// The attribute's value: `Lax`, `Strict` or `None`.
    pub fn name(self) -> &'static str {
        match self {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [SameSite::Lax, SameSite::Strict, SameSite::None]
            .into_iter()
            .find(|same_site| name.eq_ignore_ascii_case(same_site.name()))
    }
}

/// The attributes of a cookie (RFC 6265, section 4.1.2); `HttpOnly` is always one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieAttributes {
    /// `Path`
    pub path: String,
    /// `Domain`
    pub domain: Option<String>,
    /// `Max-Age`, in seconds; without it the browser keeps the cookie until it is closed.
    pub max_age: Option<i64>,
    /// `Expires`, in seconds since 1970 (UTC); only where a cookie is deleted.
    pub expires: Option<i64>,
    /// `Secure`
    pub secure: bool,
    /// `SameSite`
    pub same_site: SameSite,
}

/// A cookie for the browser to keep or to delete.
#[derive(Clone, Debug)]
pub struct SetCookie {
    /// Its name.
    pub name: String,
    /// Its value; empty where it is deleted.
    pub value: Secret,
    /// Its attributes.
    pub attributes: CookieAttributes,
    /// Whether the browser is told to delete it.
    pub delete: bool,
    /// The value of the `Set-Cookie` header: all of the above, at most 4,096 bytes.
    pub set_cookie: Secret,
}

/// A cookie as JSON shows it.
#[derive(Serialize)]
pub(super) struct ShownCookie<'a> {
    name: &'a str,
    value: &'a str,
    attributes: ShownAttributes<'a>,
    delete: bool,
    set_cookie: &'a str,
}

#[derive(Serialize)]
struct ShownAttributes<'a> {
    path: &'a str,
    domain: Option<&'a str>,
    max_age: Option<i64>,
    expires: Option<i64>,
    http_only: bool,
    secure: bool,
    same_site: &'a str,
}

impl SetCookie {
    pub(super) fn new(
        name: String,
        value: Secret,
        attributes: &CookieAttributes,
        delete: bool,
    ) -> Result<Self> {
        let mut set_cookie = String::with_capacity(MAX_COOKIE_BYTES);
        write!(
            set_cookie,
            "{}",
            attributes.on(Cookie::new(&name, value.expose()))
        )
        .map_err(|fmt::Error| Error::new(Status::Internal, "a cookie could not be written"))?;
        Ok(SetCookie {
            set_cookie: Secret::new(set_cookie),
            name,
            value,
            attributes: attributes.clone(),
            delete,
        })
    }

    pub(super) fn shown(&self) -> ShownCookie<'_> {
        let attributes = &self.attributes;
        ShownCookie {
            name: &self.name,
            value: self.value.expose(),
            attributes: ShownAttributes {
                path: &attributes.path,
                domain: attributes.domain.as_deref(),
                max_age: attributes.max_age,
                expires: attributes.expires,
                http_only: true,
                secure: attributes.secure,
                same_site: attributes.same_site.name(),
            },
            delete: self.delete,
            set_cookie: self.set_cookie.expose(),
        }
    }
}

impl CookieAttributes {
    fn on<'c>(&'c self, mut cookie: Cookie<'c>) -> Cookie<'c> {
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(match self.same_site {
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::Strict => cookie::SameSite::Strict,
            SameSite::None => cookie::SameSite::None,
        });
        cookie.set_path(self.path.as_str());
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain.as_str());
        }
        if let Some(seconds) = self.max_age {
            cookie.set_max_age(time::Duration::seconds(seconds));
        }
        if let Some(Ok(at)) = self.expires.map(OffsetDateTime::from_unix_timestamp) {
            cookie.set_expires(at);
        }
        cookie
    }
}
