//! # Tokens

use std::ffi::c_void;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, optional_text, text};
use super::client::{client_of, kinde_client};
use super::guard::{JsonText, respond_json};
use super::task::{Operation, kinde_completion, start};
use crate::client::{Client, VerifyOptions};
use crate::error::{Error, Result, Status};
use crate::secret::Secret;
use crate::session::TokenType;

/// Speaks of the access token.
pub const KINDE_TOKEN_TYPE_ACCESS: i32 = 0;
/// Speaks of the ID token.
pub const KINDE_TOKEN_TYPE_ID: i32 = 1;

/// The token that a question is about.
pub(super) fn token_type(number: i32) -> Result<TokenType> {
    match number {
        KINDE_TOKEN_TYPE_ACCESS => Ok(TokenType::Access),
        KINDE_TOKEN_TYPE_ID => Ok(TokenType::Id),
        other => Err(Error::invalid_argument(
            "token_type",
            format!("{other} is neither KINDE_TOKEN_TYPE_ACCESS (0) nor KINDE_TOKEN_TYPE_ID (1)"),
        )),
    }
}

/// What is verified, with the caller's texts still borrowed.
struct Verification<'a> {
    client: &'a Client,
    token: &'a str,
    options: VerifyOptions,
}

fn verification<'a>(
    client: Option<NonNull<kinde_client>>,
    token: TextIn<'a>,
    options_json: TextIn<'a>,
) -> Result<Verification<'a>> {
    Ok(Verification {
        client: client_of(client)?,
        token: text(token, "token")?,
        options: match optional_text(options_json, "options_json")? {
            Some(json) => VerifyOptions::from_json(json)?,
            None => VerifyOptions::default(),
        },
    })
}

impl Verification<'_> {
    fn into_operation(self) -> Operation<impl Future<Output = Result<JsonText>> + Send + 'static> {
        let client = self.client.clone();
        let token = Secret::from(self.token);
        let options = self.options;
        Operation::of_client(self.client, async move {
            let claims = client.verify_token(token.expose(), &options).await;
            claims.map(JsonText)
        })
    }
}

/// Verifies a token, such as the bearer token of a request to your API, and gives its claims.
///
/// Signature, issuer, kind, audience and times are checked. A signature that was verified before is
/// not computed again; everything else is judged each time. `options_json` may be NULL for an
/// access token; otherwise it is an object:
///
/// - `type`: "access" (the default) or "id"
/// - `audience`: a text or a list of texts, of which the token must name one; without it, the
///   setting `audience`
/// - `any_audience`: true to take an access token of any audience, also one that was meant for
///   another API
/// - `scopes`: a text or a list of texts, each of which an access token must have
/// - `permissions`: a text or a list of texts, each of which an access token must have
/// - `nonce`: what an ID token must hold
/// - `access_token`: what the `at_hash` of an ID token must belong to
/// - `wait`: false to fail with WOULD_BLOCK instead of fetching keys
///
/// Gives the claims as they stand in the token. `*out` is the caller's, to free with
/// kinde_string_free.
/// Any thread; with the issuer's keys at hand it uses no network, otherwise it blocks at most as
/// long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, WOULD_BLOCK, SIGNATURE, ALGORITHM,
/// KEY_NOT_FOUND, KEYS_UNAVAILABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, ISSUER,
/// AUDIENCE, AUTHORIZED_PARTY, NONCE, AT_HASH, SUBJECT, TOKEN_KIND, CLAIM_MISSING,
/// INSUFFICIENT_SCOPE, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_verify_token(
    client: Option<NonNull<kinde_client>>,
    token: TextIn<'_>,
    options_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        let given = verification(client, token, options_json)?;
        match given.client.try_verify_token(given.token, &given.options) {
            Some(claims) => claims.map(JsonText),
            None => given.into_operation().wait(),
        }
    })
}

/// Like kinde_verify_token, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_verify_token_async(
    client: Option<NonNull<kinde_client>>,
    token: TextIn<'_>,
    options_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        Ok(verification(client, token, options_json)?.into_operation())
    })
}
