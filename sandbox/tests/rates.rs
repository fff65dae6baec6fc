//! Documented limits per operation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Instant;

use serde_json::json;
use support::{Call, Till};
use wxcoupon_sandbox::{Options, Rates, Sandbox};

const CONFIG: &str = "/v3/marketing/partner/product-coupon/notify-configs";

#[test]
fn configuring_is_limited_apart_from_redeeming() {
    // The flat limit is set aside.
    let options = Options { rates: Rates::Documented, rate: 1, ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    // All are there before the first is answered: to answer twenty within a second is enough.
    let get = Call::new("GET", CONFIG).bytes(&till);
    let start = Instant::now();
    line.write(&get.repeat(60)).unwrap();
    let mut refused = 0;
    for _ in 0..60 {
        let got = line.read_answer().unwrap();
        if got.status == 429 {
            assert_eq!((got.code().as_str(), got.sub_code()), ("RATELIMIT_EXCEEDED", 270_924_289));
            till.verify(&got).unwrap();
            refused += 1;
        }
    }
    let windows = start.elapsed().as_secs() + 1;
    assert!(windows > 2 || refused >= 60 - 20 * windows, "{refused} of 60 in {windows} s");
    assert!(refused > 0);
    // Others have limits of their own.
    for call in [
        Call::new("POST", CONFIG).json(&json!({ "notify_url": "https://a.b/" })),
        till.query_request("SBX_USED"),
    ] {
        assert_eq!(line.exchange(&till, &call).unwrap().status, 200);
    }
}
