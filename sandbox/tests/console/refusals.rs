//! What the sandbox refuses, in the language of the page.

use serde_json::{Value, json};

use crate::Shop;
use crate::browser::Seat;

/// One refusal of each source: what is asked, a word of the English answer and one of the Chinese.
fn refused() -> Vec<(&'static str, &'static str, Value, &'static str, &'static str)> {
    let offer = json!({ "type": "NORMAL" });
    let told = json!({ "number": "", "told": "done" });
    let busifavor = json!({ "coupon_code": "X", "stock_id": "none" });
    vec![
        ("POST", "/faults", json!({ "spec": "hang,times=1,times=2" }), "appears twice", "重复出现"),
        ("POST", "/faults", json!({ "kind": "no_such_kind" }), "no_such_kind", "JSON 不合要求"),
        ("POST", "/coupons", json!({ "coupon_code": "" }), "1 to 40 characters", "1 到 40 个字符"),
        ("POST", "/coupons", json!({ "coupon_code": ".." }), "must not be", "不能是"),
        ("POST", "/coupons", json!([]), "invalid", "JSON 不合要求"),
        ("POST", "/busifavor-coupons", busifavor, "no such stock_id", "没有这个 stock_id"),
        ("POST", "/certificates", json!({ "retire": "0" }), "not listed", "不在证书列表中"),
        ("POST", "/certificates", json!({ "sign_with": "x" }), "must be auto", "只能是 auto"),
        (
            "POST",
            "/notifications",
            json!({ "notify_url": "http://a.cn" }),
            "must begin with",
            "必须以 https://",
        ),
        ("POST", "/notifications", json!({ "replay": true }), "nothing to replay", "没有可以重发的通知"),
        ("POST", "/scenario", json!({ "wxcoupon_sandbox_scenario": 9 }), "1 is known", "只支持 1"),
        ("POST", "/claims", json!({ "token": "none" }), "claim: ", "领券："),
        ("POST", "/offers", offer, "type goes with", "必须填 discount_amount"),
        ("POST", "/told", told, "1 to 128 bytes", "1 到 128 字节"),
        ("POST", "/clock", json!({ "offset_s": 9_000_000_000_000_i64 }), "a hundred years", "一百年"),
        ("POST", "/stocks", json!({}), "state must be", "state 只能是"),
        ("POST", "/console/coupons/SBX_USED/redeem_elsewhere", json!({}), "(", "（"),
        ("POST", "/console/coupons/NONE/lock", json!({}), "no such coupon", "没有这张券"),
        ("GET", "/requests?colour=red", Value::Null, "is not known here", "不支持查询参数 colour"),
        ("GET", "/nothing", Value::Null, "no such thing", "没有这个路径"),
    ]
}

#[test]
fn refusals_are_in_the_language_of_the_page() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    let answer = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { "undefined".to_owned() } else { body.to_string() };
        browser.text(&format!(
            "return import('/console/api.js').then(({{ ask }}) => ask('{method}', '{path}', {body})) \
             .then((found) => `taken: ${{JSON.stringify(found)}}`, (refusal) => refusal.message)"
        ))
    };
    for (method, path, body, _, chinese) in refused() {
        let said = answer(method, path, &body);
        assert!(said.contains(chinese), "{path}: {said}");
        let is_chinese = said.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        assert!(is_chinese, "{path}: {said}");
    }
    browser.click("#language");
    for (method, path, body, english, _) in refused() {
        let said = answer(method, path, &body);
        assert!(said.contains(english), "{path}: {said}");
    }
}
