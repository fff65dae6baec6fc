//! What must hold of every answer, whatever was asked.

use crate::bench::{APIV2_KEY, APIV3_KEY, Bench};
use serde_json::Value;
use std::slice;
use wxcoupon::encoding::TextEncoding;
use wxcoupon::ffi;

/// No message is longer, in bytes.
const LONGEST_MESSAGE: usize = 4096;
/// So many characters of Base64 in a row may be a part of a key.
const KEY_RUN: usize = 40;

/// Reads the buffer of a bench after a call that was given these inputs.
pub fn answer(bench: &Bench, status: i32, given: &[&[u8]]) -> Value {
    read(bench.buf, bench.kind.encoding, status, given)
}

/// Reads a buffer, and checks everything that holds of every answer.
pub fn read(buf: *mut ffi::wxcoupon_buf, encoding: TextEncoding, status: i32, given: &[&[u8]]) -> Value {
    let length = usize::try_from(ffi::wxcoupon_buf_len(buf)).unwrap();
    // SAFETY: the buffer lives, and promises so many bytes and a NUL behind them.
    let bytes = unsafe { slice::from_raw_parts(ffi::wxcoupon_buf_data(buf).cast::<u8>(), length + 1) };
    let (end, bytes) = bytes.split_last().unwrap();
    assert!(*end == 0 && !bytes.contains(&0), "one NUL, at the end");
    let text = encoding.decode(bytes, "the answer").expect("text of the context's encoding");
    let answer: Value = serde_json::from_str(&text).expect("the answer is JSON");
    assert_eq!(answer["status"].as_i64(), Some(i64::from(status)), "{text}");
    assert_eq!(ffi::wxcoupon_buf_status(buf), status);
    assert_eq!(answer["class"].as_i64(), Some(i64::from(status / 1000)), "{text}");
    assert_eq!(answer["ok"].as_bool(), Some(status == 0), "{text}");
    let in_doubt = answer["in_doubt"].as_bool().unwrap();
    assert_eq!(in_doubt, ffi::wxcoupon_buf_in_doubt(buf) == 1);
    assert!(status / 1000 != 4 || in_doubt, "class 4 is doubt: {text}");
    assert!(status / 1000 != 9, "a defect: {text}");
    assert!(status == 0 || answer.get("data").is_none(), "data without success: {text}");
    for name in ["message", "hint", "cashier", "field", "host", "request_id"] {
        if let Some(told) = answer.get(name) {
            is_fit_to_be_told(name, told.as_str().unwrap(), given);
        }
    }
    answer
}

/// Messages are sent to whoever asks for help.
fn is_fit_to_be_told(name: &str, told: &str, given: &[&[u8]]) {
    assert!(told.len() <= LONGEST_MESSAGE, "{name} is too long: {} bytes", told.len());
    let is_given = |secret: &str| {
        given.iter().any(|given| given.windows(secret.len()).any(|window| window == secret.as_bytes()))
    };
    assert!(!told.contains("-----BEGIN"), "a key in {name}: {told}");
    for key in [APIV2_KEY, APIV3_KEY] {
        assert!(!told.contains(key) || is_given(key), "a secret in {name}: {told}");
    }
    assert!(!told.chars().any(char::is_control), "a control character in {name}: {told:?}");
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"+=".contains(&byte);
    for run in told.as_bytes().split(|byte| !is_key(*byte)).filter(|run| run.len() >= KEY_RUN) {
        let is_given = |given: &&[u8]| given.windows(run.len()).any(|window| window == run);
        assert!(!given.iter().any(is_given), "may be a key, in {name}: {told}");
    }
}

/// A refused input names what is wrong with it: something that is there, or something that is missing where it belongs.
pub fn names_a_place(answer: &Value, input: &Value) {
    let Some(field) = answer.get("field").and_then(Value::as_str) else { return };
    assert!(field.is_empty() || field.starts_with('/'), "not a JSON pointer: {field}");
    let parent = field.rsplit_once('/').map_or("", |(parent, _)| parent);
    let holds = |value: &Value| value.is_object() || value.is_array();
    let is_there = input.pointer(field).is_some() || input.pointer(parent).is_some_and(holds);
    // What is to be encrypted is named by the caller.
    let named = input.pointer("/_options/encrypt").and_then(Value::as_array);
    if named.is_some_and(|named| named.iter().any(|named| named == field)) {
        return;
    }
    assert!(is_there, "{field} is nowhere: {answer}");
}
