//! Which usual mistake a rejected signature was made with: each is tried, and the public key tells which fits.

use super::Request;
use super::header::Header;
use crate::screen::Screen;
use crate::texts::{lists, words as w};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use wxcoupon::config::Config;

/// Whether it is a mistake, and the line that tells it.
pub type Difference = (bool, String);

/// What the signature was made over.
pub fn explain(screen: &Screen, config: &Config, request: &Request, theirs: &Header) -> Difference {
    let Some(signature) = decoded(&theirs.signature) else {
        return (true, screen.of(w::SIGN_NOT_BASE64).to_owned());
    };
    let key = config.authorizer.key().public();
    let verifies = |message: &[u8]| key.verifier().verifies(message, &signature);
    if verifies(&request.message()) && request.timestamp == theirs.timestamp {
        return (false, screen.of(w::SIGN_SAME).to_owned());
    }
    let found = candidates(request, theirs, config).into_iter().find(|(_, message)| verifies(message));
    let what = found.and_then(|(name, _)| lists::mistake(name)).map(|what| screen.of(what));
    match what {
        Some(what) => (true, screen.with(w::SIGN_DIFFERS, &[("what", what)])),
        None => (true, screen.of(w::SIGN_UNEXPLAINED).to_owned()),
    }
}

fn candidates(request: &Request, theirs: &Header, config: &Config) -> Vec<(&'static str, Vec<u8>)> {
    let Request { method, target, timestamp, nonce, body } = request;
    let lines = |lines: &[&[u8]]| lines.iter().flat_map(|line| [*line, b"\n"]).collect::<Vec<_>>().concat();
    let [method, target, time, nonce] = [method, target, timestamp, nonce].map(String::as_bytes);
    let with_target = |target: &str| lines(&[method, target.as_bytes(), time, nonce, body]);
    let with_body = |body: &[u8]| lines(&[method, target, time, nonce, body]);
    let without_end = |mut message: Vec<u8>| {
        message.pop();
        message
    };
    let path = request.target.split('?').next().unwrap_or_default();
    let decoded = percent_decoded(&request.target);
    let lower = request.method.to_ascii_lowercase();
    let compact =
        serde_json::from_slice::<serde_json::Value>(body).map(|body| body.to_string()).unwrap_or_default();
    let crlf: Vec<u8> =
        [method, target, time, nonce, body].iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
    let mut candidates = vec![
        ("no_last_line_feed", without_end(with_body(body))),
        ("no_body", with_body(b"")),
        ("no_body", lines(&[method, target, time, nonce])),
        ("no_body", without_end(lines(&[method, target, time, nonce]))),
        ("body_not_sent", with_body(b"{}")),
        ("body_not_sent", with_body(b"null")),
        ("compact_body", with_body(compact.as_bytes())),
        ("body_and_line_feed", with_body(&[body, &b"\n"[..]].concat())),
        ("body_trimmed", with_body(body.trim_ascii())),
        ("no_query", with_target(path)),
        ("decoded_target", with_target(&decoded)),
        ("no_slash", with_target(request.target.trim_start_matches('/'))),
        ("lower_case_method", lines(&[lower.as_bytes(), target, time, nonce, body])),
        ("milliseconds", lines(&[method, target, theirs.timestamp.as_bytes(), nonce, body])),
        ("carriage_returns", crlf),
        ("time_first", lines(&[time, nonce, method, target, body])),
        ("like_an_answer", lines(&[time, nonce, body])),
    ];
    for host in &config.hosts {
        candidates.push(("whole_url", with_target(&format!("{}{}", host.origin, request.target))));
    }
    candidates
}

fn percent_decoded(target: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = target.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Base64, with or without padding, also with the alphabet of URLs.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let any_padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [&alphabet::STANDARD, &alphabet::URL_SAFE];
    let mut read =
        alphabets.iter().filter_map(|alphabet| GeneralPurpose::new(alphabet, any_padding).decode(text).ok());
    read.next().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(decoded("TWFu").unwrap(), b"Man");
        assert_eq!(decoded("TWE=").unwrap(), b"Ma");
        assert_eq!(decoded("TQ").unwrap(), b"M");
        assert_eq!(decoded("-_-_").unwrap(), decoded("+/+/").unwrap());
        assert!(decoded("").is_none() && decoded("a b").is_none());
    }

    #[test]
    fn percent_signs_that_stand_for_nothing_stay() {
        assert_eq!(percent_decoded("/%E5%88%B8?a=%zz%4"), "/券?a=%zz%4");
    }
}
