//! Bytes as hexadecimal text.

pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sixteen bytes grouped as in a UUID.
pub fn grouped(bytes: [u8; 16]) -> String {
    let text = encode(&bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &text[range]);
    groups.join("-")
}
