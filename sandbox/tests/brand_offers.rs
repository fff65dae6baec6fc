//! Brand mode from creation to redemption, notifications included.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{Offer, code, create, product_body};
use support::receiver::Receiver;
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{BRAND_ID, Mode};

/// What a service provider would send, as the brand sends it.
fn as_brand(till: &Till, mut call: Call) -> Call {
    call.target = call.target.replace("/v3/marketing/partner/", "/brand/marketing/");
    call.target = call.target.replace(&format!("&brand_id={BRAND_ID}"), "");
    if !call.body.is_empty() {
        call = call.with("brand_id", Value::Null);
    }
    call.header("Wechatpay-Serial", &till.public_key_id)
}

#[test]
fn a_brand_creates_sends_confirms_and_redeems() {
    let sandbox = sandbox();
    let brand = Till::brand(&sandbox);
    let receiver = Receiver::answering(&[204]);
    sandbox.set_notify_url(Mode::Brand, &receiver.url).unwrap();
    let ok = |call: Call| {
        let answer = brand.ok(&as_brand(&brand, call));
        assert!(!answer.to_string().contains("brand_id"), "{answer}");
        answer
    };
    let made = ok(create(&product_body("CREATE_1", "WECHATPAY")));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let offer = Offer {
        product: text(&made["product_coupon_id"]),
        stock: text(&made["stock"]["stock_id"]),
        bundle: String::new(),
    };
    let sent = ok(offer.send("SEND_01"));
    let code = code(&sent);
    let letter = receiver.next();
    letter.verify(&brand).unwrap();
    assert_eq!(letter.json()["event_type"], "PRODUCT_COUPON.SEND");
    let told = letter.resource(&brand).unwrap();
    assert_eq!((&told["coupon_code"], &told["send_request_no"]), (&json!(code), &json!("SEND_01")));
    assert!(told.get("brand_id").is_none());
    assert_eq!(ok(offer.on_coupon(&code, "confirm", "CONFIRM_1"))["coupon_state"], "EFFECTIVE");
    assert_eq!(ok(offer.use_call(&code, "USE_0001"))["coupon_state"], "USED");
    assert_eq!(ok(offer.query(&code))["coupon_state"], "USED");
    assert_eq!(ok(offer.on_coupon(&code, "return", "RETURN_1"))["coupon_state"], "EFFECTIVE");
    assert_eq!(ok(offer.deactivate(&code, "DEACTIVATE_1"))["coupon_state"], "DEACTIVATED");
    // The service provider meets the same objects.
    let provider = Till::new(&sandbox);
    assert_eq!(provider.ok(&offer.query(&code))["brand_id"], BRAND_ID);
}
