//! A list of an API, page by page.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;

use super::Client;
use crate::api::PagedRequest;
use crate::error::Result;
use crate::json::Json;

/// The pages of a list of an API, from [`Client::api_pages`]. Clones go on from the same place.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    client: Client,
    request: PagedRequest,
    place: Mutex<Place>,
}

/// How far the list was read.
struct Place {
    cursor: Option<String>,
    /// All that pages were asked for with.
    seen: HashSet<String>,
    is_first: bool,
    is_over: bool,
}

impl Pages {
    pub(super) fn new(client: &Client, request: PagedRequest) -> Pages {
        let cursor = request.first_cursor().map(str::to_owned);
        let place = Place {
            seen: cursor.iter().cloned().collect(),
            cursor,
            is_first: true,
            is_over: false,
        };
        Pages(Arc::new(Inner {
            client: client.clone(),
            request,
            place: Mutex::new(place),
        }))
    }

    /// The next page, `{items, status, headers, data}`; none at the end. `data` is what stands
    /// beside the items. After a failure the same page is asked for again.
    ///
    /// # Errors
    /// Those of [`Client::api_call`]; `MALFORMED_RESPONSE` also if the pages go round in a circle.
    pub async fn next(&self) -> Result<Option<Json>> {
        let pages = self.clone();
        self.0.client.run(async move { pages.0.next().await }).await
    }

    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }
}

impl Inner {
    async fn next(&self) -> Result<Option<Json>> {
        let mut place = self.place.lock().await;
        if place.is_over {
            return Ok(None);
        }
        let request = self.request.at(place.cursor.as_deref());
        let response = self
            .client
            .ask_as_machine(&request, self.client.deadline())
            .await?;
        let page = self.request.read(&response)?;
        if page
            .next
            .as_ref()
            .is_some_and(|next| place.seen.contains(next))
        {
            return Err(self.request.repeats());
        }
        let says_nothing = page.is_empty && !place.is_first && self.request.ends_with_empty_page();
        place.is_first = false;
        place.is_over = page.next.is_none();
        place.seen.extend(page.next.clone());
        place.cursor = page.next;
        Ok(some_unless(says_nothing, page.answer))
    }
}

fn some_unless(not: bool, answer: Value) -> Option<Json> {
    (!not).then(|| Json::from_value(answer))
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is asked for may be personal.
        f.write_str("Pages")
    }
}
