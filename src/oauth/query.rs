//! `application/x-www-form-urlencoded`, as it stands in query strings and in bodies.

use url::form_urlencoded::byte_serialize;
use url::{Position, Url};
use zeroize::Zeroizing;

/// Pairs that are appended to a text.
pub(super) struct Query {
    text: String,
    /// Whether the next pair needs no separator.
    at_start: bool,
}

impl Query {
    /// Continues the query of an endpoint's URL, which may have one already (RFC 6749, section
    /// 3.1). `room` is how much will be appended, in bytes.
    pub(super) fn extend(endpoint: &Url, room: usize) -> Query {
        let start = &endpoint[..Position::AfterQuery];
        let mut text = String::with_capacity(start.len() + 1 + room);
        text.push_str(start);
        if endpoint.query().is_none() {
            text.push('?');
        }
        Query {
            text,
            at_start: endpoint.query().is_none_or(str::is_empty),
        }
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        if !std::mem::take(&mut self.at_start) {
            self.text.push('&');
        }
        self.push(name);
        self.text.push('=');
        self.push(value);
    }

    /// Most of what is sent stands for itself, and is copied at once.
    fn push(&mut self, text: &str) {
        let mut bytes = text.as_bytes().iter();
        let plain = bytes.position(|byte| !stands_for_itself(*byte));
        let (plain, rest) = text.split_at(plain.unwrap_or(text.len()));
        self.text.push_str(plain);
        self.text.extend(byte_serialize(rest.as_bytes()));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Whether every form of the encoding leaves a character as it is; by a table, since each character
/// of each sign-in is looked at.
fn stands_for_itself(byte: u8) -> bool {
    static UNCHANGED: [bool; 256] = {
        let mut unchanged = [false; 256];
        let mut byte = u8::MAX;
        while byte > 0 {
            unchanged[byte as usize] =
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            byte -= 1;
        }
        unchanged
    };
    UNCHANGED[usize::from(byte)]
}

/// Writes a body. It may hold secrets, so it is allocated once, for the worst case: what grows is
/// copied, and its former place is not zeroized.
pub(super) fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let room = fields
        .iter()
        .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
        .sum();
    let mut query = Query {
        text: String::with_capacity(room),
        at_start: true,
    };
    for (name, value) in fields {
        query.append(name, value);
    }
    Zeroizing::new(query.finish())
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
            let mut query = Query::extend(&url, 10);
            query.append("x", "1 &");
            assert_eq!(query.finish(), expected);
        }
    }

    #[test]
    fn every_character_is_written_as_the_standard_says() {
        for character in (0..=0x100).filter_map(char::from_u32) {
            for text in [character.to_string(), format!("a{character}-")] {
                let written = form(&[(&text, &text)]);
                let read: Vec<_> = url::form_urlencoded::parse(written.as_bytes()).collect();
                assert_eq!(read, [((&*text).into(), (&*text).into())]);
                let expected: String = byte_serialize(text.as_bytes()).collect();
                assert_eq!(*written, format!("{expected}={expected}"));
            }
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
