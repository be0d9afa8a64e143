//! The store against real servers.

use std::sync::Arc;
use std::time::Duration;

use kinde_test_servers::{RedisCluster, RedisSentinel, RedisServer};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_when_a_server_comes_back() {
    let mut server = RedisServer::start();
    let store = Arc::new(store(&server.url()));
    increment(&store, "a").await;
    let writers: Vec<_> = (0..10)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    increment(&store, "a").await;
                }
            })
        })
        .collect();
    wait_until(async || number(&store, "a").await > 20).await;
    server.stop();
    let while_away = tokio::spawn({
        let store = store.clone();
        async move { store.load("a").await }
    });
    server.restart_without_waiting();
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(while_away.await.unwrap().unwrap().is_some());
    // Nothing is lost. A writer whose answer was lost counts twice if another one came in between.
    let counted = number(&store, "a").await;
    assert!((101..=111).contains(&counted), "{counted}");
}

#[tokio::test]
async fn a_server_that_stays_away_is_said_within_the_deadline() {
    let mut server = RedisServer::start();
    let timeout = Duration::from_millis(300);
    let store = store_with(&server.url(), None, timeout);
    // Made now, so that the deadline is for a connection that was lost.
    store_with(&server.url(), None, TIMEOUT)
        .load("a")
        .await
        .unwrap();
    server.stop();
    let begun = Instant::now();
    let error = store.save("a", None, 1, b"x", LIFE).await.unwrap_err();
    assert!(begun.elapsed() >= timeout, "it tries until the deadline");
    assert!(begun.elapsed() < TIMEOUT);
    assert_eq!(error.status(), Status::Store);
    let place = format!("127.0.0.1:{}", server.port());
    for part in [
        place.as_str(),
        "could not be reached",
        "300 ms",
        "store_url",
    ] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_silent_server_is_said_within_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok(connection) = listener.accept().await {
            connections.push(connection);
        }
    });
    let store = store_with(
        &format!("redis://{address}"),
        None,
        Duration::from_millis(200),
    );
    let error = store.load("a").await.unwrap_err();
    assert!(error.message().contains("did not answer"), "{error}");
    assert!(error.message().contains(&address.to_string()), "{error}");
    silent.abort();
}

/// A server whose answer to a save gets lost, by a connection that ends after the command was read.
async fn losing_one_answer(to: u16) -> (u16, tokio::task::JoinHandle<()>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = tokio::net::TcpStream::connect(("127.0.0.1", to))
            .await
            .unwrap();
        let mut buffer = vec![0; 4096];
        let read = client.read(&mut buffer).await.unwrap();
        server.write_all(&buffer[..read]).await.unwrap();
        assert!(server.read(&mut buffer).await.unwrap() > 0);
        drop(client);
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = tokio::net::TcpStream::connect(("127.0.0.1", to))
                .await
                .unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (port, proxy)
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_was_made_by_us() {
    let server = RedisServer::start();
    let direct = store(&server.url());
    // The server knows the scripts, so that the first command is the one that changes something.
    direct.save("other", None, 1, b"x", LIFE).await.unwrap();
    direct.delete("other", None).await.unwrap();
    let fence = direct.lease("other", None, LIFE).await.unwrap().unwrap();
    direct.release("other", fence).await.unwrap();

    let through_proxy = async || {
        let (port, proxy) = losing_one_answer(server.port()).await;
        (store(&format!("redis://127.0.0.1:{port}")), proxy)
    };
    let (losing, proxy) = through_proxy().await;
    assert!(losing.save("a", None, 7, b"mine", LIFE).await.unwrap());
    proxy.abort();

    let (losing, proxy) = through_proxy().await;
    assert!(!losing.save("a", None, 7, b"other", LIFE).await.unwrap());
    proxy.abort();

    let (losing, proxy) = through_proxy().await;
    assert!(losing.delete("a", Some(7)).await.unwrap());
    proxy.abort();

    let (losing, proxy) = through_proxy().await;
    let fence = losing.lease("a", None, LIFE).await.unwrap();
    assert!(fence.is_some(), "it is ours");
    assert_eq!(direct.lease("a", fence, LIFE).await.unwrap(), fence);
    proxy.abort();
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_shown() {
    let server = RedisServer::with_password("s3cret/@:");
    let place = format!("127.0.0.1:{}", server.port());
    let right = store(&format!("redis://:s3cret%2F%40%3A@{place}"));
    right.save("a", None, 1, b"x", LIFE).await.unwrap();
    assert!(!format!("{right:?}").contains("s3cret"));

    for (url, said) in [
        (
            format!("redis://:wr0ng@{place}"),
            "refused the user or the password",
        ),
        (
            format!("redis://ada:wr0ng@{place}"),
            "refused the user or the password",
        ),
        (format!("redis://{place}"), "asks for a password"),
    ] {
        let begun = Instant::now();
        let error = refused(&url, None).await;
        assert!(begun.elapsed() < TIMEOUT, "not repeated");
        assert!(error.message().contains(said), "{error}");
        assert!(error.message().contains(&place), "{error}");
        assert!(!error.message().contains("wr0ng"), "{error}");
        assert!(!error.message().contains("ada"), "{error}");
    }
    let open = RedisServer::start();
    let url = format!("redis://:wr0ng@127.0.0.1:{}", open.port());
    assert!(
        refused(&url, None)
            .await
            .message()
            .contains("refused the user")
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_said_with_its_remedy() {
    let server = RedisServer::start();
    let place = format!("127.0.0.1:{}", server.port());
    server.command(&["ACL", "SETUSER", "ada", "on", ">pw", "~*", "+get"]);
    let limited = store(&format!("redis://ada:pw@{place}"));
    limited.load("a").await.unwrap();
    let error = limited.save("a", None, 1, b"x", LIFE).await.unwrap_err();
    assert!(error.message().contains("does not permit"), "{error}");
    assert!(!error.message().contains("ada"), "{error}");

    let store = store(&server.url());
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = store.save("a", None, 1, b"x", LIFE).await.unwrap_err();
    assert!(error.message().contains("out of memory"), "{error}");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);

    server.command(&["SET", "kinde:{a}:record", "short"]);
    let error = store.load("a").await.unwrap_err();
    assert!(error.message().contains("no record"), "{error}");

    let cluster = refused(&format!("redis://{place}?cluster=true"), None).await;
    assert!(cluster.message().contains("no Cluster"), "{cluster}");
    let sentinel = refused(&format!("redis://{place}?sentinel=x"), None).await;
    assert!(sentinel.message().contains("no Sentinel"), "{sentinel}");
    let database = refused(&format!("redis://{place}/999"), None).await;
    assert!(database.message().contains("out of range"), "{database}");
    // It waits for a line break, which does not come.
    let short = Duration::from_millis(300);
    let tls = store_with(&format!("rediss://{place}"), None, short);
    let tls = tls.load("a").await.unwrap_err();
    assert!(tls.message().contains("speaks no TLS"), "{tls}");

    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = store.save("b", None, 1, b"x", LIFE).await.unwrap_err();
    assert!(error.message().contains("read-only replica"), "{error}");
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

#[tokio::test]
async fn tls_needs_the_authority() {
    let server = RedisServer::with_tls();
    let ca_file = server.ca_file();
    let trusting = store_with(&server.url(), Some(&ca_file), TIMEOUT);
    assert!(trusting.save("a", None, 1, b"x", LIFE).await.unwrap());
    assert_eq!(trusting.load("a").await.unwrap(), Some((1, b"x".to_vec())));

    let error = refused(&server.url(), None).await;
    assert!(error.message().contains("unknown authority"), "{error}");
    assert!(error.message().contains("ca_file"), "{error}");
    let elsewhere = format!("rediss://127.0.0.1:{}", server.port());
    let error = refused(&elsewhere, Some(&ca_file)).await;
    assert!(error.message().contains("for another name"), "{error}");
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "a default for the whole process is the host's to set"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_has_all_keys_and_survives_a_crash() {
    let mut cluster = RedisCluster::start();
    let store = store(&cluster.url());
    let keys: Vec<String> = (0..30).map(|number| format!("key-{number}")).collect();
    for key in &keys {
        assert!(
            store
                .save(key, None, 1, key.as_bytes(), LIFE)
                .await
                .unwrap()
        );
        assert!(store.lease(key, None, LIFE).await.unwrap().is_some());
    }
    for node in cluster.nodes() {
        let size: usize = node.command(&["DBSIZE"]).parse().unwrap();
        assert!(size > 0 && size < 60, "{size}");
    }
    cluster.kill(1);
    let (restarted, read) = tokio::join!(
        tokio::task::spawn_blocking(move || {
            cluster.restart(1);
            cluster
        }),
        async {
            for key in &keys {
                let found = store.load(key).await.unwrap();
                assert_eq!(found, Some((1, key.clone().into_bytes())));
            }
        }
    );
    let () = read;
    let mut cluster = restarted.unwrap();
    // The first server of the address is gone; the others know the Cluster too.
    cluster.wait_until_whole();
    cluster.kill(0);
    cluster.restart(0);
    for key in &keys {
        assert!(store.save(key, Some(1), 2, b"x", LIFE).await.unwrap());
    }
}

#[tokio::test]
async fn a_cluster_that_moves_slots_is_followed() {
    let cluster = RedisCluster::start();
    let store = store(&cluster.url());
    let slot = super::slot::of_key("kinde:{a}:record").to_string();
    store.save("a", None, 1, b"x", LIFE).await.unwrap();
    let nodes = cluster.nodes();
    let owner = nodes
        .iter()
        .position(|n| n.command(&["DBSIZE"]) == "1")
        .unwrap();
    let [from, to] = [owner, (owner + 1) % 3].map(|node| &nodes[node]);
    let [from_id, to_id] = [from, to].map(|node| node.command(&["CLUSTER", "MYID"]));

    // While the slot is under way: a key that has gone is asked for at its new place.
    to.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    from.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    let port = to.port().to_string();
    from.command(&[
        "MIGRATE",
        "127.0.0.1",
        &port,
        "kinde:{a}:record",
        "0",
        "1000",
    ]);
    assert_eq!(store.load("a").await.unwrap(), Some((1, b"x".to_vec())));
    assert!(store.save("a", Some(1), 2, b"y", LIFE).await.unwrap());

    for node in [to, from] {
        node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    assert_eq!(store.load("a").await.unwrap(), Some((2, b"y".to_vec())));
    assert!(store.delete("a", Some(2)).await.unwrap());

    let alone = refused(&format!("redis://127.0.0.1:{}", from.port()), None).await;
    assert!(alone.message().contains("cluster=true"), "{alone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_name_the_new_master() {
    let mut servers = RedisSentinel::start();
    let store = store(&servers.url());
    increment(&store, "a").await;
    servers.wait_until_in_step();
    servers.fail_over();
    increment(&store, "a").await;
    assert_eq!(number(&store, "a").await, 2);
    assert_eq!(servers.master_port(), servers.replica.port());

    // Back again, this time because the master died.
    servers.wait_until_in_step();
    servers.replica.stop();
    increment(&store, "a").await;
    assert_eq!(number(&store, "a").await, 3);
    assert_eq!(servers.master_port(), servers.master.port());

    let unknown = servers.url().replace(RedisSentinel::MASTER, "nobody");
    let error = refused(&unknown, None).await;
    assert!(error.message().contains("knows no master"), "{error}");
}
