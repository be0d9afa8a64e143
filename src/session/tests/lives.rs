//! What depends on the time of day.

use std::sync::Arc;

use base64_simd::URL_SAFE_NO_PAD;

use super::super::record::{Kept, SealContent};
use super::super::records::Records;
use super::super::seal::Purpose;
use super::super::state::State;
use super::super::store::{Key, Of};
use super::super::{SealParams, Session};
use super::{client, client_of_store, sign_in, signed_in, signed_in_user, with_sign_ins};
use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::Status;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789a";

fn kept(state: State, kept_at: i64, ends_at: i64) -> Kept {
    Kept::new(Arc::new(state), kept_at, ends_at)
}

fn sealed(client: &Client, kept: &Kept) -> String {
    let content = kept.encode(SealContent::All);
    let sealed = client.sealer().unwrap().seal(Purpose::Cookie, content);
    URL_SAFE_NO_PAD.encode_to_string(sealed.unwrap())
}

/// Keeps it in the store as if that had been done then.
fn keep(client: &Client, kept: Kept) -> Key {
    let records = Records::of(client).unwrap();
    let key = records.key(Of::Session, ID);
    let saved = pollster::block_on(records.save(&key, None, Arc::new(kept), 1000));
    assert!(saved.unwrap().is_some());
    key
}

fn load(client: &Client) -> crate::Result<Session> {
    pollster::block_on(Session::load(client, ID))
}

#[test]
fn a_sealed_session_opens_until_its_end() {
    let client = client();
    let now = unix_seconds();
    let open =
        |ends_at| Session::open(&client, &sealed(&client, &kept(State::new(), now, ends_at)));
    assert!(open(now + 100).is_ok());
    for ends_at in [now, now - 1, 0, i64::MIN] {
        assert_eq!(open(ends_at).unwrap_err().status(), Status::SessionInvalid);
    }
}

#[test]
fn a_kept_session_is_found_until_its_end() {
    let now = unix_seconds();
    for (ends_at, found) in [(now + 100, true), (now, false), (now - 1, false)] {
        let client = client();
        keep(&client, kept(State::new(), now, ends_at));
        assert_eq!(load(&client).is_ok(), found);
    }
}

#[test]
fn a_session_ends_at_the_latest_when_session_max_seconds_are_over() {
    let client = client();
    let now = unix_seconds();
    let mut state = State::new().signed_in(signed_in("token"));
    state.created_at = now - 19_000;
    let session = Session::with_state(&client, Arc::new(state.clone()));
    let sealed = session.seal(&SealParams::default()).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(&sealed).unwrap();
    let opened = client.sealer().unwrap().open(Purpose::Cookie, &bytes);
    // Not the idle time of 8000 s from now, but the rest of the 20,000 s.
    assert_eq!(Kept::decode(&opened.unwrap()).unwrap().ends_at, now + 1000);
    state.created_at = now - 20_000;
    let session = Session::with_state(&client, Arc::new(state));
    let over = session.seal(&SealParams::default()).unwrap_err();
    assert_eq!(over.status(), Status::SessionNotFound);
    let over = pollster::block_on(session.save()).unwrap_err();
    assert_eq!(over.status(), Status::SessionNotFound);
}

#[test]
fn a_session_lives_no_longer_than_the_sign_ins_that_are_all_it_holds() {
    let now = unix_seconds();
    let client = client();
    let begun = with_sign_ins(&["a"]);
    for (state, life) in [
        (begun.clone(), 900),
        (State::new(), 900),
        (begun.signed_in(signed_in("token")), 8000),
        (begun.signed_out(Some("revoked".to_owned())), 8000),
    ] {
        let ends_at = client.session_end(&state);
        assert!(
            (now + life..now + life + 60).contains(&ends_at),
            "{state:?}"
        );
    }
}

#[test]
fn signing_in_begins_the_time_anew() {
    let mut state = State::new();
    state.created_at = 0;
    assert!(state.signed_in(signed_in("token")).created_at > 1_700_000_000);
    assert_eq!(state.with_sign_in(sign_in("a", 0), 900).created_at, 0);
}

#[test]
fn loading_prolongs_a_session_that_was_not_written_for_long() {
    let now = unix_seconds();
    for (age, is_written) in [(10, false), (900, false), (1100, true), (7000, true)] {
        let client = client();
        let state = State::new().signed_in(signed_in("token"));
        let key = keep(&client, kept(state, now - age, now + 8000 - age));
        load(&client).unwrap();
        let records = Records::of(&client).unwrap();
        let found = pollster::block_on(records.load_session(&key))
            .unwrap()
            .unwrap();
        assert_eq!(found.version, if is_written { 2 } else { 1 }, "{age}");
        assert_eq!(found.body.ends_at >= now + 8000, is_written, "{age}");
    }
}

#[test]
fn loading_brings_a_session_back_on_the_list_of_its_user() {
    let now = unix_seconds();
    // The list is gone when the memory was full; when the life is prolonged, it is written anyway.
    for age in [10, 1100] {
        let client = client_of_store(&format!("memory:?max_sessions={}", 3000 + age));
        let state = State::new().signed_in(signed_in_user("token", "kp_ada"));
        let key = keep(&client, kept(state, now - age, now + 8000 - age));
        let records = Records::of(&client).unwrap();
        let is_listed = || pollster::block_on(records.has_user("kp_ada", &key)).unwrap();
        assert!(!is_listed());
        load(&client).unwrap();
        assert!(is_listed(), "{age}");
    }
}

#[test]
fn a_sealed_session_that_was_not_sealed_for_long_is_to_be_sealed_again() {
    let now = unix_seconds();
    for (age, is_due) in [(10, false), (900, false), (1100, true)] {
        let client = client();
        let kept = kept(State::new(), now - age, now + 8000 - age);
        let session = Session::open(&client, &sealed(&client, &kept)).unwrap();
        let before = session.revision();
        // Nobody is signed in, which is no matter here.
        let _ = pollster::block_on(session.ensure_fresh(0));
        assert_eq!(session.revision() != before, is_due, "{age}");
        let after = session.revision();
        let _ = pollster::block_on(session.ensure_fresh(0));
        assert_eq!(session.revision(), after, "once is enough");
    }
}

#[test]
fn a_session_that_was_sealed_just_now_need_not_be_sealed_again() {
    let client = client();
    let now = unix_seconds();
    let kept = kept(State::new(), now - 1100, now + 6900);
    let session = Session::open(&client, &sealed(&client, &kept)).unwrap();
    session.seal(&SealParams::default()).unwrap();
    let before = session.revision();
    let _ = pollster::block_on(session.ensure_fresh(0));
    assert_eq!(session.revision(), before);
}

#[test]
fn a_text_longer_than_a_megabyte_is_no_sealed_session() {
    let client = client();
    let now = unix_seconds();
    for (length, opens) in [(380_000, true), (400_000, false)] {
        let mut state = State::new();
        // It is not compressed, and stands there twice: in the nonce too.
        let long = "x".repeat(length);
        state.sign_ins.push(Arc::new(sign_in(&long, now)));
        let sealed = sealed(&client, &kept(state, now, now + 100));
        assert_eq!(Session::open(&client, &sealed).is_ok(), opens, "{length}");
    }
}
