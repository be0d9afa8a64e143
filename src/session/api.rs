//! Kinde's APIs, asked with the session's access token.

use serde_json::Value;

use super::Session;
use super::account::Question;
use crate::api::{ApiRequest, PagedRequest};
use crate::client::{Asker, Pages};
use crate::error::Result;
use crate::json::Json;

impl Session {
    /// Calls an operation of Kinde's APIs with the session's access token, a user's or a machine's.
    /// Takes and gives what [`Client::api_call`](crate::Client::api_call) does.
    ///
    /// An expired access token is renewed first, and a user's that Kinde refuses is renewed once,
    /// unless the setting `auto_refresh` is off.
    ///
    /// # Errors
    /// `NOT_AUTHENTICATED`, `TOKEN_EXPIRED`, those of [`Client::api_call`](crate::Client::api_call)
    /// but for the machine token's, and those of [`Session::refresh`].
    pub async fn api_call(&self, operation: &str, params_json: &str) -> Result<Json> {
        let request = self.api_request(operation, params_json)?;
        self.send_api_request(request).await
    }

    /// The pages of a list, one by one, asked for with the session's access token. Takes what
    /// [`Session::api_call`] takes; uses no network yet.
    ///
    /// # Errors
    /// `UNKNOWN_OPERATION`, `INVALID_ARGUMENT`, also if the operation does not answer with a list.
    pub fn api_pages(&self, operation: &str, params_json: &str) -> Result<Pages> {
        let request = PagedRequest::new(self.api_request(operation, params_json)?)?;
        Ok(Pages::new(Asker::Session(self.clone()), request))
    }

    pub(crate) fn api_request(&self, operation: &str, params_json: &str) -> Result<ApiRequest> {
        let validation = self.0.client.settings().api_validation;
        ApiRequest::from_json(operation, params_json, validation)
    }

    pub(crate) async fn send_api_request(&self, request: ApiRequest) -> Result<Json> {
        let session = self.clone();
        let answer = self
            .0
            .client
            .run(async move { session.answer_to(request).await });
        answer.await.map(Json::from_value)
    }

    pub(crate) async fn answer_to(&self, request: ApiRequest) -> Result<Value> {
        self.ask_kinde(&Question::Api(Box::new(request))).await
    }
}
