//! Parts of lists, in Kinde's two styles.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Request, invalid, success};
use crate::hex;

const USUAL_SIZE: usize = 10;
const LARGEST_SIZE: usize = 500;

impl Request<'_> {
    fn page_size(&self) -> Result<usize, Refusal> {
        let Some(text) = self.query.get("page_size") else {
            return Ok(USUAL_SIZE);
        };
        let size = text.parse().ok();
        size.filter(|size| (1..=LARGEST_SIZE).contains(size))
            .ok_or_else(|| invalid(&format!("page_size: 1 to {LARGEST_SIZE} is accepted")))
    }

    /// A page that names the token of the next, which is null at the end.
    pub fn page_by_token(&self, name: &str, mut items: Vec<Value>) -> Outcome {
        let size = self.page_size()?;
        if let Some(order) = self.query.get("sort") {
            sort(&mut items, order);
        }
        if let Some(token) = self.query.get("next_token") {
            let position = items.iter().position(|item| token_of(item) == token);
            let position = position.ok_or_else(|| invalid("next_token is unknown"))?;
            items.drain(..=position);
        }
        let has_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| has_more).map(token_of);
        success(json!({name: items, "next_token": next}))
    }

    /// A page that says whether there is more after its last item.
    pub fn page_by_id(&self, name: &str, items: Vec<Value>) -> Outcome {
        let (items, has_more) = self.after_id(items)?;
        success(json!({name: items, "has_more": has_more}))
    }

    /// The items after the id that was given, and whether there are more than fit.
    pub fn after_id(&self, mut items: Vec<Value>) -> Result<(Vec<Value>, bool), Refusal> {
        let size = self.page_size()?;
        if let Some(id) = self.query.get("ending_before") {
            let position = items.iter().position(|item| item["id"] == id);
            let end = position.ok_or_else(|| invalid("ending_before is unknown"))?;
            items.truncate(end);
            let has_more = items.len() > size;
            items.drain(..items.len().saturating_sub(size));
            return Ok((items, has_more));
        }
        if let Some(id) = self.query.get("starting_after") {
            let position = items.iter().position(|item| item["id"] == id);
            let position = position.ok_or_else(|| invalid("starting_after is unknown"))?;
            items.drain(..=position);
        }
        let has_more = items.len() > size;
        items.truncate(size);
        Ok((items, has_more))
    }
}

/// By an order such as `name_desc`.
fn sort(items: &mut [Value], order: &str) {
    let (by, direction) = order.rsplit_once('_').unwrap_or((order, "asc"));
    let text = |item: &Value| {
        let value = item.get(by).or_else(|| item.get("full_name"));
        value
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase()
    };
    items.sort_by_key(text);
    if direction == "desc" {
        items.reverse();
    }
}

/// Opaque to callers.
fn token_of(item: &Value) -> String {
    let id = item
        .get("id")
        .or_else(|| item.get("code"))
        .and_then(Value::as_str);
    hex::encode(id.unwrap_or_default().as_bytes())
}
