//! Brand mode: the same operations under other paths, scheme and keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::receiver::Receiver;
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{BRAND_ID, Mode, OPENID, Options, Sandbox, SignWith};

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
fn a_brand_redeems_returns_and_asks() {
    let sandbox = sandbox();
    let till = Till::brand(&sandbox);
    let used = till.ok(&as_brand(&till, till.use_request("SBX_EFFECTIVE_1", "NUMBER_1")));
    assert_eq!(used["coupon_state"], "USED");
    assert_eq!(used["product_coupon"]["product_coupon_id"], "1000000013");
    assert!(!used.to_string().contains("brand_id"), "{used}");
    let again = till.ok(&as_brand(&till, till.use_request("SBX_EFFECTIVE_1", "NUMBER_1")));
    assert_eq!(again, used);
    till.ok(&as_brand(&till, till.return_request("SBX_EFFECTIVE_1", "RETURN_1")));
    let query = as_brand(&till, till.query_request("SBX_EFFECTIVE_1"));
    assert_eq!(till.ok(&query)["coupon_state"], "EFFECTIVE");

    // The service provider sees the same coupon, with the brand's id.
    let provider = Till::new(&sandbox);
    let seen = provider.ok(&provider.query_request("SBX_EFFECTIVE_1"));
    assert_eq!(seen["single_usage_detail"]["return_request_no"], "RETURN_1");
    assert_eq!(seen["brand_id"], BRAND_ID);
    assert_eq!(sandbox.ledger().len(), 2);
    assert!(sandbox.requests().iter().all(|request| request.operation != "unknown"));
}

#[test]
fn only_the_public_key_signs() {
    for policy in [SignWith::Auto, SignWith::Certificate, SignWith::Mixed { certificate_percent: 100 }] {
        let sandbox = Sandbox::start(Options { sign_with: policy, ..Options::default() }).unwrap();
        let till = Till::brand(&sandbox);
        let got = till.send(&as_brand(&till, till.query_request("SBX_USED"))).unwrap();
        assert_eq!(till.verify(&got).unwrap(), till.public_key_id);
    }
}

#[test]
fn the_public_key_must_be_named() {
    let sandbox = sandbox();
    let till = Till::brand(&sandbox);
    for serial in ["", "PUB_KEY_ID_1", &till.platform_serial] {
        let call = as_brand(&till, till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
        let got = till.refused(&call.header("Wechatpay-Serial", serial), 268_578_101);
        assert_eq!(got.json()["detail"]["field"], "Wechatpay-Serial");
    }
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn its_own_id_is_not_for_the_brand_to_say() {
    let sandbox = sandbox();
    let till = Till::brand(&sandbox);
    let call = as_brand(&till, till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    let got = till.refused(&call.with("brand_id", json!(BRAND_ID)), 268_578_101);
    assert_eq!((got.status, &got.json()["detail"]["field"]), (400, &json!("/brand_id")));
    let mut query = as_brand(&till, till.query_request("SBX_USED"));
    query.target.push_str("&brand_id=120344");
    till.refused(&query, 268_578_101);
}

#[test]
fn schemes_do_not_mix() {
    let sandbox = sandbox();
    let (brand, provider) = (Till::brand(&sandbox), Till::new(&sandbox));
    let use_it = provider.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let as_brand = as_brand(&brand, use_it.clone());
    for (till, call) in [(&brand, &use_it), (&provider, &as_brand)] {
        let got = till.send(call).unwrap();
        assert_eq!((got.status, got.code().as_str()), (401, "SIGN_ERROR"));
        assert_eq!(got.json()["detail"]["field"], "Authorization");
    }
    // The scheme alone does not do it, nor the identity: the key decides.
    let disguised = brand.authorization(&use_it).replace("WECHATPAY-BRAND", "WECHATPAY2");
    let disguised = disguised.replace(&format!("brand_id=\"{BRAND_ID}\""), "mchid=\"1900000001\"");
    let got = provider.send(&use_it.clone().header("Authorization", &disguised)).unwrap();
    assert_eq!((got.status, &got.json()["detail"]["field"]), (401, &json!("serial_no")));
    let other = brand.authorization(&as_brand).replace(BRAND_ID, "120345");
    let got = brand.send(&as_brand.clone().header("Authorization", &other)).unwrap();
    assert_eq!((got.status, &got.json()["detail"]["field"]), (401, &json!("brand_id")));
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn refusals_are_the_same_but_for_the_openid() {
    let sandbox = sandbox();
    let (brand, provider) = (Till::brand(&sandbox), Till::new(&sandbox));
    brand.refused(&as_brand(&brand, brand.use_request("SBX_EXPIRED", "NUMBER_1")), 268_578_776);
    let mut call = provider.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    call.target = call.target.replace(OPENID, "oSomebodyElse");
    provider.refused(&call, 268_578_526);
    brand.refused(&as_brand(&brand, call), 268_578_532);
    let nowhere = Call::new("GET", "/brand/nothing").header("Wechatpay-Serial", &brand.public_key_id);
    assert_eq!(brand.send(&nowhere).unwrap().status, 404);
    // These belong to merchants.
    for path in ["/brand/certificates", "/brand/security/echo"] {
        let call = Call::new("GET", path).header("Wechatpay-Serial", &brand.public_key_id);
        assert_eq!(brand.send(&call).unwrap().status, 404);
    }
}

#[test]
fn brand_and_provider_are_notified_apart() {
    let sandbox = sandbox();
    let (brand, provider) = (Till::brand(&sandbox), Till::new(&sandbox));
    let (to_brand, to_provider) = (Receiver::answering(&[200]), Receiver::answering(&[200]));
    let set = |url: &str| {
        Call::new("POST", "/v3/marketing/partner/product-coupon/notify-configs")
            .json(&json!({ "notify_url": url }))
    };
    let answer = brand.ok(&as_brand(&brand, set(&to_brand.url)));
    assert_eq!(answer["notify_url"], to_brand.url);
    provider.ok(&set(&to_provider.url));
    sandbox.set_sign_with(SignWith::Certificate);
    sandbox.announce("PRODUCT_COUPON_SP.SEND", json!({ "brand_id": BRAND_ID, "coupon_code": "C1" }));
    let letter = to_provider.next();
    assert_eq!(letter.verify(&provider).unwrap(), provider.platform_serial);
    assert_eq!(letter.resource(&provider).unwrap()["brand_id"], BRAND_ID);
    assert_eq!(letter.resource(&brand), None, "the brand has another key");
    let letter = to_brand.next();
    assert_eq!(letter.verify(&brand).unwrap(), brand.public_key_id);
    assert_eq!(letter.json()["event_type"], "PRODUCT_COUPON.SEND");
    assert_eq!(letter.json()["resource"]["associated_data"], "product_coupon");
    assert_eq!(letter.resource(&brand).unwrap(), json!({ "coupon_code": "C1" }));
    let modes: Vec<Mode> = sandbox.notifications().iter().map(|delivery| delivery.mode).collect();
    assert_eq!(modes, [Mode::Partner, Mode::Brand]);
}

#[test]
fn keys_survive_in_the_folder() {
    let temporary = sandbox();
    let dir = temporary.dir().join("kept");
    let options = || Options { dir: Some(dir.clone()), ..Options::default() };
    let first = Sandbox::start(options()).unwrap();
    let serial = first.keys().brand_serial_no().to_owned();
    assert_ne!(serial, first.keys().merchant_serial_no());
    let config = std::fs::read_to_string(first.brand_config_path()).unwrap();
    assert!(config.contains("\"mode\": \"brand\"") && config.contains(&serial));
    drop(first);
    let second = Sandbox::start(options()).unwrap();
    assert_eq!(second.keys().brand_serial_no(), serial);
    let till = Till::brand(&second);
    till.ok(&as_brand(&till, till.query_request("SBX_USED")));
}
