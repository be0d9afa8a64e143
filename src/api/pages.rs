//! Lists that come page by page.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::catalogue::{List, Operation, PageStyle};
use super::cursor::{self, PAGE_SIZE};
use crate::error::{Error, Result, Status};
use crate::http::Response;

/// A list of more pages than this is taken for one without end.
const PAGES_LIMIT: usize = 200;

/// A page of a list, or all of it.
#[derive(Debug)]
pub(super) struct Page {
    pub items: Vec<Value>,
    /// What stands beside the list, each `null` if it is missing.
    pub beside: Map<String, Value>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl Page {
    /// The shape in which Kinde's SDKs give one page: the items as they came, and where to go on.
    pub(super) fn into_json(self, list: &List) -> Value {
        let mut answer = self.beside;
        answer.insert(list.name.to_owned(), Value::Array(self.items));
        let metadata = json!({
            "has_more": self.next.is_some(),
            "next_page_starting_after": self.next,
        });
        answer.insert("metadata".to_owned(), metadata);
        Value::Object(answer)
    }
}

/// One page of a list.
pub(super) async fn one(
    call: &Call<'_>,
    operation: &'static Operation,
    list: &List,
    query: &[(&'static str, &str)],
) -> Result<Page> {
    let response = call.ask(operation, &[], query).await?;
    read(operation, list, &response)
}

/// All pages of a list, or those up to the first item that is `wanted`.
///
/// # Errors
/// `MALFORMED_RESPONSE` if the pages go round in a circle or do not end.
pub(super) async fn all(
    call: &Call<'_>,
    operation: &'static Operation,
    list: &List,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Page> {
    let mut gathered = one(call, operation, list, &[("page_size", PAGE_SIZE)]).await?;
    let mut seen = HashSet::new();
    let mut judged = 0;
    while let Some(cursor) = gathered.next.take() {
        if gathered.items[judged..].iter().any(&wanted) {
            break;
        }
        judged = gathered.items.len();
        if seen.len() + 1 >= PAGES_LIMIT {
            let what = format!("more than {PAGES_LIMIT} pages");
            return Err(malformed(operation, &what));
        }
        let query = [("page_size", PAGE_SIZE), ("starting_after", &cursor)];
        let page = one(call, operation, list, &query).await?;
        gathered.items.extend(page.items);
        gathered.next = page.next;
        seen.insert(cursor);
        if gathered
            .next
            .as_ref()
            .is_some_and(|next| seen.contains(next))
        {
            return Err(malformed(operation, "pages that repeat"));
        }
    }
    Ok(gathered)
}

fn read(operation: &Operation, list: &List, response: &Response) -> Result<Page> {
    let mut answer = response.json_object(&format!("the answer to {}", operation.name))?;
    let wrong = |what: &str| malformed(operation, what);
    let mut data = match list.in_data {
        false => std::mem::take(&mut answer),
        true => match answer.remove("data") {
            Some(Value::Object(data)) => data,
            _ => return Err(wrong("no object data").with_field("data")),
        },
    };
    let Some(Value::Array(items)) = data.remove(list.name) else {
        return Err(wrong(&format!("no list {}", list.name)).with_field(list.name));
    };
    for item in &items {
        for key in &list.keys {
            if item.get(key).and_then(Value::as_str).is_none() {
                let what = format!("an item of {} that lacks {key}", list.name);
                return Err(wrong(&what).with_field(list.name));
            }
        }
    }
    let mut beside = Map::new();
    for name in &list.beside {
        beside.insert((*name).to_owned(), data.remove(*name).unwrap_or_default());
    }
    let next = cursor::next(operation, PageStyle::Metadata, &answer, &items)?;
    Ok(Page {
        items,
        beside,
        next,
    })
}

pub(super) fn malformed(operation: &Operation, what: &str) -> Error {
    Error::new(
        Status::MalformedResponse,
        format!("Kinde answered {} with {what}", operation.name),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::catalogue::operation;
    use super::*;
    use crate::config::{Config, Settings};
    use crate::http::test_server::{Server, answer};
    use crate::http::{Http, Pace};
    use crate::secret::Secret;

    const ROLES: &str = "get_user_roles";

    fn page(name: &str, body: &Value) -> Result<Page> {
        let operation = operation(name).unwrap();
        let list = operation.list.as_ref().unwrap();
        read(operation, list, &Response::of(200, &[], &body.to_string()))
    }

    #[test]
    fn a_page_is_read_strictly() {
        let items = json!({"roles": [{"key": "admin", "new": 1}], "org_code": "org_1"});
        let good = page(
            ROLES,
            &json!({"data": items, "metadata": {"has_more": true, "next_page_starting_after": "c"}}),
        );
        let good = good.unwrap();
        assert_eq!(good.next.as_deref(), Some("c"));
        let list = operation(ROLES).unwrap().list.as_ref().unwrap();
        assert_eq!(
            good.into_json(list),
            json!({
                "org_code": "org_1",
                "roles": [{"key": "admin", "new": 1}],
                "metadata": {"has_more": true, "next_page_starting_after": "c"},
            })
        );
        for last in [
            json!({"data": items}),
            json!({"data": items, "metadata": null}),
            json!({"data": items, "metadata": {}}),
            json!({"data": items, "metadata": {"has_more": false, "next_page_starting_after": "c"}}),
        ] {
            assert_eq!(page(ROLES, &last).unwrap().next, None, "{last}");
        }
        for bad in [
            json!({}),
            json!({"data": []}),
            json!({"roles": []}),
            json!({"data": {"roles": {}}}),
            json!({"data": {"roles": [5]}}),
            json!({"data": {"roles": [{"key": 5}]}}),
            json!({"data": items, "metadata": {"has_more": true}}),
            json!({"data": items, "metadata": {"has_more": true, "next_page_starting_after": ""}}),
            json!({"data": items, "metadata": {"has_more": "yes", "next_page_starting_after": "c"}}),
        ] {
            let error = page(ROLES, &bad).unwrap_err();
            assert_eq!(error.status(), Status::MalformedResponse, "{bad}");
        }
        let flag = json!({"data": {"feature_flags": [{"key": "a"}]}});
        assert!(
            page("get_feature_flags", &flag).is_err(),
            "a flag has a type"
        );
    }

    /// All roles of a server whose pages name these cursors; and how many pages were asked for.
    async fn gathered(
        cursor: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
    ) -> (Result<Page>, usize) {
        let count = Arc::new(AtomicUsize::new(0));
        let asked = count.clone();
        let server = Server::start(move |_, _| {
            let page = asked.fetch_add(1, Ordering::SeqCst);
            let next = cursor(page);
            let body = json!({
                "data": {"org_code": null, "roles": [{"key": format!("role {page}")}]},
                "metadata": {"has_more": next.is_some(), "next_page_starting_after": next},
            });
            answer(200, &[], body.to_string())
        });
        let mut config = Config::new();
        let domain = server.url("").origin().ascii_serialization();
        config.load_json(&json!({"domain": domain, "client_id": "client", "redirect_uri": "https://app.example/"}).to_string()).unwrap();
        let settings = Settings::new(&config).unwrap();
        let call = Call {
            settings: &settings,
            http: &Http::new(&settings).unwrap(),
            pace: &Pace::new(1),
            token: &Secret::new("token"),
            deadline: Instant::now() + Duration::from_secs(60),
        };
        let operation = operation(ROLES).unwrap();
        let list = operation.list.as_ref().unwrap();
        let page = all(&call, operation, list, |_| false).await;
        (page, count.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn pages_end() {
        let (all, count) = gathered(|page| (page < 2).then(|| page.to_string())).await;
        assert_eq!((all.unwrap().items.len(), count), (3, 3));

        for circle in [1, 2, 7] {
            let (all, count) = gathered(move |page| Some((page % circle).to_string())).await;
            let error = all.unwrap_err();
            assert_eq!(error.status(), Status::MalformedResponse);
            assert!(error.message().contains("repeat"), "{error}");
            assert_eq!(count, circle + 1);
        }

        let (all, count) = gathered(|page| Some(page.to_string())).await;
        assert_eq!(all.unwrap_err().status(), Status::MalformedResponse);
        assert_eq!(count, PAGES_LIMIT);
    }
}
