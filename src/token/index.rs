//! Where the answers stand in a payload, so that a question is a look-up.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

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

/// The parts of a payload that questions are about, found by name. Parts that are not shaped as
/// they should be are left out: a customised token may hold anything. Of two with one name the
/// last counts, which is what JSON parsers make of it.
#[derive(Debug)]
pub(super) struct Index {
    /// Whether the payload has escapes anywhere. It hardly ever has, and then texts are compared
    /// as they stand.
    escapes: bool,
    claims: Table<Member>,
    permissions: Table<Name>,
    role_keys: Table<Name>,
    flags: Table<Flag>,
}

/// Sorted by the hash of the name; those with one name stand in the order of the payload. Smaller
/// than a hash table, because a process may hold very many.
type Table<T> = Box<[Entry<T>]>;

#[derive(Debug)]
struct Entry<T> {
    hash: u16,
    item: T,
}

/// What is found by its name.
trait Named {
    fn name(&self) -> Name;
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

impl Named for Name {
    fn name(&self) -> Name {
        *self
    }
}

impl Named for Member {
    fn name(&self) -> Name {
        self.name
    }
}

impl Named for Flag {
    fn name(&self) -> Name {
        self.code
    }
}

/// A flag as it stands in the payload: raw type (perhaps empty) and raw value.
pub(super) struct RawFlag<'a> {
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
}

/// A payload whose texts are being read.
#[derive(Clone, Copy)]
struct Reader<'a> {
    payload: &'a str,
    escapes: bool,
}

/// Equal names have equal hashes. Who could choose names whose hashes collide signs the tokens.
#[inline]
fn hash(name: &str) -> u16 {
    FixedState::with_seed(0).hash_one(name.as_bytes()) as u16
}

impl Index {
    pub(super) fn of(payload: &str) -> Index {
        let mut index = Index {
            escapes: payload.contains('\\'),
            claims: Table::default(),
            permissions: Table::default(),
            role_keys: Table::default(),
            flags: Table::default(),
        };
        let reader = index.reader(payload);
        index.claims = reader.table(reader.members(payload));
        let value = |name| index.known_claim(payload, name);
        let permissions = value("permissions").map(|raw| reader.names(raw));
        let role_keys = value("roles").map(|raw| reader.role_keys(raw));
        let flags = value("feature_flags").map(|raw| reader.flags(raw));
        index.permissions = reader.table(permissions.unwrap_or_default());
        index.role_keys = reader.table(role_keys.unwrap_or_default());
        index.flags = reader.table(flags.unwrap_or_default());
        index
    }

    /// The raw value of the claim with exactly this name.
    pub(super) fn claim<'a>(&self, payload: &'a str, name: &str) -> Option<&'a str> {
        let found = self.reader(payload).find(&self.claims, name)?;
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

    #[inline]
    pub(super) fn has_permission(&self, payload: &str, permission: &str) -> bool {
        self.reader(payload)
            .find(&self.permissions, permission)
            .is_some()
    }

    #[inline]
    pub(super) fn has_role(&self, payload: &str, key: &str) -> bool {
        self.reader(payload).find(&self.role_keys, key).is_some()
    }

    #[inline]
    pub(super) fn flag<'a>(&self, payload: &'a str, code: &str) -> Option<RawFlag<'a>> {
        let flag = self.reader(payload).find(&self.flags, code)?;
        Some(self.reader(payload).flag(flag))
    }

    /// All flags by their codes.
    pub(super) fn flags<'a>(&self, payload: &'a str) -> BTreeMap<Cow<'a, str>, RawFlag<'a>> {
        let reader = self.reader(payload);
        let flags = self.flags.iter().map(|entry| &entry.item);
        flags
            .map(|flag| (reader.text(flag.code), reader.flag(flag)))
            .collect()
    }

    #[inline]
    fn reader<'a>(&self, payload: &'a str) -> Reader<'a> {
        Reader {
            payload,
            escapes: self.escapes,
        }
    }
}

impl<'a> Reader<'a> {
    /// What a name says; empty if its escapes mean nothing.
    #[inline]
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
            kind: flag.kind.slice(self.payload),
            value: flag.value.slice(self.payload),
        }
    }

    fn table<T: Named>(self, items: Vec<T>) -> Table<T> {
        let mut table: Table<T> = items
            .into_iter()
            .map(|item| Entry {
                hash: hash(&self.text(item.name())),
                item,
            })
            .collect();
        // Stable: of two with one name the last stays the last.
        table.sort_by_key(|entry| entry.hash);
        table
    }

    /// The last item with this name.
    #[inline]
    fn find<'i, T: Named>(self, table: &'i Table<T>, name: &str) -> Option<&'i T> {
        let hash = hash(name);
        let end = table.partition_point(|entry| entry.hash <= hash);
        table[..end]
            .iter()
            .rev()
            .take_while(|entry| entry.hash == hash)
            .map(|entry| &entry.item)
            .find(|item| self.text(item.name()) == name)
    }

    /// The text that a raw value is, if it is one.
    fn name(self, raw: &'a str) -> Option<Name> {
        let text = json_text::unquoted(raw)?;
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
