//! As much of a browser as a sign-in needs.

use std::collections::BTreeMap;

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::transport::http_client;

/// Follows redirects and keeps cookies. Never visits the application: where it is sent there, it stops.
#[derive(Debug)]
pub struct Browser {
    http: reqwest::Client,
    /// One provider is visited, so that hosts and paths of cookies need no telling apart.
    cookies: BTreeMap<String, String>,
    application: String,
}

/// Where the browser came to.
#[derive(Clone, Debug)]
pub enum Page {
    /// A page of the provider.
    Shown {
        url: String,
        status: u16,
        body: String,
    },
    /// An address of the application.
    Application(String),
}

impl Page {
    /// The address of the application.
    #[track_caller]
    pub fn at_application(self) -> String {
        match self {
            Page::Application(url) => url,
            Page::Shown { url, status, body } => {
                panic!("the browser stands at {url} ({status}): {body}")
            }
        }
    }
}

impl Browser {
    /// A browser without cookies, for an application whose addresses all begin with `application`.
    pub fn new(application: &str) -> Browser {
        Browser {
            http: http_client(),
            cookies: BTreeMap::new(),
            application: application.to_owned(),
        }
    }

    /// Uses this client instead, for a provider with TLS.
    pub fn with_http(mut self, http: reqwest::Client) -> Browser {
        self.http = http;
        self
    }

    /// Opens an address.
    pub async fn open(&mut self, url: &str) -> Page {
        let request = self.http.get(url);
        self.follow(Url::parse(url).expect("a URL"), request).await
    }

    /// Sends a form.
    pub async fn submit(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .http
            .request(Method::POST, url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        self.follow(Url::parse(url).expect("a URL"), request).await
    }

    async fn follow(&mut self, mut url: Url, mut request: RequestBuilder) -> Page {
        for _ in 0..20 {
            if !self.cookies.is_empty() {
                let cookies: Vec<String> = self
                    .cookies
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                request = request.header(COOKIE, cookies.join("; "));
            }
            let response = request
                .send()
                .await
                .unwrap_or_else(|error| panic!("the browser could not open {url}: {error:?}"));
            self.keep_cookies(&response);
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|target| target.to_str().ok());
            let Some(target) = target.filter(|_| response.status().is_redirection()) else {
                return Page::Shown {
                    url: url.into(),
                    status: response.status().as_u16(),
                    body: response.text().await.unwrap_or_default(),
                };
            };
            if target.starts_with(&self.application) {
                return Page::Application(target.to_owned());
            }
            url = url
                .join(target)
                .unwrap_or_else(|error| panic!("redirected to {target}: {error}"));
            request = self.http.get(url.clone());
        }
        panic!("more than 20 redirects, the last to {url}");
    }

    fn keep_cookies(&mut self, response: &reqwest::Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie of ASCII");
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let expired = attributes.contains("1970")
                || attributes.to_ascii_lowercase().contains("max-age=0");
            if value.is_empty() || expired {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The parameters of a URL; the last of each name.
pub fn query(url: &str) -> BTreeMap<String, String> {
    let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    url.query_pairs().into_owned().collect()
}
