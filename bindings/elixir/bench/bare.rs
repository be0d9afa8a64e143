//! What calls of a NIF cost with rustler, without the library: for `bench/elixir.exs`. The functions are
//! those of `bare.c`.

use rustler::types::atom;
use rustler::{Binary, NewBinary, Term};

#[rustler::nif]
fn boolean(text: Binary) -> bool {
    text.first() == Some(&b'r')
}

#[rustler::nif]
fn ok_text<'a>(env: rustler::Env<'a>, text: Binary) -> (rustler::Atom, Term<'a>) {
    let mut built = NewBinary::new(env, text.len());
    built.copy_from_slice(&text);
    (atom::ok(), built.into())
}

rustler::init!("Elixir.Kinde.Bench.Rustler");
