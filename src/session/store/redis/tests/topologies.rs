//! A Cluster, and a master that Sentinels watch.

use std::time::Duration;

use kinde_test_servers::{RedisCluster, RedisSentinel, RedisServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::slot;
use super::{LIFE, increment, number, refused, store, store_with};

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
    // Another one, then the one that the address names.
    for (version, node) in [(1, 1), (2, 0)] {
        cluster.kill(node);
        let restart = tokio::task::spawn_blocking(move || {
            cluster.restart(node);
            cluster
        });
        for key in &keys {
            let found = store.load(key).await.unwrap();
            assert_eq!(found, Some((version, key.clone().into_bytes())));
            let saved = store.save(key, Some(version), version + 1, key.as_bytes(), LIFE);
            assert!(saved.await.unwrap());
        }
        cluster = restart.await.unwrap();
        cluster.wait_until_whole();
    }
}

#[tokio::test]
async fn a_cluster_that_moves_slots_is_followed() {
    let cluster = RedisCluster::start();
    let store = store(&cluster.url());
    let slot = slot::of_key("kinde:{a}:record").to_string();
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

    let wrong = servers.url().replace(RedisSentinel::PASSWORD, "wr0ng");
    let error = refused(&wrong, None).await;
    assert!(error.message().contains("refused the user"), "{error}");
    assert!(!error.message().contains("wr0ng"), "{error}");
    let unknown = servers.url().replace(RedisSentinel::MASTER, "nobody");
    let error = refused(&unknown, None).await;
    assert!(error.message().contains("knows no master"), "{error}");
}

/// A server that gives one answer to whatever it is asked.
fn answering(listener: TcpListener, answer: String) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut question = [0; 4096];
                while client.read(&mut question).await.is_ok_and(|read| read > 0) {
                    client.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    })
}

#[tokio::test]
async fn what_is_no_host_is_neither_connected_to_nor_shown() {
    let long = "a".repeat(300);
    for host in ["a b", "evil\u{1b}[2J", "evil\u{202e}", "::1%lo", &long] {
        let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
        let master = format!("*2\r\n{}{}", bulk(host), bulk("6379"));
        let row = format!("*3\r\n:0\r\n:16383\r\n*2\r\n{}:6379\r\n", bulk(host));
        for (query, answer, said) in [
            ("sentinel=m", master, "knows no master"),
            (
                "cluster=true",
                format!("*1\r\n{row}"),
                "no server for the key",
            ),
            (
                "cluster=true",
                format!("-MOVED 1 {host}:6379\r\n"),
                "answered with an error",
            ),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = answering(listener, answer);
            let url = format!("redis://{address}?{query}");
            let store = store_with(&url, None, Duration::from_millis(300));
            let error = store.load("a").await.unwrap_err();
            let message = error.message();
            assert!(message.contains(said), "{message}");
            let is_plain = |c: char| !c.is_control() && c != '\u{202e}';
            assert!(message.len() < 800 && message.chars().all(is_plain));
            server.abort();
        }
    }
}

#[tokio::test]
async fn a_replica_that_sentinels_name_gives_no_old_records() {
    let replica = RedisServer::configured(&["replicaof 127.0.0.1 1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sentinel = listener.local_addr().unwrap();
    let port = replica.port().to_string();
    let answer = format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len());
    let late = answering(listener, answer);
    let url = format!("redis://{sentinel}?sentinel=m");
    let store = store_with(&url, None, Duration::from_millis(500));
    let error = store.load("a").await.unwrap_err();
    assert!(error.message().contains("is not a master"), "{error}");
    assert!(error.message().contains(&port), "{error}");
    late.abort();
}
