//! Proof key for code exchange with S256 (RFC 7636).

use sha2::{Digest, Sha256};

use super::random;
use crate::secret::Secret;

/// Makes a code verifier of 43 characters from 256 random bits (RFC 7636, section 4.1).
pub(crate) fn verifier(random: &[u8; 32]) -> Secret {
    Secret::new(random::text(random))
}

/// The code challenge that goes into the authorization URL (RFC 7636, section 4.2).
pub(crate) fn challenge(verifier: &Secret) -> String {
    random::text(&Sha256::digest(verifier.expose().as_bytes()))
}

/// Whether a text can be a code verifier: 43 to 128 unreserved characters (RFC 7636, section 4.1).
pub(crate) fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn published_vector() {
        let random = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212,
            37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = verifier(&random);
        assert_eq!(
            verifier.expose(),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn verifiers_have_the_length_and_the_characters_of_the_standard() {
        for (text, fits) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("~".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}+", "a".repeat(43)), false),
            ("é".repeat(30), false),
        ] {
            assert_eq!(is_verifier(&text), fits, "{text}");
        }
    }
}
