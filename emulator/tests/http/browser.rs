//! A browser: cookies, pages, forms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};

use crate::process::{Answer, Emulator};

pub struct Browser<'a> {
    emulator: &'a Emulator,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(emulator: &'a Emulator) -> Self {
        Self {
            emulator,
            cookies: RefCell::default(),
        }
    }

    fn with_cookies(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let cookies: Vec<String> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if cookies.is_empty() {
            request
        } else {
            request.header(COOKIE, cookies.join("; "))
        }
    }

    fn keep_cookies(&self, answer: &Answer) {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            let (name, value) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            self.cookies
                .borrow_mut()
                .insert(name.to_owned(), value.to_owned());
        }
    }

    pub async fn get(&self, address: &str) -> Answer {
        let answer =
            Answer::to(self.with_cookies(self.emulator.request(Method::GET, address))).await;
        self.keep_cookies(&answer);
        answer
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = Answer::to(self.with_cookies(self.emulator.form(path, fields))).await;
        self.keep_cookies(&answer);
        answer
    }

    /// Follows an authorization request to the page it leads to.
    pub async fn open(&self, changes: &[(&str, &str)]) -> Page {
        let redirect = self.get(&self.emulator.authorization_url(changes)).await;
        let address = redirect.location();
        let page = self.get(address.as_str()).await;
        assert_eq!(page.status, 200, "{}", page.body);
        Page {
            path: address.path().to_owned(),
            flow: flow_in(&page.body),
            body: page.body,
        }
    }

    /// Signs in on the page and gives the answer to the form.
    pub async fn sign_in(&self, email: &str, changes: &[(&str, &str)]) -> Answer {
        let page = self.open(changes).await;
        self.post("/sign-in", &[("flow", &page.flow), ("email", email)])
            .await
    }
}

pub struct Page {
    pub path: String,
    pub flow: String,
    pub body: String,
}

/// The hidden field that every form of a sign-in under way has.
pub fn flow_in(html: &str) -> String {
    let (_, rest) = html
        .split_once("name=\"flow\" value=\"")
        .unwrap_or_else(|| panic!("no form in {html}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
