//! The types of parameters and members, as the catalogue spells them.

use std::fmt;

/// A type: `string(a|b)?`, `[Model]`, `{string}`. Read each time, which is cheaper than keeping it
/// taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(pub(super) &'static str);

/// What a type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    String,
    /// A text that is a time (RFC 3339).
    Time,
    /// The content of a file.
    File,
    Integer,
    Number,
    Boolean,
    /// An object with any members.
    Object,
    Any,
    List(Kind),
    /// An object whose members are all of one type.
    Map(Kind),
    Model(&'static str),
}

impl Kind {
    pub(crate) fn is_nullable(self) -> bool {
        self.0.ends_with('?')
    }

    /// What is accepted, if not everything of the type is.
    pub(crate) fn choices(self) -> Option<impl Iterator<Item = &'static str> + Clone> {
        let (_, rest) = self.without_null().split_once('(')?;
        // A list's items have choices of their own.
        let is_own = !self.0.starts_with(['[', '{']);
        is_own.then(|| rest.trim_end_matches(')').split('|'))
    }

    pub(crate) fn shape(self) -> Shape {
        let text = self.without_null();
        let within = |close| text[1..].strip_suffix(close).map(Kind);
        let name = text.split('(').next().unwrap_or_default();
        match text.as_bytes().first() {
            Some(b'[') => within(']').map_or(Shape::Any, Shape::List),
            Some(b'{') => within('}').map_or(Shape::Any, Shape::Map),
            Some(b'A'..=b'Z') => Shape::Model(name),
            _ => match name {
                "string" => Shape::String,
                "datetime" => Shape::Time,
                "file" => Shape::File,
                "integer" => Shape::Integer,
                "number" => Shape::Number,
                "boolean" => Shape::Boolean,
                "object" => Shape::Object,
                _ => Shape::Any,
            },
        }
    }

    fn without_null(self) -> &'static str {
        self.0.strip_suffix('?').unwrap_or(self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
