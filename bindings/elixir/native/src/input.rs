//! Terms that come in: settings, parameters and options, as the JSON that the library reads.

use std::ops::Deref;

use kinde::Status;
use rustler::{Atom, Binary, Decoder, NifResult, Term, TermType};
use serde_json::{Map, Number, Value, json};

use crate::date;
use crate::error::Fault;

/// How much may be given at once, in bytes: more would hold a scheduler up.
pub const LARGEST: usize = 64 * 1024;
/// Of tokens, which are long texts, and of settings, which have a scheduler of their own.
pub const LARGEST_TOKENS: usize = 256 * 1024;
pub const LARGEST_SETTINGS: usize = 1024 * 1024;
/// Of calls of an API, which send files and lists, where they have a scheduler of their own.
pub const LARGEST_CALLS: usize = 16 * 1024 * 1024;
/// How deep it may be nested.
const DEEPEST: usize = 32;
/// What each term counts, beside the bytes of a text: as much as it has in a list of the VM. Reading one
/// takes longer than a byte does.
const TERM: usize = 8;

/// The text of a JSON object: of a map or a keyword list, with atoms or binaries as keys. What is nil
/// is left out. Takes no more than `largest` bytes.
pub fn object(term: Term, largest: usize) -> Result<String, Fault> {
    let mut reader = Reader::new(largest);
    let read = reader.object_text(term);
    read.map_err(|refusal| reader.fault(refusal, WRONG_OBJECT))
}

/// Like [`object`], of the parameters of a call of an API: what is nil is null there, which empties
/// a field.
pub fn call_params(term: Term) -> Result<String, Fault> {
    let mut reader = Reader::with_nulls(LARGEST_CALLS);
    let read = reader.object_text(term);
    read.map_err(|refusal| reader.fault(refusal, WRONG_OBJECT))
}

/// Calls of an API.
pub struct Calls {
    /// Those that can be said to the library, and how they are to be made, as JSON.
    pub json: String,
    /// What is wrong with each of the others, in the place of each call.
    pub refused: Vec<Option<Fault>>,
}

/// Reads a list of `{operation, params}`, and an object that says how they are to be made.
pub fn calls(list: Term, options: Term) -> Result<Calls, Fault> {
    let mut reader = Reader::with_nulls(LARGEST_CALLS);
    let read = reader.calls(list, options);
    read.map_err(|refusal| reader.fault(refusal, "a list of calls is wanted here, and options"))
}

/// Like [`call_params`]; none if there are more of them than a scheduler should read.
pub fn short_call_params(term: Term) -> Option<Result<String, Fault>> {
    let mut reader = Reader::with_nulls(LARGEST);
    match reader.object_text(term) {
        Err(Refusal::TooLarge) => None,
        read => Some(read.map_err(|refusal| reader.fault(refusal, WRONG_OBJECT))),
    }
}

/// Whether nothing is given, which needs no JSON.
pub fn is_empty(term: Term) -> bool {
    term.is_empty_list() || term.map_size().is_ok_and(|size| size == 0)
}

/// The JSON of any value.
pub fn value(term: Term) -> Result<String, Fault> {
    let mut reader = Reader::new(LARGEST);
    match reader.value(term, DEEPEST) {
        Ok(value) => Ok(value.to_string()),
        Err(refusal) => Err(reader.fault(refusal, WRONG_KIND)),
    }
}

/// What a pid, a function, a tuple is told. An `ArgumentError` of a native function would show all that
/// it was given, secrets too, in the log of the process that crashes.
const WRONG_KIND: &str =
    "must be a text, a number, true, false, a Date or DateTime, a list or a map";

const WRONG_OBJECT: &str = "a map or a keyword list is wanted here";

/// Why a term is no JSON.
enum Refusal {
    WrongKind,
    TooLarge,
    TooDeep,
    Fault(Fault),
}

impl Refusal {
    /// The refusal of what this stands in, under this name. What is too large is so as a whole.
    fn within(self, name: &str) -> Refusal {
        match self {
            Refusal::WrongKind => Refusal::Fault(invalid_field(name.to_owned(), WRONG_KIND)),
            Refusal::Fault(Fault::Input {
                status,
                field,
                message,
            }) => Refusal::Fault(Fault::Input {
                status,
                field: Some(match field {
                    Some(inner) if inner.starts_with('[') => format!("{name}{inner}"),
                    Some(inner) => format!("{name}.{inner}"),
                    None => name.to_owned(),
                }),
                message,
            }),
            other => other,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

/// A text that a function takes by itself. What is no binary is a mistake in the program; what is not
/// UTF-8 may have come from a browser, so the function answers `{:error, error}` to it.
pub struct Text<'a>(&'a str);

impl<'a> Decoder<'a> for Text<'a> {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let binary: Binary = term.decode()?;
        match std::str::from_utf8(binary.as_slice()) {
            Ok(text) => Ok(Text(text)),
            Err(_) => Err(rustler::Error::Term(Box::new(not_utf8()))),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

struct Reader {
    largest: usize,
    left: usize,
    keeps_nulls: bool,
}

impl Reader {
    fn new(largest: usize) -> Reader {
        Reader {
            largest,
            left: largest,
            keeps_nulls: false,
        }
    }

    fn with_nulls(largest: usize) -> Reader {
        Reader {
            keeps_nulls: true,
            ..Reader::new(largest)
        }
    }

    fn object_text(&mut self, term: Term) -> Result<String, Refusal> {
        self.named_values(term).map(|object| object.to_string())
    }

    /// An object: a map, or a keyword list, which may be empty.
    fn named_values(&mut self, term: Term) -> Result<Value, Refusal> {
        if term.is_empty_list() {
            return Ok(Value::Object(Map::new()));
        }
        let is_map = term.is_map() && !date::is_struct(term);
        match is_map || begins_with_pair(term) {
            true => self.value(term, DEEPEST),
            false => Err(Refusal::WrongKind),
        }
    }

    fn calls(&mut self, list: Term, options: Term) -> Result<Calls, Refusal> {
        let Value::Object(mut all) = self.named_values(options)? else {
            return Err(Refusal::WrongKind);
        };
        let mut calls = Vec::new();
        let mut refused = Vec::new();
        for call in Items(list) {
            let (operation, params) = call?.decode().map_err(|_| Refusal::WrongKind)?;
            match self.call(operation, params) {
                Ok(call) => {
                    calls.push(call);
                    refused.push(None);
                }
                Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
                Err(refusal) => refused.push(Some(self.fault(refusal, WRONG_OBJECT))),
            }
        }
        all.insert("calls".to_owned(), Value::Array(calls));
        let json = Value::Object(all).to_string();
        Ok(Calls { json, refused })
    }

    fn call(&mut self, operation: Term, params: Term) -> Result<Value, Refusal> {
        let operation = self.value(operation, DEEPEST);
        let operation = operation.map_err(|refusal| refusal.within("operation"))?;
        let params = self.named_values(params)?;
        Ok(json!({"operation": operation, "params": params}))
    }

    fn fault(&self, refusal: Refusal, wrong_kind: &str) -> Fault {
        match refusal {
            Refusal::WrongKind => invalid(wrong_kind),
            Refusal::TooLarge => {
                let kibibytes = self.largest / 1024;
                invalid(&format!("what is given is larger than {kibibytes} KiB"))
            }
            Refusal::TooDeep => invalid("what is given is nested too deeply"),
            Refusal::Fault(fault) => fault,
        }
    }

    fn value(&mut self, term: Term, depth: usize) -> Result<Value, Refusal> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Refusal::TooDeep);
        };
        self.spend(TERM)?;
        match term.get_type() {
            TermType::Atom => self.atom(term),
            TermType::Binary => Ok(Value::String(self.text(term)?)),
            TermType::Integer => integer(term),
            TermType::Float => {
                let number = term.decode().ok().and_then(Number::from_f64);
                number.map(Value::Number).ok_or(Refusal::WrongKind)
            }
            TermType::List => self.list(term, depth),
            TermType::Map if date::is_struct(term) => self.date(term),
            TermType::Map => {
                let pairs = rustler::MapIterator::new(term).ok_or(Refusal::WrongKind)?;
                self.object(pairs.map(Ok), depth)
            }
            _ => Err(Refusal::WrongKind),
        }
    }

    /// Of structs only dates and times are taken: what others mean nobody can know.
    fn date(&mut self, term: Term) -> Result<Value, Refusal> {
        let text = date::text(term).ok_or(Refusal::WrongKind)?;
        self.spend(text.len())?;
        Ok(Value::String(text))
    }

    fn atom(&mut self, term: Term) -> Result<Value, Refusal> {
        let text = term.atom_to_string().map_err(|_| Refusal::WrongKind)?;
        self.spend(text.len())?;
        Ok(match text.as_str() {
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        })
    }

    fn text(&mut self, term: Term) -> Result<String, Refusal> {
        let binary = term.decode_as_binary().map_err(|_| Refusal::WrongKind)?;
        self.spend(binary.len())?;
        match std::str::from_utf8(binary.as_slice()) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Refusal::Fault(not_utf8())),
        }
    }

    /// A keyword list is an object; any other list is one.
    fn list(&mut self, term: Term, depth: usize) -> Result<Value, Refusal> {
        if begins_with_pair(term) {
            let pairs = Items(term).map(|item| item?.decode().map_err(|_| Refusal::WrongKind));
            return self.object(pairs, depth);
        }
        let mut values = Vec::new();
        for item in Items(term) {
            let value = self.value(item?, depth);
            let at = values.len();
            values.push(value.map_err(|refusal| refusal.within(&format!("[{at}]")))?);
        }
        Ok(Value::Array(values))
    }

    fn object<'a>(
        &mut self,
        pairs: impl Iterator<Item = Result<(Term<'a>, Term<'a>), Refusal>>,
        depth: usize,
    ) -> Result<Value, Refusal> {
        let mut object = Map::new();
        for pair in pairs {
            let (key, value) = pair?;
            let key = match self.value(key, depth)? {
                Value::String(key) => key,
                _ => return Err(Refusal::WrongKind),
            };
            let value = self.value(value, depth);
            let value = value.map_err(|refusal| refusal.within(&key))?;
            if value.is_null() && !self.keeps_nulls {
                continue;
            }
            if object.contains_key(&key) {
                return Err(invalid_field(key, "is given twice").into());
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(bytes).ok_or(Refusal::TooLarge)?;
        Ok(())
    }
}

/// The items of a list, one by one: what is too long is not walked to its end to be refused.
struct Items<'a>(Term<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Result<Term<'a>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.list_get_cell() {
            Ok((item, rest)) => {
                self.0 = rest;
                Some(Ok(item))
            }
            Err(_) if self.0.is_empty_list() => None,
            // Of an improper list, or of what is no list.
            Err(_) => Some(Err(Refusal::WrongKind)),
        }
    }
}

/// Whether a term is a keyword list, as far as its first item tells.
fn begins_with_pair(term: Term) -> bool {
    let first = term.list_get_cell();
    first.is_ok_and(|(item, _)| item.decode::<(Atom, Term)>().is_ok())
}

fn integer(term: Term) -> Result<Value, Refusal> {
    if let Ok(number) = term.decode::<i64>() {
        return Ok(number.into());
    }
    match term.decode::<u64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => Err(invalid("a number that is given does not fit 64 bits").into()),
    }
}

fn not_utf8() -> Fault {
    Fault::Input {
        status: Status::InvalidUtf8,
        field: None,
        message: "a text that is given is not UTF-8".to_owned(),
    }
}

fn invalid(message: &str) -> Fault {
    Fault::Input {
        status: Status::InvalidArgument,
        field: None,
        message: message.to_owned(),
    }
}

fn invalid_field(field: String, message: &str) -> Fault {
    Fault::Input {
        status: Status::InvalidArgument,
        field: Some(field),
        message: message.to_owned(),
    }
}

/// The JSON of an object that was given, or what the function answers instead.
#[macro_export]
macro_rules! given {
    ($env:expr, $term:expr) => {
        $crate::given!($env, $term, $crate::input::LARGEST)
    };
    ($env:expr, $term:expr, $largest:expr) => {
        match $crate::input::object($term, $largest) {
            Ok(json) => json,
            Err(fault) => return Ok(fault.answer($env)),
        }
    };
}
