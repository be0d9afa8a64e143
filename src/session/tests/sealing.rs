use zeroize::Zeroizing;

use super::super::seal::Purpose;
use super::client;

#[test]
fn what_is_sealed_opens_for_its_purpose_alone() {
    let client = client();
    let sealer = client.sealer().unwrap();
    // A record's name is never empty; the purposes are apart all the same.
    let purposes = [
        Purpose::Cookie,
        Purpose::Record(""),
        Purpose::Record("a"),
        Purpose::Record("b"),
    ];
    for (sealed_for, purpose) in purposes.iter().enumerate() {
        let content = Zeroizing::new(b"content".to_vec());
        let sealed = sealer.seal(*purpose, content).unwrap();
        for (opened_for, purpose) in purposes.iter().enumerate() {
            let opened = sealer.open(*purpose, &sealed);
            assert_eq!(opened.is_some(), sealed_for == opened_for, "{purpose:?}");
        }
    }
}
