//! What a coupon is worth.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::Script;
use crate::said;
use serde_json::Value;
use wxcoupon::ffi;

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Some(text) = for_c(input) else { return };
    let bench = Bench::new(Kind::default(), Script::default());
    // SAFETY: a text that ends with NUL.
    let status = unsafe { ffi::wxcoupon_quote(bench.ctx, text.as_ptr(), bench.buf) };
    let answer = said::answer(&bench, status, &[input]);
    assert!(bench.wire.sent().is_empty(), "nothing is asked");
    assert!(status == 0 || status / 1000 == 1, "{answer}");
    let Ok(question) = serde_json::from_slice::<Value>(input) else { return };
    said::names_a_place(&answer, &question);
    if status != 0 {
        return;
    }
    let data = &answer["data"];
    let number = |name: &str| data.get(name).and_then(Value::as_u64);
    let amount = question["amount"].as_u64();
    if let (Some(discount), Some(payable)) = (number("discount"), number("payable")) {
        assert_eq!(Some(discount + payable), amount, "{answer}");
    }
    if data["usable"].as_bool() == Some(true) {
        assert!(number("discount").is_some() || data.get("reason").is_some(), "{answer}");
    }
}
