//! The till's day: ask, redeem, repeat, be refused.

use crate::till::Till;
use crate::till::{OPENID, config_with, query_request, shop, until_asked, use_request};
use serde_json::json;
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

#[test]
fn ask_redeem_and_ask_again() {
    let (sandbox, till) = shop();
    let asked = till.query(&query_request("SBX_EFFECTIVE_1"));
    assert_eq!((asked.status, asked.json["data"]["coupon_state"].as_str()), (0, Some("EFFECTIVE")));

    let used = till.redeem(&use_request("SBX_EFFECTIVE_1", "TILL-0001"));
    assert_eq!(used.status, 0, "{}", used.json);
    assert_eq!(used.json["operation"], "use");
    assert_eq!(used.json["out_request_no"], "TILL-0001");
    assert_eq!(used.json["attempts"], 1);
    assert_eq!(used.json["http_status"], 200);
    assert!(used.json["request_id"].as_str().unwrap().ends_with("-0"));
    assert!(sandbox.urls()[0].ends_with(used.json["host"].as_str().unwrap()));
    assert_eq!(used.json["data"]["coupon_state"], "USED");
    assert_eq!(used.json["data"]["single_usage_detail"]["use_request_no"], "TILL-0001");
    assert_eq!(till.query(&query_request("SBX_EFFECTIVE_1")).json["data"]["coupon_state"], "USED");

    let repeated = till.redeem(&use_request("SBX_EFFECTIVE_1", "TILL-0001"));
    assert_eq!((repeated.status, &repeated.json["data"]), (0, &used.json["data"]));
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn every_refusal_says_what_the_cashier_can_say() {
    let (sandbox, till) = shop();
    for (index, (coupon, name, cashier)) in [
        ("SBX_USED", "WXCOUPON_E_COUPON_STATE", "优惠券已被使用"),
        ("SBX_CONFIRMING", "WXCOUPON_E_COUPON_STATE", "优惠券尚未生效或已失效"),
        ("SBX_EXPIRED", "WXCOUPON_E_COUPON_STATE", "优惠券已过期"),
        ("SBX_DELETED", "WXCOUPON_E_COUPON_STATE", "优惠券已被顾客删除"),
        ("SBX_DEACTIVATED", "WXCOUPON_E_COUPON_STATE", "优惠券尚未生效或已失效"),
        ("SBX_OUT_OF_HOURS", "WXCOUPON_E_COUPON_STATE", "当前时段不可使用该优惠券"),
        ("SBX_OTHER_STORE", "WXCOUPON_E_REFUSED", "本店不可使用该优惠券"),
        ("SBX_LOCKED", "WXCOUPON_E_LOCKED", "该优惠券正在核销中,请稍候"),
        ("NOBODY_HAS_IT", "WXCOUPON_E_NOT_FOUND", "未找到该优惠券,请核对券码"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = use_request(coupon, &format!("TILL-REFUSED-{index}"));
        request["_options"] = json!({ "timeout_ms": 1000 });
        let refused = till.redeem(&request);
        assert_eq!(refused.name(), name, "{coupon}: {}", refused.json);
        assert_eq!(refused.json["cashier"], cashier, "{coupon}");
        assert!(refused.json["message"].is_string() && refused.json["hint"].is_string());
        assert!(refused.json["wechat"]["code"].is_string() && refused.json["wechat"]["subcode"].is_u64());
        assert_eq!(refused.json["retry_after_ms"].is_u64(), refused.class() == 6);
        assert!(refused.json.get("data").is_none());
    }
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn the_same_number_with_other_content_is_refused_and_takes_no_effect() {
    let (sandbox, till) = shop();
    assert_eq!(till.redeem(&use_request("SBX_EFFECTIVE_2", "TILL-0002")).status, 0);
    for changed in [use_request("SBX_EFFECTIVE_3", "TILL-0002"), {
        let mut later = use_request("SBX_EFFECTIVE_2", "TILL-0002");
        later["use_time"] = json!("2025-08-03T12:00:01+08:00");
        later
    }] {
        assert_eq!(till.redeem(&changed).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
    }
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn wrong_merchant_serial_or_clock_is_a_rejected_signature() {
    let (sandbox, _) = shop();
    let till = Till::new(&config_with(
        &sandbox,
        &json!({ "merchant_serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1" }),
    ));
    let refused = till.redeem(&use_request("SBX_EFFECTIVE_1", "TILL-0003"));
    assert_eq!(refused.name(), "WXCOUPON_E_SIGN_REJECTED", "{}", refused.json);
    assert_eq!(refused.json["wechat"]["code"], "SIGN_ERROR");
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn answers_signed_with_either_key_are_proven_when_both_are_held() {
    let (sandbox, _) = shop();
    let certificate = sandbox.dir().join("platform_cert.pem");
    let both = Till::new(&config_with(&sandbox, &json!({ "platform_certificates": [certificate] })));
    assert_eq!(both.redeem(&use_request("AUTO_BOTH", "TILL-BOTH")).status, 0);

    // Without the public key's id in the request, WeChat Pay signs with the platform certificate.
    let mut old = sandbox.config();
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        old.as_object_mut().unwrap().remove(name);
    }
    old["platform_certificates"] = json!([certificate]);
    let old = Till::new(&old);
    assert_eq!(old.redeem(&use_request("AUTO_OLD", "TILL-OLD1")).status, 0);
}

#[test]
fn a_dead_first_host_costs_an_attempt_and_nothing_else() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::RefuseConnection).host(0));
    let used = till.redeem(&use_request("AUTO_BACKUP", "TILL-BACKUP"));
    assert_eq!((used.status, used.json["attempts"].as_u64()), (0, Some(2)), "{}", used.json);
    assert!(sandbox.urls()[1].ends_with(used.json["host"].as_str().unwrap()));
}

#[test]
fn a_coupon_used_elsewhere_is_told_from_one_used_by_us() {
    let (sandbox, till) = shop();
    sandbox.set_state("AUTO_ELSEWHERE", CouponState::Effective).unwrap();
    assert_eq!(till.redeem(&use_request("AUTO_ELSEWHERE", "TILL-A-0001")).status, 0);
    let other = till.redeem(&use_request("AUTO_ELSEWHERE", "TILL-B-0001"));
    assert_eq!(other.json["wechat"]["subcode"], 272_756_745);
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn any_other_request_goes_the_same_way() {
    let (_sandbox, till) = shop();
    let target = format!(
        "/v3/marketing/partner/product-coupon/users/{OPENID}/coupons/SBX_EFFECTIVE_1?product_coupon_id=1000000013&stock_id=1000000013001&appid=wx233544546545989&brand_id=120344"
    );
    let asked = till.request("get", &target, None);
    assert_eq!((asked.status, asked.json["operation"].as_str()), (0, Some("request")), "{}", asked.json);
    let absent = till.request("POST", "/v3/no/such/path", Some(&json!({ "a": 1 })));
    assert_eq!(absent.name(), "WXCOUPON_E_NOT_FOUND");
    for (method, target, body, name) in [
        ("BREW", "/v3/x", None, "WXCOUPON_E_OPERATION"),
        ("GET", "v3/x", None, "WXCOUPON_E_REQUEST"),
        ("GET", "//host/v3/x", None, "WXCOUPON_E_REQUEST"),
        ("GET", "/v3/x y", None, "WXCOUPON_E_REQUEST"),
        ("GET", "/v3/券", None, "WXCOUPON_E_REQUEST"),
        ("GET", "/v3/x", Some(json!({ "a": 1 })), "WXCOUPON_E_REQUEST"),
        ("POST", "/v3/x", Some(json!([1])), "WXCOUPON_E_JSON"),
    ] {
        assert_eq!(till.request(method, target, body.as_ref()).name(), name, "{method} {target}");
    }
}

#[test]
fn a_new_configuration_holds_for_the_next_call_and_running_ones_keep_theirs() {
    let (sandbox, till) = shop();
    let named =
        |name: &str| config_with(&sandbox, &json!({ "user_agent_suffix": name, "attempt_timeout_ms": 4000 }));
    assert_eq!(till.update(&named("first")).status, 0);
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 1500 }).on("use").times(1));
    let running = till.start("use", &use_request("AUTO_RUNNING", "TILL-UPD-1")).unwrap();
    until_asked(&sandbox, 1);
    assert_eq!(till.update(&named("second")).status, 0);
    assert_eq!(till.redeem(&use_request("AUTO_NEXT", "TILL-UPD-2")).status, 0);
    assert_eq!(running.wait(5000).status, 0);
    let agents: Vec<bool> = sandbox
        .requests()
        .iter()
        .map(|request| request.headers.iter().any(|(_, value)| value.ends_with(" second")))
        .collect();
    assert_eq!(agents.iter().filter(|second| **second).count(), 1, "{agents:?}");

    // A mistake changes nothing, and the journal in memory goes on.
    let refused = till.update(&config_with(&sandbox, &json!({ "mchid": "x" })));
    assert_eq!((refused.name(), refused.json["field"].as_str()), ("WXCOUPON_E_CONFIG", Some("/mchid")));
    let recorded = till.redeem(&use_request("AUTO_NEXT", "TILL-UPD-2"));
    assert_eq!((recorded.status, recorded.json["recorded"].as_bool()), (0, Some(true)));
}
