//! Tokens minted and key sets published by a library that nobody here wrote (`tests/judges/tokens.mjs`), each with that
//! library's verdict. Ours is the same, but where it is stricter on purpose.

use std::collections::{BTreeMap, BTreeSet};

use kinde::{Client, Status, VerifyOptions};
use kinde_test_support::{Judge, config, json};
use serde_json::{Value, json};

/// What the other library accepts and we do not, with the status we give.
const STRICTER: &[(&str, Status)] = &[
    // RFC 7515, section 2: base64url without padding, line breaks or other characters.
    ("padding of the signature", Status::TokenMalformed),
    ("a line end after", Status::TokenMalformed),
    ("the alphabet of plain base64", Status::TokenMalformed),
    // RFC 7515, section 3: texts are UTF-8.
    ("a payload that is not UTF-8", Status::TokenMalformed),
    // Extensions that we do not have are refused, even where they change nothing.
    ("crit with b64 true", Status::TokenMalformed),
];

/// For each refused case the statuses of which one must be given: the reason matters, not only the refusal.
fn expected_statuses(name: &str) -> &'static [Status] {
    use Status::*;
    match name {
        _ if name.ends_with("which is not allowed") => &[Algorithm],
        _ if name.ends_with("other claims") => &[Signature],
        _ if name.starts_with("HS256") || name.starts_with("alg none") => &[Algorithm],
        _ if name.starts_with("alg ") => &[Algorithm, TokenMalformed],
        _ if name.ends_with("under a known kid") => &[Signature],
        _ if name.ends_with("of a foreign key") => &[KeyNotFound],
        _ if name.contains("crit") => &[TokenMalformed],
        _ if name.starts_with("exp in the past") => &[TokenExpired],
        _ if name.starts_with("nbf in") => &[TokenNotYetValid],
        _ if name.starts_with("exp ") || name.starts_with("nbf ") => &[ClaimMissing],
        _ if name.contains("issuer") => &[Issuer, ClaimMissing],
        _ => &[KeyNotFound, Signature, Algorithm, TokenMalformed],
    }
}

/// One client for each key set and choice of algorithms.
#[derive(Default)]
struct Clients(BTreeMap<String, Client>);

impl Clients {
    async fn judged(&mut self, url: &str, case: &Value) -> kinde::Result<String> {
        let settings = json!({
            "domain": url,
            "client_id": "judged",
            "jwks_url": case["jwks_url"],
            "allowed_algorithms": case["algorithms"],
        });
        let made = || Client::new(&config(&settings)).expect("good settings");
        let client = self.0.entry(settings.to_string()).or_insert_with(made);
        let token = case["token"].as_str().unwrap();
        client.verify_token(token, &VerifyOptions::default()).await
    }
}

#[tokio::test]
async fn our_verdict_is_theirs() {
    let judge = Judge::start("tokens.mjs");
    let cases = judge.said()["cases"].as_array().unwrap();
    assert!(cases.len() > 100);
    let mut clients = Clients::default();
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let theirs = case["accepted"].as_bool().unwrap();
        let ours = clients.judged(&judge.url(), case).await;
        let stricter = STRICTER.iter().find(|(stricter, _)| *stricter == name);
        match (&ours, stricter) {
            (Err(error), Some((_, expected))) if theirs && error.status() == *expected => {}
            (Ok(claims), None) if theirs => {
                accepted += 1;
                let (ours, theirs) = (json(claims), &case["claims"]);
                if !same(&ours, theirs) {
                    wrong.push(format!("{name}: claims {ours} instead of {theirs}"));
                }
            }
            (Err(error), None) if !theirs => {
                if !expected_statuses(name).contains(&error.status()) {
                    wrong.push(format!(
                        "{name}: refused, but with {error:?}; theirs: {}",
                        case["reason"]
                    ));
                }
            }
            _ => wrong.push(format!(
                "{name}: ours {ours:?}, theirs {theirs} {}",
                case["reason"]
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(accepted > 30, "{accepted}");
}

#[tokio::test]
async fn every_exception_is_still_one() {
    let judge = Judge::start("tokens.mjs");
    let names: BTreeSet<&str> = judge.said()["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    for (name, _) in STRICTER {
        assert!(names.contains(name), "{name}");
    }
}

/// Equal, numbers by their value: `1.5e9` comes back as `1500000000` from JavaScript.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            // JavaScript's JSON cannot tell `__proto__` from the prototype when it is written again.
            let known = |name: &str| name != "__proto__";
            ours.keys()
                .filter(|name| known(name))
                .eq(theirs.keys().filter(|name| known(name)))
                && ours
                    .iter()
                    .filter(|(name, _)| known(name))
                    .all(|(name, value)| same(value, &theirs[name]))
        }
        _ => ours == theirs,
    }
}
