//! What comes over the wire: whole, in pieces, too much, too little.

use super::program::Receiver;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Instant;
use testkit::post::{Post, config};

/// An event that asks for nothing, so that no WeChat Pay is needed.
const EVENT: &str = "PRODUCT_COUPON_SP.IMAGE_GENERATION";

fn receiver() -> Option<Receiver> {
    let mut config = config();
    config["base_urls"] = json!(["https://127.0.0.1:1"]);
    Receiver::start(&config)
}

/// The bytes of a genuine notification, as one request.
fn request(more: &str) -> Vec<u8> {
    let Post { headers, body } = Post::of(EVENT, r#"{"task_id":"7"}"#);
    let mut head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n{more}", body.len());
    for (name, value) in headers.as_object().unwrap() {
        let _ = write!(head, "{}:{}  \r\n", name.to_lowercase(), value.as_str().unwrap());
    }
    [head.as_bytes(), b"\r\n", &body].concat()
}

#[test]
fn a_genuine_notification_is_answered_204_without_a_body_however_it_arrives() {
    let Some(receiver) = receiver() else { return };
    let whole = request("X-Odd: \"\\ \u{7} \u{e9}\r\nExpect: 100-continue\r\n");
    let (one, rest) = whole.split_at(1);
    let (most, last) = rest.split_at(rest.len() - 3);
    let with_more = [whole.as_slice(), b"GET / HTTP/1.1\r\n\r\n"].concat();
    let pieces: Vec<&[u8]> = whole.chunks(97).collect();
    for pieces in [vec![whole.as_slice()], vec![one, most, last], pieces, vec![&with_more]] {
        let reply = receiver.exchange(&pieces);
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{reply:?}");
        assert!(!reply.head.to_lowercase().contains("content-length"), "{reply:?}");
    }
}

#[test]
fn what_is_no_whole_request_is_refused_and_the_next_one_is_served() {
    let Some(receiver) = receiver() else { return };
    let long = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\n\r\n", 411),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("POST / HTTP/1.1\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nContent-Length: \r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 2,2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nno colon\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nA: b\r\n folded\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nA: b\nContent-Length: 2\r\n\r\n{}", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 401),
        ("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 401),
        (&long, 431),
    ] {
        let reply = receiver.exchange(&[request.as_bytes()]);
        assert_eq!(reply.status, status, "{request:?}");
        assert_eq!(serde_json::from_str::<Value>(&reply.body).unwrap()["code"], "FAIL", "{request:?}");
        assert!(reply.head.contains("application/json"), "{reply:?}");
    }
    assert_eq!(receiver.exchange(&[&request("")]).status, 204);
}

#[test]
fn who_stops_half_way_holds_nobody_up_for_long() {
    let Some(receiver) = receiver() else { return };
    for half in ["POST / HT", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"] {
        let began = Instant::now();
        assert_eq!(receiver.exchange(&[half.as_bytes()]).status, 408);
        assert!(began.elapsed().as_secs() < 10);
    }
    assert_eq!(receiver.exchange(&[&request("")]).status, 204);
}

#[test]
fn a_body_of_the_largest_size_is_read_whole() {
    let Some(receiver) = receiver() else { return };
    let body = vec![b' '; 1024 * 1024];
    let reply = receiver.post(&json!({}), &body);
    assert_eq!(reply.status, 401);
}

#[test]
fn reasons_are_printed_here_and_not_told_to_the_peer() {
    let Some(receiver) = receiver() else { return };
    let mut post = Post::of(EVENT, r#"{"openid":"oSecret"}"#);
    post.headers["Wechatpay-Signature"] = json!("WECHATPAY/SIGNTEST/abc");
    let reply = receiver.post(&post.headers, &post.body);
    assert_eq!(reply.status, 401);
    assert_eq!(receiver.post(&Post::of(EVENT, r#"{"openid":"oSecret"}"#).headers, b"{}").status, 401);
    let printed = receiver.printed_until("signtest_probe") + &receiver.printed_until("wrong_signature");
    assert!(!reply.body.contains("probe") && !printed.contains("oSecret"));
}
