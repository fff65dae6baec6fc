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
        } else if found != expected {
            let values = [("name", name), ("found", &*harmless(found)), ("expected", &**expected)];
            let is_same = name == "serial_no" && KeyId::new(found) == *expected.as_str();
            let text = if is_same { w::SIGN_SERIAL_WRITTEN } else { w::SIGN_MEMBER_DIFFERS };
            differences.push((true, screen.with(text, &values)));
        }
    }
    for (name, found) in
        [("timestamp", &theirs.timestamp), ("nonce_str", &theirs.nonce), ("signature", &theirs.signature)]
    {
        if found.is_empty() {
            differences.push((true, screen.with(w::SIGN_MEMBER_MISSING, &[("name", name)])));
        }
    }
    for name in &theirs.doubled {
        differences.push((true, screen.with(w::SIGN_DOUBLED, &[("name", name)])));
    }
    for name in &theirs.unquoted {
        differences.push((true, screen.with(w::SIGN_UNQUOTED, &[("name", name)])));
    }
    if theirs.milliseconds().is_some() {
        differences.push((true, screen.of(w::SIGN_IN_MILLISECONDS).to_owned()));
    }
    match theirs.seconds().parse::<i64>() {
        Ok(at) => {
            let away = at.saturating_sub(system::wall_ms() / 1000).saturating_abs();
            if away > WINDOW_S {
                differences.push((true, screen.with(w::SIGN_TIME_OFF, &[("seconds", &away.to_string())])));
            }
        }
        Err(_) if theirs.timestamp.is_empty() => {}
        Err(_) => differences.push((true, screen.of(w::SIGN_NO_TIME).to_owned())),
    }
    differences
}

/// Where the message that WeChat Pay verified differs from ours. It may be cut anywhere, so it is compared as far as it goes.
/// Time and nonce are compared where a header gave them: a new signature has its own.
pub fn rejected(
    screen: &Screen,
    answer: &[u8],
    request: &Request,
    has_header: bool,
) -> Result<Vec<Difference>, Failure> {
    let answer: Value =
        serde_json::from_slice(wxcoupon::json::bytes_without_mark(answer)).unwrap_or_default();
    // The answer of the library has WeChat Pay's in `wechat`.
    let details = [answer.pointer("/detail"), answer.pointer("/wechat/detail")];
    let told = details.into_iter().flatten().find_map(|detail| detail.get("sign_information"));
    let shown = told.and_then(|told| told.get("truncated_sign_message")?.as_str());
    let Some(shown) = shown else { return Err(Failure::misuse(screen, w::SIGN_ANSWER_WRONG, &[])) };
    let length = told.and_then(|told| told.get("sign_message_length")?.as_u64());
    let length = length.and_then(|length| usize::try_from(length).ok());
    let seen: Vec<&str> = shown.splitn(5, '\n').collect();
    let lines = [&request.method, &request.target, &request.timestamp, &request.nonce];
    let mut differences = Vec::new();
    for (at, ours) in lines.into_iter().enumerate().filter(|(at, _)| *at < 2 || has_header) {
        let Some(line) = seen.get(at) else { break };
        // The last one that is seen may go on.
        let is_same = if at + 1 < seen.len() { line == ours } else { ours.starts_with(line) };
        if !is_same {
            differences.push(line_differs(screen, at + 1, line, ours));
        }
    }
    let body = seen.get(4);
    if let Some(body) = body {
        let ours = String::from_utf8_lossy(&request.body);
        let body = body.strip_suffix('\n').unwrap_or(body);
        if !ours.starts_with(body) {
            differences.push(line_differs(screen, 5, body, &ours.chars().take(40).collect::<String>()));
        }
    }
    if differences.is_empty() {
        differences.push((false, screen.of(w::SIGN_PREFIX_SAME).to_owned()));
    }
    let Some(length) = length else { return Ok(differences) };
    let before_body = shown.len().saturating_sub(body.map_or(0, |body| body.len()));
    let (theirs, ours, text) = match body {
        // The line feed at the end is no part of the body.
        Some(_) => (length.saturating_sub(before_body + 1), request.body.len(), w::SIGN_BODY_LENGTH_DIFFERS),
        None => (length, request.message().len(), w::SIGN_LENGTH_DIFFERS),
    };
    if theirs == ours {
        differences.push((false, screen.of(w::SIGN_LENGTH_SAME).to_owned()));
    } else {
        let values = [("theirs", &*theirs.to_string()), ("ours", &*ours.to_string())];
        // Without a header the length of their nonce is not known.
        differences.push((body.is_some() || has_header, screen.with(text, &values)));
    }
    Ok(differences)
}

fn line_differs(screen: &Screen, line: usize, theirs: &str, ours: &str) -> Difference {
    let line = line.to_string();
    let values = [("line", &*line), ("theirs", &*harmless(theirs)), ("ours", &*harmless(ours))];
    (true, screen.with(w::SIGN_LINE_DIFFERS, &values))
}
