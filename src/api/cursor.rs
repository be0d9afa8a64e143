//! Where a list goes on.

use serde_json::{Map, Value};

use super::catalogue::{List, Operation, PageStyle};
use super::pages::malformed;
use super::request::ApiRequest;
use crate::error::{Error, Result};
use crate::http::Method;

/// How many items are asked for at once where all are wanted. Kinde gives 10 unasked, and 500 at
/// most.
pub(super) const PAGE_SIZE: &str = "100";

/// Asks for a list page by page.
#[derive(Clone, Debug)]
pub(crate) struct PagedRequest {
    request: ApiRequest,
    operation: &'static Operation,
    list: &'static List,
}

/// A page as callers get it, and where the next one begins.
pub(crate) struct ApiPage {
    /// `{items, status, headers, data}`; `data` is what stands beside the items.
    pub answer: Value,
    pub is_empty: bool,
    pub next: Option<String>,
}

impl PagedRequest {
    /// # Errors
    /// `INVALID_ARGUMENT` if the operation does not answer with a list, or is asked backwards.
    pub(crate) fn new(request: ApiRequest) -> Result<PagedRequest> {
        // What changes something may answer with a list too, of what it changed.
        let reading = request.operation.filter(|it| it.method == Method::Get);
        let listing = reading.and_then(|operation| Some((operation, operation.list.as_ref()?)));
        let Some((operation, list)) = listing else {
            let message = format!("{} does not answer with a list", request.name);
            return Err(Error::invalid_argument("operation", message));
        };
        if request.query("ending_before").is_some() {
            let message = "pages are given forwards; leave it out";
            return Err(Error::invalid_argument("ending_before", message));
        }
        let takes_size = operation
            .parameters
            .iter()
            .any(|parameter| parameter.field.name == "page_size");
        let request = match takes_size && request.query("page_size").is_none() {
            true => request.with_query("page_size", PAGE_SIZE),
            false => request,
        };
        Ok(PagedRequest {
            request,
            operation,
            list,
        })
    }

    /// Where the caller wants to begin; none for the first page.
    pub(crate) fn first_cursor(&self) -> Option<&str> {
        self.request.query(self.operation.pages?.parameter())
    }

    /// The request for the page that begins at a cursor.
    pub(crate) fn at(&self, cursor: Option<&str>) -> ApiRequest {
        match (self.operation.pages, cursor) {
            (Some(style), Some(cursor)) => self.request.with_query(style.parameter(), cursor),
            _ => self.request.clone(),
        }
    }

    /// Reads a page from the answer to its request.
    ///
    /// # Errors
    /// `MALFORMED_RESPONSE` if there is no list, or more of it at no known place.
    pub(crate) fn read(&self, mut answer: Value) -> Result<ApiPage> {
        let data = &mut answer["data"];
        let place = match self.list.in_data {
            true => data.get_mut("data"),
            false => Some(&mut *data),
        };
        let items = place
            .and_then(Value::as_object_mut)
            .and_then(|it| it.remove(self.list.name));
        let Some(Value::Array(items)) = items else {
            let what = format!("no list {}", self.list.name);
            return Err(malformed(self.operation, &what).with_field(self.list.name));
        };
        let nothing = Map::new();
        let next = match self.operation.pages {
            Some(style) => {
                let beside = data.as_object().unwrap_or(&nothing);
                next(self.operation, style, beside, &items)?
            }
            None => None,
        };
        let is_empty = items.is_empty();
        answer["items"] = Value::Array(items);
        Ok(ApiPage {
            answer,
            is_empty,
            next,
        })
    }

    /// The error for pages that go round in a circle.
    pub(crate) fn repeats(&self) -> Error {
        malformed(self.operation, "pages that repeat")
    }

    /// Whether an empty page says nothing but that the list is over.
    pub(crate) fn ends_with_empty_page(&self) -> bool {
        self.operation.pages == Some(PageStyle::UntilEmpty)
    }
}

impl PageStyle {
    /// The parameter that says where a page begins.
    pub(super) fn parameter(self) -> &'static str {
        match self {
            PageStyle::Token => "next_token",
            PageStyle::Id | PageStyle::UntilEmpty | PageStyle::Metadata => "starting_after",
        }
    }
}

/// Where the next page begins, if there is one. `beside` is the answer without the items.
pub(super) fn next(
    operation: &Operation,
    style: PageStyle,
    beside: &Map<String, Value>,
    items: &[Value],
) -> Result<Option<String>> {
    let member = |name: &str| beside.get(name).unwrap_or(&Value::Null);
    let more = match style {
        PageStyle::Token => member("next_token").clone(),
        PageStyle::UntilEmpty if items.is_empty() => Value::Null,
        PageStyle::UntilEmpty => id_of_last(items),
        PageStyle::Id => match member("has_more") {
            Value::Null | Value::Bool(false) => Value::Null,
            Value::Bool(true) => id_of_last(items),
            _ => Value::Bool(true),
        },
        PageStyle::Metadata => {
            let metadata = member("metadata");
            // Not all lists of Kinde's say whether there is more.
            match metadata.get("has_more").unwrap_or(&Value::Null) {
                Value::Null | Value::Bool(false) => Value::Null,
                Value::Bool(true) => metadata
                    .get("next_page_starting_after")
                    .filter(|next| next.as_str().is_some_and(|next| !next.is_empty()))
                    .cloned()
                    .unwrap_or(Value::Bool(true)),
                _ => Value::Bool(true),
            }
        }
    };
    match more {
        Value::Null => Ok(None),
        Value::String(cursor) if cursor.is_empty() => Ok(None),
        Value::String(cursor) => Ok(Some(cursor)),
        _ => {
            let field = match style {
                PageStyle::Token => "next_token",
                PageStyle::Metadata => "metadata",
                PageStyle::Id | PageStyle::UntilEmpty => "id",
            };
            Err(malformed(operation, "more items, but not where they are").with_field(field))
        }
    }
}

/// The id of the last item, or of the one object that it wraps.
fn id_of_last(items: &[Value]) -> Value {
    let id = items.last().and_then(|item| {
        let wrapped = || item.as_object()?.values().find_map(|value| value.get("id"));
        item.get("id").or_else(wrapped)
    });
    match id {
        Some(Value::String(id)) if !id.is_empty() => Value::String(id.clone()),
        _ => Value::Bool(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::ApiValidation;
    use crate::error::Status;

    #[test]
    fn an_answer_of_any_other_shape_is_an_error() {
        for (name, member) in [("get_users", "users"), ("get_user_roles", "roles")] {
            let request = ApiRequest::from_json(name, "{}", ApiValidation::Strict).unwrap();
            let pages = PagedRequest::new(request).unwrap();
            for data in [
                json!(null),
                json!([]),
                json!([[]]),
                json!("text"),
                json!(5),
                json!(true),
                json!({}),
                json!({"data": null}),
                json!({"data": []}),
                json!({"data": "text", member: {}}),
                json!({"data": {member: "text"}, member: null}),
            ] {
                let answer = json!({"status": 200, "headers": {}, "data": data});
                let Err(error) = pages.read(answer) else {
                    panic!("{name} took {data}");
                };
                assert_eq!(
                    (error.status(), error.field()),
                    (Status::MalformedResponse, Some(member)),
                    "{name} {data}"
                );
            }
        }
    }
}
