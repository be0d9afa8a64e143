use std::sync::Arc;

use proptest::prelude::*;

use super::super::record::{Kept, SealContent};
use super::super::state::{Origin, State};
use super::{names, signed_in, with_sign_ins};
use crate::client::Access;
use crate::config::Algorithm;
use crate::oauth::{ClientCredentials, TokenSet};
use crate::token::Signed;

fn kept(state: State) -> Kept {
    Kept::new(Arc::new(state), 1_700_000_000, 1_800_000_000)
}

fn again(kept: &Kept, content: SealContent) -> Kept {
    Kept::decode(&kept.encode(content)).unwrap()
}

fn rich_state() -> State {
    let mut state = with_sign_ins(&["one", "two"]);
    state.sign_ins[0] = Arc::new({
        let mut sign_in = (*state.sign_ins[0]).clone();
        sign_in.code_verifier = None;
        sign_in.return_to = None;
        sign_in
    });
    let mut signed_in = signed_in("opaque access token");
    signed_in.refreshed_in_vain = true;
    signed_in.sendings = 2;
    state.signed_in = Some(Arc::new(signed_in));
    state.revision = 7;
    state.generation = 3;
    state.created_at = 1_699_999_999;
    state.restarted_at = Some(-1);
    state
}

/// `Debug` shows no secret, so those are compared by themselves.
fn secrets(state: &State) -> Vec<Option<String>> {
    let mut secrets = Vec::new();
    for sign_in in &state.sign_ins {
        secrets.push(Some(sign_in.state.expose().to_owned()));
        let verifier = sign_in.code_verifier.as_ref();
        secrets.push(verifier.map(|verifier| verifier.expose().to_owned()));
    }
    let tokens = state.signed_in.as_ref().and_then(|s| s.tokens.as_ref());
    secrets.push(tokens.map(TokenSet::to_json));
    secrets
}

#[track_caller]
fn comes_back(state: State) {
    let before = kept(state);
    let after = again(&before, SealContent::All);
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    assert_eq!(secrets(&after.state), secrets(&before.state));
}

#[test]
fn everything_comes_back() {
    comes_back(State::new());
    comes_back(rich_state());
    comes_back(rich_state().signed_out(Some("refused".to_owned())));
    let mut machine = signed_in("machine");
    machine.origin = Origin::Machine(ClientCredentials {
        audience: vec!["https://a.example".to_owned()],
        scope: Some("read:users".to_owned()),
    });
    comes_back(State::new().signed_in(machine));
}

#[test]
fn a_token_comes_back_letter_by_letter_also_if_it_is_not_made_of_its_claims() {
    // The claims do not stand in the second token as they do in the first.
    for payload in ["eyJzdWIiOiJhIn0", "eyAic3ViIjogImEiIH0"] {
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{payload}.AAEC");
        let mut signed_in = signed_in(&token);
        let claims = r#"{"sub":"a"}"#.to_owned();
        let signed = Signed::from_kept(claims, Algorithm::Rs256, true).unwrap();
        signed_in.access = Access::Jwt(signed.clone());
        signed_in.id = Some(signed);
        if let Some(tokens) = &mut signed_in.tokens {
            tokens.id_token = Some(token.as_str().into());
        }
        let state = State::new().signed_in(signed_in);
        let after = again(&kept(state.clone()), SealContent::All);
        assert_eq!(secrets(&after.state), secrets(&state));
        let signed_in = after.state.signed_in.as_ref().unwrap();
        assert_eq!(signed_in.subject().as_deref(), Some("a"));
        let Access::Jwt(access) = &signed_in.access else {
            panic!("it was a JWT");
        };
        assert!(access.at_jwt());
    }
}

#[test]
fn the_claims_alone_hold_no_token() {
    let before = kept(rich_state());
    let bytes = before.encode(SealContent::Claims);
    for secret in ["opaque access token", "refresh"] {
        let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    let after = Kept::decode(&bytes).unwrap();
    let signed_in = after.state.signed_in.as_ref().unwrap();
    assert!(signed_in.tokens.is_none());
    assert!(signed_in.expires_at.is_some());
    assert_eq!(names(&after.state), ["one", "two"]);
}

#[test]
fn what_repeats_itself_is_compressed_and_what_does_not_is_not() {
    let mut state = rich_state();
    let short = kept(State::new()).encode(SealContent::All);
    assert!(short.len() < 64, "{}", short.len());
    let scope = "read:everything ".repeat(200);
    state.signed_in = Some(Arc::new({
        let mut signed_in = signed_in("token");
        if let Some(tokens) = &mut signed_in.tokens {
            tokens.scope = Some(scope.clone());
        }
        signed_in
    }));
    let long = kept(state).encode(SealContent::All);
    assert!(long.len() < scope.len() / 4, "{}", long.len());
}

#[test]
fn what_would_become_more_than_a_megabyte_is_not_decompressed() {
    for (length, is_record) in [(1_000_000, true), (1_100_000, false)] {
        let ended = State::new().signed_out(Some("x".repeat(length)));
        let bytes = kept(ended).encode(SealContent::All);
        assert!(bytes.len() < length / 10);
        assert_eq!(Kept::decode(&bytes).is_some(), is_record, "{length}");
    }
}

#[test]
fn a_secret_is_not_compressed_together_with_what_others_chose() {
    let with_return_to = |return_to: &str| {
        let mut state = with_sign_ins(&["q7Zp3kVx9LmT2rWb8NcD5sFh1JgY4uAe"]);
        state.sign_ins[0] = Arc::new({
            let mut sign_in = (*state.sign_ins[0]).clone();
            sign_in.return_to = Some(return_to.to_owned());
            sign_in
        });
        kept(state).encode(SealContent::All).len()
    };
    let guessed = with_return_to("/q7Zp3kVx9LmT2rWb8NcD5sFh1JgY4uAe");
    let missed = with_return_to("/X2eRk8vUq0MzT5nYc7LbW3jGs9DfH6aP");
    let distance = guessed.abs_diff(missed);
    assert!(distance < 8, "a guess that hits shortens it: {distance}");
}

proptest! {
    #[test]
    fn bytes_that_are_no_record_are_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Kept::decode(&bytes);
    }

    #[test]
    fn a_record_that_was_cut_or_altered_never_panics(at in 0usize..1000, byte in any::<u8>()) {
        let whole = kept(rich_state()).encode(SealContent::All);
        let at = at % whole.len();
        let _ = Kept::decode(&whole[..at]);
        let mut altered = whole.to_vec();
        altered[at] = byte;
        let _ = Kept::decode(&altered);
    }
}
