//! A till with a key of its own that wants what is not its own.

use crate::chain::Chain;
use crate::till::{Till, Told};
use serde_json::{Value, json};
use testkit::till::{OPENID, STOCK, query_request, use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind, OTHER_TILL_NUMBER};

fn return_request(coupon: &str, number: &str) -> Value {
    let mut request = query_request(coupon);
    request["out_request_no"] = json!(number);
    request
}

fn assert_reused(told: &Told, secrets: &[&str]) {
    assert_eq!((told.http, told.name()), (200, "E_REQUEST_NO_REUSED"), "{}", told.json);
    assert!(told.json.get("data").is_none() && told.json.get("wechat").is_none(), "{}", told.json);
    assert_eq!(told.json["in_doubt"], false, "it says nothing of another till's doubt");
    for secret in secrets {
        assert!(!told.json.to_string().contains(secret), "{secret}: {}", told.json);
    }
}

fn assert_refused(told: &Told, http: u16, hub: &str) {
    assert_eq!((told.http, told.hub()), (http, hub), "{}", told.json);
}

#[test]
fn another_till_s_number_says_nothing_whatever_became_of_it() {
    let chain = Chain::new("");
    let (victim, hostile) = (chain.till("S1"), chain.till("S2"));
    let redeemed = victim.ask("use", &use_request("AUTO_H1", "S1-000001"));
    assert_eq!(redeemed.status(), 0, "{}", redeemed.json);
    let fault = chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let doubtful = victim.ask("use", &with_limit(use_request("AUTO_H2", "S1-000002"), 700));
    assert_eq!(doubtful.status() / 1000, 4, "{}", doubtful.json);

    for (coupon, number) in [("AUTO_H1", "S1-000001"), ("AUTO_H2", "S1-000002")] {
        // The very same content, other content, and every way to ask about it.
        assert_reused(&hostile.ask("use", &use_request(coupon, number)), &[coupon, OPENID]);
        assert_reused(&hostile.ask("use", &use_request("AUTO_OTHER", number)), &[coupon, OPENID]);
        assert_reused(&hostile.ask("return", &return_request("AUTO_OTHER", number)), &[coupon, OPENID]);
        for aim in ["complete", "void"] {
            let told = hostile.ask("settle", &json!({ "out_request_no": number, "aim": aim }));
            assert_reused(&told, &[coupon, OPENID]);
        }
        let told =
            hostile.ask("settle", &json!({ "out_request_no": number, "aim": "abandon", "note": "mine" }));
        assert_refused(&told, 403, "not_allowed");
    }
    assert_eq!(hostile.pending()["requests"], json!([]));
    assert_eq!(hostile.call("settle").json["data"]["settled"], 0);
    assert_eq!(victim.pending()["requests"][0]["out_request_no"], "S1-000002");
    chain.sandbox.clear_fault(fault);
    assert_eq!((chain.effects("AUTO_H1"), chain.effects("AUTO_H2")), ((1, 0), (1, 0)));
    let settled = victim.ask("settle", &json!({ "out_request_no": "S1-000002", "aim": "void" }));
    assert_eq!(settled.json["data"]["state"], "voided", "{}", settled.json);
    assert_eq!(chain.effects("AUTO_H2"), (1, 1));
    assert_eq!(hostile.events(0)["events"], json!([]));
}

#[test]
fn only_who_redeemed_a_coupon_last_may_return_it() {
    let chain = Chain::new("");
    let (victim, hostile) = (chain.till("S1"), chain.till("S2"));
    assert_eq!(victim.ask("use", &use_request("AUTO_R", "S1-000001")).status(), 0);
    assert_refused(&hostile.ask("return", &return_request("AUTO_R", "S2-BACK-1")), 403, "not_own");
    // A redemption of one's own that was refused is none. The refusal does not name the other till's number.
    let refused = hostile.ask("use", &use_request("AUTO_R", "S2-000001"));
    assert_eq!(refused.status() / 1000, 5, "{}", refused.json);
    assert!(!refused.json["message"].to_string().contains("S1-000001"), "{}", refused.json);
    assert_refused(&hostile.ask("return", &return_request("AUTO_R", "S2-BACK-2")), 403, "not_own");
    // One that was not made with the hub is nobody's.
    assert_refused(&hostile.ask("return", &return_request("SBX_USED", "S2-BACK-3")), 403, "not_own");
    let told = hostile.ask("settle", &json!({ "out_request_no": OTHER_TILL_NUMBER }));
    assert_eq!(told.name(), "E_REQUEST", "{}", told.json);
    // The code of one's own redemption in another stock.
    let mut elsewhere = return_request("AUTO_R", "S1-BACK-0");
    elsewhere["stock_id"] = json!(format!("{STOCK}9"));
    assert_refused(&victim.ask("return", &elsewhere), 403, "not_own");
    assert_eq!(chain.effects("AUTO_R"), (1, 0));

    let back = return_request("AUTO_R", "S1-BACK-1");
    assert_eq!(victim.ask("return", &back).status(), 0);
    assert_eq!(victim.ask("return", &back).status(), 0, "its own number, again");
    assert_eq!(hostile.ask("use", &use_request("AUTO_R", "S2-000002")).status(), 0);
    // Now it is the other's: who had it before may not take it away.
    assert_refused(&victim.ask("return", &return_request("AUTO_R", "S1-BACK-2")), 403, "not_own");
    assert_eq!(chain.effects("AUTO_R"), (2, 1));
    assert_eq!(hostile.ask("return", &return_request("AUTO_R", "S2-BACK-4")).status(), 0);
    assert_eq!(chain.effects("AUTO_R"), (2, 2));
}

#[test]
fn users_are_asked_about_only_after_a_scan_of_the_till_s_own() {
    let chain = Chain::new("");
    let (till, other) = (chain.till("S1"), chain.till("S2"));
    let list = json!({ "openid": OPENID });
    let scan_of_user = json!({ "openid": OPENID });
    for till in [&till, &other] {
        assert_refused(&till.ask("list", &list), 403, "not_own");
        assert_refused(&till.ask("scan", &scan_of_user), 403, "not_own");
        assert_refused(&till.ask("query", &query_request("SBX_EFFECTIVE_1")), 403, "not_own");
        assert_refused(
            &till.ask("busifavor_list", &json!({ "openid": OPENID, "belong_merchant": "1" })),
            403,
            "not_own",
        );
    }
    assert_eq!(chain.sandbox.requests().len(), 0, "nothing was asked");
    let code = chain.sandbox.show_payment_code(OPENID).unwrap();
    let scanned = till.ask("scan", &json!({ "auth_code": code }));
    assert_eq!(
        (scanned.status(), scanned.json["data"]["openid"].as_str()),
        (0, Some(OPENID)),
        "{}",
        scanned.json
    );
    for (operation, request) in
        [("list", &list), ("scan", &scan_of_user), ("query", &query_request("SBX_EFFECTIVE_1"))]
    {
        let told = till.ask(operation, request);
        assert_eq!((told.http, told.status()), (200, 0), "{operation}: {}", told.json);
    }
    assert_refused(&till.ask("list", &json!({ "openid": "oSandboxPages000000000000001" })), 403, "not_own");
    assert_refused(&other.ask("list", &list), 403, "not_own");
    // A scan by code gives its owner, too; the directory knows the coupon by now.
    let scanned = other.ask("scan", &json!({ "scan": "SBX_EFFECTIVE_1" }));
    assert_eq!(scanned.status(), 0, "{}", scanned.json);
    assert_eq!(other.ask("query", &query_request("SBX_EFFECTIVE_1")).status(), 0);
}

#[test]
fn what_is_off_by_default_is_off() {
    let mut chain = Chain::new("");
    let till = chain.till("S1");
    let raw = json!({ "method": "GET", "path_and_query": "/v3/certificates" });
    for (operation, request) in [
        ("request", raw.clone()),
        ("deactivate", return_request("AUTO_D", "S1-D-00001")),
        ("send", json!({})),
        ("forget_user", json!({ "openid": OPENID })),
    ] {
        assert_refused(&till.ask(operation, &request), 403, "not_allowed");
    }
    for operation in ["upload_image", "import_coupons"] {
        assert_refused(&till.ask(operation, &json!({ "file": "/etc/passwd" })), 404, "not_served");
    }
    assert_refused(&till.ask("redeem", &json!({})), 404, "no_such_path");
    assert_refused(&till.exchange("GET", "/v1/use", ""), 404, "no_such_path");
    assert_refused(&till.exchange("POST", "/", ""), 404, "no_such_path");
    // The number under which the library itself would return another till's redemption.
    let digits = testkit_return_number("S9-000001");
    let told = till.ask("use", &use_request("AUTO_V", &digits));
    assert_refused(&told, 403, "not_allowed");
    assert_eq!(chain.sandbox.requests().len(), 0);

    let text = std::fs::read_to_string(chain.config_path()).unwrap();
    let policy = "[policy]\noperations = [\"request\", \"pending\"]\n";
    std::fs::write(chain.config_path(), format!("{text}\n{policy}")).unwrap();
    chain.restart();
    let till = Till { at: chain.at.clone(), ..till };
    let told = till.ask("request", &raw);
    assert_eq!(told.status(), 0, "{}", told.json);
    assert_refused(&till.ask("use", &use_request("AUTO_V", "S1-000001")), 403, "not_allowed");
}

fn testkit_return_number(redemption: &str) -> String {
    let digest = openssl::sha::sha256(format!("void {redemption}").as_bytes());
    format!("V{}", &crate::till::hex(&digest).to_uppercase()[..38])
}

#[test]
fn policy_says_brand_store_numbers_and_pace() {
    let chain = Chain::new(
        "[group.shop]\ntills = [\"S0032-*\"]\n[group.shop.policy]\nstore_id = \"500001\"\nnumber_prefix = \"{till}-\"\nsees = \"group\"\n\
         [group.slow]\ntills = [\"SLOW\"]\npolicy = { rate_per_s = 1 }\n",
    );
    let (first, second) = (chain.till("S0032-01"), chain.till("S0032-02"));
    let told = first.ask("use", &use_request("AUTO_P", "OTHER-000001"));
    assert_refused(&told, 403, "not_allowed");
    let mut request = use_request("AUTO_P", "S0032-01-000001");
    request["store_id"] = json!("500002");
    let told = first.ask("use", &request);
    assert_refused(&told, 403, "not_allowed");
    assert_eq!(told.json["field"], "/store_id");
    assert_eq!(first.ask("use", &use_request("AUTO_P", "S0032-01-000001")).status(), 0);
    let sent = chain.sandbox.requests().pop().unwrap();
    assert!(sent.body.contains("\"store_id\":\"500001\""), "{}", sent.body);
    // Tills of one shop see each other's numbers, if the policy says so.
    let told = second.ask("settle", &json!({ "out_request_no": "S0032-01-000001" }));
    assert_eq!((told.status(), told.json["recorded"].as_bool()), (0, Some(true)), "{}", told.json);
    let stranger = chain.till("S0040-01");
    assert_reused(&stranger.ask("settle", &json!({ "out_request_no": "S0032-01-000001" })), &["AUTO_P"]);

    let slow = chain.till("SLOW");
    let told: Vec<Told> = (0..4).map(|_| slow.call("pending")).collect();
    let held = told.iter().find(|told| told.http == 429).unwrap();
    assert_eq!((held.hub(), held.name()), ("rate_limited", "E_RATE_LIMITED"));
    assert!(held.json["retry_after_ms"].as_u64().unwrap() <= 1000);
    assert_eq!(first.call("pending").http, 200, "others are not slowed down");
}

with_postgres_too!(
    another_till_s_number_says_nothing_whatever_became_of_it,
    only_who_redeemed_a_coupon_last_may_return_it,
    users_are_asked_about_only_after_a_scan_of_the_till_s_own,
    what_is_off_by_default_is_off,
);
