//! Permissions.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Request, conflict, done, not_found};
use crate::config::Permission;

pub fn list(request: &mut Request) -> Outcome {
    let permissions = request.state.config.permissions.iter().map(shown);
    request.page_by_token("permissions", permissions.collect())
}

pub fn create(request: &mut Request) -> Outcome {
    let (name, key) = (request.required("name")?, request.required("key")?);
    let mut permissions = request.state.config.permissions.iter();
    if permissions.any(|permission| permission.key == key) {
        return Err(conflict("permission"));
    }
    let permission = Permission {
        key,
        id: None,
        name,
        description: request.text("description").unwrap_or_default().to_owned(),
    };
    request.state.config.permissions.push(permission);
    done()
}

pub fn update(request: &mut Request) -> Outcome {
    let id = request.path[0].clone();
    let former = by_id(request, &id)?.key.clone();
    let text = |name: &str| request.text(name).map(str::to_owned);
    let (name, description) = (text("name"), text("description"));
    let key = text("key").unwrap_or_else(|| former.clone());
    let config = &mut request.state.config;
    let is_taken = |permission: &Permission| permission.key == key && permission.id() != id;
    if config.permissions.iter().any(is_taken) {
        return Err(conflict("permission"));
    }
    for permission in config.permissions.iter_mut().filter(|it| it.id() == id) {
        permission.id = Some(id.clone());
        permission.key.clone_from(&key);
        permission.name = name.clone().unwrap_or_else(|| permission.name.clone());
        let kept = permission.description.clone();
        permission.description = description.clone().unwrap_or(kept);
    }
    for keys in all_holders(request) {
        for held in keys.iter_mut().filter(|held| **held == former) {
            held.clone_from(&key);
        }
    }
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let key = by_id(request, &request.path[0])?.key.clone();
    let permissions = &mut request.state.config.permissions;
    permissions.retain(|permission| permission.key != key);
    for keys in all_holders(request) {
        keys.retain(|held| *held != key);
    }
    done()
}

pub fn by_id<'a>(request: &'a Request, id: &str) -> Result<&'a Permission, Refusal> {
    let mut permissions = request.state.config.permissions.iter();
    let permission = permissions.find(|permission| permission.id() == id);
    permission.ok_or_else(|| not_found("permission"))
}

pub fn shown(permission: &Permission) -> Value {
    json!({
        "id": permission.id(),
        "key": permission.key,
        "name": permission.name,
        "description": permission.description,
    })
}

/// The permissions of each role and each member.
fn all_holders<'a>(request: &'a mut Request) -> impl Iterator<Item = &'a mut Vec<String>> {
    let config = &mut request.state.config;
    let roles = config.roles.iter_mut().map(|it| &mut it.permissions);
    let users = config.users.iter_mut();
    let memberships = users.flat_map(|user| &mut user.organizations);
    memberships.map(|it| &mut it.permissions).chain(roles)
}
