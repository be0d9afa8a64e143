//! The refreshes of one process: who wants the same shares one, and what came of it is remembered
//! for those who come with the old token.
//!
//! They outlive clients: a host may make one for each request.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::record::Kept;
use super::records::Found;
use super::state::SignedIn;
use super::store::{Content, Key, Memory, Of};
use crate::config::SharedKey;
use crate::error::{Error, Result};
use crate::flight::{Begin, Flight, Share};
use crate::runtime::{PerProcess, lock};
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
        Subject(Key::new(
            Of::Token,
            &["subject", client_id],
            refresh_token.expose(),
        ))
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
    /// Whether the tokens were renewed right now. Others may have renewed them long ago.
    pub is_new: bool,
}

impl From<Now> for Outcome {
    fn from(now: Now) -> Self {
        Outcome {
            now,
            error: None,
            is_new: false,
        }
    }
}

impl Outcome {
    /// The same, with tokens that were renewed right now.
    pub(super) fn of_new_tokens(self) -> Outcome {
        Outcome {
            is_new: true,
            ..self
        }
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
    /// Its refresh token is spent, and this is what is left, with which to go on.
    Left(Arc<SignedIn>),
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

/// The refreshes of clients that share connections: some of those of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewals {
    all: &'static All,
    /// A digest of what these clients have in common. It keeps nothing secret apart: whoever asks
    /// has the refresh token, or the key of the record.
    circle: u64,
}

#[derive(Debug)]
struct All {
    under_way: Mutex<HashMap<Place, Arc<Flight<Outcome>>>>,
    spent: Memory,
}

type Place = (u64, Subject);

static ALL: PerProcess<All> = PerProcess::new();

impl Default for All {
    fn default() -> Self {
        All {
            under_way: Mutex::default(),
            spent: Memory::new(REMEMBERED_LIMIT, REMEMBERED_LIMIT),
        }
    }
}

/// A refresh that others can join until this is dropped, with the work or without it.
struct UnderWay {
    all: &'static All,
    place: Place,
    flight: Arc<Flight<Outcome>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = lock(&self.all.under_way);
        if under_way
            .get(&self.place)
            .is_some_and(|current| Arc::ptr_eq(current, &self.flight))
        {
            under_way.remove(&self.place);
        }
    }
}

impl All {
    /// A share in the refresh at `place`; if none is under way, in the one that is to be started.
    fn share(&'static self, place: Place) -> (Share<Outcome>, Option<(Begin<Outcome>, UnderWay)>) {
        // Held until the share is taken: a refresh leaves the map before its result is given, so
        // that whoever finds it there gets that result.
        let mut under_way = lock(&self.under_way);
        let flight = under_way.entry(place.clone()).or_default().clone();
        let (share, begin) = flight.share();
        let begin = begin.map(|begin| {
            let all = self;
            (begin, UnderWay { all, place, flight })
        });
        (share, begin)
    }
}

/// What came before a refresh token.
struct Former {
    /// Where the successor of the token before stands: this token.
    successor: Key,
    /// Where stands what came before that one.
    predecessor: Key,
}

impl Renewals {
    pub(crate) fn of(clients: &SharedKey) -> Renewals {
        let mut circle = DefaultHasher::new();
        clients.hash(&mut circle);
        Renewals {
            all: ALL.get_or_init(All::default),
            circle: circle.finish(),
        }
    }

    /// The outcome of the refresh of `subject` that is under way, or of `start`.
    pub(super) async fn join<W>(
        self,
        subject: Subject,
        worker_threads: usize,
        start: impl FnOnce() -> W,
    ) -> Result<Outcome>
    where
        W: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let (share, begin) = self.all.share((self.circle, subject));
        if let Some((begin, under_way)) = begin {
            let work = start();
            begin.start(worker_threads, async move {
                let _under_way = under_way;
                work.await
            });
        }
        share.wait().await
    }

    #[cfg(test)]
    pub(super) fn is_under_way(&self, subject: &Subject) -> bool {
        lock(&self.all.under_way).contains_key(&(self.circle, subject.clone()))
    }

    /// What this process got for a refresh token, if that was a short time ago.
    pub(super) fn successor(&self, client_id: &str, refresh_token: &Secret) -> Option<Successor> {
        let key = self.key(SUCCESSOR, client_id, refresh_token);
        self.remembered(&key)
            .map(|found: Arc<Successor>| (*found).clone())
    }

    /// A token that was not rotated can be sent again, so nothing is remembered of it.
    pub(super) fn remember(&self, client_id: &str, refresh_token: &Secret, successor: Successor) {
        let next = successor.signed_in().refresh_token().cloned();
        if next.as_ref() == Some(refresh_token) {
            return;
        }
        let of_spent = self.key(SUCCESSOR, client_id, refresh_token);
        if let Some(next) = next {
            let former = Former {
                successor: of_spent.clone(),
                predecessor: self.key(PREDECESSOR, client_id, refresh_token),
            };
            let of_next = self.key(PREDECESSOR, client_id, &next);
            self.put(of_next, former);
            // What was given just now is not spent, even if it was given before.
            self.forget(&self.key(SUCCESSOR, client_id, &next));
        }
        self.put(of_spent, successor);
    }

    /// Lets nobody get a refresh token that is being revoked for one before it. Gives those that
    /// this process got for it, which are to be revoked too.
    pub(super) fn withdraw(&self, client_id: &str, refresh_token: &Secret) -> Vec<Secret> {
        let mut before = self.key(PREDECESSOR, client_id, refresh_token);
        while let Some(former) = self.take::<Former>(&before) {
            self.forget(&former.successor);
            before = former.predecessor.clone();
        }
        let mut successors = Vec::new();
        let mut key = self.key(SUCCESSOR, client_id, refresh_token);
        while let Some(successor) = self.take::<Successor>(&key) {
            let Some(next) = successor.signed_in().refresh_token() else {
                break;
            };
            successors.push(next.clone());
            key = self.key(SUCCESSOR, client_id, next);
        }
        successors
    }

    fn put(&self, key: Key, content: impl std::any::Any + Send + Sync) {
        let content = Content::Open(Arc::new(content));
        self.all.spent.put(key, content, REMEMBERED);
    }

    fn remembered<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        match self.all.spent.load(key)?.content {
            Content::Open(content) => content.downcast().ok(),
            Content::Sealed(_) => None,
        }
    }

    fn take<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        let taken = self.remembered(key);
        self.forget(key);
        taken
    }

    fn forget(&self, key: &Key) {
        // Whatever it is: a conflict is not possible.
        let _ = self.all.spent.delete(key, None);
    }

    fn key(&self, role: &str, client_id: &str, refresh_token: &Secret) -> Key {
        let circle = format!("{:x}", self.circle);
        let owner = [role, &circle, client_id];
        Key::new(Of::Token, &owner, refresh_token.expose())
    }
}

const SUCCESSOR: &str = "successor";
const PREDECESSOR: &str = "predecessor";
