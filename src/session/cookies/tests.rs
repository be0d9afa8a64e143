use std::collections::BTreeSet;
use std::time::Duration;

use cookie::{Cookie, time};
use serde_json::{Value, json};

use super::*;
use crate::error::{Result, Status};
use crate::secret::Secret;

/// A text of base64url characters in which no stretch repeats another.
fn text(length: usize, seed: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&generation(&format!("{seed} {}", text.len())));
    }
    text.truncate(length);
    text
}

fn split(params: Value) -> Result<SplitCookies> {
    CookieSplit::from_json(&params.to_string())?.split(None)
}

fn cookies(params: Value) -> Vec<SetCookie> {
    split(params).unwrap().cookies
}

fn join(params: Value) -> Result<JoinedCookies> {
    CookieJoin::from_json(&params.to_string())?.join()
}

fn joined(cookies: impl Into<Value>) -> Option<String> {
    let joined = join(json!({ "cookies": cookies.into() })).unwrap();
    joined.value.map(|value| value.expose().to_owned())
}

fn status<T>(result: Result<T>) -> Status {
    result.err().map_or(Status::Ok, |error| error.status())
}

/// What a browser sends back after these answers.
fn header<'a>(cookies: impl IntoIterator<Item = &'a SetCookie>) -> String {
    let pair = |cookie: &SetCookie| format!("{}={}", cookie.name, cookie.value.expose());
    let pairs: Vec<String> = cookies.into_iter().map(pair).collect();
    pairs.join("; ")
}

fn names(cookies: &[SetCookie], delete: bool) -> Vec<&str> {
    let found = cookies.iter().filter(|cookie| cookie.delete == delete);
    found.map(|cookie| cookie.name.as_str()).collect()
}

/// How many bytes a browser keeps for a text with the default attributes.
fn limit() -> usize {
    let error = split(json!({ "value": text(40_000, 0) })).unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    assert_eq!(error.field(), Some("value"));
    assert!(error.message().contains("in a store"), "{error}");
    let numbers = error
        .message()
        .split(' ')
        .filter_map(|word| word.parse().ok());
    numbers.max().unwrap()
}

#[test]
fn a_text_of_any_length_comes_back_from_parts_that_browsers_keep() {
    let limit = limit();
    assert!((15_900..16_384).contains(&limit), "{limit}");
    // With this name the number of the first part is as long as those of the others' names.
    let room = limit / MAX_PARTS;
    let near_a_boundary = (1..MAX_PARTS).flat_map(|n| n * room - 1..=n * room + 1);
    let lengths = [1, 11, 12, 13, 100, limit - 1, limit];
    let mut counts = BTreeSet::new();
    for length in lengths.into_iter().chain(near_a_boundary) {
        let value = text(length, 1);
        let cookies = cookies(json!({ "value": value }));
        counts.insert(cookies.len());
        for (number, cookie) in cookies.iter().enumerate() {
            assert_eq!(cookie.name, part_name("kinde_session", number));
            assert!(!cookie.delete);
            let bytes = cookie.set_cookie.expose().len();
            let last = number + 1 == cookies.len();
            assert!(bytes == MAX_COOKIE_BYTES || (last && bytes < MAX_COOKIE_BYTES));
        }
        assert_eq!(joined(header(&cookies)), Some(value.clone()));
        let object = cookies
            .iter()
            .map(|cookie| (cookie.name.clone(), json!(cookie.value.expose())));
        assert_eq!(joined(Value::Object(object.collect())), Some(value));
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
    for length in [limit + 1, limit + 5000] {
        let refused = split(json!({ "value": text(length, 1) })).unwrap_err();
        assert_eq!(refused.field(), Some("value"));
    }
}

#[test]
fn each_header_says_what_the_fields_say() {
    let long_path = format!("/{}", "p".repeat(1023));
    let long_domain = format!("{}example", "d.".repeat(123));
    let long_name = "n".repeat(MAX_NAME_BYTES);
    for params in [
        json!({}),
        json!({ "path": "/app", "domain": ".example.com", "max_age_seconds": 3600 }),
        json!({ "same_site": "strict", "secure": false }),
        json!({ "same_site": "None", "max_age_seconds": i64::MAX }),
        json!({ "name": "__Host-session" }),
        json!({ "name": "__Secure-session", "domain": "example.com", "path": "/a" }),
        json!({ "name": long_name, "path": long_path, "domain": long_domain }),
    ] {
        let name = params["name"].as_str().unwrap_or("kinde_session");
        let mut params = params.clone();
        params["value"] = text(9000, 2).into();
        params["present"] = json!([format!("{name}.17")]);
        let cookies = cookies(params);
        assert!(cookies.len() >= 4, "{name}");
        for cookie in &cookies {
            let text = cookie.set_cookie.expose();
            assert!(text.len() <= MAX_COOKIE_BYTES);
            let parsed = Cookie::parse(text).unwrap();
            let attributes = &cookie.attributes;
            assert_eq!(
                parsed.name_value(),
                (&*cookie.name, cookie.value.expose()),
                "{text}"
            );
            assert_eq!(parsed.path(), Some(&*attributes.path));
            assert_eq!(parsed.domain(), attributes.domain.as_deref());
            assert_eq!(parsed.http_only(), Some(true));
            assert_eq!(parsed.secure(), attributes.secure.then_some(true));
            let same_site = parsed.same_site().unwrap().to_string();
            assert_eq!(same_site, attributes.same_site.name());
            let max_age = parsed.max_age().map(time::Duration::whole_seconds);
            assert_eq!(max_age, attributes.max_age);
            let expires = parsed
                .expires_datetime()
                .map(time::OffsetDateTime::unix_timestamp);
            assert_eq!(expires, attributes.expires);
            assert_eq!(cookie.delete, max_age == Some(0));
        }
        assert_eq!(names(&cookies, true), [format!("{name}.17")]);
    }
}

#[test]
fn the_json_has_every_field() {
    let params = json!({ "value": "abc", "present": "kinde_session.1=x", "domain": "example.com" });
    let made: Value = serde_json::from_str(&split(params).unwrap().to_json()).unwrap();
    let value = "1.ungWv48Bz-pB.abc";
    let expected = json!({ "cookies": [
        {
            "name": "kinde_session",
            "value": value,
            "attributes": {
                "path": "/", "domain": "example.com", "max_age": null, "expires": null,
                "http_only": true, "secure": true, "same_site": "Lax",
            },
            "delete": false,
            "set_cookie": format!(
                "kinde_session={value}; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com"
            ),
        },
        {
            "name": "kinde_session.1",
            "value": "",
            "attributes": {
                "path": "/", "domain": "example.com", "max_age": 0, "expires": 0,
                "http_only": true, "secure": true, "same_site": "Lax",
            },
            "delete": true,
            "set_cookie": "kinde_session.1=; HttpOnly; SameSite=Lax; Secure; Path=/; \
                Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        },
    ]});
    assert_eq!(made, expected);
    let joined = join(json!({ "cookies": format!("kinde_session={value}; kinde_session.1=x") }));
    let joined: Value = serde_json::from_str(&joined.unwrap().to_json()).unwrap();
    let expected = json!({ "value": "abc", "parts": ["kinde_session", "kinde_session.1"] });
    assert_eq!(joined, expected);
}

#[test]
fn the_default_for_max_age_is_the_callers() {
    let seconds = |params: Value, default: Option<u64>| {
        let split = CookieSplit::from_json(&params.to_string()).unwrap();
        let made = split.split(default.map(Duration::from_secs)).unwrap();
        made.cookies[0].attributes.max_age
    };
    assert_eq!(seconds(json!({ "value": "v" }), None), None);
    assert_eq!(seconds(json!({ "value": "v" }), Some(60)), Some(60));
    let given = json!({ "value": "v", "max_age_seconds": 5 });
    assert_eq!(seconds(given, Some(60)), Some(5));
}

#[test]
fn parts_that_are_no_longer_used_are_deleted_and_nothing_else() {
    let others = [
        "kinde_session.x",
        "kinde_session.01",
        "kinde_session.0",
        "kinde_session.",
        "kinde_session.1.1",
        "kinde_session.100",
        "kinde_session.+1",
        "kinde_sessionr",
        "Kinde_session.1",
        "xkinde_session.1",
        "other",
    ];
    let ours = [
        "kinde_session.12",
        "kinde_session",
        "kinde_session.2",
        "kinde_session.1",
    ];
    let all: Vec<&str> = others.into_iter().chain(ours).chain(ours).collect();
    let header: String = all.iter().map(|name| format!("{name}=v; ")).collect();
    let object: serde_json::Map<String, Value> = all
        .iter()
        .map(|name| ((*name).to_owned(), json!("v")))
        .collect();
    for present in [json!(header), json!(all), json!(object)] {
        for (length, kept, deleted) in [
            (
                Some(10),
                vec!["kinde_session"],
                vec!["kinde_session.1", "kinde_session.2", "kinde_session.12"],
            ),
            (
                Some(9000),
                vec!["kinde_session", "kinde_session.1", "kinde_session.2"],
                vec!["kinde_session.12"],
            ),
            (
                None,
                vec![],
                vec![
                    "kinde_session",
                    "kinde_session.1",
                    "kinde_session.2",
                    "kinde_session.12",
                ],
            ),
        ] {
            let value = length.map(|length| text(length, 3));
            let cookies = cookies(json!({ "value": value, "present": present }));
            assert_eq!(names(&cookies, false), kept);
            assert_eq!(names(&cookies, true), deleted);
            assert!(!cookies[..kept.len()].iter().any(|cookie| cookie.delete));
        }
    }
}

#[test]
fn a_sign_out_deletes_what_may_be_there() {
    let all = [
        "kinde_session",
        "kinde_session.1",
        "kinde_session.2",
        "kinde_session.3",
    ];
    assert_eq!(names(&cookies(json!({})), true), all);
    assert_eq!(names(&cookies(json!({ "value": null })), true), all);
    for nothing in [json!(""), json!([]), json!({}), json!("other=1")] {
        assert!(cookies(json!({ "present": nothing })).is_empty());
    }
}

#[test]
fn what_a_browser_would_refuse_is_refused() {
    for (field, params) in [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "a b" })),
        ("name", json!({ "name": "a=b" })),
        ("name", json!({ "name": "a;b" })),
        ("name", json!({ "name": "é" })),
        ("name", json!({ "name": "session.1" })),
        ("name", json!({ "name": "n".repeat(257) })),
        ("name", json!({ "name": 1 })),
        ("value", json!({ "value": "" })),
        ("value", json!({ "value": "a b" })),
        ("value", json!({ "value": "a;Path=/x" })),
        ("value", json!({ "value": "a,b" })),
        ("value", json!({ "value": "\"a\"" })),
        ("value", json!({ "value": "a\\b" })),
        ("value", json!({ "value": "a\r\nSet-Cookie: x=y" })),
        ("value", json!({ "value": "é" })),
        ("value", json!({ "value": {} })),
        ("present", json!({ "present": 1 })),
        ("present", json!({ "present": ["a", 1] })),
        ("path", json!({ "path": "" })),
        ("path", json!({ "path": "app" })),
        ("path", json!({ "path": "/a;Domain=x" })),
        ("path", json!({ "path": "/a\r\nX: y" })),
        ("path", json!({ "path": format!("/{}", "p".repeat(1024)) })),
        ("domain", json!({ "domain": "" })),
        ("domain", json!({ "domain": "..example.com" })),
        ("domain", json!({ "domain": "example.com; Secure" })),
        ("domain", json!({ "domain": "exämple.com" })),
        (
            "domain",
            json!({ "domain": format!("{}x", "d.".repeat(127)) }),
        ),
        ("same_site", json!({ "same_site": "Some" })),
        ("same_site", json!({ "same_site": false })),
        ("secure", json!({ "secure": "yes" })),
        ("secure", json!({ "same_site": "None", "secure": false })),
        ("max_age_seconds", json!({ "max_age_seconds": 0 })),
        ("max_age_seconds", json!({ "max_age_seconds": -1 })),
        ("max_age_seconds", json!({ "max_age_seconds": 1.5 })),
        ("secure", json!({ "name": "__Host-s", "secure": false })),
        ("path", json!({ "name": "__Host-s", "path": "/a" })),
        (
            "domain",
            json!({ "name": "__host-s", "domain": "example.com" }),
        ),
        ("secure", json!({ "name": "__secure-s", "secure": false })),
        ("http_only", json!({ "http_only": false })),
    ] {
        for value in [None, Some("v")] {
            let mut params = params.clone();
            if let (Some(value), false) = (value, field == "value") {
                params["value"] = value.into();
            }
            let error = split(params.clone()).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{params}");
            assert_eq!(error.field(), Some(field), "{params}");
        }
    }
    let error = split(json!({ "name": "a b", "value": "a secret", "path": "x" })).unwrap_err();
    let fields: Vec<&str> = error.fields().iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["name", "value", "path"]);
    assert!(!error.to_json().contains("a secret"));
    for (field, params) in [
        ("name", json!({ "name": "session.1" })),
        ("name", json!({ "name": ["a"] })),
        ("cookies", json!({ "cookies": ["kinde_session"] })),
        ("cookies", json!({ "cookies": { "other": 1 } })),
        ("value", json!({ "value": "v" })),
    ] {
        let error = join(params.clone()).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{params}");
        assert_eq!(error.field(), Some(field), "{params}");
    }
}

#[test]
fn a_visitor_without_a_session_is_no_error() {
    for params in [
        json!({}),
        json!({ "cookies": null }),
        json!({ "cookies": "" }),
        json!({ "cookies": {} }),
        json!({ "cookies": "other=1; kinde_session.x=2;;; =3; kinde_sessions=4; noise" }),
    ] {
        let joined = join(params).unwrap();
        assert!(joined.value.is_none() && joined.parts.is_empty());
    }
}

#[test]
fn cookies_in_any_order_and_company_are_joined() {
    let value = text(9000, 4);
    let mut cookies = cookies(json!({ "value": value }));
    cookies.reverse();
    let sent = header(&cookies);
    let stale = "kinde_session.3=0123456789ab.left; kinde_session.77=";
    let quoted: Vec<String> = cookies
        .iter()
        .map(|cookie| format!("{}=\"{}\"", cookie.name, cookie.value.expose()))
        .collect();
    for header in [
        format!("a=1; {sent}; b=\"2\"; noise"),
        format!("a=1;{};", sent.replace("; ", ";")),
        format!("{sent}; {stale}"),
        quoted.join("; "),
    ] {
        assert_eq!(joined(header), Some(value.clone()));
    }
}

#[test]
fn what_is_not_one_whole_generation_is_refused() {
    let value = text(9000, 5);
    let made = cookies(json!({ "value": value }));
    let other = cookies(json!({ "value": text(9000, 6) }));
    // The same chunks but for the first, so that the generation alone tells them apart.
    let tail = &value[2000..];
    let related = cookies(json!({ "value": text(2000, 7) + tail }));
    let parts: Vec<(&str, &str)> = made
        .iter()
        .map(|cookie| (cookie.name.as_str(), cookie.value.expose()))
        .collect();
    let (first, second, third) = (parts[0].1, parts[1].1, parts[2].1);
    let names = ["kinde_session", "kinde_session.1", "kinde_session.2"];
    let of = |values: [&str; 3]| {
        let pairs = names
            .iter()
            .zip(values)
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    };
    let whole = of([first, second, third]);
    assert_eq!(joined(whole.clone()), Some(value));

    let of_other = other[1].value.expose();
    let of_related = related[1].value.expose();
    assert_eq!(of_related[13..], second[13..]);
    let altered = second.replacen(second.chars().last().unwrap(), "A", 1);
    let long = format!("{third}{}", "x".repeat(MAX_COOKIE_BYTES));
    let longer = text(MAX_COOKIE_BYTES + 1, 9);
    let quoted_once = format!("\"{second}");
    let (count, rest) = first.split_at(1);
    assert_eq!(count, "3");
    let counted = |count: &str| of([&format!("{count}{rest}"), second, third]);
    for cookies in [
        // Mixtures.
        of([first, of_other, third]),
        of([first, second, other[2].value.expose()]),
        of([first, of_related, third]),
        of([related[0].value.expose(), second, third]),
        of([first, third, second]),
        of([first, second, second]),
        of([second, first, third]),
        // Missing parts.
        header(&made[1..]),
        header(&made[..2]),
        header([&made[0], &made[2]]),
        header(&made[1..2]),
        header(&made[2..]),
        // Other counts.
        counted("1"),
        counted("2"),
        counted("4"),
        counted("0"),
        counted("03"),
        counted("+3"),
        counted(""),
        counted("18446744073709551617"),
        // Altered, cut, too long, not ours.
        of([first, &altered, third]),
        of([first, &second[..second.len() - 1], third]),
        of([&first[..first.len() - 1], second, third]),
        of([first, second, &third[..third.len() - 1]]),
        of([first, second, &third[..12]]),
        of([first, second, ""]),
        of(["", second, third]),
        of([first, second, &long]),
        of([first, &quoted_once, third]),
        "kinde_session=".to_owned(),
        "kinde_session=\"".to_owned(),
        "kinde_session=v".to_owned(),
        "kinde_session=1.v".to_owned(),
        "kinde_session=1..".to_owned(),
        format!("kinde_session=1.{}.", generation("")),
        format!("kinde_session=1.{}.é", generation("é")),
        format!("kinde_session=1.{}.{longer}", generation(&longer)),
        format!("kinde_session=1.{}.a b", generation("a b")),
        // The same name twice.
        format!("{whole}; {whole}"),
        format!("{whole}; kinde_session={first}"),
        format!("kinde_session.1={of_other}; {whole}"),
    ] {
        let error = join(json!({ "cookies": cookies })).unwrap_err();
        assert_eq!(error.status(), Status::SessionInvalid, "{cookies}");
        assert_eq!(
            error.message(),
            "the session in the cookies cannot be used; delete them and sign in again"
        );
        assert_eq!(error.field(), None);
    }
}

#[test]
fn a_huge_header_takes_no_more_than_one_reading() {
    let noise = [
        "kinde_session=v; ",
        "kinde_session.1=v; ",
        "a=",
        ";",
        "=",
        "\"",
        " ",
        "é=é;",
    ];
    for noise in noise {
        let header = noise.repeat((1 << 18) / noise.len());
        let outcome = status(join(json!({ "cookies": header })));
        let ours = noise.starts_with("kinde");
        assert_eq!(outcome == Status::SessionInvalid, ours, "{noise}");
        let cookies = cookies(json!({ "present": header }));
        assert_eq!(cookies.len(), usize::from(ours));
    }
    let header: String = (0..100_000)
        .map(|number| format!("kinde_session.{number}=v; "))
        .collect();
    assert_eq!(cookies(json!({ "present": header })).len(), 99);
}

#[test]
fn neither_debug_texts_nor_errors_show_the_session() {
    let value = text(5000, 8);
    let split = CookieSplit::from_json(&json!({ "value": value }).to_string()).unwrap();
    let made = split.split(None).unwrap();
    let mut join = CookieJoin::default();
    join.add_header(&header(&made.cookies));
    let joined = join.join().unwrap();
    join.add("kinde_session", Secret::from(value.as_str()));
    let error = join.join().unwrap_err();
    let long = CookieSplit {
        value: Some(Secret::new(value.repeat(4))),
        ..split.clone()
    };
    let too_long = long.split(None).unwrap_err();
    for shown in [
        format!("{split:?}"),
        format!("{made:?}"),
        format!("{join:?}"),
        format!("{joined:?}"),
        error.to_json(),
        too_long.to_json(),
    ] {
        assert!(!shown.contains(&value[100..110]), "{shown}");
    }
}
