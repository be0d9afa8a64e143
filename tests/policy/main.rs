//! The security policy, seen from outside: for each of its points, and each row of its table of tokens, a test that
//! fails when the rule is taken away. The other side is the emulator, over real HTTP.

mod algorithms;
mod cache;
mod callback;
mod foreign_text;
mod issuers_and_keys;
mod pkce;
mod refresh;
mod return_address;
mod tokens_access;
mod tokens_id;
mod tokens_kept;
mod tokens_kind;
mod transport;
mod webhooks;
