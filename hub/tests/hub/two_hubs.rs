//! Two hubs on one database are one.

use crate::chain::{Chain, Store, until};
use crate::library::{address, config};
use crate::line::{Line, Mode};
use crate::server::Server;
use crate::till::{Came, Sent, Till, nonce, now_s, send};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};
use testkit::till::{query_request, use_request, with_limit};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wxcoupon_sandbox::{Fault, FaultKind};

fn pair(more: &str) -> (Chain, Chain) {
    let store = Store::postgres(Server::start());
    let first = Chain::on(store, more, &json!({ "attempt_timeout_ms": 1000, "connect_timeout_ms": 1000 }));
    let second = first.another();
    (first, second)
}

fn at(till: &Till, chain: &Chain) -> Till {
    Till { at: chain.at.clone(), ..till.clone() }
}

/// Sends at the same time.
fn both<T: Send>(first: impl FnOnce() -> T + Send, second: impl FnOnce() -> T + Send) -> [T; 2] {
    thread::scope(|scope| {
        let (first, second) = (scope.spawn(first), scope.spawn(second));
        [first.join().unwrap(), second.join().unwrap()]
    })
}

#[test]
fn a_number_is_one_till_s_whoever_comes_first_at_whichever_hub() {
    let (first, second) = pair("");
    let (one, two) = (first.till("S1"), at(&first.till("S2"), &second));
    for round in 0..6 {
        let (number, coupon) = (format!("SAME-{round}-000"), format!("AUTO_SAME{round}"));
        let request = use_request(&coupon, &number);
        let told = both(|| one.ask("use", &request), || two.ask("use", &request));
        let names: Vec<&str> = told.iter().map(crate::till::Told::name).collect();
        assert_eq!(names.iter().filter(|name| **name == "OK").count(), 1, "{told:?}");
        assert!(names.contains(&"E_REQUEST_NO_REUSED"), "{told:?}");
        assert_eq!(first.effects(&coupon), (1, 0));
    }
    // The same till with the same number at both: one request.
    let (here, there) = (one.clone(), at(&one, &second));
    for round in 0..6 {
        let (number, coupon) = (format!("ONCE-{round}-000"), format!("AUTO_ONCE{round}"));
        let request = use_request(&coupon, &number);
        let told = both(|| here.ask("use", &request), || there.ask("use", &request));
        for told in &told {
            assert!(told.status() == 0 || told.name() == "E_LOCKED", "{}", told.json);
        }
        assert!(told.iter().any(|told| told.status() == 0), "{told:?}");
        assert_eq!(there.ask("use", &request).status(), 0);
        assert_eq!(first.effects(&coupon), (1, 0));
    }
}

#[test]
fn what_one_hub_decides_holds_at_the_other_at_once() {
    let (first, second) =
        pair("[policy]\noperations = [\"use\", \"list\", \"scan\", \"pending\", \"set_notify_config\"]\n");
    let till = first.till("S1");
    let there = at(&till, &second);
    assert_eq!(there.call("pending").http, 200, "a key that the other hub gave");
    assert!(first.prompt(&["till", "revoke", "S1"]).0);
    let told = there.call("pending");
    assert_eq!((told.http, told.hub()), (401, "revoked"));

    // A code is traded once, even at both at the same time.
    for round in 0..4 {
        let name = format!("T{round}");
        let code = first.code("add", &name);
        let traded =
            both(|| Till::enroll(&first.at, &name, &code), || Till::enroll(&second.at, &name, &code));
        let (good, bad): (Vec<_>, Vec<_>) = traded.into_iter().partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (1, 1), "{good:?} {bad:?}");
        assert_eq!(bad[0].as_ref().unwrap_err().json()["hub"], "wrong_code");
        let key = good[0].as_ref().unwrap();
        assert_eq!((at(key, &first).call("pending").http, at(key, &second).call("pending").http), (200, 200));
    }

    // A write that has no number is made once for its nonce, at whichever hub it is replayed.
    let till = first.till("S2");
    let url = json!({ "notify_url": "https://shop.example.com/notify" }).to_string();
    let sent = till.signed("POST", "/v1/set_notify_config", &url, now_s(), &nonce());
    let replayed = |chain: &Chain, sent: &Sent| -> Came { send(&chain.at, sent).unwrap() };
    let came = both(|| replayed(&first, &sent), || replayed(&second, &sent));
    let mut https: Vec<u16> = came.iter().map(|came| came.http).collect();
    https.sort_unstable();
    assert_eq!(https, [200, 401], "{came:?}");
}

#[test]
fn a_coupon_is_returned_once_whichever_hub_is_asked() {
    let (first, second) = pair("");
    let till = first.till("S1");
    let there = at(&till, &second);
    assert_eq!(till.ask("use", &use_request("AUTO_RET", "S1-RET-000")).status(), 0);
    let back = |number: &str| {
        let mut request = query_request("AUTO_RET");
        request["out_request_no"] = json!(number);
        request
    };
    // Each return is slow, so that the calls meet.
    first.sandbox.inject(Fault::new(FaultKind::Delay { ms: 500 }).on("return"));
    // The one that finds the other at work asks again.
    let asked = |till: &Till, number: &str| loop {
        let told = till.ask("return", &back(number));
        if told.hub() != "busy" {
            break told;
        }
        thread::sleep(Duration::from_millis(200));
    };
    let told = both(|| asked(&till, "S1-BACK-A"), || asked(&there, "S1-BACK-B"));
    assert_eq!(told.iter().filter(|told| told.status() == 0).count(), 1, "{told:?}");
    assert!(told.iter().any(|told| told.hub() == "not_own"), "the other looked after it had ended: {told:?}");
    assert_eq!(first.effects("AUTO_RET"), (1, 1));
    assert_eq!(
        first.server().ask("journal", "SELECT count(*) FROM wxcoupon_hub.turns WHERE what LIKE 'coupon%'"),
        "0"
    );
}

#[test]
fn a_hub_that_is_killed_leaves_its_call_to_the_other() {
    let (mut first, second) = pair("");
    let till = first.till("S1");
    let fault = first.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let caller = till.clone();
    let calling = thread::spawn(move || {
        let body = use_request("AUTO_KILL", "S1-KILL-1").to_string();
        send(&caller.at, &caller.signed("POST", "/v1/use", &body, now_s(), &nonce())).is_err()
    });
    until("the redemption reaches WeChat Pay", || first.effects("AUTO_KILL") == (1, 0));
    first.kill();
    assert!(calling.join().unwrap(), "nobody told the till anything");
    first.sandbox.clear_fault(fault);
    let there = at(&till, &second);
    until("the other hub tells the till", || !there.events(0)["events"].as_array().unwrap().is_empty());
    let event = &there.events(0)["events"][0];
    assert_eq!(
        (event["out_request_no"].as_str(), event["body"]["state"].as_str()),
        (Some("S1-KILL-1"), Some("done"))
    );
    let again = there.ask("use", &use_request("AUTO_KILL", "S1-KILL-1"));
    assert_eq!((again.status(), again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    assert_eq!(second.effects("AUTO_KILL"), (1, 0));
}

#[test]
fn the_library_asks_the_second_hub_for_what_the_first_one_s_answer_was_lost_of() {
    let (mut first, second) = pair("");
    let own = first.till("S1");
    let line = Line::to(address(&first.at));
    let mut config = config(&own, &[&line.address, address(&second.at)]);
    config["journal_path"] = json!(first.file("till.journal"));
    let till = testkit::till::Till::new(&config);
    // The first hub has done it, and nobody hears of that. The second one knows the number.
    line.set(Mode::Lose(1));
    let done = till.redeem(&use_request("AUTO_LINE", "S1-LINE-1"));
    let told = (done.status, done.json["attempts"].as_i64(), done.json["host"].as_str());
    assert_eq!(told, (0, Some(2), Some(address(&second.at))), "{}", done.json);
    assert_eq!(done.json["recorded"], true, "{}", done.json);
    assert_eq!((line.count("/v1/use"), first.effects("AUTO_LINE")), (1, (1, 0)));
    // What is in doubt at the first hub is settled by the second.
    let till = testkit::till::Till::new(&{
        let mut alone = config.clone();
        alone["hub_urls"] = json!([format!("http://{}", line.address)]);
        alone["journal_path"] = json!(first.file("other.journal"));
        alone
    });
    line.set(Mode::Lose(100));
    let open = till.redeem(&with_limit(use_request("AUTO_LINE2", "S1-LINE-2"), 600));
    assert_eq!((open.class(), open.in_doubt), (4, true), "{}", open.json);
    drop(till);
    first.kill();
    config["journal_path"] = json!(first.file("other.journal"));
    let till = testkit::till::Till::new(&config);
    let settled = till.settle(&json!({ "out_request_no": "S1-LINE-2" }));
    assert_eq!(
        (settled.status, &settled.json["data"]["coupon_state"]),
        (0, &json!("USED")),
        "{}",
        settled.json
    );
    assert_eq!((till.pending()["pending"].as_i64(), second.effects("AUTO_LINE2")), (Some(0), (1, 0)));
}

#[test]
fn two_hubs_share_what_is_to_be_looked_after() {
    let (first, second) = pair("");
    let till = first.till("S1");
    first.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    for at in 0..4 {
        let request = with_limit(use_request(&format!("AUTO_ORPHAN{at}"), &format!("S1-ORPHAN-{at}")), 700);
        assert_eq!(till.ask("use", &request).status() / 1000, 4);
    }
    first.change_store("UPDATE {hub}.numbers SET until_ms = 0");
    first.sandbox.clear_faults();
    let asked = |coupon: &str| -> Vec<i64> {
        let requests = first.sandbox.requests();
        let queries = requests.iter().filter(|request| request.operation == "query");
        let ours = queries.filter(|request| request.coupon_code.as_deref() == Some(coupon));
        ours.map(|request| OffsetDateTime::parse(&request.time, &Rfc3339).unwrap().unix_timestamp()).collect()
    };
    let coupons: Vec<String> = (0..4).map(|at| format!("AUTO_ORPHAN{at}")).collect();
    until("each was asked about twice", || coupons.iter().all(|coupon| asked(coupon).len() > 1));
    // Both hubs look every two seconds. The first question's turn is eight seconds long.
    for coupon in &coupons {
        let times = asked(coupon);
        assert!(times.windows(2).all(|two| two[1] - two[0] > 4), "{coupon}: {times:?}");
    }
    let there = at(&till, &second);
    assert_eq!(there.pending()["pending"], 4);
    until("the till redeems it at the other hub", || {
        there.ask("use", &use_request("AUTO_ORPHAN0", "S1-ORPHAN-0")).status() == 0
    });
    assert_eq!(first.effects("AUTO_ORPHAN0"), (1, 0));
}

#[test]
fn a_return_of_the_hub_s_own_whose_answer_is_lost_does_not_stay_open() {
    let (first, _second) = pair("");
    let till = first.till("S1");
    assert_eq!(till.ask("use", &use_request("AUTO_OWN", "S1-OWN-01")).status(), 0);
    first.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return"));
    let void = json!({ "out_request_no": "S1-OWN-01", "aim": "void", "_options": { "timeout_ms": 700 } });
    let told = till.ask("settle", &void);
    assert_eq!((told.status() / 1000, first.effects("AUTO_OWN")), (4, (1, 1)), "{}", told.json);
    let open = || first.server().ask("journal", "SELECT count(*) FROM wxcoupon.requests WHERE state = 0");
    assert_eq!(open(), "1", "the return");
    first.sandbox.clear_faults();
    // The coupon shows that it was returned, so nobody needs the return's own answer any more.
    until("it is called off", || till.ask("settle", &void).status() == 0);
    until("the return is known", || open() == "0");
    assert_eq!(first.effects("AUTO_OWN"), (1, 1));
}

#[test]
fn two_hubs_have_one_pace_and_a_dead_one_leaves_its_part() {
    const RATE: usize = 40;
    const SECONDS: u64 = 6;
    let store = Store::postgres(Server::start());
    let more = "[limits]\ncalls = 16\n[policy]\nrate_per_s = 1000\n";
    let mut first = Chain::on(store, more, &json!({ "max_rate_per_s": RATE }));
    let second = first.another();
    let held = |chain: &Chain| {
        let living = "WHERE until_ms > extract(epoch FROM clock_timestamp()) * 1000";
        let question = format!("SELECT count(*), sum(rate), min(rate) FROM wxcoupon_hub.portions {living}");
        let told = chain.server().ask("journal", &question);
        let numbers: Vec<usize> = told.split('|').map(|number| number.trim().parse().unwrap()).collect();
        (numbers[0], numbers[1], numbers[2])
    };
    until("both have a part", || {
        let (hubs, sum, least) = held(&first);
        assert!(sum < RATE, "{sum}");
        hubs == 2 && least > RATE / 4
    });
    let tills = [first.till("S1"), at(&first.till("S2"), &second)];
    let began = Instant::now();
    thread::scope(|scope| {
        for (hub, till) in tills.iter().enumerate() {
            for caller in 0..6 {
                scope.spawn(move || {
                    for call in 0.. {
                        if began.elapsed() > Duration::from_secs(SECONDS) {
                            return;
                        }
                        let (number, coupon) = (
                            format!("S{}-PACE-{caller}-{call}", hub + 1),
                            format!("AUTO_{hub}{caller}{call}"),
                        );
                        assert_eq!(till.ask("use", &use_request(&coupon, &number)).status(), 0);
                    }
                });
            }
        }
    });
    let took = began.elapsed().as_secs_f64();
    let sent = first.sandbox.requests().iter().filter(|request| request.operation == "use").count();
    let most = f64::from(u32::try_from(RATE).unwrap()) * took;
    assert!(f64::from(u32::try_from(sent).unwrap()) <= most, "{sent} in {took} seconds");
    assert!(held(&first).1 < RATE);
    first.kill();
    until("the other hub has the whole", || held(&second).1 > RATE * 3 / 4 && held(&second).0 == 1);
}

#[test]
fn a_hub_that_stood_still_beyond_its_lease_says_nothing_wrong() {
    let (first, second) = pair("");
    let till = first.till("S1");
    let there = at(&till, &second);
    first.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let (redeemed, voided) = (("AUTO_STILL1", "S1-STILL-1"), ("AUTO_STILL2", "S1-STILL-2"));
    let request = |(coupon, number)| with_limit(use_request(coupon, number), 50_000);
    let told = thread::scope(|scope| {
        let calling = [redeemed, voided].map(|what| {
            let till = till.clone();
            scope.spawn(move || till.ask("use", &request(what)))
        });
        let has_sent = |coupon| {
            first.sandbox.requests().iter().any(|request| request.coupon_code.as_deref() == Some(coupon))
        };
        until("both are on their way", || has_sent(redeemed.0) && has_sent(voided.0));
        first.signal("-STOP");
        first.sandbox.clear_faults();
        let void = json!({ "out_request_no": voided.1, "aim": "void" });
        until("its lease ends, and the other hub calls it off", || {
            there.ask("settle", &void).name() != "E_LOCKED"
        });
        until("the other hub redeems", || there.ask("use", &request(redeemed)).status() == 0);
        first.signal("-CONT");
        calling.map(|call| call.join().unwrap())
    });
    // It may know by now what the other has done. What it does not know is in doubt.
    assert!(told[0].status() == 0 || told[0].status() / 1000 == 4, "{}", told[0].json);
    assert!(told[1].status() != 0, "{}", told[1].json);
    assert_eq!(first.effects(redeemed.0), (1, 0));
    let (used, returned) = first.effects(voided.0);
    assert_eq!(used, returned, "it was called off");
    let told = [&till, &there].map(|till| till.ask("use", &request(redeemed)));
    assert!(told.iter().all(|told| told.status() == 0), "{told:?}");
    let told = [&till, &there].map(|till| till.ask("use", &request(voided)));
    assert!(told.iter().all(|told| told.status() != 0), "{told:?}");
}
