//! How connections are made: TLS, certificate authorities, proxies, names.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{NoProxy, Proxy};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use url::Url;

use super::tls::{Authorities, client_config};
use crate::config::{Settings, is_loopback, is_loopback_name};
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// Shorter than servers and their load balancers commonly keep an idle connection, so that
/// requests rarely meet one that is being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);

const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Makes and keeps connections. They belong to one process.
pub(super) struct Connections {
    user_agent: String,
    connect_timeout: Duration,
    proxies: Vec<Proxy>,
    authorities: Authorities,
    /// For plain HTTP: works where there are no certificate authorities, and does not wait until
    /// they are read.
    plain: OnceCell<reqwest::Client>,
    secure: OnceCell<reqwest::Client>,
}

impl Connections {
    pub(super) fn new(settings: &Settings) -> Result<Connections> {
        let own = concat!("libkinde/", env!("CARGO_PKG_VERSION"));
        Ok(Connections {
            user_agent: match &settings.user_agent {
                Some(suffix) => format!("{own} {suffix}"),
                None => own.to_owned(),
            },
            connect_timeout: settings.connect_timeout,
            proxies: proxies(settings.proxy.as_ref().map(Secret::expose), |name| {
                std::env::var(name).ok()
            })?,
            authorities: Authorities::with_file(settings.ca_file.as_deref())?,
            plain: OnceCell::new(),
            secure: OnceCell::new(),
        })
    }

    /// Whether a request to this URL may go through a proxy.
    pub(super) fn may_use_proxy(&self, url: &Url) -> bool {
        !self.proxies.is_empty() && !is_loopback(url)
    }

    /// What sends a request to this URL; made at the first one.
    pub(super) async fn client(&self, url: &Url) -> Result<&reqwest::Client> {
        // A proxy may itself be spoken to over TLS.
        if url.scheme() == "http" && !self.may_use_proxy(url) {
            let make = async || self.build(RootCertStore::empty(), &[]);
            return self.plain.get_or_try_init(make).await;
        }
        let make = async || self.build(self.authorities.roots().await?, &self.proxies);
        self.secure.get_or_try_init(make).await
    }

    fn build(&self, roots: RootCertStore, proxies: &[Proxy]) -> Result<reqwest::Client> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(roots)?)
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // What remains is hyper's own: it takes another connection if the one that it chose
            // was closed before the first byte of the request was written to it.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .tcp_nodelay(true)
            .dns_resolver(Resolver)
            .no_proxy();
        proxies
            .iter()
            .cloned()
            .fold(builder, reqwest::ClientBuilder::proxy)
            .build()
            .map_err(|_| Error::new(Status::Internal, "the HTTP client could not be made"))
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Proxies may hold credentials.
        f.write_str("Connections")
    }
}

fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    let mut config = client_config(roots)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The proxies of the setting, or else of the environment. This machine is never reached through
/// one.
pub(super) fn proxies(
    setting: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Proxy>> {
    let around = NoProxy::from_string(LOOPBACK);
    match setting {
        Some("off") => return Ok(Vec::new()),
        Some(url) => {
            let proxy = Proxy::all(url).map_err(|_| not_a_proxy("the setting proxy"))?;
            return Ok(vec![proxy.no_proxy(around)]);
        }
        None => {}
    }
    let find = |names: &[&str]| {
        names.iter().find_map(|name| {
            let value = variable(name).filter(|value| !value.trim().is_empty())?;
            Some(((*name).to_owned(), value))
        })
    };
    let exempt = find(&["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts);
    let around = match exempt {
        Some(hosts) => NoProxy::from_string(&format!("{LOOPBACK},{hosts}")),
        None => around,
    };
    // A web server gives the request header `Proxy` to a CGI program as HTTP_PROXY.
    let for_http: &[&str] = match variable("REQUEST_METHOD") {
        Some(_) => &["http_proxy", "ALL_PROXY", "all_proxy"],
        None => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let for_https = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut proxies = Vec::new();
    if let Some((name, url)) = find(for_https) {
        let proxy = Proxy::https(url.trim()).map_err(|_| not_a_proxy(&name))?;
        proxies.push(proxy.no_proxy(around.clone()));
    }
    if let Some((name, url)) = find(for_http) {
        let proxy = Proxy::http(url.trim()).map_err(|_| not_a_proxy(&name))?;
        proxies.push(proxy.no_proxy(around));
    }
    Ok(proxies)
}

fn not_a_proxy(source: &str) -> Error {
    Error::new(
        Status::Config,
        format!("proxy: {source} is not the URL of a proxy"),
    )
    .with_field("proxy")
}

/// Finds addresses of names; `localhost` and what is below it are always this machine, whatever
/// the name servers say, because plain HTTP is allowed there (RFC 6761, section 6.3).
#[derive(Clone, Copy, Debug)]
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        if is_loopback_name(name.as_str()) {
            let addresses = [
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
            ];
            return Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) });
        }
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = addresses.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
