//! Members of organizations.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Outcome, Request, done, invalid, not_found, success};
use crate::config::{Membership, User};

pub const LISTED_BY: &[&str] = &["sort", "page_size", "next_token", "permissions", "roles"];

pub fn list(request: &mut Request) -> Outcome {
    let code = organization(request)?;
    let listed = |name: &str| -> Vec<String> {
        let keys = request.query.get(name).unwrap_or_default().split(',');
        keys.filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (roles, permissions) = (listed("roles"), listed("permissions"));
    let config = &request.state.config;
    let members = config.users.iter().filter_map(|user| {
        let membership = user.membership(&code)?;
        let held = config.permissions_of(membership);
        let has_all = roles.iter().all(|role| membership.roles.contains(role))
            && permissions
                .iter()
                .all(|permission| held.contains(permission));
        has_all.then(|| shown(user, membership))
    });
    request.page_by_token("organization_users", members.collect())
}

pub fn add(request: &mut Request) -> Outcome {
    let code = organization(request)?;
    let mut added = Vec::new();
    for item in users(request)? {
        let id = item["id"].as_str().unwrap_or_default();
        let user = user_mut(request, id)?;
        if user.membership(&code).is_none() {
            user.organizations.push(Membership {
                code: code.clone(),
                roles: texts(&item["roles"]),
                permissions: texts(&item["permissions"]),
            });
            added.push(id.to_owned());
        }
    }
    success(StatusCode::OK, json!({"users_added": added}))
}

pub fn update(request: &mut Request) -> Outcome {
    let code = organization(request)?;
    let (mut updated, mut removed) = (Vec::new(), Vec::new());
    for item in users(request)? {
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        let user = user_mut(request, &id)?;
        if item["operation"] == "delete" {
            user.organizations
                .retain(|membership| membership.code != code);
            removed.push(id);
            continue;
        }
        let memberships = &mut user.organizations;
        let membership = memberships
            .iter_mut()
            .find(|membership| membership.code == code);
        let membership = membership.ok_or_else(|| not_found("member"))?;
        membership.roles = texts(&item["roles"]);
        membership.permissions = texts(&item["permissions"]);
        updated.push(id);
    }
    let answer = json!({"users_added": [], "users_updated": updated, "users_removed": removed});
    success(StatusCode::OK, answer)
}

pub fn remove(request: &mut Request) -> Outcome {
    let code = organization(request)?;
    let id = request.path[1].clone();
    let user = user_mut(request, &id)?;
    if user.membership(&code).is_none() {
        return Err(not_found("member"));
    }
    user.organizations
        .retain(|membership| membership.code != code);
    done()
}

fn organization(request: &Request) -> Result<String, Box<Response>> {
    let organization = request.state.config.organization(&request.path[0]);
    let code = organization.map(|organization| organization.code.clone());
    code.ok_or_else(|| not_found("organization"))
}

fn users(request: &Request) -> Result<Vec<Value>, Box<Response>> {
    let users = request.body["users"].as_array().cloned();
    users.ok_or_else(|| invalid("users is missing"))
}

fn user_mut<'a>(request: &'a mut Request, id: &str) -> Result<&'a mut User, Box<Response>> {
    let users = &mut request.state.config.users;
    let user = users.iter_mut().find(|user| user.id() == id);
    user.ok_or_else(|| not_found("user"))
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn shown(user: &User, membership: &Membership) -> Value {
    json!({
        "id": user.id(),
        "email": user.email,
        "full_name": user.full_name(),
        "first_name": user.given_name,
        "last_name": user.family_name,
        "picture": user.picture,
        "roles": membership.roles,
    })
}
