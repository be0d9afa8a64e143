//! Refreshing a session that several machines share.
//!
//! Kinde rotates refresh tokens: of two that send one, one ends with a dead token. So a refresh
//! takes the lease of the session's record. The others wait and read what it wrote. Before a token
//! is sent, the lease is prolonged and the record says so; a holder that dies leaves that mark and a
//! lease that ends by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lease::{Lease, Pauses};
use super::record::Kept;
use super::records::{Found, Records, contended};
use super::refresh::{REFUSED, SENDINGS_LIMIT, Sending};
use super::renewals::{Now, Outcome, Renewals, Successor};
use super::state::{SignedIn, State};
use super::store::Key;
use crate::client::Client;
use crate::error::{Result, Status};

/// How long it is tried to write an outcome down while the store is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the lease is taken again when it is lost. A store that loses each has a fault.
const LEASES_LIMIT: usize = 8;

/// Refreshes the tokens of a record, unless somebody else does or did.
pub(super) async fn renew_record(
    client: Client,
    key: Key,
    held: Arc<SignedIn>,
    generation: u64,
) -> Result<Outcome> {
    let records = Records::of(&client)?;
    let attempt = Attempt {
        renewals: client.shared()?.renewals,
        records: &records,
        key: &key,
        held: &held,
        generation,
    };
    for _ in 0..LEASES_LIMIT {
        match client.within_timeout(attempt.wait_for_turn()).await? {
            Turn::Ended(outcome) => return Ok(outcome),
            Turn::Ours(lease) => {
                if let Some(outcome) = lease.hold(attempt.renew(&lease)).await? {
                    return Ok(outcome);
                }
            }
        }
    }
    Err(contended("the session"))
}

enum Turn<'a> {
    Ours(Lease<'a>),
    /// Nothing is left to be done.
    Ended(Outcome),
}

/// A refresh of the tokens that a record has.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    renewals: Renewals,
    records: &'a Records,
    key: &'a Key,
    held: &'a SignedIn,
    /// Of the state whose tokens are held.
    generation: u64,
}

impl<'a> Attempt<'a> {
    async fn wait_for_turn(&self) -> Result<Turn<'a>> {
        let mut pauses = Pauses::new();
        loop {
            if let Some(lease) = Lease::take(self.records, self.key).await? {
                return Ok(Turn::Ours(lease));
            }
            if let Err(outcome) = self.look().await? {
                return Ok(Turn::Ended(outcome));
            }
            pauses.wait().await;
        }
    }

    /// The record, as long as it is to be renewed; otherwise what became of it.
    async fn look(&self) -> Result<std::result::Result<Found<Kept>, Outcome>> {
        let Some(found) = self.records.load_session(self.key).await? else {
            return Ok(Err(Outcome::from(Now::Gone)));
        };
        Ok(match self.is_to_be_renewed(&found.body.state) {
            true => Ok(found),
            false => Err(Outcome::from(Now::Kept(found))),
        })
    }

    fn is_to_be_renewed(&self, state: &State) -> bool {
        match &state.signed_in {
            Some(current) => current.is_same(self.held),
            // Others found the refresh token used up: it was this process that had used it, and
            // could not write down in time what it got.
            None => {
                state.generation == self.generation
                    && state.ended.as_deref() == Some(REFUSED)
                    && self.successor(self.held).is_some()
            }
        }
    }

    /// What this process got for the refresh token and could not write down.
    fn successor(&self, tokens: &SignedIn) -> Option<Successor> {
        let token = tokens.refresh_token()?;
        self.renewals.successor(self.client_id(), token)
    }

    /// For the holder of the lease; none if it is lost.
    async fn renew(&self, lease: &Lease<'_>) -> Result<Option<Outcome>> {
        loop {
            let found = match self.look().await? {
                Ok(found) => found,
                Err(outcome) => return Ok(Some(outcome)),
            };
            let state = found.body.state.clone();
            match (self.successor(self.held), &state.signed_in) {
                (Some(Successor::Renewed(renewed)), _) => {
                    let change = |state: &State| state.with_tokens(renewed.clone());
                    return self.settle(found, change).await.map(Some);
                }
                (Some(Successor::Left(left)), _) => {
                    self.settle(found, |state| state.with_tokens(left.clone()))
                        .await?;
                    let again = Attempt {
                        held: &left,
                        ..*self
                    };
                    return Box::pin(again.renew(lease)).await;
                }
                (None, None) => return Ok(Some(Outcome::from(Now::Kept(found)))),
                (None, Some(current)) => {
                    if !lease.prolong().await? {
                        return Ok(None);
                    }
                    if let Some(outcome) = self.send(found, current).await? {
                        return Ok(Some(outcome));
                    }
                }
            }
        }
    }

    /// Sends the refresh token of `current`, the tokens that were found, and writes down what came
    /// of it. None if it is to be sent again, or somebody else changed the record.
    async fn send(&self, found: Found<Kept>, current: &SignedIn) -> Result<Option<Outcome>> {
        let token = current.require_refresh_token()?;
        let Some(marked) = self.mark(&found, current).await? else {
            return Ok(None);
        };
        let outcome = match self.records.client().send_refresh_token(current).await {
            Sending::Renewed(renewed) => {
                let successor = Successor::Renewed(renewed.clone());
                self.renewals.remember(self.client_id(), token, successor);
                let change = |state: &State| state.with_tokens(renewed.clone());
                self.settle(marked, change).await?.of_new_tokens()
            }
            Sending::Spent(left, error) => {
                let successor = Successor::Left(left.clone());
                self.renewals.remember(self.client_id(), token, successor);
                let change = |state: &State| state.with_tokens(left.clone());
                self.settle(marked, change).await?.but(error)
            }
            // Believed only if nobody wrote another token meanwhile, which `settle` finds out.
            Sending::Refused(error) => {
                let change = |state: &State| state.signed_out(Some(REFUSED.to_owned()));
                self.settle(marked, change).await?.unless_renewed(error)
            }
            Sending::Lost(_) if current.sendings + 1 < SENDINGS_LIMIT => return Ok(None),
            Sending::Lost(error) | Sending::Failed(error) => {
                let change = |state: &State| state.with_tokens(current.with_sendings(0));
                self.settle(marked, change).await?.but(error)
            }
        };
        Ok(Some(outcome))
    }

    fn client_id(&self) -> &str {
        self.records.client().client_id()
    }

    /// Notes in the record that its refresh token is being sent. None if somebody else changed it.
    async fn mark(&self, found: &Found<Kept>, current: &SignedIn) -> Result<Option<Found<Kept>>> {
        // A holder that died sent it as often as the mark says; then a new series begins.
        let sendings = current.sendings % SENDINGS_LIMIT + 1;
        let marked = found
            .body
            .state
            .with_tokens(current.with_sendings(sendings));
        self.records
            .save_session(self.key, Some(found.version), Arc::new(marked))
            .await
    }

    /// Writes the outcome, however often others write in between, and though the store is away for a
    /// while. Others who changed the tokens are right, unless they found the refresh token used up by
    /// this process.
    async fn settle(
        &self,
        found: Found<Kept>,
        change: impl Fn(&State) -> State,
    ) -> Result<Outcome> {
        let mut found = found;
        let mut pauses = Pauses::new();
        let last_attempt = Instant::now() + PATIENCE;
        loop {
            let changed = Arc::new(change(&found.body.state));
            let version = Some(found.version);
            let again = match self.records.save_session(self.key, version, changed).await {
                Ok(Some(saved)) => return Ok(Outcome::from(Now::Kept(saved))),
                Ok(None) => self.look().await,
                Err(error) => Err(error),
            };
            match again {
                Ok(Ok(theirs)) => found = theirs,
                Ok(Err(outcome)) => return Ok(outcome),
                Err(error) if error.status() == Status::Store && Instant::now() < last_attempt => {
                    crate::log::warn(
                        "session",
                        &format!("the outcome of a refresh is not written down yet: {error}"),
                    );
                    pauses.wait().await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
