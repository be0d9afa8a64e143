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
    /// Whether the payload has escapes anywhere. It hardly ever has, and then texts are compared
    /// as they stand.
    escapes: bool,
    claims: Box<[Member]>,
    permissions: Box<[Name]>,
    role_keys: Box<[Name]>,
    flags: Box<[Flag]>,
}

/// A text in the payload, without its quotes, perhaps with escapes.
#[derive(Clone, Copy, Debug)]
struct Name(Span);

/// A name and its raw value.
#[derive(Clone, Copy, Debug)]
struct Member {
    name: Name,
    value: Span,
}

#[derive(Clone, Copy, Debug)]
struct Flag {
    code: Name,
    /// Raw; empty if the flag does not say.
    kind: Span,
    value: Span,
}

/// A flag as it stands in the payload: raw type (perhaps empty) and raw value.
pub(super) struct RawFlag<'a> {
    pub(super) code: Cow<'a, str>,
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
}

/// A payload whose texts are being read.
#[derive(Clone, Copy)]
struct Reader<'a> {
    payload: &'a str,
    escapes: bool,
}

impl Index {
    pub(super) fn of(payload: &str) -> Index {
        let reader = Reader {
            payload,
            escapes: payload.contains('\\'),
        };
        let mut index = Index {
            escapes: reader.escapes,
            claims: reader.sorted(reader.members(payload), |member| member.name),
            permissions: Box::default(),
            role_keys: Box::default(),
            flags: Box::default(),
        };
        let value = |name| index.known_claim(payload, name);
        let permissions = value("permissions").map(|raw| reader.names(raw));
        let role_keys = value("roles").map(|raw| reader.role_keys(raw));
        let flags = value("feature_flags").map(|raw| reader.flags(raw));
        index.permissions = reader.sorted(permissions.unwrap_or_default(), |name| *name);
        index.role_keys = reader.sorted(role_keys.unwrap_or_default(), |name| *name);
        index.flags = reader.sorted(flags.unwrap_or_default(), |flag| flag.code);
        index
    }

    /// The raw value of the claim with exactly this name. If it occurs twice, the last one, which
    /// is what JSON parsers make of it.
    pub(super) fn claim<'a>(&self, payload: &'a str, name: &str) -> Option<&'a str> {
        let reader = self.reader(payload);
        let found = reader.find(&self.claims, name, |member| member.name)?;
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
        let reader = self.reader(payload);
        let found = reader.find(&self.permissions, permission, |name| *name);
        found.is_some()
    }

    pub(super) fn has_role(&self, payload: &str, key: &str) -> bool {
        let found = self
            .reader(payload)
            .find(&self.role_keys, key, |name| *name);
        found.is_some()
    }

    pub(super) fn flag<'a>(&self, payload: &'a str, code: &str) -> Option<RawFlag<'a>> {
        let reader = self.reader(payload);
        let flag = reader.find(&self.flags, code, |flag| flag.code)?;
        Some(reader.flag(flag))
    }

    /// All flags, sorted by code.
    pub(super) fn flags<'a>(&'a self, payload: &'a str) -> impl Iterator<Item = RawFlag<'a>> {
        let reader = self.reader(payload);
        self.flags.iter().map(move |flag| reader.flag(flag))
    }

    fn reader<'a>(&self, payload: &'a str) -> Reader<'a> {
        Reader {
            payload,
            escapes: self.escapes,
        }
    }
}

impl<'a> Reader<'a> {
    /// What a name says; empty if its escapes mean nothing.
    fn text(self, name: Name) -> Cow<'a, str> {
        let text = name.0.slice(self.payload);
        if self.escapes && text.contains('\\') {
            let unescaped = serde_json::from_str(&format!("\"{text}\""));
            return Cow::Owned(unescaped.unwrap_or_default());
        }
        Cow::Borrowed(text)
    }

    fn flag(self, flag: &Flag) -> RawFlag<'a> {
        RawFlag {
            code: self.text(flag.code),
            kind: flag.kind.slice(self.payload),
            value: flag.value.slice(self.payload),
        }
    }

    fn sorted<T>(self, mut items: Vec<T>, name: impl Fn(&T) -> Name) -> Box<[T]> {
        // Stable: of two with one name the last stays the last.
        items.sort_by(|a, b| self.text(name(a)).cmp(&self.text(name(b))));
        items.into_boxed_slice()
    }

    /// The last item with this name.
    fn find<'i, T>(self, items: &'i [T], wanted: &str, name: impl Fn(&T) -> Name) -> Option<&'i T> {
        let end = items.partition_point(|item| *self.text(name(item)) <= *wanted);
        let last = items.get(end.checked_sub(1)?)?;
        (self.text(name(last)) == wanted).then_some(last)
    }

    /// The text that a raw value is, if it is one.
    fn name(self, raw: &'a str) -> Option<Name> {
        let text = raw.strip_prefix('"')?.strip_suffix('"')?;
        Some(Name(Span::of(self.payload, text)))
    }

    fn members(self, object: &'a str) -> Vec<Member> {
        let mut members = Vec::new();
        // Anything else than an object has no members.
        let _ = json_text::walk_object(object, |name, value| {
            members.extend(self.name(name).map(|name| Member {
                name,
                value: Span::of(self.payload, value),
            }));
            Ok(())
        });
        members
    }

    fn names(self, list: &'a str) -> Vec<Name> {
        let mut names = Vec::new();
        // Anything else than a list has no items.
        let _ = json_text::walk_array(list, |item| names.extend(self.name(item)));
        names
    }

    /// Roles are objects with a key, or texts after a workflow has changed them.
    fn role_keys(self, list: &'a str) -> Vec<Name> {
        let mut keys = Vec::new();
        let _ = json_text::walk_array(list, |item| {
            keys.extend(self.name(item));
            let _ = json_text::walk_object(item, |name, value| {
                if name == r#""key""# {
                    keys.extend(self.name(value));
                }
                Ok(())
            });
        });
        keys
    }

    fn flags(self, object: &'a str) -> Vec<Flag> {
        let mut flags = Vec::new();
        let _ = json_text::walk_object(object, |code, entry| {
            let (mut kind, mut value) = (Span::default(), None);
            let _ = json_text::walk_object(entry, |name, part| {
                match name {
                    r#""t""# => kind = Span::of(self.payload, part),
                    r#""v""# => value = Some(Span::of(self.payload, part)),
                    _ => {}
                }
                Ok(())
            });
            if let (Some(code), Some(value)) = (self.name(code), value) {
                flags.push(Flag { code, kind, value });
            }
            Ok(())
        });
        flags
    }
}
