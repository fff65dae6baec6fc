//! What the sandbox refuses, in the language of the page.

use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, OPENID, Options, Sandbox};

use crate::browser::{self, Browser, Seat};
use crate::support::{Call, Till, coupon_path};
use crate::{Shop, scratch};

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

/// Requests of a till that are refused, each for another reason.
fn refused_requests(till: &Till) -> Vec<Call> {
    let right = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let authorization = till.authorization(&right);
    let signed_as = |text: &str| right.clone().header("Authorization", text);
    let without = |from: &str, to: &str| signed_as(&authorization.replace(from, to));
    let post = |path: &str, body: Value| {
        Call::new("POST", &format!("/v3/marketing/partner/product-coupon{path}")).json(&body)
    };
    let brand = json!({ "brand_id": "120344", "out_request_no": "NUMBER_9" });
    let mut calls = vec![
        // The signature.
        right.clone().header("Authorization", "Basic"),
        right.clone().header("Authorization", "Basic eA=="),
        without(",", ";"),
        without("\"", ""),
        without("nonce_str=", "colour="),
        without("nonce_str=\"", "mchid=\"1900000001\",nonce_str=\""),
        without("1900000001", "1900000009"),
        without("serial_no=\"", "serial_no=\"1"),
        right.clone().at(5),
        right.clone().signed(b""),
        // Headers, path, body.
        right.clone().header("Accept", "text/html"),
        right.clone().header("User-Agent", ""),
        right.clone().header("Content-Type", "text/plain"),
        right.clone().body(b"[]".to_vec()),
        Call::new("GET", "/v3/nothing"),
        // Members.
        right.clone().with("out_request_no", Value::Null),
        right.clone().with("out_request_no", json!("x")),
        right.clone().with("out_request_no", json!("no blanks here")),
        right.clone().with("use_time", json!("today")),
        right.clone().with("appid", json!("wxstranger")),
        right.clone().with("brand_id", json!("120345")),
        right.clone().with("stock_id", json!("1")),
        right.clone().with("saved_amount", json!("1.50")),
        right.clone().with("associated_order_info", Value::Null),
        right.clone().with("associated_order_info", json!({ "out_trade_no": "T1" })),
        post("/product-coupons", brand.clone()),
        post("/product-coupons/1000000013/stocks/1000000013001/deactivate", brand),
        till.query_request("SBX_NOBODYS"),
        Call::new("GET", &format!("{}?brand_id=120344", coupon_path(OPENID, "SBX_USED"))),
        till.return_request("SBX_EFFECTIVE_1", "NUMBER_8"),
    ];
    // The coupon.
    for code in ["SBX_USED", "SBX_EXPIRED", "SBX_DELETED", "SBX_LOCKED", "SBX_PENDING", "SBX_DEACTIVATED"] {
        calls.push(till.use_request(code, &format!("NUMBER_{code}")));
    }
    calls
}

/// Two English words side by side; names, codes and members are none.
const ENGLISH: &str =
    "const english = (text) => text.match(/(?<![\\w.\\/-])[a-z']{2,} [a-z']{2,}(?![\\w\\/])/)?.[0] ?? ''; ";

#[test]
fn no_english_sentence_gets_onto_a_chinese_page() {
    if !browser::is_there() {
        return;
    }
    // A folder is no journal.
    let journal = Some(scratch());
    let sandbox = Sandbox::start(Options { journal, ..Options::default() }).unwrap();
    let till = Till::new(&sandbox);
    let browser = Browser::open(Seat::CHINESE, &sandbox.console_url());
    let english = |selector: &str| {
        let text = format!(
            "{ENGLISH} return english(document.querySelector('{selector}')?.innerText ?? 'not there')"
        );
        browser.text(&text)
    };
    browser.show("log");
    let calls = refused_requests(&till);
    for (nth, call) in calls.iter().enumerate() {
        let got = till.send(call).unwrap();
        assert!(got.status >= 400, "{} {} {}", call.target, String::from_utf8_lossy(&call.body), got.text());
        let seq = nth + 1;
        browser.click(&format!("tr[data-seq='{seq}'] button"));
        browser.until_there("#exchange[open] .refusal");
        assert_eq!(english("#exchange .refusal"), "", "{}", browser.text_of("#exchange .refusal"));
        if got.status == 401 {
            assert_eq!(english("#exchange .why"), "", "{}", browser.text_of("#exchange .why"));
        }
        browser.click("#exchange-close");
    }
    // The journal, a receiver who does not listen, snippets.
    browser.show("truth");
    browser.until_text("main", "不是普通文件");
    assert_eq!(english("main"), "");
    browser.show("setup");
    browser.fill("#notify-url", "http://127.0.0.1:9/notify");
    browser.click("#notify-save");
    browser.click("#notify-send");
    browser.until_there(".delivery summary");
    browser.click(".delivery summary");
    browser.until_text(".delivery .attempts", "连接被拒绝");
    let snippets = format!(
        "{ENGLISH} const found = []; for (const button of document.querySelectorAll('[data-language]')) {{ button.click(); \
         const remarks = document.getElementById('snippet').textContent.split('\\n').filter((line) => /not yet|refused|belong/.test(line)); \
         found.push(...remarks); }} return found.join()"
    );
    assert_eq!(browser.text(&snippets), "");
    // What the browser itself says when nobody is there.
    sandbox.inject(Fault::from_spec("hang").unwrap());
    browser.show("faults");
    drop(sandbox);
    browser.click("#clear-faults");
    browser.until_text("#toast", "与沙箱的连接已断开");
}
