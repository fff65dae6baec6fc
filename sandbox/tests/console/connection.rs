//! Configuration, notifications, clock, certificates.

use serde_json::{Value, json};
use wxcoupon_sandbox::{Mode, SignWith};

use crate::Shop;
use crate::browser::Seat;
use crate::support::receiver::Receiver;
use crate::support::until;

#[test]
fn config_is_there_to_download_with_a_snippet_per_language() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("setup");
    let link =
        browser.run("const { pathname } = document.getElementById('download-config'); return pathname");
    let fetched = browser.wait_for(&format!(
        "const done = arguments[0]; fetch({link}).then((answer) => answer.json()).then(done)"
    ));
    assert_eq!(fetched, shop.sandbox.config());
    let mut seen: Vec<String> = Vec::new();
    for language in
        ["C", "C++", "Python", "C#", "Delphi", "VB 6", "PowerBuilder", "易语言", "Java", "Node.js", "Lua"]
    {
        browser.click(&format!("[data-language='{language}']"));
        let snippet = browser.text_of("#snippet");
        assert!(
            snippet.contains("SBX_EFFECTIVE_1") && !snippet.contains("{config}"),
            "{language}: {snippet}"
        );
        assert!(!seen.contains(&snippet));
        seen.push(snippet);
    }
    assert_eq!(browser.count("[data-language]"), 11);
    browser.assert_clean();
}

#[test]
fn both_clocks_move_apart() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("setup");
    let step =
        |seconds: u32| browser.text_of(&format!("[data-clock='world_offset_s'][data-step='{seconds}']"));
    assert_eq!((step(3600), step(86_400)), ("+1 小时".to_owned(), "+1 天".to_owned()));
    browser.click("[data-clock='world_offset_s'][data-step='86400']");
    // Business time alone: honest requests pass, and coupons begin.
    browser.until_text(".clock.moved", "快 24 小时");
    let answer = shop.till.ok(&shop.till.query_request("SBX_PENDING"));
    assert_eq!(answer["coupon_state"], "EFFECTIVE");
    browser.click("[data-clock='offset_s'][data-step='600']");
    browser.until("both moved", "return document.querySelectorAll('.clock.moved').length === 2");
    assert_eq!(shop.till.send(&shop.till.query_request("SBX_PENDING")).unwrap().status, 401);
    browser.click("[data-clock='offset_s'][data-step='0']");
    browser.until("one moved", "return document.querySelectorAll('.clock.moved').length === 1");
    assert_eq!(shop.till.send(&shop.till.query_request("SBX_PENDING")).unwrap().status, 200);
    browser.assert_clean();
}

#[test]
fn certificates_are_rotated_retired_and_shared() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox, till) = (&shop.browser, &shop.sandbox, &shop.till);
    browser.show("setup");
    browser.click("#rotate");
    browser.until("two", "return document.querySelectorAll('.certificates li').length === 2");
    let newest = sandbox.certificates().unwrap().pop().unwrap();
    assert!(newest.signs && newest.serial_no != till.platform_serial);
    browser.choose("#sign-with", "certificate");
    let serial =
        || till.send(&till.query_request("SBX_USED")).unwrap().header("wechatpay-serial").unwrap().to_owned();
    until("the new one signs", || serial() == newest.serial_no);
    browser.click(&format!("[data-retire='{}']", newest.serial_no));
    browser.until("one", "return document.querySelectorAll('.certificates li').length === 1");
    until("the old one signs", || serial() == till.platform_serial);
    browser.choose("#sign-with", "mixed");
    let share = || {
        let got = (0..20).map(|_| till.send(&till.query_request("SBX_USED")).unwrap());
        got.filter(|got| got.header("wechatpay-serial") == Some(&till.platform_serial)).count()
    };
    until("half of them", || (8..=12).contains(&share()));
    browser.until_text(".share output", "50 %");
    browser.click("#public-key-only");
    until("the public key signs", || serial() == till.public_key_id);
    sandbox.set_public_key_only(false);
    sandbox.set_sign_with(SignWith::Auto);
    browser.assert_clean();
}

#[test]
fn notifications_are_sent_spoiled_probed_and_sent_again() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox, till) = (&shop.browser, &shop.sandbox, &shop.till);
    let receiver = Receiver::answering(&[500, 204]);
    browser.show("setup");
    browser.fill("#notify-url", &receiver.url);
    browser.fill("#notify-interval", "50");
    browser.click("#notify-save");
    browser.click("#notify-send");
    let letter = receiver.next();
    letter.verify(till).unwrap();
    let resource: Value = letter.resource(till).unwrap();
    assert_eq!(resource["coupon_code"], "SBX_EFFECTIVE_1");
    receiver.next();
    browser.until_text(".delivery[data-seq='1']", "已送达");
    browser.until_text(".delivery[data-seq='1']", "推送 2 次");
    browser.click(".delivery[data-seq='1'] summary");
    browser.until_text(".delivery[data-seq='1'] .attempts", "500");
    browser.until_text(".delivery[data-seq='1'] .attempts", "\"code\": \"FAIL\"");

    browser.click(".delivery[data-seq='1'] [data-replay='1']");
    assert_eq!(receiver.next().json()["id"], letter.json()["id"], "the same notification");

    browser.choose("#notify-spoil", "wrong_signature");
    browser.click("#notify-send");
    assert!(receiver.next().verify(till).is_err());

    browser.choose("#notify-spoil", "");
    browser.click("#notify-probe");
    browser.until_text("#toast", "签名探测");
    sandbox.announce("PRODUCT_COUPON_SP.SEND", json!({ "n": 1 }));
    assert!(receiver.next().header("wechatpay-signature").unwrap().starts_with("WECHATPAY/SIGNTEST/"));
    sandbox.set_notify_url(Mode::Partner, "http://127.0.0.1:9/nobody").unwrap();
    browser.assert_clean();
}
