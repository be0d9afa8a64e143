//! Tokens: the keys that vouch for them, their verification, and the questions asked of them.
//!
//! A token goes three steps. [`Verifier`] checks its signature with the keys of its issuer and
//! gives a [`Signed`] token; [`judge_access`], [`judge_id`] and [`judge_webhook`] judge kind,
//! issuer, audience, parties and times, anew each time; [`Claims`] answers questions about what it says.

mod claims;
mod flags;
mod index;
mod json_text;
mod jws;
mod key;
mod key_set;
mod keys;
mod payload;
mod registered;
mod rules;
mod verifications;
mod verifier;

pub(crate) use claims::Claims;
pub(crate) use flags::flag_type_word;
pub(crate) use jws::Signed;
pub(crate) use rules::{
    AccessRules, Expiry, IdRules, WEBHOOK_AHEAD, judge_access, judge_id, judge_webhook,
};
pub(crate) use verifier::{Verifier, would_block};

#[cfg(test)]
mod tests;
