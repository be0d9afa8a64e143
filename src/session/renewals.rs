//! The refreshes of one process: who wants the same shares one, and what came of it is remembered
//! for those who come with the old token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::record::Kept;
use super::records::Found;
use super::state::SignedIn;
use super::store::{Content, Key, Memory, Of};
use crate::error::{Error, Result};
use crate::flight::Flight;
use crate::runtime::lock;
use crate::secret::Secret;

/// How long the tokens of a refresh are remembered for requests that carry the token before. Kinde
/// accepts that token for a short time only, whose length it does not state.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How many are remembered at most, and which came before them.
const REMEMBERED_LIMIT: usize = 20_000;

/// What is refreshed: a session's record, or a refresh token.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Subject(Key);

impl Subject {
    /// A refresh token is one client's; another that has it gets no share in what comes of it.
    pub(super) fn token(client_id: &str, refresh_token: &Secret) -> Subject {
        Subject(key("subject", client_id, refresh_token))
    }

    pub(super) fn record(key: &Key) -> Subject {
        Subject(key.clone())
    }
}

/// What a refresh led to, for everyone who shares it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub now: Now,
    /// Why the tokens were not renewed, if they were not.
    pub error: Option<Error>,
}

impl From<Now> for Outcome {
    fn from(now: Now) -> Self {
        Outcome { now, error: None }
    }
}

impl Outcome {
    pub(super) fn has(tokens: Arc<SignedIn>) -> Outcome {
        Outcome::from(Now::Has(tokens))
    }

    /// The same, as a failure.
    pub(super) fn but(self, error: Error) -> Outcome {
        Outcome {
            error: Some(error),
            ..self
        }
    }

    /// The same, as a failure, unless the record has tokens that somebody else renewed.
    pub(super) fn unless_renewed(self, error: Error) -> Outcome {
        match &self.now {
            Now::Kept(found) if found.body.state.signed_in.is_some() => self,
            _ => self.but(error),
        }
    }
}

/// What a session is after a refresh.
#[derive(Clone, Debug)]
pub(super) enum Now {
    /// As it was.
    Same,
    /// It has these tokens.
    Has(Arc<SignedIn>),
    /// Nobody is signed in any more, for this reason.
    Ended(&'static str),
    /// Its record is this.
    Kept(Found<Kept>),
    /// Its record is gone.
    Gone,
}

/// What a process got for a refresh token that is spent.
#[derive(Clone, Debug)]
pub(super) enum Successor {
    /// New tokens.
    Renewed(Arc<SignedIn>),
    /// An answer of no use: the former sign-in, with another refresh token, if even that.
    Left(Arc<SignedIn>),
}

impl Successor {
    pub(super) fn signed_in(&self) -> &Arc<SignedIn> {
        match self {
            Successor::Renewed(signed_in) | Successor::Left(signed_in) => signed_in,
        }
    }
}

/// All refreshes of clients that share connections.
#[derive(Debug)]
pub(crate) struct Renewals {
    under_way: Mutex<HashMap<Subject, Arc<Flight<Outcome>>>>,
    spent: Memory,
}

impl Default for Renewals {
    fn default() -> Self {
        Renewals {
            under_way: Mutex::default(),
            spent: Memory::new(REMEMBERED_LIMIT, REMEMBERED_LIMIT),
        }
    }
}

impl Renewals {
    /// The outcome of the refresh of `subject` that is under way, or of `start`.
    pub(super) async fn join<W>(
        self: &Arc<Self>,
        subject: Subject,
        worker_threads: usize,
        start: impl FnOnce() -> W,
    ) -> Result<Outcome>
    where
        W: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let flight = self.flight(subject.clone());
        let renewals = self.clone();
        let ending = flight.clone();
        flight
            .join(worker_threads, move || {
                let work = start();
                async move {
                    let outcome = work.await;
                    renewals.forget(&subject, &ending);
                    outcome
                }
            })
            .await
    }

    fn flight(&self, subject: Subject) -> Arc<Flight<Outcome>> {
        lock(&self.under_way).entry(subject).or_default().clone()
    }

    /// Those who come from now on begin a new refresh.
    fn forget(&self, subject: &Subject, flight: &Arc<Flight<Outcome>>) {
        let mut under_way = lock(&self.under_way);
        if under_way
            .get(subject)
            .is_some_and(|current| Arc::ptr_eq(current, flight))
        {
            under_way.remove(subject);
        }
    }

    /// What this process got for a refresh token, if that was a short time ago.
    pub(super) fn successor(&self, client_id: &str, refresh_token: &Secret) -> Option<Successor> {
        let record = self.spent.load(&key(SUCCESSOR, client_id, refresh_token))?;
        let Content::Open(successor) = record.content else {
            return None;
        };
        successor.downcast_ref::<Successor>().cloned()
    }

    /// A token that was not rotated can be sent again, so nothing is remembered of it.
    pub(super) fn remember(&self, client_id: &str, refresh_token: &Secret, successor: Successor) {
        let next = successor.signed_in().refresh_token().cloned();
        if next.as_ref() == Some(refresh_token) {
            return;
        }
        let of_spent = key(SUCCESSOR, client_id, refresh_token);
        if let Some(next) = next {
            let former = Content::Open(Arc::new(of_spent.clone()));
            let of_next = key(PREDECESSOR, client_id, &next);
            self.spent.put(of_next, former, REMEMBERED);
        }
        let successor = Content::Open(Arc::new(successor));
        self.spent.put(of_spent, successor, REMEMBERED);
    }

    /// Lets nobody get a refresh token that is being revoked for one before it.
    pub(super) fn withdraw(&self, client_id: &str, refresh_token: &Secret) {
        let former = self.spent.load(&key(PREDECESSOR, client_id, refresh_token));
        if let Some(Content::Open(former)) = former.map(|record| record.content)
            && let Some(key) = former.downcast_ref::<Key>()
        {
            // Whatever it is: a conflict is not possible.
            let _ = self.spent.delete(key, None);
        }
    }
}

const SUCCESSOR: &str = "successor";
const PREDECESSOR: &str = "predecessor";

fn key(role: &str, client_id: &str, refresh_token: &Secret) -> Key {
    let owner = format!("{role} {client_id}");
    Key::new(Of::Token, &owner, refresh_token.expose())
}
