//! The live log, and one request looked at closely.

use serde_json::json;

use crate::Shop;
use crate::browser::Seat;

fn open_newest(shop: &Shop, text: &str) {
    shop.browser.until_text("main tbody tr:first-child", text);
    shop.browser.click("main tbody tr:first-child button");
    shop.browser.until_there("#exchange[open] .sheets");
}

#[test]
fn requests_come_by_themselves_and_show_everything() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, till) = (&shop.browser, &shop.till);
    browser.show("log");
    browser.until_text("main tbody", "还没有请求");
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    open_newest(&shop, "NUMBER_1");
    for text in ["till/1.0", "核销", "200", "生效"] {
        browser.until_text("main tbody tr:first-child", text);
    }
    // Headers and bodies of both, the five lines and the three.
    let all = browser.text_of("#exchange");
    for text in [
        "User-Agent",
        "Wechatpay-Signature",
        "\"coupon_state\": \"USED\"",
        "\"out_request_no\": \"NUMBER_1\"",
        "验签通过",
        "应答签名的三行",
        "相符",
    ] {
        assert!(all.contains(text), "{text} is not in {all}");
    }
    browser.click("#exchange-close");

    // The same again, then with another body.
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    open_newest(&shop, "重复");
    browser.until_text("#exchange", "全部字段相同");
    browser.click("#exchange-close");
    let changed =
        till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").with("use_time", json!("2025-08-04T12:00:00+08:00"));
    till.refused(&changed, 268_578_927);
    open_newest(&shop, "268578927");
    browser.until_text("#exchange .difference", "/use_time");
    browser.until_text("#exchange .difference .changed", "2025-08-04");
    browser.click("#exchange-close");

    // Only failures; a search.
    browser.choose("main .filters select", "errors");
    browser.until("one row", "return document.querySelectorAll('main tbody tr').length === 1");
    browser.choose("main .filters select", "");
    browser.fill("#log-search", "nobody");
    browser.until_text("main tbody", "还没有请求");
    browser.assert_clean();
}

#[test]
fn why_401_is_told_step_by_step() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, till) = (&shop.browser, &shop.till);
    browser.show("log");
    let right = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let authorization = till.authorization(&right);
    let edited =
        |from: &str, to: &str| right.clone().header("Authorization", &authorization.replace(from, to));
    let other_key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut stranger = crate::support::Till::new(&shop.sandbox);
    stranger.key = other_key;
    let told = [
        (right.clone().header("Authorization", "Basic eA=="), "认证类型应为"),
        (edited("mchid=\"1900000001\"", "mchid=\"1900000009\""), "这里没有这个商户"),
        (edited("serial_no=\"", "serial_no=\"1"), "这里没有这个 serial_no"),
        (right.clone().at(crate::support::unix() - 4000), "超过 300 秒"),
        (right.clone().header("Authorization", &stranger.authorization(&right)), "不是一对"),
        (right.clone().signed(b""), "签名时报文主体为空"),
        (right.clone().signed(b"something else"), "签的不是这五行"),
    ];
    for (nth, (call, cause)) in told.iter().enumerate() {
        assert_eq!(till.send(call).unwrap().status, 401, "{cause}");
        browser.until(
            "one more",
            &format!("return document.querySelectorAll('main tbody tr[data-seq]').length === {}", nth + 1),
        );
        browser.click("main tbody tr:first-child button");
        browser.until_text("#exchange .why", cause);
        browser.click("#exchange-close");
    }
    browser.click("main tbody tr:nth-child(7) button");
    browser.until_text("#exchange .why", "未通过");
    browser.click("#exchange-close");
    // The last one shows which text was signed, and which should have been.
    browser.click("main tbody tr:first-child button");
    browser.until_text("#exchange .why .hashes", "你签的是");
    let hashes = browser.text_of("#exchange .why .hashes");
    assert!(hashes.contains("SHA-256"), "{hashes}");
    assert_eq!(browser.count("#exchange .signed-lines li"), 5);
    browser.assert_clean();
}

#[test]
fn the_narrow_list_stands_beside_the_other_views() {
    let Some(shop) = Shop::open(Seat::ENGLISH) else { return };
    let browser = &shop.browser;
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    browser.until_text("#ticker", "SBX_EFFECTIVE_1");
    browser.click("#ticker .tick");
    browser.until_text("#exchange", "NUMBER_1");
    browser.press("\u{e00c}");
    browser.until("closed", "return !document.getElementById('exchange').open");
    browser.assert_clean();
}
