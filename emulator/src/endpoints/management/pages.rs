//! Parts of lists, in Kinde's two styles.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Outcome, Request, invalid, success};
use crate::hex;

/// What a list takes whose pages begin after an id.
pub const BY_ID: &[&str] = &["starting_after", "ending_before"];
pub const PROPERTIES_BY: &[&str] = &["page_size", "starting_after", "ending_before", "context"];

const USUAL_SIZE: usize = 10;
const LARGEST_SIZE: usize = 500;

impl Request<'_> {
    fn page_size(&self) -> Result<usize, Box<axum::response::Response>> {
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
        if let Some(token) = self.query.get("next_token") {
            let position = items.iter().position(|item| token_of(item) == token);
            let position = position.ok_or_else(|| invalid("next_token is unknown"))?;
            items.drain(..=position);
        }
        let has_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| has_more).map(token_of);
        success(StatusCode::OK, json!({name: items, "next_token": next}))
    }

    /// A page that says whether there is more after its last item.
    pub fn page_by_id(&self, name: &str, items: Vec<Value>) -> Outcome {
        let (items, has_more) = self.after_id(items)?;
        success(StatusCode::OK, json!({name: items, "has_more": has_more}))
    }

    /// The items after the id that was given, and whether there are more than fit.
    pub fn after_id(
        &self,
        mut items: Vec<Value>,
    ) -> Result<(Vec<Value>, bool), Box<axum::response::Response>> {
        let size = self.page_size()?;
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

/// Opaque to callers.
fn token_of(item: &Value) -> String {
    let id = item
        .get("id")
        .or_else(|| item.get("code"))
        .and_then(Value::as_str);
    hex::encode(id.unwrap_or_default().as_bytes())
}
