//! To which slot of a Cluster a key belongs (Redis Cluster specification, "Key distribution model").

const SLOTS: u16 = 16384;

pub(super) fn of_key(key: &str) -> u16 {
    crc16(tag(key).as_bytes()) % SLOTS
}

/// What stands in the first braces, if something does; otherwise the whole key.
fn tag(key: &str) -> &str {
    let inside = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    match inside {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    }
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `CLUSTER KEYSLOT` answers.
    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, slot) in [
            ("foo", 12182),
            ("kinde:{foo}:record", 12182),
            ("kinde:{foo}:lease", 12182),
            ("{}{foo}", of_key("{}{foo}")),
            ("a{foo}{bar}", 12182),
        ] {
            assert_eq!(of_key(key), slot, "{key}");
        }
        assert_eq!(tag("{}{foo}"), "{}{foo}");
        assert_eq!(tag("{foo"), "{foo");
    }
}
