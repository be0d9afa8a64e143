//! Where the answers stand in a payload, so that a question is a look-up.

use std::borrow::Cow;

use super::json_text;
use super::payload::Span;

/// Claims that Kinde names differently in tokens for Hasura.
const HASURA_NAMES: [(&str, &str); 9] = [
    ("permissions", "x-hasura-permissions"),
    ("roles", "x-hasura-roles"),
    ("feature_flags", "x-hasura-feature-flags"),
    ("org_code", "x-hasura-org-code"),
    ("org_codes", "x-hasura-org-codes"),
    ("org_name", "x-hasura-org-name"),
    ("organizations", "x-hasura-organizations"),
    (
        "organization_properties",
        "x-hasura-organization_properties",
    ),
    ("user_properties", "x-hasura-user_properties"),
];

/// The parts of a payload that questions are about, each list sorted by name. Parts that are not
/// shaped as they should be are left out: a customised token may hold anything.
#[derive(Debug)]
pub(super) struct Index {
    claims: Box<[Member]>,
    permissions: Box<[Span]>,
    role_keys: Box<[Span]>,
    flags: Box<[Flag]>,
}

/// A name and its value, both as they stand in the payload.
#[derive(Clone, Copy, Debug)]
struct Member {
    name: Span,
    value: Span,
}

#[derive(Clone, Copy, Debug)]
struct Flag {
    code: Span,
    /// Empty if the flag does not say.
    kind: Span,
    value: Span,
}

/// A flag as it stands in the payload: raw type (perhaps empty) and raw value.
pub(super) struct RawFlag<'a> {
    pub(super) code: Cow<'a, str>,
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
}

impl Index {
    pub(super) fn of(payload: &str) -> Index {
        let mut index = Index {
            claims: sorted(payload, members(payload, payload), |member| member.name),
            permissions: Box::default(),
            role_keys: Box::default(),
            flags: Box::default(),
        };
        let value = |name| index.known_claim(payload, name);
        let permissions = value("permissions").map(|raw| strings(payload, raw));
        let role_keys = value("roles").map(|raw| role_keys(payload, raw));
        let flags = value("feature_flags").map(|raw| flags(payload, raw));
        index.permissions = sorted(payload, permissions.unwrap_or_default(), |span| *span);
        index.role_keys = sorted(payload, role_keys.unwrap_or_default(), |span| *span);
        index.flags = sorted(payload, flags.unwrap_or_default(), |flag| flag.code);
        index
    }

    /// The raw value of the claim with exactly this name. If it occurs twice, the last one, which
    /// is what JSON parsers make of it.
    pub(super) fn claim<'a>(&self, payload: &'a str, name: &str) -> Option<&'a str> {
        let found = find(payload, &self.claims, name, |member| member.name)?;
        Some(found.value.slice(payload))
    }

    /// The raw value of a claim of Kinde's, under its own name or the one for Hasura; `null`
    /// counts as missing.
    pub(super) fn known_claim<'a>(&self, payload: &'a str, name: &str) -> Option<&'a str> {
        let present = |name| self.claim(payload, name).filter(|raw| *raw != "null");
        present(name).or_else(|| {
            let (_, hasura) = HASURA_NAMES.iter().find(|(plain, _)| *plain == name)?;
            present(hasura)
        })
    }

    pub(super) fn has_permission(&self, payload: &str, permission: &str) -> bool {
        find(payload, &self.permissions, permission, |span| *span).is_some()
    }

    pub(super) fn has_role(&self, payload: &str, key: &str) -> bool {
        find(payload, &self.role_keys, key, |span| *span).is_some()
    }

    pub(super) fn flag<'a>(&self, payload: &'a str, code: &str) -> Option<RawFlag<'a>> {
        find(payload, &self.flags, code, |flag| flag.code).map(|flag| flag.raw(payload))
    }

    /// All flags, sorted by code.
    pub(super) fn flags<'a>(&'a self, payload: &'a str) -> impl Iterator<Item = RawFlag<'a>> {
        self.flags.iter().map(|flag| flag.raw(payload))
    }
}

impl Flag {
    fn raw<'a>(&self, payload: &'a str) -> RawFlag<'a> {
        RawFlag {
            code: text(payload, self.code),
            kind: self.kind.slice(payload),
            value: self.value.slice(payload),
        }
    }
}

/// What a raw string says; empty if its escapes mean nothing.
fn text(payload: &str, raw: Span) -> Cow<'_, str> {
    json_text::string(raw.slice(payload)).unwrap_or_default()
}

fn sorted<T>(payload: &str, mut items: Vec<T>, name: impl Fn(&T) -> Span) -> Box<[T]> {
    // Stable: of two with one name the last stays the last.
    items.sort_by(|a, b| text(payload, name(a)).cmp(&text(payload, name(b))));
    items.into_boxed_slice()
}

/// The last item with this name.
fn find<'i, T>(
    payload: &str,
    items: &'i [T],
    wanted: &str,
    name: impl Fn(&T) -> Span,
) -> Option<&'i T> {
    let end = items.partition_point(|item| *text(payload, name(item)) <= *wanted);
    let last = items.get(end.checked_sub(1)?)?;
    (text(payload, name(last)) == wanted).then_some(last)
}

fn members(payload: &str, object: &str) -> Vec<Member> {
    let mut members = Vec::new();
    // Anything else than an object has no members.
    let _ = json_text::walk_object(object, |name, value| {
        members.push(Member {
            name: Span::of(payload, name),
            value: Span::of(payload, value),
        });
        Ok(())
    });
    members
}

fn strings(payload: &str, list: &str) -> Vec<Span> {
    let mut strings = Vec::new();
    // Anything else than a list has no items.
    let _ = json_text::walk_array(list, |item| {
        if item.starts_with('"') {
            strings.push(Span::of(payload, item));
        }
    });
    strings
}

/// Roles are objects with a key, or texts after a workflow has changed them.
fn role_keys(payload: &str, list: &str) -> Vec<Span> {
    let mut keys = Vec::new();
    let _ = json_text::walk_array(list, |item| {
        if item.starts_with('"') {
            keys.push(Span::of(payload, item));
            return;
        }
        let _ = json_text::walk_object(item, |name, value| {
            if name == r#""key""# && value.starts_with('"') {
                keys.push(Span::of(payload, value));
            }
            Ok(())
        });
    });
    keys
}

fn flags(payload: &str, object: &str) -> Vec<Flag> {
    let mut flags = Vec::new();
    let _ = json_text::walk_object(object, |code, entry| {
        let (mut kind, mut value) = (Span::default(), None);
        let _ = json_text::walk_object(entry, |name, part| {
            match name {
                r#""t""# => kind = Span::of(payload, part),
                r#""v""# => value = Some(Span::of(payload, part)),
                _ => {}
            }
            Ok(())
        });
        if let Some(value) = value {
            flags.push(Flag {
                code: Span::of(payload, code),
                kind,
                value,
            });
        }
        Ok(())
    });
    flags
}
