//! A brand that asks for itself: another scheme, other paths, no `brand_id` in requests.

use crate::till::{OPENID, PRODUCT, STOCK, Till};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

fn brand_config(sandbox: &Sandbox) -> Value {
    let text = std::fs::read_to_string(sandbox.brand_config_path()).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

fn request(coupon: &str, number: &str) -> Value {
    json!({
        "openid": OPENID, "coupon_code": coupon, "product_coupon_id": PRODUCT, "stock_id": STOCK,
        "use_time": "2025-08-03T12:00:00+08:00", "out_request_no": number,
        "associated_order_info": { "transaction_id": "4200000000123456789123456789" },
    })
}

#[test]
fn a_brand_asks_redeems_and_returns() {
    let sandbox = sandbox();
    let till = Till::new(&brand_config(&sandbox));
    let mut question = request("SBX_EFFECTIVE_1", "");
    for name in ["out_request_no", "use_time", "associated_order_info"] {
        question.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(till.query(&question).json["data"]["coupon_state"], "EFFECTIVE");
    let used = till.redeem(&request("SBX_EFFECTIVE_1", "BRAND-0001"));
    assert_eq!((used.status, &used.json["data"]["coupon_state"]), (0, &json!("USED")), "{}", used.json);
    let mut back = question.clone();
    back["out_request_no"] = json!("BRAND-0002");
    assert_eq!(till.give_back(&back).status, 0);
    for sent in sandbox.requests() {
        assert!(sent.target.starts_with("/brand/marketing/product-coupon/"), "{}", sent.target);
        assert!(!sent.target.contains("brand_id") && !sent.body.contains("brand_id"));
        let header = |name: &str| {
            sent.headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
                .unwrap()
        };
        assert!(header("Authorization").starts_with("WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\""));
        assert!(header("Wechatpay-Serial").starts_with("PUB_KEY_ID_"));
    }
}

#[test]
fn a_lost_answer_is_settled_as_for_everybody() {
    let sandbox = sandbox();
    let till = Till::new(&brand_config(&sandbox));
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let mut lost = request("SBX_EFFECTIVE_2", "BRAND-0003");
    lost["_options"] = json!({ "timeout_ms": 1200 });
    assert_eq!(till.redeem(&lost).class(), 4);
    assert!(sandbox.clear_fault(fault));
    assert_eq!((till.settle_all().status, sandbox.ledger().len()), (0, 1));
    assert_eq!(till.warm().status, 0);
    assert_eq!(till.check_with(&json!({ "online": true })).json["data"]["lines"][0]["found"], "brand");
}

#[test]
fn the_brand_of_a_request_is_the_contexts_own() {
    let sandbox = sandbox();
    let config = brand_config(&sandbox);
    let till = Till::new(&config);
    let mut named = request("SBX_EFFECTIVE_3", "BRAND-0004");
    named["brand_id"] = config["brand_id"].clone();
    assert_eq!(till.redeem(&named).status, 0, "naming it does no harm");
    named["brand_id"] = json!("999");
    let refused = till.redeem(&named);
    assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/brand_id")));
}

#[test]
fn what_a_brand_must_configure() {
    let sandbox = sandbox();
    let right = brand_config(&sandbox);
    let without = |names: &[&str]| {
        let mut config = right.clone();
        for name in names {
            config.as_object_mut().unwrap().remove(*name);
        }
        Till::try_new(&config).err().map(|refused| refused.json["field"].as_str().unwrap().to_owned())
    };
    assert_eq!(without(&["brand_id"]), Some("/brand_id".into()));
    assert_eq!(
        without(&["wechatpay_public_key_id", "wechatpay_public_key_path"]),
        Some("/wechatpay_public_key_id".into()),
        "a brand's answers are signed with the public key only"
    );
    let mut config = right.clone();
    config["mode"] = json!("shop");
    assert_eq!(Till::try_new(&config).err().unwrap().json["field"], "/mode");
    let mut config = right.clone();
    config["defaults"]["brand_id"] = json!("1");
    assert_eq!(Till::try_new(&config).err().unwrap().json["field"], "/brand_id");
    let mut config = right.clone();
    config["mchid"] = json!("1900000001");
    let made = Till::new(&config);
    assert_eq!(made.warm().status, 0, "a number that is not used does no harm");
}

/// The schemes do not mix: a service provider's key on a brand's path is refused, and the reverse.
#[test]
fn a_mixed_up_mode_is_told_by_wechat_pay() {
    let sandbox = sandbox();
    let mut config = sandbox.config();
    config["mode"] = json!("brand");
    config["brand_id"] = json!("120344");
    let till = Till::new(&config);
    assert_eq!(till.redeem(&request("SBX_EFFECTIVE_4", "BRAND-0005")).name(), "WXCOUPON_E_SIGN_REJECTED");
    assert!(sandbox.ledger().is_empty());
}
