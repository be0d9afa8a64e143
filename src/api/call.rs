//! One question to an API: the request, and its answer if it is a success.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::catalogue::{Api, Operation};
use super::refusal;
use super::request::ApiRequest;
use crate::config::Settings;
use crate::error::Result;
use crate::event::{EventKind, observed};
use crate::http::{Http, Pace, Request, Response};
use crate::oauth::{bearer, request_headers};
use crate::secret::Secret;

/// By what right, how fast and until when an API is asked. All requests of one call use the same
/// token.
pub(crate) struct Call<'a> {
    pub settings: &'a Settings,
    pub http: &'a Http,
    /// The Management API's.
    pub pace: &'a Pace,
    pub token: &'a Secret,
    /// When the whole call must have ended, with all its requests.
    pub deadline: Instant,
}

impl Call<'_> {
    /// Asks what this library asks by itself. `values` fill in the path, `query` is appended.
    ///
    /// # Errors
    /// Those of [`Call::send`].
    pub(crate) async fn ask(
        &self,
        operation: &'static Operation,
        values: &[(&'static str, &str)],
        query: &[(&'static str, &str)],
    ) -> Result<Response> {
        self.send(&ApiRequest::of(operation, values, query)?).await
    }

    /// Sends a request.
    ///
    /// # Errors
    /// `RATE_LIMITED`, `API` with what Kinde said, `HTTP` for a redirect, and those of
    /// [`Http::send_paced`].
    pub(crate) async fn send(&self, request: &ApiRequest) -> Result<Response> {
        let sent = Request {
            method: request.method,
            url: request.url(self.settings)?,
            headers: request_headers(self.settings, Some(bearer(self.token))),
            body: request.body.clone(),
            repeat: request.repeat,
            deadline: self.deadline,
        };
        let kind = EventKind::ApiCalled {
            operation: request.name,
        };
        let work = self.answer(request, sent);
        observed(kind, &self.settings.issuer, work).await
    }

    async fn answer(&self, request: &ApiRequest, sent: Request) -> Result<Response> {
        let response = match request.api {
            Api::Management => self.http.send_paced(sent, self.pace).await?,
            // One user's limit is not another's.
            Api::Account | Api::OAuth => self.http.send(sent).await?,
        };
        match response.status {
            200..=299 => Ok(response),
            _ => Err(refusal::of_response(request.name, &response, self.token)),
        }
    }
}

impl ApiRequest {
    /// An answer as callers get it: `{status, headers, data}`.
    pub(crate) fn answer(&self, response: &Response) -> Result<Value> {
        let data = response.json(&format!("the answer to {}", self.name))?;
        Ok(json!({
            "status": response.status,
            "headers": headers(response),
            "data": data,
        }))
    }
}

/// The headers of an answer; one that came more than once has its values joined by commas.
pub(super) fn headers(response: &Response) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in response.headers().filter(|(name, _)| *name != "set-cookie") {
        match headers.get_mut(name) {
            Some(Value::String(known)) => *known = format!("{known}, {value}"),
            _ => drop(headers.insert(name.to_owned(), value.into())),
        }
    }
    headers
}
