//! What roles, permissions and properties there are.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Outcome, Request, done, invalid, not_found, refusal, success};
use crate::config::{Permission, Role, id_of};

pub fn list(request: &mut Request) -> Outcome {
    let roles = request.state.config.roles.iter();
    let roles = roles.map(|role| json!({"id": role.id(), "key": role.key, "name": role.name}));
    request.page_by_token("roles", roles.collect())
}

pub fn create(request: &mut Request) -> Outcome {
    let (name, key) = (request.required("name")?, request.required("key")?);
    if request.state.config.role(&key).is_some() {
        let message = "A role with this key exists";
        return Err(refusal(
            StatusCode::CONFLICT,
            "ROLE_ALREADY_EXISTS",
            message,
        ));
    }
    let role = Role {
        key,
        name,
        permissions: Vec::new(),
    };
    let answer = json!({"role": {"id": role.id()}});
    request.state.config.roles.push(role);
    success(StatusCode::CREATED, answer)
}

pub fn delete(request: &mut Request) -> Outcome {
    let roles = &mut request.state.config.roles;
    let before = roles.len();
    roles.retain(|role| role.id() != request.path[0]);
    match roles.len() == before {
        true => Err(not_found("role")),
        false => done(),
    }
}

pub fn permissions(request: &mut Request) -> Outcome {
    let permissions = request.state.config.permissions.iter();
    let shown = permissions
        .map(|it| json!({"id": id_of("permission", &it.key), "key": it.key, "name": it.name}));
    request.page_by_token("permissions", shown.collect())
}

pub fn create_permission(request: &mut Request) -> Outcome {
    let (name, key) = (request.required("name")?, request.required("key")?);
    request
        .state
        .config
        .permissions
        .push(Permission { key, name });
    success(StatusCode::CREATED, json!({}))
}

/// The properties that users and organizations have.
pub fn properties(request: &mut Request) -> Outcome {
    if request.query.get("ending_before").is_some() {
        return Err(invalid("ending_before is not emulated"));
    }
    let config = &request.state.config;
    let of_users = config.users.iter().flat_map(|user| user.properties.keys());
    let of_organizations = config
        .organizations
        .iter()
        .flat_map(|it| it.properties.keys());
    let keys: BTreeSet<&String> = of_users.chain(of_organizations).collect();
    let properties: Vec<Value> = keys
        .into_iter()
        .map(|key| json!({"id": id_of("property", key), "key": key, "name": key}))
        .collect();
    request.page_by_id("properties", properties)
}
