//! The text of a configuration.

use crate::bench::{alone, for_c};
use crate::said;
use serde_json::Value;
use std::ptr;
use wxcoupon::encoding::TextEncoding;
use wxcoupon::ffi;

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Some(text) = for_c(input) else { return };
    // Nothing is to be written anywhere on this machine.
    let parsed = [TextEncoding::UTF8, TextEncoding::named("gb18030").unwrap()].map(|encoding| {
        let text = encoding.decode(input, "config").ok()?;
        serde_json::from_str::<Value>(text.trim_start_matches('\u{FEFF}')).ok()
    });
    if parsed.iter().flatten().any(|parsed| parsed.get("journal_path").is_some_and(Value::is_string)) {
        return;
    }
    let (buf, mut ctx) = (ffi::wxcoupon_buf_new(), ptr::null_mut());
    // SAFETY: a text that ends with NUL, and a place for the handle.
    let status = unsafe { ffi::wxcoupon_ctx_new(text.as_ptr(), &raw mut ctx, buf) };
    let named = parsed.iter().flatten().find_map(|parsed| parsed.get("text_encoding")?.as_str());
    let spoken = named.and_then(TextEncoding::named).filter(|_| status == 0);
    let answer = said::read(buf, spoken.unwrap_or(TextEncoding::UTF8), status, &[input]);
    assert_eq!(status == 0, !ctx.is_null(), "a context where there is success: {answer}");
    if let [Some(parsed), _] = &parsed {
        said::names_a_place(&answer, parsed);
        hides(parsed, &answer);
    }
    if status == 0 {
        assert_eq!(ffi::wxcoupon_ctx_free(ctx), 0);
    }
    ffi::wxcoupon_buf_free(buf);
}

/// Secrets are nowhere in what is told, unless they are words or written elsewhere too.
fn hides(config: &Value, answer: &Value) {
    let told = ["message", "hint", "cashier", "field"].map(|name| answer[name].as_str().unwrap_or_default());
    for name in ["private_key_pem", "private_key_passphrase", "apiv3_key", "apiv2_key"] {
        let Some(secret) = config.get(name).and_then(Value::as_str) else { continue };
        let has = |kind: fn(&u8) -> bool| secret.as_bytes().iter().any(kind);
        if secret.len() < 12 || !has(u8::is_ascii_digit) || !has(u8::is_ascii_uppercase) {
            continue;
        }
        let mut others = config.clone();
        others.as_object_mut().unwrap().shift_remove(name);
        let is_told = told.iter().any(|told| told.contains(secret));
        assert!(!is_told || others.to_string().contains(secret), "{name} is told: {answer}");
    }
}
