use super::*;
use crate::token::Claims;

fn claims(value: Value) -> Claims {
    Claims::from_verified_text(value.to_string()).unwrap()
}

fn flags() -> Claims {
    claims(json!({"feature_flags": {
        "theme": {"t": "s", "v": "dark"},
        "beta": {"t": "b", "v": true},
        "limit": {"t": "i", "v": 42},
        "layout": {"t": "o", "v": {"columns": 2}},
        "menu": {"t": "j", "v": [1, 2]},
        "odd": {"t": "z", "v": "?"},
        "untyped": {"v": false},
        "lying": {"t": "b", "v": "yes"},
        "mistyped": {"t": "s", "v": true},
        "valueless": {"t": "b"},
        "shapeless": 7,
    }}))
}

#[test]
fn any_claim_can_be_had_as_it_stands() {
    let text =
        r#"{"a" : { "b": [1 , 2.50] } ,"n":null,"d":1,"d":2,"q\u0075":"\u00e9\ud83d\ude00"}"#;
    let claims = Claims::from_verified_text(text.to_owned()).unwrap();
    assert_eq!(claims.text(), text);
    assert_eq!(claims.claim("a"), Some(r#"{ "b": [1 , 2.50] }"#));
    assert_eq!(claims.claim("n"), Some("null"));
    assert_eq!(claims.claim("d"), Some("2"));
    assert_eq!(claims.claim("missing"), None);
    assert_eq!(claims.claim("b"), None);
    assert_eq!(claims.string("qu").unwrap(), "é😀");
}

#[test]
fn each_of_very_many_names_is_found() {
    let names: Vec<String> = (0..5_000).map(|i| format!("p{i}")).collect();
    let claims = claims(json!({"permissions": names}));
    for name in &names {
        assert!(claims.has_permission(name), "{name}");
    }
    for i in 5_000..10_000 {
        assert!(!claims.has_permission(&format!("p{i}")), "p{i}");
    }
}

#[test]
fn of_two_flags_with_one_code_the_last_counts() {
    let text = r#"{"feature_flags":{"a":{"t":"b","v":true},"a":{"t":"i","v":7}}}"#;
    let claims = Claims::from_verified_text(text.to_owned()).unwrap();
    assert_eq!(claims.flag_integer("a", None).unwrap(), 7);
    assert_eq!(
        Value::from(claims.flags()),
        json!([{"key": "a", "type": "integer", "value": 7}])
    );
}

#[test]
fn typed_claims_say_what_is_wrong() {
    let claims = claims(json!({"s": "x", "i": 7, "f": 1.5, "b": false, "n": null}));
    assert_eq!(claims.string("s").unwrap(), "x");
    assert_eq!(claims.integer("i").unwrap(), 7);
    assert!(!claims.boolean("b").unwrap());
    assert_fails(claims.string("i"), Status::ClaimMissing, Some("i"));
    assert_fails(claims.integer("f"), Status::ClaimMissing, Some("f"));
    assert_fails(claims.integer("s"), Status::ClaimMissing, Some("s"));
    assert_fails(claims.boolean("n"), Status::ClaimMissing, Some("n"));
    let missing = assert_fails(claims.boolean("x"), Status::ClaimMissing, Some("x"));
    assert_eq!(missing.message(), "the token lacks the claim x");
}

#[test]
fn whole_numbers_may_be_written_in_any_way() {
    let text = r#"{"a":1.685462653e+09,"b":42.0,"c":-0,"d":9223372036854775807,"e":9223372036854775808,"f":1e300}"#;
    let claims = Claims::from_verified_text(text.to_owned()).unwrap();
    assert_eq!(claims.integer("a").unwrap(), 1_685_462_653);
    assert_eq!(claims.integer("b").unwrap(), 42);
    assert_eq!(claims.integer("c").unwrap(), 0);
    assert_eq!(claims.integer("d").unwrap(), i64::MAX);
    assert_fails(claims.integer("e"), Status::ClaimMissing, Some("e"));
    assert_fails(claims.integer("f"), Status::ClaimMissing, Some("f"));
}

#[test]
fn permissions() {
    let claims = claims(json!({"permissions": ["b", "a", "c:d", "a\"é", 7]}));
    assert_eq!(claims.permissions(), ["b", "a", "c:d", "a\"é"]);
    for granted in ["a", "b", "c:d", "a\"é"] {
        assert!(claims.has_permission(granted), "{granted}");
    }
    for refused in ["", "A", "a\"", "c", "c:d ", "d", "7"] {
        assert!(!claims.has_permission(refused), "{refused}");
    }
}

#[test]
fn permissions_of_another_shape_grant_nothing() {
    for shape in [
        json!(null),
        json!("a"),
        json!({"a": true}),
        json!(7),
        json!([["a"]]),
    ] {
        let claims = claims(json!({"permissions": shape}));
        assert!(!claims.has_permission("a"));
        assert!(claims.permissions().is_empty());
    }
    assert!(claims(json!({})).permissions().is_empty());
}

#[test]
fn roles_are_objects_or_texts() {
    let claims = claims(json!({"roles": [
        {"id": "role_1", "key": "admin", "name": "Admin", "more": 1}, "editor", {"id": "role_2"}, 7,
    ]}));
    assert_eq!(
        json!(claims.roles()),
        json!([
            {"id": "role_1", "name": "Admin", "key": "admin"},
            {"id": null, "name": "editor", "key": "editor"},
            {"id": "role_2", "name": null, "key": null},
        ])
    );
    assert!(claims.has_role("admin") && claims.has_role("editor"));
    assert!(!claims.has_role("Admin") && !claims.has_role("role_1") && !claims.has_role(""));
}

#[test]
fn organizations_and_user() {
    let claims = claims(json!({
        "org_code": "org_1", "org_codes": ["org_1", "org_2"], "sub": "kp_1", "given_name": "Ada",
        "family_name": null, "email": "ada@example.com",
    }));
    assert_eq!(claims.org_code().as_deref(), Some("org_1"));
    assert_eq!(claims.org_codes(), ["org_1", "org_2"]);
    let user = claims.user();
    assert_eq!(user.id.as_deref(), Some("kp_1"));
    assert_eq!(user.given_name.as_deref(), Some("Ada"));
    assert_eq!(user.family_name, None);
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(user.picture, None);
}

#[test]
fn hasura_names_stand_in_for_missing_ones() {
    let hasura = claims(json!({
        "x-hasura-permissions": ["p"], "x-hasura-org-code": "org_1",
        "x-hasura-org-codes": ["org_1"], "x-hasura-roles": [{"key": "admin"}],
        "x-hasura-feature-flags": {"beta": {"t": "b", "v": true}}, "permissions": null,
    }));
    assert!(hasura.has_permission("p"));
    assert_eq!(hasura.permissions(), ["p"]);
    assert_eq!(hasura.org_code().as_deref(), Some("org_1"));
    assert_eq!(hasura.org_codes(), ["org_1"]);
    assert!(hasura.has_role("admin"));
    assert_eq!(hasura.roles().len(), 1);
    assert!(hasura.flag_boolean("beta", None).unwrap());
    let both = claims(json!({"permissions": ["plain"], "x-hasura-permissions": ["hasura"]}));
    assert!(both.has_permission("plain") && !both.has_permission("hasura"));
}

#[test]
fn flags_have_their_types() {
    let flags = flags();
    assert!(flags.flag_boolean("beta", None).unwrap());
    assert_eq!(flags.flag_integer("limit", None).unwrap(), 42);
    assert_eq!(flags.flag_string("theme", None).unwrap(), "dark");
    assert!(!flags.flag_boolean("untyped", None).unwrap());
}

#[test]
fn a_default_answers_only_for_a_missing_flag() {
    let flags = flags();
    assert!(flags.flag_boolean("none", Some(true)).unwrap());
    assert_eq!(flags.flag_integer("none", Some(-1)).unwrap(), -1);
    assert_eq!(flags.flag_string("none", Some("x")).unwrap(), "x");
    assert_fails(flags.flag_boolean("none", None), Status::FlagNotFound, None);
    assert_fails(flags.flag_integer("none", None), Status::FlagNotFound, None);
    assert_fails(flags.flag_string("none", None), Status::FlagNotFound, None);
    assert_fails(
        flags.flag_boolean("valueless", None),
        Status::FlagNotFound,
        None,
    );
    assert_fails(
        flags.flag_boolean("shapeless", None),
        Status::FlagNotFound,
        None,
    );
    for result in [
        flags.flag_boolean("theme", Some(true)).map(drop),
        flags.flag_boolean("lying", Some(true)).map(drop),
        flags.flag_boolean("mistyped", Some(true)).map(drop),
        flags.flag_integer("beta", Some(1)).map(drop),
        flags.flag_string("limit", Some("x")).map(drop),
    ] {
        assert_fails(result, Status::FlagType, None);
    }
}

#[test]
fn a_flag_is_described() {
    let flags = flags();
    let ask = |code, default: Option<Value>, expected| {
        flags.flag_question(code, default.as_ref(), expected)
    };
    assert_eq!(
        ask("theme", None, None).unwrap(),
        json!({"code": "theme", "type": "string", "value": "dark", "is_default": false})
    );
    for (code, word) in [
        ("beta", "boolean"),
        ("limit", "integer"),
        ("layout", "object"),
        ("menu", "object"),
        ("odd", "z"),
    ] {
        assert_eq!(ask(code, None, None).unwrap()["type"], word);
    }
    assert_eq!(
        ask("beta", Some(json!(false)), Some("boolean")).unwrap()["value"],
        true
    );
    assert_eq!(ask("beta", None, Some("b")).unwrap()["value"], true);
    assert_fails(ask("beta", None, Some("s")), Status::FlagType, None);
    assert_eq!(
        ask("none", Some(json!(7)), Some("integer")).unwrap(),
        json!({"code": "none", "type": "integer", "value": 7, "is_default": true})
    );
    assert_eq!(
        ask("none", Some(json!(null)), None).unwrap(),
        json!({"code": "none", "type": null, "value": null, "is_default": true})
    );
    assert_fails(
        ask("none", Some(json!(7)), Some("string")),
        Status::FlagType,
        None,
    );
    assert_fails(
        ask("none", None, Some("string")),
        Status::FlagNotFound,
        None,
    );
    let unknown = assert_fails(
        ask("beta", None, Some("float")),
        Status::InvalidArgument,
        None,
    );
    assert_eq!(unknown.field(), Some("type"));
}

#[test]
fn flags_are_listed() {
    assert_eq!(
        json!(flags().flags()),
        json!([
            {"key": "beta", "type": "boolean", "value": true},
            {"key": "layout", "type": "object", "value": {"columns": 2}},
            {"key": "limit", "type": "integer", "value": 42},
            {"key": "lying", "type": "boolean", "value": "yes"},
            {"key": "menu", "type": "object", "value": [1, 2]},
            {"key": "mistyped", "type": "string", "value": true},
            {"key": "odd", "type": "z", "value": "?"},
            {"key": "theme", "type": "string", "value": "dark"},
            {"key": "untyped", "type": "boolean", "value": false},
        ])
    );
    assert!(claims(json!({"feature_flags": []})).flags().is_empty());
}

#[test]
fn kept_text_must_be_an_object() {
    for text in ["", "[]", "{", "null"] {
        let read = Claims::from_verified_text(text.to_owned());
        assert_fails(read, Status::TokenMalformed, None);
    }
    let large = json!({"x": "x".repeat(70_000)}).to_string();
    let read = Claims::from_verified_text(large);
    assert_fails(read, Status::TokenMalformed, None);
}
