//! 商家券: what the sandbox answers, refuses, keeps and tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::receiver::Receiver;
use support::{Call, Got, Till, USE_TIME, sandbox};
use wxcoupon_sandbox::{
    APPID, BUSIFAVOR_FOREIGN_STOCK_ID, BUSIFAVOR_STOCK_IDS, BusifavorSpec, BusifavorState, Effect, MCHID,
    Mode, OPENID, Options, Sandbox,
};

const PATH: &str = "/v3/marketing/busifavor";

fn redeem(code: &str, number: &str) -> Call {
    Call::new("POST", &format!("{PATH}/coupons/use")).json(&json!({
        "coupon_code": code, "appid": APPID, "use_time": USE_TIME, "use_request_no": number,
    }))
}

fn back(code: &str, number: &str) -> Call {
    let body =
        json!({ "coupon_code": code, "stock_id": BUSIFAVOR_STOCK_IDS[0], "return_request_no": number });
    Call::new("POST", &format!("{PATH}/coupons/return")).json(&body)
}

fn end(code: &str, number: &str) -> Call {
    let body =
        json!({ "coupon_code": code, "stock_id": BUSIFAVOR_STOCK_IDS[0], "deactivate_request_no": number });
    Call::new("POST", &format!("{PATH}/coupons/deactivate")).json(&body)
}

fn query(openid: &str, code: &str) -> Call {
    Call::new("GET", &format!("{PATH}/users/{openid}/coupons/{code}/appids/{APPID}"))
}

#[track_caller]
fn refused(till: &Till, call: &Call, status: u16, code: &str) -> Got {
    let got = till.refused(call, 0);
    assert_eq!((got.status, got.code().as_str()), (status, code), "{}", got.text());
    got
}

#[test]
fn a_coupon_lives() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let used = till.ok(&redeem("SBF_SENDED_1", "USE_1"));
    assert_eq!((&used["stock_id"], &used["openid"]), (&json!(BUSIFAVOR_STOCK_IDS[0]), &json!(OPENID)));
    assert_eq!(used.as_object().unwrap().len(), 3, "neither code nor number nor state: {used}");
    assert_eq!(till.ok(&redeem("SBF_SENDED_1", "USE_1")), used, "a repeat");
    let shown = till.ok(&query(OPENID, "SBF_SENDED_1"));
    assert_eq!((&shown["coupon_state"], &shown["use_request_no"]), (&json!("USED"), &json!("USE_1")));
    refused(&till, &redeem("SBF_SENDED_1", "USE_2"), 400, "RESOURCE_ALREADY_EXISTS");
    refused(&till, &end("SBF_SENDED_1", "END_1"), 400, "INVALID_REQUEST");

    let returned = till.ok(&back("SBF_SENDED_1", "BACK_1"));
    assert_eq!(returned.as_object().unwrap().keys().collect::<Vec<_>>(), ["wechatpay_return_time"]);
    let shown = till.ok(&query(OPENID, "SBF_SENDED_1"));
    assert_eq!((&shown["coupon_state"], &shown["return_request_no"]), (&json!("SENDED"), &json!("BACK_1")));
    refused(&till, &back("SBF_SENDED_1", "BACK_2"), 400, "INVALID_REQUEST");
    assert_eq!(till.ok(&redeem("SBF_SENDED_1", "USE_1")), used, "a number keeps its answer");

    till.ok(&redeem("SBF_SENDED_1", "USE_3"));
    till.ok(&back("SBF_SENDED_1", "BACK_3"));
    till.ok(&end("SBF_SENDED_1", "END_3"));
    let view = sandbox.busifavor("SBF_SENDED_1").unwrap();
    assert_eq!((view.state, view.times_used, view.times_returned), (BusifavorState::Deactivated, 2, 2));
    let effects: Vec<Effect> = sandbox.ledger().into_iter().map(|entry| entry.effect).collect();
    assert_eq!(
        effects,
        [Effect::Used, Effect::Returned, Effect::Used, Effect::Returned, Effect::Deactivated]
    );
}

#[test]
fn what_is_not_allowed_is_refused() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    for (code, status, expected) in [
        ("SBF_USED", 400, "RESOURCE_ALREADY_EXISTS"),
        ("SBF_EXPIRED", 403, "RULELIMIT"),
        ("SBF_DEACTIVATED", 403, "RULELIMIT"),
        ("SBF_DELETED", 404, "RESOURCE_NOT_EXISTS"),
        ("SBF_NO_SUCH", 404, "RESOURCE_NOT_EXISTS"),
        // Given and uploaded codes are known by stock and code.
        ("SBF_GIVEN", 404, "RESOURCE_NOT_EXISTS"),
    ] {
        refused(&till, &redeem(code, "USE_1"), status, expected);
    }
    till.ok(&redeem("SBF_GIVEN", "USE_1").with("stock_id", json!(BUSIFAVOR_STOCK_IDS[1])));
    let other = |name: &str, value: &str| redeem("SBF_SENDED_2", "USE_2").with(name, json!(value));
    refused(&till, &other("appid", "wx0000000000000000"), 400, "APPID_MCHID_NOT_MATCH");
    refused(&till, &other("openid", "oSomebodyElse"), 404, "USER_NOT_EXISTS");
    refused(&till, &other("stock_id", BUSIFAVOR_FOREIGN_STOCK_ID), 403, "NOAUTH");
    refused(&till, &other("stock_id", "999"), 404, "RESOURCE_NOT_EXISTS");
    refused(&till, &other("use_request_no", "USE_1"), 400, "PARAM_ERROR");
    for (name, value) in [
        ("coupon_code", json!("x".repeat(33))),
        ("use_request_no", json!("x".repeat(129))),
        ("use_request_no", json!("")),
        ("use_time", json!("today")),
        ("appid", Value::Null),
    ] {
        let got = refused(&till, &redeem("SBF_SENDED_2", "USE_2").with(name, value), 400, "PARAM_ERROR");
        assert_eq!(got.json()["detail"]["field"], format!("/{name}"));
    }
    refused(&till, &query("oSomebodyElse", "SBF_SENDED_2"), 404, "USER_NOT_EXISTS");
    refused(&till, &query(OPENID, "SBF_NO_SUCH"), 404, "RESOURCE_NOT_EXISTS");
    // A brand has none of it.
    assert_eq!(Till::brand(&sandbox).send(&redeem("SBF_SENDED_2", "USE_2")).unwrap().status, 401);
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn lists_and_uploaded_codes() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let list = |more: &str| Call::new("GET", &format!("{PATH}/users/{OPENID}/coupons?appid={APPID}{more}"));
    refused(&till, &list(""), 400, "PARAM_ERROR");
    let all = till.ok(&list(&format!("&creator_merchant={MCHID}&coupon_state=SENDED")));
    assert_eq!((&all["total_count"], all["data"].as_array().unwrap().len()), (&json!(13), 13));
    let page = till.ok(&list(&format!("&belong_merchant={MCHID}&coupon_state=SENDED&offset=12&limit=5")));
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["offset"], &page["limit"]),
        (1, &json!(12), &json!(5))
    );
    assert_eq!(page["data"][0], all["data"][12]);
    assert_eq!(till.ok(&list("&sender_merchant=1900000009"))["total_count"], 0);

    let code =
        |stock: &str, code: &str| Call::new("GET", &format!("{PATH}/stocks/{stock}/couponcodes/{code}"));
    let [made, _, uploaded] = BUSIFAVOR_STOCK_IDS;
    let found = till.ok(&code(uploaded, "SBF_UPLOADED"));
    assert_eq!(found["code_information"]["code_status"], "DISPATCHED");
    assert_eq!(found["coupon_information"]["coupon_state"], "SENDED");
    refused(&till, &code(made, "SBF_SENDED_1"), 400, "INVALID_REQUEST");
    refused(&till, &code(uploaded, "SBF_NO_SUCH"), 404, "RESOURCE_NOT_EXISTS");
    refused(&till, &code(BUSIFAVOR_FOREIGN_STOCK_ID, "SBF_UPLOADED"), 403, "NOAUTH");
}

#[test]
fn coupons_are_made_from_outside_and_kept() {
    let file = std::env::temp_dir().join(format!("wxcoupon-busifavor-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let options = || Options { state: Some(file.clone()), ..Options::default() };
    let first = Sandbox::start(options()).unwrap();
    let till = Till::new(&first);
    let desk = |method: &str, path: &str, body: Option<&Value>| {
        let call = Call::new(method, path).header("Authorization", "none");
        let call = body.map_or(call.clone(), |body| call.json(body));
        till.send_to(&first.control_url(), &call).unwrap()
    };
    let body =
        json!({ "coupon_code": "MINE", "state": "SENDED", "expire_time": "2099-01-01T00:00:00+08:00" });
    let made = desk("POST", "/busifavor-coupons", Some(&body));
    assert_eq!(
        (made.status, &made.json()["stock_id"]),
        (200, &json!(BUSIFAVOR_STOCK_IDS[0])),
        "{}",
        made.text()
    );
    for wrong in
        [json!({ "coupon_code": "" }), json!({ "coupon_code": "A", "stock_id": "9" }), json!({ "code": "A" })]
    {
        assert_eq!(desk("POST", "/busifavor-coupons", Some(&wrong)).status, 400, "{wrong}");
    }
    till.ok(&redeem("MINE", "USE_1"));
    assert_eq!(desk("GET", "/busifavor-coupons/MINE", None).json()[0]["use_request_no"], "USE_1");
    assert_eq!(desk("GET", "/busifavor-coupons/NOBODYS", None).status, 404);
    drop(first);
    let second = Sandbox::start(options()).unwrap();
    assert_eq!(second.busifavor("MINE").unwrap().state, BusifavorState::Used);
    refused(&Till::new(&second), &redeem("MINE", "USE_2"), 400, "RESOURCE_ALREADY_EXISTS");
    second.reset();
    assert_eq!(second.busifavor("MINE"), None);
    drop(second);
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_new_coupon_is_announced_to_the_merchant_alone() {
    let (receiver, brand) = (Receiver::answering(&[204]), Receiver::answering(&[204]));
    let sandbox = sandbox();
    sandbox.set_notify_url(Mode::Partner, &receiver.url).unwrap();
    sandbox.set_notify_url(Mode::Brand, &brand.url).unwrap();
    sandbox.put_busifavor(&BusifavorSpec::new("TOLD_1")).unwrap();
    let letter = receiver.next();
    let envelope: Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!(
        (&envelope["event_type"], &envelope["resource"]["associated_data"]),
        (&json!("COUPON.SEND"), &json!("coupon"))
    );
    let opened = letter.resource(&Till::new(&sandbox)).unwrap();
    assert_eq!(opened["event_type"], "EVENT_TYPE_BUSICOUPON_SEND");
    assert_eq!((&opened["coupon_code"], &opened["attach_info"]), (&json!("TOLD_1"), &json!("")));
    assert_eq!(opened.get("appid"), None, "the event has none");
    // Altered, it is not received again.
    sandbox.put_busifavor(&BusifavorSpec::new("TOLD_1").state(BusifavorState::Deleted)).unwrap();
    receiver.nothing();
    brand.nothing();
}
