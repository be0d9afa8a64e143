//! Refreshing a session that several machines share.
//!
//! Kinde rotates refresh tokens: of two that send one, one ends with a dead token. So a refresh
//! takes the lease of the session's record. The others wait and read what it wrote. Before a token
//! is sent, the record says so; a holder that dies leaves that mark and a lease that ends by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lease::{Lease, Pauses};
use super::record::Kept;
use super::records::{Found, Records};
use super::refresh::{REFUSED, SENDINGS_LIMIT, Sending};
use super::renewals::{Now, Outcome, Renewals, Successor};
use super::state::{SignedIn, State};
use super::store::Key;
use crate::client::Client;
use crate::error::{Result, Status};

/// How long it is tried to write an outcome down while the store is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Refreshes the tokens of a record, unless somebody else does or did.
pub(super) async fn renew_record(client: Client, key: Key, held: Arc<SignedIn>) -> Result<Outcome> {
    let records = Records::of(&client)?;
    let turn = client.within_timeout(wait_for_turn(&records, &key, &held));
    match turn.await? {
        Turn::Ended(outcome) => Ok(outcome),
        Turn::Ours(lease) => {
            let holder = Holder {
                renewals: &client.shared()?.renewals,
                records: &records,
                key: &key,
                held: &held,
            };
            lease.hold(holder.renew()).await
        }
    }
}

enum Turn<'a> {
    Ours(Lease<'a>),
    /// Nothing is left to be done.
    Ended(Outcome),
}

async fn wait_for_turn<'a>(
    records: &'a Records,
    key: &'a Key,
    held: &SignedIn,
) -> Result<Turn<'a>> {
    let mut pauses = Pauses::new();
    loop {
        if let Some(lease) = Lease::take(records, key).await? {
            return Ok(Turn::Ours(lease));
        }
        if let Err(outcome) = look(records, key, held).await? {
            return Ok(Turn::Ended(outcome));
        }
        pauses.wait().await;
    }
}

/// The record, as long as its tokens are still `held`; otherwise what became of it.
async fn look(
    records: &Records,
    key: &Key,
    held: &SignedIn,
) -> Result<std::result::Result<Found<Kept>, Outcome>> {
    let Some(found) = records.load_session(key).await? else {
        return Ok(Err(Outcome::from(Now::Gone)));
    };
    Ok(match &found.body.state.signed_in {
        Some(current) if current.is_same(held) => Ok(found),
        _ => Err(Outcome::from(Now::Kept(found))),
    })
}

/// The one that may refresh a record's tokens.
#[derive(Clone, Copy)]
struct Holder<'a> {
    renewals: &'a Renewals,
    records: &'a Records,
    key: &'a Key,
    held: &'a SignedIn,
}

impl Holder<'_> {
    async fn renew(&self) -> Result<Outcome> {
        loop {
            let found = match look(self.records, self.key, self.held).await? {
                Ok(found) => found,
                Err(outcome) => return Ok(outcome),
            };
            let Some(current) = found.body.state.signed_in.clone() else {
                return Ok(Outcome::from(Now::Kept(found)));
            };
            let token = current.require_refresh_token()?;
            // This process had a success that it could not write down.
            match self.renewals.successor(self.client_id(), token) {
                Some(Successor::Renewed(renewed)) => {
                    let change = |state: &State| state.with_tokens(renewed.clone());
                    return self.settle(found, change).await;
                }
                Some(Successor::Left(left)) => {
                    self.settle(found, |state| state.with_tokens(left.clone()))
                        .await?;
                    let again = Holder {
                        held: &left,
                        ..*self
                    };
                    return Box::pin(again.renew()).await;
                }
                None => {}
            }
            let Some(marked) = self.mark(&found, &current).await? else {
                continue;
            };
            match self.records.client().send_refresh_token(&current).await {
                Sending::Renewed(renewed) => {
                    let successor = Successor::Renewed(renewed.clone());
                    self.renewals.remember(self.client_id(), token, successor);
                    let change = |state: &State| state.with_tokens(renewed.clone());
                    return self.settle(marked, change).await;
                }
                Sending::Spent(left, error) => {
                    self.renewals
                        .remember(self.client_id(), token, Successor::Left(left.clone()));
                    let change = |state: &State| state.with_tokens(left.clone());
                    return Ok(self.settle(marked, change).await?.but(error));
                }
                // Believed only if nobody wrote another token meanwhile, which `settle` finds out.
                Sending::Refused(error) => {
                    let change = |state: &State| state.signed_out(Some(REFUSED.to_owned()));
                    return Ok(self.settle(marked, change).await?.unless_renewed(error));
                }
                Sending::Lost(_) if current.sendings + 1 < SENDINGS_LIMIT => {}
                Sending::Lost(error) | Sending::Failed(error) => {
                    let change = |state: &State| state.with_tokens(current.with_sendings(0));
                    return Ok(self.settle(marked, change).await?.but(error));
                }
            }
        }
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
    /// while. Others who changed the tokens are right.
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
                Ok(None) => look(self.records, self.key, self.held).await,
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
