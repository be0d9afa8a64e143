//! Roles, what they permit, and who has them.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Request, conflict, done, not_found, permissions, success, text_of};
use crate::config::Role;

pub fn list(request: &mut Request) -> Outcome {
    let roles = request.state.config.roles.iter().map(shown);
    request.page_by_token("roles", roles.collect())
}

pub fn show(request: &mut Request) -> Outcome {
    success(json!({"role": shown(role(request)?)}))
}

pub fn create(request: &mut Request) -> Outcome {
    let (name, key) = (request.required("name")?, request.required("key")?);
    if request.state.config.role(&key).is_some() {
        return Err(conflict("role"));
    }
    let role = Role {
        key,
        id: None,
        name,
        description: request.text("description").unwrap_or_default().to_owned(),
        is_default: request.body["is_default_role"] == true,
        permissions: Vec::new(),
    };
    let answer = json!({"role": {"id": role.id()}});
    request.state.config.roles.push(role);
    success(answer)
}

pub fn update(request: &mut Request) -> Outcome {
    let (name, key) = (request.required("name")?, request.required("key")?);
    let description = request.text("description").map(str::to_owned);
    let is_default = request.body["is_default_role"].as_bool();
    let id = role(request)?.id();
    let same_key = request.state.config.role(&key);
    if same_key.is_some_and(|other| other.id() != id) {
        return Err(conflict("role"));
    }
    let role = role_mut(request)?;
    role.id = Some(id);
    role.name = name;
    role.description = description.unwrap_or_else(|| role.description.clone());
    role.is_default = is_default.unwrap_or(role.is_default);
    let former = std::mem::replace(&mut role.key, key.clone());
    for roles in all_members(request) {
        for held in roles.iter_mut().filter(|held| **held == former) {
            held.clone_from(&key);
        }
    }
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let key = role(request)?.key.clone();
    request.state.config.roles.retain(|role| role.key != key);
    for roles in all_members(request) {
        roles.retain(|held| *held != key);
    }
    done()
}

pub fn permissions(request: &mut Request) -> Outcome {
    let keys = &role(request)?.permissions;
    let known = request.state.config.permissions.iter();
    let known = known.filter(|permission| keys.contains(&permission.key));
    let shown = known.map(permissions::shown).collect();
    request.page_by_token("permissions", shown)
}

pub fn update_permissions(request: &mut Request) -> Outcome {
    role(request)?;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let given = request.body["permissions"].as_array().cloned();
    for item in given.unwrap_or_default() {
        let id = text_of(&item["id"]);
        let key = permissions::by_id(request, &id)?.key.clone();
        let held = &mut role_mut(request)?.permissions;
        if item["operation"] == "delete" {
            held.retain(|it| *it != key);
            removed.push(id);
        } else if !held.contains(&key) {
            held.push(key);
            added.push(id);
        }
    }
    success(json!({"permissions_added": added, "permissions_removed": removed}))
}

pub fn remove_permission(request: &mut Request) -> Outcome {
    let key = permissions::by_id(request, &request.path[1])?.key.clone();
    let held = &mut role_mut(request)?.permissions;
    if !held.contains(&key) {
        return Err(not_found("permission"));
    }
    held.retain(|it| *it != key);
    done()
}

pub fn users(request: &mut Request) -> Outcome {
    let key = &role(request)?.key;
    let users = request.state.config.users.iter();
    let shown = users.filter_map(|user| {
        let memberships = user.organizations.iter();
        let holding = memberships.filter(|it| it.roles.contains(key));
        let codes: Vec<&str> = holding.map(|it| it.code.as_str()).collect();
        (!codes.is_empty()).then(|| json!({"id": user.id(), "org_codes": codes}))
    });
    let shown = shown.collect();
    request.page_by_token("users", shown)
}

pub fn by_id<'a>(request: &'a Request, id: &str) -> Result<&'a Role, Refusal> {
    let mut roles = request.state.config.roles.iter();
    let role = roles.find(|role| role.id() == id);
    role.ok_or_else(|| not_found("role"))
}

pub fn shown(role: &Role) -> Value {
    json!({
        "id": role.id(),
        "key": role.key,
        "name": role.name,
        "description": role.description,
        "is_default_role": role.is_default,
    })
}

fn role<'a>(request: &'a Request) -> Result<&'a Role, Refusal> {
    by_id(request, &request.path[0])
}

fn role_mut<'a>(request: &'a mut Request) -> Result<&'a mut Role, Refusal> {
    let id = &request.path[0];
    let mut roles = request.state.config.roles.iter_mut();
    let role = roles.find(|role| role.id() == *id);
    role.ok_or_else(|| not_found("role"))
}

/// The roles of each member and each invitation.
fn all_members<'a>(request: &'a mut Request) -> impl Iterator<Item = &'a mut Vec<String>> {
    let config = &mut request.state.config;
    let invited = config.invitations.iter_mut().map(|it| &mut it.roles);
    let users = config.users.iter_mut();
    let memberships = users.flat_map(|user| &mut user.organizations);
    memberships.map(|it| &mut it.roles).chain(invited)
}
