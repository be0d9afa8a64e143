//! Values that nobody can guess, from the operating system's generator.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::hex;

/// RFC 8628, section 6.1: consonants only, so that no words arise and no letters are taken for digits.
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

pub fn fill(buffer: &mut [u8]) {
    // Without random values there is no identity provider; the emulator cannot go on.
    rand::fill(buffer).expect("the operating system gives random bytes");
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    fill(&mut buffer);
    buffer
}

/// 256 random bits in base64url.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// As Kinde's opaque tokens look: two base64url parts with a dot between.
pub fn two_part_token() -> String {
    format!("{}.{}", token(), token())
}

/// So many random bytes as hexadecimal text.
pub fn hex<const BYTES: usize>() -> String {
    hex::encode(&bytes::<BYTES>())
}

/// A version 4 UUID (RFC 9562).
pub fn uuid() -> String {
    let mut raw = bytes::<16>();
    raw[6] = raw[6] & 0x0f | 0x40;
    raw[8] = raw[8] & 0x3f | 0x80;
    hex::grouped(raw)
}

/// What a person types on the device page: `BCDF-GHJK`.
pub fn user_code() -> String {
    let letters: String = bytes::<8>()
        .iter()
        .map(|byte| char::from(USER_CODE_LETTERS[usize::from(byte % 20)]))
        .collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}
