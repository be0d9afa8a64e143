//! Many calls at once, as a caller lists them.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::params::{Fields, parse};

/// How many calls may be under way at once, at most.
const LARGEST_CONCURRENCY: i64 = 1000;

/// Calls, to be made a few at a time.
#[derive(Debug)]
pub(crate) struct ApiCalls {
    pub calls: Vec<ApiCall>,
    pub concurrency: Option<usize>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct ApiCall {
    pub operation: String,
    /// JSON, or what is wrong with the call.
    pub params: Result<String>,
}

impl ApiCalls {
    /// Reads `{calls: [{operation, params}], concurrency}`, or the list alone.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with the field that is wrong. What is wrong with one call fails it alone.
    pub(crate) fn from_json(json: &str) -> Result<ApiCalls> {
        let (calls, concurrency) = match parse(json)? {
            Value::Array(calls) => (calls, None),
            Value::Object(members) => {
                let mut fields = Fields::from_map(members);
                let calls = match fields.take("calls") {
                    Some(Value::Array(calls)) => calls,
                    _ => {
                        fields.wrong("calls", "expected a list");
                        Vec::new()
                    }
                };
                let concurrency = fields.take_i64("concurrency");
                if concurrency.is_some_and(|it| !(1..=LARGEST_CONCURRENCY).contains(&it)) {
                    let message = format!("must be from 1 to {LARGEST_CONCURRENCY}");
                    fields.wrong("concurrency", message);
                }
                fields.finish()?;
                // Fits: it was judged above.
                (calls, concurrency.map(|it| it as usize))
            }
            _ => {
                let message = "expected a list of calls, or an object with one";
                return Err(Error::invalid_argument("calls", message));
            }
        };
        Ok(ApiCalls {
            calls: calls.into_iter().map(ApiCall::of).collect(),
            concurrency,
        })
    }
}

impl ApiCall {
    fn of(value: Value) -> ApiCall {
        let Value::Object(members) = value else {
            return ApiCall {
                operation: String::new(),
                params: Err(Error::invalid_argument(
                    "calls",
                    "expected objects with operation and params",
                )),
            };
        };
        let mut fields = Fields::from_map(members);
        let operation = fields.require_string("operation");
        let params = fields.take("params").map(|params| params.to_string());
        ApiCall {
            operation,
            params: fields.finish().map(|()| params.unwrap_or_default()),
        }
    }
}
