//! Tokens: the keys that vouch for them, their verification, and the questions asked of them.
//!
//! A token goes three steps. [`Verifier`] checks its signature with the keys of its issuer and
//! gives a [`Signed`] token; [`judge_access`] and [`judge_id`] judge kind, issuer, audience,
//! parties and times, anew each time; [`Claims`] answers questions about what it says.

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
pub(crate) use rules::{AccessRules, Expiry, IdRules, judge_access, judge_id};
pub(crate) use verifier::{Verifier, would_block};

#[cfg(test)]
mod tests;
