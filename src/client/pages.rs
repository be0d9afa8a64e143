//! A list of an API, page by page.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::Mutex;

use super::Client;
use crate::api::{ApiRequest, PagedRequest};
use crate::error::Result;
use crate::json::Json;
use crate::runtime::PerProcess;
use crate::session::Session;

/// The pages of a list of an API, from [`Client::api_pages`] or
/// [`Session::api_pages`](crate::Session::api_pages). Clones go on from the same place.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    asker: Asker,
    request: PagedRequest,
    place: ArcSwap<Place>,
    /// All cursors that were come to. Held by the one who asks for a page; of each process its own,
    /// because a forked child would wait for a thread that it does not have.
    seen: PerProcess<Mutex<HashSet<String>>>,
}

/// Whose token the pages are asked for with.
pub(crate) enum Asker {
    Machine(Client),
    Session(Session),
}

/// How far the list was read.
struct Place {
    cursor: Option<String>,
    is_first: bool,
    is_over: bool,
}

impl Pages {
    pub(crate) fn new(asker: Asker, request: PagedRequest) -> Pages {
        let place = Place {
            cursor: request.first_cursor().map(str::to_owned),
            is_first: true,
            is_over: false,
        };
        Pages(Arc::new(Inner {
            asker,
            request,
            place: ArcSwap::from_pointee(place),
            seen: PerProcess::new(),
        }))
    }

    /// The next page, `{items, status, headers, data}`; none at the end. `data` is what stands
    /// beside the items. After a failure the same page is asked for again.
    ///
    /// # Errors
    /// Those of the call of an operation; `MALFORMED_RESPONSE` also if the pages go round in a circle.
    pub async fn next(&self) -> Result<Option<Json>> {
        let pages = self.clone();
        let work = async move { pages.0.next().await };
        self.client().run(work).await
    }

    /// The client whose list it is.
    pub fn client(&self) -> &Client {
        match &self.0.asker {
            Asker::Machine(client) => client,
            Asker::Session(session) => session.client(),
        }
    }
}

impl Inner {
    async fn next(&self) -> Result<Option<Json>> {
        let mut seen = self.seen.get_or_init(Mutex::default).lock().await;
        let place = self.place.load_full();
        if place.is_over {
            return Ok(None);
        }
        seen.extend(place.cursor.clone());
        let request = self.request.at(place.cursor.as_deref());
        let answer = self.asker.answer(request).await?;
        let page = self.request.read(answer)?;
        if page.next.as_ref().is_some_and(|next| seen.contains(next)) {
            return Err(self.request.repeats());
        }
        let says_nothing = page.is_empty && !place.is_first && self.request.ends_with_empty_page();
        self.place.store(Arc::new(Place {
            is_first: false,
            is_over: page.next.is_none(),
            cursor: page.next,
        }));
        Ok(some_unless(says_nothing, page.answer))
    }
}

impl Asker {
    async fn answer(&self, request: ApiRequest) -> Result<Value> {
        match self {
            Asker::Machine(client) => {
                let response = client.ask_as_machine(&request, client.deadline()).await?;
                request.answer(&response)
            }
            Asker::Session(session) => session.answer_to(request).await,
        }
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
