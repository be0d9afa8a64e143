use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use super::connection::proxies;
use super::test_server::{Answer, Server, answer};
use super::*;
use crate::config::Config;
use crate::runtime::run;

/// Long enough for any answer that comes at all.
const LONG: Duration = Duration::from_secs(30);

fn settings(given: &Value) -> Settings {
    let mut config = Config::new();
    config.set("domain", "example.kinde.com").unwrap();
    config.set("client_id", "app").unwrap();
    config.load_json(&given.to_string()).unwrap();
    Settings::new(&config).unwrap()
}

fn http(given: Value) -> Http {
    Http::new(&settings(&given)).unwrap()
}

fn get(url: Url) -> Request {
    Request {
        method: Method::Get,
        url,
        headers: Vec::new(),
        body: Body::Empty,
        repeat: Repeat::Never,
        deadline: Instant::now() + LONG,
    }
}

fn post(url: Url) -> Request {
    Request {
        method: Method::Post,
        body: Body::Form(Zeroizing::new("code=s3cr3t".to_owned())),
        ..get(url)
    }
}

fn repeated(request: Request) -> Request {
    Request {
        repeat: Repeat::Idempotent,
        ..request
    }
}

fn send(http: &Http, request: Request) -> Result<Response> {
    let http = http.clone();
    pollster::block_on(run(2, async move { http.send(request).await }))
}

fn fails(http: &Http, request: Request) -> Error {
    match send(http, request) {
        Ok(response) => panic!("answered: {response:?}"),
        Err(error) => {
            assert!(!error.to_json().contains("s3cr3t"), "{error}");
            error
        }
    }
}

#[test]
fn a_form_is_posted_as_kinde_wants_it() {
    let server = Server::start(|_, _| answer(200, &["X-Test: yes"], r#"{"a":1}"#));
    let http = http(json!({"user_agent": "Ruby/2.0.0"}));
    let mut request = post(server.url("/oauth2/token?x=1"));
    request.headers.push(("authorization", "Basic abc".into()));
    let response = send(&http, request).unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.header("x-test"), Some("yes"));
    assert_eq!(response.json_object("it").unwrap()["a"], 1);
    let seen = server.requests().remove(0);
    assert!(
        seen.starts_with("POST /oauth2/token?x=1 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\ncode=s3cr3t"), "{seen}");
    let agent = concat!(
        "user-agent: libkinde/",
        env!("CARGO_PKG_VERSION"),
        " Ruby/2.0.0\r\n"
    );
    for line in [
        "content-type: application/x-www-form-urlencoded\r\n",
        "accept: application/json\r\n",
        "authorization: Basic abc\r\n",
        "accept-encoding: gzip\r\n",
        "content-length: 11\r\n",
        agent,
    ] {
        assert!(seen.contains(line), "{line:?} is not in {seen}");
    }
    for name in ["cookie", "referer"] {
        assert!(!seen.contains(name), "{seen}");
    }
}

#[test]
fn a_connection_is_kept_and_cookies_are_not() {
    let server = Server::start(|_, _| answer(200, &["Set-Cookie: a=b"], "{}"));
    let http = http(json!({}));
    for _ in 0..3 {
        send(&http, post(server.url("/"))).unwrap();
    }
    assert_eq!(server.connections(), 1);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.contains("cookie"))
    );
}

#[test]
fn a_redirect_is_an_answer() {
    let server = Server::start(|_, _| answer(302, &["Location: /elsewhere"], ""));
    let response = send(&http(json!({})), get(server.url("/"))).unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(response.header("Location"), Some("/elsewhere"));
    assert_eq!(server.requests().len(), 1);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn answers_are_decompressed_and_bounded_afterwards() {
    let server = Server::start(|_, request| {
        let gzipped = |body: &[u8]| answer(200, &["Content-Encoding: gzip"], gzip(body));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        match request.split(' ').nth(1).unwrap() {
            "/fits" => gzipped(&[b'x'; 2048]),
            "/bomb" => gzipped(&vec![0; 20_000_000]),
            "/torn" => answer(200, &["Content-Encoding: gzip"], &gzip(b"abcdefgh")[..12]),
            "/long" => answer(200, &[], [b'x'; 2049]),
            "/exact" => answer(200, &[], [b'x'; 2048]),
            "/announced" => {
                Answer::Silence(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec())
            }
            _ => Answer::Endless(chunked, b"5\r\nhello\r\n".to_vec()),
        }
    });
    let http = http(json!({"max_response_bytes": 2048}));
    assert_eq!(
        send(&http, get(server.url("/fits"))).unwrap().body.len(),
        2048
    );
    assert_eq!(
        send(&http, get(server.url("/exact"))).unwrap().body.len(),
        2048
    );
    for path in ["/bomb", "/long", "/announced", "/endless"] {
        let error = fails(&http, get(server.url(path)));
        assert_eq!(error.status(), Status::ResponseTooLarge, "{path}");
        assert_eq!(error.http_status(), Some(200));
        assert!(error.message().contains("max_response_bytes"), "{error}");
    }
    let error = fails(&http, get(server.url("/torn")));
    assert_eq!(error.status(), Status::MalformedResponse, "{error}");
}

#[test]
fn lies_garbage_and_lost_connections_are_told_apart() {
    let server = Server::start(|_, request| {
        Answer::Last(match request.split([' ', '?']).nth(1).unwrap() {
            "/short" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec(),
            "/garbage" => b"\x16\x03\x01 not HTTP at all\r\n\r\n".to_vec(),
            "/chunks" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            _ => Vec::new(),
        })
    });
    let http = http(json!({}));
    for (path, status) in [
        ("/short", Status::Network),
        ("/chunks", Status::Network),
        ("/garbage", Status::MalformedResponse),
        ("/nothing", Status::Network),
    ] {
        let before = server.requests().len();
        let error = fails(&http, post(server.url(&format!("{path}?token=s3cr3t"))));
        assert_eq!(error.status(), status, "{path}: {error}");
        assert!(
            error.message().contains(&server.address.to_string()),
            "{error}"
        );
        assert_eq!(server.requests().len(), before + 1, "{path} was sent again");
    }
}

#[test]
fn a_host_that_is_not_there_is_named() {
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let url: Url = format!("http://{address}/?code=s3cr3t").parse().unwrap();
    let error = fails(&http(json!({})), get(url));
    assert_eq!(error.status(), Status::Network);
    assert_eq!(
        error.message(),
        format!("{address} could not be reached: connection refused")
    );
}

#[test]
fn the_deadline_covers_head_and_body() {
    let server = Server::start(|_, request| match request.contains("/body") {
        true => Answer::Silence(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()),
        false => Answer::Silence(Vec::new()),
    });
    let http = http(json!({}));
    for path in ["/head", "/body"] {
        let mut request = repeated(get(server.url(path)));
        request.deadline = Instant::now() + Duration::from_millis(30);
        let error = fails(&http, request);
        assert_eq!(error.status(), Status::Timeout, "{path}");
        assert!(error.message().contains("timeout_ms"), "{error}");
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn only_what_is_safe_to_repeat_is_repeated() {
    let flaky = || {
        Server::start(|number, _| match number {
            0 => Answer::Last(Vec::new()),
            1 => answer(429, &["Retry-After: 0"], ""),
            2 => answer(503, &["RateLimit-Reset: 0"], ""),
            _ => answer(200, &[], "{}"),
        })
    };
    let http = http(json!({}));
    let server = flaky();
    assert_eq!(
        send(&http, repeated(post(server.url("/")))).unwrap().status,
        200
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert!(
        requests
            .iter()
            .all(|request| request.ends_with("code=s3cr3t"))
    );

    let server = flaky();
    assert_eq!(
        fails(&http, post(server.url("/"))).status(),
        Status::Network
    );
    assert_eq!(send(&http, post(server.url("/"))).unwrap().status, 429);
    assert_eq!(send(&http, post(server.url("/"))).unwrap().status, 503);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn repeating_ends() {
    let server = Server::start(|_, _| answer(500, &["Retry-After: 0"], ""));
    let response = send(&http(json!({})), repeated(get(server.url("/")))).unwrap();
    assert_eq!(response.status, 500);
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn other_answers_are_final() {
    for status in [200, 301, 400, 401, 404, 501] {
        let server = Server::start(move |_, _| answer(status, &["Retry-After: 0"], ""));
        let response = send(&http(json!({})), repeated(get(server.url("/")))).unwrap();
        assert_eq!((response.status, server.requests().len()), (status, 1));
    }
}

#[test]
fn a_pause_beyond_the_deadline_is_not_begun() {
    let server = Server::start(|_, _| answer(429, &["Retry-After: 3600"], ""));
    let response = send(&http(json!({})), repeated(get(server.url("/")))).unwrap();
    assert_eq!(response.status, 429);
    assert_eq!(response.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn plain_http_goes_to_allowed_hosts_only() {
    let http = http(json!({}));
    let error = fails(
        &http,
        get("http://example.kinde.com/?t=s3cr3t".parse().unwrap()),
    );
    assert_eq!(error.status(), Status::Config);
    assert_eq!(error.field(), Some("insecure_hosts"));
}

#[test]
fn names_below_localhost_are_this_machine() {
    let server = Server::start(|_, _| answer(200, &[], "{}"));
    let http = http(json!({}));
    for host in ["localhost", "kinde.localhost", "127.0.0.1"] {
        let url = format!("http://{host}:{}/", server.address.port());
        assert_eq!(
            send(&http, get(url.parse().unwrap())).unwrap().status,
            200,
            "{host}"
        );
    }
}

#[test]
fn a_header_that_cannot_be_sent_is_named_and_not_shown() {
    let mut request = get("http://localhost:1/".parse().unwrap());
    request
        .headers
        .push(("authorization", "s3cr3t\r\nX: y".into()));
    let error = fails(&http(json!({})), request);
    assert_eq!(error.status(), Status::InvalidArgument);
    assert_eq!(error.field(), Some("authorization"));
}

#[test]
fn the_proxy_is_for_all_but_this_machine() {
    let proxy = Server::start(|_, _| answer(200, &[], "{}"));
    let server = Server::start(|_, _| answer(200, &[], "{}"));
    let authority = Authority::new();
    let through = |address: &str| {
        http(json!({
            "proxy": format!("http://user:s3cr3t@{address}"),
            "insecure_hosts": "kinde.test",
            // For machines without certificate authorities of their own.
            "ca_file": authority.file().to_str().unwrap(),
        }))
    };
    let far: Url = "http://kinde.test/through".parse().unwrap();
    let http = through(&proxy.address.to_string());
    send(&http, get(server.url("/direct"))).unwrap();
    send(&http, get(far.clone())).unwrap();
    assert!(server.requests()[0].starts_with("GET /direct "));
    let seen = proxy.requests();
    assert_eq!(seen.len(), 1);
    assert!(
        seen[0].starts_with("GET http://kinde.test/through "),
        "{}",
        seen[0]
    );
    let credentials = "proxy-authorization: Basic dXNlcjpzM2NyM3Q=\r\n";
    assert!(seen[0].contains(credentials), "{}", seen[0]);

    let nobody = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let lost = through(&nobody.to_string());
    assert!(!format!("{lost:?}").contains("s3cr3t"));
    let error = fails(&lost, get(far));
    assert_eq!(error.status(), Status::Network);
    assert!(error.message().contains("through the proxy"), "{error}");
}

#[test]
fn what_was_written_is_not_written_again_when_a_kept_connection_dies() {
    let server = Server::start(|number, _| match number % 2 {
        0 => answer(200, &[], "{}"),
        _ => Answer::Last(Vec::new()),
    });
    let http = http(json!({}));
    for sent in 1..=10 {
        let outcome = send(&http, post(server.url("/")));
        assert_eq!(outcome.is_ok(), sent % 2 == 1);
        assert_eq!(server.requests().len(), sent);
    }
    assert_eq!(server.connections(), 5);
}

#[test]
fn proxies_of_the_environment() {
    let count = |setting: Option<&str>, variables: &[(&str, &str)]| {
        proxies(setting, |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .map(|proxies| proxies.len())
    };
    let both = &[("HTTPS_PROXY", "http://p:1"), ("HTTP_PROXY", "p:2")];
    assert_eq!(count(None, &[]).unwrap(), 0);
    assert_eq!(count(None, both).unwrap(), 2);
    assert_eq!(count(Some("off"), both).unwrap(), 0);
    assert_eq!(count(Some("socks5://p:1"), both).unwrap(), 1);
    assert_eq!(count(None, &[("all_proxy", "socks5h://p:1")]).unwrap(), 2);
    assert_eq!(count(None, &[("HTTPS_PROXY", " ")]).unwrap(), 0);
    let cgi = &[("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")];
    assert_eq!(count(None, cgi).unwrap(), 0);
    let error = count(None, &[("HTTPS_PROXY", "http://u:s3cr3t@")]).unwrap_err();
    assert_eq!(error.status(), Status::Config);
    assert!(error.message().contains("HTTPS_PROXY"), "{error}");
    assert!(!error.message().contains("s3cr3t"), "{error}");
}

/// A certificate authority that exists only for one test.
struct Authority {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
    directory: tempfile::TempDir,
}

impl Authority {
    fn new() -> Authority {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        Authority {
            issuer: rcgen::CertifiedIssuer::self_signed(params, key).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        let path = self.directory.path().join("ca.pem");
        std::fs::write(&path, self.issuer.pem()).unwrap();
        path
    }

    /// Serves one request after the other over TLS, as `name`.
    fn serve(&self, name: &str) -> u16 {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let mut tls = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut stream = rustls::Stream::new(&mut tls, &mut socket);
                // Read to its end, because closing before that would cut the answer off. Fails when
                // the other side does not like the certificate.
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    request.push(byte[0]);
                }
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
                );
            }
        });
        port
    }
}

#[test]
fn https_trusts_the_authorities_of_ca_file() {
    let authority = Authority::new();
    let port = authority.serve("localhost");
    let ca_file = authority.file();
    let trusting = http(json!({"ca_file": ca_file.to_str().unwrap()}));
    let url: Url = format!("https://localhost:{port}/").parse().unwrap();
    assert_eq!(send(&trusting, get(url.clone())).unwrap().status, 200);

    let error = fails(&http(json!({})), repeated(get(url)));
    assert_eq!(error.status(), Status::Tls, "{error}");
    assert!(error.message().contains("ca_file"), "{error}");
    assert!(error.message().contains("ca-certificates"), "{error}");
}

#[test]
fn certificates_for_other_names_and_hosts_without_tls_are_refused() {
    let authority = Authority::new();
    let port = authority.serve("example.kinde.com");
    let http = http(json!({"ca_file": authority.file().to_str().unwrap()}));
    let error = fails(
        &http,
        get(format!("https://localhost:{port}/").parse().unwrap()),
    );
    assert_eq!(error.status(), Status::Tls);
    assert!(error.message().contains("another name"), "{error}");

    let plain = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = plain.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut socket in plain.incoming().flatten() {
            let _ = socket.write_all(b"HTTP/1.1 400 -\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let error = fails(
        &http,
        get(format!("https://localhost:{port}/").parse().unwrap()),
    );
    assert_eq!(error.status(), Status::Tls, "{error}");
    assert!(error.message().contains("does not speak TLS"), "{error}");
}

#[test]
fn a_ca_file_that_is_none_is_a_wrong_setting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let make = || Http::new(&settings(&json!({"ca_file": path.to_str().unwrap()})));
    for (contents, why) in [
        (None, "cannot be read"),
        (Some(""), "no certificate"),
        (Some("not PEM"), "no certificate"),
        (
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "no certificate",
        ),
        (Some("-----BEGIN CERTIFICATE-----\n%%%\n"), "not a PEM file"),
    ] {
        if let Some(contents) = contents {
            std::fs::write(&path, contents).unwrap();
        }
        let error = make().unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert_eq!(error.field(), Some("ca_file"));
        assert!(error.message().contains(why), "{contents:?}: {error}");
    }
}

#[test]
fn who_finds_no_place_until_the_deadline_learns_that_nothing_was_sent() {
    let server = Server::start(|_, _| answer(200, &[], "{}"));
    let http = http(json!({}));
    let request = get(server.url("/"));
    let work = run(2, async move {
        let pace = Pace::new(1);
        let taken = pace.enter(request.deadline).await;
        let late = Request {
            deadline: Instant::now() + Duration::from_millis(20),
            ..request
        };
        let outcome = http.send_paced(late, &pace).await;
        drop(taken);
        outcome
    });
    let error = pollster::block_on(work).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("api_concurrency"), "{error}");
    assert_eq!(server.requests().len(), 0);
}
