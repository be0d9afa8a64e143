//! Kinde for the BEAM. Every function here converts terms, calls the crate `kinde`, and converts back;
//! it holds no rule of the protocol. `Kinde.Native` declares them.
//!
//! Look-ups answer at once. What may use the network or a store is started and answers by a message
//! ([`call`]); what reads files is on a dirty scheduler.

#![deny(unsafe_code)]

mod api;
mod call;
mod client;
mod cookies;
mod date;
mod error;
mod events;
mod flows;
mod input;
mod keeping;
mod logging;
mod output;
mod parse;
mod questions;
mod resources;
mod session;
mod webhook;

use rustler::{Env, Term};

/// What a scheduler allocates is freed by a thread of the library, and the other way round: with the allocator of glibc a
/// thousand exchanges at once take a quarter longer.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn load(env: Env, _info: Term) -> bool {
    resources::register(env)
}

rustler::init!("Elixir.Kinde.Native", load = load);
