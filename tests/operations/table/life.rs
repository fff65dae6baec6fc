//! Every operation's life against the sandbox: granted, refused for every documented reason, its answer lost
//! and its doubt settled, for a service provider and for a brand. The table of it is printed, and written to
//! `target/operations.md`.

use super::shop::{Shop, with};
use super::{rules, sample};
use serde_json::{Value, json};
use std::fmt::Write as _;
use wxcoupon::api::{ALL, BUSIFAVOR, Member, Operation, PRODUCT_COUPON, Place, Recovery};
use wxcoupon::mode::Mode;
use wxcoupon_sandbox::{BUSIFAVOR_FOREIGN_STOCK_ID, Fault, FaultId, FaultKind, UNAUTHORISED_BRAND_ID};

/// The rows that the page of `use` prints; those of the other pages could not be read to the end, but for the
/// first four, which all pages of the family have. A question that fails with 500 has simply failed.
const REFUSALS: &[(u16, &str, u32, &str)] = &[
    (400, "PARAM_ERROR", 268_435_461, "WXCOUPON_E_REFUSED"),
    (400, "INVALID_REQUEST", 268_578_224, "WXCOUPON_E_REFUSED"),
    (401, "SIGN_ERROR", 0, "WXCOUPON_E_SIGN_REJECTED"),
    (403, "NO_AUTH", 268_579_803, "WXCOUPON_E_NO_PERMISSION"),
    (403, "NOT_ENOUGH", 0, "WXCOUPON_E_COUPON_STATE"),
    (404, "NOT_FOUND", 268_578_608, "WXCOUPON_E_NOT_FOUND"),
    (404, "NOT_FOUND", 268_578_851, "WXCOUPON_E_NOT_FOUND"),
    (404, "NOT_FOUND", 0, "WXCOUPON_E_NOT_FOUND"),
    (429, "RATELIMIT_EXCEEDED", 270_924_289, "WXCOUPON_E_RATE_LIMITED"),
];

/// The table that all pages of 商家券 share. What a page of them does not name ends no redemption: see the scenarios.
const BUSIFAVOR_REFUSALS: &[(u16, &str, u32, &str)] = &[
    (400, "PARAM_ERROR", 0, "WXCOUPON_E_REFUSED"),
    (400, "INVALID_REQUEST", 0, "WXCOUPON_E_REFUSED"),
    (400, "APPID_MCHID_NOT_MATCH", 0, "WXCOUPON_E_REFUSED"),
    (400, "MCH_NOT_EXISTS", 0, "WXCOUPON_E_REFUSED"),
    (401, "SIGN_ERROR", 0, "WXCOUPON_E_SIGN_REJECTED"),
    (403, "NOAUTH", 0, "WXCOUPON_E_NO_PERMISSION"),
    (403, "NO_AUTH", 0, "WXCOUPON_E_NO_PERMISSION"),
    (403, "RULELIMIT", 0, "WXCOUPON_E_COUPON_STATE"),
    (404, "RESOURCE_NOT_EXISTS", 0, "WXCOUPON_E_NOT_FOUND"),
    (404, "USER_NOT_EXISTS", 0, "WXCOUPON_E_NOT_FOUND"),
    (429, "FREQUENCY_LIMITED", 0, "WXCOUPON_E_RATE_LIMITED"),
];

fn is_busifavor(operation: &Operation) -> bool {
    std::ptr::eq(operation.family, &raw const BUSIFAVOR)
}

fn granted(shop: &Shop, operation: &Operation) {
    let done = shop.till.ask(operation.id, &shop.right(operation.id));
    assert_eq!((done.status, &done.json["attempts"]), (0, &json!(1)), "{}: {}", operation.id, done.json);
    assert_eq!(done.json["operation"], operation.id);
    assert!(done.json["data"].is_object(), "{}", done.json);
}

/// How many reasons were given and told apart.
fn refused(shop: &Shop, operation: &Operation) -> usize {
    // Nothing is asked for a second time within it.
    let request = with(&shop.right(operation.id), "_options", json!({ "timeout_ms": 700 }));
    let refusals = if is_busifavor(operation) { BUSIFAVOR_REFUSALS } else { REFUSALS };
    for (status, code, sub_code, name) in refusals {
        let fault =
            Fault::new(FaultKind::Refusal { status: *status, code: (*code).into(), sub_code: *sub_code });
        let fault = shop.sandbox.inject(fault.on(operation.id));
        let refused = shop.till.ask(operation.id, &request);
        assert_eq!(refused.name(), *name, "{} {status} {code}: {}", operation.id, refused.json);
        assert!(refused.json["cashier"].is_string() && refused.json["hint"].is_string());
        assert!(shop.sandbox.clear_fault(fault));
    }
    // For 商家券 this code says nothing with HTTP 400 either.
    let faults = if is_busifavor(operation) { &[500, 400][..] } else { &[500] };
    for status in faults {
        let kind = FaultKind::Status { status: *status, html: false };
        let fault = shop.sandbox.inject(Fault::new(kind).on(operation.id));
        let failed = shop.till.ask(operation.id, &request);
        let name = if operation.writes() { "WXCOUPON_E_SERVER" } else { "WXCOUPON_E_READ_FAILED" };
        assert_eq!(failed.name(), name, "{}", failed.json);
        assert!(shop.sandbox.clear_fault(fault));
    }
    // What was refused did not happen, and what may have happened is known in the end.
    let done = shop.till.ask(operation.id, &with(&request, "_options", json!({})));
    assert_eq!(done.status, 0, "{}: {}", operation.id, done.json);
    assert_eq!(shop.till.pending()["pending"], 0, "{}", operation.id);
    assert_once(shop, operation, &request);
    refusals.len() + faults.len()
}

const WRONG_IDS: [(&str, &str, &str, u32); 5] = [
    ("brand_id", UNAUTHORISED_BRAND_ID, "WXCOUPON_E_NO_PERMISSION", 268_579_803),
    ("appid", "wx0000000000000000", "WXCOUPON_E_REFUSED", 268_578_704),
    ("product_coupon_id", "9999999999", "WXCOUPON_E_NOT_FOUND", 268_578_608),
    ("stock_id", "9999999999999", "WXCOUPON_E_NOT_FOUND", 268_578_608),
    ("stock_bundle_id", "9999999999999", "WXCOUPON_E_NOT_FOUND", 268_578_608),
];

/// What the sandbox itself has against wrong ids, whatever the operation: how many reasons.
fn refused_by_itself(shop: &Shop, operation: &Operation) -> usize {
    let right = with(&shop.right(operation.id), "_options", json!({ "timeout_ms": 700 }));
    let sent = |member: &&Member| member.place != Place::Unsent;
    // Without an openid a list of 商家券 belongs to nobody, and the appid of a code is not looked at.
    let unlooked =
        [("busifavor_list", "openid"), ("busifavor_list", "stock_id"), ("busifavor_get_code", "appid")];
    let has = |name: &str| {
        !unlooked.contains(&(operation.id, name))
            && operation.members.iter().filter(sent).any(|member| member.name == name)
    };
    let mut reasons = 0;
    let wrong_ids: &[(&str, &str, &str, u32)] = if is_busifavor(operation) {
        &[
            ("appid", "wx0000000000000000", "WXCOUPON_E_REFUSED", 0),
            ("stock_id", "9999999999999", "WXCOUPON_E_NOT_FOUND", 0),
            ("stock_id", BUSIFAVOR_FOREIGN_STOCK_ID, "WXCOUPON_E_NO_PERMISSION", 0),
            ("openid", "oSomebodyElse000000000000001", "WXCOUPON_E_NOT_FOUND", 0),
        ]
    } else {
        &WRONG_IDS
    };
    for (member, value, name, sub_code) in wrong_ids {
        let (member, value, name) = (*member, *value, *name);
        // A list that is narrowed to what does not exist is empty, and no mistake.
        if !has(member)
            || (operation.id.starts_with("list")
                && right.get(member).is_none()
                && member != "brand_id"
                && member != "appid")
        {
            continue;
        }
        let mut wrong = with(&right, member, json!(value));
        if let Some(number) = operation.request_no_member {
            wrong[number] = json!(shop.fresh("WRONG"));
        }
        let refused = shop.till.ask(operation.id, &wrong);
        let about = format!("{} {member}: {}", operation.id, refused.json);
        assert_eq!(refused.name(), name, "{about}");
        let told = refused.json["wechat"]["subcode"].as_u64().unwrap_or_default();
        assert_eq!(told, u64::from(*sub_code), "{about}");
        reasons += 1;
    }
    assert_eq!(shop.till.pending()["pending"], 0, "{}", operation.id);
    reasons
}

fn lose_answers(shop: &Shop, operation: &Operation) -> FaultId {
    shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on(operation.id))
}

/// An answer is lost; the repeat within the call finds out. Then all answers of a call are lost, and settling
/// finds out.
fn settled(shop: &Shop, operation: &Operation) -> &'static str {
    shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on(operation.id).times(1));
    let request = shop.right(operation.id);
    let done = shop.till.ask(operation.id, &request);
    assert_eq!((done.status, &done.json["attempts"]), (0, &json!(2)), "{}: {}", operation.id, done.json);
    assert_once(shop, operation, &request);

    let request = shop.right(operation.id);
    let fault = lose_answers(shop, operation);
    let lost = shop.till.ask(operation.id, &with(&request, "_options", json!({ "timeout_ms": 500 })));
    assert!(shop.sandbox.clear_fault(fault));
    if !operation.writes() {
        assert_eq!(lost.class(), 3, "a question is never in doubt: {}", lost.json);
        return "a question";
    }
    assert_eq!(lost.class(), 4, "{}: {}", operation.id, lost.json);
    match operation.recovery {
        Recovery::Idempotent => {
            assert_eq!(shop.till.pending()["pending"], 0, "{}", operation.id);
            assert_eq!(shop.till.ask(operation.id, &request).status, 0, "{}", operation.id);
            return "again";
        }
        _ => assert_eq!(shop.till.pending()["pending"], 1, "{}", operation.id),
    }
    let number = request[operation.request_no_member.unwrap()].clone();
    assert_eq!(lost.json["out_request_no"], number);
    let settled = shop.till.settle(&json!({ "out_request_no": number }));
    assert_eq!(settled.status, 0, "{}: {}", operation.id, settled.json);
    assert_once(shop, operation, &request);
    let again = shop.till.ask(operation.id, &request);
    let recorded = again.json["recorded"].as_bool().unwrap_or(false);
    assert_eq!((again.status, recorded), (0, !operation.short_lived), "{}: {}", operation.id, again.json);
    if let Recovery::Query { query, .. } = operation.recovery {
        let request = shop.right(operation.id);
        shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on(operation.id).times(1));
        let refusal =
            FaultKind::Refusal { status: 400, code: "INVALID_REQUEST".into(), sub_code: 268_578_224 };
        shop.sandbox.inject(Fault::new(refusal).on(operation.id).times(1));
        let found = shop.till.ask(operation.id, &request);
        assert_eq!((found.status, &found.json["settled_by"]), (0, &json!(query.id)), "{}", found.json);
        shop.sandbox.clear_faults();
        return if query.id.ends_with("list") { "repeat, list" } else { "repeat, query" };
    }
    "repeat"
}

/// What has a number of its own happened once, whatever was lost; a bundle's coupons count as one.
fn assert_once(shop: &Shop, operation: &Operation, request: &Value) {
    let Some(name) = operation.request_no_member.filter(|_| !operation.short_lived) else { return };
    let number = request[name].as_str().unwrap();
    let times = shop.sandbox.ledger().iter().filter(|entry| entry.number == number).count();
    let once = if operation.id.starts_with("bundle_") { 3 } else { 1 };
    assert_eq!(times, once, "{} {number}", operation.id);
}

#[test]
fn every_operation_lives() {
    let shop = Shop::open(Mode::Partner);
    let brand = Shop::open(Mode::Brand);
    let mut table = String::from(
        "| operation | checked input | success | refusals | doubt settled | brand mode |\n|---|---|---|---|---|---|\n",
    );
    for operation in ALL {
        let checked = rules::breaks(operation, &sample::full(operation));
        granted(&shop, operation);
        let reasons = refused(&shop, operation) + refused_by_itself(&shop, operation);
        let how = settled(&shop, operation);
        let id = operation.id;
        let in_brand_mode = if operation.family.prefix(Mode::Brand).is_some() {
            granted(&brand, operation);
            assert_eq!(settled(&brand, operation), how);
            format!("success, {how}")
        } else {
            let refused = brand.till.ask(id, &shop.right(id));
            assert_eq!(refused.name(), "WXCOUPON_E_OPERATION", "{}", refused.json);
            "refused unsent".to_owned()
        };
        writeln!(table, "| {id} | {checked} wrong | yes | {reasons} | {how} | {in_brand_mode} |").unwrap();
    }
    for sent in brand.sandbox.requests() {
        assert!(sent.target.starts_with(PRODUCT_COUPON.prefix(Mode::Brand).unwrap()), "{}", sent.target);
        assert!(!sent.target.contains("brand_id") && !sent.body.contains("\"brand_id\""), "{}", sent.body);
    }
    eprintln!("{table}");
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(target.join("operations.md"), table).unwrap();
}
