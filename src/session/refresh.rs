//! Renewing a session's tokens: one refresh at a time, and no token sent once too often.

use std::sync::Arc;

use super::Session;
use super::keeping::Home;
use super::record::Kept;
use super::records::Found;
use super::renewals::{Now, Outcome, Subject, Successor};
use super::shared_refresh::renew_record;
use super::state::{Origin, SignedIn, State};
use super::store::Key;
use crate::client::{Accepted, Client, Expected, Source};
use crate::error::{Error, Result, Status};
use crate::oauth::{ClientCredentials, TokenRefresh, TokenSet};
use crate::secret::Secret;

/// How often one refresh sends its token: again, at once, as long as no answer came.
pub(super) const SENDINGS_LIMIT: u8 = 3;

/// Why a session ends whose refresh token is refused.
pub(super) const REFUSED: &str = "Kinde no longer accepts the refresh token";

impl Session {
    /// Renews the tokens now. Callers at the same time share one refresh, in this process and, if
    /// the session is kept in a store, in all that use the store.
    ///
    /// `INVALID_GRANT` ends the session; any other failure leaves it as it is.
    pub async fn refresh(&self) -> Result<()> {
        self.renew_to_last(0).await
    }

    /// Makes sure that the access token lasts for `min_seconds`; answers whether it was renewed.
    /// The only place of automatic refresh, which [`Session::fetch`] comes through too. To be called
    /// once per request: a sealed session that was not sealed anew for long counts as changed from
    /// here on, so that its life is prolonged.
    ///
    /// A token that cannot be renewed now but is not expired yet is good enough. Without the
    /// setting `auto_refresh` none is renewed.
    pub async fn ensure_fresh(&self, min_seconds: i64) -> Result<bool> {
        self.prolong();
        let min_seconds = min_seconds.max(0);
        let held = self.0.state.load().held()?.clone();
        if !self.0.client.settings().auto_refresh {
            return self.0.state.load().live().map(|_| false);
        }
        if held.is_fresh(min_seconds) {
            return Ok(false);
        }
        if !held.can_be_renewed() {
            return self.0.state.load().live().map(|_| false);
        }
        match self.renew_to_last(min_seconds).await {
            Ok(()) => Ok(true),
            Err(error) if error.status() == Status::InvalidGrant => Err(error),
            Err(error) => match self.0.state.load().live() {
                Ok(current) => {
                    crate::log::warn(
                        "session",
                        &format!("the tokens could not be renewed yet: {error}"),
                    );
                    Ok(!current.is_same(&held))
                }
                Err(_) => Err(error),
            },
        }
    }

    /// Renews the tokens. Those that others renewed before may be over again: then they are renewed
    /// too.
    async fn renew_to_last(&self, min_seconds: i64) -> Result<()> {
        if !self.renew().await? && !self.0.state.load().held()?.is_fresh(min_seconds) {
            self.renew().await?;
        }
        self.0.state.load().live().map(|_| ())
    }

    /// Takes over what came of a refresh; answers whether the tokens are new, and not what others
    /// renewed before.
    pub(super) async fn renew(&self) -> Result<bool> {
        let state = self.0.state.load_full();
        let held = state.held()?;
        if let Origin::Machine(credentials) = &held.origin {
            return self.renew_machine(held, credentials).await.map(|()| true);
        }
        match self.home_of(&state, held).await? {
            Some(home) => self.renew_kept(&home, held).await,
            None => self.renew_alone(held).await,
        }
    }

    async fn renew_machine(
        &self,
        held: &Arc<SignedIn>,
        credentials: &ClientCredentials,
    ) -> Result<()> {
        let client = self.0.client.clone();
        let request = credentials.clone();
        let machine = async move { client.machine_tokens(request).await };
        let (tokens, accepted) = self.0.client.run_to_end(machine).await?;
        let renewed = SignedIn::new(tokens, accepted, held.origin.clone());
        self.replace(held, &Arc::new(renewed));
        Ok(())
    }

    /// Where the session is kept, if this sign-in is.
    async fn home_of(&self, state: &State, held: &SignedIn) -> Result<Option<Arc<Home>>> {
        let kept = || {
            let home = self.0.home.load_full();
            home.filter(|home| home.state.generation == state.generation)
        };
        let home = kept();
        let has_held = |home: &Home| {
            let kept = home.state.signed_in.as_ref();
            kept.is_some_and(|kept| kept.is_same(held))
        };
        if home.as_deref().is_none_or(has_held) {
            return Ok(home);
        }
        // Either another thread is about to say that they are, or they were renewed while the
        // sign-in was being kept: then the record has a spent refresh token, which it must not be
        // renewed with.
        self.save().await?;
        Ok(kept())
    }

    async fn renew_kept(&self, home: &Home, held: &Arc<SignedIn>) -> Result<bool> {
        held.require_refresh_token()?;
        let (key, tokens) = (home.key.clone(), held.clone());
        let generation = home.state.generation;
        let work = move |client| renew_record(client, key, tokens, generation);
        let outcome = self.join(Subject::record(&home.key), work).await?;
        self.take(outcome, held, Some(&home.key)).await
    }

    async fn renew_alone(&self, held: &Arc<SignedIn>) -> Result<bool> {
        let mut held = held.clone();
        loop {
            let token = held.require_refresh_token()?;
            let subject = Subject::token(self.0.client.client_id(), token);
            let tokens = held.clone();
            let work = move |client| renew_token(client, tokens);
            let outcome = self.join(subject, work).await?;
            let Now::Left(left) = outcome.now else {
                return self.take(outcome, &held, None).await;
            };
            // Others may hold what is left already, so the refresh of that is another subject.
            self.replace(&held, &left);
            held = left;
        }
    }

    /// Shares the refresh of a subject with all who want it. Who waits gives up in time. The refresh
    /// goes on until it knows what came of it.
    async fn join<W>(
        &self,
        subject: Subject,
        start: impl FnOnce(Client) -> W + Send + 'static,
    ) -> Result<Outcome>
    where
        W: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let client = self.0.client.clone();
        let joined = self.0.client.run(async move {
            let renewals = client.shared()?.renewals;
            let threads = client.worker_threads();
            renewals.join(subject, threads, || start(client)).await
        });
        joined.await
    }

    /// Does to this session what a refresh led to, which it may have shared with others. `kept` is
    /// the record that was refreshed, if it was one.
    async fn take(&self, outcome: Outcome, held: &SignedIn, kept: Option<&Key>) -> Result<bool> {
        match outcome.now {
            Now::Same => {}
            Now::Has(tokens) | Now::Left(tokens) => self.replace(held, &tokens),
            Now::Ended(reason) => {
                self.change_if_held(held, |state| state.signed_out(Some(reason.to_owned())));
            }
            Now::Kept(found) => self.take_record(kept, Some(found)).await?,
            Now::Gone => self.take_record(kept, None).await?,
        }
        match outcome.error {
            Some(error) => Err(error),
            // Others may have ended the session instead of renewing it.
            None => self.0.state.load().held().map(|_| outcome.is_new),
        }
    }

    /// Takes over what a record has become, none if it is gone. By now the session may be kept under
    /// another id, and be somebody else's.
    async fn take_record(&self, key: Option<&Key>, found: Option<Found<Kept>>) -> Result<()> {
        let _turn = self.turn().await;
        let home = self.0.home.load_full();
        let Some(home) = home.filter(|home| Some(&home.key) == key) else {
            return Ok(());
        };
        match found {
            Some(found) if home.version < found.version => self.adopt(&home, &found),
            Some(_) => {}
            None => self.lose(&home)?,
        }
        Ok(())
    }

    /// Puts renewed tokens in place, unless the session was changed otherwise meanwhile.
    fn replace(&self, held: &SignedIn, renewed: &Arc<SignedIn>) {
        self.change_if_held(held, |state| state.with_tokens(renewed.clone()));
    }

    fn change_if_held(&self, held: &SignedIn, change: impl Fn(&State) -> State) {
        self.0.state.rcu(|state| match &state.signed_in {
            Some(current) if current.is_same(held) => Arc::new(change(state)),
            _ => state.clone(),
        });
    }
}

/// Refreshes tokens that this process alone knows to be of one session, if of any.
async fn renew_token(client: Client, held: Arc<SignedIn>) -> Result<Outcome> {
    let renewals = client.shared()?.renewals;
    let token = held.require_refresh_token()?;
    match renewals.successor(client.client_id(), token) {
        Some(Successor::Renewed(renewed)) => return Ok(Outcome::from(Now::Has(renewed))),
        Some(Successor::Left(left)) => return Ok(Outcome::from(Now::Left(left))),
        None => {}
    }
    let mut sendings = 0;
    loop {
        sendings += 1;
        match client.send_refresh_token(&held).await {
            Sending::Renewed(renewed) => {
                let successor = Successor::Renewed(renewed.clone());
                renewals.remember(client.client_id(), token, successor);
                return Ok(Outcome::from(Now::Has(renewed)).of_new_tokens());
            }
            Sending::Spent(left, error) => {
                let successor = Successor::Left(left.clone());
                renewals.remember(client.client_id(), token, successor);
                return Ok(Outcome::from(Now::Has(left)).but(error));
            }
            Sending::Refused(error) => {
                return Ok(Outcome::from(Now::Ended(REFUSED)).but(error));
            }
            Sending::Lost(_) if sendings < SENDINGS_LIMIT => {}
            Sending::Lost(error) | Sending::Failed(error) => {
                return Ok(Outcome::from(Now::Same).but(error));
            }
        }
    }
}

/// What came of sending a refresh token once.
pub(super) enum Sending {
    Renewed(Arc<SignedIn>),
    /// The issuer took it, but the answer is of no use; this is what is left of the sign-in.
    Spent(Arc<SignedIn>, Error),
    /// The issuer accepts it no longer.
    Refused(Error),
    /// No answer came: nobody knows whether it was taken. Worth trying at once.
    Lost(Error),
    /// Not renewed, for now.
    Failed(Error),
}

impl Client {
    pub(super) async fn send_refresh_token(&self, held: &SignedIn) -> Sending {
        let (token, audience, nonce) = match (&held.origin, held.require_refresh_token()) {
            (Origin::User { audience, nonce }, Ok(token)) => (token, audience, nonce),
            (_, Err(error)) => return Sending::Failed(error),
            (Origin::Machine(_), Ok(_)) => return Sending::Failed(no_refresh_token()),
        };
        let answer = match self
            .request_refresh(&TokenRefresh::new(token.clone()))
            .await
        {
            Ok(answer) => answer,
            Err(error) if error.status() == Status::InvalidGrant => return Sending::Refused(error),
            Err(error) if error.status() == Status::Network => return Sending::Lost(error),
            Err(error) if is_unusable_success(&error) => {
                return Sending::Spent(held.with_refresh_token(None), error);
            }
            Err(error) => return Sending::Failed(error),
        };
        let subject = held.subject();
        let expected = Expected {
            audience,
            nonce: held.id.as_ref().and(nonce.as_deref()),
            source: Source::Refresh,
            previous: held.id.as_deref(),
            subject: subject.as_deref(),
            ..Expected::default()
        };
        match self.accept(&answer, &expected).await {
            Ok(accepted) => Sending::Renewed(Arc::new(held.renewed(answer, accepted))),
            // The old refresh token was spent by a success and must not be sent again.
            Err(error) => Sending::Spent(held.with_refresh_token(answer.refresh_token), error),
        }
    }
}

/// The token endpoint took the refresh token, and one member of its answer is of no use. What is no
/// such answer at all, a proxy's page perhaps, says nothing about the refresh token.
fn is_unusable_success(error: &Error) -> bool {
    error.http_status() == Some(200)
        && error.status() == Status::MalformedResponse
        && error.field().is_some()
}

fn no_refresh_token() -> Error {
    Error::new(
        Status::NotAuthenticated,
        "the session has no refresh token: sign in again, and ask for the scope offline",
    )
}

impl SignedIn {
    pub(super) fn require_refresh_token(&self) -> Result<&Secret> {
        self.refresh_token().ok_or_else(no_refresh_token)
    }

    fn with_refresh_token(&self, refresh_token: Option<Secret>) -> Arc<SignedIn> {
        let mut changed = self.clone();
        changed.sendings = 0;
        if let Some(tokens) = &mut changed.tokens {
            tokens.refresh_token = refresh_token;
        }
        Arc::new(changed)
    }

    /// Whether the access token lasts as long as any that a refresh would give.
    fn is_fresh(&self, min_seconds: i64) -> bool {
        self.lasts(min_seconds) || (self.refreshed_in_vain && self.lasts(0))
    }

    pub(super) fn can_be_renewed(&self) -> bool {
        match self.origin {
            Origin::Machine(_) => true,
            Origin::User { .. } => self.refresh_token().is_some(),
        }
    }

    /// What a refresh makes of this: what did not come back is kept.
    fn renewed(&self, mut answer: TokenSet, accepted: Accepted) -> SignedIn {
        let mut same = false;
        if let Some(former) = &self.tokens {
            same = answer.access_token == former.access_token;
            answer.id_token = answer.id_token.or_else(|| former.id_token.clone());
            answer.refresh_token = answer
                .refresh_token
                .or_else(|| former.refresh_token.clone());
            answer.scope = answer.scope.or_else(|| former.scope.clone());
        }
        let mut renewed = SignedIn::new(answer, accepted, self.origin.clone());
        renewed.id = renewed.id.or_else(|| self.id.clone());
        renewed.refreshed_in_vain = same;
        renewed
    }
}
