//! Verifying a token that somebody handed in, such as an API's bearer token.

use std::sync::Arc;

use super::Client;
use crate::clock::unix_seconds;
use crate::error::Result;
use crate::params::Fields;
use crate::secret::Secret;
use crate::session::TokenType;
use crate::token::{AccessRules, IdRules, Signed, judge_access, judge_id, would_block};

/// How a token is to be verified.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// What kind of token it must be.
    pub token_type: TokenType,
    /// Instead of the setting `audience`: the token must be meant for one of these.
    pub audience: Option<Vec<String>>,
    /// Whether an access token may be meant for any audience, also for another API.
    pub any_audience: bool,
    /// The scopes that an access token must have, each of them.
    pub scopes: Vec<String>,
    /// The permissions that the user of an access token must have, each of them.
    pub permissions: Vec<String>,
    /// What the ID token's nonce must be.
    pub nonce: Option<Secret>,
    /// The access token that the ID token's `at_hash` must belong to.
    pub access_token: Option<Secret>,
    /// Whether keys may be fetched; if not, and they are needed, `WOULD_BLOCK`.
    pub wait: bool,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        VerifyOptions {
            token_type: TokenType::Access,
            audience: None,
            any_audience: false,
            scopes: Vec::new(),
            permissions: Vec::new(),
            nonce: None,
            access_token: None,
            wait: true,
        }
    }
}

impl VerifyOptions {
    /// Reads `{type: "access" or "id", audience, any_audience, scopes, permissions, nonce,
    /// access_token, wait}`.
    pub fn from_json(json: &str) -> Result<VerifyOptions> {
        let mut fields = Fields::parse(json)?;
        let token_type = match fields.take_string("type").as_deref() {
            None | Some("access") => TokenType::Access,
            Some("id") => TokenType::Id,
            Some(_) => {
                fields.wrong("type", "expected \"access\" or \"id\"");
                TokenType::Access
            }
        };
        let options = VerifyOptions {
            token_type,
            audience: fields.take_strings("audience"),
            any_audience: fields.take_bool("any_audience").unwrap_or(false),
            scopes: fields.take_strings("scopes").unwrap_or_default(),
            permissions: fields.take_strings("permissions").unwrap_or_default(),
            nonce: fields.take_string("nonce").map(Secret::from),
            access_token: fields.take_string("access_token").map(Secret::from),
            wait: fields.take_bool("wait").unwrap_or(true),
        };
        options.refuse_contradictions(&mut fields);
        fields.finish()?;
        Ok(options)
    }

    fn refuse_contradictions(&self, fields: &mut Fields) {
        if self.any_audience && self.audience.is_some() {
            fields.wrong("any_audience", "true contradicts the option audience");
        }
        if self.token_type == TokenType::Access {
            return;
        }
        let demands = [
            ("any_audience", self.any_audience),
            ("scopes", !self.scopes.is_empty()),
            ("permissions", !self.permissions.is_empty()),
        ];
        for (name, _) in demands.iter().filter(|(_, demanded)| *demanded) {
            fields.wrong(name, "is for access tokens, not for the type \"id\"");
        }
    }
}

impl Client {
    /// Verifies a token and gives its claims, as the text of a JSON object.
    pub async fn verify_token(&self, token: &str, options: &VerifyOptions) -> Result<String> {
        if let Some(verdict) = self.try_verify_token(token, options) {
            return verdict;
        }
        if !options.wait {
            return Err(would_block());
        }
        let client = self.clone();
        let token = Secret::from(token);
        let options = options.clone();
        self.run(async move {
            let signed = client.signed(token.expose()).await?;
            client.judge(&signed, &options)?;
            Ok(signed.text().to_owned())
        })
        .await
    }

    /// Like [`Client::verify_token`], if that is possible without fetching keys.
    pub fn try_verify_token(&self, token: &str, options: &VerifyOptions) -> Option<Result<String>> {
        let judged = self.try_judge(token, options)?;
        Some(judged.map(|signed| signed.text().to_owned()))
    }

    /// Like [`Client::try_verify_token`], without a copy of the claims.
    pub fn try_check_token(&self, token: &str, options: &VerifyOptions) -> Option<Result<()>> {
        Some(self.try_judge(token, options)?.map(drop))
    }

    fn try_judge(&self, token: &str, options: &VerifyOptions) -> Option<Result<Arc<Signed>>> {
        let verdict = self.try_signed(token)?;
        Some(verdict.and_then(|signed| self.judge(&signed, options).map(|()| signed)))
    }

    /// Like [`Client::signed`], if that is possible without fetching keys.
    pub(crate) fn try_signed(&self, token: &str) -> Option<Result<Arc<Signed>>> {
        let allowed = &self.0.settings.allowed_algorithms;
        match self.shared() {
            Ok(shared) => shared.verifier.try_signed(token, allowed),
            Err(error) => Some(Err(error)),
        }
    }

    /// A token whose signature is verified by a key of the issuer that it names.
    pub(crate) async fn signed(&self, token: &str) -> Result<Arc<Signed>> {
        if let Some(verdict) = self.try_signed(token) {
            return verdict;
        }
        self.endpoints().await?;
        self.shared()?
            .verifier
            .signed(token, &self.0.settings.allowed_algorithms, true)
            .await
    }

    fn judge(&self, signed: &Arc<Signed>, options: &VerifyOptions) -> Result<()> {
        let settings = &self.0.settings;
        match options.token_type {
            TokenType::Access => {
                let mut rules = AccessRules::new(settings);
                if let Some(audience) = &options.audience {
                    rules.audiences = Some(audience);
                }
                if options.any_audience {
                    rules.audiences = None;
                }
                rules.scopes = &options.scopes;
                rules.permissions = &options.permissions;
                judge_access(signed, &rules, unix_seconds())
            }
            TokenType::Id => {
                let mut rules = IdRules::new(settings);
                rules.nonce = options.nonce.as_ref().map(Secret::expose);
                rules.access_token = options.access_token.as_ref().map(Secret::expose);
                judge_id(signed, &rules, unix_seconds())
            }
        }
    }
}
