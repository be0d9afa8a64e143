//! What is known about operations that no description holds.

/// Groups that an SDK reaches under another name too.
const GROUP_ALIASES: &[(&str, &str)] = &[("mfa", "mfaapi")];

/// Words that the description misspells in names; the right spelling is accepted too.
const MISSPELT: &[(&str, &str)] = &[("environement", "environment")];

/// What does nothing more when it is asked twice, though its method does not promise that.
const IDEMPOTENT: &[&str] = &["refresh_user_claims"];

/// Members whose type the description has wrong: the values of an organization's flags are not the
/// words for the types of flags.
const CORRECTED: &[(&str, &str, &str)] =
    &[("CreateOrganizationRequest", "feature_flags", "{string}")];

/// The type of a member, where the description has it wrong.
pub fn corrected_kind(model: &str, member: &str) -> Option<&'static str> {
    let mut corrected = CORRECTED.iter();
    let found = corrected.find(|(of, name, _)| *of == model && *name == member);
    found.map(|(_, _, kind)| *kind)
}

/// The other name of a group.
pub fn group_alias(group: &str) -> Option<&'static str> {
    let found = GROUP_ALIASES.iter().find(|(known, _)| *known == group);
    found.map(|(_, alias)| *alias)
}

/// The other name of an operation.
pub fn operation_alias(operation: &str) -> Option<String> {
    let found = MISSPELT.iter().find(|(wrong, _)| operation.contains(wrong));
    found.map(|(wrong, right)| operation.replace(wrong, right))
}

/// Whether asking twice does what asking once does.
pub fn is_idempotent(operation: &str) -> bool {
    IDEMPOTENT.contains(&operation)
}
