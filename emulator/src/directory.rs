//! Looks things up in the configuration: who there is, and what they may.

use serde_json::{Map, Value, json};

use crate::config::{
    Application, Config, FeatureFlag, Invitation, Membership, Organization, Role, User,
};

impl Config {
    pub fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications
            .iter()
            .find(|application| application.client_id == client_id)
    }

    pub fn organization(&self, code: &str) -> Option<&Organization> {
        self.organizations
            .iter()
            .find(|organization| organization.code == code)
    }

    pub fn user(&self, email: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub fn user_mut(&mut self, email: &str) -> Option<&mut User> {
        self.users
            .iter_mut()
            .find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub fn user_by_id(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id() == id)
    }

    pub fn role(&self, key: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.key == key)
    }

    pub fn flag(&self, key: &str) -> Option<&FeatureFlag> {
        self.feature_flags.iter().find(|flag| flag.key == key)
    }

    /// The roles of a member who is given none.
    pub fn default_roles(&self) -> Vec<String> {
        let roles = self.roles.iter().filter(|role| role.is_default);
        roles.map(|role| role.key.clone()).collect()
    }

    /// The properties that tokens may show.
    pub fn exposed(&self, values: &Map<String, Value>) -> Value {
        let is_private = |key: &String| {
            let mut properties = self.properties.iter();
            properties.any(|property| property.is_private && property.key == *key)
        };
        let exposed = values.iter().filter(|(key, _)| !is_private(key));
        exposed
            .map(|(key, value)| (key.clone(), json!({"v": value})))
            .collect()
    }

    /// The scopes of these audiences that a machine has.
    pub fn scopes_of_machine(&self, machine: &Application, audiences: &[String]) -> Vec<String> {
        let apis = self.apis.iter();
        let apis = apis.filter(|api| audiences.contains(&api.audience));
        let scopes = apis.flat_map(|api| {
            let given = machine.api_scopes.get(&api.audience);
            given.unwrap_or(&api.scopes)
        });
        scopes.cloned().collect()
    }

    pub fn invitation(&self, code: &str) -> Option<&Invitation> {
        self.invitations
            .iter()
            .find(|invitation| invitation.code == code)
    }

    /// The scopes that the APIs behind these audiences define.
    pub fn scopes_of<'a>(&'a self, audiences: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.apis
            .iter()
            .filter(move |api| audiences.contains(&api.audience))
            .flat_map(|api| api.scopes.iter().map(String::as_str))
    }

    /// Permissions of a member: those of the roles first, then the member's own, each once.
    pub fn permissions_of(&self, membership: &Membership) -> Vec<String> {
        let from_roles = membership
            .roles
            .iter()
            .filter_map(|key| self.role(key))
            .flat_map(|role| &role.permissions);
        let mut keys: Vec<String> = Vec::new();
        for key in from_roles.chain(&membership.permissions) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// The flags of a token: the organization's value wins over the environment's, the user's over both.
    pub fn feature_flags_of(
        &self,
        organization: Option<&Organization>,
        user: Option<&User>,
    ) -> Map<String, Value> {
        self.feature_flags
            .iter()
            .map(|flag| {
                let value = flag_value(flag, organization, user);
                (
                    flag.key.clone(),
                    serde_json::json!({"t": flag.flag_type.code(), "v": value}),
                )
            })
            .collect()
    }
}

/// The nearest value: the user's, the organization's, the environment's.
pub fn flag_value<'a>(
    flag: &'a FeatureFlag,
    organization: Option<&'a Organization>,
    user: Option<&'a User>,
) -> &'a Value {
    user.and_then(|user| user.feature_flags.get(&flag.key))
        .or_else(|| organization.and_then(|it| it.feature_flags.get(&flag.key)))
        .unwrap_or_else(|| flag.environment_value())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::FlagType;

    #[test]
    fn the_nearest_value_of_a_flag_wins() {
        let flag = |value: Value| FeatureFlag {
            key: "theme".into(),
            flag_type: FlagType::String,
            value,
            environment_value: None,
        };
        let config = Config {
            feature_flags: vec![flag(json!("pink"))],
            ..Config::default()
        };
        let values = |value: &str| Map::from_iter([("theme".to_owned(), json!(value))]);
        let organization = Organization {
            feature_flags: values("blue"),
            ..Organization::default()
        };
        let mut user = User::registered("x@y", "X", "Y", 0);
        let theme = |organization: Option<&Organization>, user: &User| {
            config.feature_flags_of(organization, Some(user))["theme"]["v"].clone()
        };
        assert_eq!(theme(None, &user), "pink");
        assert_eq!(theme(Some(&organization), &user), "blue");
        user.feature_flags = values("green");
        assert_eq!(theme(Some(&organization), &user), "green");
    }
}
