//! The program: options, configuration files, TLS, its end.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::json;

use crate::process::{Answer, Emulator, client_builder, command, text};

fn failure(arguments: &[&str]) -> String {
    let output = command()
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the emulator starts");
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn the_first_line_tells_all_that_a_test_needs() {
    let emulator = Emulator::start(&["--control"]);
    let ready = &emulator.ready;
    assert!(text(ready, "url").starts_with("http://127.0.0.1:"));
    assert_eq!(ready["issuer"], ready["url"]);
    assert_eq!(ready["control_url"], format!("{}/_control", emulator.url));
    assert!(ready["pid"].is_u64());
    let first = &ready["applications"][0];
    assert_eq!(
        first,
        &json!({"client_id": "emulator_web", "kind": "regular", "name": "Web application"})
    );
    assert!(!ready.to_string().contains("secret"));
}

#[test]
fn the_built_in_configuration_is_one_that_the_emulator_reads() {
    let printed = command()
        .arg("--print-config")
        .output()
        .expect("the emulator starts");
    assert!(printed.status.success());
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kinde.toml");
    fs::write(&file, printed.stdout).expect("a file");
    let emulator = Emulator::start(&["--config", file.to_str().expect("text")]);
    assert_eq!(
        emulator.ready["applications"].as_array().map(Vec::len),
        Some(6)
    );
}

#[tokio::test]
async fn a_configuration_may_be_json() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kinde.json");
    let config = json!({
        "applications": [{"client_id": "mine", "kind": "m2m", "client_secret": "s", "audiences": ["{url}/api"]}],
        "apis": [{"audience": "{url}/api", "scopes": ["read:users"]}],
    });
    fs::write(&file, config.to_string()).expect("a file");
    let emulator = Emulator::start(&["--config", file.to_str().expect("text")]);
    let audience = format!("{}/api", emulator.url);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "mine"),
        ("client_secret", "s"),
        ("audience", &audience),
    ];
    assert_eq!(
        emulator.post("/oauth2/token", &fields).await.json()["scope"],
        "read:users"
    );
}

#[test]
fn every_mistake_of_a_configuration_is_named_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kinde.toml");
    let config = r#"
        [settings]
        device_interval_seconds = -1
        [[applications]]
        client_id = "a"
        kind = "regular"
        redirect_uris = ["https://*/callback", "nonsense"]
        audiences = ["https://api.example.com"]
        [[applications]]
        client_id = "a"
        kind = "spa"
        client_secret = "x"
        [[feature_flags]]
        key = "limit"
        type = "integer"
        value = "5"
        [[organizations]]
        code = "org_a"
        name = "A"
        feature_flags = { unknown = 1 }
        [[users]]
        email = "nobody"
        organizations = [{ code = "org_b", roles = ["admin"] }]
    "#;
    fs::write(&file, config).expect("a file");
    let message = failure(&["--config", file.to_str().expect("text")]);
    for place in [
        "settings.device_interval_seconds",
        "applications[0].client_secret",
        "applications[0].redirect_uris[0]",
        "applications[0].redirect_uris[1]",
        "applications[0].audiences[0]",
        "applications[1].client_id",
        "applications[1].client_secret",
        "feature_flags[0].value",
        "organizations[0].feature_flags.unknown",
        "users[0].email",
        "users[0].organizations[0].code",
        "users[0].organizations[0].roles",
    ] {
        assert!(message.contains(place), "{place} is not in:\n{message}");
    }
}

#[test]
fn unusable_options_end_with_a_reason() {
    assert!(failure(&["--auto-login", "who@example.com"]).contains("who@example.com"));
    assert!(failure(&["--config", "/nowhere/kinde.toml"]).contains("/nowhere/kinde.toml"));
    assert!(failure(&["--key-bits", "1024"]).contains("1024"));
    assert!(failure(&["--tls-cert", "/nowhere.pem"]).contains("--tls-key"));
    assert!(
        failure(&["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.pem"])
            .contains("/nowhere.pem")
    );
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kinde.toml");
    fs::write(&file, "[settings]\ncolour = 1\n").expect("a file");
    assert!(failure(&["--config", file.to_str().expect("text")]).contains("colour"));
    fs::write(&file, "no key").expect("a file");
    assert!(failure(&["--key-file", file.to_str().expect("text")]).contains("PKCS#8"));
}

#[tokio::test]
async fn a_key_file_outlives_the_emulator() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("key.pem");
    let arguments = ["--key-file", file.to_str().expect("text")];
    let first = Emulator::start_as_is(&arguments);
    let jwks = first.get("/.well-known/jwks").await.json();
    drop(first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file)
                .expect("it was written")
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }
    assert_eq!(
        Emulator::start_as_is(&arguments)
            .get("/.well-known/jwks")
            .await
            .json(),
        jwks
    );
    assert_ne!(
        Emulator::start_as_is(&[])
            .get("/.well-known/jwks")
            .await
            .json(),
        jwks
    );
}

#[tokio::test]
async fn it_serves_https() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let (certificate, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    fs::write(&certificate, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let (certificate, key) = (
        certificate.to_str().expect("text"),
        key.to_str().expect("text"),
    );
    let emulator = Emulator::start(&[
        "--host",
        "localhost",
        "--tls-cert",
        certificate,
        "--tls-key",
        key,
    ]);
    assert!(emulator.url.starts_with("https://localhost:"));
    let trusted =
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = client_builder()
        .tls_certs_only([trusted])
        .build()
        .expect("a client");
    let metadata = Answer::to(client.get(emulator.at("/.well-known/openid-configuration")))
        .await
        .json();
    assert_eq!(metadata["issuer"], emulator.url);
    let session = Answer::to(client.get(emulator.authorization_url(&[("prompt", "login")]))).await;
    assert!(session.header("set-cookie").contains("; Secure"));
}

#[test]
fn it_ends_when_its_parent_does() {
    let mut child = command()
        .args(["--port", "0", "--exit-with-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the emulator starts");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut String::new()).expect("it is ready");
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("text");
    assert!(rest.is_empty(), "one line and no more: {rest}");
}

#[cfg(unix)]
#[test]
fn it_ends_when_told_to() {
    for signal in ["TERM", "INT"] {
        let emulator = Emulator::start(&[]);
        let pid = emulator.ready["pid"].to_string();
        let killed = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .expect("kill runs");
        assert!(killed.success());
        assert!(emulator.ended_well(), "{signal}");
    }
}
