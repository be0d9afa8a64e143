//! Kinde on localhost: an identity provider for development and tests.

mod answer;
mod authorization_request;
mod bearer;
mod browser;
mod catalogue;
mod claims;
mod client_auth;
mod clock;
mod config;
mod config_check;
mod control;
mod cors;
mod directory;
mod endpoints;
mod hex;
mod issue;
mod jwt;
mod keys;
mod lies;
mod merge_patch;
mod pages;
mod params;
mod random;
mod reauth;
mod redirect;
mod serve;
mod state;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::config::Config;
use crate::control::Control;
use crate::keys::{KeyRing, SigningKey};
use crate::serve::Server;
use crate::state::{AutomaticUser, Emulator, SignInAnswer};

/// Kinde on localhost: an identity provider for development and tests.
#[derive(Parser, Debug)]
#[command(version)]
struct Options {
    /// Port to listen on; 0 takes a free one, which the first line of output tells.
    #[arg(long, default_value_t = 4455)]
    port: u16,
    /// Address or host name to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Configuration, TOML or JSON; without it the built-in one is used.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the built-in configuration and exit.
    #[arg(long)]
    print_config: bool,
    /// Answer the sign-in page by itself, as this user.
    #[arg(long, value_name = "EMAIL")]
    auto_login: Option<String>,
    /// Switch the test control on, under /_control.
    #[arg(long)]
    control: bool,
    /// Serve https with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The `iss` of tokens and discovery, when it is not the address.
    #[arg(long, value_name = "URL")]
    issuer: Option<Url>,
    /// Where clients reach the emulator, when it is not `http://host:port`.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The signing key (PKCS#8 PEM); made when it does not exist.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Size of generated RSA keys: 2048, 3072 or 4096.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    key_bits: u16,
    /// Worker threads.
    #[arg(long, value_name = "N", default_value_t = 2)]
    threads: usize,
    /// Exit when standard input closes.
    #[arg(long)]
    exit_with_stdin: bool,
    /// One line per request on standard error, without secrets.
    #[arg(long)]
    log_requests: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.print_config {
        print!("{}", config::BUILT_IN);
        return ExitCode::SUCCESS;
    }
    match start(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("kinde-emulator: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<(), String> {
    let config = read_config(options)?;
    let key = match &options.key_file {
        Some(path) => SigningKey::read_or_generate(path, options.key_bits)?,
        None => SigningKey::generate(options.key_bits)?,
    };
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(serve::tls_acceptor(certificate, key)?),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads.max(1))
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        let listener = listen(options).await?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let emulator = Arc::new(build(options, config, key, address.port()));
        let router = endpoints::router(emulator.clone());
        announce(&emulator)?;
        if options.exit_with_stdin {
            exit_when_stdin_closes();
        }
        let server = Server {
            emulator,
            router,
            log_requests: options.log_requests,
        };
        tokio::select! {
            () = serve::serve(listener, tls, server) => Ok(()),
            stopped = stop_signal() => stopped,
        }
    })
}

async fn listen(options: &Options) -> Result<TcpListener, String> {
    let host = options.host.trim_matches(['[', ']']);
    TcpListener::bind((host, options.port))
        .await
        .map_err(|error| format!("cannot listen on {host}, port {}: {error}", options.port))
}

/// The host in the emulator's own address. All addresses at once is none that a client can reach.
fn public_host(host: &str) -> String {
    match host.trim_matches(['[', ']']) {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        ip if ip.contains(':') => format!("[{ip}]"),
        name => name.to_owned(),
    }
}

fn read_config(options: &Options) -> Result<Config, String> {
    let config = match &options.config {
        Some(path) => Config::read(path)?,
        None => Config::built_in()?,
    };
    config
        .check()
        .map_err(|mistakes| format!("the configuration has mistakes:\n{mistakes}"))?;
    if let Some(email) = &options.auto_login
        && config.user(email).is_none()
    {
        return Err(format!(
            "--auto-login {email}: no user has this e-mail address"
        ));
    }
    Ok(config)
}

fn build(options: &Options, mut config: Config, key: SigningKey, port: u16) -> Emulator {
    let scheme = if options.tls_cert.is_some() {
        "https"
    } else {
        "http"
    };
    let without_slash = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
    let public_url = options.public_url.as_ref().map_or_else(
        || format!("{scheme}://{}:{port}", public_host(&options.host)),
        without_slash,
    );
    let issuer = options
        .issuer
        .as_ref()
        .map_or_else(|| public_url.clone(), without_slash);
    config.set_public_url(&public_url);
    let user = options.auto_login.clone().map(|email| AutomaticUser {
        email,
        org_code: None,
    });
    let sign_in = SignInAnswer {
        user,
        refusal: None,
    };
    let control = options.control.then(Control::default);
    Emulator::new(
        public_url,
        issuer,
        KeyRing::new(key, options.key_bits),
        config,
        sign_in,
        control,
    )
}

/// The one line that says that the emulator is ready, and where.
fn announce(emulator: &Emulator) -> Result<(), String> {
    let control_url = emulator
        .control
        .as_ref()
        .map(|_| format!("{}/_control", emulator.public_url));
    let applications: Vec<_> = emulator
        .state()
        .config
        .applications
        .iter()
        .map(|it| json!({"client_id": it.client_id, "kind": it.kind, "name": it.name}))
        .collect();
    let line = json!({
        "url": emulator.public_url,
        "issuer": emulator.issuer,
        "pid": std::process::id(),
        "control_url": control_url,
        "applications": applications,
    });
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(|error| format!("standard output: {error}"))
}

fn exit_when_stdin_closes() {
    std::thread::spawn(|| {
        let mut input = std::io::stdin().lock();
        let mut ignored = [0; 256];
        while input.read(&mut ignored).is_ok_and(|bytes| bytes > 0) {}
        std::process::exit(0);
    });
}

#[cfg(unix)]
async fn stop_signal() -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> Result<(), String> {
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| format!("cannot listen for Ctrl-C: {error}"))
}
