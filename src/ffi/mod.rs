//! The C ABI of `include/kinde.h`: converts, calls, converts back. No rule of the protocol is here.
//!
//! One file for each noun of the header, in the header's order. The title and the text at the top
//! of a file stand above its functions in the header, so they are written for a C programmer, like
//! the comments of the functions.

#![cfg(feature = "capi")]
#![allow(unsafe_code)]

mod abi;
mod guard;
mod handle;

// The blank lines keep the order: rustfmt sorts neighbours.
mod library;

mod string;

mod log;

mod error;

mod config;

mod store;

mod client;

mod flows;

mod device;

mod token;

mod session;

mod sign_in;

mod keeping;

mod cookies;

mod questions;

mod access;

mod account;

mod api;

mod webhook;

mod task;
