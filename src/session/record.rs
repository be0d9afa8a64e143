//! A session as bytes, small enough for a cookie.
//!
//! Tokens are taken apart: base64url would hide from the compression that claims repeat themselves.
//! What is secret stands beside the compressed part, not in it, so that the size of a sealed text
//! says nothing about a secret that stands next to a text of an attacker's choice.

use std::sync::{Arc, OnceLock};

use base64_simd::URL_SAFE_NO_PAD;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use postcard::ser_flavors::Size;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::state::{Origin, SignIn, SignedIn, State};
use super::store::Key;
use crate::client::Access;
use crate::config::Algorithm;
use crate::oauth::{ClientCredentials, TokenSet};
use crate::secret::Secret;
use crate::token::Signed;

/// The largest part that is decompressed. Only what this library sealed is, so it guards against
/// mistakes, not attacks.
const MAX_READABLE_BYTES: usize = 1024 * 1024;

/// A state, with the time that it was kept and the time that it ends.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub state: Arc<State>,
    /// In Unix seconds.
    pub kept_at: i64,
    /// In Unix seconds.
    pub ends_at: i64,
    /// The key of the list that the session stands on, once somebody asked for it: those who use a
    /// session in memory do each time. None if it stands on no list.
    list: OnceLock<Option<Key>>,
}

/// How much of a session is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum SealContent {
    /// All of it.
    #[default]
    All,
    /// What the tokens say, without the tokens: the session can be asked, and not be refreshed.
    Claims,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    /// The length of `readable` before compression; 0 if it is not compressed.
    inflated: usize,
    readable: &'a [u8],
    secret: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct Readable<'a> {
    revision: u64,
    generation: u64,
    created_at: i64,
    kept_at: i64,
    ends_at: i64,
    restarted_at: Option<i64>,
    ended: Option<&'a str>,
    #[serde(borrow)]
    sign_ins: Vec<ReadableSignIn<'a>>,
    signed_in: Option<ReadableSignedIn<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ReadableSignIn<'a> {
    redirect_uri: &'a str,
    scope: &'a str,
    #[serde(borrow)]
    audience: Vec<&'a str>,
    return_to: Option<&'a str>,
    begun_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ReadableSignedIn<'a> {
    #[serde(borrow)]
    access: Option<ReadableToken<'a>>,
    id: Option<ReadableToken<'a>>,
    tokens: Option<ReadableTokens<'a>>,
    expires_at: Option<i64>,
    origin: ReadableOrigin<'a>,
    refreshed_in_vain: bool,
    sendings: u8,
}

/// A verified token.
#[derive(Serialize, Deserialize)]
struct ReadableToken<'a> {
    algorithm: Algorithm,
    at_jwt: bool,
    /// The header, if the token's text is made of it, the claims and a signature among the secrets;
    /// otherwise that text stands there as a whole.
    header: Option<&'a str>,
    claims: &'a str,
}

#[derive(Serialize, Deserialize)]
struct ReadableTokens<'a> {
    token_type: &'a str,
    scope: Option<&'a str>,
    expires_in: Option<i64>,
    expires_at: Option<i64>,
    received_at: i64,
}

#[derive(Serialize, Deserialize)]
enum ReadableOrigin<'a> {
    User {
        #[serde(borrow)]
        audience: Vec<&'a str>,
    },
    Machine {
        #[serde(borrow)]
        audience: Vec<&'a str>,
        scope: Option<&'a str>,
    },
}

#[derive(Serialize, Deserialize)]
struct Hidden<'a> {
    #[serde(borrow)]
    sign_ins: Vec<HiddenSignIn<'a>>,
    /// The access token, or its signature.
    access: &'a [u8],
    /// The ID token, or its signature.
    id: &'a [u8],
    refresh_token: Option<&'a str>,
    /// The nonce of the sign-in.
    nonce: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct HiddenSignIn<'a> {
    state: &'a str,
    nonce: &'a str,
    code_verifier: Option<&'a str>,
}

/// A token's header and signature, decoded. The signature is what makes the rest a secret.
struct Parts {
    header: String,
    signature: Zeroizing<Vec<u8>>,
}

impl Parts {
    /// None if the token could not be put together again letter by letter.
    fn of(token: &str, claims: &str) -> Option<Parts> {
        let (rest, signature) = token.rsplit_once('.')?;
        let (header, payload) = rest.split_once('.')?;
        let parts = Parts {
            header: String::from_utf8(URL_SAFE_NO_PAD.decode_to_vec(header).ok()?).ok()?,
            signature: Zeroizing::new(URL_SAFE_NO_PAD.decode_to_vec(signature).ok()?),
        };
        let again = Zeroizing::new(URL_SAFE_NO_PAD.encode_to_string(&*parts.signature));
        let is_same = *again == signature
            && URL_SAFE_NO_PAD.encode_to_string(&parts.header) == header
            && URL_SAFE_NO_PAD.encode_to_string(claims) == payload;
        is_same.then_some(parts)
    }
}

/// Room is made for all of it at once: a text that grows leaves copies behind.
fn put_together(header: &str, claims: &str, signature: &[u8]) -> String {
    let room: usize = [header.len(), claims.len(), signature.len()]
        .map(|length| URL_SAFE_NO_PAD.encoded_length(length) + 1)
        .iter()
        .sum();
    let mut token = String::with_capacity(room);
    URL_SAFE_NO_PAD.encode_append(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_append(claims, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_append(signature, &mut token);
    token
}

/// One verified token while it is written.
struct Written<'a> {
    signed: Option<&'a Signed>,
    text: Option<&'a str>,
    parts: Option<Parts>,
}

impl<'a> Written<'a> {
    fn new(signed: Option<&'a Signed>, token: Option<&'a Secret>) -> Written<'a> {
        let text = token.map(Secret::expose);
        Written {
            signed,
            text,
            parts: signed
                .zip(text)
                .and_then(|(signed, text)| Parts::of(text, signed.text())),
        }
    }

    fn readable(&self) -> Option<ReadableToken<'_>> {
        let signed = self.signed?;
        Some(ReadableToken {
            algorithm: signed.algorithm(),
            at_jwt: signed.at_jwt(),
            header: self.parts.as_ref().map(|parts| parts.header.as_str()),
            claims: signed.text(),
        })
    }

    fn hidden(&self) -> &[u8] {
        match &self.parts {
            Some(parts) => &parts.signature,
            None => self.text.unwrap_or_default().as_bytes(),
        }
    }
}

impl Kept {
    pub(super) fn new(state: Arc<State>, kept_at: i64, ends_at: i64) -> Kept {
        Kept {
            state,
            kept_at,
            ends_at,
            list: OnceLock::new(),
        }
    }

    /// The key of the list of the user's sessions, of which `make` makes it.
    pub(super) fn list(&self, make: impl FnOnce(&str) -> Key) -> Option<&Key> {
        let list = self.list.get_or_init(|| {
            let subject = self.state.subject();
            subject.map(|subject| make(&subject))
        });
        list.as_ref()
    }

    /// The bytes, which hold secrets.
    pub(super) fn encode(&self, content: SealContent) -> Zeroizing<Vec<u8>> {
        let state = &*self.state;
        let signed_in = state.signed_in.as_deref();
        let tokens = signed_in
            .and_then(|signed_in| signed_in.tokens.as_ref())
            .filter(|_| content == SealContent::All);
        let access = Written::new(
            signed_in.and_then(|signed_in| match &signed_in.access {
                Access::Jwt(signed) => Some(&**signed),
                Access::Opaque => None,
            }),
            tokens.map(|tokens| &tokens.access_token),
        );
        let id = Written::new(
            signed_in.and_then(|signed_in| signed_in.id.as_deref()),
            tokens.and_then(|tokens| tokens.id_token.as_ref()),
        );
        let readable = Readable {
            revision: state.revision,
            generation: state.generation,
            created_at: state.created_at,
            kept_at: self.kept_at,
            ends_at: self.ends_at,
            restarted_at: state.restarted_at,
            ended: state.ended.as_deref(),
            sign_ins: state.sign_ins.iter().map(|s| readable_sign_in(s)).collect(),
            signed_in: signed_in.map(|signed_in| ReadableSignedIn {
                access: access.readable(),
                id: id.readable(),
                tokens: tokens.map(readable_tokens),
                expires_at: signed_in.expires_at,
                origin: readable_origin(&signed_in.origin),
                refreshed_in_vain: signed_in.refreshed_in_vain,
                sendings: signed_in.sendings,
            }),
        };
        let secret = Hidden {
            sign_ins: state.sign_ins.iter().map(|s| hidden_sign_in(s)).collect(),
            access: access.hidden(),
            id: id.hidden(),
            refresh_token: tokens
                .and_then(|tokens| tokens.refresh_token.as_ref())
                .map(Secret::expose),
            nonce: match signed_in.map(|signed_in| &signed_in.origin) {
                Some(Origin::User { nonce, .. }) => nonce.as_deref(),
                _ => None,
            },
        };
        let readable = to_bytes(&readable);
        let compressed = compress(&readable);
        let secret = Zeroizing::new(to_bytes(&secret));
        let envelope = match &compressed {
            Some(compressed) => Envelope {
                inflated: readable.len(),
                readable: compressed,
                secret: &secret,
            },
            None => Envelope {
                inflated: 0,
                readable: &readable,
                secret: &secret,
            },
        };
        Zeroizing::new(to_bytes(&envelope))
    }

    /// What `encode` made. None if it is anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Kept> {
        let envelope: Envelope<'_> = postcard::from_bytes(bytes).ok()?;
        let inflated;
        let readable = match envelope.inflated {
            0 => envelope.readable,
            length => {
                inflated = decompress(envelope.readable, length)?;
                &inflated[..]
            }
        };
        let readable: Readable<'_> = postcard::from_bytes(readable).ok()?;
        let secret: Hidden<'_> = postcard::from_bytes(envelope.secret).ok()?;
        let sign_ins = readable.sign_ins.iter().zip(&secret.sign_ins);
        let state = State {
            revision: readable.revision,
            generation: readable.generation,
            created_at: readable.created_at,
            sign_ins: sign_ins
                .map(|(open, secret)| sign_in(open, secret))
                .collect(),
            signed_in: match &readable.signed_in {
                Some(open) => Some(Arc::new(signed_in(open, &secret)?)),
                None => None,
            },
            restarted_at: readable.restarted_at,
            ended: readable.ended.map(str::to_owned),
        };
        Some(Kept::new(
            Arc::new(state),
            readable.kept_at,
            readable.ends_at,
        ))
    }
}

/// Plain data in memory: there is nothing that the serialization could refuse. Room is made for all
/// of it at once, because bytes that grow leave copies behind, and for no more, because secret ones
/// are cleared to the end of their room.
fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    let room = postcard::serialize_with_flavor(value, Size::default()).unwrap_or_default();
    postcard::to_extend(value, Vec::with_capacity(room)).unwrap_or_default()
}

/// None if it does not become smaller.
fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut compressed = Vec::with_capacity(bytes.len());
    // The fastest level: what the others save beside it is not worth their time here.
    let status = Compress::new(Compression::fast(), false)
        .compress_vec(bytes, &mut compressed, FlushCompress::Finish)
        .ok()?;
    (status == Status::StreamEnd && compressed.len() < bytes.len()).then_some(compressed)
}

fn decompress(bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > MAX_READABLE_BYTES {
        return None;
    }
    let mut inflated = Vec::with_capacity(length);
    let status = Decompress::new(false)
        .decompress_vec(bytes, &mut inflated, FlushDecompress::Finish)
        .ok()?;
    (status == Status::StreamEnd && inflated.len() == length).then_some(inflated)
}

fn texts(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn readable_sign_in(sign_in: &SignIn) -> ReadableSignIn<'_> {
    ReadableSignIn {
        redirect_uri: &sign_in.redirect_uri,
        scope: &sign_in.scope,
        audience: texts(&sign_in.audience),
        return_to: sign_in.return_to.as_deref(),
        begun_at: sign_in.begun_at,
    }
}

fn hidden_sign_in(sign_in: &SignIn) -> HiddenSignIn<'_> {
    HiddenSignIn {
        state: sign_in.state.expose(),
        nonce: &sign_in.nonce,
        code_verifier: sign_in.code_verifier.as_ref().map(Secret::expose),
    }
}

fn sign_in(open: &ReadableSignIn<'_>, secret: &HiddenSignIn<'_>) -> Arc<SignIn> {
    Arc::new(SignIn {
        state: secret.state.into(),
        nonce: secret.nonce.to_owned(),
        code_verifier: secret.code_verifier.map(Secret::from),
        redirect_uri: open.redirect_uri.to_owned(),
        scope: open.scope.to_owned(),
        audience: owned(&open.audience),
        return_to: open.return_to.map(str::to_owned),
        begun_at: open.begun_at,
    })
}

fn readable_tokens(tokens: &TokenSet) -> ReadableTokens<'_> {
    ReadableTokens {
        token_type: &tokens.token_type,
        scope: tokens.scope.as_deref(),
        expires_in: tokens.expires_in,
        expires_at: tokens.expires_at,
        received_at: tokens.received_at,
    }
}

fn readable_origin(origin: &Origin) -> ReadableOrigin<'_> {
    match origin {
        Origin::User { audience, .. } => ReadableOrigin::User {
            audience: texts(audience),
        },
        Origin::Machine(credentials) => ReadableOrigin::Machine {
            audience: texts(&credentials.audience),
            scope: credentials.scope.as_deref(),
        },
    }
}

fn signed_in(open: &ReadableSignedIn<'_>, secret: &Hidden<'_>) -> Option<SignedIn> {
    let tokens = match &open.tokens {
        Some(tokens) => {
            let id_token = match secret.id {
                [] => None,
                hidden => Some(token_text(open.id.as_ref(), hidden)?),
            };
            let mut set = TokenSet::new(token_text(open.access.as_ref(), secret.access)?);
            set.id_token = id_token;
            set.refresh_token = secret.refresh_token.map(Secret::from);
            set.token_type = tokens.token_type.to_owned();
            set.scope = tokens.scope.map(str::to_owned);
            set.expires_in = tokens.expires_in;
            set.expires_at = tokens.expires_at;
            set.received_at = tokens.received_at;
            Some(set)
        }
        None => None,
    };
    Some(SignedIn {
        tokens,
        access: match &open.access {
            Some(token) => Access::Jwt(signed(token)?),
            None => Access::Opaque,
        },
        id: match &open.id {
            Some(token) => Some(signed(token)?),
            None => None,
        },
        expires_at: open.expires_at,
        origin: origin(&open.origin, secret),
        refreshed_in_vain: open.refreshed_in_vain,
        sendings: open.sendings,
    })
}

fn signed(token: &ReadableToken<'_>) -> Option<Arc<Signed>> {
    Signed::from_kept(token.claims.to_owned(), token.algorithm, token.at_jwt).ok()
}

fn token_text(open: Option<&ReadableToken<'_>>, hidden: &[u8]) -> Option<Secret> {
    let text = match open.and_then(|token| Some((token.header?, token.claims))) {
        Some((header, claims)) => put_together(header, claims, hidden),
        None => std::str::from_utf8(hidden).ok()?.to_owned(),
    };
    Some(Secret::new(text))
}

fn origin(open: &ReadableOrigin<'_>, secret: &Hidden<'_>) -> Origin {
    match open {
        ReadableOrigin::User { audience } => Origin::User {
            audience: owned(audience),
            nonce: secret.nonce.map(str::to_owned),
        },
        ReadableOrigin::Machine { audience, scope } => Origin::Machine(ClientCredentials {
            audience: owned(audience),
            scope: scope.map(str::to_owned),
        }),
    }
}
