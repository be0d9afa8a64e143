//! Texts that must not be seen.

use std::{fmt, io};

use serde::Serialize;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A text that is zeroized when dropped and never shown: client secret, token, verifier.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text. Take care where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::new(text)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

/// Writes what can always be written, such as texts, as JSON that the caller zeroizes. What
/// the text outgrows is zeroized here, so that no copy of a secret stays behind.
pub(crate) fn json_of_secrets(value: &impl Serialize) -> String {
    const FIRST_ROOM: usize = 1024;
    let mut text = Outgrown(Vec::with_capacity(FIRST_ROOM));
    if serde_json::to_writer(&mut text, value).is_err() {
        text.0.zeroize();
    }
    String::from_utf8(text.0).unwrap_or_default()
}

/// Bytes that zeroize the place that they outgrow.
struct Outgrown(Vec<u8>);

impl Outgrown {
    #[cold]
    fn grow(&mut self, needed: usize) {
        let mut larger = Vec::with_capacity(needed.max(2 * self.0.capacity()));
        larger.extend_from_slice(&self.0);
        self.0.zeroize();
        self.0 = larger;
    }
}

impl io::Write for Outgrown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            self.grow(needed);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_any_length_is_whole() {
        for length in [0, 1, 1000, 1021, 1022, 1023, 5000, 100_000] {
            let texts = ["s".repeat(length), "\"é\n".repeat(length)];
            assert_eq!(
                json_of_secrets(&texts),
                serde_json::to_string(&texts).unwrap()
            );
        }
    }
}
