//! Importing coupons from files.

use crate::directory::Shop;
use crate::till::{Till, use_request};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use wxcoupon::directory::Family;

fn write(shop: &Shop, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = shop.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn import(till: &Till, path: &PathBuf) -> Value {
    let told = till.ask("import_coupons", &json!({ "path": path }));
    assert_eq!((told.status, told.json["operation"].as_str()), (0, Some("import_coupons")), "{}", told.json);
    told.json["data"].clone()
}

fn many(rows: usize) -> String {
    let mut text = String::from("coupon_code,stock_id,openid\n");
    for row in 0..rows {
        writeln!(text, "MANY_{row},1000000013001,oMany-{row:020}").unwrap();
    }
    text
}

#[test]
fn a_csv_file_and_json_lines_say_the_same() {
    let shop = Shop::new();
    let till = shop.till();
    let csv = "\u{FEFF}Coupon_Code,stock_id,product_coupon_id,openid,appid,brand_id,valid_begin_time,valid_end_time,phone,备注\r\n\
               CSV_1,1000000013001,1000000013,oUser-1,wx1,120344,2025-01-01T00:00:00+08:00,2025-10-01T00:00:00+08:00,13800138000,\"老顾客,\"\"VIP\"\"\"\r\n\
               CSV_2,1000000013001,,,,,,,,\r\n";
    let told = import(&till, &write(&shop, "coupons.csv", csv));
    let expected =
        json!({ "rows": 2, "imported": 2, "refused": 0, "faults": [], "ignored": ["phone", "备注"] });
    assert_eq!(told, expected);
    let [known] = shop.known("CSV_1").try_into().unwrap();
    assert_eq!((known.valid_from_s, known.valid_until_s), (Some(1_735_660_800), Some(1_759_248_000)));
    assert_eq!((known.openid.as_deref(), known.appid.as_deref()), (Some("oUser-1"), Some("wx1")));
    let jsonl = r#"
        {"coupon_code":"CSV_1","stock_id":"1000000013001","brand_id":"120344","openid":null,"level":{"vip":true}}

        {"coupon_code":"LINE_2","stock_id":"1000000013001","openid":"oUser-2","family":"busifavor"}"#;
    let told = import(&till, &write(&shop, "coupons.jsonl", jsonl));
    assert_eq!((&told["imported"], &told["refused"]), (&json!(2), &json!(0)), "{told}");
    assert_eq!(shop.known("CSV_1"), [known]);
    assert_eq!(shop.known("LINE_2")[0].family, Family::Busifavor);
}

#[test]
fn a_file_whose_lines_end_with_carriage_returns_is_read() {
    let shop = Shop::new();
    let text = many(3).replace('\n', "\r");
    let told = import(&shop.till(), &write(&shop, "coupons.csv", &text));
    assert_eq!((&told["imported"], &told["ignored"]), (&json!(3), &json!([])), "{told}");
    assert_eq!(shop.known("MANY_2").len(), 1);
}

#[test]
fn what_is_no_name_of_a_column_is_not_repeated() {
    let shop = Shop::new();
    for separator in ["\u{2028}", "\u{B}", "\u{85}"] {
        let text = many(2).replace('\n', separator);
        let told = import(&shop.till(), &write(&shop, "coupons.csv", &text));
        assert_eq!(
            told["ignored"],
            json!(["column 3", "column 4", "column 5", "column 6", "column 7"]),
            "{told}"
        );
    }
}

#[test]
fn a_file_in_the_encoding_of_the_context_is_read() {
    let shop = Shop::new();
    let mut config = shop.config();
    config["text_encoding"] = json!("gbk");
    let till = Till::new(&config);
    let line = b"coupon_code,stock_id,note\nGBK_1,1000000013001,\xC0\xCF\xB9\xCB\xBF\xCD\n";
    assert_eq!(import(&till, &write(&shop, "coupons.csv", line))["imported"], 1);
    let told = import(&shop.till(), &write(&shop, "coupons.csv", line));
    assert_eq!((&told["imported"], &told["refused"]), (&json!(0), &json!(1)), "{told}");
}

#[test]
fn rows_with_faults_are_told_by_line_and_the_others_go_in() {
    let shop = Shop::new();
    let till = shop.till();
    let mut text = String::from("coupon_code,stock_id,openid\n");
    for row in 0..60 {
        let fault = ["", " \u{200B}"][row % 2];
        writeln!(text, "ROW_{row},1000000013001,oSecret-{row:020}{fault}").unwrap();
    }
    text.push_str("1.22794E+21,1,o\nonly one\n\"not closed,1,o\n");
    let told = import(&till, &write(&shop, "coupons.csv", &text));
    let counted = [&told["rows"], &told["imported"], &told["refused"]].map(Value::as_u64);
    assert_eq!(counted, [Some(63), Some(30), Some(33)], "{told}");
    let faults = told["faults"].as_array().unwrap();
    assert_eq!((faults.len(), &faults[0]["line"], &faults[1]["line"]), (20, &json!(3), &json!(5)), "{told}");
    assert!(faults[0]["reason"].as_str().unwrap().starts_with("openid has "), "{told}");
    assert!(!told.to_string().contains("oSecret"), "no openid is repeated: {told}");
    assert_eq!((shop.known("ROW_0").len(), shop.known("ROW_1").len()), (1, 0));
}

#[test]
fn what_is_no_import_is_refused() {
    let shop = Shop::new();
    let till = shop.till();
    let refused = |request: &Value| {
        let told = till.ask("import_coupons", request);
        assert_eq!(told.class(), 1, "{}", told.json);
        (told.json["field"].clone(), told.json["message"].as_str().unwrap().to_owned())
    };
    let folder = shop.folder.path().join("folder.csv");
    std::fs::create_dir(&folder).unwrap();
    let no_header = write(&shop, "no_header.csv", "oSecret-User,1,2\n");
    let utf16 = write(&shop, "utf16.csv", b"\xFF\xFEc\0");
    let twice = write(&shop, "twice.csv", "coupon_code,stock_id,stock_id\n");
    let odd = write(&shop, "coupons.xlsx", "PK");
    for (request, field, words) in [
        (json!({}), "/path", "path is missing"),
        (json!({ "path": "/nowhere/coupons.csv" }), "/path", "No such file"),
        (json!({ "path": folder }), "/path", "not a file"),
        (json!({ "path": no_header }), "/path", "does not name coupon_code"),
        (json!({ "path": utf16 }), "/path", "UTF-16"),
        (json!({ "path": twice }), "/path", "names stock_id twice"),
        (json!({ "path": odd }), "/format", "ends with neither .csv nor .jsonl"),
        (json!({ "path": odd, "format": "xlsx" }), "/format", "must be csv or jsonl"),
        (json!({ "path": odd, "file": 1 }), "/format", ""),
        (json!({ "path": twice, "file": 1 }), "/file", "is not known"),
        (json!({ "path": shop.journal(), "format": "csv" }), "/path", "a file of the library itself"),
        (json!({ "path": shop.file(), "format": "csv" }), "/path", "a file of the library itself"),
    ] {
        let (at, message) = refused(&request);
        assert!(at == field && message.contains(words), "{request}: {at} {message}");
        assert!(!message.contains("oSecret"), "{message}");
    }
    assert_eq!(till.redeem(&use_request("AUTO_IMPORT", "IMPORT-1")).status, 0);
}

#[test]
fn a_job_tells_how_far_it_is_and_redemptions_go_on_meanwhile() {
    let shop = Shop::new();
    let till = shop.till();
    let text = many(20_000);
    let path = write(&shop, "many.csv", &text);
    let job = till.start("import_coupons", &json!({ "path": path })).unwrap();
    let (mut seen, mut redeemed) = (Vec::new(), 0);
    let end = loop {
        let told = job.wait(20);
        if told.name() != "WXCOUPON_E_RUNNING" {
            break told;
        }
        if let Some(progress) = told.json["data"].get("progress") {
            assert_eq!(progress["total_bytes"], text.len());
            seen.push(progress["done"].as_u64().unwrap());
        }
        let number = format!("MEANWHILE-{redeemed}");
        assert_eq!(till.redeem(&use_request(&format!("AUTO_{number}"), &number)).status, 0);
        redeemed += 1;
    };
    assert_eq!((end.status, &end.json["data"]["imported"]), (0, &json!(20_000)), "{}", end.json);
    assert!(seen.is_sorted() && seen.first() < seen.last(), "{seen:?}");
    assert!(redeemed > 1);
    assert_eq!(shop.known("MANY_19999").len(), 1);
}

#[test]
fn an_import_can_be_called_off_and_what_is_in_stays() {
    let shop = Shop::new();
    let till = shop.till();
    let path = write(&shop, "many.csv", many(40_000));
    let job = till.start("import_coupons", &json!({ "path": path })).unwrap();
    while job.wait(5).json["data"].get("progress").is_none() {}
    job.cancel();
    let end = job.wait(30_000);
    assert_eq!(end.name(), "WXCOUPON_E_CANCELLED_UNSENT", "{}", end.json);
    assert!(end.json["message"].as_str().unwrap().contains("rows are imported and stay"), "{}", end.json);
    assert_eq!((shop.known("MANY_0").len(), shop.known("MANY_39999").len()), (1, 0));
    let short = till.ask("import_coupons", &json!({ "path": path, "_options": { "timeout_ms": 1 } }));
    assert_eq!(short.name(), "WXCOUPON_E_TIMEOUT_UNSENT", "{}", short.json);
}

#[test]
fn an_import_ends_at_its_time_while_another_program_holds_the_directory() {
    let shop = Shop::new();
    let till = shop.till();
    let path = write(&shop, "two.csv", many(2));
    // Signed answers prove the time, so that what is over would be removed first.
    assert_eq!(till.redeem(&use_request("AUTO_IMPORT_LOCKED", "IMPORT-LOCKED-01")).status, 0);
    let name = format!("{}.directory", shop.journal().display());
    let other = rusqlite::Connection::open(name).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = std::time::Instant::now();
    let told = till.ask("import_coupons", &json!({ "path": path, "_options": { "timeout_ms": 500 } }));
    let passed = start.elapsed().as_millis();
    assert_eq!(told.name(), "WXCOUPON_E_TIMEOUT_UNSENT", "{}", told.json);
    assert!((450..3000).contains(&passed), "after {passed} ms");
    assert!(told.json["message"].as_str().unwrap().contains(": 0 rows are imported"), "{}", told.json);
    let job = till.start("import_coupons", &json!({ "path": path })).unwrap();
    assert_eq!(job.wait(300).name(), "WXCOUPON_E_RUNNING");
    job.cancel();
    let end = job.wait(3000);
    assert_eq!(end.name(), "WXCOUPON_E_CANCELLED_UNSENT", "{}", end.json);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(import(&till, &path)["imported"], 2);
}
