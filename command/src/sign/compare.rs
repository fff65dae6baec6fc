//! A header or a rejecting answer beside what is right.
//!
//! WeChat Pay's answer `SIGN_ERROR` says in `detail.sign_information` what it verified: `method`, `url`,
//! `truncated_sign_message` with the body cut short, and `sign_message_length`, the length of the whole in bytes (common
//! questions about signatures in WeChat Pay's developer documentation; seen in answers that users of SDKs have published).

use super::header::Header;
use super::{Request, mistakes::Difference};
use crate::failure::Failure;
use crate::screen::{Screen, harmless};
use crate::texts::words as w;
use serde_json::Value;
use wxcoupon::system;
use wxcoupon::wire::serial::KeyId;

/// WeChat Pay refuses signatures that are further away.
const WINDOW_S: i64 = 300;

/// What differs besides the signature.
pub fn headers(screen: &Screen, theirs: &Header, own: &Header) -> Vec<Difference> {
    let mut differences = Vec::new();
    if theirs.scheme != own.scheme {
        let values = [("found", &*harmless(&theirs.scheme)), ("expected", &*own.scheme)];
        differences.push((true, screen.with(w::SIGN_SCHEME, &values)));
    }
    let id = if own.scheme.contains("BRAND") { "brand_id" } else { "mchid" };
    for (name, found, expected) in [(id, &theirs.id, &own.id), ("serial_no", &theirs.serial, &own.serial)] {
        if found.is_empty() {
            differences.push((true, screen.with(w::SIGN_MEMBER_MISSING, &[("name", name)])));
        } else if KeyId::new(found) != *expected.as_str() {
            let values = [("name", name), ("found", &harmless(found)), ("expected", expected)];
            differences.push((true, screen.with(w::SIGN_MEMBER_DIFFERS, &values)));
        }
    }
    for (name, found) in
        [("timestamp", &theirs.timestamp), ("nonce_str", &theirs.nonce), ("signature", &theirs.signature)]
    {
        if found.is_empty() {
            differences.push((true, screen.with(w::SIGN_MEMBER_MISSING, &[("name", name)])));
        }
    }
    if let Ok(at) = theirs.seconds().parse::<i64>() {
        let away = at.saturating_sub(system::wall_ms() / 1000).saturating_abs();
        if away > WINDOW_S {
            // It may be looked at long after it was sent, so this alone is no mistake.
            differences.push((false, screen.with(w::SIGN_TIME_OFF, &[("seconds", &away.to_string())])));
        }
    }
    differences
}

/// Where the message that WeChat Pay verified differs from ours. Time and nonce are those of the answer, unless a header gave
/// them.
pub fn rejected(screen: &Screen, answer: &[u8], request: &Request) -> Result<Vec<Difference>, Failure> {
    let answer: Value =
        serde_json::from_slice(wxcoupon::json::bytes_without_mark(answer)).unwrap_or_default();
    // The answer of the library has WeChat Pay's in `wechat`.
    let details = [answer.pointer("/detail"), answer.pointer("/wechat/detail")];
    let told = details.into_iter().flatten().find_map(|detail| detail.get("sign_information"));
    let shown = told.and_then(|told| told.get("truncated_sign_message")?.as_str());
    let Some(shown) = shown else { return Err(Failure::misuse(screen, w::SIGN_ANSWER_WRONG, &[])) };
    let length = told.and_then(|told| told.get("sign_message_length")?.as_u64());
    let mut theirs = shown.splitn(5, '\n');
    let mut differences = Vec::new();
    let lines = [&request.method, &request.target, &request.timestamp, &request.nonce];
    let (mut ours_length, mut theirs_length) = (request.message().len(), 0);
    for (at, ours) in lines.into_iter().enumerate() {
        let line = theirs.next().unwrap_or_default();
        theirs_length += line.len() + 1;
        // A new signature has a time and a nonce of its own.
        if line != ours && at < 2 {
            let at = (at + 1).to_string();
            let values = [("line", &*at), ("theirs", &*harmless(line)), ("ours", &**ours)];
            differences.push((true, screen.with(w::SIGN_LINE_DIFFERS, &values)));
        }
    }
    // Lengths without the first four lines.
    ours_length -= lines.iter().map(|line| line.len() + 1).sum::<usize>();
    let body = theirs.next().unwrap_or_default();
    let body = body.strip_suffix('\n').unwrap_or(body);
    let ours = String::from_utf8_lossy(&request.body);
    if !ours.starts_with(body) {
        let values = [
            ("line", "5"),
            ("theirs", &*harmless(body)),
            ("ours", &*harmless(&ours.chars().take(40).collect::<String>())),
        ];
        differences.push((true, screen.with(w::SIGN_LINE_DIFFERS, &values)));
    }
    if differences.is_empty() {
        differences.push((false, screen.of(w::SIGN_PREFIX_SAME).to_owned()));
    }
    let theirs = length
        .and_then(|length| usize::try_from(length).ok())
        .map(|length| length.saturating_sub(theirs_length));
    match theirs {
        Some(theirs) if theirs != ours_length => {
            let values = [("theirs", &*theirs.to_string()), ("ours", &*ours_length.to_string())];
            differences.push((true, screen.with(w::SIGN_LENGTH_DIFFERS, &values)));
        }
        Some(_) => differences.push((false, screen.of(w::SIGN_LENGTH_SAME).to_owned())),
        None => {}
    }
    Ok(differences)
}
