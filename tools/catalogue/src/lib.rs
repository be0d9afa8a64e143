//! Derives libkinde's catalogue of API operations from an OpenAPI description: facts, no sentence.

pub mod answers;
pub mod catalogue;
mod derive;
mod known;
mod names;
mod node;
mod schema;

pub use derive::{Derived, derive};
