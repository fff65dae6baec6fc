//! Keyboard, screen readers, small screens, both themes.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::{Browser, Seat, quoted};
use crate::{Shop, VIEWS};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// axe-core's script; `None` where it cannot be had.
fn axe() -> Option<String> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/fetch/axe.sh");
    let found = Command::new(tool).output().unwrap();
    if !found.status.success() {
        let issue = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{issue}");
        println!("SKIPPED: axe-core: {issue}");
        return None;
    }
    Some(std::fs::read_to_string(String::from_utf8(found.stdout).unwrap().trim()).unwrap())
}

fn assert_accessible(browser: &Browser, what: &str) {
    let found = browser.wait_for(
        "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => \
         done(violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html + ' ' + node.failureSummary) }))))",
    );
    assert_eq!(found, json!([]), "{what}: {found:#}");
}

#[test]
fn axe_finds_no_fault_in_either_theme() {
    let Some(axe) = axe() else { return };
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
    let _ = shop.till.send(&shop.till.use_request("SBX_EFFECTIVE_2", "NUMBER_2").signed(b"x"));
    let told =
        json!([{ "number": "NUMBER_1", "told": "not_done" }, { "number": "NUMBER_3", "told": "in_doubt" }]);
    let body = quoted(&told.to_string());
    browser.run(&format!("return fetch('/told', {{ method: 'POST', body: {body} }}).then(() => true)"));
    browser.show("faults");
    for preset in ["lost_answer", "rate_limited", "key_change"] {
        browser.click(&format!("[data-preset='{preset}']"));
    }
    browser.run(&axe);
    for dark in [false, true] {
        let theme = if dark { "dark" } else { "light" };
        browser.sit(Seat { dark, ..Seat::CHINESE });
        for view in VIEWS {
            browser.show(view);
            std::thread::sleep(std::time::Duration::from_millis(400));
            assert_accessible(browser, &format!("{view}, {theme}"));
        }
        browser.show("log");
        browser.click("main tbody tr:first-child button");
        browser.until_there("#exchange .why");
        assert_accessible(browser, &format!("a request, {theme}"));
        browser.press(ESCAPE);
        browser.show("coupons");
        browser.click("#new-coupon");
        assert_accessible(browser, &format!("the short form, {theme}"));
        browser.press(ESCAPE);
    }
    browser.sit(Seat::CHINESE.phone());
    for view in VIEWS {
        browser.show(view);
        assert_accessible(browser, &format!("{view}, on a phone"));
    }
    browser.assert_clean();
}

#[test]
fn everything_can_be_reached_by_keyboard() {
    let Some(shop) = Shop::open(Seat::ENGLISH) else { return };
    let browser = &shop.browser;
    for n in 1..=9 {
        assert_eq!(shop.redeem(&format!("AUTO_{n}"), &format!("NUMBER_{n}")), 200);
    }
    browser.until_there("article");
    browser.press(TAB);
    assert_eq!(browser.focus(), "skip");
    let seen = browser.run(
        "const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.height > 0",
    );
    assert_eq!(seen, json!(true), "the skip link is seen when it has the focus");
    browser.press(ENTER);
    assert_eq!(browser.focus(), "view");
    browser.press(TAB);
    assert_eq!(browser.focus(), "new-coupon");
    browser.press(ENTER);
    browser.until_there("#offer[open]");
    assert_eq!(
        browser.run("return document.getElementById('offer').contains(document.activeElement)"),
        json!(true)
    );
    browser.press(ESCAPE);
    browser.until("closed", "return !document.getElementById('offer').open");
    assert_eq!(browser.focus(), "new-coupon", "the focus comes back");

    // A button that is drawn anew keeps the focus.
    browser.run(
        "document.querySelector(\"article[data-code='SBX_EFFECTIVE_1'] [data-act='other_store']\").focus()",
    );
    browser.press(ENTER);
    browser.until_text("article[data-code='SBX_EFFECTIVE_1']", "500002");
    let held = "return document.activeElement.dataset.act + ' ' + document.activeElement.closest('article')?.dataset.code";
    assert_eq!(browser.text(held), "other_store SBX_EFFECTIVE_1");

    // Every control of every view takes the focus in the order of reading.
    for view in VIEWS {
        browser.show(view);
        browser.run("document.getElementById('view').focus()");
        let mut last = -1.0;
        for _ in 0..6 {
            browser.press(TAB);
            let order = browser.run(
                "const all = [...document.querySelectorAll('*')]; return all.indexOf(document.activeElement)",
            );
            let order = order.as_f64().unwrap();
            assert!(order > last, "{view}: the focus goes back at {}", browser.focus());
            last = order;
            let ring = browser.run("return getComputedStyle(document.activeElement).outlineStyle !== 'none' || document.activeElement.type === 'radio' || document.activeElement.tagName === 'BODY'");
            assert_eq!(ring, json!(true), "{view}: no ring around {}", browser.focus());
        }
    }
    browser.assert_clean();
}

#[test]
fn it_fits_desk_and_phone_light_and_dark() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "A_NUMBER_THAT_IS_AS_LONG_AS_MAY_BE_40_XX"), 200);
    let ground = || browser.text("return getComputedStyle(document.body).backgroundColor");
    let light = ground();
    for seat in [Seat::CHINESE, Seat::CHINESE.phone(), Seat::ENGLISH.phone().dark()] {
        browser.sit(seat);
        for view in VIEWS {
            browser.show(view);
            std::thread::sleep(std::time::Duration::from_millis(200));
            let width = browser.run("return document.documentElement.scrollWidth");
            assert!(
                width.as_u64().unwrap() <= u64::from(seat.width),
                "{view} is {width} wide on {}",
                seat.width
            );
        }
    }
    assert_ne!(ground(), light);
    browser.assert_clean();
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs_inline() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    let blocked: Value = browser.wait_for(
        "const done = arguments[0]; const blocked = []; \
         document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective)); \
         const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script); \
         const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image); \
         fetch('http://127.0.0.1:9/').catch(() => {}); \
         setTimeout(() => done([...new Set(blocked)].sort()), 500)",
    );
    assert_eq!(blocked, json!(["connect-src", "img-src", "script-src-elem"]));
    assert_eq!(browser.run("return window.ran === undefined"), json!(true));
    // A frame of a stranger's page cannot hold it: the header says so.
    let policy = browser.wait_for(
        "const done = arguments[0]; fetch('/').then((answer) => done(answer.headers.get('content-security-policy')))",
    );
    assert!(policy.as_str().unwrap().contains("frame-ancestors 'none'"), "{policy}");
}
