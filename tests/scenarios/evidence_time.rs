//! By which time an answer is fresh: proven time, or this machine's own clock; what only a `Date` said proves less.

use crate::evidence_shop::{NO_SUCH_COUPON, Shop, assert_ended, assert_open};
use crate::till::{Answer, OPENID, PRODUCT, STOCK, Till, query_request, sandbox, use_request, with_limit};
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use wxcoupon_sandbox::Effect::Used;
use wxcoupon_sandbox::{Fault, FaultKind, Mode, Sandbox};

const HOUR_S: i64 = 3600;

/// A till whose clock is wrong, as far as one answer's `Date` says: nothing is proven.
pub fn wrong_by(hours: i64) -> Shop {
    let shop = Shop::open();
    shop.sandbox.set_clock_offset(hours * HOUR_S);
    let asked = shop.till.query(&query_request("AUTO_ASKED"));
    assert_eq!(asked.status, 0, "its own question is answered: {}", asked.json);
    shop
}

/// A first sale, which is answered with its own new number.
fn proves_the_time(shop: &Shop, number: &str) {
    let sold = shop.till.redeem(&use_request(&format!("AUTO_{number}"), number));
    assert_eq!(sold.status, 0, "{}", sold.json);
}

#[test]
fn an_answer_has_no_say_in_how_fresh_it_is_itself() {
    for operation in ["query", "use"] {
        let sandbox = sandbox();
        let till = Till::new(&sandbox.config());
        let old = FaultKind::DateOffset { seconds: -47 * HOUR_S };
        let fault = sandbox.inject(Fault::new(old).on(operation).times(1));
        let told = match operation {
            "query" => till.query(&query_request("AUTO_OLD")),
            _ => till.redeem(&use_request("AUTO_OLD", "EV-OLD-0001")),
        };
        assert_eq!((told.status, sandbox.fired(fault)), (0, 1), "{}", told.json);
        assert!(told.json["attempts"].as_u64().unwrap() > 1, "the old one was not believed: {}", told.json);
    }
}

#[test]
fn a_till_with_a_wrong_clock_asks_and_redeems_at_its_first_sale() {
    for hours in [-40, 8] {
        let shop = wrong_by(hours);
        let sold = shop.till.redeem(&use_request("AUTO_FIRST", "EV-FIRST-01"));
        assert_eq!((sold.status, &sold.json["attempts"]), (0, &json!(1)), "{}", sold.json);
    }
}

#[test]
fn what_is_fresh_by_an_earlier_date_alone_is_no_evidence_of_what_did_not_happen() {
    let shop = wrong_by(8);
    shop.lose_request("AUTO_UNPROVEN", "EV-UNPROV-1");
    shop.copies_die();
    let refused = shop.refuse("use", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-UNPROV-1"), "EV-UNPROV-1", "pending");
    let absent = shop.refuse("query", 404, "NOT_FOUND", NO_SUCH_COUPON);
    assert_open(&shop, &shop.settle("EV-UNPROV-1"), "EV-UNPROV-1", "pending");
    assert!(shop.sandbox.clear_fault(absent));
    shop.sandbox.set_state("AUTO_UNPROVEN", wxcoupon_sandbox::CouponState::Expired).unwrap();
    assert_open(&shop, &shop.settle("EV-UNPROV-1"), "EV-UNPROV-1", "pending");

    assert!(shop.sandbox.clear_fault(refused));
    proves_the_time(&shop, "EV-PROVES-1");
    assert_ended(&shop, &shop.settle("EV-UNPROV-1"), "EV-UNPROV-1", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.effects("AUTO_UNPROVEN"), []);
}

#[test]
fn nor_of_a_refusal_after_doubt() {
    let shop = wrong_by(8);
    let request = json!({
        "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": "EV-TOKEN-01",
    });
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("pre_send"));
    shop.leave_in_doubt(|limit_ms| shop.till.ask("pre_send", &with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    shop.copies_die();
    shop.refuse("pre_send", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-TOKEN-01"), "EV-TOKEN-01", "pending");
    proves_the_time(&shop, "EV-PROVES-2");
    assert_ended(&shop, &shop.settle("EV-TOKEN-01"), "EV-TOKEN-01", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn one_server_whose_clock_is_ahead_spoils_neither_questions_nor_sales() {
    let shop = Shop::open();
    proves_the_time(&shop, "EV-AHEAD-1");
    let ahead = FaultKind::Clock { seconds: 8 * HOUR_S };
    let ahead = shop.sandbox.inject(Fault::new(ahead).on("query"));
    let asked = shop.till.query(&query_request("AUTO_AHEAD"));
    assert_eq!(asked.status, 0, "by the Date of an earlier answer: {}", asked.json);
    assert!(shop.sandbox.clear_fault(ahead));
    for _ in 0..3 {
        let asked = shop.till.query(&query_request("AUTO_AHEAD"));
        assert_eq!(asked.status, 0, "{}", asked.json);
    }
    // Who is right is not known yet: what was not redeemed is no evidence.
    shop.lose_request("AUTO_AHEAD_LOST", "EV-AHEAD-2");
    shop.copies_die();
    let refused = shop.refuse("use", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-AHEAD-2"), "EV-AHEAD-2", "pending");
    assert!(shop.sandbox.clear_fault(refused));
    proves_the_time(&shop, "EV-AHEAD-3");
    assert_eq!(shop.settle("EV-AHEAD-2").status, 0);
    assert_eq!(shop.effects("AUTO_AHEAD_LOST").len(), 1);
}

#[test]
fn but_it_proves_what_shows_our_own_number() {
    let shop = wrong_by(8);
    shop.lose_answer("AUTO_SHOWN", "EV-SHOWN-01");
    let refused = shop.refuse("use", 403, "NOT_ENOUGH", 0);
    let told = shop.settle("EV-SHOWN-01");
    assert_ended(&shop, &told, "EV-SHOWN-01", "WXCOUPON_OK");
    assert_eq!(told.json["settled_by"], "query");
    assert!(shop.sandbox.clear_fault(refused));

    // That number was sent before this call, so its answer may be a replay: it proves no time.
    shop.lose_answer("AUTO_SHOWN_2", "EV-SHOWN-02");
    assert_ended(&shop, &shop.settle("EV-SHOWN-02"), "EV-SHOWN-02", "WXCOUPON_OK");
    shop.lose_request("AUTO_SHOWN_3", "EV-SHOWN-03");
    shop.copies_die();
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-SHOWN-03"), "EV-SHOWN-03", "pending");
}

#[test]
fn the_journal_keeps_what_is_proven_of_the_time() {
    let shop = wrong_by(8);
    proves_the_time(&shop, "EV-PROVES-3");
    shop.lose_request("AUTO_KEPT", "EV-KEPT-001");
    shop.copies_die();
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    let next = shop.reopened(&json!({}));
    let asked = next.query(&query_request("AUTO_ASKED"));
    assert_eq!(
        (asked.status, &asked.json["attempts"]),
        (0, &json!(1)),
        "signed rightly at once: {}",
        asked.json
    );
    let told = next.settle(&json!({ "out_request_no": "EV-KEPT-001" }));
    assert_ended(&shop, &told, "EV-KEPT-001", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn proven_time_never_runs_backwards() {
    let shop = Shop::open();
    assert_eq!(shop.till.query(&query_request("AUTO_ASKED")).status, 0, "the wall clock proves it");
    // From here on everything is 47 hours old, `Date` and signature alike.
    shop.sandbox.set_clock_offset(-47 * HOUR_S);
    for till in [&shop.till, &shop.reopened(&json!({}))] {
        for _ in 0..2 {
            assert_too_old(&till.query(&with_limit(query_request("AUTO_ASKED"), 1500)));
        }
        let sold = till.redeem(&with_limit(use_request("AUTO_BACKWARDS", "EV-BACK-0002"), 1500));
        assert!(matches!(sold.class(), 4 | 5), "{}", sold.json);
    }
    // Nothing that came was believed, and what happened is known when time is right again.
    shop.sandbox.set_clock_offset(0);
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.till.redeem(&use_request("AUTO_BACKWARDS", "EV-BACK-0002")).status, 0);
    assert_eq!(shop.effects("AUTO_BACKWARDS"), [Used]);
}

#[track_caller]
fn assert_too_old(told: &Answer) {
    // Signed by proven time the request is rejected; signed by the other one its answer is too old.
    // The last attempt may be cut short by the end of the call.
    let rejected = told.name() == "WXCOUPON_E_SIGN_REJECTED";
    assert!((rejected || told.class() == 3) && !told.in_doubt, "{}", told.json);
    let why = &told.json["verification"];
    assert!(why == "stale" || why.is_null(), "{}", told.json);
}

/// A notification as the sandbox posts it by its present clock.
fn notification(sandbox: &Sandbox) -> (Value, Vec<u8>) {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wechatpay", receiver.local_addr().unwrap());
    sandbox.set_notify_url(Mode::Partner, &url).unwrap();
    sandbox.announce("PRODUCT_COUPON_SP.SEND", json!({ "coupon_code": "AUTO_TOLD" }));
    let (mut stream, _) = receiver.accept().unwrap();
    let (mut reader, mut headers) = (BufReader::new(stream.try_clone().unwrap()), Map::new());
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), json!(value));
        }
    }
    let length: usize = headers["content-length"].as_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").unwrap();
    (Value::Object(headers), body)
}

#[track_caller]
fn assert_stale(told: &Answer) {
    assert_eq!(told.name(), "WXCOUPON_E_NOTIFICATION_UNTRUSTED", "{}", told.json);
    assert_eq!(told.json["verification"], "stale", "{}", told.json);
}

#[test]
fn a_notification_is_judged_by_proven_time_or_the_machines_own_clock() {
    let shop = wrong_by(-40);
    let (headers, body) = notification(&shop.sandbox);
    assert_stale(&Till::new(&shop.sandbox.config()).open_notification(&headers, &body));
    assert_stale(&shop.till.open_notification(&headers, &body));
    proves_the_time(&shop, "EV-PROVES-4");
    let opened = shop.till.open_notification(&headers, &body);
    assert_eq!(opened.status, 0, "{}", opened.json);
}

/// Somebody inside TLS changes `Date` alone: signatures go wrong for one attempt, and nothing old is believed.
#[test]
fn a_date_that_lies_makes_nothing_fresh() {
    let shop = Shop::open();
    let lie = FaultKind::WrongDate { seconds: -40 * HOUR_S };
    shop.sandbox.inject(Fault::new(lie).on("query").times(1));
    assert_eq!(shop.till.query(&query_request("AUTO_ASKED")).status, 0);
    shop.sandbox.set_clock_offset(-40 * HOUR_S);
    let (headers, body) = notification(&shop.sandbox);
    assert_too_old(&shop.till.query(&with_limit(query_request("AUTO_ASKED"), 1500)));
    assert_stale(&shop.till.open_notification(&headers, &body));
    shop.sandbox.set_clock_offset(0);
    assert_eq!(shop.till.query(&query_request("AUTO_ASKED")).status, 0);
}
