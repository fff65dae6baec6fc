//! What a signature was made over: the hash that is inside it, and texts that callers sign by mistake.

use std::fmt::Write as _;
use std::io;

use openssl::base64::decode_block;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use openssl::sha::sha256;
use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Value, to_vec, to_vec_pretty};

use crate::http::request::decode;

/// Bytes of a signature of a 2048-bit key.
const SIGNATURE: usize = 256;
/// What stands before the hash in a signature, and whose hash it is.
const PREFIXES: [(&str, &[u8]); 3] = [
    (
        "SHA-256",
        &[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20],
    ),
    ("SHA-1", &[0x30, 0x21, 0x30, 0x09, 0x06, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14]),
    ("MD5", &[0x30, 0x20, 0x30, 0x0c, 0x06, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5, 5, 0, 4, 0x10]),
];

/// What a signature shows to whoever has the public key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    NotBase64,
    WrongLength(usize),
    /// It was not made with the private key that belongs to this public key.
    OtherKey,
    /// The name of the hash, and its digits.
    Hash(&'static str, String),
}

pub(super) fn open(signature: &str, key: &PKey<Public>) -> Opened {
    // OpenSSL's decoder would pass over white space.
    let Some(bytes) =
        decode_block(signature).ok().filter(|_| signature.bytes().all(|b| b.is_ascii_graphic()))
    else {
        return Opened::NotBase64;
    };
    if bytes.len() != SIGNATURE {
        return Opened::WrongLength(bytes.len());
    }
    let mut inside = vec![0; SIGNATURE];
    let opened = key.rsa().and_then(|rsa| rsa.public_decrypt(&bytes, &mut inside, Padding::PKCS1));
    let inside = opened.ok().and_then(|length| inside.get(..length)).unwrap_or_default();
    let found = PREFIXES.iter().find_map(|(name, prefix)| Some((*name, inside.strip_prefix(*prefix)?)));
    found.map_or(Opened::OtherKey, |(name, hash)| Opened::Hash(name, hex(hash)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The parts of the five lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) nonce: &'a str,
    pub(super) body: &'a [u8],
    /// The header `Host`.
    pub(super) host: &'a str,
}

impl Parts<'_> {
    /// The five lines as they must be signed.
    pub(super) fn message(&self) -> Vec<u8> {
        let Self { method, target, timestamp, nonce, body, .. } = self;
        lines(&[method.as_bytes(), target.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), body])
    }

    /// The mistake that leads to a text with this SHA-256, if it is a known one.
    pub(super) fn mistake(&self, signed: &str) -> Option<&'static str> {
        self.mistakes().into_iter().find(|(_, text)| hex(&sha256(text)) == signed).map(|(name, _)| name)
    }

    fn mistakes(&self) -> Vec<(&'static str, Vec<u8>)> {
        let Self { method, target, timestamp, nonce, body, host } = self;
        let right = self.message();
        let with_target = |target: &str| Parts { target, ..*self }.message();
        let with_body = |body: &[u8]| Parts { body, ..*self }.message();
        let path = target.split('?').next().unwrap_or_default();
        let mut ended = body.to_vec();
        ended.push(b'\n');
        let lower = method.to_ascii_lowercase();
        let parts: [&[u8]; 5] =
            [method.as_bytes(), target.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), body];
        let mut mistakes = vec![
            ("no_last_newline", right.strip_suffix(b"\n").unwrap_or(&right).to_vec()),
            ("crlf", parts.join(&b"\r\n"[..]).into_iter().chain(*b"\r\n").collect()),
            ("no_newlines", parts.concat()),
            ("empty_body", with_body(b"")),
            ("path_only", with_target(path)),
            ("decoded_target", with_target(&decode(target))),
            ("no_slash", with_target(target.trim_start_matches('/'))),
            ("whole_url", with_target(&format!("https://{host}{target}"))),
            ("whole_url", with_target(&format!("http://{host}{target}"))),
            ("lower_method", Parts { method: &lower, ..*self }.message()),
            ("body_with_newline", with_body(&ended)),
            ("body_trimmed", with_body(body.trim_ascii())),
            ("nonce_first", Parts { timestamp: nonce, nonce: timestamp, ..*self }.message()),
            ("three_lines", lines(&[timestamp.as_bytes(), nonce.as_bytes(), body])),
            ("body_alone", body.to_vec()),
        ];
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            mistakes.extend(forms(&value).into_iter().map(|form| ("body_written_anew", with_body(&form))));
        }
        mistakes
    }
}

fn lines(parts: &[&[u8]]) -> Vec<u8> {
    let mut text = parts.join(&b"\n"[..]);
    text.push(b'\n');
    text
}

/// Other ways in which JSON libraries write the same value.
fn forms(value: &Value) -> Vec<Vec<u8>> {
    let mut spaced = Vec::new();
    let _ = value.serialize(&mut Serializer::with_formatter(&mut spaced, Spaced));
    let sorted: Value = value
        .as_object()
        .map(|members| {
            let mut members: Vec<_> = members.clone().into_iter().collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        })
        .unwrap_or_default();
    let plain = [to_vec(value), to_vec_pretty(value), to_vec(&sorted)].into_iter().flatten();
    let mut forms: Vec<Vec<u8>> = plain.collect();
    forms.extend([escaped(&spaced), spaced]);
    let compact = forms.first().map(|form| escaped(form));
    forms.extend(compact);
    forms
}

/// Letters beyond ASCII as `\u….`, as Python writes them.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = String::new();
    for letter in String::from_utf8_lossy(text).chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped.into_bytes()
}

/// A space after each comma and colon, as Python writes JSON.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: Parts<'_> = Parts {
        method: "POST",
        target: "/v3/x%20y?a=1",
        timestamp: "1754193600",
        nonce: "NONCE",
        body: "{\"b\":\"券\",\"a\":[1,2]}".as_bytes(),
        host: "127.0.0.1:1",
    };

    fn mistake(text: &str) -> Option<&'static str> {
        PARTS.mistake(&hex(&sha256(text.as_bytes())))
    }

    #[test]
    fn known_mistakes_are_named() {
        let body = "{\"b\":\"券\",\"a\":[1,2]}";
        let head = "POST\n/v3/x%20y?a=1\n1754193600\nNONCE\n";
        let told = [
            (format!("{head}{body}"), "no_last_newline"),
            (format!("{head}\n"), "empty_body"),
            (format!("{head}{body}\n\n"), "body_with_newline"),
            (format!("POST\n/v3/x%20y\n1754193600\nNONCE\n{body}\n"), "path_only"),
            (format!("POST\n/v3/x y?a=1\n1754193600\nNONCE\n{body}\n"), "decoded_target"),
            (format!("POST\nhttps://127.0.0.1:1/v3/x%20y?a=1\n1754193600\nNONCE\n{body}\n"), "whole_url"),
            (format!("post\n/v3/x%20y?a=1\n1754193600\nNONCE\n{body}\n"), "lower_method"),
            (format!("POST\n/v3/x%20y?a=1\nNONCE\n1754193600\n{body}\n"), "nonce_first"),
            (format!("1754193600\nNONCE\n{body}\n"), "three_lines"),
            (format!("{head}{{\"b\": \"券\", \"a\": [1, 2]}}\n"), "body_written_anew"),
            (format!("{head}{{\"b\": \"\\u5238\", \"a\": [1, 2]}}\n"), "body_written_anew"),
            (format!("{head}{{\"a\":[1,2],\"b\":\"券\"}}\n"), "body_written_anew"),
        ];
        for (text, expected) in told {
            assert_eq!(mistake(&text), Some(expected), "{text}");
        }
        assert_eq!(mistake("something else"), None);
    }
}
