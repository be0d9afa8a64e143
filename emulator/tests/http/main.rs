//! The emulator as its users meet it: the program, over HTTP.

mod account;
mod authorization;
mod browser;
mod client_authentication;
mod code_grant;
mod command_line;
mod control;
mod device_flow;
mod faults;
mod machines;
mod management;
mod management_state;
mod metadata;
mod pages;
mod process;
mod profile;
mod refresh;
mod revocation;
mod tokens;
mod webhooks;
