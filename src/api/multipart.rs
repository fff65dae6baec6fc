//! The body of an upload: `multipart/form-data` with a signed part `meta` and the file itself.

use super::check;
use crate::error::{Error, Result};
use crate::redact::Quoted;
use crate::status::Code;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The documentation says "at most 2 MB". This is the larger of the two meanings of MB.
const LARGEST: u64 = 2 * 1024 * 1024;

/// What a request needs to know of its multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    /// `Content-Type`, boundary included.
    pub content_type: String,
    /// The text of `meta`, which is the signed part.
    pub signed: Vec<u8>,
}

/// The body for a file on this machine. If the caller gives no `filename`, it is the file's own name. Unknown members go into
/// `meta`.
pub(super) fn build(
    members: &Map<String, Value>,
    mut meta: Map<String, Value>,
) -> Result<(Vec<u8>, Multipart)> {
    let path = Path::new(members.get("file").and_then(Value::as_str).unwrap_or_default());
    let content = read(path)?;
    let kind = kind(&content)?;
    if !meta.contains_key("filename") {
        meta.insert("filename".into(), Value::String(own_name(path, kind)));
    }
    let digest = crate::hex::upper(&Sha256::digest(&content)).to_ascii_lowercase();
    meta.insert("sha256".into(), Value::String(digest.clone()));
    let filename = meta.get("filename").and_then(Value::as_str).unwrap_or_default().to_owned();
    let signed = Value::Object(meta).to_string().into_bytes();
    // No file can contain its own digest.
    let boundary = format!("wxcoupon{}", digest.chars().take(32).collect::<String>());

    let mut body = Vec::with_capacity(content.len() + 1024);
    body.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"meta\"\r\n\
             Content-Type: application/json\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(&signed);
    body.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{filename}\"\r\nContent-Type: {kind}\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(&content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok((body, Multipart { content_type: format!("multipart/form-data; boundary={boundary}"), signed }))
}

fn wrong(message: String) -> Error {
    Error::at(Code::Request, "/file", message)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    crate::file::read_whole(path, LARGEST)
        .map_err(|why| wrong(format!("cannot read {}: {why}", Quoted(&path.to_string_lossy()))))
}

/// The file's own name if it may be in a header line, and otherwise a general one.
fn own_name(path: &Path, kind: &str) -> String {
    let own = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if check::is_image_name(own) {
        return own.to_owned();
    }
    if kind == "image/png" { "image.png".into() } else { "image.jpg".into() }
}

fn kind(content: &[u8]) -> Result<&'static str> {
    match content {
        [0xFF, 0xD8, 0xFF, ..] => Ok("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok("image/png"),
        _ => Err(wrong("the file is neither JPG nor PNG".into())),
    }
}
