//! Signatures of API version 2, over the members of a flat XML document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::hex;

/// Members by name, in the order of their bytes.
pub(crate) type Members = BTreeMap<String, String>;

/// How a document is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignType {
    Md5,
    HmacSha256,
}

/// The value of `sign` over all other members that are not empty.
pub(crate) fn sign(members: &Members, key: &str, sign_type: SignType) -> Result<String, ErrorStack> {
    let mut text = String::new();
    for (name, value) in members.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()) {
        let _ = write!(text, "{name}={value}&");
    }
    text.push_str("key=");
    text.push_str(key);
    let digest = match sign_type {
        SignType::Md5 => hash(MessageDigest::md5(), text.as_bytes())?.to_vec(),
        SignType::HmacSha256 => {
            let key = PKey::hmac(key.as_bytes())?;
            Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(text.as_bytes())?
        }
    };
    Ok(hex::upper(&digest))
}

/// Whether `sign` is right.
pub(crate) fn is_signed(members: &Members, key: &str, sign_type: SignType) -> bool {
    let given = members.get("sign").map_or("", String::as_str);
    let right = sign(members, key, sign_type).unwrap_or_default();
    given.len() == right.len() && memcmp::eq(given.as_bytes(), right.as_bytes())
}

/// Writes a document. Texts go into CDATA, as WeChat Pay writes them.
pub(crate) fn write(members: &Members) -> Vec<u8> {
    let mut text = String::from("<xml>");
    for (name, value) in members {
        let _ = writeln!(text, "<{name}><![CDATA[{}]]></{name}>", value.replace("]]>", ""));
    }
    text.push_str("</xml>");
    text.into_bytes()
}

/// Reads a flat document: one element `xml`, in it elements with texts.
pub(crate) fn read(body: &[u8]) -> Option<Members> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let mut rest = text.strip_prefix("<xml>")?.strip_suffix("</xml>")?.trim_start();
    let mut members = Members::new();
    while let Some(inner) = rest.strip_prefix('<') {
        let (name, inner) = inner.split_once('>')?;
        let (value, after) = if let Some(data) = inner.strip_prefix("<![CDATA[") {
            data.split_once("]]>").map(|(value, after)| (value.to_owned(), after))?
        } else {
            let (value, after) = inner.split_at(inner.find('<')?);
            (unescape(value)?, after)
        };
        let after = after.strip_prefix(&format!("</{name}>"))?;
        members.insert(name.to_owned(), value);
        rest = after.trim_start();
    }
    rest.is_empty().then_some(members)
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';')?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of the general rules of version 2 (chapter 4.3, 2024-12-11).
    #[test]
    fn the_official_sample_has_the_printed_signs() {
        let members: Members = [
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
            ("empty", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let key = "192006250b4c09247ec02edce69f6a2d";
        assert_eq!(sign(&members, key, SignType::Md5).unwrap(), "9A0A8659F005D6984697E2CA0A9CF3B7");
        assert_eq!(
            sign(&members, key, SignType::HmacSha256).unwrap(),
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
        );
    }

    #[test]
    fn what_is_written_is_read_and_nothing_odd_is() {
        let members: Members =
            [("a".to_owned(), "1 & <2>".to_owned()), ("b".to_owned(), String::new())].into();
        assert_eq!(read(&write(&members)), Some(members));
        assert_eq!(
            read(b"<xml><a>x&amp;y</a> <b><![CDATA[<&>]]></b></xml>").unwrap(),
            [("a".to_owned(), "x&y".to_owned()), ("b".to_owned(), "<&>".to_owned())].into()
        );
        for odd in ["", "<xml>", "<xml><a>1</b></xml>", "<xml><a>&x;</a></xml>", "<!DOCTYPE x><xml></xml>"] {
            assert_eq!(read(odd.as_bytes()), None, "{odd}");
        }
    }
}
