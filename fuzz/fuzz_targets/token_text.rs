//! Any text as a token: it is refused, and refused in the same way when it comes again. Nobody but the issuer can make
//! one that passes.

#![no_main]

use kinde::VerifyOptions;
use kinde_fuzz::CLIENT;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let options = VerifyOptions {
        wait: false,
        ..VerifyOptions::default()
    };
    let verdicts = [(); 2].map(|()| CLIENT.try_verify_token(text, &options));
    let [first, second] = verdicts.map(|verdict| match verdict {
        Some(Ok(claims)) => panic!("accepted: {claims}"),
        Some(Err(error)) => Some(error.status()),
        None => None,
    });
    assert_eq!(first, second);
});
