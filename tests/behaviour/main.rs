//! What a program does with the library, from its first call to its last, against the emulator over real HTTP.

mod account;
mod account_tokens;
mod api;
mod api_load;
mod api_pages;
mod device;
mod events;
mod executors;
mod machines;
mod profiles;
mod sessions;
mod sign_in;
mod trouble;
