//! `application/x-www-form-urlencoded`, as it stands in query strings and in bodies.

use url::form_urlencoded::Serializer;
use url::{Position, Url};
use zeroize::Zeroizing;

/// Continues the query of an endpoint's URL, which may have one already (RFC 6749, section 3.1).
pub(super) fn extend(endpoint: &Url, room: usize) -> Serializer<'static, String> {
    let start = &endpoint[..Position::AfterQuery];
    let mut url = String::with_capacity(start.len() + 1 + room);
    url.push_str(start);
    if endpoint.query().is_none() {
        url.push('?');
    }
    let query_start = url.len() - endpoint.query().map_or(0, str::len);
    Serializer::for_suffix(url, query_start)
}

/// Writes a body. It may hold secrets, so it is allocated once, for the worst case: what grows is
/// copied, and its former place is not zeroized.
pub(super) fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let room = fields
        .iter()
        .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
        .sum();
    let mut serializer = Serializer::new(String::with_capacity(room));
    serializer.extend_pairs(fields);
    Zeroizing::new(serializer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_begun_or_continued() {
        for (endpoint, expected) in [
            ("https://a.example/auth", "https://a.example/auth?x=1+%26"),
            ("https://a.example/auth?", "https://a.example/auth?x=1+%26"),
            (
                "https://a.example/auth?tenant=t",
                "https://a.example/auth?tenant=t&x=1+%26",
            ),
            (
                "https://a.example/auth?tenant=t#part",
                "https://a.example/auth?tenant=t&x=1+%26",
            ),
        ] {
            let url = Url::parse(endpoint).unwrap();
            let mut query = extend(&url, 10);
            query.append_pair("x", "1 &");
            assert_eq!(query.finish(), expected);
        }
    }

    #[test]
    fn a_body_never_outgrows_its_first_allocation() {
        let value = "\u{1f600}%&".repeat(100);
        let body = form(&[("a", &value), ("b", "c d")]);
        assert!(body.ends_with("&b=c+d"));
        assert!(body.len() <= 3 * (value.len() + 5) + 4);
    }
}
