//! Renewing a session's tokens: one refresh at a time, and no token sent once too often.

use std::sync::Arc;

use super::Session;
use super::state::{Origin, SignedIn, State};
use crate::client::{Accepted, Expected, Source};
use crate::error::{Error, Result, Status};
use crate::flight::Flight;
use crate::oauth::{TokenRefresh, TokenSet};
use crate::secret::Secret;

/// How often a refresh token is sent again, at once, when no answer came.
const RESENDS_LIMIT: usize = 2;

/// Lets all who want the same session refreshed share one refresh.
#[derive(Debug, Default)]
pub(super) struct Refresher(Flight<()>);

impl Session {
    /// Renews the tokens now. Callers at the same time share one refresh.
    ///
    /// `INVALID_GRANT` ends the session; any other failure leaves it as it is.
    pub async fn refresh(&self) -> Result<()> {
        let held = self.0.state.load().held()?.clone();
        self.join_refresh(held).await
    }

    async fn join_refresh(&self, held: Arc<SignedIn>) -> Result<()> {
        let session = self.clone();
        let worker_threads = self.0.client.worker_threads();
        self.0
            .refresher
            .get_or_init(Refresher::default)
            .0
            .join(worker_threads, move || async move {
                session.0.client.within_timeout(session.renew(&held)).await
            })
            .await
    }

    /// Makes sure that the access token lasts for `min_seconds`; answers whether it was renewed.
    /// The only place of automatic refresh.
    ///
    /// A token that cannot be renewed now but is not expired yet is good enough.
    pub async fn ensure_fresh(&self, min_seconds: i64) -> Result<bool> {
        let held = self.0.state.load().held()?.clone();
        if held.lasts(min_seconds.max(0)) || (held.refreshed_in_vain && held.lasts(0)) {
            return Ok(false);
        }
        if !held.can_be_renewed() {
            return self.0.state.load().live().map(|_| false);
        }
        match self.join_refresh(held.clone()).await {
            Ok(()) => Ok(true),
            Err(error) if held.lasts(0) && error.status() != Status::InvalidGrant => {
                crate::log::warn(
                    "session",
                    &format!("the tokens could not be renewed yet: {error}"),
                );
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn renew(&self, held: &Arc<SignedIn>) -> Result<()> {
        if !self.holds(held) {
            // Another caller renewed the tokens, or the session ended, since this one looked.
            return self.0.state.load().held().map(|_| ());
        }
        match &held.origin {
            Origin::Machine(params) => self.sign_in_machine(params.clone()).await,
            Origin::User { audience, nonce } => {
                self.renew_user(held, audience, nonce.as_deref()).await
            }
        }
    }

    async fn renew_user(
        &self,
        held: &Arc<SignedIn>,
        audience: &[String],
        nonce: Option<&str>,
    ) -> Result<()> {
        let Some(refresh_token) = &held.tokens.refresh_token else {
            return Err(Error::new(
                Status::NotAuthenticated,
                "the session has no refresh token: sign in again, and ask for the scope offline",
            ));
        };
        let answer = match self.send_refresh_token(refresh_token).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.status() == Status::InvalidGrant {
                    self.end(held, "Kinde no longer accepts the refresh token");
                } else if is_unusable_success(&error) {
                    self.replace(held, held.with_refresh_token(None));
                }
                return Err(error);
            }
        };
        let subject = held.subject();
        let expected = Expected {
            audience,
            nonce: held.id.as_ref().and(nonce),
            source: Source::Refresh,
            previous: held.id.as_deref(),
            subject: subject.as_deref(),
            ..Expected::default()
        };
        match self.0.client.accept(&answer, &expected).await {
            Ok(accepted) => {
                self.replace(held, held.renewed(answer, accepted));
                Ok(())
            }
            Err(error) => {
                // The old refresh token was spent by a success and must not be sent again.
                self.replace(held, held.with_refresh_token(answer.refresh_token));
                Err(error)
            }
        }
    }

    /// Sends the refresh token; again only while it is unknown whether it was taken.
    async fn send_refresh_token(&self, refresh_token: &Secret) -> Result<TokenSet> {
        let mut resends = 0;
        loop {
            let result = self
                .0
                .client
                .request_refresh(&TokenRefresh::new(refresh_token.clone()))
                .await;
            match result {
                Err(error) if error.status() == Status::Network && resends < RESENDS_LIMIT => {
                    resends += 1;
                }
                result => return result,
            }
        }
    }

    fn holds(&self, held: &Arc<SignedIn>) -> bool {
        let state = self.0.state.load();
        state
            .signed_in
            .as_ref()
            .is_some_and(|s| Arc::ptr_eq(s, held))
    }

    /// Puts renewed tokens in place, unless the session was changed otherwise meanwhile.
    fn replace(&self, held: &Arc<SignedIn>, renewed: SignedIn) {
        self.change_if_held(held, |state| state.signed_in(renewed.clone()));
    }

    fn end(&self, held: &Arc<SignedIn>, reason: &str) {
        self.change_if_held(held, |state| state.signed_out(Some(reason.to_owned())));
    }

    fn change_if_held(&self, held: &Arc<SignedIn>, change: impl Fn(&State) -> State) {
        self.0.state.rcu(|state| match &state.signed_in {
            Some(current) if Arc::ptr_eq(current, held) => Arc::new(change(state)),
            _ => state.clone(),
        });
    }
}

/// The token endpoint took the refresh token, and one member of its answer is of no use. What is no
/// such answer at all, a proxy's page perhaps, says nothing about the refresh token.
fn is_unusable_success(error: &Error) -> bool {
    error.http_status() == Some(200)
        && error.status() == Status::MalformedResponse
        && error.field().is_some()
}

impl SignedIn {
    fn with_refresh_token(&self, refresh_token: Option<Secret>) -> SignedIn {
        let mut changed = self.clone();
        changed.tokens.refresh_token = refresh_token;
        changed
    }

    fn can_be_renewed(&self) -> bool {
        match self.origin {
            Origin::Machine(_) => true,
            Origin::User { .. } => self.tokens.refresh_token.is_some(),
        }
    }

    /// What a refresh makes of this: what did not come back is kept.
    fn renewed(&self, mut answer: TokenSet, accepted: Accepted) -> SignedIn {
        let same = answer.access_token == self.tokens.access_token;
        let former = &self.tokens;
        answer.id_token = answer.id_token.or_else(|| former.id_token.clone());
        answer.refresh_token = answer
            .refresh_token
            .or_else(|| former.refresh_token.clone());
        answer.scope = answer.scope.or_else(|| former.scope.clone());
        let mut renewed = SignedIn::new(answer, accepted, self.origin.clone());
        renewed.id = renewed.id.or_else(|| self.id.clone());
        renewed.refreshed_in_vain = same;
        renewed
    }
}
