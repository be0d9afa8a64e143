//! A token's payload: its JSON text, and where things stand in it.

use once_cell::race::OnceBox;

use super::index::Index;
use super::json_text;
use super::registered::{Registered, malformed};
use crate::error::Result;

/// The longest payload, in bytes; also what a [`Span`] can address.
pub(super) const MAX_PAYLOAD_BYTES: usize = u16::MAX as usize;

/// How deep lists and objects may stand in each other.
const MAX_NESTING: usize = 64;

/// A part of a payload. Small, because a process may hold very many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u16,
    length: u16,
}

impl Span {
    /// Where `part` stands in `payload`, of which it must be a part.
    pub(super) fn of(payload: &str, part: &str) -> Span {
        let start = part.as_ptr() as usize - payload.as_ptr() as usize;
        debug_assert!(start + part.len() <= payload.len() && payload.len() <= MAX_PAYLOAD_BYTES);
        Span {
            start: start as u16,
            length: part.len() as u16,
        }
    }

    pub(super) fn slice(self, payload: &str) -> &str {
        let start = usize::from(self.start);
        payload
            .get(start..start + usize::from(self.length))
            .unwrap_or_default()
    }

    pub(super) fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// The claims of a token as JSON text, with an index made at the first question.
pub(super) struct Payload {
    pub(super) text: Box<str>,
    pub(super) registered: Registered,
    index: OnceBox<Index>,
}

impl Payload {
    /// Takes over the JSON text of a payload.
    pub(super) fn new(text: String) -> Result<Payload> {
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(malformed(&format!(
                "its claims are larger than {MAX_PAYLOAD_BYTES} bytes"
            )));
        }
        if !json_text::nests_at_most(&text, MAX_NESTING) {
            return Err(malformed(&format!(
                "its claims nest deeper than {MAX_NESTING} levels"
            )));
        }
        let registered = Registered::read(&text)?;
        if !json_text::numbers_are_finite(&text) {
            return Err(malformed("one of its numbers is larger than a double"));
        }
        Ok(Payload {
            text: text.into_boxed_str(),
            registered,
            index: OnceBox::new(),
        })
    }

    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Box::new(Index::of(&self.text)))
    }
}
