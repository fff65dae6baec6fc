//! From what a scanner gave to a redeemed coupon.

use crate::directory::Shop;
use crate::till::{Answer, OPENID, PRODUCT, STOCK, Till, config_with};
use serde_json::{Value, json};
use wxcoupon_sandbox::{CouponSpec, CouponState, Effect, Fault, FaultKind};

const PAGES: &str = "oSandboxPages000000000000001";

/// The till is told of a coupon: it asks for it once.
fn told(till: &Till, code: &str) {
    let asked = till.query(&crate::till::query_request(code));
    assert_eq!(asked.status, 0, "{}", asked.json);
}

fn scan(till: &Till, text: &str) -> Answer {
    till.scan(&json!({ "scan": text, "amount": 10_000 }))
}

fn offered(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status, 0, "{}", answer.json);
    answer.json["data"]["coupons"].as_array().unwrap()
}

fn unusable(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status, 0, "{}", answer.json);
    answer.json["data"]["unusable"].as_array().unwrap()
}

#[test]
fn a_scanned_code_becomes_a_request_that_lacks_only_its_number_and_the_order() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "SBX_EFFECTIVE_1");
    let answer = scan(&till, "SBX_EFFECTIVE_1\r\n");
    let [offer] = offered(&answer).as_slice() else { panic!("{}", answer.json) };
    let data = &answer.json["data"];
    assert_eq!((&data["kind"], &data["read_as"]), (&json!("coupon_code"), &json!("SBX_EFFECTIVE_1")));
    assert_eq!(offer["coupon"]["coupon_state"], "EFFECTIVE");
    assert_eq!(offer["use"]["saved_amount"], offer["quote"]["saved_amount"]);
    assert_eq!(
        (&offer["use"]["openid"], &offer["use"]["product_coupon_id"], &offer["use"]["stock_id"]),
        (&json!(OPENID), &json!(PRODUCT), &json!(STOCK))
    );
    assert_eq!(shop.sandbox.ledger(), [], "a scan redeems nothing");
    let mut request = offer["use"].clone();
    request["out_request_no"] = json!("SCAN-000001");
    request["associated_order_info"] = json!({ "transaction_id": "4200000000123456789123456789" });
    assert_eq!(till.redeem(&request).status, 0);
    assert_eq!(shop.sandbox.ledger()[0].effect, Effect::Used);

    let again = scan(&till, "SBX_EFFECTIVE_1");
    assert!(offered(&again).is_empty() && again.json["data"].get("read_as").is_none(), "{}", again.json);
    assert_eq!(unusable(&again)[0]["reason"], "state", "{}", again.json);
    assert!(!unusable(&again)[0]["cashier"].as_str().unwrap().is_empty());
}

#[test]
fn a_code_that_this_machine_was_never_told_of_is_not_guessed_at() {
    let shop = Shop::new();
    let unknown = scan(&shop.till(), "SBX_EFFECTIVE_1");
    assert_eq!(unknown.name(), "WXCOUPON_E_NOT_FOUND", "{}", unknown.json);
    assert!(unknown.json["message"].as_str().unwrap().contains("was never told"), "{}", unknown.json);
    assert!(unknown.json["cashier"].as_str().unwrap().contains("本机无此券码"), "{}", unknown.json);
    let off = scan(&Till::new(&shop.sandbox.config()), "SBX_EFFECTIVE_1");
    assert_eq!(off.name(), "WXCOUPON_E_NOT_FOUND", "{}", off.json);
    assert!(off.json["message"].as_str().unwrap().contains("\"directory\": true"), "{}", off.json);
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn full_width_digits_and_letters_are_read_as_what_they_look_like() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "AUTO_ABC09");
    let answer = scan(&till, "ＡＵＴＯ_ＡＢＣ０９\t");
    assert_eq!(offered(&answer).len(), 1);
    assert_eq!(answer.json["data"]["read_as"], "AUTO_ABC09");
    assert_eq!(scan(&till, "auto_abc09").name(), "WXCOUPON_E_NOT_FOUND", "codes keep their case");
}

#[test]
fn a_payment_code_leads_to_all_coupons_of_its_user_on_every_page() {
    let shop = Shop::new();
    for index in 0..60 {
        let spec = CouponSpec {
            openid: Some("oSandboxMany0000000000000001".into()),
            ..CouponSpec::new(format!("MANY_{index:02}"))
        };
        shop.sandbox.put_coupon(&spec).unwrap();
    }
    let till = shop.till();
    for (openid, count) in [("oSandboxMany0000000000000001", 60), (PAGES, 25)] {
        let code = shop.sandbox.show_payment_code(openid).unwrap();
        for input in [
            json!({ "scan": format!("{code}\n"), "amount": 10_000 }),
            json!({ "auth_code": code, "amount": 10_000 }),
        ] {
            let answer = till.scan(&input);
            assert_eq!(offered(&answer).len(), count, "{}", answer.json);
            let data = &answer.json["data"];
            assert_eq!((&data["kind"], &data["openid"]), (&json!("auth_code"), &json!(openid)));
            assert!(!answer.json.to_string().contains(&code), "a payment code is told to nobody");
        }
    }
    let lists = shop.sandbox.requests().into_iter().filter(|request| request.operation == "list").count();
    assert_eq!(lists, 2 * 2 + 2);
    let by_openid = till.ask("scan", &json!({ "openid": PAGES }));
    assert_eq!(offered(&by_openid).len(), 25);
    assert_eq!(
        (&by_openid.json["data"]["kind"], &by_openid.json["data"]["coupons"][0]["quote"]),
        (&json!("openid"), &Value::Null)
    );
}

#[test]
fn a_payment_code_is_looked_up_though_the_directory_cannot_be_used() {
    let shop = Shop::new();
    std::fs::create_dir(shop.file()).unwrap();
    let till = shop.till();
    let code = shop.sandbox.show_payment_code(PAGES).unwrap();
    let answer = scan(&till, &code);
    assert_eq!((offered(&answer).len(), &answer.json["data"]["kind"]), (25, &json!("auth_code")));
    let unknown = scan(&till, "SBX_EFFECTIVE_1");
    assert_eq!((unknown.name(), unknown.class()), ("WXCOUPON_E_JOURNAL", 2), "{}", unknown.json);
    assert!(unknown.json["message"].as_str().unwrap().contains("not a file"), "{}", unknown.json);
}

#[test]
fn a_coupon_code_that_looks_like_a_payment_code_is_a_coupon_code() {
    let shop = Shop::new();
    let code = "134567890123456789";
    shop.sandbox.put_coupon(&CouponSpec { openid: Some(OPENID.into()), ..CouponSpec::new(code) }).unwrap();
    let till = shop.till();
    told(&till, code);
    let answer = scan(&till, code);
    assert_eq!((offered(&answer).len(), &answer.json["data"]["kind"]), (1, &json!("coupon_code")));
    assert!(shop.sandbox.requests().iter().all(|request| request.operation == "query"));
}

#[test]
fn every_coupon_with_the_code_is_asked_for_and_what_is_not_there_is_told() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "AUTO_TWIN");
    let file = shop.folder.path().join("more.jsonl");
    let twin = json!({ "coupon_code": "AUTO_TWIN", "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": "1000000013999", "brand_id": "120344" });
    std::fs::write(&file, format!("{twin}\n")).unwrap();
    let imported = till.ask("import_coupons", &json!({ "path": file }));
    assert_eq!(imported.status, 0, "{}", imported.json);
    let answer = scan(&till, "AUTO_TWIN");
    assert_eq!((offered(&answer).len(), unusable(&answer).len()), (1, 1), "{}", answer.json);
    assert_eq!(answer.json["data"]["coupons"][0]["use"]["stock_id"], STOCK);
    let only = till.scan(&json!({ "scan": "AUTO_TWIN", "amount": 10_000, "stock_id": STOCK }));
    assert_eq!((offered(&only).len(), unusable(&only).len()), (1, 0), "{}", only.json);
}

#[test]
fn why_a_coupon_cannot_be_used_is_said_to_the_cashier() {
    let shop = Shop::new();
    let till = shop.till();
    for code in ["SBX_EXPIRED", "SBX_USED", "SBX_PENDING", "SBX_DEACTIVATED", "SBX_OUT_OF_HOURS"] {
        told(&till, code);
        let answer = scan(&till, code);
        let [coupon] = unusable(&answer).as_slice() else { panic!("{}", answer.json) };
        assert!(offered(&answer).is_empty());
        let cashier = coupon["cashier"].as_str().unwrap();
        assert!(cashier.chars().any(|letter| letter > '\u{4e00}'), "{code}: {coupon}");
        assert_eq!(answer.json["data"]["cashier"], cashier);
    }
}

#[test]
fn what_could_not_be_asked_for_is_not_left_out() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "AUTO_LINE");
    shop.sandbox.inject(FaultKind::RefuseConnection);
    let limited = json!({ "scan": "AUTO_LINE", "amount": 100, "_options": { "timeout_ms": 1500 } });
    let dead = till.scan(&limited);
    assert_eq!((dead.class(), dead.json.get("data")), (3, None), "{}", dead.json);
    shop.sandbox.clear_faults();
    shop.sandbox.inject(Fault::new(FaultKind::Hang).on("list"));
    let slow = till.scan(&json!({ "openid": OPENID, "_options": { "timeout_ms": 600 } }));
    assert_eq!((slow.class(), slow.json.get("data"), slow.in_doubt), (3, None, false), "{}", slow.json);
}

#[test]
fn an_old_or_wrong_payment_code_is_shown_anew() {
    let shop = Shop::new();
    let till = shop.till();
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    shop.sandbox.set_clock_offset(61);
    let old = scan(&till, &code);
    shop.sandbox.set_clock_offset(0);
    let wrong = scan(&till, "139999999999999999");
    for (told, err_code) in [(old, "AUTHCODEEXPIRE"), (wrong, "AUTH_CODE_INVALID")] {
        assert_eq!((told.class(), &told.json["wechat"]["code"]), (5, &json!(err_code)), "{}", told.json);
        assert_eq!(told.json["cashier"], "请顾客刷新付款码后重新出示");
    }
}

#[test]
fn a_system_fault_is_asked_about_again_and_a_wrong_sign_is_not_believed() {
    let shop = Shop::new();
    for sign_type in ["HMAC-SHA256", "MD5"] {
        let mut config = shop.config();
        config["apiv2_sign_type"] = json!(sign_type);
        let till = Till::new(&config);
        let code = shop.sandbox.show_failing_payment_code(OPENID, "SYSTEMERROR", 1).unwrap();
        let answer = till.scan(&json!({ "auth_code": code }));
        assert_eq!((answer.status, &answer.json["data"]["openid"]), (0, &json!(OPENID)), "{}", answer.json);

        let code = shop.sandbox.show_payment_code(OPENID).unwrap();
        for (kind, said) in
            [(FaultKind::WrongSignature, "sign is not right"), (FaultKind::Unsigned, "has no sign")]
        {
            let fault = shop.sandbox.inject(Fault::new(kind).on("auth_code_to_openid"));
            let told = till.scan(&json!({ "auth_code": code, "_options": { "timeout_ms": 1500 } }));
            assert_eq!((told.class(), told.json.get("data")), (3, None), "{}", told.json);
            assert!(told.json["message"].as_str().unwrap().contains(said), "{}", told.json);
            assert!(shop.sandbox.clear_fault(fault));
        }
    }
    let wrong = config_with(&shop.sandbox, &json!({ "apiv2_key": "0123456789abcdefghijklmnopqrstuv" }));
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    let told = Till::new(&wrong).scan(&json!({ "auth_code": code }));
    assert_eq!((told.class(), &told.json["wechat"]["message"]), (5, &json!("签名失败")), "{}", told.json);
    assert!(told.json["hint"].as_str().unwrap().contains("apiv2_key"), "{}", told.json);
}

#[test]
fn a_payment_code_is_looked_up_by_who_takes_the_money() {
    let shop = Shop::new();
    let till = shop.till();
    let provider = "wx0011223344556677";
    let look_up = |changes: Value| {
        let mut input = json!({ "auth_code": shop.sandbox.show_payment_code(OPENID).unwrap() });
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        till.scan(&input)
    };
    // The coupons' app id is the sub-merchant's, and the service provider has another one.
    for sub_mch_id in ["1900000109", "1900000111"] {
        let told = look_up(json!({ "apiv2_appid": provider, "sub_mch_id": sub_mch_id }));
        assert_eq!((told.status, &told.json["data"]["openid"]), (0, &json!(OPENID)), "{}", told.json);
    }
    for (changes, why) in [
        (json!({ "apiv2_appid": provider, "sub_mch_id": "1900000110" }), "sub_mch_id与sub_appid不匹配"),
        (json!({ "apiv2_appid": provider, "sub_mch_id": "1900000999" }), "sub_mch_id与mch_id不匹配"),
        (json!({ "sub_mch_id": "1900000111" }), "缺少参数sub_appid"),
        (json!({ "apiv2_appid": "wxnobody", "sub_mch_id": "1900000109" }), "商户号mch_id与appid不匹配"),
    ] {
        let told = look_up(changes);
        assert_eq!((told.class(), &told.json["wechat"]["message"]), (5, &json!(why)), "{}", told.json);
    }
    // Asking would bind the code, and no answer could help.
    let before = shop.sandbox.requests().len();
    let told = look_up(json!({ "apiv2_appid": provider }));
    assert_eq!((told.class(), &told.json["field"]), (1, &json!("/sub_mch_id")), "{}", told.json);
    assert_eq!(shop.sandbox.requests().len(), before);
    let of_another = shop.sandbox.show_payment_code_of(OPENID, "1900000999").unwrap();
    let told = till.scan(&json!({ "auth_code": of_another }));
    assert_eq!(
        (told.class(), &told.json["wechat"]["code"]),
        (5, &json!("AUTH_CODE_INVALID")),
        "{}",
        told.json
    );
    // Its own look-up binds a code to this merchant, who may ask again.
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    assert_eq!([scan(&till, &code).status, scan(&till, &code).status], [0, 0]);
}

#[test]
fn an_answer_about_a_payment_code_that_something_has_spoiled_is_not_believed() {
    let shop = Shop::new();
    let till = shop.till();
    for (kind, said) in [
        (FaultKind::TamperedBody, "sign is not right"),
        (FaultKind::WrongCoupon, "mch_id is not this request's"),
        (FaultKind::NotJson, "not the XML of version 2"),
        (FaultKind::EmptyBody, "not the XML of version 2"),
        (FaultKind::Edited { patch: json!({ "result_code": null }) }, "no result_code"),
        (FaultKind::Huge { bytes: 100_000 }, "not the XML of version 2"),
    ] {
        let fault = shop.sandbox.inject(Fault::new(kind.clone()).on("auth_code_to_openid"));
        let code = shop.sandbox.show_payment_code(OPENID).unwrap();
        let told = till.scan(&json!({ "auth_code": code, "_options": { "timeout_ms": 1500 } }));
        assert_eq!((told.class(), told.json.get("data")), (3, None), "{kind:?}: {}", told.json);
        assert!(told.json["message"].as_str().unwrap().contains(said), "{kind:?}: {}", told.json);
        assert!(shop.sandbox.clear_fault(fault));
    }
    let kind = FaultKind::Refusal { status: 400, code: "AUTHCODEEXPIRE".into(), sub_code: 0 };
    shop.sandbox.inject(Fault::new(kind).on("auth_code_to_openid"));
    let told = scan(&till, &shop.sandbox.show_payment_code(OPENID).unwrap());
    assert_eq!((told.class(), &told.json["wechat"]["code"]), (5, &json!("AUTHCODEEXPIRE")), "{}", told.json);
}

#[test]
fn without_a_key_of_version_2_no_payment_code_is_looked_up() {
    let shop = Shop::new();
    let mut config = shop.config();
    config.as_object_mut().unwrap().remove("apiv2_key");
    let till = Till::new(&config);
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    let scanned = scan(&till, &code);
    assert_eq!(scanned.name(), "WXCOUPON_E_NOT_FOUND", "{}", scanned.json);
    assert!(scanned.json["message"].as_str().unwrap().contains("apiv2_key"), "{}", scanned.json);
    let asked = till.scan(&json!({ "auth_code": code }));
    assert_eq!(
        (asked.name(), &asked.json["field"]),
        ("WXCOUPON_E_CONFIG", &json!("/apiv2_key")),
        "{}",
        asked.json
    );
    for told in [scanned, asked] {
        assert!(!told.json.to_string().contains(&code), "{}", told.json);
    }
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn a_payment_code_is_written_nowhere() {
    let shop = Shop::new();
    let till = shop.till();
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    assert_eq!(scan(&till, &code).status, 0);
    shop.sandbox.set_clock_offset(90);
    assert_ne!(scan(&till, &code).status, 0);
    for entry in std::fs::read_dir(shop.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(code.len()).any(|part| part == code.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn a_question_that_is_not_one_is_refused_before_anything_is_asked() {
    let shop = Shop::new();
    let till = shop.till();
    for (input, field) in [
        (json!({}), "/scan"),
        (json!({ "scan": "a", "openid": "b" }), "/scan"),
        (json!({ "scan": "" }), "/scan"),
        (json!({ "auth_code": "12a" , "scan": "x" }), "/scan"),
        (json!({ "auth_code": "130000000000000001", "sub_mch_id": "the shop's" }), "/sub_mch_id"),
        (json!({ "openid": OPENID, "belong_merchant": "oTheirOpenid" }), "/belong_merchant"),
        (json!({ "openid": OPENID, "amount": -1 }), "/amount"),
        (json!({ "openid": OPENID, "product_amount": 5 }), "/amount"),
        (json!({ "openid": OPENID, "surprise": 1 }), "/surprise"),
    ] {
        let told = till.scan(&input);
        assert_eq!(
            (told.name(), &told.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!(field)),
            "{input}: {}",
            told.json
        );
    }
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn a_job_scans_as_well() {
    let shop = Shop::new();
    let till = shop.till();
    shop.sandbox.set_state("JOB_1", CouponState::Effective).unwrap();
    let started = till.start("scan", &json!({ "openid": PAGES })).unwrap();
    let answer = started.wait(60_000);
    assert_eq!((answer.status, &answer.json["operation"]), (0, &json!("scan")), "{}", answer.json);
}
