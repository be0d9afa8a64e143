use serde_json::json;

use super::*;
use crate::config::Config;

fn settings() -> Settings {
    let mut config = Config::new();
    let json = r#"{"domain": "https://account.example.com", "client_id": "client",
        "management_domain": "example.kinde.com", "redirect_uri": "https://app.example/"}"#;
    config.load_json(json).unwrap();
    Settings::new(&config).unwrap()
}

fn strict(name: &str, params: Value) -> Result<ApiRequest> {
    ApiRequest::from_json(name, &params.to_string(), ApiValidation::Strict)
}

fn lenient(name: &str, params: Value) -> Result<ApiRequest> {
    ApiRequest::from_json(name, &params.to_string(), ApiValidation::Lenient)
}

fn url(request: Result<ApiRequest>) -> String {
    request.unwrap().url(&settings()).unwrap().into()
}

fn body(request: Result<ApiRequest>) -> Value {
    match request.unwrap().body {
        Body::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The fields at fault, with what is said about them.
fn faults(request: Result<ApiRequest>) -> Vec<(String, String)> {
    let error = request.unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    let fields = error.fields().iter();
    fields
        .map(|it| (it.field.clone(), it.message.clone()))
        .collect()
}

fn fields_at_fault(request: Result<ApiRequest>) -> Vec<String> {
    faults(request)
        .into_iter()
        .map(|(field, _)| field)
        .collect()
}

#[test]
fn each_api_is_asked_at_its_host() {
    for (name, params, expected) in [
        (
            "get_user_roles",
            json!({"page_size": 2, "starting_after": "a&b c"}),
            "https://account.example.com/account_api/v1/roles?page_size=2&starting_after=a%26b%20c",
        ),
        (
            "get_user_profile_v2",
            json!({}),
            "https://account.example.com/oauth2/v2/user_profile",
        ),
        (
            "refresh_user_claims",
            json!({"user_id": "kp_1"}),
            "https://example.kinde.com/api/v1/users/kp_1/refresh_claims",
        ),
    ] {
        assert_eq!(url(strict(name, params)), expected);
    }
}

#[test]
fn a_value_never_leaves_its_segment() {
    let with = |value: &str| strict("refresh_user_claims", json!({"user_id": value}));
    assert_eq!(
        url(with("kp:1/../?x#y%2e")),
        "https://example.kinde.com/api/v1/users/kp:1%2F..%2F%3Fx%23y%252e/refresh_claims"
    );
    let left_out = ["\n", ".\t", ".\n.", "\r..", "kp_1\t", "kp_1\u{7f}"];
    for value in ["", ".", ".."].into_iter().chain(left_out) {
        assert_eq!(fields_at_fault(with(value)), ["user_id"], "{value:?}");
    }
    let missing = strict("refresh_user_claims", json!({"user_id": null}));
    assert_eq!(fields_at_fault(missing), ["user_id"]);
    let operation = operation("refresh_user_claims").unwrap();
    assert!(ApiRequest::of(operation, &[("user_id", "..")], &[]).is_err());
}

#[test]
fn a_body_is_given_flat_or_whole() {
    let user = json!({"profile": {"given_name": "Ada"}, "provided_id": "1"});
    for params in [
        user.clone(),
        json!({"body": user}),
        json!({"create_user_request": user}),
    ] {
        assert_eq!(body(strict("create_user", params)), user);
    }
    let both = json!({"body": {"provided_id": "1"}, "provided_id": "2"});
    assert_eq!(
        fields_at_fault(strict("create_user", both)),
        ["provided_id"]
    );
    assert!(matches!(
        strict("create_user", json!({})).unwrap().body,
        Body::Empty
    ));
    let with_query = strict("update_user", json!({"id": "kp_1", "given_name": "Ada"}));
    assert!(url(with_query.clone()).ends_with("/api/v1/user?id=kp_1"));
    assert_eq!(body(with_query), json!({"given_name": "Ada"}));
    let form = strict(
        "token_introspection",
        json!({"token": "a b", "token_type_hint": "access_token"}),
    );
    match form.unwrap().body {
        Body::Form(text) => assert_eq!(*text, "token=a+b&token_type_hint=access_token"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn short_forms_are_translated() {
    let users = url(strict("get_organization_users", json!({"code": "org_1"})));
    assert!(users.ends_with("/api/v1/organizations/org_1/users"));
    let organization = url(strict("get_organization", json!({"org_code": "org_1"})));
    assert!(organization.ends_with("/api/v1/organization?code=org_1"));
    let connections = url(strict(
        "get_organization_connections",
        json!({"code": "org_1"}),
    ));
    assert!(connections.ends_with("/organizations/org_1/connections"));

    let added = strict(
        "add_organization_users",
        json!({"code": "org_1", "users": ["kp_1", {"id": "kp_2", "roles": ["r"]}]}),
    );
    assert_eq!(
        body(added),
        json!({"users": [{"id": "kp_1"}, {"id": "kp_2", "roles": ["r"]}]})
    );
    // Where texts are wanted they stay texts.
    let urls = json!({"app_id": "a", "urls": ["https://a.example"]});
    assert_eq!(
        body(strict("add_logout_redirect_urls", urls)),
        json!({"urls": ["https://a.example"]})
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let wrong = json!({
        "page_sise": 10,
        "profile": {"given_name": 5, "family_nam": "L"},
        "identities": [{"type": "email"}, {"type": "mail", "details": {"email": ["a"]}}, 7],
    });
    let found = faults(strict("create_user", wrong));
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "profile.given_name",
            "profile.family_nam",
            "identities[1].type",
            "identities[1].details.email",
            "identities[2]",
            "page_sise",
        ]
    );
    assert!(found[1].1.contains("family_name"), "{found:?}");
    assert!(found[2].1.contains("email"), "{found:?}");
    assert_eq!(found[0].1, "expected a string, got a number");

    let role = faults(strict(
        "update_roles",
        json!({"name": "Admin", "kay": "admin"}),
    ));
    let fields: Vec<&str> = role.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["role_id", "key", "kay"]);
    assert!(role[2].1.contains("key"));
}

#[test]
fn wrong_types_are_refused() {
    for (name, params, field) in [
        ("get_users", json!({"page_size": "10"}), "page_size"),
        ("get_users", json!({"page_size": 1.5}), "page_size"),
        (
            "get_users",
            json!({"has_organization": "yes"}),
            "has_organization",
        ),
        ("get_users", json!({"email": 5}), "email"),
        ("get_organizations", json!({"sort": "name"}), "sort"),
        ("search_users", json!({"properties": "a"}), "properties"),
        (
            "create_web_hook",
            json!({"endpoint": "e", "name": "n", "event_types": "user.created"}),
            "event_types",
        ),
        (
            "create_web_hook",
            json!({"endpoint": "e", "name": "n", "event_types": [null]}),
            "event_types[0]",
        ),
        (
            "update_applications_property",
            json!({"application_id": "a", "property_key": "k", "value": 5}),
            "value",
        ),
        ("create_user", json!({"body": []}), "body"),
        ("create_user", json!({"extra": []}), "extra"),
        (
            "add_logo",
            json!({"type": "dark", "logo": "not base64!"}),
            "logo",
        ),
        ("add_logo", json!({"type": "blue", "logo": "AAAA"}), "type"),
    ] {
        assert_eq!(fields_at_fault(strict(name, params)), [field], "{name}");
    }
}

#[test]
fn one_of_several_shapes_fits() {
    let with = |options: Value| {
        strict(
            "create_connection",
            json!({"strategy": "oauth2:google", "options": options}),
        )
    };
    for options in [
        json!({"client_id": "a", "client_secret": "b"}),
        json!({"home_realm_domains": ["a.example"], "entra_id_domain": "a"}),
        json!({"saml_entity_id": "a", "protocol_binding": "HTTP-POST"}),
    ] {
        assert_eq!(body(with(options.clone()))["options"], options);
    }
    // Of two shapes.
    let mixed = with(json!({"entra_id_domain": "a", "saml_entity_id": "b"}));
    assert_eq!(fields_at_fault(mixed).len(), 1);
    assert_eq!(
        fields_at_fault(with(json!({"saml_entity_id": 5}))),
        ["options.saml_entity_id"]
    );
    assert_eq!(fields_at_fault(with(json!("saml"))), ["options"]);
    let value = |value: Value| {
        let params = json!({"application_id": "a", "property_key": "k", "value": value});
        strict("update_applications_property", params)
    };
    assert_eq!(body(value(json!(true))), json!({"value": true}));
    assert_eq!(body(value(json!("x"))), json!({"value": "x"}));
}

#[test]
fn what_is_lenient_lets_unknown_things_pass_and_nothing_else() {
    let unknown = json!({"id": "kp_1", "nickname": "ada", "given_name": "Ada"});
    let expected = json!({"nickname": "ada", "given_name": "Ada"});
    assert_eq!(body(lenient("update_user", unknown)), expected);
    let sorted = url(lenient(
        "get_organizations",
        json!({"sort": "newest", "since": 5}),
    ));
    assert!(sorted.ends_with("?sort=newest&since=5"), "{sorted}");
    for (name, params, field) in [
        ("get_users", json!({"page_size": "10"}), "page_size"),
        ("refresh_user_claims", json!({}), "user_id"),
    ] {
        assert_eq!(fields_at_fault(lenient(name, params)), [field]);
    }
}

#[test]
fn extra_goes_where_the_rest_goes() {
    let extra = json!({"id": "kp_1", "given_name": "Ada", "extra": {"nickname": "ada"}});
    let expected = json!({"given_name": "Ada", "nickname": "ada"});
    assert_eq!(body(strict("update_user", extra)), expected);
    let alone = json!({"extra": {"nickname": "ada"}});
    assert_eq!(
        body(strict("create_user", alone)),
        json!({"nickname": "ada"})
    );
    let query = url(strict(
        "get_users",
        json!({"extra": {"since": 5, "tags": ["a", "b"]}}),
    ));
    assert!(query.ends_with("/users?since=5&tags=a&tags=b"), "{query}");
}

#[test]
fn extra_holds_values_that_kinde_has_added() {
    let new = json!({"name": "Devices", "context": "device"});
    let refused = fields_at_fault(strict("create_category", new.clone()));
    assert_eq!(refused, ["context"], "it is one of a list");
    let extra = json!({"context": "device"});
    for params in [
        json!({"name": "Devices", "extra": extra}),
        json!({"body": {"name": "Devices"}, "extra": extra}),
    ] {
        assert_eq!(body(strict("create_category", params)), new);
    }
    let other = json!({"extra": extra});
    assert_eq!(fields_at_fault(strict("create_category", other)), ["name"]);
    // What is required in the query.
    let query = json!({"extra": {"id": "kp_1"}});
    assert!(url(strict("delete_user", query)).ends_with("/user?id=kp_1"));
    // Of two values nobody says which one counts.
    for (name, params, field) in [
        (
            "delete_user",
            json!({"id": "a", "extra": {"id": "b"}}),
            "extra.id",
        ),
        (
            "update_user",
            json!({"id": "a", "given_name": "b", "extra": {"given_name": "c"}}),
            "extra.given_name",
        ),
    ] {
        assert_eq!(fields_at_fault(strict(name, params)), [field]);
    }
    // Nothing else takes the place of a value in the path.
    let path = strict("refresh_user_claims", json!({"extra": {"user_id": "kp_1"}}));
    assert_eq!(fields_at_fault(path), ["user_id"]);
}

#[test]
fn lists_and_objects_stand_in_queries() {
    let params = json!({"query": "ada", "properties": {"kp_usr_city": ["London", "Paris"]}});
    let query = url(strict("search_users", params));
    let expected = "query=ada&properties%5Bkp_usr_city%5D=London&properties%5Bkp_usr_city%5D=Paris";
    assert!(query.ends_with(expected), "{query}");
}

#[test]
fn null_clears_what_can_be_cleared_and_is_absent_elsewhere() {
    let params = json!({"org_code": "o", "sender_name": null, "name": null, "expand": null});
    let request = strict("update_organization", params);
    assert_eq!(body(request), json!({"sender_name": null}));
}

#[test]
fn files_are_sent_in_parts() {
    let logo = json!({"data": "PHN2Zy8+", "filename": "logo.svg", "content_type": "image/svg+xml"});
    let request = strict("add_logo", json!({"type": "dark", "logo": logo})).unwrap();
    let Body::Multipart { boundary, parts } = request.body else {
        panic!("no parts");
    };
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.svg\"\r\n\
         Content-Type: image/svg+xml\r\n\r\n<svg/>\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&parts), expected);
    let header = json!({"data": "PHN2Zy8+", "filename": "a\"\r\nX: y"});
    let refused = strict("add_logo", json!({"type": "dark", "logo": header}));
    assert_eq!(fields_at_fault(refused), ["logo"]);
}

#[test]
fn any_path_below_the_apis_is_reached() {
    let new = json!({"method": "PUT", "path": "/api/v2/things/a%20b", "query": {"a": [1, true]}, "body": {"x": null}});
    let request = strict("request", new).unwrap();
    assert_eq!(
        (request.method, request.repeat),
        (Method::Put, Repeat::Idempotent)
    );
    assert_eq!(
        request.url(&settings()).unwrap().as_str(),
        "https://example.kinde.com/api/v2/things/a%20b?a=1&a=true"
    );
    assert_eq!(body(Ok(request)), json!({"x": null}));
    let account = url(strict("request", json!({"path": "/account_api/v1/new"})));
    assert_eq!(account, "https://account.example.com/account_api/v1/new");

    for path in [
        "",
        "/",
        "/oauth2/token",
        "/apis/v1",
        "api/v1/users",
        "//evil.example/api/",
        "https://evil.example/api/v1",
        "/api/../oauth2/token",
        "/api/%2e%2E/oauth2/token",
        "/api/.%2e/x",
        "/api//x",
        "/api/x?y",
        "/api/x#y",
        "/api/a\\..\\b",
        "/api/a b",
        "/api/a\n",
        "/api/",
    ] {
        let refused = strict("request", json!({"path": path}));
        let fields = fields_at_fault(refused);
        assert!(
            !fields.is_empty() && fields.iter().all(|it| it == "path"),
            "{path:?}"
        );
    }
    for (params, field) in [
        (json!({"path": "/api/x", "method": "TRACE"}), "method"),
        (json!({"path": "/api/x", "query": "a=b"}), "query"),
        (json!({"path": "/api/x", "headers": {}}), "headers"),
    ] {
        assert_eq!(fields_at_fault(strict("request", params)), [field]);
    }
}
