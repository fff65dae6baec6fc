//! 商家券 by a scan: the directory knows whose they are, and a redemption by code alone can be asked about.

use crate::busifavor::by_code;
use crate::directory::Shop;
use crate::till::{OPENID, Till, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::Used;
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, BusifavorSpec, BusifavorState, CouponSpec, Fault, FaultKind};

/// The till is told whose coupon it is, as the merchant's own system knows it.
fn told(shop: &Shop, till: &Till, code: &str, openid: Option<&str>) {
    shop.sandbox.put_busifavor(&BusifavorSpec::new(code)).unwrap();
    imported(shop, till, code, BUSIFAVOR_STOCK_IDS[0], openid);
}

fn imported(shop: &Shop, till: &Till, code: &str, stock_id: &str, openid: Option<&str>) {
    let mut row = json!({ "family": "busifavor", "coupon_code": code, "stock_id": stock_id });
    if let Some(openid) = openid {
        row["openid"] = json!(openid);
        row["appid"] = json!("wx233544546545989");
    }
    let file = shop.folder.path().join("told.jsonl");
    std::fs::write(&file, format!("{row}\n")).unwrap();
    let imported = till.ask("import_coupons", &json!({ "path": file }));
    assert_eq!((imported.status, &imported.json["data"]["imported"]), (0, &json!(1)), "{}", imported.json);
}

#[test]
fn a_scanned_code_becomes_a_request_of_its_own_family() {
    let shop = Shop::new();
    let till = shop.till();
    told(&shop, &till, "BF_SCAN", Some(OPENID));
    let answer = till.scan(&json!({ "scan": "BF_SCAN\n", "amount": 100_000 }));
    let offer = &answer.json["data"]["coupons"][0];
    assert_eq!((answer.status, &offer["operation"]), (0, &json!("busifavor_use")), "{}", answer.json);
    assert!(offer["quote"]["discount"].as_u64().unwrap() > 0, "{offer}");
    assert!(offer["use"].get("brand_id").is_none() && offer["use"].get("saved_amount").is_none(), "{offer}");
    let mut request = offer["use"].clone();
    request["use_request_no"] = json!("BF-SCAN-0001");
    assert_eq!(till.ask("busifavor_use", &request).status, 0);
    let again = till.scan(&json!({ "scan": "BF_SCAN" }));
    assert_eq!(again.json["data"]["unusable"][0]["reason"], "state", "{}", again.json);
}

#[test]
fn both_families_of_a_user_are_listed_where_the_merchant_is_named() {
    let shop = Shop::new();
    let till = shop.till();
    for index in 0..45 {
        let spec =
            BusifavorSpec { openid: Some("oBoth".into()), ..BusifavorSpec::new(format!("BF_{index:02}")) };
        shop.sandbox.put_busifavor(&spec).unwrap();
    }
    let used = BusifavorSpec {
        openid: Some("oBoth".into()),
        ..BusifavorSpec::new("BF_GONE").state(BusifavorState::Expired)
    };
    shop.sandbox.put_busifavor(&used).unwrap();
    let spec = CouponSpec { openid: Some("oBoth".into()), ..CouponSpec::new("PC_1") };
    shop.sandbox.put_coupon(&spec).unwrap();
    let mchid = shop.config()["mchid"].clone();
    let both = till.scan(&json!({ "openid": "oBoth", "amount": 100_000, "belong_merchant": mchid }));
    let coupons = both.json["data"]["coupons"].as_array().unwrap();
    let of = |operation: &str| coupons.iter().filter(|coupon| coupon["operation"] == operation).count();
    assert_eq!((of("use"), of("busifavor_use")), (1, 45), "{}", both.json);
    let one = till.scan(&json!({ "openid": "oBoth" }));
    assert_eq!(one.json["data"]["coupons"].as_array().unwrap().len(), 1, "{}", one.json);
}

/// Three coupons with one code: the question by code can only answer about one 商家券.
#[test]
fn one_code_of_several_stocks_leads_to_every_coupon() {
    let shop = Shop::new();
    let till = shop.till();
    let [made, given, uploaded] = BUSIFAVOR_STOCK_IDS;
    shop.sandbox
        .put_coupon(&CouponSpec { openid: Some(OPENID.into()), ..CouponSpec::new("THRICE") })
        .unwrap();
    assert_eq!(till.query(&crate::till::query_request("THRICE")).status, 0);
    for stock in [made, given, uploaded] {
        shop.sandbox.put_busifavor(&BusifavorSpec::new("THRICE").stock(stock)).unwrap();
    }
    let mchid = shop.config()["mchid"].clone();
    let listed = till.scan(&json!({ "openid": OPENID, "belong_merchant": mchid }));
    assert_eq!(listed.status, 0, "{}", listed.json);
    let answer = till.scan(&json!({ "scan": "THRICE", "amount": 20_000 }));
    let coupons = answer.json["data"]["coupons"].as_array().unwrap_or_else(|| panic!("{}", answer.json));
    let mut stocks: Vec<&str> =
        coupons.iter().map(|coupon| coupon["use"]["stock_id"].as_str().unwrap()).collect();
    stocks.sort_unstable();
    let mut expected = vec![crate::till::STOCK, made, given, uploaded];
    expected.sort_unstable();
    assert_eq!(stocks, expected, "{}", answer.json);
    assert!(answer.json["elapsed_ms"].as_u64().unwrap() < 5_000, "{}", answer.json);
    let only = till.scan(&json!({ "scan": "THRICE", "amount": 20_000, "stock_id": uploaded }));
    assert_eq!(only.json["data"]["coupons"][0]["use"]["stock_id"], uploaded, "{}", only.json);
}

/// What WeChat Pay answers about another coupon stays so, and takes none of the others along.
#[test]
fn a_coupon_that_cannot_be_asked_for_leaves_the_others() {
    let shop = Shop::new();
    let till = shop.till();
    shop.sandbox.put_coupon(&CouponSpec { openid: Some(OPENID.into()), ..CouponSpec::new("LEFT") }).unwrap();
    assert_eq!(till.query(&crate::till::query_request("LEFT")).status, 0);
    told(&shop, &till, "LEFT", Some(OPENID));
    let refusal = FaultKind::Refusal { status: 400, code: "INVALID_REQUEST".into(), sub_code: 0 };
    for (faults, reason) in [
        (
            vec![
                Fault::new(FaultKind::WrongCoupon).on("busifavor_query"),
                Fault::new(refusal).on("busifavor_list"),
            ],
            "other_coupon",
        ),
        (vec![Fault::new(FaultKind::ResetAfterRead).on("busifavor_query")], "unanswered"),
        (vec![Fault::new(FaultKind::Hang).on("busifavor_query")], "unanswered"),
        (vec![Fault::new(FaultKind::WrongCoupon).on("query")], "other_coupon"),
        (vec![Fault::new(FaultKind::Hang).on("query")], "unanswered"),
    ] {
        let faults: Vec<_> = faults.into_iter().map(|fault| shop.sandbox.inject(fault)).collect();
        let input = json!({ "scan": "LEFT", "amount": 20_000, "_options": { "timeout_ms": 5_000 } });
        let answer = till.scan(&input);
        let data = &answer.json["data"];
        assert_eq!(
            (answer.status, data["coupons"].as_array().map(Vec::len), &data["unusable"][0]["reason"]),
            (0, Some(1), &json!(reason)),
            "{}",
            answer.json
        );
        if reason == "other_coupon" {
            assert!(answer.json["elapsed_ms"].as_u64().unwrap() < 4_000, "{}", answer.json);
            assert!(
                data["unusable"][0]["message"].as_str().unwrap().contains("not this request's"),
                "{data}"
            );
            let alone = till.scan(
                &json!({ "scan": "LEFT", "stock_id": data["unusable"][0]["coupon"]["stock"]["stock_id"] }),
            );
            assert_eq!(
                (alone.status, &alone.json["data"]["unusable"][0]["reason"]),
                (0, &json!(reason)),
                "{}",
                alone.json
            );
        }
        assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
    }
}

/// The redemption names no owner; the directory does.
#[test]
fn a_lost_answer_by_code_alone_is_asked_about_where_the_directory_knows_the_owner() {
    let shop = Shop::new();
    let till = shop.till();
    for (code, owner, asked) in [("BF_KNOWN", Some(OPENID), true), ("BF_UNKNOWN", None, false)] {
        told(&shop, &till, code, owner);
        let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("busifavor_use"));
        let request = by_code(code, &format!("NO-{code}"));
        let call = |limit_ms| till.ask("busifavor_use", &with_limit(request.clone(), limit_ms));
        crate::evidence_shop::leave_in_doubt(&shop.sandbox, call);
        assert!(shop.sandbox.clear_fault(lost));
        // A repeat is refused: another order, says WeChat Pay, and it may be this one.
        let refusal = FaultKind::Refusal { status: 400, code: "RESOURCE_ALREADY_EXISTS".into(), sub_code: 0 };
        let refused = shop.sandbox.inject(Fault::new(refusal).on("busifavor_use"));
        let settled = till.settle(&json!({ "out_request_no": format!("NO-{code}") }));
        assert!(shop.sandbox.clear_fault(refused));
        let queries = shop.sandbox.requests();
        let queries = queries.iter().filter(|request| {
            request.operation == "busifavor_query" && request.target.contains(&format!("/coupons/{code}/"))
        });
        if asked {
            assert_eq!(
                (settled.status, &settled.json["settled_by"]),
                (0, &json!("busifavor_query")),
                "{}",
                settled.json
            );
            assert!(queries.count() > 0);
        } else {
            assert_eq!((settled.class(), settled.in_doubt), (4, true), "{}", settled.json);
            assert_eq!(queries.count(), 0);
        }
        let ledger = shop.sandbox.ledger();
        let effects: Vec<_> =
            ledger.iter().filter(|entry| entry.coupon_code == code).map(|entry| entry.effect).collect();
        assert_eq!(effects, [Used]);
    }
    let _: Value = till.pending();
}

/// Only uploaded codes can be asked about without their owner. This one was not.
#[test]
fn a_code_whose_owner_is_not_known_is_not_told_as_refused() {
    let shop = Shop::new();
    let till = shop.till();
    told(&shop, &till, "BF_NOBODY", None);
    let answer = till.scan(&json!({ "scan": "BF_NOBODY", "amount": 10_000 }));
    let unusable = &answer.json["data"]["unusable"][0];
    assert_eq!((answer.status, &unusable["reason"]), (0, &json!("incomplete")), "{}", answer.json);
    assert!(unusable["cashier"].as_str().unwrap().contains("扫付款码"), "{}", answer.json);
}

/// The answer about an uploaded code names its owner. With the owner in the request, a lost answer can be settled by asking.
#[test]
fn the_owner_of_an_uploaded_code_is_in_the_request() {
    let shop = Shop::new();
    let till = shop.till();
    let [_, _, uploaded] = BUSIFAVOR_STOCK_IDS;
    imported(&shop, &till, "SBF_UPLOADED", uploaded, None);
    let scanned = |input: Value| {
        let answer = till.scan(&input);
        assert_eq!(answer.status, 0, "{}", answer.json);
        answer.json["data"]["coupons"][0]["use"].clone()
    };
    let request = scanned(json!({ "scan": "SBF_UPLOADED", "appid": "wx233544546545989" }));
    assert_eq!(request["openid"], OPENID, "{request}");
    let mut request = request;
    request["use_request_no"] = json!("BF-UPL-0001");
    let sold = till.ask("busifavor_use", &request);
    assert_eq!(sold.status, 0, "{}", sold.json);
}
