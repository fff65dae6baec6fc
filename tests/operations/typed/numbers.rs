//! Numbers travel as they were written: in requests, through decryption, and to the journal and back.

use super::shop::{Shop, config};
use serde_json::json;
use wxcoupon_sandbox::{Options, Sandbox};

/// All of JSON's ways to write a number that a reader of floating-point numbers changes.
const NUMBERS: [&str; 9] = [
    "1e-400",
    "1E2",
    "1e+2",
    "0.12345678901234567890",
    "-0",
    "-0.0",
    "1.10",
    "18446744073709551615",
    "-9223372036854775808",
];

#[test]
fn in_a_request() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let till = Shop::new(&sandbox.config());
    for (index, number) in NUMBERS.iter().enumerate() {
        let body =
            format!(r#"{{"echo_message":"m{index}","n":{number},"l":[{number}],"o":{{"n":{number}}}}}"#);
        let answer = till.request("POST", "/v3/security/echo", body.clone());
        assert_eq!(answer["ok"], true, "{number}: {answer}");
        let sent = sandbox.requests().last().unwrap().body.clone();
        assert_eq!(sent, body);
    }
}

#[test]
fn through_decryption() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let till = Shop::new(&sandbox.config());
    for number in NUMBERS {
        let body = format!(
            r#"{{"echo_message":"m","n":{number},"encrypted_echo_message":"秘密","_options":{{"encrypt":["/encrypted_echo_message"],"decrypt":["/encrypted_echo_message"]}}}}"#
        );
        let answer = till.request("POST", "/v3/security/echo", body);
        assert_eq!(answer["data"]["encrypted_echo_message"], "秘密", "{answer}");
        let sent = sandbox.requests().last().unwrap().body.clone();
        assert!(sent.contains(&format!("\"n\":{number},")), "{sent}");
    }
}

/// Whatever WeChat Pay reads with would make another number of it, or none.
#[test]
fn what_nobody_could_read_exactly_is_refused() {
    let till = Shop::new(&config());
    for number in ["18446744073709551616", "-9223372036854775809", "1e999", "-1E400"] {
        let answer = till.request("POST", "/v3/x", format!(r#"{{"n":{number}}}"#));
        assert_eq!(answer["name"], "WXCOUPON_E_JSON", "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("write it as a string"), "{answer}");
    }
}

/// What the journal wrote down is the request that comes again, to the last digit; and no other.
#[test]
fn to_the_journal_and_back() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = sandbox.config();
    config["journal_path"] = json!(folder.path().join("till.db"));
    let request = |number: &str, odd: &str| {
        format!(
            r#"{{"openid":"oSandboxUser0000000000000001","coupon_code":"AUTO_{number}","product_coupon_id":"1000000013",
                "stock_id":"1000000013001","use_time":"2025-08-03T12:00:00+08:00","out_request_no":"{number}","later":{odd},
                "associated_order_info":{{"transaction_id":"42"}}}}"#
        )
    };
    for (index, odd) in NUMBERS.iter().enumerate() {
        let number = format!("DIGITS-{index}");
        let first = Shop::new(&config).call("use", request(&number, odd));
        assert_eq!((&first["ok"], &first["recorded"]), (&json!(true), &json!(null)), "{odd}: {first}");
        let again = Shop::new(&config).call("use", request(&number, odd));
        assert_eq!((&again["ok"], &again["recorded"]), (&json!(true), &json!(true)), "{odd}: {again}");
        let other = Shop::new(&config).call("use", request(&number, "7"));
        assert_eq!(other["name"], "WXCOUPON_E_REQUEST_NO_REUSED", "{odd}: {other}");
    }
}
