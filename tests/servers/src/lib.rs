//! Servers of others, as processes, for the tests of the library.
//!
//! Apart from `kinde-test-support`, which uses the library: unit tests inside the library cannot be linked with a second
//! copy of its C ABI. Everything here panics with a message that says what to do, because only tests call it.

mod redis;

pub use redis::{RedisCluster, RedisSentinel, RedisServer, wait_for};
