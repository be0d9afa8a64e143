//! # Texts

use zeroize::Zeroize;

use super::abi::OwnedText;

/// Frees a text that a function gave as `char *`. Takes NULL.
///
/// The text may hold a token: it is overwritten first. Do not use free() of the C library, and
/// write no NUL into the text before. Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_string_free(text: OwnedText) {
    if let Some(text) = text {
        text.into_vec().zeroize();
    }
}
