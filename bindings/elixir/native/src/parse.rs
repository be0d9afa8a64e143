//! Claims as terms, straight from the text of the verified token.

use std::fmt;

use rustler::{Encoder, Env, Term};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::output::Answer;

/// The text of a JSON object that the library gave.
pub struct Claims(pub String);

impl Answer for Claims {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let mut json = serde_json::Deserializer::from_str(&self.0);
        match (Builder { env }).deserialize(&mut json) {
            Ok(claims) => (rustler::types::atom::ok(), claims).encode(env),
            // Nested deeper than anybody reads.
            Err(_) => unreadable().answer(env),
        }
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
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        while let Some(key) = members.next_key_seed(self)? {
            keys.push(key);
            values.push(members.next_value_seed(self)?);
        }
        let map = Term::map_from_term_arrays(self.env, &keys, &values);
        Ok(map.unwrap_or_else(|_| last_of_each(self.env, &keys, &values)))
    }
}

/// Of two members with one name the last counts, as for the library.
fn last_of_each<'a>(env: Env<'a>, keys: &[Term<'a>], values: &[Term<'a>]) -> Term<'a> {
    let pairs = keys.iter().zip(values);
    pairs.fold(Term::map_new(env), |map, (key, value)| {
        map.map_put(key, value).unwrap_or(map)
    })
}
