//! Lists, page by page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{self, code, list, offer_of, product_body, with};
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{OPENID, PAGES_OPENID};

fn codes_of(list: &Value) -> Vec<String> {
    list["user_coupon_list"].as_array().unwrap().iter().map(code).collect()
}

/// Reads a list to its end.
fn all_pages(till: &Till, query: &str, size: usize) -> Vec<String> {
    let mut codes = Vec::new();
    let mut token = String::new();
    loop {
        let page = till.ok(&list(&format!("{query}&page_size={size}{token}")));
        let got = codes_of(&page);
        assert!(got.len() <= size);
        codes.extend(got);
        let Some(next) = page.get("next_page_token") else {
            assert_eq!(page["total_count"], codes.len());
            return codes;
        };
        token = format!("&page_token={}", next.as_str().unwrap());
    }
}

#[test]
fn lists_come_in_pages_and_can_be_filtered() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let body =
        with(&product_body("CREATE_1", "API_ASSIGN"), "/stock/stock_send_rule/max_count_per_user", json!(60));
    let offer = offer_of(&till, &body).remove(0);
    for number in 0..23 {
        let code = json!(format!("List_{number:02}"));
        till.ok(&offer.send(&format!("SEND_{number:02}")).with("coupon_code", code));
    }
    till.ok(&offer.on_coupon("List_07", "confirm", "CONFIRM_1"));
    let ours = format!("&product_coupon_id={}&stock_id={}", offer.product, offer.stock);
    let first = till.ok(&list(&ours));
    assert_eq!((codes_of(&first).len(), &first["total_count"]), (20, &json!(23)));
    assert_eq!(first["user_coupon_list"][7], till.ok(&offer.query("List_07")));
    let expected: Vec<String> = (0..23).map(|n| format!("List_{n:02}")).collect();
    for size in [1, 7, 23, 50] {
        let mut codes = all_pages(&till, &ours, size);
        codes.sort();
        assert_eq!(codes, expected);
    }
    assert_eq!(all_pages(&till, &format!("{ours}&coupon_state=EFFECTIVE"), 5), ["List_07"]);
    assert_eq!(all_pages(&till, &format!("&stock_id={}", offer.stock), 50).len(), 23);
    let seeded = all_pages(&till, "&product_coupon_id=1000000013&stock_id=1000000013001", 4);
    assert!(seeded.contains(&"SBX_EFFECTIVE_1".to_owned()) && !seeded.contains(&"List_01".to_owned()));
    // The sandbox has a list long enough for two pages of its own.
    let path = format!("{}/users/{PAGES_OPENID}/coupons", offers::BASE);
    let query = format!("appid={}&brand_id={}", wxcoupon_sandbox::APPID, wxcoupon_sandbox::BRAND_ID);
    let pages = till.ok(&Call::new("GET", &format!("{path}?{query}")));
    assert_eq!((codes_of(&pages).len(), &pages["total_count"]), (20, &json!(25)));
    assert_eq!(codes_of(&pages)[0], "SBX_PAGE_01");

    for (query, sub_code) in [
        ("&page_size=0", 268_435_464),
        ("&page_size=51", 268_435_464),
        ("&page_size=ten", 268_435_461),
        ("&page_token=abcd", 268_435_461),
        ("&coupon_state=GONE", 268_435_461),
        ("&product_coupon_id=9", 268_578_608),
        ("&stock_id=9", 268_578_608),
        ("&product_coupon_id=1000000014&stock_id=1000000013001", 268_578_608),
    ] {
        till.refused(&list(query), sub_code);
    }
    let target = |change: &dyn Fn(String) -> String| {
        let call = list("");
        Call::new("GET", &change(call.target))
    };
    till.refused(&target(&|t| t.replace("brand_id=120344", "brand_id=120345")), 268_579_803);
    till.refused(&target(&|t| t.replace("appid=wx", "appid=wy")), 268_578_704);
    till.refused(&target(&|t| t.replace("appid=wx", "x=wx")), 268_578_101);
    till.refused(&target(&|t| t.replace(OPENID, "xNobody")), 268_578_526);
}
