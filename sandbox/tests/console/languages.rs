//! Chinese and English, everywhere.

use std::collections::BTreeSet;

use crate::browser::{Browser, Seat};
use crate::{Shop, VIEWS, browser};

/// Keys that no word was found for stand on the page as they are.
fn bare_keys(browser: &Browser) -> String {
    browser.text(
        "const bare = []; \
         const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); \
         while (walk.nextNode()) if (/^[a-z]+\\.[a-z_.A-Z]+$/.test(walk.currentNode.data.trim()) \
           && !/^(config|requests|scenario)\\./.test(walk.currentNode.data)) bare.push(walk.currentNode.data); \
         for (const node of document.querySelectorAll('[aria-label],[placeholder],[title],[alt]')) \
           for (const name of ['aria-label', 'placeholder', 'title', 'alt']) \
             if (/^[a-z]+\\.[a-z_.A-Z]+$/.test(node.getAttribute(name) ?? '')) bare.push(node.getAttribute(name)); \
         return bare.join(' ')",
    )
}

/// The keys of a file of words.
fn keys(files: [&str; 2]) -> BTreeSet<String> {
    let words = files.map(|name| {
        let path = format!("{}/src/console/page/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    });
    let mut keys = BTreeSet::new();
    for line in words.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ")) {
        // A key stands at the beginning, or after the comma behind the one before.
        let mut rest = line.trim();
        while let Some((key, value)) = rest.split_once(": ") {
            let key = key.trim_matches(['\'', ' ', ',']);
            keys.insert(key.to_owned());
            let quote = value.chars().next().unwrap();
            let end = value[1..].find(quote).map(|at| at + 2).unwrap();
            rest = value[end..].trim_start_matches(',').trim();
        }
    }
    keys
}

#[test]
fn both_languages_have_the_same_words() {
    let (english, chinese) = (keys(["en.js", "en-more.js"]), keys(["zh.js", "zh-more.js"]));
    assert!(english.len() > 300, "{}", english.len());
    assert_eq!(english.difference(&chinese).collect::<Vec<_>>(), Vec::<&String>::new(), "only in English");
    assert_eq!(chinese.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "only in Chinese");
}

#[test]
fn every_view_speaks_the_browsers_language() {
    for (seat, heading) in [(Seat::CHINESE, "券"), (Seat::ENGLISH, "Coupons")] {
        let Some(shop) = Shop::open(seat) else { return };
        let browser = &shop.browser;
        assert_eq!(browser.text_of("main h1"), heading);
        assert_eq!(shop.redeem("SBX_EFFECTIVE_1", "NUMBER_1"), 200);
        shop.till.refused(&shop.till.use_request("SBX_EXPIRED", "NUMBER_2"), 268_578_776);
        for view in VIEWS {
            browser.show(view);
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert_eq!(bare_keys(browser), "", "{view}");
            if seat.language == "en-US" {
                let chinese = browser.text("return [...document.querySelectorAll('main h1, main h2, main button:not([data-language]), main .label, main dt, nav')].map((node) => node.innerText).filter((text) => /[\\u4e00-\\u9fff]/.test(text) && !/满|折|减|惠/.test(text)).join(' ')");
                assert_eq!(chinese, "", "{view}");
            }
        }
        browser.show("log");
        browser.click("main tbody tr:first-child button");
        browser.until_there("#exchange[open]");
        assert_eq!(bare_keys(browser), "");
        browser.assert_clean();
    }
}

#[test]
fn the_choice_is_remembered() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("faults");
    browser.click("#language");
    browser.until_text("main h1", "Faults");
    assert_eq!(browser.text("return document.documentElement.lang"), "en");
    browser.reload();
    browser.until_text("main h1", "Faults");
    browser.click("#language");
    browser.until_text("main h1", "故障");
    assert_eq!(browser.text("return document.title"), "故障 · 微信支付沙箱");
    assert!(browser::is_there());
    browser.assert_clean();
}
