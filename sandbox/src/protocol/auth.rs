//! Checks a request's signature and headers.

use openssl::base64::decode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::sign::Verifier;
use serde_json::json;

use crate::crypto::keys::KeySet;
use crate::http::request::Request;
use crate::mode::Mode;
use crate::refusal::{Reason, Refusal};
use crate::text::{Said, Text};

/// How far a request's timestamp may be off.
pub(super) const TOLERANCE_S: i64 = 300;

/// The members of an `Authorization` header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    /// `mchid` or `brand_id`.
    pub(super) identity: &'a str,
    pub(super) nonce: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) serial: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn parse(text: &'a str, mode: Mode) -> Result<Self, Unreadable> {
        let (scheme, members) = text.split_once(' ').ok_or(Unreadable::NoMembers)?;
        if scheme != mode.scheme() {
            return Err(Unreadable::OtherScheme);
        }
        let mut parsed = Self::default();
        for member in members.split(',') {
            let (name, value) = member.trim().split_once('=').ok_or(Unreadable::NoValue)?;
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .ok_or(Unreadable::NoQuotes)?;
            let slot = match name {
                _ if name == mode.identity_member() => &mut parsed.identity,
                "nonce_str" => &mut parsed.nonce,
                "timestamp" => &mut parsed.timestamp,
                "serial_no" => &mut parsed.serial,
                "signature" => &mut parsed.signature,
                _ => return Err(Unreadable::UnknownMember),
            };
            if !slot.is_empty() {
                return Err(Unreadable::Twice);
            }
            *slot = value;
        }
        Ok(parsed)
    }
}

/// What is wrong with an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    NoMembers,
    OtherScheme,
    NoValue,
    NoQuotes,
    UnknownMember,
    Twice,
}

impl Unreadable {
    /// As the console's words have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NoMembers => "no_members",
            Self::OtherScheme => "other_scheme",
            Self::NoValue => "no_value",
            Self::NoQuotes => "no_quotes",
            Self::UnknownMember => "unknown_member",
            Self::Twice => "member_twice",
        }
    }

    fn issue(self, mode: Mode) -> Text {
        let said: Said = match self {
            Self::NoMembers => ("no members", "没有字段"),
            Self::OtherScheme => {
                let scheme = mode.scheme();
                return Text::new(format!("scheme is not {scheme}"), format!("认证类型不是 {scheme}"));
            }
            Self::NoValue => ("a member has no value", "有字段没有值"),
            Self::NoQuotes => ("a value is not in double quotes", "有值没有用双引号括起来"),
            Self::UnknownMember => ("unknown member", "有未知字段"),
            Self::Twice => ("a member appears twice", "有字段重复出现"),
        };
        said.into()
    }
}

/// Whether the caller signed this request; `body` is what counts as its
/// body, `now` is the sandbox's time.
pub(crate) fn check_signature(
    request: &Request,
    body: &[u8],
    mode: Mode,
    keys: &KeySet,
    now: i64,
) -> Result<(), Refusal> {
    let refuse = |field: &str, issue: Said| Err(refusal(request, field, issue.into(), None));
    let (serial, key) = keys.caller(mode);
    let Some(header) = request.header("authorization") else {
        return refuse("Authorization", ("header is missing", "缺少请求头"));
    };
    let authorization = match Authorization::parse(header, mode) {
        Ok(authorization) => authorization,
        Err(unreadable) => return Err(refusal(request, "Authorization", unreadable.issue(mode), None)),
    };
    if authorization.identity != mode.identity() {
        return refuse(mode.identity_member(), ("nobody is called so", "没有这个商户或品牌"));
    }
    if authorization.serial != serial {
        return refuse(
            "serial_no",
            ("not the serial number of the caller's API certificate", "不是调用方 API 证书的序列号"),
        );
    }
    if authorization.nonce.is_empty() {
        return refuse("nonce_str", ("is missing or empty", "缺失或为空"));
    }
    let Ok(timestamp) = authorization.timestamp.parse::<i64>() else {
        return refuse("timestamp", ("not a decimal number of seconds", "不是十进制的秒数"));
    };
    let off = now.saturating_sub(timestamp);
    if off.abs() > TOLERANCE_S {
        let issue = Text::new(
            format!("server's clock minus timestamp is {off} s; at most {TOLERANCE_S} s are allowed"),
            format!("服务器时钟减去 timestamp 为 {off} 秒，最多允许 {TOLERANCE_S} 秒"),
        );
        return Err(refusal(request, "timestamp", issue, None));
    }
    let message = message(request, body, authorization.timestamp, authorization.nonce);
    if verify(key, authorization.signature, &message) {
        Ok(())
    } else {
        Err(refusal(request, "signature", Text::new("sign not match", "签名不匹配"), Some(&message)))
    }
}

/// The five lines that are signed.
fn message(request: &Request, body: &[u8], timestamp: &str, nonce: &str) -> Vec<u8> {
    let mut message = format!("{}\n{}\n{timestamp}\n{nonce}\n", request.method, request.target).into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

fn verify(key: &PKey<Public>, signature: &str, message: &[u8]) -> bool {
    // 256 bytes in Base64; OpenSSL's decoder would pass over white space.
    if signature.len() != 344 || !signature.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    let Ok(signature) = decode_block(signature) else {
        return false;
    };
    Verifier::new(MessageDigest::sha256(), key)
        .and_then(|mut verifier| verifier.verify_oneshot(&signature, message))
        .unwrap_or(false)
}

/// `SIGN_ERROR` with what helps to find the mistake.
fn refusal(request: &Request, field: &str, issue: Text, message: Option<&[u8]>) -> Refusal {
    let mut detail = json!({ "field": field, "issue": issue.english(), "location": "authorization" });
    if let (Some(message), Some(members)) = (message, detail.as_object_mut()) {
        let shown = String::from_utf8_lossy(message.get(..120).unwrap_or(message)).into_owned();
        members.insert(
            "sign_information".to_owned(),
            json!({
                "method": request.method,
                "url": request.target,
                "truncated_sign_message": shown,
                "sign_message_length": message.len(),
            }),
        );
    }
    Refusal { reason: Reason::Signature, detail: Some(detail), issue: Some(Box::new(issue)) }
}

/// The headers every request must have; `is_form`: its body was understood
/// as a form with files.
pub(crate) fn check_headers(
    request: &Request,
    is_form: bool,
    mode: Mode,
    keys: &KeySet,
) -> Result<(), Refusal> {
    let refuse = |header: &str, issue: Said| {
        Err(Refusal::about(Reason::HttpRules, header, &json!(request.header(header)), issue, "header"))
    };
    match request.header("accept") {
        None => return refuse("Accept", ("header is missing", "缺少请求头")),
        Some(accept) if !(accept.contains("application/json") || accept.contains("*/*")) => {
            return refuse("Accept", ("must allow application/json", "应允许 application/json"));
        }
        Some(_) => {}
    }
    if request.header("user-agent").is_none_or(str::is_empty) {
        return refuse("User-Agent", ("header is missing or empty", "请求头缺失或为空"));
    }
    let has_body = !request.body.is_empty() || request.method != "GET";
    if has_body && !is_form && !request.header("content-type").is_some_and(is_json) {
        return refuse("Content-Type", ("must be application/json", "应为 application/json"));
    }
    if mode == Mode::Brand && request.header("wechatpay-serial") != Some(&keys.wechatpay_id) {
        return refuse(
            "Wechatpay-Serial",
            ("must be the brand's WeChat Pay public key id", "应为该品牌的微信支付公钥 ID"),
        );
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    kind.eq_ignore_ascii_case("application/json")
        && parts.all(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_may_come_in_any_order() {
        let text = r#"WECHATPAY2-SHA256-RSA2048 signature="c2ln==",timestamp="1", serial_no="AB",nonce_str="n",mchid="1""#;
        let expected =
            Authorization { identity: "1", nonce: "n", timestamp: "1", serial: "AB", signature: "c2ln==" };
        assert_eq!(Authorization::parse(text, Mode::Partner), Ok(expected));
        assert!(Authorization::parse(text, Mode::Brand).is_err());
    }

    #[test]
    fn odd_headers_are_refused() {
        for text in [
            "",
            "WECHATPAY2-SHA256-RSA2048",
            r#"WECHATPAY2-SM2-WITH-SM3 mchid="1""#,
            "WECHATPAY2-SHA256-RSA2048 mchid=1",
            r#"WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="2""#,
            r#"WECHATPAY2-SHA256-RSA2048 colour="red""#,
            r#"WECHATPAY2-SHA256-RSA2048 brand_id="1""#,
        ] {
            assert!(Authorization::parse(text, Mode::Partner).is_err(), "{text}");
        }
    }

    #[test]
    fn json_content_types() {
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=UTF-8"));
        assert!(!is_json("text/plain"));
        assert!(!is_json("application/json; charset=gbk"));
    }
}
