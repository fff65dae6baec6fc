//! What receivers of notifications hear of coupons that were handed out, and
//! what faults can make of the answers about them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{self, bundle_product_body, code, offer, offer_of};
use support::receiver::Receiver;
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{APPID, BRAND_ID, Fault, OPENID, Options, Sandbox};

const SEND: &str = "PRODUCT_COUPON_SP.SEND";

#[test]
fn every_coupon_handed_out_is_announced_once() {
    let receiver = Receiver::answering(&[200]);
    let options = Options { notify_url: Some(receiver.url.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let till = Till::new(&sandbox);
    let single = offer(&till, "CREATE_1", "WECHATPAY");
    let call = single.send("SEND_01").with("attach", json!("收银台7"));
    let sent = till.ok(&call);
    let letter = receiver.next();
    letter.verify(&till).unwrap();
    assert_eq!(letter.json()["event_type"], SEND);
    let resource = letter.resource(&till).unwrap();
    for name in ["coupon_code", "receive_time", "send_request_no", "valid_begin_time", "valid_end_time"] {
        assert_eq!(resource[name], sent[name], "{name}");
    }
    for (name, value) in [
        ("brand_id", BRAND_ID),
        ("product_coupon_id", &single.product),
        ("stock_id", &single.stock),
        ("appid", APPID),
        ("openid", OPENID),
        ("send_channel", "API"),
        ("attach", "收银台7"),
    ] {
        assert_eq!(resource[name], value, "{name}");
    }
    assert!(resource["unionid"].is_string() && resource.get("user_coupon_bundle_id").is_none());
    // A repetition hands nothing out.
    till.ok(&call);
    receiver.nothing();

    let token = till.ok(&single.pre_send("PRESEND_1"))["token"].clone();
    receiver.nothing();
    let claimed = sandbox.claim(token.as_str().unwrap()).unwrap();
    let resource = receiver.next().resource(&till).unwrap();
    assert_eq!(
        (&resource["coupon_code"], &resource["send_channel"]),
        (&json!(claimed[0]), &json!("RECEIVE_COMPONENT"))
    );

    let rungs = offer_of(&till, &bundle_product_body("CREATE_2"));
    let bundle = till.ok(&rungs[0].bundle_send("SEND_02"));
    let mut told: Vec<Value> = (0..3).map(|_| receiver.next().resource(&till).unwrap()).collect();
    told.sort_by_key(|resource| resource["stock_id"].to_string());
    for (resource, coupon) in told.iter().zip(bundle["user_product_coupon_list"].as_array().unwrap()) {
        assert_eq!(resource["coupon_code"], coupon["coupon_code"]);
        assert_eq!(resource["user_coupon_bundle_id"], bundle["user_coupon_bundle_id"]);
        assert_eq!(resource["stock_bundle_id"], rungs[0].bundle.as_str());
    }
    receiver.nothing();
}

#[test]
fn answers_about_something_else_can_be_had_from_every_operation() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let single = offer(&till, "CREATE_1", "WECHATPAY");
    let with_fault = |spec: &str, call: Call| {
        sandbox.inject(Fault::from_spec(spec).unwrap());
        let answer = till.ok(&call);
        sandbox.clear_faults();
        answer
    };
    let wrong = "SBX_SOMEBODY_ELSES";
    let sent = with_fault("wrong_number", single.send("SEND_01"));
    assert_eq!(sent["send_request_no"], "SOMEBODY_ELSES_NUMBER");
    let coupon = code(&sent);
    let confirmed = with_fault("wrong_coupon", single.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    assert_eq!(
        (&confirmed["coupon_code"], &confirmed["confirm_request_no"]),
        (&json!(wrong), &json!("CONFIRM_1"))
    );
    let listed = with_fault("wrong_coupon", offers::list(&format!("&stock_id={}", single.stock)));
    assert_eq!(listed["user_coupon_list"][0]["coupon_code"], wrong);
    let stock = with_fault("wrong_coupon", offers::read(&single.stock_path(), ""));
    assert_eq!(stock["stock_id"], wrong);
    let gone = with_fault("wrong_number", single.deactivate(&coupon, "DEACT_1"));
    assert_eq!(
        (&gone["coupon_code"], &gone["deactivate_request_no"]),
        (&json!(coupon), &json!("SOMEBODY_ELSES_NUMBER"))
    );
}
