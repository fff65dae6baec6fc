//! What a till waits for, and what it does not: locked coupons, throttling, wrong clocks, hosts that are dead or silent.

use crate::till::{Till, config_with, query_request, sandbox, shop, until_asked, use_request, with_limit};
use serde_json::json;
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

#[test]
fn a_locked_coupon_is_waited_for() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 3000 }).on("use").times(1));
    let other = Till::new(&sandbox.config());
    let running = std::thread::spawn(move || other.redeem(&use_request("AUTO_BUSY", "TILL-BUSY-A")).status);
    until_asked(&sandbox, 1);
    // Its signature is checked before the coupon is locked.
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    let late = till.redeem(&use_request("AUTO_BUSY", "TILL-BUSY-B"));
    assert_eq!(running.join().unwrap(), 0);
    assert_eq!(late.name(), "WXCOUPON_E_COUPON_STATE", "{}", late.json);
    assert!(start.elapsed() > Duration::from_secs(1), "it waited the time that the manual names");
}

#[test]
fn retry_after_is_honoured_when_it_fits_the_deadline_and_told_when_it_does_not() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: Some(1) }).on("use").times(1));
    let start = Instant::now();
    assert_eq!(till.redeem(&use_request("AUTO_SLOW", "TILL-SLOW-1")).status, 0);
    assert!(start.elapsed() >= Duration::from_secs(1));
    sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: Some(30) }).on("use").times(1));
    let start = Instant::now();
    let told = till.redeem(&use_request("AUTO_SLOWER", "TILL-SLOW-2"));
    assert_eq!(
        (told.name(), told.json["retry_after_ms"].as_u64()),
        ("WXCOUPON_E_RATE_LIMITED", Some(30_000))
    );
    assert!(start.elapsed() < Duration::from_secs(5), "it did not wait in vain");
}

#[test]
fn a_till_five_hours_wrong_redeems_at_its_first_call() {
    let (sandbox, till) = shop();
    sandbox.set_clock_offset(5 * 3600);
    sandbox.set_state("AUTO_CLOCK", CouponState::Effective).unwrap();
    let answer = till.redeem(&use_request("AUTO_CLOCK", "TILL-CLOCK-1"));
    assert_eq!((answer.status, answer.json["attempts"].as_u64()), (0, Some(2)), "{}", answer.json);
    assert!((answer.json["clock_offset_s"].as_i64().unwrap() - 5 * 3600).abs() <= 2, "{}", answer.json);
    let answer = till.redeem(&use_request("AUTO_CLOCK2", "TILL-CLOCK-2"));
    assert_eq!((answer.status, answer.json["attempts"].as_u64()), (0, Some(1)));
}

#[test]
fn a_dead_host_costs_the_first_call_only_and_is_preferred_again_when_it_is_well() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(&sandbox, &json!({ "attempt_timeout_ms": 1000 })));
    let fault = sandbox.inject(Fault::new(FaultKind::Hang).host(0));
    let start = Instant::now();
    let first = till.redeem(&use_request("AUTO_H1", "TILL-HOST-1"));
    assert_eq!((first.status, first.json["attempts"].as_u64()), (0, Some(2)), "{}", first.json);
    assert!(start.elapsed() >= Duration::from_secs(1), "as long as an attempt may last");
    for index in 2..5 {
        let next = till.redeem(&use_request(&format!("AUTO_H{index}"), &format!("TILL-HOST-{index}")));
        assert_eq!((next.status, next.json["attempts"].as_u64()), (0, Some(1)), "{}", next.json);
        assert!(sandbox.urls()[1].ends_with(next.json["host"].as_str().unwrap()));
    }
    sandbox.clear_fault(fault);
    std::thread::sleep(Duration::from_millis(5200));
    let back = till.redeem(&use_request("AUTO_H9", "TILL-HOST-9"));
    assert!(sandbox.urls()[0].ends_with(back.json["host"].as_str().unwrap()), "{}", back.json);
}

#[test]
fn the_self_check_shows_the_clock_and_what_is_pending() {
    let (sandbox, till) = shop();
    sandbox.set_clock_offset(-7200);
    assert_eq!(till.query(&query_request("SBX_EFFECTIVE_1")).status, 0);
    let checked = till.check();
    let line = |name: &str| {
        let lines = checked.json["data"]["lines"].as_array().unwrap();
        lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("no line {name}")).clone()
    };
    let offset: i64 = line("clock_offset_s")["found"].as_str().unwrap().parse().unwrap();
    assert!((offset + 7200).abs() <= 2, "{offset}");
    assert_eq!(line("clock_offset_s")["ok"], false);
    assert_eq!((line("pending")["ok"].as_bool(), line("pending")["found"].as_str()), (Some(true), Some("0")));
    assert!(line("journal")["advice"].as_str().unwrap().contains("journal_path"));
    assert_eq!(checked.json["data"]["all_ok"], false);
}

#[test]
fn a_silent_host_is_remembered_even_when_the_call_ends_first() {
    let sandbox = sandbox();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = [format!("https://{}", silent.local_addr().unwrap()), sandbox.urls()[1].clone()];
    let till = Till::new(&config_with(&sandbox, &json!({ "base_urls": urls })));
    let first = till.redeem(&with_limit(use_request("AUTO_SHORT1", "TILL-SHORT-1"), 1500));
    assert_eq!(first.class(), 3, "{}", first.json);
    let second = till.redeem(&with_limit(use_request("AUTO_SHORT2", "TILL-SHORT-2"), 1500));
    assert_eq!((second.status, second.json["attempts"].as_u64()), (0, Some(1)), "{}", second.json);
}
