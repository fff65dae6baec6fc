//! One call of the till.

use crate::shop::{Shop, coupon, has_chinese, redemption, words};
use serde_json::json;
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

#[test]
fn a_coupon_is_queried_quoted_redeemed_and_returned() {
    let shop = Shop::open();
    let members = coupon("AUTO_LIFE");
    let queried = shop.run(&[&["--json", "query"], &*words(&members)].concat()).ends(0);
    assert_eq!(queried.json()["data"]["coupon_state"], "EFFECTIVE");
    let quoted =
        shop.run_with(&["--json", "quote", "coupon:=-", "amount=30000"], &queried.out, &[]).ends(0).json();
    assert_eq!((&quoted["data"]["amount"], &quoted["data"]["usable"]), (&json!(30000), &json!(true)));

    let used = shop.run(&[&["--json"], &*words(&redemption("AUTO_LIFE", "LIFE-0001"))].concat()).ends(0);
    assert_eq!(used.out.lines().count(), 1, "JSON is one line, and nothing else");
    let used = used.json();
    assert_eq!(
        (&used["ok"], &used["operation"], &used["out_request_no"]),
        (&json!(true), &json!("use"), &json!("LIFE-0001"))
    );
    assert_eq!(shop.sandbox.coupon("AUTO_LIFE").unwrap().state, CouponState::Used);

    let back = [&["return", "out_request_no=LIFE-0002"], &*words(&members)].concat();
    let told = shop.run(&back).ends(0);
    assert!(told.out.starts_with("✓ return  WXCOUPON_OK"), "{told:?}");
    assert_eq!(shop.sandbox.coupon("AUTO_LIFE").unwrap().state, CouponState::Effective);
}

#[test]
fn coupons_come_to_users_and_are_listed() {
    let shop = Shop::open();
    let openid = format!("openid={}", testkit::till::OPENID);
    let listed = shop.run(&["--json", "list", &openid, "page_size=2"]).ends(0).json();
    assert_eq!(listed["data"]["user_coupon_list"].as_array().unwrap().len(), 2);
    let sent = shop
        .run(&[
            "--json",
            "send",
            &openid,
            "product_coupon_id=1000000013",
            "stock_id=1000000013001",
            "send_request_no=SEND-0001",
        ])
        .ends(0)
        .json();
    let code = sent["data"]["coupon_code"].as_str().unwrap().to_owned();
    let rest = coupon(&code);
    shop.run(&[&["confirm", "out_request_no=CONF-0001"], &*words(&rest)].concat()).ends(0);
    shop.run(
        &[&["deactivate", "out_request_no=DEAC-0001", "deactivate_reason=test"], &*words(&rest)].concat(),
    )
    .ends(0);
    assert_eq!(shop.sandbox.coupon(&code).unwrap().state, CouponState::Deactivated);
}

#[test]
fn every_operation_is_called_by_its_name_and_no_other() {
    let shop = Shop::open();
    let got =
        shop.run(&["--json", "call", "get_product_coupon", "product_coupon_id=1000000013"]).ends(0).json();
    assert_eq!(got["operation"], "get_product_coupon");
    let unknown = shop.run(&["call", "nonsense"]).ends(1);
    assert!(
        unknown.out.contains("WXCOUPON_E_OPERATION") && unknown.out.contains("get_product_coupon"),
        "{unknown:?}"
    );
}

/// `scan` is a call that the library composes.
#[test]
fn scan_is_passed_on_by_its_name() {
    let shop = Shop::open();
    let told = shop.run(&["--json", "scan", "scan=x"]).json();
    let is_unknown =
        told["name"] == "WXCOUPON_E_OPERATION" && told["message"].as_str().unwrap().contains("\"scan\"");
    assert!(told["operation"] == "scan" || is_unknown, "{told}");
}

#[test]
fn members_come_from_files_standard_input_and_arguments() {
    let shop = Shop::open();
    let request = json!({ "openid": testkit::till::OPENID, "coupon_code": "AUTO_FILE", "product_coupon_id": "1000000013" });
    std::fs::write(shop.file("request.json"), request.to_string()).unwrap();
    let from_file = shop.run(&["--json", "query", "@request.json", "stock_id=1000000013001"]).ends(0).json();
    assert_eq!(from_file["data"]["coupon_code"], "AUTO_FILE");
    let piped = shop
        .run_with(&["--json", "query", "-", "stock_id=1000000013001"], &request.to_string(), &[])
        .ends(0)
        .json();
    assert_eq!(piped["data"]["coupon_code"], "AUTO_FILE");
}

/// The exit status is the class.
#[test]
fn each_class_has_its_exit_status() {
    let shop = Shop::open();
    let run = |members: &[String]| shop.run(&[&["--timeout-ms", "1500"], &*words(members)].concat());
    let with_limit = |code: &str, number: &str| {
        let mut members = redemption(code, number);
        members.push("--timeout-ms=1500".into());
        shop.run(&words(&members))
    };
    run(&[]).ends(1);
    shop.run(&["use", "coupon_code=x"]).ends(1);
    shop.run(&["--config", "missing.json", "pending"]).ends(2);

    let fault = shop.sandbox.inject(FaultKind::RefuseConnection);
    with_limit("AUTO_CLASS", "CLASS-0003").ends(3);
    shop.sandbox.clear_fault(fault);

    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let told = with_limit("AUTO_CLASS", "CLASS-0004").ends(4);
    assert!(told.out.contains("never with a new number"), "{told:?}");
    shop.sandbox.clear_fault(fault);

    with_limit("SBX_EXPIRED", "CLASS-0005").ends(5);

    let fault = shop.sandbox.inject(FaultKind::RateLimited { retry_after: Some(60) });
    with_limit("AUTO_BUSY", "CLASS-0006").ends(6);
    shop.sandbox.clear_fault(fault);
}

#[test]
fn a_refusal_is_told_in_the_chosen_language_with_the_cashiers_text() {
    let shop = Shop::open();
    let members = redemption("SBX_EXPIRED", "TOLD-0001");
    let english = shop.run(&words(&members)).ends(5);
    assert!(english.out.contains("WeChat Pay said no") && english.out.contains("cashier"), "{english:?}");
    let chinese = shop.run_with(&words(&members), "", &[("LANG", "zh_CN.UTF-8")]).ends(5);
    assert!(chinese.out.contains("微信支付拒绝了") && chinese.out.contains("收银提示"), "{chinese:?}");
    assert!(!english.out.lines().next().is_some_and(has_chinese));
}

#[test]
fn a_write_without_a_journal_is_warned_about() {
    let shop = Shop::with(&json!({}));
    let told = shop.run(&words(&redemption("AUTO_MEMORY", "MEMO-0001"))).ends(0);
    assert!(told.complaints.contains("without journal_path"), "{told:?}");
}
