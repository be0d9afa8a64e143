//! What a session knows: plain data, replaced as a whole.

use std::borrow::Cow;
use std::sync::Arc;

use crate::client::{Accepted, Access};
use crate::clock::unix_seconds;
use crate::error::{Error, Result, Status};
use crate::oauth::{Callback, ClientCredentials, TokenSet};
use crate::secret::Secret;
use crate::token::Signed;

/// More sign-ins than this are not under way at once; the oldest is dropped.
pub(crate) const SIGN_INS_LIMIT: usize = 8;

/// One user's sign-in, immutable. A change makes a new state with a new revision.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Grows with each change that must be kept.
    pub revision: u64,
    /// Grows when somebody signs in or out, after which the session must not be found under its
    /// former id.
    pub generation: u64,
    /// When the session began, or somebody last signed in, in Unix seconds.
    pub created_at: i64,
    /// Oldest first.
    pub sign_ins: Vec<Arc<SignIn>>,
    pub signed_in: Option<Arc<SignedIn>>,
    /// When an expired link last led to a fresh sign-in, in Unix seconds.
    pub restarted_at: Option<i64>,
    /// Why the session ended, if Kinde ended it.
    pub ended: Option<String>,
}

/// A sign-in under way: what its callback will be held against.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub state: Secret,
    pub nonce: String,
    pub code_verifier: Option<Secret>,
    pub redirect_uri: String,
    pub scope: String,
    pub audience: Vec<String>,
    pub return_to: Option<String>,
    /// In Unix seconds.
    pub begun_at: i64,
}

/// How the tokens of a session were obtained, and so how they are renewed.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A user signed in, or the host handed tokens in.
    User {
        audience: Vec<String>,
        nonce: Option<String>,
    },
    /// The client itself, by its credentials.
    Machine(ClientCredentials),
}

/// Verified tokens. The texts of tokens stand here once.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// None if the session was sealed without them.
    pub tokens: Option<TokenSet>,
    pub access: Access,
    pub id: Option<Arc<Signed>>,
    /// When the access token ends, in Unix seconds.
    pub expires_at: Option<i64>,
    pub origin: Origin,
    /// Whether the last refresh gave the same access token, as Kinde does until it is expired.
    pub refreshed_in_vain: bool,
    /// How often the refresh token was sent by a refresh that has not ended yet, or whose process
    /// ended before it did.
    pub sendings: u8,
}

impl SignedIn {
    pub(crate) fn new(tokens: TokenSet, accepted: Accepted, origin: Origin) -> Self {
        SignedIn {
            tokens: Some(tokens),
            access: accepted.access,
            id: accepted.id,
            expires_at: accepted.expires_at,
            origin,
            refreshed_in_vain: false,
            sendings: 0,
        }
    }

    /// Whose tokens these are; none if they are a machine's, or nothing in them is read.
    pub(crate) fn subject(&self) -> Option<Cow<'_, str>> {
        match (&self.id, &self.access) {
            (Some(id), _) => id.subject(),
            (None, Access::Jwt(access)) => access.subject(),
            (None, Access::Opaque) => None,
        }
    }

    pub(crate) fn tokens(&self) -> Result<&TokenSet> {
        self.tokens.as_ref().ok_or_else(|| {
            Error::invalid_argument(
                "content",
                "the session was sealed without its tokens (content \"claims\"); seal all of it \
                 where they are needed",
            )
        })
    }

    pub(crate) fn refresh_token(&self) -> Option<&Secret> {
        self.tokens.as_ref()?.refresh_token.as_ref()
    }

    pub(crate) fn with_sendings(&self, sendings: u8) -> Arc<SignedIn> {
        Arc::new(SignedIn {
            sendings,
            ..self.clone()
        })
    }

    /// About how many bytes the texts take in memory.
    fn size(&self) -> usize {
        let tokens = self.tokens.as_ref().map_or(0, |tokens| {
            let id_token = tokens
                .id_token
                .as_ref()
                .map_or(0, |token| token.expose().len());
            tokens.access_token.expose().len() + id_token
        });
        let id = self.id.as_ref().map_or(0, |id| id.text().len());
        // The texts of the claims, and their indexes.
        let access = self.access.claims().map_or(0, |claims| claims.text().len());
        tokens + 2 * (id + access)
    }

    /// Whether these are the tokens of `other`. Without tokens, what they said tells.
    pub(crate) fn is_same(&self, other: &SignedIn) -> bool {
        std::ptr::eq(self, other)
            || (self.expires_at == other.expires_at
                && match (&self.tokens, &other.tokens) {
                    (Some(tokens), Some(others)) => tokens == others,
                    (None, None) => self.texts() == other.texts(),
                    _ => false,
                })
    }

    /// The claims of both tokens.
    fn texts(&self) -> [Option<&str>; 2] {
        let id = self.id.as_ref().map(|id| id.text());
        [self.access.claims().map(|claims| claims.text()), id]
    }

    /// Whether the access token lasts for at least `seconds` from now.
    #[inline]
    pub(crate) fn lasts(&self, seconds: i64) -> bool {
        self.expires_at
            .is_none_or(|end| end > unix_seconds().saturating_add(seconds))
    }
}

impl SignIn {
    fn is_expired(&self, lifetime_seconds: i64) -> bool {
        unix_seconds().saturating_sub(self.begun_at) > lifetime_seconds
    }
}

impl State {
    /// A session in which nobody is signed in.
    pub(crate) fn new() -> State {
        State {
            revision: 0,
            generation: 0,
            created_at: unix_seconds(),
            sign_ins: Vec::new(),
            signed_in: None,
            restarted_at: None,
            ended: None,
        }
    }

    /// The verified tokens, if the access token is not expired.
    #[inline]
    pub(crate) fn live(&self) -> Result<&Arc<SignedIn>> {
        match &self.signed_in {
            Some(signed_in) if signed_in.lasts(0) => Ok(signed_in),
            Some(_) => Err(Error::new(
                Status::TokenExpired,
                "the access token is expired; refresh the session or sign in again",
            )
            .with_claim("exp")),
            None => Err(self.nobody()),
        }
    }

    /// The verified tokens, expired or not.
    pub(crate) fn held(&self) -> Result<&Arc<SignedIn>> {
        self.signed_in.as_ref().ok_or_else(|| self.nobody())
    }

    /// Whether somebody is signed in, or was until Kinde ended it.
    pub(crate) fn is_of_somebody(&self) -> bool {
        self.signed_in.is_some() || self.ended.is_some()
    }

    /// Whose session it is; none if nobody or a machine is signed in.
    pub(crate) fn subject(&self) -> Option<Cow<'_, str>> {
        let signed_in = self.signed_in.as_ref()?;
        match signed_in.origin {
            Origin::User { .. } => signed_in.subject(),
            Origin::Machine(_) => None,
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        const FIXED: usize = 1024;
        let signed_in = self
            .signed_in
            .as_ref()
            .map_or(0, |signed_in| signed_in.size());
        FIXED * (1 + self.sign_ins.len()) + signed_in
    }

    fn nobody(&self) -> Error {
        Error::new(
            Status::NotAuthenticated,
            match &self.ended {
                Some(reason) => format!("nobody is signed in: {reason}"),
                None => "nobody is signed in".to_owned(),
            },
        )
    }

    pub(crate) fn with_sign_in(&self, sign_in: SignIn, lifetime_seconds: i64) -> State {
        let mut next = self.changed();
        next.sign_ins.retain(|s| !s.is_expired(lifetime_seconds));
        if next.sign_ins.len() >= SIGN_INS_LIMIT {
            next.sign_ins.remove(0);
        }
        next.sign_ins.push(Arc::new(sign_in));
        next
    }

    /// The sign-in under way that a callback answers. All are compared, each in constant time.
    pub(crate) fn sign_in_of(
        &self,
        callback: &Callback,
        lifetime_seconds: i64,
    ) -> Option<Arc<SignIn>> {
        let mut found = None;
        for sign_in in &self.sign_ins {
            if callback.has_state(sign_in.state.expose()) {
                found = Some(sign_in.clone());
            }
        }
        found.filter(|sign_in| !sign_in.is_expired(lifetime_seconds))
    }

    pub(crate) fn has_sign_in(&self, sign_in: &SignIn) -> bool {
        self.sign_ins
            .iter()
            .any(|known| known.state == sign_in.state)
    }

    pub(crate) fn without_sign_in(&self, sign_in: &SignIn) -> State {
        let mut next = self.changed();
        next.sign_ins.retain(|s| s.state != sign_in.state);
        next
    }

    /// Somebody signed in.
    pub(crate) fn signed_in(&self, signed_in: SignedIn) -> State {
        let mut next = self.with_tokens(Arc::new(signed_in));
        next.generation += 1;
        next.created_at = unix_seconds();
        next
    }

    /// The same sign-in with other tokens.
    pub(crate) fn with_tokens(&self, signed_in: Arc<SignedIn>) -> State {
        let mut next = self.changed();
        next.signed_in = Some(signed_in);
        next.ended = None;
        next
    }

    /// Nobody is signed in, and nobody is about to be.
    pub(crate) fn forgotten(&self) -> State {
        State {
            revision: self.revision + 1,
            generation: self.generation + 1,
            ..State::new()
        }
    }

    /// Nobody is signed in; sign-ins under way go on.
    pub(crate) fn signed_out(&self, reason: Option<String>) -> State {
        let mut next = self.changed();
        next.signed_in = None;
        next.ended = reason;
        next
    }

    pub(crate) fn restarted(&self) -> State {
        let mut next = self.changed();
        next.restarted_at = Some(unix_seconds());
        next
    }

    pub(crate) fn may_restart(&self, lifetime_seconds: i64) -> bool {
        self.restarted_at
            .is_none_or(|at| unix_seconds().saturating_sub(at) > lifetime_seconds)
    }

    pub(crate) fn changed(&self) -> State {
        State {
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}
