//! The requests that arrived.

use std::collections::{HashMap, VecDeque};

use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value, json};

use crate::params::Params;

const KEPT: usize = 20_000;

#[derive(Debug, Default)]
pub struct Seen {
    requests: VecDeque<SeenRequest>,
    counts: HashMap<String, u64>,
    last_id: u64,
}

#[derive(Debug)]
struct SeenRequest {
    id: u64,
    method: String,
    path: String,
    query: String,
    headers: Map<String, Value>,
    body: String,
    status: Option<u16>,
}

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub path: Option<String>,
    pub method: Option<String>,
    pub after: u64,
}

impl Filter {
    fn admits(&self, request: &SeenRequest) -> bool {
        request.id > self.after
            && self.path.as_ref().is_none_or(|path| *path == request.path)
            && self
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
    }
}

impl Seen {
    pub fn note(&mut self, parts: &Parts, body: &[u8]) -> u64 {
        self.last_id += 1;
        let path = parts.uri.path().to_owned();
        *self.counts.entry(path.clone()).or_default() += 1;
        let mut headers = Map::new();
        for (name, value) in &parts.headers {
            let text = String::from_utf8_lossy(value.as_bytes());
            match headers.get_mut(name.as_str()) {
                Some(Value::String(before)) => *before = format!("{before}, {text}"),
                _ => {
                    headers.insert(name.as_str().to_owned(), json!(text));
                }
            }
        }
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(SeenRequest {
            id: self.last_id,
            method: parts.method.to_string(),
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            body: String::from_utf8_lossy(body).into_owned(),
            status: None,
        });
        self.last_id
    }

    pub fn note_status(&mut self, id: u64, status: StatusCode) {
        // Ids are consecutive.
        let oldest = self.requests.front().map_or(u64::MAX, |request| request.id);
        let index = id
            .checked_sub(oldest)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(request) = index.and_then(|index| self.requests.get_mut(index)) {
            request.status = Some(status.as_u16());
        }
    }

    pub fn count(&self, path: &str) -> u64 {
        self.counts.get(path).copied().unwrap_or_default()
    }

    pub fn counts(&self) -> Value {
        json!(self.counts)
    }

    pub fn list(&self, filter: &Filter) -> Value {
        self.requests
            .iter()
            .filter(|request| filter.admits(request))
            .map(SeenRequest::to_json)
            .collect()
    }

    /// Ids go on, so that `after` never means two requests.
    pub fn clear(&mut self) {
        self.requests.clear();
        self.counts.clear();
    }
}

impl SeenRequest {
    fn to_json(&self) -> Value {
        let is_form = self
            .headers
            .get("content-type")
            .and_then(Value::as_str)
            .is_some_and(|content_type| {
                content_type.starts_with("application/x-www-form-urlencoded")
            });
        let target = match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        };
        json!({
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "target": target,
            "query": lists(&self.query),
            "headers": self.headers,
            "form": if is_form { lists(&self.body) } else { json!({}) },
            "body": self.body,
            "status": self.status,
        })
    }
}

/// An object of lists, since a parameter may come twice.
fn lists(raw: &str) -> Value {
    let mut object = Map::new();
    for (name, value) in Params::decode(raw).unwrap_or_default().pairs() {
        if let Value::Array(values) = object.entry(name.clone()).or_insert_with(|| json!([])) {
            values.push(json!(value));
        }
    }
    Value::Object(object)
}
