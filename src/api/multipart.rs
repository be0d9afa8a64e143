//! Bodies that carry files (RFC 7578).

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::error::Result;
use crate::http::Body;
use crate::oauth::random;

/// A file as callers give it: base64, or `{data, filename, content_type}` with base64 in `data`.
pub(super) struct FilePart<'a> {
    data: Vec<u8>,
    filename: &'a str,
    content_type: &'a str,
}

impl<'a> FilePart<'a> {
    /// Says what is wrong with it.
    pub(super) fn read(value: &'a Value) -> std::result::Result<FilePart<'a>, &'static str> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let data = value.as_str().or_else(|| text("data"));
        let data = data.ok_or("expected base64, or an object with base64 in data")?;
        let filename = text("filename").unwrap_or("file");
        let content_type = text("content_type").unwrap_or("application/octet-stream");
        let is_quotable = |text: &str| {
            !text.is_empty() && !text.chars().any(|c| c.is_control() || "\"\\".contains(c))
        };
        if !is_quotable(filename) || !is_quotable(content_type) {
            return Err("filename or content_type is empty or holds what a header cannot");
        }
        let data = STANDARD.decode_to_vec(data).map_err(|_| "is not base64")?;
        Ok(FilePart {
            data,
            filename,
            content_type,
        })
    }
}

/// A body of these members; texts stand as they are, `files` says which are files.
pub(super) fn body(members: &Map<String, Value>, is_file: impl Fn(&str) -> bool) -> Result<Body> {
    let boundary = URL_SAFE_NO_PAD.encode_to_string(random::bytes::<18>()?.as_slice());
    let mut parts = Zeroizing::new(Vec::new());
    for (name, value) in members {
        let name = name.replace(['"', '\r', '\n'], "_");
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        parts.extend_from_slice(head.as_bytes());
        match FilePart::read(value) {
            Ok(file) if is_file(&name) => {
                let head = format!(
                    "; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                    file.filename, file.content_type
                );
                parts.extend_from_slice(head.as_bytes());
                parts.extend_from_slice(&file.data);
            }
            _ => {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                parts.extend_from_slice(format!("\r\n\r\n{text}").as_bytes());
            }
        }
        parts.extend_from_slice(b"\r\n");
    }
    parts.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Body::Multipart { boundary, parts })
}
