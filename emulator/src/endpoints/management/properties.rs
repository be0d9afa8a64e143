//! Properties, their categories, and the values that users, organizations and applications have.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Outcome, Refusal, Request, conflict, done, invalid, not_found, success};
use crate::config::{Config, Property, PropertyCategory, PropertyContext, id_of};
use crate::random;

pub fn list(request: &mut Request) -> Outcome {
    let wanted = request.query.get("context").map(context);
    let wanted = wanted.transpose()?;
    let known = known(&request.state.config);
    let properties = known.iter();
    let properties = properties.filter(|it| wanted.is_none_or(|wanted| it.context == wanted));
    let shown = properties.map(|property| {
        json!({
            "id": property.id(),
            "key": property.key,
            "name": property.name,
            "is_private": property.is_private,
            "description": property.description,
            "is_kinde_property": property.key.starts_with("kp_"),
        })
    });
    request.page_by_id("properties", shown.collect())
}

pub fn create(request: &mut Request) -> Outcome {
    let key = request.required("key")?;
    let known = known(&request.state.config);
    if known.iter().any(|property| property.key == key) {
        return Err(conflict("property"));
    }
    let property = Property {
        name: request.required("name")?,
        description: request.text("description").unwrap_or_default().to_owned(),
        context: context(&request.required("context")?)?,
        is_private: request.body["is_private"] == true,
        category: Some(category_of(request)?),
        key,
    };
    let answer = json!({"property": {"id": property.id()}});
    request.state.config.properties.push(property);
    success(answer)
}

pub fn update(request: &mut Request) -> Outcome {
    let category = category_of(request)?;
    let name = request.required("name")?;
    let description = request.text("description").map(str::to_owned);
    let is_private = request.body["is_private"] == true;
    let id = request.path[0].clone();
    let mut known = known(&request.state.config);
    let property = known.iter_mut().find(|property| property.id() == id);
    let property = property.ok_or_else(|| not_found("property"))?;
    property.name = name;
    property.is_private = is_private;
    property.category = Some(category);
    if let Some(description) = description {
        property.description = description;
    }
    request.state.config.properties = known;
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let known = known(&request.state.config);
    let property = known.iter().find(|it| it.id() == request.path[0]);
    let key = property.ok_or_else(|| not_found("property"))?.key.clone();
    let config = &mut request.state.config;
    config.properties.retain(|property| property.key != key);
    let of_users = config.users.iter_mut().map(|it| &mut it.properties);
    let of_organizations = config.organizations.iter_mut().map(|it| &mut it.properties);
    let of_applications = config.applications.iter_mut().map(|it| &mut it.properties);
    for values in of_users.chain(of_organizations).chain(of_applications) {
        values.remove(&key);
    }
    done()
}

pub fn categories(request: &mut Request) -> Outcome {
    let wanted = request.query.get("context").map(context).transpose()?;
    let categories = request.state.config.property_categories.iter();
    let categories = categories.filter(|it| wanted.is_none_or(|wanted| it.context == wanted));
    let shown = categories.map(|it| json!({"id": it.id, "name": it.name}));
    request.page_by_id("categories", shown.collect())
}

pub fn create_category(request: &mut Request) -> Outcome {
    let category = PropertyCategory {
        id: format!("cat_{}", random::hex::<16>()),
        name: request.required("name")?,
        context: context(&request.required("context")?)?,
    };
    let answer = json!({"category": {"id": category.id}});
    request.state.config.property_categories.push(category);
    success(answer)
}

pub fn update_category(request: &mut Request) -> Outcome {
    let name = request.text("name").map(str::to_owned);
    let categories = &mut request.state.config.property_categories;
    let category = categories.iter_mut().find(|it| it.id == request.path[0]);
    let category = category.ok_or_else(|| not_found("category"))?;
    if let Some(name) = name {
        category.name = name;
    }
    done()
}

pub fn of_user(request: &mut Request) -> Outcome {
    let user = request.state.config.user_by_id(&request.path[0]);
    let values = &user.ok_or_else(|| not_found("user"))?.properties;
    success(values_shown(request, values))
}

pub fn of_organization(request: &mut Request) -> Outcome {
    let organization = request.state.config.organization(&request.path[0]);
    let values = &organization
        .ok_or_else(|| not_found("organization"))?
        .properties;
    success(values_shown(request, values))
}

pub fn of_application(request: &mut Request) -> Outcome {
    let application = request.state.config.application(&request.path[0]);
    let values = &application
        .ok_or_else(|| not_found("application"))?
        .properties;
    success(values_shown(request, values))
}

pub fn set_of_user(request: &mut Request) -> Outcome {
    let values = given(request, PropertyContext::User)?;
    request.user_mut(0)?.properties.extend(values);
    done()
}

pub fn set_of_organization(request: &mut Request) -> Outcome {
    let values = given(request, PropertyContext::Organization)?;
    request.organization_mut()?.properties.extend(values);
    done()
}

pub fn set_of_application(request: &mut Request) -> Outcome {
    let values = given(request, PropertyContext::Application)?;
    request.application_mut()?.properties.extend(values);
    done()
}

/// The new values: of the property that the path names, or of all in the body.
fn given(request: &Request, context: PropertyContext) -> Result<Map<String, Value>, Refusal> {
    let all = request.body["properties"].as_object().cloned();
    let values = all.unwrap_or_else(|| {
        let value = request.query.get("value").map(Value::from);
        let value = value.unwrap_or_else(|| request.body["value"].clone());
        Map::from_iter(request.path.get(1).map(|key| (key.clone(), value)))
    });
    let known = known(&request.state.config);
    let is_known = |key: &str| {
        known
            .iter()
            .any(|it| it.key == key && it.context == context)
    };
    match values.keys().find(|key| !is_known(key)) {
        Some(key) if request.path.get(1) == Some(key) => Err(not_found("property")),
        Some(key) => Err(invalid(&format!("properties.{key} is unknown"))),
        None => Ok(values),
    }
}

fn values_shown(request: &Request, values: &Map<String, Value>) -> Value {
    let known = known(&request.state.config);
    let shown = values.iter().map(|(key, value)| {
        let property = known.iter().find(|property| property.key == *key);
        json!({
            "id": id_of("property", key),
            "name": property.map_or(key, |it| &it.name),
            "description": property.map(|it| &it.description),
            "key": key,
            "value": value,
        })
    });
    json!({"properties": shown.collect::<Vec<_>>(), "next_token": null})
}

/// The properties that are declared, and those that somebody has without.
fn known(config: &Config) -> Vec<Property> {
    let of_users = config.users.iter().map(|it| &it.properties);
    let of_users = of_users.map(|it| (PropertyContext::User, it));
    let of_organizations = config.organizations.iter().map(|it| &it.properties);
    let of_organizations = of_organizations.map(|it| (PropertyContext::Organization, it));
    let mut properties = config.properties.clone();
    let mut keys: BTreeSet<String> = properties.iter().map(|it| it.key.clone()).collect();
    for (context, values) in of_users.chain(of_organizations) {
        for key in values.keys().filter(|key| keys.insert((*key).clone())) {
            properties.push(Property {
                key: key.clone(),
                name: key.clone(),
                description: String::new(),
                context,
                is_private: false,
                category: None,
            });
        }
    }
    properties
}

fn context(word: &str) -> Result<PropertyContext, Refusal> {
    serde_json::from_value(json!(word)).map_err(|_| invalid("context must be one of usr, org, app"))
}

fn category_of(request: &Request) -> Result<String, Refusal> {
    let id = request.required("category_id")?;
    let mut categories = request.state.config.property_categories.iter();
    match categories.any(|category| category.id == id) {
        true => Ok(id),
        false => Err(invalid("category_id is unknown")),
    }
}
