//! The order of rows, not of clocks, decides what "returned since" means: the till's clock is set between a redemption and
//! its return.

use crate::evidence_later::{assert_returned_since, returned_by};
use crate::evidence_shop::Shop;
use crate::till::use_request;
use serde_json::json;
use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime};
use wxcoupon::system::{System, install};
use wxcoupon_sandbox::Effect::{Returned, Used};

const TWO_HOURS_S: u64 = 2 * 3600;

thread_local! {
    /// By how much the clock is ahead for calls of this thread.
    static AHEAD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// This machine, with a clock that can be set for one thread.
struct Settable;

impl System for Settable {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now() + AHEAD.get()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        for (at, chunk) in bytes.chunks_mut(8).enumerate() {
            let random = RandomState::new().hash_one(at).to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        true
    }
}

/// A shop whose clock is two hours ahead until it is set right.
fn shop_with_a_fast_clock() -> Shop {
    install(&Settable);
    AHEAD.set(Duration::from_secs(TWO_HOURS_S));
    Shop::open()
}

/// By the clock, what stands in the first row happened an hour or more after what stands in the second.
#[track_caller]
fn assert_later_by_the_clock(shop: &Shop, first: &str, second: &str) {
    let (first, second) = (shop.row(first), shop.row(second));
    assert!(first.id < second.id, "the clock was to be set between them");
    for (first_ms, second_ms) in
        [(first.created_ms, second.created_ms), (first.updated_ms, second.updated_ms)]
    {
        assert!(first_ms > second_ms + 3_600_000, "{first_ms} {second_ms}");
    }
}

#[test]
fn a_return_that_is_older_by_the_clock_undoes_the_redemption_before_it() {
    let shop = shop_with_a_fast_clock();
    let request = use_request("AUTO_BACKWARDS", "EV-CLOCK-01");
    let sold = shop.till.redeem(&request);
    assert_eq!(sold.status, 0, "{}", sold.json);
    AHEAD.set(Duration::ZERO);
    returned_by(&shop.till, "AUTO_BACKWARDS", "EV-CLOCK-R1");
    assert_later_by_the_clock(&shop, "EV-CLOCK-01", "EV-CLOCK-R1");
    for till in [&shop.till, &shop.reopened(&json!({}))] {
        assert_returned_since(&till.redeem(&request));
        assert_returned_since(&till.settle(&json!({ "out_request_no": "EV-CLOCK-01" })));
    }
    assert_eq!(shop.effects("AUTO_BACKWARDS"), [Used, Returned]);
}

#[test]
fn a_return_that_is_younger_by_the_clock_does_not_undo_the_redemption_after_it() {
    let shop = shop_with_a_fast_clock();
    let first = shop.till.redeem(&use_request("AUTO_FORWARDS", "EV-CLOCK-02"));
    assert_eq!(first.status, 0, "{}", first.json);
    returned_by(&shop.till, "AUTO_FORWARDS", "EV-CLOCK-R2");
    AHEAD.set(Duration::ZERO);
    let request = use_request("AUTO_FORWARDS", "EV-CLOCK-03");
    let sold = shop.till.redeem(&request);
    assert_eq!(sold.status, 0, "{}", sold.json);
    assert_later_by_the_clock(&shop, "EV-CLOCK-R2", "EV-CLOCK-03");
    for till in [&shop.till, &shop.reopened(&json!({}))] {
        let told = till.redeem(&request);
        assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    }
    assert_eq!(shop.effects("AUTO_FORWARDS"), [Used, Returned, Used]);
}
