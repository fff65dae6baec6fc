//! What is asked for is done as a whole or not at all, and looked at as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::json;
use support::desk::Desk;
use support::{Till, sandbox};

#[test]
fn what_was_told_is_held_against_the_whole_ledger() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    for (coupon, number) in [("AUTO_A", "OLD_00001"), ("AUTO_B", "OLD_00002")] {
        assert_eq!(line.exchange(&till, &till.use_request(coupon, number)).unwrap().status, 200);
    }
    let told = json!([{ "number": "OLD_00001", "told": "not_done" }, { "number": "OLD_00002", "told": "done", "coupon_code": "AUTO_B" }]);
    desk.ok("POST", "/told", &told);
    for n in 0..2010 {
        let call = till.use_request(&format!("AUTO_{n}"), &format!("NEW_{n:05}"));
        assert_eq!(line.exchange(&till, &call).unwrap().status, 200);
    }
    let truth = desk.get("/truth");
    let lines = truth["lines"].as_array().unwrap();
    let verdict =
        |number: &str| lines.iter().find(|line| line["number"] == number).unwrap()["verdict"].clone();
    assert_eq!((verdict("OLD_00001"), verdict("OLD_00002")), (json!("differs"), json!("agrees")));
    let counts =
        json!({ "differs": 1, "open": 0, "agrees": 1, "unknown": 2010, "redemptions": 2012, "twice": 0 });
    assert_eq!((&truth["counts"], &truth["left_out"], lines.len()), (&counts, &json!(12), 2000));
    desk.ok("POST", "/told", &json!({ "number": "OLD_00002", "told": "done", "coupon_code": "AUTO_A" }));
    let truth = desk.get("/truth");
    assert_eq!(truth["counts"]["differs"], 2, "told of another coupon");
}

#[test]
fn a_scenario_that_is_refused_changes_nothing() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let till = Till::new(&sandbox);
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "MINE_1", "locked": true }));
    desk.ok("POST", "/clock", &json!({ "world_offset_s": 60 }));
    desk.ok("POST", "/faults", &json!({ "spec": "hang,on=query" }));
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    let seen = || {
        let of = |path: &str| desk.get(path);
        (of("/coupons"), of("/faults"), of("/ledger"), of("/requests"), of("/scenario")["clock"].clone())
    };
    let before = seen();
    let good = json!({ "coupon_code": "NEW_1" });
    for bad in [
        json!({ "coupons": [good, { "coupon_code": "NEW_2", "stock_id": "9" }] }),
        json!({ "coupons": [good, { "coupon_code": ".." }] }),
        json!({ "coupons": [good], "faults": [{ "kind": "fly" }] }),
        json!({ "coupons": [good], "offers": [{ "type": "NORMAL", "discount_amount": 0 }] }),
        json!({ "coupons": [good], "offers": [{ "type": "NORMAL", "discount_amount": 1, "coupon_code": "SAME" },
            { "type": "NORMAL", "discount_amount": 1, "stores": { "scope": "SPECIFIC", "stores": ["9"] } }] }),
        json!({ "coupons": [good], "clock": { "offset_s": i64::MAX } }),
    ] {
        let mut scenario = bad.clone();
        scenario["wxcoupon_sandbox_scenario"] = json!(1);
        desk.refused(400, "POST", "/scenario", &scenario);
        assert!(seen() == before, "{bad}");
        assert!(sandbox.apply_scenario(scenario.to_string().as_bytes()).is_err());
        assert!(seen() == before, "{bad}");
    }
}

#[test]
fn clocks_and_codes_have_bounds() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    for bad in [
        json!({ "offset_s": i64::MAX }),
        json!({ "world_offset_s": i64::MIN }),
        json!({ "offset_s": 400_i64 * 366 * 86_400 }),
        json!({ "offset_s": 1.5 }),
        json!({ "offset_s": 1, "hours": 1 }),
        json!([]),
    ] {
        desk.refused(400, "POST", "/clock", &bad);
    }
    desk.ok("POST", "/clock", &json!({ "offset_s": -30_i64 * 365 * 86_400 }));
    for code in ["", ".", "..", "a\nb", "a\u{7}", "\u{85}", &"x".repeat(41)] {
        desk.refused(400, "POST", "/coupons", &json!({ "coupon_code": code }));
        desk.refused(400, "POST", "/busifavor-coupons", &json!({ "coupon_code": code }));
    }
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "..." }));
}
