//! The store against real servers.

mod topologies;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use kinde_test_servers::RedisServer;
use tokio::time::Instant;

use super::Redis;
use crate::config::StoreUrl;
use crate::error::{Error, Status};

const LIFE: Duration = Duration::from_secs(60);
/// Long enough for a server that is started again on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

fn store_with(url: &str, ca_file: Option<&str>, timeout: Duration) -> Redis {
    let Ok(StoreUrl::Redis(address)) = StoreUrl::parse(url) else {
        panic!("{url} is no address of Redis");
    };
    Redis::new(&address, ca_file, timeout).unwrap()
}

fn store(url: &str) -> Redis {
    store_with(url, None, TIMEOUT)
}

/// The error of a store that cannot work.
async fn refused(url: &str, ca_file: Option<&str>) -> Error {
    let error = store_with(url, ca_file, TIMEOUT)
        .load("a")
        .await
        .unwrap_err();
    assert_eq!(error.status(), Status::Store, "{error}");
    error
}

/// Waits, without holding up other tasks, until a condition holds.
async fn wait_until(mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain");
        ticks.tick().await;
    }
}

/// Adds one to a number that is kept as a record, however often that takes.
async fn increment(store: &Redis, key: &str) {
    loop {
        let found = store.load(key).await.unwrap();
        let (expected, number) = match &found {
            None => (None, 0),
            Some((version, bytes)) => (
                Some(*version),
                u64::from_be_bytes(bytes.as_slice().try_into().unwrap()),
            ),
        };
        let version = expected.unwrap_or(0) + 1;
        let bytes = (number + 1).to_be_bytes();
        if store
            .save(key, expected, version, &bytes, LIFE)
            .await
            .unwrap()
        {
            return;
        }
    }
}

async fn number(store: &Redis, key: &str) -> u64 {
    let (_, bytes) = store.load(key).await.unwrap().unwrap();
    u64::from_be_bytes(bytes.try_into().unwrap())
}

#[tokio::test]
async fn records_are_written_by_version() {
    let server = RedisServer::start();
    let store = store(&server.url());
    assert_eq!(store.load("a").await.unwrap(), None);
    let save = async |expected, version, bytes: &[u8]| {
        store
            .save("a", expected, version, bytes, LIFE)
            .await
            .unwrap()
    };
    assert!(!save(Some(1), 2, b"no").await, "there is none");
    assert!(save(None, 1, b"one").await);
    assert!(!save(None, 2, b"no").await, "there is one");
    assert!(!save(Some(2), 3, b"no").await, "another version");
    // Versions are compared as a whole, also where they hold zeros and line breaks.
    let large = u64::MAX - 10 * 256;
    assert!(save(Some(1), large, b"\0\r\n").await);
    assert!(!save(Some(large + 1), 2, b"no").await);
    assert_eq!(
        store.load("a").await.unwrap(),
        Some((large, b"\0\r\n".to_vec()))
    );
    assert!(save(Some(large), 0, b"").await);
    assert_eq!(store.load("a").await.unwrap(), Some((0, Vec::new())));
    assert_eq!(store.load("b").await.unwrap(), None);
    assert_eq!(server.command(&["KEYS", "*"]), "kinde:{a}:record");
    let ttl: i64 = server
        .command(&["PTTL", "kinde:{a}:record"])
        .parse()
        .unwrap();
    assert!((1..=60_000).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn records_are_deleted_by_version_or_whatever_they_have() {
    let server = RedisServer::start();
    let store = store(&server.url());
    assert!(store.delete("a", None).await.unwrap());
    assert!(!store.delete("a", Some(1)).await.unwrap());
    store.save("a", None, 1, b"x", LIFE).await.unwrap();
    assert!(!store.delete("a", Some(2)).await.unwrap());
    assert!(store.load("a").await.unwrap().is_some());
    assert!(store.delete("a", Some(1)).await.unwrap());
    assert_eq!(store.load("a").await.unwrap(), None);
    store.save("a", None, 1, b"x", LIFE).await.unwrap();
    assert!(store.delete("a", None).await.unwrap());
    assert_eq!(store.load("a").await.unwrap(), None);
}

#[tokio::test]
async fn records_expire() {
    let server = RedisServer::start();
    let store = store(&server.url());
    let nanosecond = Duration::from_nanos(1);
    for life in [Duration::from_millis(30), nanosecond, Duration::ZERO] {
        assert!(store.save("a", None, 1, b"x", life).await.unwrap());
        wait_until(async || store.load("a").await.unwrap().is_none()).await;
    }
}

#[tokio::test]
async fn a_lease_has_one_holder() {
    let server = RedisServer::start();
    let store = store(&server.url());
    let lease = async |held, life| store.lease("a", held, life).await.unwrap();
    let first = lease(None, LIFE).await.expect("nobody holds it");
    assert_eq!(lease(None, LIFE).await, None);
    assert_eq!(lease(Some(first), LIFE).await, Some(first), "prolonged");
    assert_eq!(lease(Some(first - 1), LIFE).await, None, "somebody else's");
    assert_eq!(lease(Some(first + 1), LIFE).await, None, "somebody else's");
    store.release("a", first + 1).await.unwrap();
    assert_eq!(
        lease(None, LIFE).await,
        None,
        "released by nobody who holds it"
    );
    store.release("a", first).await.unwrap();
    let second = lease(None, LIFE).await.expect("released");
    assert!(second > first);
    store.release("a", first).await.unwrap();
    assert_eq!(lease(Some(first), LIFE).await, None, "taken since");
    assert_eq!(lease(Some(second), LIFE).await, Some(second));
    store.release("a", second).await.unwrap();
    assert_eq!(
        lease(Some(second), LIFE).await,
        Some(second),
        "nobody took it since"
    );
    assert!(store.lease("b", None, LIFE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_ends_by_itself() {
    let server = RedisServer::start();
    let store = store(&server.url());
    let short = Duration::from_millis(30);
    let first = store.lease("a", None, short).await.unwrap().unwrap();
    let mut second = None;
    wait_until(async || {
        second = store.lease("a", None, short).await.unwrap();
        second.is_some()
    })
    .await;
    assert!(second > Some(first));
    // Ended again, but somebody had it since.
    let mut prolonged = None;
    wait_until(async || {
        assert_eq!(store.lease("a", Some(first), LIFE).await.unwrap(), None);
        prolonged = store.lease("a", None, LIFE).await.unwrap();
        prolonged.is_some()
    })
    .await;
    assert!(prolonged > second);
}

#[tokio::test]
async fn fences_grow_when_the_clock_does_not() {
    let server = RedisServer::start();
    let store = store(&server.url());
    // A lease of a server whose clock was ahead; then nothing, as after a lost failover.
    let ahead = 9_000_000_000_000_000_u64;
    server.command(&["SET", "kinde:{a}:lease", &format!("{ahead} 0 ")]);
    let next = store.lease("a", None, LIFE).await.unwrap().unwrap();
    assert_eq!(next, ahead + 1);
    server.command(&["DEL", "kinde:{a}:lease"]);
    assert_eq!(
        store.lease("a", Some(next), LIFE).await.unwrap(),
        Some(next + 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_lose_nothing() {
    let server = RedisServer::start();
    let stores = [
        Arc::new(store(&server.url())),
        Arc::new(store(&server.url())),
    ];
    let writers: Vec<_> = (0..50)
        .map(|writer| {
            let store = stores[writer % 2].clone();
            tokio::spawn(async move { increment(&store, "a").await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(number(&stores[0], "a").await, 50);
    let clients = server.command(&["CLIENT", "LIST", "TYPE", "normal"]);
    // One connection of each store, and the one that asks.
    assert_eq!(clients.lines().count(), 3, "{clients}");
}

#[tokio::test]
async fn each_call_is_one_command() {
    let server = RedisServer::start();
    let store = store(&server.url());
    let calls = async || {
        store.save("a", None, 1, b"x", LIFE).await.unwrap();
        store.load("a").await.unwrap();
        let fence = store.lease("a", None, LIFE).await.unwrap().unwrap();
        store.release("a", fence).await.unwrap();
        store.delete("a", None).await.unwrap();
    };
    calls().await;
    server.command(&["CONFIG", "RESETSTAT"]);
    calls().await;
    let statistics = server.command(&["INFO", "commandstats"]);
    let sent = |name: &str| {
        let row = statistics
            .lines()
            .find(|row| row.starts_with(&format!("cmdstat_{name}:")));
        row.map_or("0", |row| row.split(['=', ',']).nth(1).unwrap())
            .to_owned()
    };
    assert_eq!(sent("evalsha"), "4", "{statistics}");
    assert_eq!(sent("eval"), "0", "{statistics}");
    // The one of load, and those inside the scripts of lease and release.
    assert_eq!(sent("get"), "3", "{statistics}");
    // A server that was told to forget its scripts is given them again.
    server.command(&["SCRIPT", "FLUSH"]);
    calls().await;
}

#[tokio::test]
async fn databases_and_prefixes_are_apart() {
    let server = RedisServer::start();
    let url = server.url();
    let stores = [
        store(&url),
        store(&format!("{url}/1")),
        store(&format!("{url}?prefix=other:")),
    ];
    for store in &stores {
        assert!(store.save("a", None, 1, b"x", LIFE).await.unwrap());
    }
    assert_eq!(server.command(&["-n", "1", "DBSIZE"]), "1");
    assert_eq!(server.command(&["EXISTS", "other:{a}:record"]), "1");
}
