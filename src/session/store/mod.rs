//! Where sessions are kept.

pub(crate) mod redis;
