//! The ledger beside what callers were told.

use serde_json::json;

use crate::Shop;
use crate::browser::Seat;
use crate::support::Call;

#[test]
fn red_is_where_they_differ() {
    let Some(shop) = Shop::open(Seat::CHINESE) else { return };
    let browser = &shop.browser;
    browser.show("truth");
    browser.until_text("main tbody", "还没有发生任何事");
    for n in 1..=3 {
        assert_eq!(shop.redeem(&format!("SBX_EFFECTIVE_{n}"), &format!("NUMBER_{n}")), 200);
    }
    let row = |number: &str| format!("tr[data-number='{number}']");
    browser.until_text(&row("NUMBER_3"), "未知");
    browser.until_text("main .proof", "核销 3 次，每个单号至多一次");

    let told = |body| {
        let call = Call::new("POST", "/told").header("Authorization", "none").json(&body);
        assert_eq!(shop.till.send_to(&shop.sandbox.control_url(), &call).unwrap().status, 200);
    };
    told(json!([
        { "number": "NUMBER_1", "told": "done", "till": "till 3" },
        { "number": "NUMBER_2", "told": "not_done", "message": "timeout" },
        { "number": "NUMBER_3", "told": "in_doubt" },
        { "number": "NUMBER_9", "told": "done" },
    ]));
    browser.until_there(&format!("{}.verdict-agrees", row("NUMBER_1")));
    browser.until_there(&format!("{}.verdict-differs", row("NUMBER_2")));
    browser.until_there(&format!("{}.verdict-open", row("NUMBER_3")));
    browser.until_there(&format!("{}.verdict-differs", row("NUMBER_9")));
    browser.until_text(&row("NUMBER_2"), "timeout");
    let colours = browser.run(&format!(
        "const colour = (row) => getComputedStyle(document.querySelector(row)).backgroundColor; \
         return colour(\"{}\") !== colour(\"{}\")",
        row("NUMBER_2"),
        row("NUMBER_1")
    ));
    assert_eq!(colours, json!(true), "red must be seen");

    browser.click("[data-verdict='differs']");
    browser.until("two rows", "return document.querySelectorAll('main tbody tr').length === 2");
    browser.click("[data-verdict='differs']");
    // Settled since.
    told(json!({ "number": "NUMBER_3", "told": "done" }));
    browser.until_there(&format!("{}.verdict-agrees", row("NUMBER_3")));
    // Another till was told something else: both words stand there, and it is red.
    told(json!({ "number": "NUMBER_1", "told": "not_done", "till": "till 4" }));
    browser.until_there(&format!("{}.verdict-differs", row("NUMBER_1")));
    browser.until_text(&row("NUMBER_1"), "till 3");
    browser.until_text(&row("NUMBER_1"), "till 4");
    // So is a caller who means another coupon, which is named.
    told(json!({ "number": "NUMBER_3", "told": "done", "coupon_code": "SBX_EFFECTIVE_9" }));
    browser.until_there(&format!("{}.verdict-differs", row("NUMBER_3")));
    browser.until_text(&row("NUMBER_3"), "SBX_EFFECTIVE_9");
    browser.assert_clean();
}
