//! What a process remembers of refresh tokens that are spent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::super::renewals::{Now, Outcome, Subject, Successor};
use super::super::state::{SignedIn, State};
use super::super::{LogoutParams, Session};
use super::{client, signed_in};
use crate::client::Client;
use crate::error::Status;
use crate::secret::Secret;

/// Where nobody listens, so that a token that is sent gets no answer. Each shares its memory with no
/// other.
fn cut_off() -> Client {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let user_agent = format!("cut-off-{number}");
    let settings = json!({"domain": "http://127.0.0.1:1", "user_agent": user_agent});
    client().derive(&settings.to_string()).unwrap()
}

fn with_refresh_token(access_token: &str, refresh_token: Option<&str>) -> Arc<SignedIn> {
    let mut signed_in = signed_in(access_token);
    if let Some(tokens) = &mut signed_in.tokens {
        tokens.refresh_token = refresh_token.map(Into::into);
    }
    Arc::new(signed_in)
}

fn kept_session(client: &Client) -> (Session, String) {
    let state = State::new().with_tokens(with_refresh_token("old", Some("spent")));
    let session = Session::with_state(client, Arc::new(state));
    let id = pollster::block_on(session.save()).unwrap();
    (session, id)
}

fn remember(client: &Client, successor: Successor) {
    let renewals = &client.shared().unwrap().renewals;
    renewals.remember(client.client_id(), &"spent".into(), successor);
}

fn refresh(session: &Session) -> crate::Result<()> {
    pollster::block_on(session.refresh())
}

fn kept_tokens(client: &Client, id: &str) -> (String, Option<String>) {
    let session = pollster::block_on(Session::load(client, id)).unwrap();
    let tokens = session.tokens().unwrap();
    let refresh_token = tokens.refresh_token.as_ref();
    (
        tokens.access_token.expose().to_owned(),
        refresh_token.map(|token| token.expose().to_owned()),
    )
}

#[test]
fn tokens_that_could_not_be_written_down_are_written_down_later() {
    let client = cut_off();
    let (session, id) = kept_session(&client);
    remember(
        &client,
        Successor::Renewed(with_refresh_token("new", Some("next"))),
    );
    refresh(&session).unwrap();
    assert_eq!(kept_tokens(&client, &id).0, "new");
    assert_eq!(session.access_token().unwrap().expose(), "new");
}

#[test]
fn a_refresh_that_gave_nothing_but_a_refresh_token_goes_on_with_that() {
    let client = cut_off();
    let (session, id) = kept_session(&client);
    remember(
        &client,
        Successor::Left(with_refresh_token("old", Some("next"))),
    );
    assert_eq!(refresh(&session).unwrap_err().status(), Status::Network);
    let (access_token, refresh_token) = kept_tokens(&client, &id);
    assert_eq!(access_token, "old");
    assert_eq!(refresh_token.as_deref(), Some("next"));
}

#[test]
fn a_refresh_that_gave_nothing_at_all_is_no_success() {
    let client = cut_off();
    let (session, id) = kept_session(&client);
    remember(&client, Successor::Left(with_refresh_token("old", None)));
    let error = refresh(&session).unwrap_err();
    assert_eq!(error.status(), Status::NotAuthenticated);
    assert_eq!(kept_tokens(&client, &id).1, None);
}

#[test]
fn what_is_revoked_is_nobodys_successor() {
    let client = cut_off();
    let (session, _) = kept_session(&client);
    let next = with_refresh_token("new", Some("next"));
    remember(&client, Successor::Renewed(next.clone()));
    let later = Session::with_state(&client, Arc::new(State::new().with_tokens(next)));
    pollster::block_on(later.logout(&LogoutParams::default())).unwrap();
    assert_eq!(refresh(&session).unwrap_err().status(), Status::Network);
}

#[test]
fn a_token_that_was_given_again_is_not_spent() {
    let client = cut_off();
    let renewals = client.shared().unwrap().renewals;
    let tokens = ["one", "two"].map(|token| with_refresh_token("new", Some(token)));
    let [one, two] = ["one", "two"].map(Secret::from);
    let id = client.client_id();
    renewals.remember(id, &one, Successor::Left(tokens[1].clone()));
    assert!(renewals.successor(id, &one).is_some());
    renewals.remember(id, &two, Successor::Left(tokens[0].clone()));
    assert!(renewals.successor(id, &one).is_none());
    assert!(renewals.successor(id, &two).is_some());
}

#[test]
fn a_refresh_that_fails_by_a_panic_is_not_under_way_for_ever() {
    let client = cut_off();
    let renewals = client.shared().unwrap().renewals;
    let subject = Subject::token(client.client_id(), &"spent".into());
    let seen = subject.clone();
    let joined = renewals.join(subject.clone(), 1, || async move {
        assert!(!renewals.is_under_way(&seen), "on purpose");
        Ok(Outcome::from(Now::Same))
    });
    assert!(pollster::block_on(joined).is_err());
    assert!(!renewals.is_under_way(&subject));
}

#[test]
fn another_client_has_no_share_in_what_came_of_a_refresh() {
    let client = cut_off();
    remember(
        &client,
        Successor::Renewed(with_refresh_token("new", Some("next"))),
    );
    let other = client.derive(r#"{"client_id": "another"}"#).unwrap();
    assert!(Arc::ptr_eq(
        client.shared().unwrap(),
        other.shared().unwrap()
    ));
    let (session, _) = kept_session(&other);
    assert_eq!(refresh(&session).unwrap_err().status(), Status::Network);
}
