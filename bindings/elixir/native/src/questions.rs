//! Questions about the user: look-ups that use no network.

use kinde::{Json, TokenType};
use rustler::{Encoder, Env, NifResult, Term};

use crate::call::answer;
use crate::error::Fault;
use crate::given;
use crate::input::{self, Text};
use crate::output::Shaped;
use crate::parse::{Claims, term};
use crate::resources::Session;

mod atoms {
    rustler::atoms! { default, none }
}

/// Which token a question is about.
fn token_type(number: i32) -> NifResult<TokenType> {
    match number {
        0 => Ok(TokenType::Access),
        1 => Ok(TokenType::Id),
        _ => Err(rustler::Error::BadArg),
    }
}

/// The bare answer, or `{:error, error}`.
fn bare<T: Encoder>(env: Env<'_>, result: kinde::Result<T>) -> Term<'_> {
    match result {
        Ok(value) => value.encode(env),
        Err(error) => Fault::from(error).answer(env),
    }
}

#[rustler::nif]
fn session_authenticated(session: &Session) -> bool {
    session.0.is_authenticated()
}

#[rustler::nif]
fn session_expires_at<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.expires_at())
}

#[rustler::nif]
fn session_access_token<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.access_token())
}

#[rustler::nif]
fn session_tokens<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.tokens())
}

#[rustler::nif]
fn session_claims<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let claims = session.0.claims(token_type(of)?);
    Ok(answer(env, claims.map(Claims)))
}

#[rustler::nif]
fn session_claim<'a>(
    env: Env<'a>,
    session: &Session,
    name: Text<'a>,
    of: i32,
) -> NifResult<Term<'a>> {
    let value = session.0.with_claim(&name, token_type(of)?, |json| {
        term(env, json.unwrap_or("null"))
    });
    Ok(match value {
        Ok(value) => value,
        Err(error) => Fault::from(error).answer(env),
    })
}

#[rustler::nif]
fn session_permissions<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let permissions = session.0.permissions(token_type(of)?);
    Ok(answer(env, permissions.map(|said| Shaped(said, 1))))
}

#[rustler::nif]
fn session_has_permission<'a>(
    env: Env<'a>,
    session: &Session,
    key: Text<'a>,
    of: i32,
) -> NifResult<Term<'a>> {
    Ok(bare(env, session.0.has_permission(&key, token_type(of)?)))
}

#[rustler::nif]
fn session_roles<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let roles = session.0.roles(token_type(of)?);
    Ok(answer(env, roles.map(|said| Shaped(said, 2))))
}

#[rustler::nif]
fn session_has_role<'a>(
    env: Env<'a>,
    session: &Session,
    key: Text<'a>,
    of: i32,
) -> NifResult<Term<'a>> {
    Ok(bare(env, session.0.has_role(&key, token_type(of)?)))
}

#[rustler::nif]
fn session_has<'a>(env: Env<'a>, session: &Session, conditions: Term<'a>) -> NifResult<Term<'a>> {
    let conditions = given!(env, conditions);
    Ok(bare(env, session.0.has(&conditions)))
}

#[rustler::nif]
fn session_flags<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let flags = session.0.flags(token_type(of)?);
    Ok(answer(env, flags.map(|said| Shaped(said, 2))))
}

/// `default` is `:none` or `{:default, value}`, because nil is a value too.
#[rustler::nif]
fn session_flag<'a>(
    env: Env<'a>,
    session: &Session,
    code: Text<'a>,
    default: Term<'a>,
    of_type: Option<&str>,
) -> NifResult<Term<'a>> {
    let default = match default.decode::<(rustler::Atom, Term)>() {
        Ok((tag, value)) if tag == atoms::default() => match input::value(value) {
            Ok(json) => json.parse::<Json>().ok(),
            Err(fault) => return Ok(fault.answer(env)),
        },
        _ if default.decode::<rustler::Atom>().ok() == Some(atoms::none()) => None,
        _ => return Err(rustler::Error::BadArg),
    };
    let flag = session.0.flag(&code, default.as_ref(), of_type);
    Ok(answer(env, flag.map(|said| Shaped(said, 1))))
}

#[rustler::nif]
fn session_flag_boolean<'a>(
    env: Env<'a>,
    session: &Session,
    code: Text<'a>,
    default: Option<bool>,
) -> Term<'a> {
    bare(env, session.0.flag_boolean(&code, default))
}

#[rustler::nif]
fn session_flag_integer<'a>(
    env: Env<'a>,
    session: &Session,
    code: Text<'a>,
    default: Option<i64>,
) -> Term<'a> {
    bare(env, session.0.flag_integer(&code, default))
}

#[rustler::nif]
fn session_flag_string<'a>(
    env: Env<'a>,
    session: &Session,
    code: Text<'a>,
    default: Option<&str>,
) -> Term<'a> {
    bare(env, session.0.flag_string(&code, default))
}

#[rustler::nif]
fn session_organization<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.organization().map(|said| Shaped(said, 1)))
}

#[rustler::nif]
fn session_organizations<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.organizations().map(|said| Shaped(said, 1)))
}

#[rustler::nif]
fn session_user<'a>(env: Env<'a>, session: &Session) -> Term<'a> {
    answer(env, session.0.user().map(|said| Shaped(said, 1)))
}
