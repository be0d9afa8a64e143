//! Random values from the operating system's generator, so that two forked processes never draw
//! the same.

use base64_simd::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};

/// Random bytes. Each call is a system call: draw all that a request needs at once.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(|_| {
        Error::new(
            Status::Internal,
            "the operating system gave no random values",
        )
    })?;
    Ok(bytes)
}

/// Bytes as text that may stand in a URL: 32 bytes become 43 characters.
pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn values_differ_and_fit_a_url() {
        let texts: HashSet<String> = (0..1000)
            .map(|_| text(bytes::<32>().unwrap().as_slice()))
            .collect();
        assert_eq!(texts.len(), 1000);
        for text in texts {
            assert_eq!(text.len(), 43);
            assert!(
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            );
        }
    }
}
