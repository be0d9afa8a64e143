//! Errors of the way to Kinde, in words that name the host and the remedy and nothing secret.

use std::error::Error as StdError;
use std::io;

use super::{Peer, tls};
use crate::error::{Error, Status};

/// Why no answer came.
pub(super) fn of_request(error: &reqwest::Error, peer: &Peer) -> Error {
    if let Some(failed) = find::<rustls::Error>(error) {
        return Error::new(Status::Tls, tls::reason(failed, peer));
    }
    if error.is_timeout() {
        return Error::new(
            Status::Timeout,
            format!("connecting to {peer} took longer than connect_timeout_ms allows"),
        );
    }
    if error.is_dns() {
        return network(format!("the name of {peer} could not be resolved"));
    }
    if error.is_connect() {
        let way = match peer.through_proxy {
            true => " through the proxy",
            false => "",
        };
        return network(match find::<io::Error>(error) {
            Some(cause) => format!("{peer} could not be reached{way}: {}", cause.kind()),
            None => format!("{peer} could not be reached{way}"),
        });
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return Error::new(
            Status::MalformedResponse,
            format!("{peer} did not answer in HTTP"),
        );
    }
    network(format!(
        "the connection to {peer} was lost before it answered"
    ))
}

/// Why an answer ended early.
pub(super) fn of_body(error: &reqwest::Error, peer: &Peer, status: u16) -> Error {
    let broken = if find::<hyper::Error>(error).is_some() {
        network(format!(
            "the connection to {peer} was lost during its answer"
        ))
    } else {
        Error::new(
            Status::MalformedResponse,
            format!("the answer of {peer} could not be decompressed"),
        )
    };
    broken.with_http_status(status)
}

pub(super) fn deadline(peer: &Peer) -> Error {
    Error::new(
        Status::Timeout,
        format!("{peer} did not answer within the time that timeout_ms allows"),
    )
}

pub(super) fn too_large(peer: &Peer, limit: usize, status: u16) -> Error {
    Error::new(
        Status::ResponseTooLarge,
        format!("the answer of {peer} is larger than max_response_bytes allows ({limit})"),
    )
    .with_http_status(status)
}

fn network(message: String) -> Error {
    Error::new(Status::Network, message)
}

/// The first error of type `E` among the causes.
pub(crate) fn find<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        // An io::Error leaves out the error that it wraps when it is asked for its source.
        let wrapped = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(wrapped) = wrapped {
            next = Some(wrapped);
        } else {
            next = current.source();
        }
    }
    None
}
