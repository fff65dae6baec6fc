//! Faults as a menu.

use serde_json::json;
use wxcoupon_sandbox::SignWith;

use crate::Shop;
use crate::browser::Seat;
use crate::support::until;

#[test]
fn presets_arm_act_and_are_cleared() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox, till) = (&shop.browser, &shop.sandbox, &shop.till);
    browser.show("faults");
    let preset = |name: &str| browser.click(&format!("[data-preset='{name}']"));
    let kinds = || {
        let kind = |view: wxcoupon_sandbox::FaultView| view.fault["kind"].as_str().unwrap().to_owned();
        sandbox.faults().into_iter().map(kind).collect::<Vec<_>>()
    };
    let clear = || {
        browser.click("#clear-faults");
        until("cleared", || sandbox.faults().is_empty());
        browser.until_text(".armed-list", "一切正常");
    };

    preset("lost_answer");
    browser.until_there(".lamp.armed");
    assert!(till.send(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1")).is_err());
    assert_eq!(sandbox.ledger().len(), 1, "it took effect");
    browser.until_there(".lamp.spent");
    // In words; the name is the title.
    browser.until_text("#ticker .chip.fault", "请求生效，随后断线");
    assert_eq!(
        browser.text("return document.querySelector('#ticker .chip.fault').title"),
        "process_then_reset"
    );
    browser.until_text(".armed-list", "已触发 1 / 1");
    clear();

    preset("line_down");
    until("the port is closed", || till.connect(&till.urls[0]).is_err());
    clear();
    until("the port is open", || till.connect(&till.urls[0]).is_ok());

    preset("rate_limited");
    browser.until_there(".lamp.armed");
    let refused = till.send(&till.query_request("SBX_USED")).unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")));
    browser.until_there(".lamp.fired");
    clear();

    preset("captive_portal");
    until("armed", || kinds() == ["captive_portal"]);
    assert!(till.send(&till.query_request("SBX_USED")).unwrap().text().contains("WiFi"));
    clear();

    preset("wrong_clock");
    until("armed", || kinds() == ["clock"]);
    assert_eq!(till.send(&till.query_request("SBX_USED")).unwrap().status, 401);
    clear();

    preset("slow");
    until("armed", || kinds() == ["delay"]);
    assert_eq!(sandbox.faults()[0].fault["ms"], 6000);
    clear();

    preset("key_change");
    until("a new certificate", || sandbox.certificates().unwrap().len() == 2);
    let got = till.send(&till.query_request("SBX_USED")).unwrap();
    assert!(till.verify(&got).unwrap_err().contains("unknown serial"));
    browser.until_text(".armed-list", "应答签名方：平台证书");
    clear();
    let asked = till.query_request("SBX_USED").header("Wechatpay-Serial", &till.public_key_id);
    assert_eq!(till.verify(&till.send(&asked).unwrap()).unwrap(), till.public_key_id);
    browser.assert_clean();
}

#[test]
fn ones_own_faults_are_armed_with_all_their_conditions() {
    let Some(shop) = Shop::open(Seat::ENGLISH) else { return };
    let (browser, sandbox) = (&shop.browser, &shop.sandbox);
    browser.show("faults");
    browser.choose("#fault-kind", "status");
    browser.fill("[data-parameter='status']", "503");
    browser.choose("#fault-on", "query");
    browser.fill("#fault-times", "2");
    browser.fill("#fault-coupon", "SBX_US");
    browser.click("main details summary");
    browser.fill("#fault-skip", "1");
    browser.choose("#fault-host", "0");
    browser.click("#arm");
    until("armed", || sandbox.faults().len() == 1);
    let fault = sandbox.faults()[0].fault.clone();
    let expected = json!({ "kind": "status", "status": 503, "html": false, "on": "query", "host": 0, "coupon": "SBX_US",
        "skip": 1, "times": 2, "processed": false });
    assert_eq!(fault, expected);
    let statuses = [(); 4].map(|()| shop.till.send(&shop.till.query_request("SBX_USED")).unwrap().status);
    assert_eq!(statuses, [200, 503, 503, 200]);
    browser.until_text(".armed-list", "acted 2 of 2");
    browser.click(".fault-row button");
    until("cleared", || sandbox.faults().is_empty());

    // What the sandbox refuses is said.
    browser.fill("#fault-times", "often");
    browser.click("#arm");
    browser.until_text("main .problem", "whole number");
    assert!(sandbox.faults().is_empty());
    sandbox.set_sign_with(SignWith::Auto);
    browser.assert_clean();
}

#[test]
fn what_cannot_be_armed_is_said_in_the_language_of_the_page() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("faults");
    browser.choose("#fault-kind", "delay");
    for (value, said) in [("-5", "毫秒：请填写整数"), ("soon", "毫秒：请填写数字、true、false 或 JSON")]
    {
        browser.fill("[data-parameter='ms']", value);
        browser.click("#arm");
        browser.until_text("main .problem", said);
    }
    browser.fill("[data-parameter='ms']", "5");
    browser.click("main details summary");
    browser.fill("#fault-percent", "half");
    browser.click("#arm");
    browser.until_text("main .problem", "概率（%）：请填写整数");
    assert!(shop.sandbox.faults().is_empty());
    browser.assert_clean();
}

#[test]
fn every_kind_of_fault_is_in_the_menu_in_plain_words() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("faults");
    let bare = browser.run(
        "return [...document.querySelectorAll('#fault-kind option')].filter((node) => node.textContent === node.value).map((node) => node.value)",
    );
    assert_eq!(bare, json!([]), "kinds without words");
    assert_eq!(browser.count("#fault-kind optgroup[label='其他']"), 0, "kinds without a group");
    assert_eq!(browser.count("#fault-kind option"), 40);
    let operations = "return [...document.querySelectorAll('#fault-on option')].filter((node) => node.value && !/[\\u4e00-\\u9fff]/.test(node.textContent)).map((node) => node.value)";
    assert_eq!(browser.run(operations), json!([]), "operations without words");
}
