//! What Kinde knows about the session's user now, which the tokens may not say yet.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Session;
use super::conditions::AccountConditions;
use super::state::{Origin, SignedIn};
use crate::api::{self, AccountRequest, ApiRequest, Call};
use crate::client::Access;
use crate::error::{Error, Result, Status};
use crate::json::Json;
use crate::oauth::{self, UserProfileRequest};

/// What is asked of Kinde with the user's access token.
pub(super) enum Question {
    Account(AccountRequest),
    Conditions(AccountConditions),
    Api(Box<ApiRequest>),
}

impl Session {
    /// Asks Kinde about the user, instead of the token: what was changed since the token was made
    /// counts. An [`AccountRequest`] says what can be asked, and what comes back.
    ///
    /// An expired access token is renewed first, and one that Kinde refuses is renewed once, unless
    /// the setting `auto_refresh` is off. All requests together take no longer than the setting
    /// `timeout_ms`.
    ///
    /// # Errors
    /// `NOT_AUTHENTICATED` if no user is signed in, `TOKEN_EXPIRED`, `INVALID_GRANT`,
    /// `RATE_LIMITED`, `API` with Kinde's codes and HTTP status, `MALFORMED_RESPONSE`, `SUBJECT` if
    /// a profile speaks of somebody else, `INVALID_ARGUMENT`, and those of the way there.
    pub async fn fetch(&self, request: AccountRequest) -> Result<Json> {
        request.check()?;
        let session = self.clone();
        let answer = self.0.client.run(async move {
            match request {
                AccountRequest::RefreshClaims => session.refresh_claims().await,
                request => session.ask_kinde(&Question::Account(request)).await,
            }
        });
        answer.await.map(Json::from_value)
    }

    /// Whether all conditions hold by what Kinde says now: like [`Session::has`], and for billing
    /// too. Asks only for what the conditions name. No failure is taken for an answer.
    ///
    /// # Errors
    /// Those of [`Session::fetch`].
    pub async fn fetch_has(&self, conditions: AccountConditions) -> Result<bool> {
        let session = self.clone();
        let answer = self.0.client.run(async move {
            let question = Question::Conditions(conditions);
            session.ask_kinde(&question).await
        });
        Ok(answer.await? == Value::Bool(true))
    }

    /// Asks with a token that lasts; once more, from the beginning, with a new one if Kinde does not
    /// accept it, so that no answer is put together from two sign-ins.
    pub(super) async fn ask_kinde(&self, question: &Question) -> Result<Value> {
        let deadline = self.deadline();
        self.asker(question)?;
        self.ensure_fresh(0).await?;
        let user = self.asker(question)?;
        match self.ask_as(&user, question, deadline).await {
            Err(error) if is_refused_token(&error) => {
                let renewed = self.after_refusal(question, &user, error).await?;
                self.ask_as(&renewed, question, deadline).await
            }
            outcome => outcome,
        }
    }

    async fn ask_as(
        &self,
        user: &SignedIn,
        question: &Question,
        deadline: Instant,
    ) -> Result<Value> {
        let client = &self.0.client;
        let shared = client.shared()?;
        let call = Call {
            settings: client.settings(),
            http: &shared.http,
            pace: &shared.api_pace,
            token: &user.tokens()?.access_token,
            deadline,
        };
        match question {
            Question::Account(AccountRequest::UserProfile { version }) => {
                let request = UserProfileRequest {
                    access_token: call.token.clone(),
                    sub: user.subject().map(String::from),
                    version: version.clone(),
                };
                let endpoints = client.endpoints().await?;
                let profile =
                    oauth::user_profile(call.settings, &endpoints, call.http, &request).await?;
                Ok(profile.value().clone())
            }
            Question::Account(request) => api::answer(&call, request).await,
            Question::Conditions(conditions) => conditions.hold(&call).await.map(Value::Bool),
            Question::Api(request) => request.answer(&call.send(request).await?),
        }
    }

    /// The same user's tokens, renewed because Kinde refused the access token. Gives the refusal
    /// back if there are no others.
    async fn after_refusal(
        &self,
        question: &Question,
        user: &Arc<SignedIn>,
        refusal: Error,
    ) -> Result<Arc<SignedIn>> {
        if !self.0.client.settings().auto_refresh || !user.can_be_renewed() {
            return Err(refusal);
        }
        // Others may have renewed them while Kinde was asked.
        if self.asker(question)?.is_same(user) {
            match self.renew().await {
                Err(error) if error.status() == Status::InvalidGrant => return Err(error),
                Err(_) => return Err(refusal),
                Ok(_) => {}
            }
        }
        let renewed = self.asker(question)?;
        let is_another = renewed.tokens()?.access_token != user.tokens()?.access_token;
        match is_another && renewed.subject() == user.subject() {
            true => Ok(renewed),
            false => Err(refusal),
        }
    }

    /// Kinde gives the same access token until it expires, with the claims of then; this makes it
    /// give a new one.
    async fn refresh_claims(&self) -> Result<Value> {
        let deadline = self.deadline();
        let user = self.held_user()?;
        // Without it nothing would come of the new claims.
        user.require_refresh_token()?;
        let Some(subject) = user.subject() else {
            return Err(Error::new(
                Status::ClaimMissing,
                "the tokens do not say who the user is: ask for the scope openid when signing in",
            )
            .with_claim("sub"));
        };
        let client = &self.0.client;
        client.refresh_claims_of(&subject, deadline).await?;
        if !self.renew().await? {
            // Others renewed the tokens, perhaps before the claims were new.
            self.renew().await?;
        }
        let renewed = self.held_user()?;
        let refreshed = renewed.tokens()?.access_token != user.tokens()?.access_token;
        Ok(json!({ "refreshed": refreshed }))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.client.settings().timeout
    }

    /// Whose tokens a question is asked with, expired or not.
    fn asker(&self, question: &Question) -> Result<Arc<SignedIn>> {
        match question {
            Question::Api(_) => Ok(self.0.state.load().held()?.clone()),
            Question::Account(_) | Question::Conditions(_) => self.held_user(),
        }
    }

    /// The tokens of the user who is signed in, expired or not. A machine has no account.
    fn held_user(&self) -> Result<Arc<SignedIn>> {
        let held = self.0.state.load().held()?.clone();
        let is_machine = matches!(held.origin, Origin::Machine(_))
            || (matches!(held.access, Access::Jwt(_)) && held.subject().is_none());
        match is_machine {
            true => Err(Error::new(
                Status::NotAuthenticated,
                "no user is signed in, but a machine, which has no account",
            )),
            false => Ok(held),
        }
    }
}

/// Whether Kinde no longer accepts the access token, so that a new one may help.
fn is_refused_token(error: &Error) -> bool {
    error.http_status() == Some(401) || error.oauth_code() == Some("invalid_token")
}
