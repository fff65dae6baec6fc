//! Short sequences that the model found, kept by name.

use crate::turn::{Part, turn};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::audit::History;
use testkit::till::{Till, config_with, until, use_request};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const COUPON: &str = "AUTO_FOUND";
const NUMBER: &str = "TILL-FOUND-1";

fn shop() -> (Sandbox, Till) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let limits = json!({ "timeout_ms": 800, "attempt_timeout_ms": 300, "connect_timeout_ms": 300 });
    let till = Till::new(&config_with(&sandbox, &limits));
    (sandbox, till)
}

fn void() -> Value {
    json!({ "out_request_no": NUMBER, "aim": "void" })
}

#[test]
fn what_was_called_off_is_not_told_as_a_success() {
    let _turn = turn(Part::Model);
    let (sandbox, till) = shop();
    assert_eq!(till.redeem(&use_request(COUPON, NUMBER)).status, 0);
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return"));
    assert_eq!(till.settle(&void()).class(), 4, "the return's answer is lost");
    sandbox.clear_faults();
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(History::of(&sandbox, COUPON).redeemed_under(), None, "the coupon is the customer's again");
    let known = till.settle(&json!({ "out_request_no": NUMBER }));
    assert_ne!(known.status, 0, "told as redeemed: {}", known.json);
}

#[test]
fn what_was_called_off_is_not_redeemed_later() {
    let _turn = turn(Part::Model);
    let (sandbox, till) = shop();
    let lost = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    assert_eq!(till.redeem(&use_request(COUPON, NUMBER)).class(), 4);
    sandbox.inject(Fault::new(FaultKind::Hang).on("query"));
    assert_eq!(till.settle(&void()).class(), 4, "asking had no answer");
    sandbox.clear_fault(lost);
    sandbox.clear_faults();
    till.settle_all();
    let history = History::of(&sandbox, COUPON);
    assert_eq!(history.redeemed_under(), None, "redeemed although the sale was called off");
}

#[test]
fn calling_off_keeps_the_time_that_the_caller_gave() {
    let _turn = turn(Part::Model);
    let (sandbox, till) = shop();
    assert_eq!(till.redeem(&use_request(COUPON, NUMBER)).status, 0);
    assert_eq!(till.update(&config_with(&sandbox, &json!({ "timeout_ms": 20_000 }))).status, 0);
    sandbox.inject(Fault::new(FaultKind::Hang).on("return"));
    let mut request = void();
    request["_options"] = json!({ "timeout_ms": 800 });
    let start = Instant::now();
    assert_eq!(till.settle(&request).class(), 4);
    assert!(start.elapsed() < Duration::from_secs(4), "an attempt may last five: {:?}", start.elapsed());
}

#[test]
fn a_refusal_is_not_told_while_an_earlier_attempt_can_still_take_effect() {
    let _turn = turn(Part::Model);
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 900 }).on("use").times(1));
    sandbox.inject(Fault::new(FaultKind::Status { status: 403, html: false }).on("use"));
    let told = till.redeem(&use_request(COUPON, NUMBER));
    until("the first attempt arrives late", || {
        History::of(&sandbox, COUPON).redeemed_under() == Some(NUMBER)
    });
    assert!(matches!(told.class(), 0 | 4), "redeemed, and told {}", told.json);
}
