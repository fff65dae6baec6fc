//! The pictures of the documentation. `BLESS=1` writes them into `docs/images`; without it they are only made.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::browser::{Browser, Seat, quoted};
use crate::{Shop, scratch};

fn picture(browser: &Browser, name: &str) {
    let folder = match std::env::var_os("BLESS") {
        Some(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images"),
        None => scratch(),
    };
    std::fs::create_dir_all(&folder).unwrap();
    let path: PathBuf = folder.join(format!("console-{name}.png"));
    std::thread::sleep(std::time::Duration::from_millis(600));
    browser.screenshot(&path);
    let length = std::fs::metadata(&path).unwrap().len();
    assert!((10_000..400_000).contains(&length), "{name} has {length} bytes");
}

/// A morning at a till, so that there is something to see.
fn morning(shop: &Shop) {
    let till = &shop.till;
    let use_ =
        |code: &str, number: &str| till.use_request(code, number).header("User-Agent", "pos-till-3/2.1");
    let offer = |body: serde_json::Value| {
        let body = quoted(&body.to_string());
        shop.browser
            .run(&format!("return fetch('/offers', {{ method: 'POST', body: {body} }}).then(() => true)"));
    };
    offer(
        json!({ "type": "DISCOUNT", "threshold": 10_000, "percent_off": 15, "begins_in_days": 3, "coupon_code": "20251201000000000003" }),
    );
    offer(
        json!({ "type": "EXCHANGE", "threshold": 5_000, "exchange_price": 990, "coupon_code": "20251201000000000002",
        "stores": { "scope": "SPECIFIC", "stores": ["500001"] }, "hours": { "days": ["SATURDAY", "SUNDAY"], "from_s": 36_000, "to_s": 79_199 } }),
    );
    offer(
        json!({ "type": "NORMAL", "threshold": 5_000, "discount_amount": 1_000, "coupon_code": "20251201000000000001" }),
    );
    till.ok(&use_("SBX_EFFECTIVE_1", "SALE_20251201_0001"));
    till.ok(&use_("SBX_EFFECTIVE_1", "SALE_20251201_0001"));
    till.refused(&use_("SBX_EXPIRED", "SALE_20251201_0002"), 268_578_776);
    let lost = wxcoupon_sandbox::Fault::from_spec("process_then_reset,on=use,times=1").unwrap();
    shop.sandbox.inject(lost);
    assert!(till.send(&use_("SBX_EFFECTIVE_2", "SALE_20251201_0003")).is_err());
    till.ok(&till.query_request("SBX_EFFECTIVE_2").header("User-Agent", "pos-till-3/2.1"));
    let unsigned = use_("SBX_EFFECTIVE_3", "SALE_20251201_0004").signed(b"");
    assert_eq!(till.send(&unsigned).unwrap().status, 401);
    till.ok(&use_("SBX_EFFECTIVE_4", "SALE_20251201_0005"));
    shop.sandbox
        .inject(wxcoupon_sandbox::Fault::from_spec("rate_limited,on=use,times=3,retry_after=2").unwrap());
    let told = json!([
        { "number": "SALE_20251201_0001", "told": "done", "till": "till 3" },
        { "number": "SALE_20251201_0002", "told": "not_done", "till": "till 3", "operation": "use", "coupon_code": "SBX_EXPIRED" },
        { "number": "SALE_20251201_0003", "told": "in_doubt", "till": "till 3" },
        { "number": "SALE_20251201_0005", "told": "not_done", "till": "till 1", "message": "timeout" },
    ]);
    let body = quoted(&told.to_string());
    shop.browser.run(&format!("return fetch('/told', {{ method: 'POST', body: {body} }}).then(() => true)"));
}

#[test]
fn pictures_of_every_view() {
    for (seat, mark) in [(Seat::CHINESE, "zh"), (Seat::ENGLISH, "en")] {
        let Some(shop) = Shop::open(seat) else { return };
        let browser = &shop.browser;
        morning(&shop);
        for view in ["coupons", "phone", "faults", "truth"] {
            browser.show(view);
            browser.until(
                "pictures are there",
                "return [...document.images].every((img) => img.complete || img.loading === 'lazy')",
            );
            picture(browser, &format!("{view}-{mark}"));
        }
        browser.show("log");
        browser.click("tr.unsigned button");
        browser.until_there("#exchange .why");
        picture(browser, &format!("why-401-{mark}"));
        browser.press("\u{e00c}");
        browser.assert_clean();
    }
}
