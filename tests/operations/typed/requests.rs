//! What a till hands over: codes from a scanner, names from a clipboard, times from a form.

use super::shop::{Shop, assert_refused, config, with};
use serde_json::{Value, json};
use std::sync::OnceLock;
use wxcoupon_sandbox::{Options, Sandbox};

fn redemption() -> Value {
    json!({
        "openid": "oSandboxUser0000000000000001", "coupon_code": "SBX_EFFECTIVE_1",
        "product_coupon_id": "1000000013", "stock_id": "1000000013001", "store_id": "500001",
        "use_time": "2025-08-03T12:00:00+08:00", "out_request_no": "TYPED-000001",
        "associated_order_info": { "out_trade_no": "T-1", "mchid": "1900000109" },
    })
}

fn shop() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(Options::default()).unwrap())
}

#[test]
fn what_a_scanner_appends_is_told_and_not_sent() {
    let till = Shop::new(&shop().config());
    for (code, message) in [
        ("Code_1\r", "coupon_code has a carriage return (U+000D) as character 7 of 7"),
        ("Code_1\r\n", "coupon_code has a carriage return (U+000D) as character 7 of 8"),
        ("Code_1\t", "coupon_code has a tab (U+0009) as character 7 of 7"),
        ("\u{1D}Code_1", "coupon_code has a group separator (U+001D) as character 1 of 7"),
        ("Code_1 ", "coupon_code has a blank (U+0020) as character 7 of 7"),
        ("\u{FEFF}Code_1", "coupon_code has a byte order mark (U+FEFF) as character 1 of 7"),
        ("Code\u{200B}_1", "coupon_code has a zero-width character (U+200B) as character 5 of 7"),
        ("Code\u{A0}1", "coupon_code has a no-break space (U+00A0) as character 5 of 6"),
        ("Ｃｏｄｅ", "coupon_code has a full-width character (U+FF23) as character 1 of 4"),
    ] {
        let mut request = redemption();
        request["coupon_code"] = json!(code);
        let answer = till.call("use", request.to_string());
        assert_refused(&answer, "WXCOUPON_E_REQUEST", "/coupon_code", message);
        assert!(answer["hint"].as_str().unwrap().contains("Take the character out"), "{answer}");
        assert_eq!(answer["cashier"], "单号或券码含不可见或全角字符,请联系技术支持");
    }
    assert!(shop().requests().iter().all(|request| !request.target.contains("Code")));
}

#[test]
fn every_name_of_a_redemption_keeps_the_rule() {
    let till = Shop::new(&config());
    for pointer in [
        "/openid",
        "/coupon_code",
        "/product_coupon_id",
        "/stock_id",
        "/store_id",
        "/out_request_no",
        "/associated_order_info/out_trade_no",
        "/associated_order_info/mchid",
    ] {
        let mut request = redemption();
        let text = format!("{}\r", request.pointer(pointer).unwrap().as_str().unwrap());
        *request.pointer_mut(pointer).unwrap() = json!(text);
        let answer = till.call("use", request.to_string());
        assert_refused(&answer, "WXCOUPON_E_REQUEST", pointer, "a carriage return (U+000D)");
    }
    for member in ["appid", "brand_id"] {
        let mut request = redemption();
        request[member] = json!("wx1\n");
        let answer = till.call("use", request.to_string());
        assert_refused(&answer, "WXCOUPON_E_REQUEST", &format!("/{member}"), "a line feed (U+000A)");
    }
    let answer = till.request("POST", "/v3/x", json!({ "out_request_no": "N-1\r" }).to_string());
    assert_refused(&answer, "WXCOUPON_E_REQUEST", "/out_request_no", "a carriage return");
    let answer = till.settle(&json!({ "out_request_no": "TYPED-000001\r" }));
    assert_refused(&answer, "WXCOUPON_E_REQUEST", "/out_request_no", "a carriage return");
    let coupon = json!({ "coupon_state": "EFFECTIVE", "product_coupon": {} });
    let answer = till.quote(&json!({ "coupon": coupon, "amount": 1, "store_id": "5\r" }));
    assert_refused(&answer, "WXCOUPON_E_REQUEST", "/store_id", "a carriage return");
    let answer = till.quote(&json!({ "coupon": coupon, "amount": 1, "stock_store_ids": ["5", "6 "] }));
    assert_refused(&answer, "WXCOUPON_E_REQUEST", "/stock_store_ids/1", "a blank");
}

#[test]
fn other_odd_codes_are_asked_about() {
    let till = Shop::new(&shop().config());
    for code in ["a b", "券码", "../%0D", "a+b=c&d", "é—…", "100%"] {
        let mut question = redemption();
        for member in ["store_id", "use_time", "out_request_no", "associated_order_info"] {
            question.as_object_mut().unwrap().remove(member);
        }
        question["coupon_code"] = json!(code);
        let answer = till.call("query", question.to_string());
        assert_eq!(answer["name"], "WXCOUPON_E_NOT_FOUND", "{code}: {answer}");
    }
}

#[test]
fn a_time_is_refused_with_the_one_right_form() {
    let till = Shop::new(&config());
    for (typed, right) in [
        ("2025-08-03T12:00+08:00", "write 2025-08-03T12:00:00+08:00"),
        ("2025-08-03 12:00:00+08:00", "write 2025-08-03T12:00:00+08:00"),
        ("2025-08-03 12:00", "write 2025-08-03T12:00:00+08:00"),
        ("2025-08-03T12:00:00", "write 2025-08-03T12:00:00+08:00"),
        ("2025/08/03 12:00:00", "write 2025-08-03T12:00:00+08:00"),
        ("2025-08-03T12:00Z", "write 2025-08-03T12:00:00Z"),
        ("20250803120000", "such as 2025-08-03T12:00:00+08:00"),
        ("2025-02-30T12:00:00+08:00", "such as 2025-08-03T12:00:00+08:00"),
        ("2025-08-03", "such as 2025-08-03T12:00:00+08:00"),
    ] {
        let mut request = redemption();
        request["use_time"] = json!(typed);
        assert_refused(&till.call("use", request.to_string()), "WXCOUPON_E_REQUEST", "/use_time", right);
    }
}

#[test]
fn a_byte_order_mark_before_a_request_is_skipped() {
    for encoding in ["utf-8", "gbk"] {
        let mut config = shop().config();
        config["text_encoding"] = json!(encoding);
        let till = Shop::new(&config);
        let mut request = redemption();
        request["coupon_code"] = json!(format!("AUTO_MARKED_{encoding}"));
        request["out_request_no"] = json!(format!("MARKED-{encoding}"));
        let answer = till.call("use", format!("\u{FEFF}{request}"));
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

#[test]
fn utf16_is_named_in_every_call() {
    let till = Shop::new(&config());
    for (bytes, name) in [(&b"{"[..], "WXCOUPON_E_JSON"), (b"\xFF\xFE{", "WXCOUPON_E_ENCODING")] {
        let answer = till.call("use", bytes);
        assert_eq!(answer["name"], name, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("UTF-16"), "{answer}");
        assert!(answer["hint"].as_str().unwrap().contains("Pass UTF-8"), "{answer}");
    }
}

#[test]
fn a_reused_number_says_what_to_do() {
    let till = Shop::new(&shop().config());
    let mut request = redemption();
    request["coupon_code"] = json!("AUTO_REUSED_1");
    request["out_request_no"] = json!("REUSED-0001");
    assert_eq!(till.call("use", request.to_string())["ok"], true);
    request["coupon_code"] = json!("AUTO_REUSED_2");
    let answer = till.call("use", request.to_string());
    assert_eq!(answer["name"], "WXCOUPON_E_REQUEST_NO_REUSED", "{answer}");
    assert_eq!(answer["cashier"], "单号重复,本次未执行;请核对原单,或重新开单");
}

#[test]
fn what_a_caller_misplaces_is_not_repeated() {
    const KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    let till = Shop::new(&with(&json!({})));
    let coupon = json!({ "coupon_state": "EFFECTIVE", "product_coupon": {} });
    for answer in [
        till.call("use", json!({ "_options": { KEY: 1 } }).to_string()),
        till.call(KEY, "{}"),
        till.call("upload_image", json!({ "file": KEY }).to_string()),
        till.call("list", json!({ "openid": "o", "coupon_state": format!("{KEY} ") }).to_string()),
        till.request(KEY, "/v3/x", "{}"),
        till.settle(&json!({ KEY: 1 })),
        till.settle(&json!({ "out_request_no": KEY })),
        till.quote(&json!({ "coupon": coupon, "amount": 1, KEY: 1 })),
    ] {
        assert_eq!(answer["class"], 1, "{answer}");
        assert!(!answer.to_string().contains("MIIE"), "{answer}");
    }
}
