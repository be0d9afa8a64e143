//! What a call of an API costs beside its transport, and what it takes to list 10,000 users.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use kinde::Client;
use serde_json::{Value, json};
use support::Issuer;

const USERS: usize = 10_000;
const PAGE: usize = 500;
const AUDIENCE: &str = "https://bench.kinde.com/api";
const CREATE_USER: &str = r#"{"profile":{"given_name":"Ada","family_name":"Lovelace"},
    "organization_code":"org_1","identities":[{"type":"email","details":{"email":"ada@example.com"}}]}"#;

/// Answers on loopback: a machine's token, pages of users, and the same to everything else.
struct Server {
    url: String,
    pages_asked: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> (Server, Issuer) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Issuer::new(&url);
        let token = json!({
            "access_token": machine_token(&issuer), "token_type": "bearer", "expires_in": 86_400,
        });
        let pages: Vec<String> = (0..USERS / PAGE).map(page).collect();
        let pages = Arc::new((token.to_string(), pages));
        let pages_asked = Arc::new(AtomicUsize::new(0));
        let server = Server {
            url,
            pages_asked: pages_asked.clone(),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (pages, pages_asked) = (pages.clone(), pages_asked.clone());
                std::thread::spawn(move || {
                    serve(stream.unwrap(), &pages.0, &pages.1, &pages_asked)
                });
            }
        });
        (server, issuer)
    }
}

fn machine_token(issuer: &Issuer) -> String {
    issuer.sign(&json!({
        "aud": [AUDIENCE], "azp": support::CLIENT_ID, "exp": support::now() + 86_400,
        "iat": support::now(), "iss": issuer.url, "gty": ["client_credentials"],
        "scp": ["read:users", "create:users"],
    }))
}

/// The page of this number, which names the number of the next.
fn page(number: usize) -> String {
    let user = |i: usize| {
        json!({
            "id": format!("kp_{i:032}"), "email": format!("user{i}@example.com"),
            "first_name": "Ada", "last_name": "Lovelace", "is_suspended": false,
            "organizations": ["org_1234567890"], "identities": [],
        })
    };
    let users: Vec<Value> = (number * PAGE..(number + 1) * PAGE).map(user).collect();
    let next = (number + 1 < USERS / PAGE).then(|| (number + 1).to_string());
    json!({"code": "OK", "message": "Success", "users": users, "next_token": next}).to_string()
}

fn serve(mut stream: TcpStream, token: &str, pages: &[String], pages_asked: &AtomicUsize) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut line, mut length, mut first) = (String::new(), 0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            let lower = line.to_ascii_lowercase();
            if let Some(text) = lower.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(
            &mut std::io::Read::take(&mut reader, length),
            &mut std::io::sink(),
        )
        .unwrap();
        let body = match first.split_once("next_token=") {
            _ if first.contains("/oauth2/token") => token,
            _ if !first.contains("/users?") => r#"{"code":"OK"}"#,
            after => {
                pages_asked.fetch_add(1, Ordering::Relaxed);
                let number = after.map_or(0, |(_, text)| {
                    text.split([' ', '&']).next().unwrap().parse().unwrap()
                });
                &pages[number]
            }
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .unwrap();
    }
}

fn calls(c: &mut Criterion) {
    let (server, issuer) = Server::start();
    let client = issuer.client(&json!({"management_audience": AUDIENCE}));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    // The least that any program must do to send the same: its transport, with a body that is ready.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap();
    let url = format!("{}/api/v1/user", server.url);
    let token = machine_token(&issuer);
    let mut group = c.benchmark_group("api");
    group.bench_function("transport", |b| {
        b.iter(|| {
            let request = http.post(&url).bearer_auth(&token).body(CREATE_USER);
            let request = request.header("content-type", "application/json");
            let answer = runtime.spawn(async move { request.send().await.unwrap().bytes().await });
            pollster::block_on(answer).unwrap().unwrap()
        })
    });
    group.bench_function("call", |b| {
        b.iter(|| pollster::block_on(client.api_call("create_user", CREATE_USER)).unwrap())
    });
    // Whether it gives a list is asked when the request is ready: it does not, and is not sent.
    group.bench_function("request_with_body", |b| {
        b.iter(|| {
            let refused = client.api_pages("create_user", CREATE_USER);
            refused.map(|_| ()).unwrap_err()
        })
    });
    group.bench_function("request", |b| {
        b.iter(|| {
            client
                .api_pages("get_users", r#"{"page_size":500,"expand":"organizations"}"#)
                .unwrap()
        })
    });
    group.finish();
    list(&server, &client);
}

/// Each page is dropped before the next is asked for, as a program does that works through a list.
fn list(server: &Server, client: &Client) {
    // Forgets the peak of before.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_bytes();
    let asked = server.pages_asked.load(Ordering::Relaxed);
    let begun = Instant::now();
    let pages = client
        .api_pages("get_users", r#"{"page_size":500}"#)
        .unwrap();
    let mut listed = 0;
    while let Some(page) = pollster::block_on(pages.next()).unwrap() {
        listed += page.borrowed().get("items").unwrap().items().count();
    }
    let took = begun.elapsed();
    assert_eq!(listed, USERS);
    let asked = server.pages_asked.load(Ordering::Relaxed) - asked;
    println!(
        "api/list_10000_users: {asked} requests, {} ms",
        took.as_millis()
    );
    println!(
        "api/list_10000_users: {} KiB more at the peak",
        (peak_bytes() - before) / 1024
    );
}

/// The most memory that this process had since its peak was forgotten.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() * 1024
}

criterion_group!(benches, calls);
criterion_main!(benches);
