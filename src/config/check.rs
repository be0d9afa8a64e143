//! The checks: what a text must be to serve as a setting. Each says what is wrong and how to mend it.

use std::net::Ipv6Addr;

use serde_json::Value;
use url::{Host, Url};

/// A value, or why the text is not one; the reason never quotes the text.
pub(super) type Checked<T> = Result<T, String>;

/// The longest host: that of a domain name, in bytes (RFC 1035, section 2.3.4).
pub(super) const LONGEST_HOST: usize = 255;

/// Which hosts may be spoken to without TLS: loopback hosts and those that the settings name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainHttp<'a>(&'a [String]);

impl<'a> PlainHttp<'a> {
    /// Loopback hosts and these.
    pub(crate) fn to(insecure_hosts: &'a [String]) -> Self {
        PlainHttp(insecure_hosts)
    }

    /// Whether a request to this URL is either protected by TLS or allowed without.
    pub(crate) fn allows(self, url: &Url) -> bool {
        match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(url) || self.names(url),
            _ => false,
        }
    }

    fn names(self, url: &Url) -> bool {
        url.host_str()
            .is_some_and(|host| self.0.iter().any(|name| name == host))
    }

    fn check(self, url: &Url) -> Checked<()> {
        if self.allows(url) {
            return Ok(());
        }
        Err(match url.scheme() {
            "http" => {
                "plain http is accepted only for loopback hosts and those in insecure_hosts; use https"
            }
            _ => "only https is accepted",
        }
        .to_owned())
    }
}

/// Whether the URL's host can only be this machine (RFC 6761, section 6.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}

/// Whether a host name can only be this machine: `localhost` and everything below.
pub(crate) fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.len().checked_sub("localhost".len()) {
        Some(0) => name.eq_ignore_ascii_case("localhost"),
        Some(start) => name
            .get(start - 1..)
            .is_some_and(|end| end.eq_ignore_ascii_case(".localhost")),
        None => false,
    }
}

/// Whether an origin is Kinde's own, not a custom domain.
pub(super) fn is_kinde(origin: &str) -> bool {
    Url::parse(origin).is_ok_and(|url| {
        url.host_str()
            .is_some_and(|host| host == "kinde.com" || host.ends_with(".kinde.com"))
    })
}

/// The text of a URL's origin, without a trailing slash.
pub(crate) fn origin_text(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A host, or a URL of which only scheme, host and port are given.
pub(super) fn origin(text: &str, plain_http: PlainHttp<'_>) -> Checked<Url> {
    printable(text)?;
    let url = if text.contains("://") {
        absolute(text)?
    } else {
        absolute(&format!("https://{text}"))?
    };
    no_query(&url)?;
    if url.path() != "/" {
        return Err("a path is not accepted; give only the host".to_owned());
    }
    plain_http.check(&url)?;
    Ok(url)
}

/// An address as it stands in the `iss` of a token (OpenID Connect Core, section 2).
pub(super) fn issuer(text: &str, plain_http: PlainHttp<'_>) -> Checked<String> {
    if !text.contains("://") {
        return Err("must begin with https://".to_owned());
    }
    let url = absolute(text)?;
    no_query(&url)?;
    plain_http.check(&url)?;
    Ok(text.to_owned())
}

/// A path on `base`, or a URL of its own.
pub(super) fn endpoint(text: &str, base: Option<&Url>, plain_http: PlainHttp<'_>) -> Checked<Url> {
    if text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') {
        printable(text)?;
        no_fragment(text)?;
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        // Without a domain, which is reported by itself, any base shows whether the path is good.
        let mut url = match base {
            Some(base) => base.clone(),
            None => absolute("https://localhost")?,
        };
        url.set_path(path);
        url.set_query(query);
        return Ok(url);
    }
    if !text.contains("://") {
        return Err("must begin with / or https://".to_owned());
    }
    let url = absolute(text)?;
    no_fragment(text)?;
    plain_http.check(&url)?;
    Ok(url)
}

/// Where a browser is sent (RFC 6749, section 3.1.2; RFC 8252, section 7). Kept letter by letter,
/// because the provider compares it so.
pub(super) fn redirect_uri(text: &str, plain_http: PlainHttp<'_>) -> Checked<String> {
    printable(text)?;
    let url = Url::parse(text).map_err(|e| {
        format!("must be an absolute URL, such as https://example.com/callback ({e})")
    })?;
    no_fragment(text)?;
    no_credentials(&url)?;
    match url.scheme() {
        "http" | "https" => plain_http.check(&url)?,
        "file" | "ftp" | "ws" | "wss" | "blob" => {
            return Err("must begin with https:// or the scheme of an app".to_owned());
        }
        // Such as javascript: and data:, which a browser would run or show.
        _ if url.cannot_be_a_base() => {
            return Err("must have a path after its scheme".to_owned());
        }
        _ => {}
    }
    Ok(text.to_owned())
}

/// A host without scheme and port.
pub(super) fn host(text: &str) -> Checked<String> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    match Host::parse(text) {
        Ok(host) if !text.is_empty() => Ok(host.to_string()),
        _ => Err("must be a host name or address, without scheme, port and path".to_owned()),
    }
}

/// The proxy: `off`, or its URL.
pub(super) fn proxy(text: &str) -> Checked<()> {
    if text == "off" {
        return Ok(());
    }
    let url = Url::parse(text).map_err(|e| format!("must be a URL or off ({e})"))?;
    if !url.has_host() || !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
        return Err("must be off, or begin with http://, https://, socks5:// or socks5h://".into());
    }
    Ok(())
}

/// Scopes separated by spaces (RFC 6749, section 3.3).
pub(super) fn scope(text: &str) -> Checked<()> {
    let allowed = |b: u8| matches!(b, b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if text.bytes().all(allowed) {
        return Ok(());
    }
    Err("must be scopes separated by spaces, without quotes and backslashes".to_owned())
}

/// Printable ASCII that is fit for a header and for a form.
pub(super) fn printable(text: &str) -> Checked<()> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err("must not begin or end with a space".to_owned());
    }
    if text.ends_with('\n') {
        return Err("must not end with a line break".to_owned());
    }
    if !text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return Err("must be printable ASCII".to_owned());
    }
    Ok(())
}

/// A key of sealed sessions.
pub(super) fn seal_key(text: &str) -> Checked<()> {
    printable(text)?;
    if text.len() < 32 {
        return Err("each key must have at least 32 bytes".to_owned());
    }
    Ok(())
}

/// A set of public keys (RFC 7517, section 5).
pub(super) fn key_set(set: &Value) -> Checked<()> {
    let keys = set
        .get("keys")
        .and_then(Value::as_array)
        .ok_or("must be a JSON object with a list of keys")?;
    if keys.is_empty() {
        return Err("must hold at least one key".to_owned());
    }
    for key in keys {
        match key.get("kty").and_then(Value::as_str) {
            None => return Err("each key must be an object with a kty".to_owned()),
            Some("oct") => return Err("a symmetric key cannot verify tokens".to_owned()),
            Some(_) if key.get("d").is_some() => {
                return Err("holds a private key; give only the public part".to_owned());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Why a signature algorithm cannot be configured.
pub(super) fn refused_algorithm(name: &str) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("none") {
        return Some("none is refused: anybody could write such a token");
    }
    let symmetric = name.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("HS"));
    symmetric.then_some(
        "symmetric algorithms (HS256, …) are refused: whoever can verify a token could write one",
    )
}

fn absolute(text: &str) -> Checked<Url> {
    printable(text)?;
    let url = Url::parse(text).map_err(|e| format!("is not a URL ({e})"))?;
    if text.contains('\\') {
        return Err("must not hold a backslash".to_owned());
    }
    match url.host_str() {
        None => return Err("has no host".to_owned()),
        Some(host) if host.len() > LONGEST_HOST => {
            return Err(format!(
                "must have a host of at most {LONGEST_HOST} characters"
            ));
        }
        Some(_) => {}
    }
    no_credentials(&url)?;
    Ok(url)
}

fn no_credentials(url: &Url) -> Checked<()> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err("a user name or password in the URL is not accepted".to_owned())
}

fn no_query(url: &Url) -> Checked<()> {
    if url.query().is_none() && url.fragment().is_none() {
        return Ok(());
    }
    Err("a query or fragment is not accepted".to_owned())
}

fn no_fragment(text: &str) -> Checked<()> {
    if text.contains('#') {
        return Err("a fragment (#…) is not accepted".to_owned());
    }
    Ok(())
}
