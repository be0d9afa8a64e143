//! The setting `store_url`: where sessions are kept.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::check::{self, Checked};
use crate::secret::Secret;

const MAX_SESSIONS: usize = 100_000;
const MAX_BYTES: usize = 256 * 1024 * 1024;
const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const PREFIX: &str = "kinde:";
const LONGEST_PREFIX: usize = 64;

/// A checked `store_url`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StoreUrl {
    /// In this process.
    Memory {
        max_records: usize,
        max_bytes: usize,
    },
    Redis(RedisAddress),
}

impl StoreUrl {
    /// Reads a `store_url`.
    ///
    /// # Errors
    /// Why it is none. The reason quotes no part of it: every part may be a misplaced password.
    pub(crate) fn parse(text: &str) -> std::result::Result<StoreUrl, String> {
        check::printable(text)?;
        if text.contains('#') {
            return Err("a fragment (#…) is not accepted; write # in a password as %23".to_owned());
        }
        let (scheme, rest) = text.split_once(':').ok_or(SCHEMES)?;
        match scheme.to_ascii_lowercase().as_str() {
            "memory" => memory(rest),
            "redis" => redis(rest, false).map(StoreUrl::Redis),
            "rediss" => redis(rest, true).map(StoreUrl::Redis),
            _ => Err(SCHEMES.to_owned()),
        }
    }
}

/// Where Redis is, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RedisAddress {
    /// The server, one of the Cluster, or a Sentinel.
    pub server: Server,
    /// Others of the Cluster, or further Sentinels.
    pub other_servers: Vec<Server>,
    pub topology: Topology,
    pub tls: bool,
    pub login: Login,
    /// The number of the database; 0 in a Cluster.
    pub database: u16,
    /// Begins every key.
    pub prefix: String,
}

impl RedisAddress {
    /// All servers that were named.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.server).chain(&self.other_servers)
    }
}

/// What stands behind the address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topology {
    Single,
    Cluster,
    /// The servers are Sentinels, which know the master of this name.
    Sentinel {
        master: String,
        login: Login,
    },
}

/// Host and port; shown as `redis.example:6379`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
}

impl Server {
    /// What another server calls one. None if it has no such name: nothing else is connected to or
    /// shown.
    pub(crate) fn named(host: &str, port: u16) -> Option<Server> {
        let host = match Ipv6Addr::from_str(host) {
            Ok(address) => address.to_string(),
            Err(_) => host_name(host)?,
        };
        (port != 0).then_some(Server { host, port })
    }
}

/// A name, or an address of version 4, in small letters.
fn host_name(text: &str) -> Option<String> {
    // Underlines are usual in the names of containers.
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let is_name = (1..=check::LONGEST_HOST).contains(&text.len()) && text.bytes().all(allowed);
    is_name.then(|| text.to_ascii_lowercase())
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// User and password; without a password nobody logs in.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub user: Option<String>,
    pub password: Option<Secret>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

impl Hash for Login {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The password is compared in constant time and not hashed.
        self.user.hash(state);
    }
}

const SCHEMES: &str = "must begin with redis://, rediss:// or memory:";

fn memory(rest: &str) -> Checked<StoreUrl> {
    let (place, mut query) = Query::split(rest)?;
    if !matches!(place, "" | "//") {
        return Err("memory: has neither host nor path".to_owned());
    }
    let max_records = query.whole("max_sessions", MAX_SESSIONS)?;
    let max_bytes = query.whole("max_bytes", MAX_BYTES)?;
    query.end("max_sessions, max_bytes")?;
    Ok(StoreUrl::Memory {
        max_records,
        max_bytes,
    })
}

fn redis(rest: &str, tls: bool) -> Checked<RedisAddress> {
    let rest = rest.strip_prefix("//").ok_or(SCHEMES)?;
    let (place, mut query) = Query::split(rest)?;
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (Some(credentials), hosts),
        None => (None, authority),
    };
    let login = match credentials.map(|c| c.split_once(':').unwrap_or((c, ""))) {
        Some((user, password)) => login(decoded(user)?, decoded(password)?)?,
        None => Login::default(),
    };
    let sentinel = query.take("sentinel")?;
    let sentinel_login = login_of_sentinels(&mut query, sentinel.is_some())?;
    let cluster = match query.take("cluster")?.as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err("cluster must be true or false".to_owned()),
    };
    let prefix = prefix(query.take("prefix")?)?;
    query.end("cluster, sentinel, sentinel_username, sentinel_password, prefix")?;

    let port = match sentinel {
        Some(_) => SENTINEL_PORT,
        None => REDIS_PORT,
    };
    let (first, others) = hosts
        .split_once(',')
        .map_or((hosts, None), |(first, others)| (first, Some(others)));
    let first = server(first, port)?;
    let other_servers = others
        .into_iter()
        .flat_map(|others| others.split(','))
        .map(|host| server(host, port))
        .collect::<Checked<Vec<Server>>>()?;
    let several = !other_servers.is_empty();
    let topology = match (sentinel, cluster) {
        (Some(_), Some(true)) => {
            return Err("cluster and sentinel exclude each other".to_owned());
        }
        (Some(master), _) if master.is_empty() => {
            return Err("sentinel must name the master".to_owned());
        }
        (Some(master), _) => Topology::Sentinel {
            master,
            login: sentinel_login,
        },
        (None, Some(true)) => Topology::Cluster,
        (None, Some(false)) if several => {
            return Err("several hosts are a Cluster, or Sentinels; cluster=false has one".into());
        }
        (None, None) if several => Topology::Cluster,
        (None, _) => Topology::Single,
    };
    let database = database(path)?;
    if topology == Topology::Cluster && database != 0 {
        return Err("a Cluster has only the database 0".to_owned());
    }
    Ok(RedisAddress {
        server: first,
        other_servers,
        topology,
        tls,
        login,
        database,
        prefix,
    })
}

fn login(user: String, password: String) -> Checked<Login> {
    if password.is_empty() {
        return Err("a user needs a password: redis://user:password@host".to_owned());
    }
    Ok(Login {
        user: (!user.is_empty()).then_some(user),
        password: Some(Secret::new(password)),
    })
}

fn login_of_sentinels(query: &mut Query<'_>, has_sentinels: bool) -> Checked<Login> {
    let user = query.take("sentinel_username")?;
    let password = query.take("sentinel_password")?;
    if user.is_none() && password.is_none() {
        return Ok(Login::default());
    }
    if !has_sentinels {
        return Err("sentinel_username and sentinel_password need sentinel".to_owned());
    }
    login(user.unwrap_or_default(), password.unwrap_or_default())
        .map_err(|_| "sentinel_username needs sentinel_password".to_owned())
}

fn server(text: &str, default_port: u16) -> Checked<Server> {
    let wrong = || "must name each host as a name or an address, with its port after a colon";
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(wrong)?;
        let address = Ipv6Addr::from_str(address).map_err(|_| wrong())?;
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':').ok_or_else(wrong)?),
        };
        (address.to_string(), port)
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        (host_name(host).ok_or_else(wrong)?, port)
    };
    let port = match port {
        None => default_port,
        Some(port) => digits(port).filter(|port| *port != 0).ok_or(
            "a port must be a number, 1 to 65535; write : / @ in a password as %3A %2F %40",
        )?,
    };
    Ok(Server { host, port })
}

fn database(path: &str) -> Checked<u16> {
    match path {
        "" => Ok(0),
        path => digits(path).ok_or_else(|| {
            "the path must be the number of the database; write / in a password as %2F".to_owned()
        }),
    }
}

fn prefix(given: Option<String>) -> Checked<String> {
    let prefix = given.unwrap_or_else(|| PREFIX.to_owned());
    let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'{' | b'}');
    if prefix.len() > LONGEST_PREFIX || !prefix.bytes().all(allowed) {
        return Err(format!(
            "prefix must be at most {LONGEST_PREFIX} printable ASCII characters without spaces and braces"
        ));
    }
    Ok(prefix)
}

/// A whole number without a sign.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn decoded(text: &str) -> Checked<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| "percent-encoded text must be UTF-8".to_owned())
}

/// The parameters that were not taken yet.
struct Query<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Query<'a> {
    /// What stands before the query, and the query.
    fn split(text: &'a str) -> Checked<(&'a str, Query<'a>)> {
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        // The password of a host that follows would be taken for a parameter.
        if query.contains('@') {
            return Err("write ? in a password as %3F, and @ in a parameter as %40".to_owned());
        }
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        Ok((before, Query(pairs)))
    }

    fn take(&mut self, name: &str) -> Checked<Option<String>> {
        let Some(at) = self.0.iter().position(|(given, _)| *given == name) else {
            return Ok(None);
        };
        let (_, value) = self.0.swap_remove(at);
        if self.0.iter().any(|(given, _)| *given == name) {
            return Err(format!("{name} is given twice"));
        }
        decoded(value).map(Some)
    }

    fn whole(&mut self, name: &str, default: usize) -> Checked<usize> {
        match self.take(name)? {
            None => Ok(default),
            Some(text) => digits(&text)
                .filter(|number| *number > 0)
                .ok_or_else(|| format!("{name} must be a whole number above 0")),
        }
    }

    /// Refuses what nobody took.
    fn end(self, known: &str) -> Checked<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(format!("holds an unknown parameter; known are {known}")),
        }
    }
}
