//! Servers that are away, silent, or refuse.

use std::sync::Arc;
use std::time::Duration;

use kinde_test_servers::RedisServer;
use tokio::time::Instant;

use super::{LIFE, TIMEOUT, increment, number, refused, store, store_with, wait_until};
use crate::error::Status;

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
    let timeout = Duration::from_secs(1);
    let store = store_with(&server.url(), None, timeout);
    store.load("a").await.unwrap();
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
        "1000 ms that store_timeout_ms",
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
    assert!(!error.message().contains("SELECT"), "{error}");
    let database = refused(&format!("redis://ada:pw@{place}/2"), None).await;
    assert!(database.message().contains("SELECT"), "{database}");

    let store = store(&server.url());
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = store.save("a", None, 1, b"x", LIFE).await.unwrap_err();
    assert!(error.message().contains("out of memory"), "{error}");
    assert!(error.message().contains("volatile-ttl"), "{error}");
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
