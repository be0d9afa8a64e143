//! Feature flags, and what the environment, organizations and users have instead of their values.

use serde_json::{Map, Value, json};

use super::{Outcome, Refusal, Request, conflict, done, invalid, not_found, success};
use crate::config::{FeatureFlag, FlagType};
use crate::directory::flag_value;

pub fn create(request: &mut Request) -> Outcome {
    let key = request.required("key")?;
    if request.state.config.flag(&key).is_some() {
        return Err(conflict("feature_flag"));
    }
    let flag_type = type_of(&request.required("type")?)?;
    let value = request.body["default_value"].as_str().unwrap_or_default();
    let value = value_of(flag_type, "default_value", value)?;
    request.state.config.feature_flags.push(FeatureFlag {
        key,
        flag_type,
        value,
        environment_value: None,
    });
    done()
}

pub fn update(request: &mut Request) -> Outcome {
    let flag_type = type_of(&request.required("type")?)?;
    let value = request.query.get("default_value").unwrap_or_default();
    let value = value_of(flag_type, "default_value", value)?;
    let flag = flag_mut(request, 0)?;
    let changes_type = flag.flag_type != flag_type;
    (flag.flag_type, flag.value) = (flag_type, value);
    if changes_type {
        let key = flag.key.clone();
        flag.environment_value = None;
        forget_overrides(request, &key);
    }
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let key = flag(request, 0)?.key.clone();
    let flags = &mut request.state.config.feature_flags;
    flags.retain(|flag| flag.key != key);
    forget_overrides(request, &key);
    done()
}

pub fn of_environment(request: &mut Request) -> Outcome {
    let shown = shown(request, FeatureFlag::environment_value);
    success(json!({"feature_flags": shown, "next_token": null}))
}

pub fn override_for_environment(request: &mut Request) -> Outcome {
    let value = request.body["value"].as_str().unwrap_or_default();
    let value = value_of(flag(request, 0)?.flag_type, "value", value)?;
    flag_mut(request, 0)?.environment_value = Some(value);
    done()
}

pub fn reset_for_environment(request: &mut Request) -> Outcome {
    flag_mut(request, 0)?.environment_value = None;
    done()
}

pub fn reset_all_for_environment(request: &mut Request) -> Outcome {
    for flag in &mut request.state.config.feature_flags {
        flag.environment_value = None;
    }
    done()
}

pub fn of_organization(request: &mut Request) -> Outcome {
    let config = &request.state.config;
    let organization = config.organization(&request.path[0]);
    let organization = organization.ok_or_else(|| not_found("organization"))?;
    let shown = shown(request, |flag| flag_value(flag, Some(organization), None));
    success(json!({"feature_flags": shown}))
}

pub fn override_for_organization(request: &mut Request) -> Outcome {
    let (key, value) = override_in_query(request)?;
    let organization = request.organization_mut()?;
    organization.feature_flags.insert(key, value);
    done()
}

pub fn reset_for_organization(request: &mut Request) -> Outcome {
    let key = flag(request, 1)?.key.clone();
    request.organization_mut()?.feature_flags.remove(&key);
    done()
}

pub fn reset_all_for_organization(request: &mut Request) -> Outcome {
    request.organization_mut()?.feature_flags.clear();
    done()
}

pub fn override_for_user(request: &mut Request) -> Outcome {
    let (key, value) = override_in_query(request)?;
    request.user_mut(0)?.feature_flags.insert(key, value);
    done()
}

/// The values for flags in a body, by key, each as a text or as the value itself.
pub fn overrides(request: &Request, given: &Value) -> Result<Map<String, Value>, Refusal> {
    let given = given.as_object().into_iter().flatten();
    let values = given.map(|(key, value)| {
        let flag = request.state.config.flag(key);
        let flag = flag.ok_or_else(|| invalid(&format!("feature_flags.{key} is unknown")))?;
        let value = match value {
            Value::String(text) => value_of(flag.flag_type, key, text)?,
            value if flag.flag_type.fits(value) => value.clone(),
            _ => return Err(unfit(flag.flag_type, key)),
        };
        Ok((key.clone(), value))
    });
    values.collect()
}

/// The key of the flag that the path names after something else, and the new value in the query.
fn override_in_query(request: &Request) -> Result<(String, Value), Refusal> {
    let flag = flag(request, 1)?;
    let value = request.query.get("value").unwrap_or_default();
    let value = value_of(flag.flag_type, "value", value)?;
    Ok((flag.key.clone(), value))
}

fn flag<'a>(request: &'a Request, at: usize) -> Result<&'a FeatureFlag, Refusal> {
    let flag = request.state.config.flag(&request.path[at]);
    flag.ok_or_else(|| not_found("feature_flag"))
}

fn flag_mut<'a>(request: &'a mut Request, at: usize) -> Result<&'a mut FeatureFlag, Refusal> {
    let key = &request.path[at];
    let flags = &mut request.state.config.feature_flags;
    let flag = flags.iter_mut().find(|flag| flag.key == *key);
    flag.ok_or_else(|| not_found("feature_flag"))
}

fn type_of(word: &str) -> Result<FlagType, Refusal> {
    FlagType::of_short_word(word).ok_or_else(|| invalid("type must be one of str, int, bool"))
}

fn value_of(flag_type: FlagType, at: &str, text: &str) -> Result<Value, Refusal> {
    let value = flag_type.value_of(text);
    value.ok_or_else(|| unfit(flag_type, at))
}

fn unfit(flag_type: FlagType, at: &str) -> Refusal {
    invalid(&format!(
        "{at} is not of the flag's type, {}",
        flag_type.word()
    ))
}

fn forget_overrides(request: &mut Request, key: &str) {
    let config = &mut request.state.config;
    for organization in &mut config.organizations {
        organization.feature_flags.remove(key);
    }
    for user in &mut config.users {
        user.feature_flags.remove(key);
    }
}

/// The flags whose type this API knows, by key, their values as texts.
fn shown<'a>(request: &'a Request, value: impl Fn(&'a FeatureFlag) -> &'a Value) -> Value {
    let flags = request.state.config.feature_flags.iter();
    let shown = flags.filter_map(|flag| {
        let word = flag.flag_type.short_word()?;
        let value = value(flag);
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some((flag.key.clone(), json!({"type": word, "value": text})))
    });
    Value::Object(shown.collect())
}
