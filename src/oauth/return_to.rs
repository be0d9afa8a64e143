//! Where a user goes after the sign-in.

use url::{Origin, Position, Url};

use crate::error::{Error, Result};

/// The longest return address, in bytes.
const LIMIT: usize = 2048;

/// Checks a return address against the origin of `redirect_uri` and `return_origins`. Gives it in
/// the form in which it was judged, so that a browser cannot read it otherwise: a path if it was
/// relative, else a URL.
pub(super) fn check(
    address: &str,
    redirect_uri: &str,
    return_origins: &[String],
) -> Result<String> {
    judge(address, redirect_uri, return_origins)
        .map_err(|message| Error::invalid_argument("return_to", message))
}

fn judge(
    address: &str,
    redirect_uri: &str,
    return_origins: &[String],
) -> std::result::Result<String, &'static str> {
    if address.len() > LIMIT {
        return Err("is longer than 2,048 bytes");
    }
    if address.trim() != address || address.chars().any(char::is_control) {
        return Err("contains control characters or surrounding space");
    }
    if address.contains('\\') {
        return Err("contains a backslash");
    }
    let relative = is_relative(address);
    if !relative {
        judge_authority(address)?;
    }
    let home = Url::parse(redirect_uri).map_err(|_| "cannot be judged without a redirect_uri")?;
    let url = home.join(address).map_err(|_| "is not an address")?;
    if !is_allowed(&url.origin(), &home.origin(), return_origins) {
        return Err("leads to another origin than redirect_uri and return_origins");
    }
    if leaves_when_decoded(url.path()) {
        return Err("begins with two slashes");
    }
    if relative {
        return Ok(url[Position::BeforePath..].to_owned());
    }
    Ok(url.into())
}

/// `https:path` and `//host` mean different things to different readers, so an address with a host
/// must have the whole form.
fn judge_authority(address: &str) -> std::result::Result<(), &'static str> {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err("is neither a path nor an http(s) URL");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err("names no host");
    }
    if authority.contains('@') {
        return Err("contains user info");
    }
    Ok(())
}

fn is_allowed(origin: &Origin, home: &Origin, return_origins: &[String]) -> bool {
    // Two opaque origins are never equal, so `data:` and its like cannot pass.
    origin.is_tuple()
        && (origin == home
            || return_origins
                .iter()
                .filter_map(|allowed| Url::parse(allowed).ok())
                .any(|allowed| allowed.origin() == *origin))
}

/// A path of `//host` is another host to a browser once it stands alone, also if a framework
/// decodes it before it redirects.
fn leaves_when_decoded(path: &str) -> bool {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let start = rest.get(..3).unwrap_or_default().to_ascii_lowercase();
    rest.starts_with('/') || matches!(start.as_str(), "%2f" | "%5c")
}

fn is_relative(address: &str) -> bool {
    !address.starts_with("//")
        && Url::parse(address) == Err(url::ParseError::RelativeUrlWithoutBase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    const REDIRECT_URI: &str = "https://app.example/auth/callback";

    fn check_here(address: &str) -> Result<String> {
        check(
            address,
            REDIRECT_URI,
            &["https://admin.example:8443".to_owned()],
        )
    }

    #[test]
    fn addresses_at_home_are_given_as_they_were_judged() {
        for (address, judged) in [
            ("/", "/"),
            ("/a/b?c=d#e", "/a/b?c=d#e"),
            ("dashboard", "/auth/dashboard"),
            ("../x", "/x"),
            ("?tab=1", "/auth/callback?tab=1"),
            ("/go?next=//a@b", "/go?next=//a@b"),
            (
                "/go?next=https://evil.example",
                "/go?next=https://evil.example",
            ),
            ("/a b", "/a%20b"),
            ("/größe", "/gr%C3%B6%C3%9Fe"),
            ("/a:b", "/a:b"),
            ("https://app.example/x", "https://app.example/x"),
            ("HTTPS://APP.EXAMPLE:443/x", "https://app.example/x"),
            (
                "https://admin.example:8443/x",
                "https://admin.example:8443/x",
            ),
        ] {
            assert_eq!(check_here(address).unwrap(), judged, "{address}");
        }
    }

    #[test]
    fn known_tricks_lead_nowhere() {
        let long = format!("/{}", "a".repeat(LIMIT));
        let tricks = [
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "//app.example/x",
            "/\\\\evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/a\\..\\evil",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nLocation: https://evil.example",
            "\u{0}//evil.example",
            "/a\u{7f}",
            "/a\u{85}",
            " //evil.example",
            "/x ",
            "https://evil.example",
            "http://app.example/x",
            "https://app.example:8443/x",
            "https://app.example.evil.example/",
            "https://app.example@evil.example/",
            "https://app.example%40evil.example/",
            "https://user@app.example/",
            "https://user:secret@app.example/",
            "https://@app.example/",
            "https://evilapp.example/",
            "https://app.example./",
            "https://app.example\u{3002}evil.example/",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "https:app.example/x",
            "http:evil.example",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://app.example/",
            "blob:https://app.example/x",
            "about:blank",
            "/..//evil.example",
            "/.//evil.example",
            "/a/../..//evil.example",
            "https://app.example//evil.example",
            "/%2fevil.example",
            "/%2F/evil.example",
            "/%5Cevil.example",
            "https://admin.example/x",
            "http://admin.example:8443/x",
            "https://[::1]/",
            "https://app.example:99999/",
            long.as_str(),
        ];
        for trick in tricks {
            let error = check_here(trick).map_err(|e| (e.status(), e.field().map(str::to_owned)));
            assert_eq!(
                error,
                Err((Status::InvalidArgument, Some("return_to".to_owned()))),
                "{trick:?}"
            );
        }
    }

    #[test]
    fn only_named_origins_beside_home_are_allowed() {
        let origins = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let other = "https://b.example/x";
        let allowed = |names: &[&str]| check(other, REDIRECT_URI, &origins(names)).is_ok();
        assert!(!allowed(&[]));
        assert!(!allowed(&["https://a.example"]));
        assert!(!allowed(&["not an origin"]));
        assert!(allowed(&["https://a.example", "https://b.example"]));
        assert!(check("/x", REDIRECT_URI, &origins(&["https://a.example"])).is_ok());
    }

    #[test]
    fn an_opaque_redirect_uri_is_nobodys_home() {
        assert!(check("/x", "com.example.app:/callback", &[]).is_err());
        assert!(check("/x", "not a url", &[]).is_err());
    }

    #[test]
    fn the_limit_is_inclusive() {
        let address = format!("/{}", "a".repeat(LIMIT - 1));
        assert_eq!(check_here(&address).unwrap(), address);
    }
}
