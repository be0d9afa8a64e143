//! Elixir's dates and times as texts (ISO 8601), which is how Kinde takes them.

use std::fmt::Write;

use rustler::{Atom, Decoder, Term};

mod atoms {
    rustler::atoms! {
        __struct__, calendar, year, month, day, hour, minute, second, microsecond, utc_offset, std_offset,
        date = "Elixir.Date",
        date_time = "Elixir.DateTime",
        iso = "Elixir.Calendar.ISO",
    }
}

/// Whether a map is a struct.
pub fn is_struct(map: Term) -> bool {
    map.map_get(atoms::__struct__()).is_ok()
}

/// The text of a `Date` or a `DateTime`; none of any other struct.
pub fn text(term: Term) -> Option<String> {
    let kind: Atom = field(term, atoms::__struct__())?;
    let is_iso = field::<Atom>(term, atoms::calendar())? == atoms::iso();
    match kind {
        _ if !is_iso => None,
        kind if kind == atoms::date() => date(term),
        kind if kind == atoms::date_time() => Some(date(term)? + &time(term)? + &offset(term)?),
        _ => None,
    }
}

fn field<'a, T: Decoder<'a>>(term: Term<'a>, name: Atom) -> Option<T> {
    term.map_get(name).ok()?.decode().ok()
}

fn number(term: Term, name: Atom) -> Option<i32> {
    field(term, name)
}

fn date(term: Term) -> Option<String> {
    let year = number(term, atoms::year())?;
    let month = number(term, atoms::month())?;
    let day = number(term, atoms::day())?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

fn time(term: Term) -> Option<String> {
    let hour = number(term, atoms::hour())?;
    let minute = number(term, atoms::minute())?;
    let second = number(term, atoms::second())?;
    let (fraction, digits): (u32, usize) = field(term, atoms::microsecond())?;
    let mut text = format!("T{hour:02}:{minute:02}:{second:02}");
    if (1..=6).contains(&digits) {
        let all = format!("{fraction:06}");
        write!(text, ".{}", all.get(..digits)?).ok()?;
    }
    Some(text)
}

fn offset(term: Term) -> Option<String> {
    let seconds =
        number(term, atoms::utc_offset())?.checked_add(number(term, atoms::std_offset())?)?;
    if seconds == 0 {
        return Some("Z".to_owned());
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}
