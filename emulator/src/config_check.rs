//! Finds every mistake in a configuration at once, each with its place.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::config::{Application, Config, FlagType};
use crate::redirect;

impl Config {
    /// All mistakes, or nothing.
    pub fn check(&self) -> Result<(), String> {
        let mut mistakes = Mistakes::default();
        self.check_settings(&mut mistakes);
        self.check_keys_are_unique(&mut mistakes);
        for (index, application) in self.applications.iter().enumerate() {
            self.check_application(
                &format!("applications[{index}]"),
                application,
                &mut mistakes,
            );
        }
        self.check_flags(&mut mistakes);
        self.check_references(&mut mistakes);
        mistakes.into_result()
    }

    fn check_settings(&self, mistakes: &mut Mistakes) {
        let settings = &self.settings;
        for (name, seconds, least) in [
            ("sign_in_seconds", settings.sign_in_seconds, 1),
            ("sso_session_seconds", settings.sso_session_seconds, 1),
            (
                "authorization_code_seconds",
                settings.authorization_code_seconds,
                1,
            ),
            (
                "refresh_overlap_seconds",
                settings.refresh_overlap_seconds,
                0,
            ),
            ("device_code_seconds", settings.device_code_seconds, 1),
            (
                "device_interval_seconds",
                settings.device_interval_seconds,
                0,
            ),
        ] {
            mistakes.require(seconds >= least, || {
                format!("settings.{name}: {seconds} given, {least} or more accepted")
            });
        }
    }

    fn check_keys_are_unique(&self, mistakes: &mut Mistakes) {
        mistakes.unique(
            "applications",
            "client_id",
            self.applications.iter().map(|it| it.client_id.clone()),
        );
        mistakes.unique(
            "apis",
            "audience",
            self.apis.iter().map(|it| it.audience.clone()),
        );
        mistakes.unique(
            "permissions",
            "key",
            self.permissions.iter().map(|it| it.key.clone()),
        );
        mistakes.unique("roles", "key", self.roles.iter().map(|it| it.key.clone()));
        mistakes.unique(
            "feature_flags",
            "key",
            self.feature_flags.iter().map(|it| it.key.clone()),
        );
        mistakes.unique(
            "properties",
            "key",
            self.properties.iter().map(|it| it.key.clone()),
        );
        mistakes.unique(
            "property_categories",
            "id",
            self.property_categories.iter().map(|it| it.id.clone()),
        );
        mistakes.unique(
            "organizations",
            "code",
            self.organizations.iter().map(|it| it.code.clone()),
        );
        mistakes.unique(
            "users",
            "email",
            self.users.iter().map(|it| it.email.to_lowercase()),
        );
        mistakes.unique(
            "users",
            "id",
            self.users.iter().map(crate::config::User::id),
        );
        mistakes.unique(
            "invitations",
            "code",
            self.invitations.iter().map(|it| it.code.clone()),
        );
    }

    fn check_application(&self, place: &str, application: &Application, mistakes: &mut Mistakes) {
        let has_secret = application
            .client_secret
            .as_ref()
            .is_some_and(|secret| !secret.is_empty());
        if application.kind.is_confidential() {
            mistakes.require(has_secret, || {
                format!("{place}.client_secret: missing; this kind of application has one")
            });
        } else {
            mistakes.require(!has_secret, || {
                format!(
                    "{place}.client_secret: this kind of application cannot keep one; remove it"
                )
            });
        }
        for (name, uris) in [
            ("redirect_uris", &application.redirect_uris),
            ("logout_redirect_uris", &application.logout_redirect_uris),
        ] {
            for (index, uri) in uris.iter().enumerate() {
                if let Err(reason) = redirect::check_pattern(uri) {
                    mistakes.add(format!("{place}.{name}[{index}]: {reason}"));
                }
            }
        }
        for (index, audience) in application.audiences.iter().enumerate() {
            mistakes.require(
                self.apis.iter().any(|api| &api.audience == audience),
                || format!("{place}.audiences[{index}]: no [[apis]] has the audience {audience:?}"),
            );
        }
        for audience in application.api_scopes.keys() {
            mistakes.require(application.audiences.contains(audience), || {
                format!("{place}.api_scopes: {audience:?} is not among the audiences")
            });
        }
        if let Some(code) = &application.org_code {
            self.require_organization(&format!("{place}.org_code"), code, mistakes);
        }
        for (name, seconds) in [
            ("access_token_seconds", application.access_token_seconds),
            ("id_token_seconds", application.id_token_seconds),
            ("refresh_token_seconds", application.refresh_token_seconds),
        ] {
            mistakes.require(seconds >= 1, || {
                format!("{place}.{name}: {seconds} given, 1 or more accepted")
            });
        }
    }

    fn check_flags(&self, mistakes: &mut Mistakes) {
        for (index, flag) in self.feature_flags.iter().enumerate() {
            for (name, value) in [
                ("value", &flag.value),
                ("environment_value", flag.environment_value()),
            ] {
                mistakes.require(flag.flag_type.fits(value), || {
                    let expected = flag.flag_type;
                    format!("feature_flags[{index}].{name}: {value} is not of type {expected:?}")
                });
            }
        }
        for (index, organization) in self.organizations.iter().enumerate() {
            self.check_flag_values(
                &format!("organizations[{index}]"),
                &organization.feature_flags,
                mistakes,
            );
        }
        for (index, user) in self.users.iter().enumerate() {
            self.check_flag_values(&format!("users[{index}]"), &user.feature_flags, mistakes);
        }
    }

    fn check_flag_values(&self, place: &str, values: &Map<String, Value>, mistakes: &mut Mistakes) {
        for (key, value) in values {
            match self.flag_type(key) {
                None => mistakes.add(format!(
                    "{place}.feature_flags.{key}: no [[feature_flags]] has this key"
                )),
                Some(expected) => mistakes.require(expected.fits(value), || {
                    format!("{place}.feature_flags.{key}: {value} is not of type {expected:?}")
                }),
            }
        }
    }

    fn flag_type(&self, key: &str) -> Option<FlagType> {
        self.feature_flags
            .iter()
            .find(|flag| flag.key == key)
            .map(|flag| flag.flag_type)
    }

    fn check_references(&self, mistakes: &mut Mistakes) {
        for (index, property) in self.properties.iter().enumerate() {
            let mut categories = self.property_categories.iter();
            let is_known = |id: &String| categories.any(|category| category.id == *id);
            mistakes.require(property.category.as_ref().is_none_or(is_known), || {
                format!("properties[{index}].category: no [[property_categories]] has this id")
            });
        }
        for (index, role) in self.roles.iter().enumerate() {
            self.require_permissions(
                &format!("roles[{index}].permissions"),
                &role.permissions,
                mistakes,
            );
        }
        for (index, user) in self.users.iter().enumerate() {
            mistakes.require(user.email.contains('@'), || {
                format!(
                    "users[{index}].email: {:?} is not an e-mail address",
                    user.email
                )
            });
            mistakes.unique(
                &format!("users[{index}].entitlements"),
                "feature_key and price_name",
                user.entitlements
                    .iter()
                    .map(|it| format!("{} {}", it.feature_key, it.price_name)),
            );
            for (position, membership) in user.organizations.iter().enumerate() {
                let place = format!("users[{index}].organizations[{position}]");
                self.require_organization(&format!("{place}.code"), &membership.code, mistakes);
                self.require_roles(&format!("{place}.roles"), &membership.roles, mistakes);
                self.require_permissions(
                    &format!("{place}.permissions"),
                    &membership.permissions,
                    mistakes,
                );
            }
        }
        for (index, invitation) in self.invitations.iter().enumerate() {
            self.require_organization(
                &format!("invitations[{index}].org_code"),
                &invitation.org_code,
                mistakes,
            );
            self.require_roles(
                &format!("invitations[{index}].roles"),
                &invitation.roles,
                mistakes,
            );
        }
    }

    fn require_organization(&self, place: &str, code: &str, mistakes: &mut Mistakes) {
        mistakes.require(self.organization(code).is_some(), || {
            format!("{place}: no [[organizations]] has the code {code:?}")
        });
    }

    fn require_roles(&self, place: &str, keys: &[String], mistakes: &mut Mistakes) {
        for key in keys {
            mistakes.require(self.role(key).is_some(), || {
                format!("{place}: no [[roles]] has the key {key:?}")
            });
        }
    }

    fn require_permissions(&self, place: &str, keys: &[String], mistakes: &mut Mistakes) {
        for key in keys {
            mistakes.require(
                self.permissions
                    .iter()
                    .any(|permission| &permission.key == key),
                || format!("{place}: no [[permissions]] has the key {key:?}"),
            );
        }
    }
}

#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn add(&mut self, mistake: String) {
        self.0.push(mistake);
    }

    fn require(&mut self, holds: bool, mistake: impl FnOnce() -> String) {
        if !holds {
            self.add(mistake());
        }
    }

    fn unique(&mut self, list: &str, field: &str, values: impl Iterator<Item = String>) {
        let mut seen = HashSet::new();
        for (index, value) in values.enumerate() {
            self.require(!value.is_empty(), || {
                format!("{list}[{index}].{field}: empty")
            });
            self.require(!seen.contains(&value), || {
                format!("{list}[{index}].{field}: {value:?} is there twice")
            });
            seen.insert(value);
        }
    }

    fn into_result(self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0.join("\n"))
        }
    }
}
