//! HAR, curl, scenarios, reset.

use std::process::Command;

use serde_json::{Value, json};
use wxcoupon_sandbox::{CouponState, Options, Sandbox};

use crate::browser::{Seat, quoted};
use crate::support::until;
use crate::{Shop, scratch};

/// What the page's link leads to.
fn download(shop: &Shop, link: &str) -> Value {
    let path = shop.browser.text(&format!("return document.querySelector('{link}').pathname"));
    shop.browser.wait_for(&format!(
        "const done = arguments[0]; fetch('{path}').then((answer) => answer.json()).then(done)"
    ))
}

#[test]
fn a_scenario_is_saved_loaded_and_given_on_the_command_line() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox) = (&shop.browser, &shop.sandbox);
    browser.click("article[data-code='SBX_EFFECTIVE_1'] [data-act='lock']");
    browser.click("#new-coupon");
    browser.fill("#offer-code", "MINE_1");
    browser.click("#offer button[type=submit]");
    browser.until_there("article[data-code='MINE_1']");
    sandbox.set_business_offset(3600);
    browser.show("faults");
    browser.click("[data-preset='lost_answer']");
    until("armed", || sandbox.faults().len() == 1);
    browser.show("record");
    let scenario = download(&shop, "#save-scenario");
    assert_eq!(scenario["clock"]["world_offset_s"], 3600);
    assert_eq!(scenario["faults"].as_array().unwrap().len(), 1);
    assert_eq!(scenario["offers"][0]["coupon_code"], "MINE_1");
    assert_eq!(scenario["coupons"].as_array().unwrap().len(), 1, "only what was changed: {scenario}");

    // What is one's own stays, unless all is to go; what goes is said.
    browser.click("#start-over");
    browser.until_text("#toast", "自建的券仍在");
    until("started over", || sandbox.faults().is_empty() && sandbox.coupon("MINE_1").is_some());
    browser.click("#reset");
    browser.until_text("#reset-sure", "自建的券也会删除");
    browser.click("#reset-sure");
    until("reset", || sandbox.coupon("MINE_1").is_none());
    let file = scratch().join("scenario.json");
    std::fs::write(&file, scenario.to_string()).unwrap();
    browser.run("document.getElementById('scenario-file').classList.remove('off-screen')");
    browser.give_file("#scenario-file", &file);
    browser.until_text("#toast", "已载入");
    until("loaded", || sandbox.coupon("MINE_1").is_some_and(|coupon| coupon.state == CouponState::Effective));
    assert!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().locked);
    assert_eq!(sandbox.faults()[0].fault["kind"], "process_then_reset");

    let other = Sandbox::start(Options::default()).unwrap();
    assert_eq!(other.apply_scenario(&std::fs::read(&file).unwrap()).unwrap(), 2);
    assert!(other.coupon("SBX_EFFECTIVE_1").unwrap().locked && other.coupon("MINE_1").is_some());
    browser.assert_clean();
}

#[test]
fn requests_are_exported_as_har_and_as_curl_that_works() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    let call = shop.till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").with("saved_amount", json!(100));
    // What a shell would take for its own.
    let call = call.header("User-Agent", "o'till $HOME `x`");
    assert_eq!(shop.till.send(&call).unwrap().status, 200);
    browser.show("record");
    let har = download(&shop, "#download-har");
    let entry = &har["log"]["entries"][0];
    assert_eq!((&har["log"]["version"], &entry["request"]["method"]), (&json!("1.2"), &json!("POST")));
    assert_eq!(entry["response"]["status"], 200);
    assert!(entry["request"]["postData"]["text"].as_str().unwrap().contains("NUMBER_1"));
    assert!(entry["response"]["content"]["text"].as_str().unwrap().contains("\"USED\""));

    browser.show("log");
    browser.click("main tbody tr:first-child button");
    // The clipboard of a browser without a screen cannot be read; what it was given can.
    browser
        .run("window.given = ''; navigator.clipboard.writeText = async (text) => { window.given = text; }");
    browser.click("#copy-curl");
    browser.until("copied", "return window.given.startsWith('curl')");
    let command = browser.text("return window.given");
    assert!(!command.contains(&shop.till.authorization(&call)), "it is signed anew");
    let ran = Command::new("sh")
        .args(["-c", &format!("{} --silent --show-error", command.trim_end())])
        .output()
        .unwrap();
    let answer = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        answer.contains("\"coupon_state\":\"USED\""),
        "{answer} {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    until("a repeat", || shop.sandbox.requests().last().is_some_and(|entry| entry.duplicate));
    let seen = shop.sandbox.requests().pop().unwrap();
    assert!(seen.headers.iter().any(|(_, value)| value == "o'till $HOME `x`"), "{}", quoted(&command));
    browser.assert_clean();
}
