//! What the integration tests stand on: the emulator and the foreign judges as processes, a browser, an application.
//!
//! Everything here panics with a message that says what to do, because only tests call it.

mod application;
mod browser;
mod emulator;
mod judge;
mod operations;
mod process;
mod transport;

pub use application::{Application, REDIRECT_URI, config, json, status};
pub use browser::{Browser, Page, query};
pub use emulator::{Emulator, SeenRequest};
pub use judge::Judge;
pub use kinde_test_servers::{RedisCluster, RedisSentinel, RedisServer, wait_for};
pub use operations::{Extent, Operation, Operations};
pub use transport::{http_client, http_client_trusting};
