//! Notifications, one table after the other: what is believed, what is not, and what is answered.

mod headers;

use serde_json::{Value, json};
use testkit::post::{
    Context, MERCHANT_SERIAL, PUBLIC_KEY_ID, Post, Sealing, client, config, envelope, now, sign,
};

/// What the coupon page prints as the opened text of SEND, and one member that no page names.
const SEND: &str = r#"{ "brand_id": "120344", "coupon_code": "Code_123456", "openid": "oh-394z", "receive_time": "2025-01-01T09:10:11+08:00", "send_channel": "MEMBER", "later": 1.10, "名": "券" }"#;

const FAIL: &str = r#"{"code":"FAIL","message":"signature not verified"}"#;

#[test]
fn a_genuine_notification_is_opened_and_answered_204() {
    let answer = Post::of("PRODUCT_COUPON_SP.SEND", SEND).open();
    assert_eq!(answer["name"], "WXCOUPON_OK", "{answer}");
    assert_eq!(answer["reply"], json!({ "status": 204, "headers": {}, "body": "" }));
    let data = &answer["data"];
    assert_eq!(data["id"], "8b33f79f-8869-5ae5-b41b-3c0b59f957d0");
    assert_eq!(data["create_time"], "2020-07-13T23:27:38+08:00");
    assert_eq!(data["event_type"], "PRODUCT_COUPON_SP.SEND");
    assert_eq!(data["summary"], "商品券领券通知");
    assert_eq!(data["original_type"], "coupon");
    assert_eq!(answer["request_id"], "08F7C1BEC306-0");
    assert!(answer.get("verification").is_none());
}

#[test]
fn the_opened_text_passes_as_it_came() {
    let text = Post::of("PRODUCT_COUPON_SP.SEND", SEND).text();
    assert!(text.contains(&format!("\"resource\":{SEND}}}")), "{text}");
}

#[test]
fn events_are_recognised_in_both_modes_and_unknown_ones_pass() {
    for (event_type, event) in [
        ("PRODUCT_COUPON_SP.SEND", Some("SEND")),
        ("PRODUCT_COUPON.SEND", Some("SEND")),
        ("PRODUCT_COUPON.USE", Some("USE")),
        ("PRODUCT_COUPON_SP.USE", Some("USE")),
        ("PRODUCT_COUPON.RETURN", Some("RETURN")),
        ("PRODUCT_COUPON_SP.IMAGE_GENERATION", Some("IMAGE_GENERATION")),
        ("PRODUCT_COUPON_SP.EXPIRE", None),
        ("PRODUCT_COUPON_SP.SENDING", None),
        ("PRODUCT_COUPON_SPSEND", None),
        ("PRODUCT_COUPONS.SEND", None),
        ("PRODUCT_COUPON_SP_SP.SEND", None),
        ("product_coupon_sp.send", None),
        ("TRANSACTION.SUCCESS", None),
        ("COUPON.SEND", Some("BUSIFAVOR_SEND")),
        // 代金券, another product.
        ("COUPON.USE", None),
        ("", None),
    ] {
        let answer = Post::of(event_type, SEND).open();
        assert_eq!(answer["status"], 0, "{event_type}: {answer}");
        assert_eq!(answer["data"]["event_type"], event_type);
        assert_eq!(answer["data"]["event"], json!(event), "{event_type}");
        assert_eq!(answer["data"]["known"], event.is_some(), "{event_type}");
        assert_eq!(answer["reply"]["status"], 204);
    }
}

#[test]
fn one_occurrence_has_one_key_under_every_name() {
    const ID: &str = "8b33f79f-8869-5ae5-b41b-3c0b59f957d0";
    let coupon = json!({ "coupon_code": "C1" });
    let of_stock = json!({ "coupon_code": "C1", "stock_id": "9", "brand_id": "8" });
    let used = json!({ "coupon_code": "C1", "use_request_no": "S-1", "return_request_no": "R-1" });
    for (event_type, resource, key) in [
        ("PRODUCT_COUPON_SP.SEND", &used, "PRODUCT_COUPON.SEND:C1"),
        ("PRODUCT_COUPON.SEND", &coupon, "PRODUCT_COUPON.SEND:C1"),
        ("PRODUCT_COUPON.USE", &coupon, "PRODUCT_COUPON.USE:C1"),
        // Used, returned, used again: two uses of one coupon are two occurrences.
        ("PRODUCT_COUPON_SP.USE", &used, "PRODUCT_COUPON.USE:C1:S-1"),
        ("PRODUCT_COUPON.RETURN", &used, "PRODUCT_COUPON.RETURN:C1:R-1"),
        ("PRODUCT_COUPON_SP.NEW", &coupon, "PRODUCT_COUPON.NEW:C1"),
        ("OTHER.SEND", &coupon, "OTHER.SEND:C1"),
        // Merchants may give the same code in two stocks.
        ("COUPON.SEND", &json!({ "coupon_code": "C1", "stock_id": "9" }), "COUPON.SEND:C1:9"),
        ("COUPON.SEND", &coupon, "COUPON.SEND:C1"),
        // So may brands.
        ("PRODUCT_COUPON_SP.SEND", &of_stock, "PRODUCT_COUPON.SEND:C1:9:8"),
        ("PRODUCT_COUPON_SP.USE", &of_stock, "PRODUCT_COUPON.USE:C1::9:8"),
        ("PRODUCT_COUPON_SP.IMAGE_GENERATION", &json!({ "task_id": "7" }), ID),
        ("PRODUCT_COUPON_SP.SEND", &json!({ "coupon_code": 7 }), ID),
        ("PRODUCT_COUPON_SP.SEND", &json!(["C1"]), ID),
    ] {
        let answer = Post::of(event_type, &resource.to_string()).open();
        assert_eq!(answer["data"]["dedup_key"], key, "{event_type} {resource}");
        assert_eq!(&answer["data"]["resource"], resource);
    }
}

#[test]
fn a_received_busifavor_coupon_is_told_with_and_without_its_particulars() {
    // The official sample prints an empty text in the place of the object.
    for attach_info in [json!(""), json!({ "transaction_id": "4200000000000000000000000001" })] {
        let resource = json!({
            "event_type": "EVENT_TYPE_BUSICOUPON_SEND", "coupon_code": "1227944959000000911017",
            "stock_id": "1287300000000001", "send_time": "2025-08-03T12:00:00+08:00",
            "send_channel": "BUSICOUPON_SEND_CHANNEL_PAYGIFT", "send_merchant": "1900000001",
            "attach_info": attach_info,
        });
        let answer = Post::of("COUPON.SEND", &resource.to_string()).open();
        assert_eq!((&answer["status"], &answer["reply"]["status"]), (&json!(0), &json!(204)), "{answer}");
        assert_eq!(answer["data"]["event"], "BUSIFAVOR_SEND");
        assert_eq!(answer["data"]["resource"], resource);
    }
}

/// Codes and numbers hold anything, colons too.
#[test]
fn two_occurrences_never_share_a_key() {
    let whole = json!({ "coupon_code": "X:Y" });
    let parts = json!({ "coupon_code": "X", "use_request_no": "Y" });
    let hidden = json!({ "coupon_code": "X%3AY" });
    let keys = [&whole, &parts, &hidden].map(|resource| {
        let answer = Post::of("PRODUCT_COUPON.USE", &resource.to_string()).open();
        answer["data"]["dedup_key"].as_str().unwrap().to_owned()
    });
    assert_eq!(keys, ["PRODUCT_COUPON.USE:X%3AY", "PRODUCT_COUPON.USE:X:Y", "PRODUCT_COUPON.USE:X%253AY"]);
}

#[test]
fn each_reason_for_distrust_is_named_here_and_not_to_the_peer() {
    type Damage = fn(&mut Post);
    let cases: [(&str, u16, Damage); 20] = [
        ("unsigned", 401, |post| post.headers = json!({})),
        ("missing_header", 401, |post| drop(post.without("Wechatpay-Timestamp"))),
        ("missing_header", 401, |post| drop(post.without("Wechatpay-Nonce"))),
        ("missing_header", 401, |post| drop(post.without("Wechatpay-Signature"))),
        ("missing_header", 401, |post| drop(post.without("Wechatpay-Serial"))),
        ("missing_header", 401, |post| post.headers["Wechatpay-Serial"] = Value::Null),
        ("signtest_probe", 401, |post| {
            post.headers["Wechatpay-Signature"] = json!("WECHATPAY/SIGNTEST/abcdef==");
        }),
        ("merchant_serial", 401, |post| post.headers["Wechatpay-Serial"] = json!(MERCHANT_SERIAL)),
        ("unknown_serial", 401, |post| post.headers["Wechatpay-Serial"] = json!("PUB_KEY_ID_9")),
        ("malformed_header", 401, |post| post.headers["Wechatpay-Timestamp"] = json!("soon")),
        ("malformed_header", 401, |post| post.headers["Wechatpay-Signature"] = json!("*")),
        ("ambiguous_header", 401, |post| post.headers["wechatpay-nonce"] = json!("another")),
        ("ambiguous_header", 401, |post| post.headers["Wechatpay-Serial"] = json!([PUBLIC_KEY_ID, "x"])),
        ("stale", 401, |post| *post = Post::at(now() - 302, SEND)),
        ("stale", 401, |post| *post = Post::at(now() + 302, SEND)),
        ("wrong_signature", 401, |post| post.headers["Wechatpay-Nonce"] = json!("another")),
        ("wrong_signature", 401, |post| post.body.push(b'\n')),
        ("wrong_signature", 401, |post| post.body.truncate(post.body.len() - 1)),
        ("wrong_signature", 401, |post| post.body.clear()),
        ("too_large", 413, |post| post.body = vec![b' '; 1024 * 1024 + 1]),
    ];
    for (index, (reason, status, damage)) in cases.into_iter().enumerate() {
        let mut post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
        damage(&mut post);
        let answer = post.open();
        assert_eq!(answer["name"], "WXCOUPON_E_NOTIFICATION_UNTRUSTED", "{index}: {answer}");
        assert_eq!(answer["verification"], reason, "{index}: {answer}");
        assert_eq!(answer["reply"]["status"], status, "{index}: {answer}");
        assert_eq!(answer["reply"]["headers"]["Content-Type"], "application/json");
        assert_eq!(answer["in_doubt"], false);
        assert!(answer.get("data").is_none(), "{index}");
        if status == 401 {
            assert_eq!(answer["reply"]["body"], FAIL);
        }
    }
}

#[test]
fn every_changed_byte_of_a_body_is_noticed() {
    let good = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    for position in (0..good.body.len()).step_by(7) {
        let mut post = good.clone();
        post.body[position] ^= 1;
        assert_eq!(post.open()["verification"], "wrong_signature", "byte {position}");
    }
}

#[test]
fn the_window_is_five_minutes_either_way() {
    // Two seconds of room for a slow test; signature.rs has the very edges.
    for inside in [-297, 297] {
        assert_eq!(Post::at(now() + inside, SEND).open()["status"], 0, "{inside}");
    }
}

#[test]
fn a_signed_line_end_belongs_to_the_body() {
    let body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND)).to_string() + "\r\n";
    assert_eq!(Post::signed(body.into_bytes(), now()).open()["status"], 0);
}

/// What nobody needs does not stop what is proven.
#[test]
fn odd_members_of_a_notification_are_told_as_they_came() {
    for (member, value, told) in [
        ("create_time", json!(1_594_653_458), json!("1594653458")),
        ("create_time", json!(null), json!(null)),
        ("create_time", json!({ "a": 1 }), json!("{\"a\":1}")),
        ("summary", json!(["x"]), json!("[\"x\"]")),
        ("summary", json!(null), json!(null)),
        ("id", json!(7), json!("7")),
        ("id", json!(null), json!(null)),
    ] {
        let mut body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND));
        body[member] = value;
        let answer = Post::enveloped(&body).open();
        assert_eq!((&answer["status"], &answer["data"][member]), (&json!(0), &told), "{answer}");
    }
    let mut body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND));
    body["resource"]["original_type"] = json!(7);
    body["resource_type"] = json!(false);
    assert_eq!(Post::enveloped(&body).open()["data"]["original_type"], "7");
    // One odd member of what was sealed does not hide the number that tells two uses apart.
    let resource =
        json!({ "coupon_code": "C1", "use_request_no": "S-1", "return_request_no": 7 }).to_string();
    let answer = Post::of("PRODUCT_COUPON_SP.USE", &resource).open();
    let dedup_key = answer["data"]["dedup_key"].as_str().unwrap();
    assert!(dedup_key.contains("C1") && dedup_key.contains("S-1"), "{answer}");
}

#[test]
fn what_has_neither_coupon_nor_id_is_told_apart_by_what_it_says() {
    let key = |resource: &str| {
        let mut body = envelope("PRODUCT_COUPON_SP.IMAGE_GENERATION", &Sealing::of(resource));
        body.as_object_mut().unwrap().remove("id");
        let answer = Post::enveloped(&body).open();
        assert_eq!(answer["status"], 0, "{answer}");
        answer["data"]["dedup_key"].clone()
    };
    assert_eq!(key("{\"image\":1}"), key("{\"image\":1}"));
    assert_ne!(key("{\"image\":1}"), key("{\"image\":2}"));
}

#[test]
fn a_byte_order_mark_is_skipped_wherever_it_stands() {
    let body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(&format!("\u{FEFF}{SEND}"))).to_string();
    let post = Post::signed(format!("\u{FEFF}{body}").into_bytes(), now());
    let client = client(&config());
    let headers = format!("\u{FEFF}{}", post.headers);
    let text = client.notification_open(&headers, &post.body).to_json();
    assert!(text.contains(&format!("\"resource\":{SEND}}}")), "{text}");
}

#[test]
fn whatever_was_authenticated_beside_the_text_opens_it() {
    for associated_data in [json!("product_coupon_sp"), json!(""), json!(null), json!("certificate")] {
        let sealing = Sealing { associated_data, ..Sealing::of(SEND) };
        let answer = Post::enveloped(&envelope("PRODUCT_COUPON_SP.SEND", &sealing)).open();
        assert_eq!(answer["status"], 0, "{answer}");
    }
    let mut absent =
        envelope("PRODUCT_COUPON_SP.SEND", &Sealing { associated_data: json!(""), ..Sealing::of(SEND) });
    absent["resource"].as_object_mut().unwrap().remove("associated_data");
    assert_eq!(Post::enveloped(&absent).open()["status"], 0);
}

#[test]
fn only_what_is_needed_must_be_there() {
    let mut bare = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND));
    for optional in ["create_time", "summary", "resource_type"] {
        bare.as_object_mut().unwrap().remove(optional);
    }
    bare["resource"]["original_type"] = Value::Null;
    bare["later"] = json!([1]);
    let data = Post::enveloped(&bare).open()["data"].clone();
    assert_eq!((&data["create_time"], &data["original_type"]), (&Value::Null, &Value::Null));
    assert_eq!(data["dedup_key"], "PRODUCT_COUPON.SEND:Code_123456::120344");
}

#[test]
fn what_is_signed_but_does_not_open_is_asked_for_again() {
    type Damage = fn(&mut Value);
    let damages: [(&str, Damage); 11] = [
        ("not_opened", |body| body["resource"]["nonce"] = json!("j9g1wAzF9Xn2")),
        ("not_opened", |body| body["resource"]["nonce"] = json!("short")),
        ("not_opened", |body| body["resource"]["associated_data"] = json!("product_coupon")),
        ("not_opened", |body| body["resource"]["algorithm"] = json!("AEAD_SM4_GCM")),
        ("not_opened", |body| body["resource"]["ciphertext"] = json!("xxx")),
        ("not_opened", |body| {
            *body =
                envelope("X", &Sealing { key: *b"another APIv3 key of 32 letters!", ..Sealing::of(SEND) });
        }),
        ("resource_not_json", |body| *body = envelope("X", &Sealing::of("coupon_code=1"))),
        ("resource_not_json", |body| *body = envelope("X", &Sealing::of(""))),
        ("not_a_notification", |body| drop(body.as_object_mut().unwrap().remove("event_type"))),
        ("not_a_notification", |body| body["event_type"] = json!(7)),
        ("not_a_notification", |body| *body = json!([])),
    ];
    let mut cases: Vec<(&str, Post)> = damages
        .into_iter()
        .map(|(reason, damage)| {
            let mut body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND));
            damage(&mut body);
            (reason, Post::enveloped(&body))
        })
        .collect();
    let sealed_gibberish = envelope("X", &Sealing { text: vec![b'"', 0xFF, b'"'], ..Sealing::of("") });
    cases.push(("resource_not_json", Post::enveloped(&sealed_gibberish)));
    for body in [&b""[..], b"\0", b"FAIL", b"{\"id\":\"\xFF\"}"] {
        cases.push(("not_a_notification", Post::signed(body.to_vec(), now())));
    }
    for (index, (reason, post)) in cases.into_iter().enumerate() {
        let answer = post.open();
        assert_eq!(answer["name"], "WXCOUPON_E_NOTIFICATION_UNTRUSTED", "{index}: {answer}");
        assert_eq!(answer["verification"], reason, "{index}: {answer}");
        assert_eq!(answer["reply"]["status"], 500, "{index}");
    }
}

#[test]
fn a_message_never_quotes_what_stands_where_a_serial_number_or_an_algorithm_belongs() {
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAo";
    let mut body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(SEND));
    body["resource"]["algorithm"] = json!(KEY);
    let mut unknown = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    unknown.headers["Wechatpay-Serial"] = json!(KEY);
    for post in [Post::enveloped(&body), unknown] {
        let answer = post.open();
        assert_eq!(answer["name"], "WXCOUPON_E_NOTIFICATION_UNTRUSTED", "{answer}");
        let message = answer["message"].as_str().unwrap();
        assert!(
            !message.contains("BEGIN") && !message.contains('\n') && !message.contains("MII"),
            "{message}"
        );
    }
}

#[test]
fn a_message_never_quotes_what_it_could_not_read() {
    let body = r#"{"id":1,"phone_number":"13800138000"}"#;
    let text = Post::signed(body.as_bytes().to_vec(), now()).text();
    assert!(!text.contains("138001"), "{text}");
}

#[test]
fn without_the_apiv3_key_the_machine_is_at_fault() {
    let mut config = config();
    config.as_object_mut().unwrap().remove("apiv3_key");
    let post = Post::of("PRODUCT_COUPON_SP.SEND", SEND);
    let answer: Value = serde_json::from_str(
        &client(&config).notification_open(&post.headers.to_string(), &post.body).to_json(),
    )
    .unwrap();
    assert_eq!((&answer["name"], &answer["field"]), (&json!("WXCOUPON_E_CONFIG"), &json!("/apiv3_key")));
    assert_eq!(answer["reply"]["status"], 500);
}

#[test]
fn a_signature_over_another_body_proves_nothing() {
    let post = Post { headers: sign(b"{}", now()), ..Post::of("PRODUCT_COUPON_SP.SEND", SEND) };
    assert_eq!(post.open()["verification"], "wrong_signature");
}

#[test]
fn bytes_behind_a_nul_belong_to_the_body() {
    let body = [b"{}\0", Post::of("PRODUCT_COUPON_SP.SEND", SEND).body.as_slice()].concat();
    let post = Post::signed(body, now());
    let context = Context::new(&config());
    let read = |body: &[u8]| -> Value {
        serde_json::from_slice(&context.open(post.headers.to_string().as_bytes(), body)).unwrap()
    };
    assert_eq!(read(&post.body)["verification"], "not_a_notification", "the whole body was proven");
    assert_eq!(read(b"{}")["verification"], "wrong_signature");
    assert_eq!(read(b"")["verification"], "wrong_signature");
}
