//! Any text as a callback: without the code of a running provider nobody is ever signed in by one. `STATE` stands for the
//! state of a sign-in under way.

#![no_main]

use std::sync::LazyLock;

use kinde::{AuthorizationParams, Client, Outcome};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Nobody listens on port 1, so that an exchange fails at once.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    kinde_fuzz::client(&json!({
        "domain": "http://127.0.0.1:1",
        "client_id": "fuzz",
        "redirect_uri": "https://app.example/callback",
        "timeout_ms": 1000,
    }))
});

fuzz_target!(|text: &str| {
    let session = CLIENT.session();
    let begun = session
        .login_url(&AuthorizationParams::new())
        .expect("a URL");
    let begun = url::Url::parse(&begun).expect("a URL");
    let state = begun
        .query_pairs()
        .find(|(name, _)| name == "state")
        .expect("a state")
        .1;
    let callback = text.replace("STATE", &state);
    if let Ok(outcome) = pollster::block_on(session.handle_callback(&callback)) {
        assert_eq!(outcome.outcome, Outcome::Restart);
        let url = url::Url::parse(&outcome.url.expect("a restart leads somewhere")).expect("a URL");
        assert_eq!(url.origin(), begun.origin());
        for bound in [
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "code_challenge_method",
        ] {
            let values = |url: &url::Url| -> Vec<String> {
                let pairs = url.query_pairs().filter(|(name, _)| name == bound);
                pairs.map(|(_, value)| value.into_owned()).collect()
            };
            assert_eq!(values(&url), values(&begun), "{bound}");
        }
    }
    assert!(!session.is_authenticated());
});
