//! Keeping a session in the store of its client, under an id that the browser gets.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Session;
use super::merge::merge;
use super::record::{Kept, SealContent};
use super::records::{ATTEMPTS, Body, Found, Records, contended};
use super::state::State;
use super::store::{Key, Of, Swap};
use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::{Error, Result, Status};
use crate::oauth::random;
use crate::secret::Secret;

/// A session is kept again without a change when this part of its idle time has passed.
const TOUCH_PART: i64 = 8;

const THE_SESSION: &str = "the session";

/// The length of an id: 256 bits in base64url.
const ID_LENGTH: usize = 43;

/// Where a session is kept, and as what.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub id: Secret,
    pub key: Key,
    pub version: u64,
    /// What the store holds, as far as this session knows.
    pub state: Arc<State>,
}

impl Body for Kept {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Kept::encode(self, SealContent::All)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Kept::decode(bytes)
    }

    fn size(&self) -> usize {
        self.state.size()
    }
}

impl Home {
    fn new(records: &Records) -> Result<Home> {
        let id = random::text(random::bytes::<32>()?.as_slice());
        Ok(Home {
            key: records.key(Of::Session, &id),
            id: id.into(),
            version: 0,
            state: Arc::new(State::new()),
        })
    }

    /// The same place, where this was found or written.
    pub(super) fn with(&self, found: &Found<Kept>) -> Home {
        Home {
            id: self.id.clone(),
            key: self.key.clone(),
            version: found.version,
            state: found.body.state.clone(),
        }
    }
}

impl Records {
    /// The session under a key; none if there is none, or its time is over.
    pub(super) async fn load_session(&self, key: &Key) -> Result<Option<Found<Kept>>> {
        let found = self.load::<Kept>(key).await?;
        Ok(found.filter(|found| found.body.ends_at > unix_seconds()))
    }

    /// What is kept of a session that is to be deleted. What cannot be opened can be deleted all
    /// the same.
    async fn last_state(&self, key: &Key) -> Result<Option<Arc<State>>> {
        match self.load_session(key).await {
            Ok(found) => Ok(found.map(|found| found.body.state.clone())),
            Err(error) if error.status() == Status::SessionInvalid => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a state, if the record still has the version `former`. None on conflict.
    pub(super) async fn save_session(
        &self,
        key: &Key,
        former: Option<u64>,
        state: Arc<State>,
    ) -> Result<Option<Found<Kept>>> {
        let now = unix_seconds();
        let ends_at = self.client().session_end(&state);
        if ends_at <= now {
            return Err(not_found());
        }
        let kept = Arc::new(Kept::new(state, now, ends_at));
        self.save(key, former, kept, ends_at - now).await
    }

    /// Writes a session that is in use again, so that it lives on. It is put on the list of its
    /// user's again too, which so lives on with it, is sealed with the same key, and comes back if
    /// the store has dropped it.
    async fn prolong_session(&self, key: &Key, found: &Found<Kept>) -> Result<Option<Found<Kept>>> {
        let state = &found.body.state;
        self.list_session(key, state).await?;
        self.save_session(key, Some(found.version), state.clone())
            .await
    }

    /// Puts a session on the list of its user's, if it has one.
    async fn list_session(&self, key: &Key, state: &State) -> Result<()> {
        let Some(subject) = state.subject() else {
            return Ok(());
        };
        let last_end = self.client().session_last_end(state.created_at);
        self.add_to_user(&subject, key, last_end).await
    }

    async fn delete_session(&self, home: &Home) -> Result<()> {
        // Whatever version it has: a conflict is not possible.
        let _ = self.delete(&home.key, None).await?;
        self.leave_user(&home.key, &home.state).await;
        Ok(())
    }

    /// Takes a session that is gone off the list of its user. A name too many on it harms nobody.
    async fn leave_user(&self, key: &Key, state: &State) {
        let Some(subject) = state.subject() else {
            return;
        };
        if let Err(error) = self.remove_from_user(&subject, key).await {
            warn_of_list(&error);
        }
    }
}

impl Session {
    /// Keeps the session in the store of the setting `store_url`, and gives the id under which
    /// [`Session::load`] finds it: 43 characters that are fit for a cookie. Does nothing if nothing
    /// changed since it was kept.
    ///
    /// A session that is new, or in which somebody signed in or out, gets a new id, and what was
    /// kept under the old one is deleted: whoever knew the id before must not know it now. What
    /// another request changed meanwhile is kept too.
    ///
    /// # Errors
    /// `STORE`; `SESSION_NOT_FOUND` if the session was ended elsewhere, or is over;
    /// `CONFLICT` if too many others change it at once.
    pub async fn save(&self) -> Result<String> {
        let session = self.clone();
        let keep = async move {
            let _turn = session.turn().await;
            session.keep(|_| Ok(())).await
        };
        self.0.client.at_store(keep).await
    }

    /// The session that was kept under this id. Using it prolongs its life.
    ///
    /// # Errors
    /// `SESSION_NOT_FOUND` if there is none, `SESSION_INVALID` if it cannot be opened, `STORE`.
    pub async fn load(client: &Client, id: &str) -> Result<Session> {
        if !is_id(id) {
            return Err(not_found());
        }
        let owned = client.clone();
        let id = Secret::new(id);
        client
            .at_store(async move { Session::find(&owned, id).await })
            .await
    }

    async fn find(client: &Client, id: Secret) -> Result<Session> {
        let records = Records::of(client)?;
        let key = records.key(Of::Session, id.expose());
        let mut found = records.load_session(&key).await?.ok_or_else(not_found)?;
        if client.is_to_be_kept_again(found.body.kept_at) {
            match records.prolong_session(&key, &found).await {
                Ok(Some(again)) => found = again,
                // Somebody else kept it just now.
                Ok(None) => {}
                Err(error) => crate::log::warn(
                    "session",
                    &format!("the life of a session was not prolonged: {error}"),
                ),
            }
        } else if !records.keep_list_in_memory(&found.body)
            && let Err(error) = records.list_session(&key, &found.body.state).await
        {
            warn_of_list(&error);
        }
        Ok(Session::at_home(
            client,
            Home {
                id,
                key,
                version: found.version,
                state: found.body.state.clone(),
            },
        ))
    }

    /// Ends the session that is kept under this id. Succeeds if there is none.
    ///
    /// # Errors
    /// `STORE`.
    pub async fn delete(client: &Client, id: &str) -> Result<()> {
        if !is_id(id) {
            return Ok(());
        }
        let owned = client.clone();
        let id = Secret::new(id);
        client
            .at_store(async move {
                let records = Records::of(&owned)?;
                let key = records.key(Of::Session, id.expose());
                let state = records.last_state(&key).await?;
                let home = Home {
                    id,
                    key,
                    version: 0,
                    state: state.unwrap_or_else(|| Arc::new(State::new())),
                };
                records.delete_session(&home).await
            })
            .await
    }

    /// Writes what changed. `judge` sees what others made of the session before it is merged, none if
    /// they ended it, and may give up. For the one who has the turn.
    pub(super) async fn keep(
        &self,
        judge: impl Fn(Option<&State>) -> Result<()>,
    ) -> Result<String> {
        let records = Records::of(&self.0.client)?;
        for _ in 0..ATTEMPTS {
            let state = self.0.state.load_full();
            let home = self.0.home.load_full();
            let Some(home) = home.filter(|home| home.state.generation == state.generation) else {
                return self.move_home(&records, &judge).await;
            };
            if Arc::ptr_eq(&home.state, &state) {
                return Ok(home.id.expose().to_owned());
            }
            let saved = records.save_session(&home.key, Some(home.version), state);
            match saved.await? {
                Some(found) => self.0.home.store(Some(Arc::new(home.with(&found)))),
                None => match records.load_session(&home.key).await? {
                    Some(theirs) => {
                        judge(Some(&theirs.body.state))?;
                        self.adopt(&home, &theirs);
                    }
                    None => {
                        self.lose(&home)?;
                        judge(None)?;
                    }
                },
            }
        }
        Err(contended(THE_SESSION))
    }

    /// Takes over what others made of the session, with what was changed here since.
    pub(super) fn adopt(&self, home: &Home, theirs: &Found<Kept>) {
        let theirs_state = &theirs.body.state;
        self.0.state.rcu(|ours| {
            if Arc::ptr_eq(ours, &home.state) {
                theirs_state.clone()
            } else {
                Arc::new(merge(&home.state, ours, theirs_state))
            }
        });
        self.0.home.store(Some(Arc::new(home.with(theirs))));
    }

    /// A session whose record is gone was ended by somebody else: nobody is signed in any more,
    /// which is an error; unless somebody signed in since, who was not kept there.
    pub(super) fn lose(&self, home: &Home) -> Result<()> {
        let is_kept_there = |state: &State| state.generation == home.state.generation;
        self.0.home.store(None);
        let former = self.0.state.rcu(|state| match is_kept_there(state) {
            true => Arc::new(state.signed_out(Some("the session was ended elsewhere".to_owned()))),
            false => state.clone(),
        });
        match is_kept_there(&former) {
            true => Err(not_found()),
            false => Ok(()),
        }
    }

    /// Keeps the session under a new id and deletes what is kept under the former one.
    async fn move_home(
        &self,
        records: &Records,
        judge: &impl Fn(Option<&State>) -> Result<()>,
    ) -> Result<String> {
        let mut home = Home::new(records)?;
        let mut state = self.0.state.load_full();
        let subject = state.subject().map(Cow::into_owned);
        records.list_session(&home.key, &state).await?;
        let mut version = None;
        let mut former = self.0.home.load_full();
        loop {
            let saved = records.save_session(&home.key, version, state.clone());
            let found = saved.await?.ok_or_else(|| contended(THE_SESSION))?;
            version = Some(found.version);
            home = home.with(&found);
            let Some(old) = former else { break };
            former = match self.leave(records, &old, judge).await {
                Ok(changed) => changed,
                Err(error) => {
                    // The old id must not stay good beside the new one: this is no success.
                    let _ = records.delete_session(&home).await;
                    return Err(error);
                }
            };
            if former.is_none() {
                break;
            }
            state = self.0.state.load_full();
        }
        if let Some(subject) = &subject
            && !records.has_user(subject, &home.key).await?
        {
            // All sessions of the user were ended while this one was being written.
            records.delete_session(&home).await?;
            self.lose(&home)?;
            return Err(contended(THE_SESSION));
        }
        let id = home.id.expose().to_owned();
        self.0.home.store(Some(Arc::new(home)));
        Ok(id)
    }

    /// Deletes what is kept under a former id. What others made of it meanwhile is taken over, and
    /// given as what is to be left instead.
    async fn leave(
        &self,
        records: &Records,
        old: &Home,
        judge: &impl Fn(Option<&State>) -> Result<()>,
    ) -> Result<Option<Arc<Home>>> {
        if records.delete(&old.key, Some(old.version)).await? == Swap::Done {
            records.leave_user(&old.key, &old.state).await;
            return Ok(None);
        }
        let theirs = records.load_session(&old.key).await?;
        judge(theirs.as_ref().map(|theirs| &*theirs.body.state))?;
        Ok(theirs.map(|theirs| {
            let theirs_state = &theirs.body.state;
            self.0
                .state
                .rcu(|ours| merge(&old.state, ours, theirs_state));
            Arc::new(old.with(&theirs))
        }))
    }

    /// Deletes what is kept of this session, and gives the latest state that was.
    pub(super) async fn leave_home(&self) -> Result<Option<Arc<State>>> {
        let _turn = self.turn().await;
        let Some(home) = self.0.home.load_full() else {
            return Ok(None);
        };
        let records = Records::of(&self.0.client)?;
        let latest = records.last_state(&home.key).await?;
        records.delete_session(&home).await?;
        self.0.home.store(None);
        Ok(latest)
    }
}

impl Client {
    /// Ends all sessions of one user in the store: of one who was deleted or suspended, say.
    /// Sealed sessions that browsers carry cannot be ended from here.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` if `sub` is empty, `STORE`, `CONFLICT`.
    pub async fn revoke_sessions(&self, sub: &str) -> Result<()> {
        if sub.is_empty() {
            return Err(Error::invalid_argument("sub", "must not be empty"));
        }
        let client = self.clone();
        let sub = sub.to_owned();
        self.at_store(async move { Records::of(&client)?.revoke_user(&sub).await })
            .await
    }

    /// Does what only waits for the store: here if that is the memory of this process, which keeps
    /// nobody waiting, otherwise on the library's threads. It goes on when the caller gives up: a
    /// half is worse than the whole.
    pub(super) async fn at_store<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        // Boxed, so that it is compiled once for both ways.
        let work: Pin<Box<dyn Future<Output = Result<T>> + Send>> = Box::pin(work);
        if self.store()?.is_elsewhere() {
            self.run_to_end(work).await
        } else {
            work.await
        }
    }

    pub(super) fn is_to_be_kept_again(&self, kept_at: i64) -> bool {
        let age = unix_seconds().saturating_sub(kept_at);
        age > self.session_idle_seconds() / TOUCH_PART
    }
}

/// Whether this can be an id at all; nothing else is hashed and asked for.
fn is_id(id: &str) -> bool {
    id.len() == ID_LENGTH
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

pub(super) fn not_found() -> Error {
    Error::new(
        Status::SessionNotFound,
        "there is no such session: it is over, was ended, or never was; begin a new one",
    )
}

fn warn_of_list(error: &Error) {
    crate::log::warn(
        "session",
        &format!("the list of a user's sessions was not updated: {error}"),
    );
}
