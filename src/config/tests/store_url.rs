//! The addresses of the session store.

use std::collections::HashSet;

use serde_json::json;

use super::{config, reason, settings};
use crate::config::{Login, RedisAddress, Server, Settings, StoreUrl, Topology};

fn server(host: &str, port: u16) -> Server {
    Server {
        host: host.to_owned(),
        port,
    }
}

fn login(user: Option<&str>, password: &str) -> Login {
    Login {
        user: user.map(str::to_owned),
        password: Some(password.into()),
    }
}

/// What `redis://redis.example` means.
fn plain() -> RedisAddress {
    RedisAddress {
        server: server("redis.example", 6379),
        other_servers: Vec::new(),
        topology: Topology::Single,
        tls: false,
        login: Login::default(),
        database: 0,
        prefix: "kinde:".to_owned(),
    }
}

fn sentinels(master: &str, login: Login) -> Topology {
    Topology::Sentinel {
        master: master.to_owned(),
        login,
    }
}

#[test]
fn addresses_of_redis() {
    let cases = [
        ("redis://redis.example", plain()),
        ("redis://redis.example/", plain()),
        ("REDIS://REDIS.example:6379/0", plain()),
        ("redis://redis.example?cluster=false", plain()),
        (
            "rediss://redis.example:7000/3",
            RedisAddress {
                server: server("redis.example", 7000),
                tls: true,
                database: 3,
                ..plain()
            },
        ),
        (
            "redis://:secret@redis.example",
            RedisAddress {
                login: login(None, "secret"),
                ..plain()
            },
        ),
        (
            "redis://a%3Ab:p%2Fw%40%3A:x@redis.example?prefix=app%2Fone:",
            RedisAddress {
                login: login(Some("a:b"), "p/w@::x"),
                prefix: "app/one:".to_owned(),
                ..plain()
            },
        ),
        (
            "redis://redis_1?prefix=",
            RedisAddress {
                server: server("redis_1", 6379),
                prefix: String::new(),
                ..plain()
            },
        ),
        (
            "redis://[::1]:7000",
            RedisAddress {
                server: server("::1", 7000),
                ..plain()
            },
        ),
        (
            "redis://10.0.0.1:7000,[2001:DB8::2],h3",
            RedisAddress {
                server: server("10.0.0.1", 7000),
                other_servers: vec![server("2001:db8::2", 6379), server("h3", 6379)],
                topology: Topology::Cluster,
                ..plain()
            },
        ),
        (
            "rediss://ada:pw@h1/0?cluster=true",
            RedisAddress {
                server: server("h1", 6379),
                topology: Topology::Cluster,
                tls: true,
                login: login(Some("ada"), "pw"),
                ..plain()
            },
        ),
        (
            "redis://s1,s2:7001/2?sentinel=my%20master",
            RedisAddress {
                server: server("s1", 26379),
                other_servers: vec![server("s2", 7001)],
                topology: sentinels("my master", Login::default()),
                database: 2,
                ..plain()
            },
        ),
        (
            "redis://:pw@s1?sentinel_password=a+b%26&sentinel=m&sentinel_username=u",
            RedisAddress {
                server: server("s1", 26379),
                topology: sentinels("m", login(Some("u"), "a+b&")),
                login: login(None, "pw"),
                ..plain()
            },
        ),
    ];
    for (text, address) in cases {
        assert_eq!(
            StoreUrl::parse(text),
            Ok(StoreUrl::Redis(address)),
            "{text}"
        );
    }
}

#[test]
fn memory() {
    let cases = [
        ("memory:", 100_000, 268_435_456),
        ("memory://", 100_000, 268_435_456),
        ("memory:?max_sessions=5", 5, 268_435_456),
        ("memory://?max_bytes=7&max_sessions=1", 1, 7),
    ];
    for (text, max_records, max_bytes) in cases {
        let store = StoreUrl::Memory {
            max_records,
            max_bytes,
        };
        assert_eq!(StoreUrl::parse(text), Ok(store), "{text}");
    }
}

/// Every wrong address holds a secret, which no reason may quote.
#[test]
fn wrong_addresses_are_refused_without_being_shown() {
    let cases = [
        ("", "empty"),
        ("s3cret", "must begin with redis://"),
        ("sql://:s3cret@h", "must begin with redis://"),
        ("redis:h", "must begin with redis://"),
        ("redis:/s3cret@h", "must begin with redis://"),
        ("redis://", "name each host"),
        ("redis://:s3cret@", "name each host"),
        ("redis://:s3cret@h1,", "name each host"),
        ("redis://:s3cret@,h1", "name each host"),
        ("redis://:s3cret@h 1", "name each host"),
        ("redis://:s3cret@h!", "name each host"),
        ("redis://:s3cret@[::1", "name each host"),
        ("redis://:s3cret@[s3cret]", "name each host"),
        ("redis://:s3cret@[::1]7", "name each host"),
        ("redis://:s3cret@::1", "port"),
        ("redis://:s3cret@h:0", "port"),
        ("redis://:s3cret@h:65536", "port"),
        ("redis://:s3cret@h:+1", "port"),
        ("redis://ada:s3cret/x@h", "port"),
        ("redis://:s3cret#x@h", "%23"),
        ("redis://:s3cret?x@h", "%3F"),
        ("redis://s3cret@h", "a user needs a password"),
        ("redis://:%FFs3cret@h", "UTF-8"),
        ("redis://:s3cret@h/x", "number of the database"),
        ("redis://:s3cret@h/-1", "number of the database"),
        ("redis://:s3cret@h/65536", "number of the database"),
        ("redis://:s3cret@h/0/s3cret", "number of the database"),
        ("redis://:s3cret@h1,h2/1", "only the database 0"),
        ("redis://:s3cret@h/1?cluster=true", "only the database 0"),
        ("redis://:s3cret@h?cluster=s3cret", "true or false"),
        ("redis://:s3cret@h1,h2?cluster=false", "cluster=false"),
        ("redis://:s3cret@h?cluster=true&sentinel=m", "exclude"),
        ("redis://:s3cret@h?cluster=true&cluster=true", "twice"),
        ("redis://:s3cret@h?sentinel=", "name the master"),
        ("redis://h?sentinel_password=s3cret", "need sentinel"),
        (
            "redis://h?sentinel=m&sentinel_username=s3cret",
            "needs sentinel_password",
        ),
        ("redis://:s3cret@h?prefix=a%20b", "prefix must be"),
        ("redis://:s3cret@h?prefix={s3cret}", "prefix must be"),
        ("redis://:s3cret@h?password=s3cret", "unknown parameter"),
        ("redis://:s3cret@h?s3cret", "unknown parameter"),
        ("redis://:s3cret@h?max_sessions=1", "unknown parameter"),
        ("redis://:s3cret@h\n", "line break"),
        ("memory://s3cret", "neither host nor path"),
        ("memory:s3cret", "neither host nor path"),
        ("memory:?max_sessions=0", "above 0"),
        ("memory:?max_bytes=s3cret", "above 0"),
        ("memory:?prefix=s3cret", "unknown parameter"),
    ];
    for (text, why) in cases {
        let said = StoreUrl::parse(text).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
        let message = reason(json!({"store_url": text}), "store_url");
        let given = config(json!({"store_url": text}));
        let error = Settings::new(&given).unwrap_err();
        for shown in [
            said,
            message,
            format!("{given:?} {error:?} {}", error.to_json()),
        ] {
            assert!(!shown.contains("s3cret"), "{text}: {shown}");
        }
    }
    let long = format!("redis://h?prefix={}", "p".repeat(65));
    assert!(StoreUrl::parse(&long).is_err());
    assert!(StoreUrl::parse(&long[..long.len() - 1]).is_ok());
}

#[test]
fn equal_addresses_share_and_show_no_password() {
    let parse = |text: &str| StoreUrl::parse(text).unwrap();
    let texts = [
        "redis://ada:s3cret@h",
        "redis://ada:0ther@h",
        "redis://eve:s3cret@h",
        "redis://h",
        "rediss://h",
        "redis://h/1",
        "redis://h?prefix=x",
        "redis://h?sentinel=m",
        "redis://h?sentinel=m&sentinel_password=s3cret",
        "memory:",
    ];
    let addresses: HashSet<StoreUrl> = texts.iter().map(|text| parse(text)).collect();
    assert_eq!(addresses.len(), texts.len());
    assert!(addresses.contains(&parse("redis://ada:s3cret@h:6379/0")));
    let shown = format!("{addresses:?}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("0ther"),
        "{shown}"
    );
    settings(json!({"store_url": texts[0], "seal_keys": "k".repeat(32)}));
}
