//! Members of organizations: who they are, and what they may.

use serde_json::{Value, json};

use super::{
    Outcome, Refusal, Request, conflict, done, invalid, not_found, permissions, roles, success,
    text_of,
};
use crate::config::{Membership, User};

pub fn list(request: &mut Request) -> Outcome {
    let listed = |name: &str| -> Vec<String> {
        let keys = request.query.get(name).unwrap_or_default().split(',');
        keys.filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (roles, permissions) = (listed("roles"), listed("permissions"));
    let config = &request.state.config;
    let has_all = |membership: &Membership| {
        let held = config.permissions_of(membership);
        let has_role = |role: &String| membership.roles.contains(role);
        roles.iter().all(has_role) && permissions.iter().all(|it| held.contains(it))
    };
    let members = members(request)?.into_iter();
    let members = members.filter(|(_, membership)| has_all(membership));
    let shown = members.map(|(user, membership)| shown(user, membership));
    request.page_by_token("organization_users", shown.collect())
}

pub fn add(request: &mut Request) -> Outcome {
    let code = request.organization()?.code.clone();
    let mut added = Vec::new();
    for item in users(request)? {
        let id = text_of(&item["id"]);
        let mut given = granted(request, &code, &item)?;
        if given.roles.is_empty() {
            given.roles = request.state.config.default_roles();
        }
        let user = user_mut(request, &id)?;
        if user.membership(&code).is_none() {
            user.organizations.push(given);
            added.push(id);
        }
    }
    success(json!({"users_added": added}))
}

pub fn update(request: &mut Request) -> Outcome {
    let code = request.organization()?.code.clone();
    let (mut updated, mut removed) = (Vec::new(), Vec::new());
    for item in users(request)? {
        let id = text_of(&item["id"]);
        let given = granted(request, &code, &item)?;
        let user = user_mut(request, &id)?;
        if item["operation"] == "delete" {
            user.organizations.retain(|it| it.code != code);
            removed.push(id);
            continue;
        }
        let mut memberships = user.organizations.iter_mut();
        let membership = memberships.find(|membership| membership.code == code);
        *membership.ok_or_else(|| not_found("member"))? = given;
        updated.push(id);
    }
    success(json!({"users_added": [], "users_updated": updated, "users_removed": removed}))
}

pub fn remove(request: &mut Request) -> Outcome {
    let code = membership_mut(request)?.code.clone();
    let user = request.user_mut(1)?;
    user.organizations.retain(|it| it.code != code);
    done()
}

pub fn roles(request: &mut Request) -> Outcome {
    let held = membership(request)?.roles.iter();
    let roles = held.filter_map(|key| request.state.config.role(key));
    let shown = roles.map(|role| json!({"id": role.id(), "key": role.key, "name": role.name}));
    success(json!({"roles": shown.collect::<Vec<_>>(), "next_token": null}))
}

pub fn give_role(request: &mut Request) -> Outcome {
    let key = roles::by_id(request, &request.required("role_id")?)?
        .key
        .clone();
    let held = &mut membership_mut(request)?.roles;
    if held.contains(&key) {
        return Err(conflict("role"));
    }
    held.push(key);
    done()
}

pub fn take_role(request: &mut Request) -> Outcome {
    let key = roles::by_id(request, &request.path[2])?.key.clone();
    let held = &mut membership_mut(request)?.roles;
    if !held.contains(&key) {
        return Err(not_found("role"));
    }
    held.retain(|it| *it != key);
    done()
}

/// What a member may, and by which roles.
pub fn permissions(request: &mut Request) -> Outcome {
    let config = &request.state.config;
    let membership = membership(request)?;
    let keys = config.permissions_of(membership);
    let known = config.permissions.iter();
    let shown = known.filter(|it| keys.contains(&it.key)).map(|permission| {
        let held = membership.roles.iter().filter_map(|key| config.role(key));
        let giving = held.filter(|role| role.permissions.contains(&permission.key));
        let giving = giving.map(|role| json!({"id": role.id(), "key": role.key}));
        let mut shown = permissions::shown(permission);
        shown["roles"] = giving.collect();
        shown
    });
    success(json!({"permissions": shown.collect::<Vec<_>>()}))
}

pub fn give_permission(request: &mut Request) -> Outcome {
    let id = request.required("permission_id")?;
    let key = permissions::by_id(request, &id)?.key.clone();
    let held = &mut membership_mut(request)?.permissions;
    if held.contains(&key) {
        return Err(conflict("permission"));
    }
    held.push(key);
    done()
}

pub fn take_permission(request: &mut Request) -> Outcome {
    let key = permissions::by_id(request, &request.path[2])?.key.clone();
    let held = &mut membership_mut(request)?.permissions;
    if !held.contains(&key) {
        return Err(not_found("permission"));
    }
    held.retain(|it| *it != key);
    done()
}

/// The members who have a role.
pub fn of_role(request: &mut Request) -> Outcome {
    let shown = holders(request)?.into_iter();
    let shown = shown.map(|(user, _)| json!({"id": user.id()}));
    request.page_by_token("users", shown.collect())
}

pub fn count_of_role(request: &mut Request) -> Outcome {
    success(json!({"count": holders(request)?.len()}))
}

fn holders<'a>(request: &'a Request) -> Result<Vec<(&'a User, &'a Membership)>, Refusal> {
    let key = &roles::by_id(request, &request.path[1])?.key;
    let mut members = members(request)?;
    members.retain(|(_, membership)| membership.roles.contains(key));
    Ok(members)
}

fn members<'a>(request: &'a Request) -> Result<Vec<(&'a User, &'a Membership)>, Refusal> {
    let code = &request.organization()?.code;
    let users = request.state.config.users.iter();
    let members = users.filter_map(|user| Some((user, user.membership(code)?)));
    Ok(members.collect())
}

fn membership<'a>(request: &'a Request) -> Result<&'a Membership, Refusal> {
    let code = &request.organization()?.code;
    let user = request.state.config.user_by_id(&request.path[1]);
    let membership = user.ok_or_else(|| not_found("user"))?.membership(code);
    membership.ok_or_else(|| not_found("member"))
}

fn membership_mut<'a>(request: &'a mut Request) -> Result<&'a mut Membership, Refusal> {
    let code = request.organization()?.code.clone();
    let mut memberships = request.user_mut(1)?.organizations.iter_mut();
    let membership = memberships.find(|membership| membership.code == code);
    membership.ok_or_else(|| not_found("member"))
}

fn users(request: &Request) -> Result<Vec<Value>, Refusal> {
    let users = request.body["users"].as_array().cloned();
    users.ok_or_else(|| invalid("users is missing"))
}

fn user_mut<'a>(request: &'a mut Request, id: &str) -> Result<&'a mut User, Refusal> {
    let mut users = request.state.config.users.iter_mut();
    let user = users.find(|user| user.id() == id);
    user.ok_or_else(|| not_found("user"))
}

/// A membership with the roles and permissions of one item of a body, which are given by their keys.
fn granted(request: &Request, code: &str, item: &Value) -> Result<Membership, Refusal> {
    let config = &request.state.config;
    let membership = Membership {
        code: code.to_owned(),
        roles: texts(&item["roles"]),
        permissions: texts(&item["permissions"]),
    };
    if membership
        .roles
        .iter()
        .any(|key| config.role(key).is_none())
    {
        return Err(not_found("role"));
    }
    let is_known = |key: &String| config.permissions.iter().any(|it| it.key == *key);
    match membership.permissions.iter().all(is_known) {
        true => Ok(membership),
        false => Err(not_found("permission")),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().map(text_of);
    texts.collect()
}

fn shown(user: &User, membership: &Membership) -> Value {
    json!({
        "id": user.id(),
        "email": user.email,
        "full_name": user.full_name(),
        "first_name": user.given_name,
        "last_name": user.family_name,
        "picture": user.picture,
        "is_suspended": user.is_suspended,
        "roles": membership.roles,
    })
}
