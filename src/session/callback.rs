//! The browser comes back: judging the callback and finishing the sign-in.

use std::sync::Arc;

use serde_json::json;

use super::Session;
use super::state::{Origin, SignIn, SignedIn};
use crate::client::Expected;
use crate::error::{Error, Result, Status};
use crate::oauth::{AuthorizationParams, Callback, CodeExchange, Purpose, Reauth};
use crate::secret::Secret;

/// What a callback led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user is signed in.
    SignedIn,
    /// The link was expired: send the browser to the outcome's URL. Nobody was signed in by it.
    Restart,
}

/// What a callback led to, and where to go from here.
#[derive(Clone, Debug)]
pub struct CallbackOutcome {
    /// What happened.
    pub outcome: Outcome,
    /// Where the application wanted the user to go after the sign-in.
    pub return_to: Option<String>,
    /// Where to send the browser, for [`Outcome::Restart`].
    pub url: Option<String>,
}

impl CallbackOutcome {
    /// `{outcome, return_to, url}`.
    pub fn to_json(&self) -> String {
        let outcome = match self.outcome {
            Outcome::SignedIn => "signed_in",
            Outcome::Restart => "restart",
        };
        json!({"outcome": outcome, "return_to": self.return_to, "url": self.url}).to_string()
    }
}

impl Session {
    /// Finishes a sign-in: takes the URL, path with query, or query that the browser came back
    /// with, judges it, exchanges the code and verifies both tokens.
    ///
    /// The order of judgement is fixed: repeated parameters, `state`, `iss`, `error`, `code`.
    pub async fn handle_callback(&self, url_or_query: &str) -> Result<CallbackOutcome> {
        let callback = Callback::parse(url_or_query)?;
        let session = self.clone();
        self.0
            .client
            .run(async move { session.judge_callback(&callback).await })
            .await
    }

    async fn judge_callback(&self, callback: &Callback) -> Result<CallbackOutcome> {
        let endpoints = self.0.client.endpoints().await?;
        let sign_in = self.take_sign_in(callback).await?;
        let state = sign_in.as_ref().map(|sign_in| sign_in.state.expose());
        let verdict = callback.judge(state, &endpoints.issuer, endpoints.response_iss_required);
        match (verdict, sign_in) {
            (Ok(code), Some(sign_in)) => self.finish(&sign_in, code).await,
            (Err(error), _) if error.status() == Status::ResponseIssuer => Err(error),
            (Err(error), sign_in) => match callback.expired_link() {
                Some(reauth) => self.restart(reauth, sign_in.as_deref(), error),
                None => Err(error),
            },
            (Ok(_), None) => Err(no_sign_in()),
        }
    }

    /// Finds the sign-in under way and removes it: a state is good for one callback, on whichever
    /// machine it arrives first.
    async fn take_sign_in(&self, callback: &Callback) -> Result<Option<Arc<SignIn>>> {
        let lifetime = self.0.client.sign_in_lifetime_seconds();
        let mut taken = None;
        self.0.state.rcu(|current| {
            taken = current.sign_in_of(callback, lifetime);
            match &taken {
                Some(sign_in) => Arc::new(current.without_sign_in(sign_in)),
                None => current.clone(),
            }
        });
        if let Some(sign_in) = &taken
            && self.0.home.load().is_some()
        {
            let _turn = self.turn().await;
            self.keep(
                |theirs| match theirs.is_some_and(|theirs| theirs.has_sign_in(sign_in)) {
                    true => Ok(()),
                    false => Err(no_sign_in()),
                },
            )
            .await?;
        }
        Ok(taken)
    }

    /// Answers an expired link with a fresh sign-in, once per session and lifetime. Changes nothing
    /// else in the session, because such a callback can come from another browser.
    fn restart(
        &self,
        reauth: Reauth,
        sign_in: Option<&SignIn>,
        otherwise: Error,
    ) -> Result<CallbackOutcome> {
        let lifetime = self.0.client.sign_in_lifetime_seconds();
        let mut first = false;
        self.0.state.rcu(|current| {
            first = current.may_restart(lifetime);
            if first {
                Arc::new(current.restarted())
            } else {
                current.clone()
            }
        });
        if !first {
            return Err(otherwise);
        }
        let params = AuthorizationParams::from_reauth(reauth);
        let return_to = sign_in.and_then(|sign_in| sign_in.return_to.clone());
        let url = self.begin(&params, Purpose::SignIn, return_to.clone())?;
        Ok(CallbackOutcome {
            outcome: Outcome::Restart,
            return_to,
            url: Some(url),
        })
    }

    async fn finish(&self, sign_in: &SignIn, code: Secret) -> Result<CallbackOutcome> {
        let client = &self.0.client;
        let mut exchange = CodeExchange::new(code);
        exchange.code_verifier = sign_in.code_verifier.clone();
        exchange.redirect_uri = Some(sign_in.redirect_uri.clone());
        let (tokens, accepted) = client
            .exchange(
                &exchange,
                &Expected {
                    scope: Some(&sign_in.scope),
                    audience: &sign_in.audience,
                    nonce: Some(&sign_in.nonce),
                    ..Expected::default()
                },
            )
            .await?;
        let origin = Origin::User {
            audience: sign_in.audience.clone(),
            nonce: Some(sign_in.nonce.clone()),
        };
        let signed_in = SignedIn::new(tokens, accepted, origin);
        self.0.state.rcu(|state| state.signed_in(signed_in.clone()));
        Ok(CallbackOutcome {
            outcome: Outcome::SignedIn,
            return_to: sign_in.return_to.clone(),
            url: None,
        })
    }
}

fn no_sign_in() -> Error {
    Error::new(
        Status::StateMismatch,
        "the callback's state belongs to no sign-in under way; begin a new one",
    )
}
