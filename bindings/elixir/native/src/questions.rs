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

/// A look-up by a text in the access token, as nearly all are, and in a token that is named: an argument
/// more makes such a call a tenth slower.
macro_rules! look_up {
    ($name:literal, $in_access:ident, $in_named:ident, $look_up:ident) => {
        #[rustler::nif(name = $name)]
        fn $in_access<'a>(env: Env<'a>, session: &Session, text: Text<'a>) -> Term<'a> {
            $look_up(env, session, &text, TokenType::Access)
        }

        #[rustler::nif(name = $name)]
        fn $in_named<'a>(
            env: Env<'a>,
            session: &Session,
            text: Text<'a>,
            of: i32,
        ) -> NifResult<Term<'a>> {
            Ok($look_up(env, session, &text, token_type(of)?))
        }
    };
}

/// The value of a flag, and with a default: likewise.
macro_rules! flag {
    ($name:literal, $plain:ident, $with_default:ident, $flag:ident, $($kind:tt)+) => {
        #[rustler::nif(name = $name)]
        fn $plain<'a>(env: Env<'a>, session: &Session, code: Text<'a>) -> Term<'a> {
            $flag(env, session, &code, None)
        }

        #[rustler::nif(name = $name)]
        fn $with_default<'a>(
            env: Env<'a>,
            session: &Session,
            code: Text<'a>,
            default: $($kind)+,
        ) -> Term<'a> {
            $flag(env, session, &code, Some(default))
        }

        fn $flag<'a>(
            env: Env<'a>,
            session: &Session,
            code: &str,
            default: Option<$($kind)+>,
        ) -> Term<'a> {
            bare(env, session.0.$flag(code, default))
        }
    };
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

look_up!("session_claim", session_claim, session_claim_of, claim);

fn claim<'a>(env: Env<'a>, session: &Session, name: &str, of: TokenType) -> Term<'a> {
    let value = session
        .0
        .with_claim(name, of, |json| term(env, json.unwrap_or("null")));
    match value {
        Ok(value) => value,
        Err(error) => Fault::from(error).answer(env),
    }
}

#[rustler::nif]
fn session_permissions<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let permissions = session.0.permissions(token_type(of)?);
    Ok(answer(env, permissions.map(|said| Shaped(said, 1))))
}

look_up!(
    "session_has_permission",
    session_has_permission,
    session_has_permission_of,
    has_permission
);

fn has_permission<'a>(env: Env<'a>, session: &Session, key: &str, of: TokenType) -> Term<'a> {
    bare(env, session.0.has_permission(key, of))
}

#[rustler::nif]
fn session_roles<'a>(env: Env<'a>, session: &Session, of: i32) -> NifResult<Term<'a>> {
    let roles = session.0.roles(token_type(of)?);
    Ok(answer(env, roles.map(|said| Shaped(said, 2))))
}

look_up!(
    "session_has_role",
    session_has_role,
    session_has_role_of,
    has_role
);

fn has_role<'a>(env: Env<'a>, session: &Session, key: &str, of: TokenType) -> Term<'a> {
    bare(env, session.0.has_role(key, of))
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

flag!(
    "session_flag_boolean",
    session_flag_boolean,
    session_flag_boolean_with_default,
    flag_boolean,
    bool
);

flag!(
    "session_flag_integer",
    session_flag_integer,
    session_flag_integer_with_default,
    flag_integer,
    i64
);

flag!(
    "session_flag_string",
    session_flag_string,
    session_flag_string_with_default,
    flag_string,
    &str
);

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
