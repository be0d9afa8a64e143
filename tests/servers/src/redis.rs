//! Redis as processes: one server, a Cluster, a master with a replica and a Sentinel.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to do what it was started for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a server is started anew because its port was taken meanwhile.
const STARTS: usize = 5;

/// A running server, which keeps what it is told also when it is killed and started again.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    directory: TempDir,
    port: u16,
    options: Options,
}

/// What a server is started with.
#[derive(Clone, Debug, Default)]
struct Options {
    lines: Vec<String>,
    password: Option<String>,
    /// The authority's certificate, and the server's with its key.
    tls: Option<[String; 3]>,
    is_cluster: bool,
    is_sentinel: bool,
}

impl RedisServer {
    /// A server without a password.
    pub fn start() -> RedisServer {
        RedisServer::start_with(Options::default())
    }

    /// A server that asks for a password.
    pub fn with_password(password: &str) -> RedisServer {
        RedisServer::start_with(Options {
            password: Some(password.to_owned()),
            ..Options::default()
        })
    }

    /// A server that speaks TLS alone, as `localhost`, with a certificate of an authority of its own.
    pub fn with_tls() -> RedisServer {
        RedisServer::start_with(Options {
            tls: Some(certificates()),
            ..Options::default()
        })
    }

    /// A server with these lines in its configuration.
    pub fn configured(lines: &[&str]) -> RedisServer {
        RedisServer::start_with(Options {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..Options::default()
        })
    }

    fn start_with(options: Options) -> RedisServer {
        for _ in 0..STARTS {
            let port = free_port();
            let directory = TempDir::new().expect("a temporary directory");
            options.write(&directory, port);
            let child = run(&directory, &options);
            let mut server = RedisServer {
                child,
                directory,
                port,
                options: options.clone(),
            };
            if server.is_ready() {
                return server;
            }
        }
        panic!("redis-server did not start; its own messages stand above");
    }

    /// As the setting `store_url` names it, with its password.
    pub fn url(&self) -> String {
        let port = self.port;
        match (&self.options.tls, &self.options.password) {
            (Some(_), _) => format!("rediss://localhost:{port}"),
            (None, Some(password)) => format!("redis://:{password}@127.0.0.1:{port}"),
            (None, None) => format!("redis://127.0.0.1:{port}"),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with the authority of a server with TLS.
    pub fn ca_file(&self) -> String {
        self.path("ca.pem").to_str().expect("a path").to_owned()
    }

    /// Ends it, as a crash would.
    pub fn stop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Starts it again, on the same port and with what it kept.
    pub fn restart(&mut self) {
        self.restart_without_waiting();
        assert!(self.is_ready(), "redis-server did not start again");
    }

    /// Like [`RedisServer::restart`], but does not wait until it answers.
    pub fn restart_without_waiting(&mut self) {
        self.stop();
        self.child = run(&self.directory, &self.options);
    }

    /// What `redis-cli` prints for a command.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> String {
        self.try_command(arguments)
            .unwrap_or_else(|output| panic!("{arguments:?}: {output}"))
    }

    /// Like [`RedisServer::command`], for a server that may end the connection.
    fn try_command(&self, arguments: &[&str]) -> Result<String, String> {
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string(), "--no-auth-warning", "--raw"]);
        if self.options.tls.is_some() {
            cli.args(["--tls", "--cacert", &self.ca_file(), "-h", "localhost"]);
        }
        if let Some(password) = &self.options.password {
            cli.env("REDISCLI_AUTH", password);
        }
        let output = cli.args(arguments).output().unwrap_or_else(missing);
        let answer = String::from_utf8_lossy(&output.stdout);
        match output.status.success() {
            true => Ok(answer.trim_end().to_owned()),
            false => Err(format!("{output:?}")),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Waits until it answers; false if it ended instead.
    fn is_ready(&mut self) -> bool {
        let port = self.port;
        let has_tls = self.options.tls.is_some();
        let mut ended = false;
        wait_for("an answer of redis-server", || {
            ended = self.child.try_wait().expect("a child").is_some();
            ended || answers(port, has_tls)
        });
        !ended
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Options {
    fn write(&self, directory: &TempDir, port: u16) {
        let mut text = format!("bind 127.0.0.1\ndir {}\n", directory.path().display());
        let mut line = |words: String| writeln!(text, "{words}").expect("a text");
        match &self.tls {
            Some([authority, certificate, key]) => {
                for (name, pem) in [
                    ("ca.pem", authority),
                    ("cert.pem", certificate),
                    ("key.pem", key),
                ] {
                    fs::write(directory.path().join(name), pem).expect("a file");
                }
                line(format!("port 0\ntls-port {port}\ntls-auth-clients no"));
                line(
                    "tls-ca-cert-file ca.pem\ntls-cert-file cert.pem\ntls-key-file key.pem".into(),
                );
            }
            None => line(format!("port {port}")),
        }
        if !self.is_sentinel {
            line(
                "save \"\"\nappendonly yes\nappendfsync always\nrepl-diskless-sync-delay 0".into(),
            );
        }
        if self.is_cluster {
            line(
                "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 500"
                    .into(),
            );
            line(format!("cluster-port {}", free_port()));
        }
        if let Some(password) = &self.password {
            line(format!("requirepass {password}"));
        }
        for own in &self.lines {
            line(own.clone());
        }
        fs::write(directory.path().join("redis.conf"), text).expect("a file");
    }
}

fn run(directory: &TempDir, options: &Options) -> Child {
    let mut command = Command::new("redis-server");
    command
        .arg(directory.path().join("redis.conf"))
        .args(["--loglevel", "warning"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if options.is_sentinel {
        command.arg("--sentinel");
    }
    command.spawn().unwrap_or_else(missing)
}

fn missing<T>(error: std::io::Error) -> T {
    panic!("redis-server and redis-cli are needed: run `scripts/setup test` ({error})")
}

/// Three masters that share the slots.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub fn start() -> RedisCluster {
        let options = Options {
            is_cluster: true,
            ..Options::default()
        };
        let nodes: Vec<RedisServer> = (0..3)
            .map(|_| RedisServer::start_with(options.clone()))
            .collect();
        let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (number, (node, (first, last))) in nodes.iter().zip(slots).enumerate() {
            node.command(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
        }
        for node in &nodes[1..] {
            let bus = node.command(&["CONFIG", "GET", "cluster-port"]);
            let bus = bus.lines().last().expect("a port");
            nodes[0].command(&["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string(), bus]);
        }
        let cluster = RedisCluster { nodes };
        cluster.wait_until_whole();
        cluster
    }

    /// As the setting `store_url` names it, by one of its nodes.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}?cluster=true", self.nodes[0].port)
    }

    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Ends a node, as a crash would.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].stop();
    }

    /// Starts a node again; the Cluster becomes whole by itself.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node].restart();
    }

    /// Waits until every node sees all slots served.
    pub fn wait_until_whole(&self) {
        for node in &self.nodes {
            wait_for("a whole Cluster", || {
                let info = node.command(&["CLUSTER", "INFO"]);
                let slots = node.command(&["CLUSTER", "SLOTS"]);
                info.contains("cluster_state:ok")
                    && self
                        .nodes
                        .iter()
                        .all(|n| slots.contains(&n.port.to_string()))
            });
        }
    }
}

/// A master, its replica, and a Sentinel that watches both.
#[derive(Debug)]
pub struct RedisSentinel {
    pub master: RedisServer,
    pub replica: RedisServer,
    sentinel: RedisServer,
}

impl RedisSentinel {
    /// The name of the master.
    pub const MASTER: &str = "kinde-test";
    /// The Sentinel's own password; the servers that it watches have none.
    pub const PASSWORD: &str = "sentinel-password";

    pub fn start() -> RedisSentinel {
        let master = RedisServer::start();
        let port = master.port;
        let replica = RedisServer::configured(&[&format!("replicaof 127.0.0.1 {port}")]);
        let name = RedisSentinel::MASTER;
        let sentinel = RedisServer::start_with(Options {
            is_sentinel: true,
            password: Some(RedisSentinel::PASSWORD.to_owned()),
            lines: vec![
                format!("sentinel monitor {name} 127.0.0.1 {port} 1"),
                format!("sentinel down-after-milliseconds {name} 300"),
                format!("sentinel failover-timeout {name} 1000"),
            ],
            ..Options::default()
        });
        // By default it asks every ten seconds who is there, and gives a former master eight to follow.
        for period in ["info-period", "publish-period"] {
            sentinel.command(&["SENTINEL", "DEBUG", period, "100"]);
        }
        wait_for("a Sentinel that knows the replica", || {
            let replicas = sentinel.command(&["SENTINEL", "REPLICAS", name]);
            replicas.contains(&replica.port.to_string())
        });
        let servers = RedisSentinel {
            master,
            replica,
            sentinel,
        };
        servers.wait_until_in_step();
        servers
    }

    /// Waits until whichever of both follows has all that the other one was told: a failover loses
    /// what it has not.
    pub fn wait_until_in_step(&self) {
        wait_for("a replica in step", || {
            let [one, other] = [&self.master, &self.replica].map(|server| {
                let info = server.command(&["INFO", "replication"]);
                let offset = info
                    .lines()
                    .find(|line| line.starts_with("master_repl_offset:"));
                (
                    info.contains("master_link_status:up"),
                    offset.map(str::to_owned),
                )
            });
            (one.0 || other.0) && one.1 == other.1
        });
    }

    /// As the setting `store_url` names it, after another Sentinel that is not there.
    pub fn url(&self) -> String {
        format!(
            "redis://127.0.0.1:1,127.0.0.1:{}/0?sentinel={}&sentinel_password={}",
            self.sentinel.port,
            RedisSentinel::MASTER,
            RedisSentinel::PASSWORD
        )
    }

    /// Has the replica take over from a master that is alive.
    pub fn fail_over(&self) {
        wait_for("a failover", || {
            // A failover that takes too long is given up, and has to be asked for again.
            if self.master_port() == self.master.port {
                let order = ["SENTINEL", "FAILOVER", RedisSentinel::MASTER];
                self.sentinel.command(&order);
            }
            let role = self.master.try_command(&["ROLE"]);
            role.is_ok_and(|role| role.starts_with("slave"))
        });
    }

    /// The master's port, as the Sentinel knows it.
    pub fn master_port(&self) -> u16 {
        let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", RedisSentinel::MASTER];
        let address = self.sentinel.command(&question);
        address
            .lines()
            .last()
            .and_then(|port| port.parse().ok())
            .expect("a port")
    }
}

/// Waits until a condition holds.
#[track_caller]
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Whether a server has read its data and answers. Of one with TLS, only that it listens.
fn answers(port: u16, has_tls: bool) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    if has_tls {
        return true;
    }
    let mut line = String::new();
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .and_then(|()| stream.write_all(b"PING\r\n"))
        .and_then(|()| BufReader::new(&stream).read_line(&mut line));
    asked.is_ok() && (line.starts_with("+PONG") || line.starts_with("-NOAUTH"))
}

/// An authority's certificate, and a certificate of it for `localhost` with its key.
fn certificates() -> [String; 3] {
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority
        .self_signed(&authority_key)
        .expect("a certificate");
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|server| server.signed_by(&key, &issuer))
        .expect("a certificate");
    [certificate.pem(), server.pem(), key.serialize_pem()]
}
