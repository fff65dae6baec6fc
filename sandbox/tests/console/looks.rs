//! What stands where: narrow screens, long words, and what was told of the sandbox before.

use serde_json::json;
use wxcoupon_sandbox::{CouponSpec, Options, Sandbox};

use crate::browser::{self, Browser, Seat};
use crate::support::Till;
use crate::{Shop, VIEWS};

#[test]
fn an_open_page_lives_on_when_the_sandbox_is_started_again() {
    if !browser::is_there() {
        return;
    }
    let start = |control_port| Sandbox::start(Options { control_port, ..Options::default() });
    let first = start(0).unwrap();
    let page = first.console_url();
    let port = page.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
    let browser = Browser::open(Seat::CHINESE, &page);
    browser.show("log");
    let redeem = |sandbox: &Sandbox, n: u32| {
        let till = Till::new(sandbox);
        till.ok(&till.use_request(&format!("SBX_EFFECTIVE_{n}"), &format!("NUMBER_{n}")));
    };
    for n in 1..=3 {
        redeem(&first, n);
    }
    browser.until_text("main tbody", "NUMBER_3");
    drop(first);
    browser.until_there("#connection.off");
    // The port may be in use a moment longer.
    let again = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        start(port).ok()
    });
    let second = again.expect("the port is free");
    browser.until_there("#connection.on");
    // Fewer than the page had seen.
    redeem(&second, 5);
    browser.until_text("main tbody", "NUMBER_5");
    browser.until("only the new one", "return document.querySelectorAll('main tbody tr').length === 1");
    browser.show("setup");
    browser.until_text("main", &second.urls()[0]);
}

#[test]
fn on_a_phone_nothing_is_cut_off() {
    let Some(shop) = Shop::open(Seat::CHINESE.phone()) else { return };
    let browser = &shop.browser;
    for view in VIEWS {
        browser.show(view);
        browser.until(
            "the name of the view is seen as a whole",
            "const { left, right } = document.querySelector('#rail [aria-current]').getBoundingClientRect(); \
             return left >= 0 && right <= innerWidth",
        );
    }
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    let told = "{\"number\":\"NUMBER_1\",\"told\":\"not_done\"}";
    browser.run(&format!("return fetch('/told', {{ method: 'POST', body: '{told}' }}).then(() => true)"));
    browser.show("truth");
    browser.until_there("tr.verdict-differs");
    let bar = "return [...document.querySelectorAll('tr.verdict-differs, tr.verdict-differs td')] \
               .filter((node) => getComputedStyle(node).boxShadow !== 'none').map((node) => node.tagName).join()";
    assert_eq!(browser.text(bar), "TR", "the bar is as high as the row");
    browser.show("log");
    browser.click("main tbody tr:first-child button");
    browser.until_there("#exchange[open]");
    let place = "const [close, title] = ['#exchange-close', '#exchange-title'].map((name) => document.querySelector(name).getBoundingClientRect()); \
                 return close.left > title.left && close.top < title.bottom && close.right > innerWidth - 40";
    assert_eq!(browser.run(place), json!(true), "the way out is at the top right");
    browser.assert_clean();
}

#[test]
fn rows_and_bars_fit_on_a_phone() {
    let Some(shop) = Shop::open(Seat::ENGLISH.phone()) else { return };
    let browser = &shop.browser;
    let code = "20251201000000000001";
    shop.sandbox.put_coupon(&CouponSpec::new(code)).unwrap();
    shop.sandbox.inject(wxcoupon_sandbox::Fault::from_spec("tampered_body,times=1").unwrap());
    assert_eq!(shop.redeem(code, "SALE_20251201_0001"), 200);
    let lines = |selector: &str| {
        let script = format!(
            "const range = document.createRange(); range.selectNodeContents(document.querySelector(\"{selector}\")); \
             return new Set([...range.getClientRects()].map((rect) => Math.round(rect.top))).size"
        );
        browser.run(&script)
    };
    let cut = "return [...document.querySelectorAll('main .chip')].filter((chip) => \
               chip.getBoundingClientRect().right > chip.closest('.scroll').getBoundingClientRect().right).length";
    browser.show("log");
    browser.until_there("main tbody td.about .sub");
    assert_eq!(lines("main tbody td.about .sub"), json!(1), "a number stands in one line");
    browser.until_text("main tbody", "One digit was changed after signing");
    assert_eq!(browser.run(cut), json!(0));
    browser.show("truth");
    browser.until_there("main tbody td.coupon");
    assert_eq!(browser.run(cut), json!(0));
    let room = "const cell = document.querySelector('main tbody td.coupon'); return cell.firstChild.length * 7.2 < cell.clientWidth";
    assert_eq!(browser.run(room), json!(true), "a code stands in one line");
    browser.show("phone");
    browser.click(&format!("[data-wallet='{code}']"));
    browser.until_text("#phone-coupon", code);
    // Pictures come when they are looked at.
    browser.run("scrollTo(0, 0)");
    // Two pixels a module, which scanners read from a screen.
    browser.until("bars", "return document.querySelector('.phone .code128').clientWidth > 300");
    browser.assert_clean();
}

#[test]
fn lines_for_the_shell_break_between_words() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("record");
    let broken = "const words = [...document.querySelectorAll('pre .word')]; \
                  return words.length > 3 && words.every((word) => word.getClientRects().length === 1)";
    assert_eq!(browser.run(broken), json!(true), "`--exit-with-stdin` stays whole");
    assert_eq!(
        browser.text("return document.querySelector('pre').textContent"),
        "wxcoupon-sandbox --scenario scenario.json --exit-with-stdin"
    );
}

#[test]
fn long_words_leave_room_for_others() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("setup");
    let cut = "return [...document.querySelectorAll('#notify-event, #notify-url')].filter((node) => { \
                 const words = document.createElement('canvas').getContext('2d'); \
                 words.font = getComputedStyle(node).font; \
                 return words.measureText(node.value || node.placeholder).width > node.clientWidth - 16; \
               }).length";
    assert_eq!(browser.run(cut), json!(0), "event and address can be read");
    let number = "N".repeat(128);
    let told = format!("{{\"number\":\"{number}\",\"told\":\"done\",\"coupon_code\":\"SBX_EFFECTIVE_1\"}}");
    browser.run(&format!("return fetch('/told', {{ method: 'POST', body: '{told}' }}).then(() => true)"));
    browser.show("truth");
    browser.until_there("main tbody td.coupon");
    let wide = "return document.querySelector('main tbody td.coupon').clientWidth";
    assert!(browser.run(wide).as_u64().unwrap() > 130, "a code fits into its column");
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    shop.till.refused(&shop.till.use_request("SBX_EFFECTIVE_2", "NUMBER_1"), 268_578_927);
    browser.show("log");
    browser.until_text("main tbody tr:first-child", "268578927");
    let lower = "const top = (name) => { const range = document.createRange(); range.selectNodeContents(document.querySelector(`main tbody tr ${name}`)); \
                 return range.getBoundingClientRect().top; }; return Math.abs(top('td.time button') - top('td.till'))";
    assert!(browser.run(lower).as_f64().unwrap() < 2.0, "{}", browser.run(lower));
    browser.click("main tbody tr:first-child button");
    browser.until_there("#exchange .difference tbody th");
    let height = "const th = [...document.querySelectorAll('#exchange .difference tbody th')].find((node) => node.innerText === 'target'); \
                  const range = document.createRange(); range.selectNodeContents(th); return range.getClientRects().length";
    assert_eq!(browser.run(height), json!(1), "`target` stands in one line");
    browser.assert_clean();
}

#[test]
fn what_is_beyond_the_page_is_counted_and_found() {
    if !browser::is_there() {
        return;
    }
    let sandbox = crate::support::sandbox();
    for n in 0..700 {
        sandbox.put_coupon(&CouponSpec::new(format!("MANY_{n:03}"))).unwrap();
    }
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    for _ in 0..600 {
        line.exchange(&till, &till.query_request("SBX_USED")).unwrap();
    }
    let browser = Browser::open(Seat::CHINESE, &sandbox.console_url());
    browser.until_text("main .count-line", "显示 5");
    assert_eq!(browser.count("article[data-code='MANY_699']"), 0);
    browser.fill("main input[type=search]", "many_699");
    browser.until_there("article[data-code='MANY_699']");
    browser.until_text("main .count-line", "共 1 张");
    browser.show("log");
    browser.until_text("main .count-line", "500 条（在最近 500 条中，共 600 条），显示最近 300 条");
    browser.assert_clean();
}
