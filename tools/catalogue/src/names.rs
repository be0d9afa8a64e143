//! The names that Kinde's SDKs give to what a description holds.

/// The name of an operation or parameter: `getAPIScopes` becomes `get_api_scopes`.
///
/// Runs of capitals are split as openapi-generator splits them: before the last one, if at least two
/// small letters follow it.
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            snake.push('_');
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let begins_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| match before.is_ascii_uppercase() {
                true => small(at + 1) && small(at + 2),
                false => before.is_ascii_alphanumeric(),
            });
        if begins_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The name of a model: `create_user_response` becomes `CreateUserResponse`.
pub fn camel_case(name: &str) -> String {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?;
            Some(format!(
                "{}{}",
                first.to_ascii_uppercase(),
                letters.as_str()
            ))
        })
        .collect()
}

/// The name of the model that is made of an inline schema.
pub fn nested(outer: &str, member: &str) -> String {
    format!("{outer}{}", camel_case(member))
}

/// The name of a group of operations: `API Keys` becomes `api_keys`.
pub fn group(tag: &str) -> String {
    tag.to_ascii_lowercase().replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_sdks() {
        for (name, snake) in [
            ("createUser", "create_user"),
            ("GetUsersMFA", "get_users_mfa"),
            ("ResetUsersMFAAll", "reset_users_mfa_all"),
            ("getAPIs", "get_apis"),
            ("addAPIApplicationScope", "add_api_application_scope"),
            ("addRedirectCallbackURLs", "add_redirect_callback_urls"),
            ("DeleteWebHook", "delete_web_hook"),
            ("get_user_profile_v2", "get_user_profile_v2"),
            ("AddAPIsRequest", "add_apis_request"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
        assert_eq!(camel_case("create_user_response"), "CreateUserResponse");
        assert_eq!(camel_case("addAPIs_request"), "AddAPIsRequest");
        assert_eq!(
            nested("CreateUserRequest", "identities_inner"),
            "CreateUserRequestIdentitiesInner"
        );
        assert_eq!(group("Environment variables"), "environment_variables");
    }
}
