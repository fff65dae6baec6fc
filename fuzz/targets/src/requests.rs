//! `json_in` of every operation, raw requests and settling, in every encoding.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::{Reply, Script};
use crate::sealed::signature;
use crate::{said, sent};
use serde_json::Value;
use std::collections::VecDeque;
use std::ptr;
use wxcoupon::api::{self, Operation, Place};
use wxcoupon::encoding::TextEncoding;
use wxcoupon::ffi;
use wxcoupon::mode::Mode;

/// What WeChat Pay says: no, so that one attempt is all.
const REFUSAL: &str = r#"{"code":"PARAM_ERROR","message":"no"}"#;

/// The first byte says in which mode and encoding, the second which operation; the rest is the text. Of a raw request it is
/// `METHOD path`, and behind a line feed the body.
pub fn run(input: &[u8]) {
    let _turn = alone();
    let [how, which, rest @ ..] = input else { return };
    let mode = if how & 1 == 0 { Mode::Partner } else { Mode::Brand };
    let encoding = TextEncoding::named(["utf-8", "gbk", "gb18030"][usize::from(how >> 1) % 3]).unwrap();
    let kind = Kind { mode, encoding, ..Kind::default() };
    let bench = Bench::new(kind, script());
    let which = usize::from(*which);
    match api::ALL.get(which) {
        Some(operation) => operate(&bench, operation, rest),
        None if which % 2 == 0 => raw(&bench, rest),
        None => settle(&bench, rest),
    }
}

/// The same refusal, whatever is asked and how often.
fn script() -> Script {
    let headers =
        signature(REFUSAL.as_bytes(), 0).map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let bytes = format!("HTTP/1.1 400 Bad\r\nContent-Length: {}\r\n{headers}\r\n{REFUSAL}", REFUSAL.len());
    let reply = Reply { bytes: bytes.into_bytes(), stays_open: true };
    Script { replies: VecDeque::from(vec![reply; 12]), step: 0 }
}

fn operate(bench: &Bench, operation: &'static Operation, input: &[u8]) {
    let (Some(text), Some(name)) = (for_c(input), for_c(operation.id.as_bytes())) else { return };
    // SAFETY: two texts that end with NUL.
    let status = unsafe { ffi::wxcoupon_call(bench.ctx, name.as_ptr(), text.as_ptr(), bench.buf) };
    let answer = said::answer(bench, status, &[input]);
    let all: Vec<sent::Sent> = bench.wire.sent().iter().map(|bytes| sent::read(bench.kind, bytes)).collect();
    let decoded = bench.kind.encoding.decode(input, "json_in");
    let given = decoded
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(text.strip_prefix('\u{FEFF}').unwrap_or(&text)).ok());
    let Some(first) = all.first() else {
        assert!(matches!(status / 1000, 1..=3), "nothing was sent: {answer}");
        if let Some(given) = given {
            said::names_a_place(&answer, &given);
        }
        return;
    };
    assert_eq!(first.method, operation.method);
    for other in all.iter().filter(|other| other.target == first.target) {
        assert!(other.body == first.body && other.method == first.method, "a repeat differs");
    }
    let given = given.expect("what is no JSON is not sent");
    if operation.unknown != Place::Meta {
        sent::is_what_was_given(bench.kind, operation, given.as_object().expect("an object"), first);
    }
}

fn raw(bench: &Bench, input: &[u8]) {
    let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (line, body) = input.split_at(line);
    let body = body.get(1..);
    let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (method, target) = line.split_at(space);
    let target = target.get(1..).unwrap_or_default();
    let [Some(method_text), Some(target_text), Some(body_text)] =
        [method, target, body.unwrap_or_default()].map(for_c)
    else {
        return;
    };
    let body_at = if body.is_some() { body_text.as_ptr() } else { ptr::null() };
    // SAFETY: texts that end with NUL, the last perhaps NULL.
    let status = unsafe {
        ffi::wxcoupon_request(bench.ctx, method_text.as_ptr(), target_text.as_ptr(), body_at, bench.buf)
    };
    let answer = said::answer(bench, status, &[input]);
    let sent: Vec<sent::Sent> = bench.wire.sent().iter().map(|bytes| sent::read(bench.kind, bytes)).collect();
    let Some(first) = sent.first() else {
        assert!(matches!(status / 1000, 1..=3), "nothing was sent: {answer}");
        return;
    };
    assert!(first.method.as_bytes().eq_ignore_ascii_case(method), "{first:?}");
    assert_eq!(first.target.as_bytes(), target);
    let Some(body) = body else { return assert!(first.body.is_empty(), "{first:?}") };
    let text = bench.kind.encoding.decode(body, "json_body").expect("what is no text is not sent");
    let given: Value =
        serde_json::from_str(text.strip_prefix('\u{FEFF}').unwrap_or(&text)).expect("nor what is no JSON");
    let given = given.as_object().expect("nor what is no object");
    let expected = sent::expected(None, given);
    if first.method == "GET" {
        return assert!(expected.is_empty() && first.body.is_empty(), "{first:?}");
    }
    let left: Value = serde_json::from_slice(&first.body).expect("JSON");
    assert_eq!(left, Value::Object(expected));
}

fn settle(bench: &Bench, input: &[u8]) {
    let Some(text) = for_c(input) else { return };
    // SAFETY: a text that ends with NUL.
    let status = unsafe { ffi::wxcoupon_settle(bench.ctx, text.as_ptr(), bench.buf) };
    let answer = said::answer(bench, status, &[input]);
    assert!(bench.wire.sent().is_empty(), "there is nothing to settle: {answer}");
    if bench.kind.encoding == TextEncoding::UTF8
        && let Ok(given) = serde_json::from_slice(input)
    {
        said::names_a_place(&answer, &given);
    }
}
