//! Coupons as cards, the short form, and the pretend phone.

use serde_json::json;
use wxcoupon_sandbox::{CouponState, Effect, OPENID, StoreScope};

use crate::browser::Seat;
use crate::support::{Call, until};
use crate::{Shop, scan};

fn card(code: &str) -> String {
    format!("article[data-code='{code}']")
}

#[test]
fn each_button_does_what_it_says() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox) = (&shop.browser, &shop.sandbox);
    let press = |code: &str, act: &str| browser.click(&format!("{} [data-act='{act}']", card(code)));
    let state = |code: &str| sandbox.coupon(code).unwrap().state;
    let becomes = |code: &str, wanted: CouponState| until("the state", || state(code) == wanted);

    press("SBX_EFFECTIVE_1", "expire");
    becomes("SBX_EFFECTIVE_1", CouponState::Expired);
    browser.until_text(&card("SBX_EFFECTIVE_1"), "已过期");
    press("SBX_EFFECTIVE_1", "renew");
    becomes("SBX_EFFECTIVE_1", CouponState::Effective);

    press("SBX_EFFECTIVE_2", "lock");
    until("locked", || sandbox.coupon("SBX_EFFECTIVE_2").unwrap().locked);
    assert_eq!(shop.redeem("SBX_EFFECTIVE_2", "NUMBER_2"), 403);
    browser.until_there(&format!("{} [data-act='unlock']", card("SBX_EFFECTIVE_2")));
    press("SBX_EFFECTIVE_2", "unlock");
    until("unlocked", || !sandbox.coupon("SBX_EFFECTIVE_2").unwrap().locked);

    press("SBX_EFFECTIVE_3", "delete");
    becomes("SBX_EFFECTIVE_3", CouponState::Deleted);

    press("SBX_EFFECTIVE_4", "redeem_elsewhere");
    becomes("SBX_EFFECTIVE_4", CouponState::Used);
    let refused = shop.till.refused(&shop.till.use_request("SBX_EFFECTIVE_4", "NUMBER_4"), 272_756_745);
    assert_eq!(refused.status, 403);
    browser.until_there(&format!("{} [data-act='return']:not(:disabled)", card("SBX_EFFECTIVE_4")));
    press("SBX_EFFECTIVE_4", "return");
    becomes("SBX_EFFECTIVE_4", CouponState::Effective);
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Used, Effect::Returned]);

    press("SBX_EFFECTIVE_5", "other_store");
    let only = |store: &str| StoreScope::Specific { stores: vec![store.to_owned()] };
    until("another store", || sandbox.coupon("SBX_EFFECTIVE_5").unwrap().stores == only("500002"));
    let at =
        |store: &str| shop.till.use_request("SBX_EFFECTIVE_5", "NUMBER_5").with("store_id", json!(store));
    shop.till.refused(&at("500001"), 268_584_404);
    browser.until_there(&format!("{} [data-act='any_store']", card("SBX_EFFECTIVE_5")));
    press("SBX_EFFECTIVE_5", "any_store");
    until("any store", || sandbox.coupon("SBX_EFFECTIVE_5").unwrap().stores == StoreScope::None);
    browser.assert_clean();
}

#[test]
fn the_older_family_is_there_to_scan_and_to_press() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.until_text(&card("SBF_SENDED_1"), "商家券");
    browser.until_text(&card("SBF_SENDED_1"), "满 ¥50，减 ¥5");
    browser.click(&format!("{} [data-act='redeem_elsewhere']", card("SBF_SENDED_1")));
    browser.until_text(&card("SBF_SENDED_1"), "已核销");
    browser.until_there(&format!("{} [data-act='return']:not(:disabled)", card("SBF_SENDED_1")));
    browser.click(&format!("{} [data-act='return']", card("SBF_SENDED_1")));
    browser.until_there(&format!("{} [data-act='redeem_elsewhere']:not(:disabled)", card("SBF_SENDED_1")));
    assert_eq!(browser.count(&format!("{} [data-act='lock']", card("SBF_SENDED_1"))), 0);
    browser.assert_clean();
}

#[test]
fn cards_say_what_there_is_and_change_by_themselves() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.until_text(&card("SBX_EFFECTIVE_1"), "满 ¥100，打 8 折");
    browser.until_text(&card("SBX_OTHER_STORE"), "仅限 500001");
    browser.until_text(&card("SBX_OUT_OF_HOURS"), "当前时段不可用");
    browser.until_text(&card("SBX_LOCKED"), "锁定中");
    browser.until_text(&card("SBX_PENDING"), "小时后生效");
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    browser.until_text(&card("SBX_EFFECTIVE_1"), "NUMBER_1");
    // Others' coupons, and one that is looked for.
    assert_eq!(browser.count(&card("SBX_PAGE_01")), 0);
    browser.choose("#owner", "*");
    browser.until_there(&card("SBX_PAGE_01"));
    browser.fill("main input[type=search]", "page_07");
    browser.until("one card", "return document.querySelectorAll('article').length === 1");
    browser.assert_clean();
}

#[test]
fn the_short_form_makes_a_coupon_that_can_be_redeemed() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let (browser, sandbox) = (&shop.browser, &shop.sandbox);
    browser.click("#new-coupon");
    browser.fill("#offer-code", "MINE_50_10");
    browser.click("#offer button[type=submit]");
    browser.until_text(&card("MINE_50_10"), "满50减10");
    browser.until_text(&card("MINE_50_10"), "满 ¥50，减 ¥10");
    let coupon = sandbox.coupon("MINE_50_10").unwrap();
    assert_eq!(coupon.state, CouponState::Effective);
    let redemption = shop
        .till
        .use_request("MINE_50_10", "NUMBER_1")
        .with("product_coupon_id", json!(coupon.product_coupon_id))
        .with("stock_id", json!(coupon.stock_id));
    let answer = shop.till.ok(&redemption);
    let terms = json!({ "threshold": 5000, "discount_amount": 1000 });
    assert_eq!(answer["product_coupon"]["single_usage_info"]["normal_coupon"], terms);
    browser.until_text(&card("MINE_50_10"), "已核销");

    // Discount, from tomorrow, on Mondays, in one store.
    browser.click("#new-coupon");
    browser.click("#offer input[value=DISCOUNT]");
    // Nothing is rounded or taken for the whole day in silence.
    browser.fill("#offer-fold", "8.55");
    browser.click("#offer button[type=submit]");
    browser.until_text("#offer .problem", "至多一位小数");
    browser.fill("#offer-fold", "8.5");
    browser.run("document.getElementById('offer-to').value = ''");
    browser.click("#offer button[type=submit]");
    browser.until_text("#offer .problem", "结束：请填写时间");
    browser.run("document.getElementById('offer-to').value = '23:59'");
    browser.fill("#offer-begins", "1");
    browser.choose("#offer-stores", "500002");
    for day in ["TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] {
        browser.click(&format!("#offer input[value={day}]"));
    }
    browser.fill("#offer-code", "MINE_85");
    browser.click("#offer button[type=submit]");
    browser.until_text(&card("MINE_85"), "打 8.5 折");
    browser.until_text(&card("MINE_85"), "周一 00:00–24:00");
    browser.until_text(&card("MINE_85"), "仅限 500002");
    assert_eq!(sandbox.coupon("MINE_85").unwrap().state, CouponState::Pending);

    // Exchange; what is wrong is said, and nothing is made.
    browser.click("#new-coupon");
    browser.click("#offer input[value=EXCHANGE]");
    browser.fill("#offer-price", "nine");
    browser.click("#offer button[type=submit]");
    browser.until_text("#offer .problem", "请填写金额");
    browser.fill("#offer-price", "9.9");
    browser.fill("#offer-code", "MINE_85");
    browser.click("#offer button[type=submit]");
    browser.until_text("#offer .problem", "272755200");
    browser.fill("#offer-code", "MINE_990");
    browser.click("#offer button[type=submit]");
    browser.until_text(&card("MINE_990"), "¥9.90 换购");
    // The refusal before is in the browser's log: a refused request is one.
}

#[test]
fn a_scanner_reads_the_phone() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("phone");
    browser.click("[data-wallet='SBX_EFFECTIVE_7']");
    browser.until_text("#phone-coupon", "SBX_EFFECTIVE_7");
    let drawn = "return [...document.querySelectorAll('.screen img')].every((img) => img.complete && img.naturalWidth && img.style.width)";
    browser.until("the codes are drawn", drawn);
    browser.run("document.querySelector('.screen').scrollIntoView()");
    // The code is another one each minute: the picture counts in which it did not change.
    let shown = || browser.text_of("#payment-code").replace(|letter: char| !letter.is_ascii_digit(), "");
    let (read, shown) = loop {
        let (before, read) = (shown(), scan(browser, "phone"));
        if shown() == before {
            break (read, before);
        }
    };
    assert!(read.contains("QR-Code:SBX_EFFECTIVE_7\n"), "{read}");
    assert!(read.contains("CODE-128:SBX_EFFECTIVE_7\n"), "{read}");
    assert_eq!(shown.len(), 18);
    assert!(read.contains(&format!("CODE-128:{shown}\n")) && ("10"..="15").contains(&&shown[..2]), "{read}");
    // The minute is the sandbox's: a minute later there is another one.
    shop.sandbox.set_clock_offset(60);
    let digits = "document.querySelector('#payment-code').innerText.replace(/\\D/g, '')";
    browser.until("a new payment code", &format!("return {digits} !== '{shown}' && {digits}.length === 18"));
    browser.assert_clean();
}

#[test]
fn what_strangers_write_is_text() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    let evil = "<img src=x onerror=document.title='evil'>";
    let mut call = shop.till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").header("User-Agent", evil);
    call = call.with("out_request_no", json!("<b>NUMBER</b>"));
    assert_eq!(shop.till.send(&call).unwrap().status, 400);
    let path = format!("/v3/marketing/partner/product-coupon/users/{OPENID}/coupons/%3Cb%3EX%3C%2Fb%3E/use");
    let _ = shop.till.send(&Call::new("POST", &path).json(&json!({})));
    browser.show("log");
    browser.until_text("main tbody", "<b>NUMBER</b>");
    browser.until_text("main tbody", "<img");
    browser.until_text("main tbody", "<b>X</b>");
    browser.click("main tbody tr:last-child button");
    browser.until_text("#exchange", evil);
    assert_eq!(browser.count("main b, main img, #exchange b, #exchange img"), 0);
    browser.assert_clean();
}
