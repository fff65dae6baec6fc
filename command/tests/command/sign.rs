//! Signatures explained. `openssl` is the witness, and makes the mistakes of other programs.

use crate::shop::Shop;
use serde_json::json;
use std::process::Command;
use testkit::run;

const TARGET: &str = "/v3/marketing/x/%E5%88%B8?appid=wx1";
const BODY: &str = "{\"a\": 1}";
const TIME: &str = "1554208460";
const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

fn explained(shop: &Shop, more: &[&str]) -> crate::shop::Run {
    shop.run(&[&["--json", "sign", "explain", "POST", TARGET, "--body", BODY], more].concat())
}

/// A signature of `openssl` over these bytes, as Base64.
fn signed(shop: &Shop, key: &str, message: &[u8]) -> String {
    std::fs::write(shop.file("message"), message).unwrap();
    let mut sign = Command::new("openssl");
    sign.args(["dgst", "-sha256", "-sign"]).arg(shop.key_file(key));
    run(sign.arg("-out").arg(shop.file("signature")).arg(shop.file("message"))).unwrap();
    run(Command::new("openssl").args(["base64", "-A", "-in"]).arg(shop.file("signature"))).unwrap()
}

/// The header of a program with these values.
fn header(shop: &Shop, time: &str, signature: &str) -> String {
    let config = shop.config();
    format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{NONCE}\",timestamp=\"{time}\",serial_no=\"{}\",signature=\"{signature}\"",
        config["mchid"].as_str().unwrap(),
        config["merchant_serial_no"].as_str().unwrap(),
    )
}

fn right() -> String {
    format!("POST\n{TARGET}\n{TIME}\n{NONCE}\n{BODY}\n")
}

#[test]
fn the_five_lines_their_hash_and_their_signature_are_what_openssl_says() {
    let shop = Shop::open();
    let told = explained(&shop, &["--timestamp", TIME, "--nonce", NONCE]).ends(0).json();
    assert_eq!(told["message"], right());
    assert_eq!(told["bytes"], right().len());
    std::fs::write(shop.file("lines"), right()).unwrap();
    let hash = run(Command::new("openssl").args(["dgst", "-sha256", "-r"]).arg(shop.file("lines"))).unwrap();
    assert!(hash.starts_with(told["sha256"].as_str().unwrap()), "{hash}");
    // PKCS#1 v1.5 has no randomness.
    assert_eq!(told["signature"], signed(&shop, "merchant_key", right().as_bytes()));
    assert_eq!(told["authorization"], header(&shop, TIME, told["signature"].as_str().unwrap()));

    let words = shop.run(&["sign", "explain", "GET", "/v3/certificates"]).ends(0);
    assert!(words.out.contains("  1  GET⏎\n  2  /v3/certificates⏎\n"), "{words:?}");
    assert!(words.out.contains("  5  (empty, but its line feed is signed)⏎"), "{words:?}");
    let words = shop.run(&["--lang=zh", "sign", "explain", "GET", "/v3/certificates"]).ends(0);
    assert!(
        words.out.contains("五行待签名串") && words.out.contains("（空，但它的换行也参与签名）"),
        "{words:?}"
    );
}

#[test]
fn a_right_signature_of_another_program_is_recognised() {
    let shop = Shop::open();
    let good = fresh(&shop, 0);
    let told = explained(&shop, &["--authorization", &format!("Authorization: {good}")]).ends(0).json();
    let differences = told["differences"].to_string();
    assert!(
        differences.contains("The signature is right") && differences.contains("So is its header"),
        "{differences}"
    );
}

/// A right header of so many seconds ago.
fn fresh(shop: &Shop, ago: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let time = (now - ago).to_string();
    header(shop, &time, &signed(shop, "merchant_key", right().replace(TIME, &time).as_bytes()))
}

/// WeChat Pay refuses each of them, although the signature is right.
#[test]
fn a_right_signature_in_a_wrong_header_is_not_called_right() {
    let shop = Shop::open();
    let good = fresh(&shop, 0);
    let (before, signature) = good.split_once("signature=").unwrap();
    let serial = shop.config()["merchant_serial_no"].as_str().unwrap().to_owned();
    let time = good.split("timestamp=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let url_safe = signature.replace('+', "-").replace('/', "_").replace('=', "");
    for (wrong, part) in [
        (fresh(&shop, 1000), "s away from now"),
        (format!("{before}signature={url_safe}"), "not in standard Base64"),
        (good.replace('"', ""), "no double quotes"),
        (good.replace(&serial, &serial.to_ascii_lowercase()), "written otherwise"),
        (good.replace(&format!("\"{time}\""), &format!("\"{time}000\"")), "timestamp is in milliseconds"),
        (good.replace("mchid=", "mchid=\"1\",mchid="), "mchid is there twice"),
    ] {
        if wrong.contains(&serial.to_ascii_lowercase()) && serial == serial.to_ascii_lowercase() {
            continue;
        }
        let told = explained(&shop, &["--authorization", &wrong]).ends(1).json();
        let differences = told["differences"].to_string();
        assert!(
            differences.contains(part) && differences.contains("The signature is right"),
            "{part}: {differences}"
        );
    }
}

/// The public key opens the signature: it was the right key, with another hash.
#[test]
fn another_hash_or_padding_under_the_right_key_is_named() {
    let shop = Shop::open();
    std::fs::write(shop.file("message"), right()).unwrap();
    std::fs::write(shop.file("other"), "another text").unwrap();
    for (options, text, parts) in [
        (&["-sha1"][..], "message", ["used with SHA-1", "The signature is right"]),
        (&["-sha512"], "message", ["used with SHA-512", "The signature is right"]),
        (
            &["-sha256", "-sigopt", "rsa_padding_mode:pss"],
            "message",
            ["used with RSASSA-PSS", "The signature is right"],
        ),
        (&["-sha256"], "other", ["The private key is right (SHA-256)", "digest of what was signed is"]),
    ] {
        let mut sign = Command::new("openssl");
        sign.arg("dgst").args(options).arg("-sign").arg(shop.key_file("merchant_key"));
        run(sign.arg("-out").arg(shop.file("signature")).arg(shop.file(text))).unwrap();
        let encoded =
            run(Command::new("openssl").args(["base64", "-A", "-in"]).arg(shop.file("signature"))).unwrap();
        let told = explained(&shop, &["--authorization", &header(&shop, TIME, &encoded)]).ends(1).json();
        let differences = told["differences"].to_string();
        assert!(parts.iter().all(|part| differences.contains(part)), "{parts:?}: {differences}");
    }
}

#[test]
fn usual_mistakes_are_found() {
    let shop = Shop::open();
    let origin = shop.config()["base_urls"][0].as_str().unwrap().to_owned();
    let with = |target: &str, body: &str| format!("POST\n{target}\n{TIME}\n{NONCE}\n{body}\n");
    for (message, part) in [
        (right().trim_end().to_owned(), "the line feed after the body is missing"),
        (with(TARGET, ""), "the body is missing"),
        (format!("POST\n{TARGET}\n{TIME}\n{NONCE}\n"), "the body is missing"),
        (with(TARGET, "{\"a\":1}"), "the body without blanks"),
        (with(TARGET, &format!("{BODY}\n")), "line feed of its own"),
        (with("/v3/marketing/x/%E5%88%B8", BODY), "without its query"),
        (with(&format!("{origin}{TARGET}"), BODY), "the whole address"),
        (with("/v3/marketing/x/券?appid=wx1", BODY), "decoded"),
        (with(&TARGET[1..], BODY), "first slash"),
        (right().replacen("POST", "post", 1), "lower case"),
        (right().replace('\n', "\r\n"), "CR and LF"),
        (format!("{TIME}\n{NONCE}\nPOST\n{TARGET}\n{BODY}\n"), "before method and path"),
        (format!("{TIME}\n{NONCE}\n{BODY}\n"), "as in answers"),
        (right().replacen("POST", "GET", 1), "another HTTP method"),
        (right().replace('\n', "\\n"), "backslash and n"),
        (right().replace(TIME, "1554208461"), "another second"),
        (with(&format!("https://api.mch.weixin.qq.com{TARGET}"), BODY), "the whole address"),
        (with(TARGET, "{\n  \"a\": 1\n}"), "other blanks"),
        (with("/v3/marketing/x/券?appid=wx1", ""), "decoded"),
        (with("/v3/marketing/x/券?appid=wx1", ""), "the body is missing"),
        (right().replace('\n', "\r\n").replacen("POST", "post", 1), "lower case"),
    ] {
        let wrong = header(&shop, TIME, &signed(&shop, "merchant_key", message.as_bytes()));
        let told = explained(&shop, &["--authorization", &wrong]).ends(1).json();
        assert!(told["differences"].to_string().contains(part), "{part}: {}", told["differences"]);
    }
    let milliseconds = right().replace(TIME, "1554208460123");
    let wrong = header(&shop, "1554208460123", &signed(&shop, "merchant_key", milliseconds.as_bytes()));
    let told = explained(&shop, &["--authorization", &wrong]).ends(1).json();
    assert!(told["differences"].to_string().contains("milliseconds"), "{told}");
}

#[test]
fn another_key_and_another_merchant_are_told() {
    let shop = Shop::open();
    let other = header(&shop, TIME, &signed(&shop, "brand_key", right().as_bytes()));
    let told = explained(&shop, &["--authorization", &other]).ends(1).json();
    assert!(told["differences"].to_string().contains("another key"), "{told}");

    let good = header(&shop, TIME, &signed(&shop, "merchant_key", right().as_bytes()));
    let swapped = good
        .replace("mchid=\"", "mchid=\"9")
        .replace("serial_no=\"", "serial_no=\"F")
        .replace("RSA2048", "RSA");
    let told = explained(&shop, &["--authorization", &swapped]).ends(1).json()["differences"].to_string();
    for part in ["mchid: 9", "serial_no: F", "scheme: WECHATPAY2-SHA256-RSA, expected"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    shop.run(&["sign", "explain", "GET", "/v3/x", "--authorization", "nonsense"]).ends(1);
    shop.run(&["sign", "explain", "GET", "v3/x"]).ends(1);
}

#[test]
fn what_wechat_pay_verified_is_compared() {
    let shop = Shop::open();
    let compare = |method: &str, url: &str, body: &str, length: usize| {
        let shown = format!("{method}\n{url}\n1709745440\n5hMYYOOJpzdAfboMUB7QiPmfxmhVehVk\n{body}\n");
        let answer = json!({ "code": "SIGN_ERROR", "message": "错误的签名，验签失败", "detail": {
            "field": "signature", "location": "authorization", "detail": { "issue": "sign not match" },
            "sign_information": { "method": method, "url": url, "truncated_sign_message": shown,
                "sign_message_length": shown.len() - body.len() + length },
        } });
        std::fs::write(shop.file("answer.json"), answer.to_string()).unwrap();
        let run = explained(&shop, &["--rejected", "answer.json"]);
        (run.status, run.json()["differences"].to_string())
    };
    let (status, same) = compare("POST", TARGET, "{\"a\"", BODY.len());
    assert!(
        status == 0 && same.contains("is the same as here") && same.contains("The length is the same"),
        "{same}"
    );
    let (status, empty) = compare("POST", TARGET, "", 0);
    assert!(
        status == 1 && empty.contains("the body's length differs: 0 bytes at WeChat Pay, here 8"),
        "{empty}"
    );
    let (status, path) = compare("GET", "/v3/other", "{\"a\"", BODY.len());
    assert!(
        status == 1 && path.contains("line 1 differs: WeChat Pay has GET") && path.contains("line 2 differs"),
        "{path}"
    );
    let (status, body) = compare("POST", TARGET, "{\"b\"", BODY.len());
    assert!(status == 1 && body.contains("line 5 differs"), "{body}");
    // It may be cut before the body, wherever that is.
    let whole = format!("POST\n{TARGET}\n1709745440\n5hMYYOOJpzdAfboMUB7QiPmfxmhVehVk\n{BODY}\n");
    for cut in (1..whole.len()).step_by(9) {
        let told = json!({ "truncated_sign_message": &whole[..cut], "sign_message_length": whole.len() });
        let answer = json!({ "code": "SIGN_ERROR", "detail": { "sign_information": told } });
        std::fs::write(shop.file("answer.json"), answer.to_string()).unwrap();
        let run = explained(&shop, &["--rejected", "answer.json"]).ends(0);
        assert!(run.out.contains("is the same as here") && !run.out.contains("differs"), "{cut}: {run:?}");
    }
    std::fs::write(shop.file("answer.json"), "{}").unwrap();
    explained(&shop, &["--rejected", "answer.json"]).ends(1);
}
