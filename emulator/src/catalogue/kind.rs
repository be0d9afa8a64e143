//! Types of parameters and members.

/// A parameter, or a member of an object.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub is_required: bool,
    pub kind: Kind,
}

#[derive(Debug)]
pub struct Kind {
    pub shape: Shape,
    pub is_nullable: bool,
}

#[derive(Debug)]
pub enum Shape {
    /// Any text, or one of these if there are any.
    Text(Vec<&'static str>),
    Time,
    File,
    Integer,
    Number,
    Boolean,
    Object,
    Any,
    List(Box<Kind>),
    /// Members of any name, all of one type.
    Map(Box<Kind>),
    Model(&'static str),
}

impl Kind {
    /// Reads `string(a|b)?`, `[Model]`, `{integer}`.
    pub fn read(text: &'static str) -> Kind {
        let without_null = text.strip_suffix('?');
        Kind {
            shape: shape(without_null.unwrap_or(text)),
            is_nullable: without_null.is_some(),
        }
    }

    /// The name of the model that it is, or that its items are.
    #[cfg(test)]
    pub fn model(&self) -> Option<&'static str> {
        match &self.shape {
            Shape::Model(name) => Some(name),
            Shape::List(kind) | Shape::Map(kind) => kind.model(),
            _ => None,
        }
    }
}

fn shape(text: &'static str) -> Shape {
    let within = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(items) = within('[', ']') {
        return Shape::List(Box::new(Kind::read(items)));
    }
    if let Some(values) = within('{', '}') {
        return Shape::Map(Box::new(Kind::read(values)));
    }
    match text.split_once('(') {
        Some(("string", choices)) => {
            let choices = choices.strip_suffix(')').unwrap_or(choices);
            return Shape::Text(choices.split('|').collect());
        }
        Some((name, _)) => panic!("the catalogue has choices of {name}"),
        None => {}
    }
    match text {
        "string" => Shape::Text(Vec::new()),
        "datetime" => Shape::Time,
        "file" => Shape::File,
        "integer" => Shape::Integer,
        "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        "object" => Shape::Object,
        "any" => Shape::Any,
        model => Shape::Model(model),
    }
}

/// Whether a text is a time as RFC 3339 writes it. The minutes of the offset may be missing, as in
/// the times that Kinde shows.
pub fn is_time(text: &str) -> bool {
    let fits = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, pattern)| {
                byte == pattern || (pattern == b'0' && byte.is_ascii_digit())
            })
    };
    const SECONDS: &str = "0000-00-00T00:00:00";
    let Some((start, rest)) = text.split_at_checked(SECONDS.len()) else {
        return false;
    };
    let fraction = rest.strip_prefix('.').unwrap_or(rest);
    let offset = match fraction.len() < rest.len() {
        true => fraction.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        false => rest,
    };
    let has_digits = fraction.len() == rest.len() || offset.len() < fraction.len();
    let forms = ["Z", "+00:00", "-00:00", "+00", "-00"];
    has_digits && fits(start, SECONDS) && forms.iter().any(|form| fits(offset, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_other_texts() {
        for time in [
            "2024-01-01T00:00:00Z",
            "2024-11-18T13:32:03+11",
            "2024-11-18T13:32:03.25-03:30",
        ] {
            assert!(is_time(time), "{time}");
        }
        for other in [
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "yesterday",
            "2024-01-01T00:00:00é",
        ] {
            assert!(!is_time(other), "{other}");
        }
    }
}
