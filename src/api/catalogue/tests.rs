use std::collections::{BTreeMap, HashSet};

use super::*;

fn catalogue() -> &'static Catalogue {
    Catalogue::get().unwrap()
}

#[test]
fn every_operation_is_there_under_a_name_of_its_own() {
    let mut counts = BTreeMap::new();
    for operation in &catalogue().operations {
        *counts.entry(operation.api.name()).or_insert(0) += 1;
    }
    let expected = [("account", 7), ("management", 183), ("oauth", 4)];
    assert_eq!(counts, BTreeMap::from(expected));

    let names = &catalogue().names;
    let different: HashSet<&str> = names.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        different.len(),
        names.len(),
        "no name stands for two operations"
    );
    let routes = catalogue().operations.iter();
    let routes: HashSet<_> = routes.map(|it| (it.method.as_str(), it.path)).collect();
    assert_eq!(routes.len(), catalogue().operations.len());
}

#[test]
fn operations_are_found_by_each_of_their_names() {
    for (name, found) in [
        ("create_user", "create_user"),
        ("get_user_profile_v2", "get_user_profile_v2"),
        ("get_user_profile", "get_user"),
        (
            "update_environment_feature_flag_override",
            "update_environement_feature_flag_override",
        ),
    ] {
        assert_eq!(operation(name).unwrap().name, found);
    }
    for unknown in ["", "create_users", "Create_User", "no such thing\u{1b}[31m"] {
        let error = operation(unknown).unwrap_err();
        assert_eq!(error.status(), Status::UnknownOperation, "{unknown}");
        assert!(!error.message().contains('\u{1b}'));
    }
    let near = operation("create_users").unwrap_err();
    assert!(near.message().contains("create_user"), "{near}");
}

#[test]
fn an_operation_has_all_its_facts() {
    let users = operation("get_users").unwrap();
    assert_eq!((users.method, users.path), (Method::Get, "/api/v1/users"));
    assert_eq!(users.scope, Some("read:users"));
    assert_eq!(users.pages, Some(PageStyle::Token));
    assert_eq!(users.list.as_ref().map(|list| list.name), Some("users"));
    assert_eq!(catalogue().group(users).name, "users");
    let page_size = &users.parameters[0];
    assert_eq!(
        (page_size.place, page_size.field.name),
        (Place::Query, "page_size")
    );
    assert_eq!(page_size.field.kind.shape(), Shape::Integer);
    assert!(page_size.field.kind.is_nullable() && !page_size.field.required);

    let create = operation("create_user").unwrap();
    let body = create.body.as_ref().unwrap();
    assert_eq!(body.kind.shape(), Shape::Model("CreateUserRequest"));
    assert!(!body.required && body.form == BodyForm::Json);

    let mfa = operation("replace_mfa").unwrap();
    let group = catalogue().group(mfa);
    assert_eq!((group.name, group.alias), ("mfa", Some("mfaapi")));

    let roles = operation("get_user_roles").unwrap().list.as_ref().unwrap();
    assert!(roles.in_data && roles.keys == ["key"] && roles.beside == ["org_code"]);
}

#[test]
fn each_style_of_pages_is_known() {
    for (name, style) in [
        ("get_organization_users", Some(PageStyle::Token)),
        ("get_properties", Some(PageStyle::Id)),
        ("search_users", Some(PageStyle::UntilEmpty)),
        ("get_user_permissions", Some(PageStyle::Metadata)),
        ("get_apis", None),
        ("get_environment_variables", None),
        ("get_user_sessions", None),
    ] {
        assert_eq!(operation(name).unwrap().pages, style, "{name}");
    }
    for operation in &catalogue().operations {
        assert!(
            operation.pages.is_none() || operation.list.is_some(),
            "{}",
            operation.name
        );
    }
}

#[test]
fn what_may_be_repeated_is_known() {
    for (name, repeat) in [
        ("get_users", Repeat::Idempotent),
        ("delete_user", Repeat::Idempotent),
        ("replace_mfa", Repeat::Idempotent),
        ("refresh_user_claims", Repeat::Idempotent),
        ("create_user", Repeat::Unsent),
        ("update_user", Repeat::Unsent),
    ] {
        assert_eq!(operation(name).unwrap().repeat(), repeat, "{name}");
    }
}

/// Every type that a type names, with all that it is made of.
fn check(kind: Kind) {
    match kind.shape() {
        Shape::List(inner) | Shape::Map(inner) => check(inner),
        Shape::Model(name) => assert!(catalogue().model(name).is_some(), "{name}"),
        // Nothing that the text misspells is taken for something that accepts all.
        Shape::Any => assert_eq!(kind.0, "any"),
        _ => {}
    }
}

#[test]
fn every_type_is_known() {
    for operation in &catalogue().operations {
        operation
            .parameters
            .iter()
            .for_each(|it| check(it.field.kind));
        operation.body.iter().for_each(|body| check(body.kind));
        let placeholders = operation.path.matches('{').count();
        let values = operation
            .parameters
            .iter()
            .filter(|it| it.place == Place::Path);
        assert_eq!(placeholders, values.count(), "{}", operation.name);
    }
    for model in &catalogue().models {
        match &model.content {
            Content::Fields(fields) => fields.iter().for_each(|field| check(field.kind)),
            Content::Union(kinds) => kinds.iter().copied().for_each(check),
        }
    }
}

#[test]
fn types_are_read() {
    let choices = |text| Kind(text).choices().map(Vec::from_iter);
    assert_eq!(
        Kind("[string(a|b)]?").shape(),
        Shape::List(Kind("string(a|b)"))
    );
    assert_eq!(Kind("{[string]}").shape(), Shape::Map(Kind("[string]")));
    assert_eq!(
        choices("string(Email address|b)?"),
        Some(vec!["Email address", "b"])
    );
    assert_eq!(choices("[string(a|b)]"), None);
    assert_eq!(choices("string?"), None);
    assert_eq!(Kind("string(a|b)?").shape(), Shape::String);
    assert_eq!(
        Kind("CreateUserRequest?").shape(),
        Shape::Model("CreateUserRequest")
    );
}

#[test]
fn a_line_without_meaning_is_refused() {
    for text in [
        "group users\nop get_users FETCH /api/v1/users",
        "op get_users GET /api/v1/users",
        "group users\nop get_users GET /api/v1/users\n  pages somehow",
        "group users\n  scope read:users",
        "model A\n  a string\nunion B A\n  b string",
        "nonsense",
    ] {
        let error = text::parse(text).unwrap_err();
        assert_eq!(error.status(), Status::Internal, "{text}");
    }
}
