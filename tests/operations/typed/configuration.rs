//! The configuration: what an editor adds to it, what is pasted into it, and what is put into the wrong member.

use super::shop::{
    KEY_ID, PLATFORM_SERIAL, SERIAL, SHORT_SERIAL, assert_refused, config, made, made_of, path, text, with,
};
use serde_json::{Value, json};
use std::fs;

#[test]
fn a_byte_order_mark_is_skipped() {
    let answer = made_of(format!("\u{FEFF}{}", config()).as_bytes());
    assert_eq!(answer["ok"], true, "{answer}");
    // It says that the text is UTF-8, whatever the program speaks.
    let chinese = with(&json!({ "text_encoding": "gbk", "journal_path": "/没有/这个/文件夹/till.db" }));
    let answer = made_of(format!("\u{FEFF}{chinese}").as_bytes());
    assert_eq!(answer["name"], "WXCOUPON_E_JOURNAL", "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("没有"), "{answer}");
}

#[test]
fn utf16_is_named() {
    let text = config().to_string();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // A C string ends at the first zero byte, which is the second of all.
    for (bytes, name) in
        [(&little[..1], "WXCOUPON_E_JSON"), (&[&[0xFF, 0xFE], &little[..1]].concat(), "WXCOUPON_E_ENCODING")]
    {
        let answer = made_of(bytes);
        assert_eq!(answer["name"], name, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("UTF-16"), "{answer}");
        assert!(answer["hint"].as_str().unwrap().contains("Pass UTF-8"), "{answer}");
    }
}

#[test]
fn a_windows_path_with_single_backslashes_gets_the_hint() {
    let whole = config().to_string();
    for typed in [
        r"C:\pos\key.pem",
        r"D:\users\key.pem",
        r"\\server\pos\key.pem",
        r"C:\new\key.pem",
        r"C:\bin\rsa.pem",
    ] {
        let text = whole.replace(&json!(path("merchant.pem")).to_string(), &format!("\"{typed}\""));
        let answer = made_of(text.as_bytes());
        let hint = answer["hint"].as_str().unwrap();
        assert!(hint.contains("backslash is written twice"), "{typed}: {answer}");
    }
}

#[test]
fn white_space_around_ids_serials_and_defaults_is_cut() {
    for (before, behind) in [("", "\n"), (" ", "\r\n"), ("\t", " "), ("\u{A0}", "\u{3000}")] {
        let around = |text: &str| json!(format!("{before}{text}{behind}"));
        let answer = made(&with(&json!({
            "mchid": around("1900000001"), "merchant_serial_no": around(SERIAL),
            "wechatpay_public_key_id": around(KEY_ID), "mode": around("partner"), "text_encoding": around("utf-8"),
            "defaults": { "appid": around("wx1"), "brand_id": around("120344"), "store_id": around("500001") },
        })));
        assert_eq!(answer["ok"], true, "{before:?} {behind:?}: {answer}");
        assert_eq!(answer["data"]["mchid"], "1900000001");
        assert_eq!(answer["data"]["merchant_serial_no"], SERIAL);
        assert_eq!(answer["data"]["verifies_with"], json!([KEY_ID]));
    }
}

#[test]
fn what_nobody_sees_inside_a_name_is_told_with_its_place() {
    for (member, value, field, message) in [
        (
            "mchid",
            json!("19000\u{200B}00001"),
            "/mchid",
            "a zero-width character (U+200B) as character 6 of 11",
        ),
        ("mchid", json!("１９００"), "/mchid", "a full-width character (U+FF11) as character 1 of 4"),
        (
            "merchant_serial_no",
            json!("5157\u{A0}F09E"),
            "/merchant_serial_no",
            "a no-break space (U+00A0) as character 5",
        ),
        (
            "wechatpay_public_key_id",
            json!("\u{FEFF}PUB_KEY_ID_1"),
            "/wechatpay_public_key_id",
            "a byte order mark (U+FEFF)",
        ),
        (
            "defaults",
            json!({ "appid": "wx\r1" }),
            "/defaults/appid",
            "a carriage return (U+000D) as character 3 of 4",
        ),
        (
            "defaults",
            json!({ "brand_id": "1\u{3000}2" }),
            "/defaults/brand_id",
            "a full-width space (U+3000)",
        ),
        ("defaults", json!({ "store_id": "5\u{1D}1" }), "/defaults/store_id", "a group separator (U+001D)"),
    ] {
        assert_refused(&made(&with(&json!({ member: value }))), "WXCOUPON_E_CONFIG", field, message);
    }
}

#[test]
fn serial_numbers_are_taken_as_programs_print_them() {
    let dense = SERIAL.to_lowercase();
    let pairs: Vec<&str> = (0..20).map(|at| &dense[2 * at..2 * at + 2]).collect();
    for printed in [
        format!("serial={SERIAL}"),
        format!("serial={SERIAL}\n"),
        format!("Serial Number:\n    {}", pairs.join(":")).replace('\n', " "),
        pairs.join(" "),
        format!("0x{dense}"),
    ] {
        let answer = made(&with(
            &json!({ "merchant_serial_no": printed, "merchant_certificate_path": path("cert.pem") }),
        ));
        assert_eq!(answer["ok"], true, "{printed:?}: {answer}");
        assert_eq!(answer["data"]["merchant_serial_no"], SERIAL);
    }
}

/// One certificate in 256 has a serial number of 19 bytes.
#[test]
fn a_serial_number_of_19_bytes_fits_its_certificate_with_and_without_zeros() {
    for written in [SHORT_SERIAL.to_owned(), format!("00{SHORT_SERIAL}"), SHORT_SERIAL.to_lowercase()] {
        let changes =
            json!({ "merchant_serial_no": written, "merchant_certificate_path": path("short.pem") });
        let answer = made(&with(&changes));
        assert_eq!(answer["ok"], true, "{written}: {answer}");
    }
    let changes =
        json!({ "merchant_serial_no": PLATFORM_SERIAL, "merchant_certificate_path": path("short.pem") });
    assert_refused(&made(&with(&changes)), "WXCOUPON_E_KEY", "/merchant_serial_no", SHORT_SERIAL);
    // The merchant's own certificate does not prove answers, however its number is written.
    let changes = json!({
        "merchant_serial_no": format!("00{SHORT_SERIAL}"), "platform_certificates": [path("short.pem")],
    });
    assert_refused(
        &made(&with(&changes)),
        "WXCOUPON_E_KEY",
        "/platform_certificates/0",
        "the merchant's own",
    );
}

/// Every member that takes a path or a short text, given a key.
#[test]
fn key_text_in_the_wrong_member_is_told_and_never_repeated() {
    let pem = text("merchant.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let secret = &base64[40..80];
    for key in [pem.clone(), pem.replace('\n', " "), pem.replace('\n', "\\n"), base64.clone()] {
        let list = json!([key]);
        let key = json!(key);
        for (member, value, field) in [
            ("private_key_path", &key, "/private_key_path"),
            ("wechatpay_public_key_path", &key, "/wechatpay_public_key_path"),
            ("merchant_certificate_path", &key, "/merchant_certificate_path"),
            ("platform_certificates", &list, "/platform_certificates/0"),
            ("journal_path", &key, "/journal_path"),
            ("ca_path", &key, "/ca_path"),
            ("mode", &key, "/mode"),
            ("text_encoding", &key, "/text_encoding"),
            ("base_urls", &list, "/base_urls/0"),
            ("user_agent_suffix", &key, "/user_agent_suffix"),
            ("mchid", &key, "/mchid"),
            ("merchant_serial_no", &key, "/merchant_serial_no"),
            ("wechatpay_public_key_id", &key, "/wechatpay_public_key_id"),
            ("apiv3_key", &key, "/apiv3_key"),
            ("proxy", &key, "/proxy"),
        ] {
            let answer = made(&with(&json!({ member: value })));
            assert_eq!(answer["class"], 2, "{member}: {answer}");
            assert_eq!(answer["field"], field, "{answer}");
            let told = answer.to_string();
            assert!(
                !told.contains(secret) && !told.contains("BEGIN") && !told.contains("MII"),
                "{member}: {told}"
            );
        }
    }
    let keyed = json!({ &*pem: 1 });
    for (changes, field) in [(json!({ &*base64: 1 }), ""), (json!({ "defaults": keyed }), "/defaults")] {
        let answer = made(&with(&changes));
        assert_refused(&answer, "WXCOUPON_E_CONFIG", field, "is not a known member");
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
}

#[test]
fn a_key_in_place_of_its_path_leads_to_the_right_member() {
    for (member, what, instead) in [
        ("private_key_path", "the key", "private_key_pem"),
        ("wechatpay_public_key_path", "the key", "wechatpay_public_key_pem"),
        ("merchant_certificate_path", "a key or certificate", "merchant_certificate_pem"),
    ] {
        let answer = made(&with(&json!({ member: text("merchant.pem") })));
        let expected = format!("this is {what} itself: use {instead}");
        assert_refused(&answer, "WXCOUPON_E_CONFIG", &format!("/{member}"), &expected);
    }
    let answer = made(&with(&json!({ "journal_path": text("merchant.pem") })));
    assert_refused(&answer, "WXCOUPON_E_CONFIG", "/journal_path", "save it to a file");
}

#[test]
fn credentials_control_characters_and_endless_texts_are_not_repeated() {
    for (changes, field, secret) in [
        (json!({ "base_urls": ["https://shop:geheim@pay.example"] }), "/base_urls/0", "geheim"),
        (json!({ "base_urls": ["http://geheim@pay.example/x"] }), "/base_urls/0", "geheim"),
        (json!({ "mode": "brand geheim\u{7}" }), "/mode", "geheim"),
        (json!({ "private_key_path": format!("/{}", "geheim/".repeat(60)) }), "/private_key_path", "geheim"),
        (json!({ "ca_path": "geheim\n.pem" }), "/ca_path", "geheim"),
        (json!({ "proxy": "ftp://shop:geheim@proxy" }), "/proxy", "geheim"),
    ] {
        let answer = made(&with(&changes));
        assert_eq!((&answer["class"], &answer["field"]), (&json!(2), &json!(field)), "{answer}");
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
    // A path as people have them is repeated: it is what the technician looks for.
    let missing = fs::canonicalize(path("")).unwrap().join("no such 文件.pem");
    let answer = made(&with(&json!({ "private_key_path": missing })));
    assert!(answer["message"].as_str().unwrap().contains("no such 文件.pem"), "{answer}");
}

#[test]
fn each_member_stands_in_the_header_and_on_its_page() {
    let known = |config: &Value| -> Vec<String> {
        let answer = made(config);
        let (_, known) = answer["message"].as_str().unwrap().split_once("known are: ").unwrap();
        known.split(", ").map(str::to_owned).collect()
    };
    let till = json!({
        "mode": "till", "till_id": "S1", "till_key": format!("1:{}", "0".repeat(64)),
        "hub_urls": ["https://hub"], "journal_pfad": "x",
    });
    let mut members = known(&with(&json!({ "journal_pfad": "x" })));
    members.extend(known(&till));
    for member in ["mchid", "journal_path", "till_id", "till_code", "hub_urls"] {
        assert!(members.iter().any(|known| known == member), "{member}: {members:?}");
    }
    members.push("brand_id".into());
    for (file, begin, end) in [("include/wxcoupon.h", " *   ", " "), ("docs/configuration.md", "`", "`")] {
        let text = fs::read_to_string(file).unwrap();
        for member in &members {
            assert!(text.contains(&format!("{begin}{member}{end}")), "{file} lacks {member}");
        }
    }
}
