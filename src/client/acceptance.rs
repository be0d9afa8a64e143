//! Accepting what the token endpoint gave: every token verified, both fitting each other.

use std::borrow::Cow;
use std::sync::Arc;

use super::Client;
use crate::clock::unix_seconds;
use crate::config::AccessTokenFormat;
use crate::error::{Error, Result, Status};
use crate::oauth::TokenSet;
use crate::token::{AccessRules, Claims, Expiry, IdRules, Signed, judge_access, judge_id};

/// What a token set is held against.
#[derive(Default)]
pub(crate) struct Expected<'a> {
    /// The scope that was asked for, if it is known.
    pub scope: Option<&'a str>,
    /// The audiences that were asked for.
    pub audience: &'a [String],
    pub nonce: Option<&'a str>,
    pub source: Source,
    /// After a refresh: whose tokens they were.
    pub subject: Option<&'a str>,
    /// After a refresh: the ID token before.
    pub previous: Option<&'a Signed>,
}

/// Where a token set comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// A user's sign-in that ends with this call.
    #[default]
    SignIn,
    Refresh,
    /// The client's own credentials.
    Machine,
    /// A host that kept it. Its times may be over.
    Host,
}

/// A verified token set.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub access: Access,
    pub id: Option<Arc<Signed>>,
    /// When the access token ends, in Unix seconds.
    pub expires_at: Option<i64>,
}

/// A verified access token, or one that is carried without being read.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    Jwt(Arc<Signed>),
    Opaque,
}

impl Access {
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Access::Jwt(signed) => Some(signed.claims()),
            Access::Opaque => None,
        }
    }
}

impl Client {
    /// Verifies a token set: signatures, then each token by its rules, then both together.
    pub(crate) async fn accept(
        &self,
        tokens: &TokenSet,
        expected: &Expected<'_>,
    ) -> Result<Accepted> {
        require_id_token(tokens, expected)?;
        let id = match &tokens.id_token {
            Some(id_token) => {
                let id = self.signed(id_token.expose()).await;
                let judged =
                    id.and_then(|id| self.judge_id_token(&id, tokens, expected).map(|()| id));
                Some(judged.map_err(|error| at_fault(error, "id_token"))?)
            }
            None => None,
        };
        let subject = match &id {
            Some(id) => id.subject(),
            None => expected.subject.map(Cow::Borrowed),
        };
        let access = match self.settings().access_token_format {
            AccessTokenFormat::Opaque => Access::Opaque,
            AccessTokenFormat::Jwt => {
                let signed = self.signed(tokens.access_token.expose()).await;
                let judged = signed.and_then(|signed| {
                    self.judge_access_token(&signed, subject.as_deref(), expected)
                        .map(|()| signed)
                });
                Access::Jwt(judged.map_err(|error| at_fault(error, "access_token"))?)
            }
        };
        let expires_at = match &access {
            Access::Jwt(signed) => signed.expires_at(),
            Access::Opaque => tokens.expires_at,
        };
        Ok(Accepted {
            access,
            id,
            expires_at,
        })
    }

    /// An ID token that was accepted before, to hold a renewed one against. Its times are over.
    pub(crate) async fn former_id_token(&self, token: &str) -> Result<Arc<Signed>> {
        let signed = self.signed(token).await?;
        let mut rules = IdRules::new(self.settings());
        rules.judge_times = false;
        judge_id(&signed, &rules, unix_seconds())?;
        Ok(signed)
    }

    fn judge_id_token(
        &self,
        id: &Signed,
        tokens: &TokenSet,
        expected: &Expected<'_>,
    ) -> Result<()> {
        let mut rules = IdRules::new(self.settings());
        rules.nonce = expected.nonce;
        // What a host kept may have been refreshed by an answer without an ID token. Then the old
        // one stays, and its at_hash is of the access token before.
        rules.access_token =
            (expected.source != Source::Host).then(|| tokens.access_token.expose());
        rules.previous = expected.previous;
        rules.judge_times = expected.source != Source::Host;
        rules.fresh = expected.source == Source::SignIn;
        judge_id(id, &rules, unix_seconds())?;
        match (expected.subject, id.subject()) {
            (Some(before), Some(now)) if before != now => Err(Error::new(
                Status::Subject,
                "the ID token speaks of another user than the tokens before",
            )
            .with_claim("sub")),
            _ => Ok(()),
        }
    }

    fn judge_access_token(
        &self,
        access: &Signed,
        subject: Option<&str>,
        expected: &Expected<'_>,
    ) -> Result<()> {
        let mut rules = AccessRules::new(self.settings()).requested_for(expected.audience);
        rules.in_session = true;
        rules.subject = subject;
        if expected.source == Source::Host {
            rules.expiry = Expiry::Record;
        }
        judge_access(access, &rules, unix_seconds())
    }
}

/// Says which token of the set an error is about, unless it is about something else, such as keys that
/// cannot be had.
fn at_fault(error: Error, token: &str) -> Error {
    match error.status().refuses_a_token() {
        true => error.with_field(token),
        false => error,
    }
}

/// A sign-in that asked for the scope `openid` must end with an ID token.
fn require_id_token(tokens: &TokenSet, expected: &Expected<'_>) -> Result<()> {
    let asked = expected
        .scope
        .or(tokens.scope.as_deref())
        .unwrap_or_default();
    let required = expected.source == Source::SignIn
        && asked
            .split_ascii_whitespace()
            .any(|scope| scope == "openid");
    if !required || tokens.id_token.is_some() {
        return Ok(());
    }
    Err(Error::new(
        Status::MalformedResponse,
        "id_token: missing from the answer, although the scope openid was asked for",
    )
    .with_field("id_token"))
}
