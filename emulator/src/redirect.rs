//! The allow-lists of redirect and logout addresses.
//!
//! An entry is an address that must match to the letter. One `*` may stand for a whole label of the host
//! (`https://*.preview.example.com/callback`), as at Kinde, or for the port of a loopback host
//! (`http://127.0.0.1:*/callback`), as RFC 8252, section 7.3, asks for native applications.

use url::Url;

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wildcard {
    Port,
    Label,
}

fn wildcard(pattern: &str) -> Result<Option<(&str, Wildcard, &str)>, String> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Ok(None);
    };
    if after.contains('*') {
        return Err(format!("{pattern:?} has more than one `*`"));
    }
    let after_host = after.is_empty() || after.starts_with('/');
    let is_loopback = LOOPBACK_HOSTS
        .iter()
        .any(|host| before == format!("http://{host}:") || before == format!("https://{host}:"));
    if is_loopback && after_host {
        return Ok(Some((before, Wildcard::Port, after)));
    }
    let authority_start = before.find("://").map(|at| at + 3);
    let in_host = authority_start.is_some_and(|at| !before[at..].contains(['/', '?', '#', ':']));
    let whole_label = (before.ends_with("://") || before.ends_with('.')) && after.starts_with('.');
    if in_host && whole_label {
        return Ok(Some((before, Wildcard::Label, after)));
    }
    Err(format!(
        "{pattern:?}: `*` may stand for one whole label of the host, or for the port of a loopback host"
    ))
}

/// Says what is wrong with an entry of an allow-list.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let sample = match wildcard(pattern)? {
        None => pattern.to_owned(),
        Some((before, Wildcard::Port, after)) => format!("{before}1{after}"),
        Some((before, Wildcard::Label, after)) => format!("{before}a{after}"),
    };
    let url =
        Url::parse(&sample).map_err(|error| format!("{pattern:?} is not an address: {error}"))?;
    if url.fragment().is_some() {
        return Err(format!(
            "{pattern:?} has a fragment; RFC 6749, section 3.1.2, forbids it"
        ));
    }
    Ok(())
}

fn matches(pattern: &str, address: &str) -> bool {
    let Ok(Some((before, kind, after))) = wildcard(pattern) else {
        return pattern == address;
    };
    let Some(rest) = address.strip_prefix(before) else {
        return false;
    };
    let Some(middle) = rest.strip_suffix(after) else {
        return false;
    };
    match kind {
        Wildcard::Port => middle
            .parse::<u16>()
            .is_ok_and(|port| port > 0 && middle == port.to_string()),
        Wildcard::Label => {
            !middle.is_empty()
                && middle
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }
    }
}

/// Whether an address is on the list, and is one at all.
pub fn is_allowed(patterns: &[String], address: &str) -> bool {
    let is_address = Url::parse(address).is_ok_and(|url| url.fragment().is_none());
    is_address && !address.contains('#') && patterns.iter().any(|pattern| matches(pattern, address))
}

/// Whether one of the addresses has this origin.
pub fn has_origin(patterns: &[String], origin: &str) -> bool {
    patterns.iter().any(|pattern| {
        let authority = pattern.find("://").map_or(0, |at| at + 3);
        let end = pattern[authority..]
            .find('/')
            .map_or(pattern.len(), |at| authority + at);
        matches(&pattern[..end], origin)
    })
}

/// The address with parameters added to its query.
pub fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_entries_match_to_the_letter() {
        let list = [String::from("https://app.example.com/callback")];
        assert!(is_allowed(&list, "https://app.example.com/callback"));
        for other in [
            "https://app.example.com/callback/",
            "https://app.example.com/callback?x=1",
            "https://app.example.com/Callback",
            "https://APP.example.com/callback",
            "https://app.example.com:443/callback",
            "https://app.example.com/callback#",
            "http://app.example.com/callback",
            "callback",
        ] {
            assert!(!is_allowed(&list, other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_is_one_label() {
        let list = [String::from("https://*.preview.example.com/callback")];
        assert!(is_allowed(
            &list,
            "https://pr-7.preview.example.com/callback"
        ));
        for other in [
            "https://a.b.preview.example.com/callback",
            "https://.preview.example.com/callback",
            "https://evil.com/x.preview.example.com/callback",
            "https://evil.com?.preview.example.com/callback",
            "https://user@x.preview.example.com/callback",
        ] {
            assert!(!is_allowed(&list, other), "{other}");
        }
    }

    #[test]
    fn a_loopback_port_is_a_number() {
        let list = [String::from("http://127.0.0.1:*/callback")];
        assert!(is_allowed(&list, "http://127.0.0.1:50123/callback"));
        for other in [
            "http://127.0.0.1:/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:70000/callback",
            "http://127.0.0.1:080/callback",
            "http://127.0.0.1:80@evil.com/callback",
        ] {
            assert!(!is_allowed(&list, other), "{other}");
        }
    }

    #[test]
    fn bad_entries_are_named() {
        for bad in [
            "https://*/callback",
            "https://a*.example.com/",
            "http://example.com:*/",
            "https://*.*.com/",
            "nonsense",
            "https://a.com/#x",
            "https://a.com/*",
        ] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
        assert!(check_pattern("http://[::1]:*/callback").is_ok());
    }
}
