//! The Account API: what the bearer of an access token may and has, as the directory knows it now.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::route_not_found;
use crate::answer;
use crate::bearer;
use crate::config::{Config, Entitlement, Organization, User, id_of};
use crate::directory::flag_value;
use crate::params::Params;
use crate::state::{Emulator, State};

const LISTS: [&str; 5] = [
    "permissions",
    "roles",
    "properties",
    "feature_flags",
    "entitlements",
];
const USUAL_PAGE_SIZE: usize = 10;
const LARGEST_PAGE_SIZE: usize = 500;

/// Who asks: a user, signed in to an organization or to none.
pub struct Caller<'a> {
    config: &'a Config,
    user: &'a User,
    organization: Option<&'a Organization>,
}

impl<'a> Caller<'a> {
    /// The user of the request's token; otherwise the answer to give.
    pub fn of(
        emulator: &Emulator,
        state: &'a State,
        headers: &HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let refusal = |status, code, message: &str| Box::new(answer::errors(status, code, message));
        let claims = bearer::authenticate(emulator, state, headers, StatusCode::UNAUTHORIZED)
            .map_err(|error| {
                refusal(
                    StatusCode::UNAUTHORIZED,
                    "INVALID_CREDENTIALS",
                    &error.description,
                )
            })?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let user = text("sub").and_then(|sub| state.config.user_by_id(sub));
        let user = user.ok_or_else(|| {
            refusal(
                StatusCode::FORBIDDEN,
                "FORBIDDEN",
                "The access token is not that of a user",
            )
        })?;
        let organization = text("org_code")
            .or_else(|| text("x-hasura-org-code"))
            .and_then(|code| state.config.organization(code));
        Ok(Self {
            config: &state.config,
            user,
            organization,
        })
    }

    fn org_code(&self) -> Option<&str> {
        self.organization
            .map(|organization| organization.code.as_str())
    }

    fn permissions(&self) -> Vec<Value> {
        let membership = self.org_code().and_then(|code| self.user.membership(code));
        let keys = membership.map(|membership| self.config.permissions_of(membership));
        let known = &self.config.permissions;
        keys.unwrap_or_default()
            .iter()
            .filter_map(|key| known.iter().find(|permission| &permission.key == key))
            .map(|it| json!({"id": id_of("permission", &it.key), "name": it.name, "key": it.key}))
            .collect()
    }

    fn roles(&self) -> Vec<Value> {
        let membership = self.org_code().and_then(|code| self.user.membership(code));
        membership
            .into_iter()
            .flat_map(|membership| &membership.roles)
            .filter_map(|key| self.config.role(key))
            .map(|role| json!({"id": role.id(), "name": role.name, "key": role.key}))
            .collect()
    }

    fn feature_flags(&self) -> Vec<Value> {
        let flags = self.config.feature_flags.iter();
        flags
            .map(|flag| {
                json!({
                    "id": id_of("feature_flag", &flag.key),
                    "name": flag.key,
                    "key": flag.key,
                    "type": flag.flag_type.word(),
                    "value": flag_value(flag, self.organization, Some(self.user)),
                })
            })
            .collect()
    }

    fn properties(&self) -> Vec<Value> {
        let properties = self.user.properties.iter();
        properties
            .map(|(key, value)| {
                json!({"id": id_of("property", key), "name": key, "key": key, "value": value})
            })
            .collect()
    }

    fn entitlements(&self) -> Vec<Value> {
        self.user.entitlements.iter().map(shown).collect()
    }
}

fn shown(entitlement: &Entitlement) -> Value {
    let mut shown = json!(entitlement);
    shown["id"] = json!(entitlement.id());
    shown
}

/// `/permissions`, `/roles`, `/properties`, `/feature_flags` and `/entitlements`, page by page.
pub async fn list(
    Shared(emulator): Shared<Arc<Emulator>>,
    Path(list): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !LISTS.contains(&list.as_str()) {
        return route_not_found();
    }
    let state = emulator.state();
    let caller = match Caller::of(&emulator, &state, &headers) {
        Ok(caller) => caller,
        Err(refusal) => return *refusal,
    };
    let mut data = Map::new();
    let items = match list.as_str() {
        "permissions" => caller.permissions(),
        "roles" => caller.roles(),
        "properties" => caller.properties(),
        "feature_flags" => caller.feature_flags(),
        _ => {
            data.insert("plans".into(), json!(caller.user.plans));
            caller.entitlements()
        }
    };
    let page = match read(&uri, &["page_size", "starting_after"])
        .and_then(|params| Page::of(&params, items))
    {
        Ok(page) => page,
        Err(mistake) => return invalid(&mistake),
    };
    if ["permissions", "roles", "entitlements"].contains(&list.as_str()) {
        data.insert("org_code".into(), json!(caller.org_code()));
    }
    data.insert(list, Value::Array(page.items));
    answer::private_json(&json!({
        "data": data,
        "metadata": {"has_more": page.next.is_some(), "next_page_starting_after": page.next},
    }))
}

/// One entitlement, by the key of its feature.
pub async fn entitlement(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let state = emulator.state();
    let caller = match Caller::of(&emulator, &state, &headers) {
        Ok(caller) => caller,
        Err(refusal) => return *refusal,
    };
    let params = match read(&uri, &["key"]) {
        Ok(params) => params,
        Err(mistake) => return invalid(&mistake),
    };
    let Some(key) = params.get("key") else {
        return invalid("key is missing");
    };
    let found = caller.user.entitlements.iter();
    match found.clone().find(|it| it.feature_key == key) {
        Some(found) => answer::private_json(&json!({
            "data": {"org_code": caller.org_code(), "entitlement": shown(found)},
            "metadata": {},
        })),
        None => answer::errors(
            StatusCode::NOT_FOUND,
            "ENTITLEMENT_NOT_FOUND",
            "The user has no such entitlement",
        ),
    }
}

/// Part of a list, and the id after which the next part begins, if there is one.
struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

impl Page {
    fn of(params: &Params, mut items: Vec<Value>) -> Result<Self, String> {
        let size = match params.get("page_size") {
            None => USUAL_PAGE_SIZE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|size| (1..=LARGEST_PAGE_SIZE).contains(size))
                .ok_or_else(|| format!("page_size: 1 to {LARGEST_PAGE_SIZE} is accepted"))?,
        };
        if let Some(cursor) = params.get("starting_after") {
            let position = items.iter().position(|item| item["id"] == cursor);
            let position = position.ok_or("starting_after: nothing in this list has this id")?;
            items.drain(..=position);
        }
        let has_more = items.len() > size;
        items.truncate(size);
        let last = items.last().and_then(|item| item["id"].as_str());
        let next = last.filter(|_| has_more).map(str::to_owned);
        Ok(Self { items, next })
    }
}

/// The query, if nothing in it is unknown or there twice.
pub fn read(uri: &Uri, known: &[&str]) -> Result<Params, String> {
    let params = Params::decode(uri.query().unwrap_or_default())?;
    if let Some(name) = params.first_repeated() {
        return Err(format!("{name} is there more than once"));
    }
    match params.first_unknown(|name| known.contains(&name)) {
        Some(name) => Err(format!("{name} is not a parameter of this operation")),
        None => Ok(params),
    }
}

pub fn invalid(mistake: &str) -> Response {
    answer::errors(StatusCode::BAD_REQUEST, "INVALID_REQUEST", mistake)
}
