//! Keeping sessions with 4 KB of tokens: sealing, the memory store, Redis on loopback, and what a
//! million of them take there.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::StreamExt;
use futures_util::stream;
use kinde::{AuthorizationParams, Client, SealContent, SealParams, Session, TokenSet};
use kinde_test_servers::RedisServer;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use support::Issuer;
use tokio::runtime::Runtime;

const SEAL_KEY: &str = "benchmark-0123456789abcdef0123456789";
const SESSIONS_IN_REDIS: usize = 1_000_000;
const AT_ONCE: usize = 64;

fn client(issuer: &Issuer, store_url: &str) -> Client {
    issuer.client(&json!({"seal_keys": SEAL_KEY, "store_url": store_url}))
}

fn session(client: &Client, tokens: &Value) -> Session {
    let tokens = TokenSet::from_json(&tokens.to_string()).unwrap();
    pollster::block_on(Session::from_tokens(client, tokens)).unwrap()
}

fn signed_in(issuer: &Issuer, client: &Client) -> Session {
    let refresh_token =
        "0123456789abcdef0123456789abcdef0123456789a.0123456789abcdef0123456789abcdef0123456789a";
    let (access, id) = (issuer.access_token(0), issuer.id_token(0));
    session(
        client,
        &json!({"access_token": access, "id_token": id, "refresh_token": refresh_token}),
    )
}

fn sealing(criterion: &mut Criterion) {
    let issuer = Issuer::new("https://bench.kinde.com");
    let client = client(&issuer, "memory:");
    let session = signed_in(&issuer, &client);
    let all = SealParams::default();
    let mut claims = SealParams::default();
    claims.content = SealContent::Claims;
    let sealed = session.seal(&all).unwrap();
    let tokens = session.tokens().unwrap().to_json().len();
    println!(
        "seal/size: {} bytes of {tokens} of tokens; {} of the claims alone",
        sealed.len(),
        session.seal(&claims).unwrap().len()
    );
    let mut group = criterion.benchmark_group("seal");
    group.bench_function("seal", |bencher| {
        bencher.iter(|| session.seal(&all).unwrap());
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| Session::open(&client, &sealed).unwrap());
    });
    group.finish();
}

fn memory(criterion: &mut Criterion) {
    let issuer = Issuer::new("https://bench.kinde.com");
    let client = client(&issuer, "memory:");
    let session = signed_in(&issuer, &client);
    let id = pollster::block_on(session.save()).unwrap();
    let mut group = criterion.benchmark_group("memory_store");
    group.bench_function("load", |bencher| {
        bencher.iter(|| pollster::block_on(Session::load(&client, &id)).unwrap());
    });
    group.bench_function("save", |bencher| {
        bencher.iter(|| {
            change(&session);
            pollster::block_on(session.save()).unwrap()
        });
    });
    group.finish();
}

/// So that there is something to save.
fn change(session: &Session) {
    session.login_url(&AuthorizationParams::new()).unwrap();
}

/// The crate that the library uses, with nothing around it.
struct Bare {
    runtime: Runtime,
    connection: MultiplexedConnection,
}

impl Bare {
    fn new(url: &str) -> Bare {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let client = redis::Client::open(url).unwrap();
        let connection = runtime.block_on(client.get_multiplexed_async_connection());
        Bare {
            connection: connection.unwrap(),
            runtime,
        }
    }

    fn get(&self, key: &str) -> usize {
        self.ask(redis::cmd("GET").arg(key).take())
    }

    fn set(&self, bytes: &[u8]) {
        let mut set = redis::cmd("SET");
        set.arg("bare").arg(bytes).arg("PX").arg(1_296_000_000);
        self.ask(set);
    }

    /// One command, from a thread that is not the runtime's, as calls of the library are.
    fn ask(&self, command: redis::Cmd) -> usize {
        let mut connection = self.connection.clone();
        let task = self.runtime.spawn(async move {
            match command.query_async(&mut connection).await.unwrap() {
                redis::Value::BulkString(bytes) => bytes.len(),
                redis::Value::Okay => 0,
                answer => panic!("{answer:?}"),
            }
        });
        pollster::block_on(task).unwrap()
    }
}

fn in_redis(criterion: &mut Criterion) {
    let server = RedisServer::start();
    let issuer = Issuer::new("https://bench.kinde.com");
    let client = client(&issuer, &server.url());
    let session = signed_in(&issuer, &client);
    change(&session);
    let id = pollster::block_on(session.save()).unwrap();
    let key = server.command(&["KEYS", "*session*:record"]);
    let bare = Bare::new(&server.url());
    let record = bare.get(key.trim());
    println!("redis/record: {record} bytes");
    let bytes = vec![7; record];

    let mut group = criterion.benchmark_group("redis");
    group.measurement_time(Duration::from_secs(8));
    group.bench_function("bare_get", |bencher| {
        bencher.iter(|| bare.get(key.trim()));
    });
    group.bench_function("load", |bencher| {
        bencher.iter(|| pollster::block_on(Session::load(&client, &id)).unwrap());
    });
    group.bench_function("bare_set", |bencher| {
        bencher.iter(|| bare.set(&bytes));
    });
    group.bench_function("save", |bencher| {
        bencher.iter(|| {
            change(&session);
            pollster::block_on(session.save()).unwrap()
        });
    });
    group.finish();
    ratios(&bare, key.trim(), &bytes, &client, &id, &session);
}

/// One after the other in turns, so that both meet the same noise.
fn ratios(bare: &Bare, key: &str, bytes: &[u8], client: &Client, id: &str, session: &Session) {
    let load = ratio(
        &mut || drop(pollster::block_on(Session::load(client, id)).unwrap()),
        &mut || assert!(bare.get(key) > 0),
    );
    let save = ratio(
        &mut || {
            change(session);
            pollster::block_on(session.save()).unwrap();
        },
        &mut || bare.set(bytes),
    );
    println!("redis/load: {load:.2} x a bare GET; redis/save: {save:.2} x a bare SET");
}

/// The median time of one by that of the other.
fn ratio(one: &mut dyn FnMut(), other: &mut dyn FnMut()) -> f64 {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..10_000 {
        let start = Instant::now();
        one();
        times[0].push(start.elapsed());
        let start = Instant::now();
        other();
        times[1].push(start.elapsed());
    }
    let [one, other] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    one / other
}

/// Sessions of machines, because those of a million users would need two million signatures.
fn million(_: &mut Criterion) {
    let server = RedisServer::configured(&["appendonly no", "save \"\""]);
    let issuer = Issuer::new("https://bench.kinde.com");
    let client = client(&issuer, &server.url());
    let machine = issuer.machine_token();
    let before = used_memory(&server);
    let tokens = json!({"access_token": machine});
    let template = Arc::new(TokenSet::from_json(&tokens.to_string()).unwrap());
    let start = Instant::now();
    let saves = stream::iter(0..SESSIONS_IN_REDIS).for_each_concurrent(AT_ONCE, |_| {
        let (client, template) = (client.clone(), template.clone());
        async move {
            let session = Session::from_tokens(&client, (*template).clone())
                .await
                .unwrap();
            session.save().await.unwrap();
        }
    });
    pollster::block_on(saves);
    let rate = SESSIONS_IN_REDIS as f64 / start.elapsed().as_secs_f64();
    let each = (used_memory(&server) - before) / SESSIONS_IN_REDIS;
    println!(
        "redis/million: {each} bytes a session with a token of {} bytes; {rate:.0} saved a second",
        machine.len()
    );
}

fn used_memory(server: &RedisServer) -> usize {
    let info = server.command(&["INFO", "memory"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}

criterion_group!(benches, sealing, memory, in_redis, million);
criterion_main!(benches);
