//! One question to an API: the request, and its answer if it is a success.

use tokio::time::Instant;
use url::Url;

use super::catalogue::{Api, Operation};
use super::refusal;
use crate::config::Settings;
use crate::error::{Error, Result, Status};
use crate::http::{Body, Http, Request, Response};
use crate::oauth::{bearer, request_headers};
use crate::secret::Secret;

/// By what right, and until when, an API is asked. All requests of one call use the same token.
pub(crate) struct Call<'a> {
    pub settings: &'a Settings,
    pub http: &'a Http,
    pub token: &'a Secret,
    /// When the whole call must have ended, with all its requests.
    pub deadline: Instant,
}

impl Call<'_> {
    /// Asks. `values` fill in the path, `query` is appended.
    ///
    /// # Errors
    /// `RATE_LIMITED`, `API` with what Kinde said, `HTTP` for a redirect, and those of
    /// [`Http::send`].
    pub(crate) async fn send(
        &self,
        operation: &Operation,
        values: &[(&'static str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Response> {
        let request = Request {
            method: operation.method,
            url: self.url(operation, values, query)?,
            headers: request_headers(self.settings, Some(bearer(self.token))),
            body: Body::Empty,
            repeat: operation.repeat(),
            deadline: self.deadline,
        };
        let response = self.http.send(request).await?;
        match response.status {
            200..=299 => Ok(response),
            _ => Err(refusal::of_response(operation, &response, self.token)),
        }
    }

    fn url(
        &self,
        operation: &Operation,
        values: &[(&'static str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Url> {
        let (origin, setting) = match operation.api {
            Api::Management => (&self.settings.management_domain, "management_domain"),
            Api::Account | Api::OAuth => (&self.settings.domain, "domain"),
        };
        let not_a_url =
            || Error::new(Status::Config, format!("{setting}: is not a URL")).with_field(setting);
        let mut url = Url::parse(origin).map_err(|_| not_a_url())?;
        let mut path = url.path_segments_mut().map_err(|()| not_a_url())?;
        path.clear();
        for segment in operation.path.split('/').skip(1) {
            let name = segment
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'));
            match name {
                None => path.push(segment),
                Some(name) => path.push(path_value(name, values)?),
            };
        }
        drop(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// A value that makes one segment of a path; what a server may read as another path is refused.
fn path_value<'a>(name: &str, values: &[(&'static str, &'a str)]) -> Result<&'a str> {
    let value = values.iter().find(|(known, _)| *known == name);
    match value.map(|(_, value)| *value) {
        None | Some("") => Err(Error::invalid_argument(name, "is required")),
        Some("." | "..") => Err(Error::invalid_argument(name, "is not an id")),
        Some(value) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::catalogue;
    use super::*;
    use crate::config::Config;
    use crate::http::test_server::{Server, answer};

    const PERMISSIONS: &str = "get_user_permissions";
    const REFRESH_USER_CLAIMS: &str = "refresh_user_claims";

    fn url(name: &str, values: &[(&'static str, &str)], query: &[(&str, &str)]) -> Result<String> {
        let operation = catalogue::operation(name)?;
        let mut config = Config::new();
        let json = r#"{"domain": "https://account.example.com", "client_id": "client",
            "management_domain": "example.kinde.com", "redirect_uri": "https://app.example/"}"#;
        config.load_json(json).unwrap();
        let settings = Settings::new(&config).unwrap();
        let call = Call {
            http: &Http::new(&settings).unwrap(),
            settings: &settings,
            token: &Secret::new("token"),
            deadline: Instant::now(),
        };
        call.url(operation, values, query).map(String::from)
    }

    #[test]
    fn each_operation_goes_to_its_host() {
        assert_eq!(
            url(PERMISSIONS, &[], &[]).unwrap(),
            "https://account.example.com/account_api/v1/permissions"
        );
        assert_eq!(
            url(
                PERMISSIONS,
                &[],
                &[("page_size", "2"), ("starting_after", "a&b c")]
            )
            .unwrap(),
            "https://account.example.com/account_api/v1/permissions?page_size=2&starting_after=a%26b+c"
        );
        assert_eq!(
            url(REFRESH_USER_CLAIMS, &[("user_id", "kp_1")], &[]).unwrap(),
            "https://example.kinde.com/api/v1/users/kp_1/refresh_claims"
        );
    }

    #[test]
    fn a_value_never_leaves_its_segment() {
        let with = |value: &str| url(REFRESH_USER_CLAIMS, &[("user_id", value)], &[]);
        assert_eq!(
            with("kp:1/../?x#y%").unwrap(),
            "https://example.kinde.com/api/v1/users/kp:1%2F..%2F%3Fx%23y%25/refresh_claims"
        );
        for value in ["", ".", ".."] {
            let error = with(value).unwrap_err();
            assert_eq!(error.field(), Some("user_id"), "{value:?}");
        }
        assert!(url(REFRESH_USER_CLAIMS, &[], &[]).is_err());
    }

    #[tokio::test]
    async fn all_requests_of_a_call_have_one_deadline() {
        let server = Server::start(|_, _| answer(429, &["RateLimit-Reset: 5"], ""));
        let mut config = Config::new();
        let domain = server.url("").origin().ascii_serialization();
        for (name, value) in [
            ("domain", domain.as_str()),
            ("client_id", "client"),
            ("redirect_uri", "https://app.example/"),
            ("timeout_ms", "600000"),
        ] {
            config.set(name, value).unwrap();
        }
        let settings = Settings::new(&config).unwrap();
        let call = Call {
            http: &Http::new(&settings).unwrap(),
            settings: &settings,
            token: &Secret::new("token"),
            deadline: Instant::now() + Duration::from_secs(4),
        };
        let begun = Instant::now();
        let operation = catalogue::operation(PERMISSIONS).unwrap();
        let error = call.send(operation, &[], &[]).await.unwrap_err();
        assert_eq!(error.status(), Status::RateLimited);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "nobody waited in vain"
        );
        assert_eq!(server.requests().len(), 1);
    }
}
