//! The self-serve portal: links that open it once, and a page in its place.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;
use url::Url;

use super::account::{Caller, invalid, read};
use crate::answer;
use crate::pages;
use crate::random;
use crate::state::{Emulator, PortalLink};

const LINK_SECONDS: i64 = 300;

/// `/account_api/v1/portal_link`.
pub async fn link(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = emulator.state();
    if let Err(refusal) = Caller::of(&emulator, &state, &headers) {
        return *refusal;
    }
    let params = match read(&uri, &["subnav", "return_url"]) {
        Ok(params) => params,
        Err(mistake) => return invalid(&mistake),
    };
    let return_url = params.get("return_url").map(str::to_owned);
    if let Some(address) = &return_url
        && !Url::parse(address).is_ok_and(|url| url.has_host())
    {
        return invalid("return_url is not an absolute address");
    }
    let link = PortalLink {
        page: params.get("subnav").map(str::to_owned),
        return_url,
        expires_at: emulator.clock.now().saturating_add(LINK_SECONDS),
    };
    let key = random::token();
    let url = format!("{}/portal_redirect?key={key}", emulator.public_url);
    state.portal_links.insert(key, link);
    answer::private_json(&json!({ "url": url }))
}

/// Where a link leads, the first time that it is opened.
pub async fn page(Shared(emulator): Shared<Arc<Emulator>>, uri: Uri) -> Response {
    let now = emulator.clock.now();
    let params = match read(&uri, &["key"]) {
        Ok(params) => params,
        Err(mistake) => return pages::error(StatusCode::BAD_REQUEST, &mistake),
    };
    let key = params.get("key").unwrap_or_default();
    let link = emulator.state().portal_links.remove(key);
    let Some(link) = link.filter(|link| link.expires_at > now) else {
        let reason = "this link was used before, or is too old";
        return pages::error(StatusCode::BAD_REQUEST, reason);
    };
    let page = link.page.as_deref().unwrap_or("profile");
    let text = match link.return_url {
        Some(address) => format!("This is the page {page}. The way back is {address}."),
        None => format!("This is the page {page}."),
    };
    pages::message("Self-serve portal", &text)
}
