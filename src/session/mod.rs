//! One user's sign-in: its state, how it begins, is renewed and ends, the questions asked of it.

mod account;
mod api;
mod callback;
mod conditions;
mod cookies;
mod keeping;
mod lease;
mod merge;
mod questions;
mod record;
mod records;
mod refresh;
mod renewals;
mod seal;
mod sealed;
mod seen_events;
mod shared_machine_token;
mod shared_refresh;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod users;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::{ArcSwap, ArcSwapOption};
use futures_util::future::join_all;
use tokio::sync::{Mutex, MutexGuard};

pub use self::callback::{CallbackOutcome, Outcome};
pub use self::conditions::AccountConditions;
pub use self::cookies::{
    CookieAttributes, CookieJoin, CookieSplit, JoinedCookies, SameSite, SetCookie, SplitCookies,
};
use self::keeping::Home;
pub use self::questions::TokenType;
pub(crate) use self::renewals::Renewals;
pub(crate) use self::seal::Sealer;
pub use self::sealed::{SealContent, SealParams};
pub(crate) use self::seen_events::{is_event_seen, note_event_seen};
pub(crate) use self::shared_machine_token::shared_machine_token;
use self::state::{Origin, SignIn, SignedIn, State};
pub(crate) use self::store::Store;
use crate::client::{Client, Expected, Source};
use crate::clock::unix_seconds;
use crate::error::{Error, Result};
use crate::oauth::{
    AuthorizationParams, ClientCredentials, LogoutParams, Purpose, Revocation, TokenSet,
};
use crate::runtime::PerProcess;
use crate::secret::Secret;

/// One user's sign-in. Cheap to clone: clones are the same session. All methods may be called from
/// any number of threads at once; questions never use the network.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    client: Client,
    state: ArcSwap<State>,
    /// Where it is kept, if it is.
    home: ArcSwapOption<Home>,
    /// Held by the one who changes `home`.
    turn: PerProcess<Mutex<()>>,
    /// When it was last sealed, in Unix seconds; 0 if it never was.
    sealed_at: AtomicI64,
}

impl Session {
    /// A session in which nobody is signed in.
    pub fn new(client: &Client) -> Session {
        Session::with_state(client, Arc::new(State::new()))
    }

    fn with_state(client: &Client, state: Arc<State>) -> Session {
        Session::with_home(client, state, None)
    }

    fn at_home(client: &Client, home: Home) -> Session {
        Session::with_home(client, home.state.clone(), Some(Arc::new(home)))
    }

    fn with_home(client: &Client, state: Arc<State>, home: Option<Arc<Home>>) -> Session {
        Session(Arc::new(Inner {
            client: client.clone(),
            state: ArcSwap::new(state),
            home: ArcSwapOption::new(home),
            turn: PerProcess::new(),
            sealed_at: AtomicI64::new(0),
        }))
    }

    /// Waits until nobody else changes where the session is kept.
    async fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.get_or_init(Mutex::default).lock().await
    }

    /// A session of tokens that the host kept. Signature, issuer, kind and parties are checked; an
    /// expired access token is accepted, so that the session can be refreshed.
    pub async fn from_tokens(client: &Client, tokens: TokenSet) -> Result<Session> {
        let owned = client.clone();
        client
            .run(async move {
                let audience = owned.settings().audience.clone();
                let expected = Expected {
                    audience: &audience,
                    source: Source::Host,
                    ..Expected::default()
                };
                let accepted = owned.accept(&tokens, &expected).await?;
                let origin = Origin::User {
                    audience,
                    nonce: None,
                };
                let signed_in = SignedIn::new(tokens, accepted, origin);
                let state = State::new().signed_in(signed_in);
                Ok(Session::with_state(&owned, Arc::new(state)))
            })
            .await
    }

    /// The client that this session belongs to.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The URL of Kinde's sign-in page for this session.
    pub fn login_url(&self, params: &AuthorizationParams) -> Result<String> {
        self.begin(params, Purpose::SignIn, None)
    }

    /// The URL of Kinde's registration page for this session.
    pub fn register_url(&self, params: &AuthorizationParams) -> Result<String> {
        self.begin(params, Purpose::Register, None)
    }

    /// The URL of the page that registers a user with a new organization.
    pub fn create_org_url(&self, params: &AuthorizationParams) -> Result<String> {
        self.begin(params, Purpose::CreateOrganization, None)
    }

    /// Begins a sign-in; `return_to` is used where the parameters name none.
    fn begin(
        &self,
        params: &AuthorizationParams,
        purpose: Purpose,
        return_to: Option<String>,
    ) -> Result<String> {
        let client = &self.0.client;
        let request = client.authorization_request(params, purpose)?;
        let sign_in = SignIn {
            state: request.state.as_str().into(),
            nonce: request.nonce,
            code_verifier: request.code_verifier,
            redirect_uri: request.redirect_uri,
            scope: request.scope,
            audience: request.audience,
            return_to: request.return_to.or(return_to),
            begun_at: unix_seconds(),
        };
        let lifetime = client.sign_in_lifetime_seconds();
        self.0
            .state
            .rcu(|state| state.with_sign_in(sign_in.clone(), lifetime));
        Ok(request.url)
    }

    /// Signs the client itself in, by its credentials (RFC 6749, section 4.4).
    pub async fn client_credentials(&self, params: ClientCredentials) -> Result<()> {
        let session = self.clone();
        self.0
            .client
            .run(async move { session.sign_in_machine(params).await })
            .await
    }

    async fn sign_in_machine(&self, params: ClientCredentials) -> Result<()> {
        let client = &self.0.client;
        let origin = Origin::Machine(params.clone());
        let (tokens, accepted) = client.machine_tokens(params).await?;
        let signed_in = SignedIn::new(tokens, accepted, origin);
        self.0.state.rcu(|state| state.signed_in(signed_in.clone()));
        Ok(())
    }

    /// Signs out: forgets the tokens, deletes what is kept in the store, revokes the refresh token
    /// and those that this process got for it just before if the setting `revoke_on_logout` says so,
    /// and gives the URL to send the browser to. Succeeds even if revoking fails.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`; `STORE` or `TIMEOUT` if what is kept could not be deleted: then the
    /// session is forgotten here and alive there, and is to be logged out again.
    pub async fn logout(&self, params: &LogoutParams) -> Result<String> {
        let url = self.0.client.logout_url(params)?;
        let forgotten = self.forget();
        let session = self.clone();
        let leave = async move { session.leave_home().await };
        let kept = self.0.client.at_store(leave).await?;
        let session = self.clone();
        let revoked = self.0.client.run_to_end(async move {
            // What was kept may be of a later refresh, or of somebody who signed in before.
            let states = [Some(forgotten), kept];
            session.revoke(states.iter().flatten()).await;
            Ok(())
        });
        if let Err(error) = revoked.await {
            warn_of_revoking(&error);
        }
        Ok(url)
    }

    /// Signs out in this session alone, without the network; gives the URL to send the browser to.
    pub fn logout_url(&self, params: &LogoutParams) -> Result<String> {
        let url = self.0.client.logout_url(params)?;
        self.forget();
        Ok(url)
    }

    /// Ends the session, its sign-ins under way included; gives the state as it was.
    fn forget(&self) -> Arc<State> {
        self.0.state.rcu(|state| state.forgotten())
    }

    /// Revokes the refresh tokens of these states, and those that this process got for them: a
    /// browser may come with an old cookie beside a new one.
    async fn revoke(&self, states: impl Iterator<Item = &Arc<State>>) {
        let client = &self.0.client;
        let mut tokens: Vec<Secret> = Vec::new();
        for state in states {
            let signed_in = state.signed_in.as_deref();
            let Some(token) = signed_in.and_then(SignedIn::refresh_token) else {
                continue;
            };
            let mut newer = match client.shared() {
                Ok(shared) => shared.renewals.withdraw(client.client_id(), token),
                Err(_) => Vec::new(),
            };
            newer.push(token.clone());
            newer.retain(|token| !tokens.contains(token));
            tokens.append(&mut newer);
        }
        if client.settings().revoke_on_logout {
            join_all(tokens.into_iter().map(|token| self.revoke_one(token))).await;
        }
    }

    async fn revoke_one(&self, token: Secret) {
        let revocation = Revocation {
            token_type_hint: Some("refresh_token".to_owned()),
            ..Revocation::new(token)
        };
        if let Err(error) = self.0.client.revoke(&revocation).await {
            warn_of_revoking(&error);
        }
    }

    /// Differs when the session must be kept again.
    pub fn revision(&self) -> u64 {
        self.0.state.load().revision
    }
}

fn warn_of_revoking(error: &Error) {
    crate::log::warn(
        "session",
        &format!("the refresh token could not be revoked: {error}"),
    );
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.load();
        f.debug_struct("Session")
            .field("revision", &state.revision)
            .field("signed_in", &state.signed_in.is_some())
            .finish_non_exhaustive()
    }
}
