//! Claims as terms, straight from the text of the verified token.

use std::borrow::Cow;
use std::fmt;

use rustler::{Encoder, Env, Term};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::output::Answer;

/// The text of a JSON object that the library gave.
pub struct Claims(pub String);

impl Answer for Claims {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        term(env, &self.0)
    }
}

/// `{:ok, value}` of a JSON text.
pub fn term<'a>(env: Env<'a>, json: &str) -> Term<'a> {
    // Most claims are texts, which stand as they are.
    if let Some(text) = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        && !text.contains('\\')
    {
        return (rustler::types::atom::ok(), text).encode(env);
    }
    let mut json = serde_json::Deserializer::from_str(json);
    match (Builder { env }).deserialize(&mut json) {
        Ok(value) => (rustler::types::atom::ok(), value).encode(env),
        // Nested deeper than anybody reads.
        Err(_) => unreadable().answer(env),
    }
}

fn unreadable() -> crate::error::Fault {
    crate::error::Fault::Input {
        status: kinde::Status::ClaimMissing,
        field: None,
        message: "the claims cannot be read".to_owned(),
    }
}

/// Builds terms while the text is read.
#[derive(Clone, Copy)]
struct Builder<'a> {
    env: Env<'a>,
}

impl<'de, 'a> DeserializeSeed<'de> for Builder<'a> {
    type Value = Term<'a>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Term<'a>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, 'a> Visitor<'de> for Builder<'a> {
    type Value = Term<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Term<'a>, E> {
        Ok(rustler::types::atom::nil().to_term(self.env))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Term<'a>, E> {
        Ok(value.encode(self.env))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Term<'a>, E> {
        Ok(value.encode(self.env))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Term<'a>, E> {
        Ok(value.encode(self.env))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Term<'a>, E> {
        Ok(value.encode(self.env))
    }

    fn visit_str<E>(self, value: &str) -> Result<Term<'a>, E> {
        Ok(value.encode(self.env))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Term<'a>, A::Error> {
        let mut terms = Vec::new();
        while let Some(term) = items.next_element_seed(self)? {
            terms.push(term);
        }
        Ok(terms.encode(self.env))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Term<'a>, A::Error> {
        let mut pairs: Vec<(Cow<'de, str>, Term<'a>)> = Vec::new();
        while let Some(name) = members.next_key_seed(Name)? {
            pairs.push((name, members.next_value_seed(self)?));
        }
        // In the VM's own order, which it would otherwise establish by comparing each with all.
        pairs.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (at, (name, value)) in pairs.iter().enumerate() {
            // Of members with one name the last counts, as for the library.
            if pairs.get(at + 1).is_none_or(|(next, _)| next != name) {
                keys.push(name.encode(self.env));
                values.push(*value);
            }
        }
        let map = Term::map_from_term_arrays(self.env, &keys, &values);
        Ok(map.unwrap_or_else(|_| Term::map_new(self.env)))
    }
}

/// The name of a member, copied only if it is escaped.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
