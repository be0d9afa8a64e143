//! The list of a user's sessions.

use std::sync::Arc;

use pollster::block_on;

use super::super::records::Records;
use super::super::state::State;
use super::super::store::{Key, Of};
use super::client_of_store;
use crate::clock::unix_seconds;

const USER: &str = "kp_ada";

fn add(records: &Records, session: &Key, ends_at: i64) {
    block_on(records.add_to_user(USER, session, ends_at)).unwrap();
}

fn has(records: &Records, session: &Key) -> bool {
    block_on(records.has_user(USER, session)).unwrap()
}

#[test]
fn of_too_many_sessions_the_one_that_would_end_first_is_ended() {
    let client = client_of_store("memory:?max_sessions=2001&max_bytes=100000001");
    let records = Records::of(&client).unwrap();
    let end = unix_seconds() + 1000;
    let session = |number: i64| records.key(Of::Session, &number.to_string());
    // The one to be ended is neither the oldest on the list nor the newest.
    for number in 0..1000 {
        add(&records, &session(number), end + (number - 500).abs());
    }
    let doomed = session(500);
    let state = Arc::new(State::new());
    let saved = block_on(records.save_session(&doomed, None, state));
    assert!(saved.unwrap().is_some());
    add(&records, &session(1000), end + 1000);
    assert!(!has(&records, &doomed));
    assert!(block_on(records.load_session(&doomed)).unwrap().is_none());
    for number in [0, 499, 501, 999, 1000] {
        assert!(has(&records, &session(number)), "{number}");
    }
}

#[test]
fn a_session_that_is_added_is_not_the_one_too_many() {
    let client = client_of_store("memory:?max_sessions=2004&max_bytes=100000004");
    let records = Records::of(&client).unwrap();
    let end = unix_seconds() + 1000;
    let session = |number: i64| records.key(Of::Session, &number.to_string());
    // As after `session_max_seconds` was lowered.
    for number in 1..=1000 {
        add(&records, &session(number), end + number);
    }
    add(&records, &session(0), end);
    assert!(has(&records, &session(0)));
    assert!(!has(&records, &session(1)));
    assert!(has(&records, &session(2)));
}

#[test]
fn a_session_whose_time_is_over_leaves_the_list() {
    let client = client_of_store("memory:?max_sessions=2002&max_bytes=100000002");
    let records = Records::of(&client).unwrap();
    let now = unix_seconds();
    let session = |name: &str| records.key(Of::Session, name);
    add(&records, &session("lasting"), now + 1000);
    add(&records, &session("over"), now);
    add(&records, &session("new"), now + 1000);
    assert!(!has(&records, &session("over")));
    assert!(has(&records, &session("lasting")) && has(&records, &session("new")));
}

#[test]
fn a_session_stands_on_the_list_once() {
    let client = client_of_store("memory:?max_sessions=2003&max_bytes=100000003");
    let records = Records::of(&client).unwrap();
    let session = records.key(Of::Session, "a");
    let end = unix_seconds() + 1000;
    for _ in 0..1001 {
        add(&records, &session, end);
    }
    let other = records.key(Of::Session, "b");
    add(&records, &other, end);
    assert!(has(&records, &session) && has(&records, &other));
    block_on(records.remove_from_user(USER, &session)).unwrap();
    assert!(!has(&records, &session) && has(&records, &other));
}
