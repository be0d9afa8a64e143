//! Which scopes and audiences an application may ask for.

use crate::config::{Application, Config};
use crate::params::words;

/// The scopes about a user. `offline`, not `offline_access`, asks Kinde for a refresh token.
pub const USER_SCOPES: [&str; 5] = ["openid", "profile", "email", "phone", "offline"];

/// The audiences asked for, or the first that the application may not use.
pub fn granted_audiences(
    application: &Application,
    asked: Option<&str>,
) -> Result<Vec<String>, String> {
    let asked = words(asked);
    match asked
        .iter()
        .find(|audience| !application.audiences.contains(audience))
    {
        Some(audience) => Err(audience.clone()),
        None => Ok(asked),
    }
}

/// The scopes asked for in a user's name, or the first that is unknown. `offline_access` is ignored without a word, as at Kinde.
pub fn granted_user_scopes(
    config: &Config,
    audiences: &[String],
    asked: Option<&str>,
) -> Result<Vec<String>, String> {
    let mut asked = words(asked);
    asked.retain(|scope| scope != "offline_access");
    let is_known = |scope: &String| {
        USER_SCOPES.contains(&scope.as_str())
            || config.scopes_of(audiences).any(|known| known == scope)
    };
    match asked.iter().find(|scope| !is_known(scope)) {
        Some(scope) => Err(scope.clone()),
        None => Ok(asked),
    }
}
