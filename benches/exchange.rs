//! Code exchanges with both tokens verified, over loopback, one connection pool for all.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use kinde::{Client, CodeExchange, Secret};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use support::Issuer;
use support::server::{Server, TOKEN_PAIRS};
use tokio_rustls::TlsAcceptor;

const AT_ONCE: usize = 64;

/// A client that has seen none of the tokens, with its connections open.
async fn fresh_client(issuer: &Issuer, settings: &Value, connections: usize) -> Client {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut settings = settings.clone();
    // Clients that differ in it share nothing.
    settings["user_agent"] = json!(format!("benchmark/{serial}"));
    let client = issuer.client(&settings);
    join_all((0..connections).map(|_| exchange(&client))).await;
    client
}

async fn exchange(client: &Client) {
    let tokens = client
        .exchange_code(CodeExchange {
            code: "code".into(),
            code_verifier: Some(Secret::from("verifier-verifier-verifier-verifier-verifier")),
            redirect_uri: None,
            nonce: Some(support::NONCE.to_owned()),
        })
        .await
        .unwrap();
    assert!(tokens.id_token.is_some());
}

/// Times `rounds` of `at_once` exchanges, none of which brings tokens that its client has seen.
fn time(issuer: &Issuer, settings: &Value, rounds: u64, at_once: usize) -> Duration {
    let mut left = usize::try_from(rounds).unwrap();
    let mut spent = Duration::ZERO;
    while left > 0 {
        let client = pollster::block_on(fresh_client(issuer, settings, at_once));
        let batch = left.min(TOKEN_PAIRS / at_once - 1);
        let start = Instant::now();
        for _ in 0..batch {
            if at_once == 1 {
                pollster::block_on(exchange(&client));
            } else {
                pollster::block_on(join_all((0..at_once).map(|_| exchange(&client))));
            }
        }
        spent += start.elapsed();
        left -= batch;
    }
    spent
}

/// The same requests and answers with nothing but reqwest: what the exchange is measured beside.
fn time_bare(url: &str, rounds: u64, at_once: usize) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("{url}/oauth2/token");
    let post = || {
        let request = client.post(&url).body("x".repeat(300));
        let task = runtime.spawn(async move {
            let answer = request.send().await.unwrap();
            answer.bytes().await.unwrap().len()
        });
        async move { assert!(task.await.unwrap() > 0) }
    };
    pollster::block_on(join_all((0..at_once).map(|_| post())));
    let start = Instant::now();
    for _ in 0..rounds {
        pollster::block_on(join_all((0..at_once).map(|_| post())));
    }
    start.elapsed()
}

fn plain_issuer() -> Issuer {
    let server = Server::start(None);
    let issuer = Issuer::new(&format!("http://{}", server.address));
    server.mint(&issuer);
    issuer
}

fn tls_issuer(certificate_file: &tempfile::NamedTempFile) -> Issuer {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(certificate_file.path(), signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let server = Server::start(Some(TlsAcceptor::from(Arc::new(tls))));
    let issuer = Issuer::new(&format!("https://localhost:{}", server.address.port()));
    server.mint(&issuer);
    issuer
}

fn exchanges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exchange");
    let plain = plain_issuer();
    let no_more = json!({});
    group.bench_function("sequential_bare_http", |bencher| {
        bencher.iter_custom(|rounds| time_bare(&plain.url, rounds, 1));
    });
    group.bench_function("sequential", |bencher| {
        bencher.iter_custom(|rounds| time(&plain, &no_more, rounds, 1));
    });
    let certificate = tempfile::NamedTempFile::new().unwrap();
    let tls = tls_issuer(&certificate);
    let trust = json!({"ca_file": certificate.path()});
    group.bench_function("sequential_tls", |bencher| {
        bencher.iter_custom(|rounds| time(&tls, &trust, rounds, 1));
    });
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    group.bench_function("at_once_64_bare_http", |bencher| {
        bencher.iter_custom(|rounds| time_bare(&plain.url, rounds, AT_ONCE));
    });
    group.bench_function("at_once_64", |bencher| {
        bencher.iter_custom(|rounds| time(&plain, &no_more, rounds, AT_ONCE));
    });
    group.finish();
}

criterion_group!(benches, exchanges);
criterion_main!(benches);
