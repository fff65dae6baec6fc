//! Answers through the HTTP layer, to a question, a redemption and what is settled of it.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::{Reply, Script};
use crate::sealed::signature;
use crate::{said, sent};
use arbitrary::{Arbitrary, Unstructured};
use serde_json::Value;
use std::ptr;
use wxcoupon::ffi;

const QUERY: &str = r#"{"openid":"oUser1","coupon_code":"Code_1","product_coupon_id":"1000000013","stock_id":"1000000013001"}"#;
const USE: &str = r#"{"openid":"oUser1","coupon_code":"Code_1","product_coupon_id":"1000000013","stock_id":"1000000013001","out_request_no":"SALE_0001","use_time":"2026-06-01T12:00:00+08:00","associated_order_info":{"transaction_id":"4200000000123456789123456789"},"_options":{"decrypt":["/name","/list/*/x"]}}"#;

/// What comes back to one request.
#[derive(Debug, Arbitrary)]
struct Scene<'a> {
    how: How,
    /// Added to the head of what is built; all there is of what is raw.
    extra: &'a str,
    body: Body<'a>,
}

#[derive(Debug, Arbitrary)]
enum How {
    /// These bytes and nothing else.
    Raw,
    /// A whole answer with a right signature, by a clock so many seconds off.
    Signed { status: Status, off_s: i16, chunked: bool, stays_open: bool },
    /// The same without one.
    Unsigned { status: Status, length: Option<u16> },
}

#[derive(Debug, Arbitrary)]
enum Status {
    Success,
    NoContent,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    TooMany,
    Broken,
    Other(u16),
}

impl Status {
    fn number(&self) -> u16 {
        match self {
            Status::Success => 200,
            Status::NoContent => 204,
            Status::BadRequest => 400,
            Status::Unauthorized => 401,
            Status::Forbidden => 403,
            Status::NotFound => 404,
            Status::TooMany => 429,
            Status::Broken => 500,
            Status::Other(number) => 100 + number % 900,
        }
    }
}

#[derive(Debug, Arbitrary)]
enum Body<'a> {
    /// Whatever.
    Text(&'a [u8]),
    /// A coupon, redeemed by this or another number, or not at all.
    Coupon { state: u8, number: u8, code: u8, index: Option<u8>, extra: &'a str },
    /// An error of WeChat Pay's.
    Error { code: u8, message: &'a str, detail: &'a str },
}

const STATES: [&str; 8] =
    ["USED", "EFFECTIVE", "CONFIRMING", "PENDING", "EXPIRED", "DELETED", "DEACTIVATED", "LATER"];
const CODES: [&str; 12] = [
    "PARAM_ERROR",
    "INVALID_REQUEST",
    "SIGN_ERROR",
    "NO_AUTH",
    "NOT_FOUND",
    "RESOURCE_NOT_EXISTS",
    "ALREADY_EXISTS",
    "FREQUENCY_LIMITED",
    "RATELIMIT_EXCEEDED",
    "SYSTEM_ERROR",
    "REQUEST_BLOCKED",
    "LATER",
];

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Body::Text(text) => text.to_vec(),
            Body::Coupon { state, number, code, index, extra } => {
                let number = ["SALE_0001", "SALE_0002", ""][usize::from(*number) % 3];
                let code = ["Code_1", "Code_2", ""][usize::from(*code) % 3];
                let used = match index {
                    None => format!(r#""single_usage_detail":{{"use_request_no":"{number}"}}"#),
                    Some(index) => format!(
                        r#""sequential_usage_detail":{{"used_count":{index},"detail_item_list":[{{"sequential_coupon_index":{index},"detail_state":"USED","use_request_no":"{number}"}}]}}"#
                    ),
                };
                let state = STATES[usize::from(*state) % STATES.len()];
                format!(r#"{{"coupon_code":"{code}","coupon_state":"{state}",{used}{extra}}}"#).into_bytes()
            }
            Body::Error { code, message, detail } => {
                let code = CODES[usize::from(*code) % CODES.len()];
                let (message, detail) = (Value::from(*message), Value::from(*detail));
                format!(r#"{{"code":"{code}","message":{message},"detail":{{"issue":{detail}}}}}"#)
                    .into_bytes()
            }
        }
    }
}

impl Scene<'_> {
    fn reply(&self) -> Reply {
        let body = self.body.bytes();
        let length = |length: &dyn std::fmt::Display| format!("Content-Length: {length}\r\n");
        let (status, stays_open, mut head, body) = match &self.how {
            How::Raw => return Reply { bytes: [self.extra.as_bytes(), &body].concat(), stays_open: false },
            How::Signed { status, off_s, chunked, stays_open } => {
                let signed = signature(&body, i64::from(*off_s));
                let mut head = signed.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
                let body = if *chunked {
                    head.push_str("Transfer-Encoding: chunked\r\n");
                    let chunks = body
                        .chunks(100)
                        .map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
                    chunks.chain([b"0\r\n\r\n".to_vec()]).collect::<Vec<_>>().concat()
                } else {
                    head.push_str(&length(&body.len()));
                    body
                };
                (status, *stays_open, head, body)
            }
            How::Unsigned { status, length: announced } => {
                (status, false, announced.map_or_else(String::new, |announced| length(&announced)), body)
            }
        };
        head.push_str(self.extra);
        let bytes = [format!("HTTP/1.1 {} X\r\n{head}\r\n", status.number()).as_bytes(), &body].concat();
        Reply { bytes, stays_open }
    }
}

/// The first byte says what is asked, the second in which steps the bytes come.
pub fn run(input: &[u8]) {
    let _turn = alone();
    let [asked, step, rest @ ..] = input else { return };
    let mut left = Unstructured::new(rest);
    let mut scenes: Vec<Scene<'_>> = Vec::new();
    while !left.is_empty() && scenes.len() < 6 {
        let Ok(scene) = Scene::arbitrary(&mut left) else { break };
        scenes.push(scene);
    }
    let script = Script { replies: scenes.iter().map(Scene::reply).collect(), step: usize::from(*step) };
    let bench = Bench::new(Kind::default(), script);
    let writes = asked % 2 == 1;
    let text = for_c(if writes { USE } else { QUERY }.as_bytes()).unwrap();
    // SAFETY: a text that ends with NUL.
    let status = unsafe {
        if writes {
            ffi::wxcoupon_use(bench.ctx, text.as_ptr(), bench.buf)
        } else {
            ffi::wxcoupon_query(bench.ctx, text.as_ptr(), bench.buf)
        }
    };
    let answer = said::answer(&bench, status, &[]);
    let says_yes = scenes.iter().any(Scene::could_be_success);
    assert!(status != 0 || says_yes, "nobody has said yes: {answer}");
    let sent: Vec<sent::Sent> = bench.wire.sent().iter().map(|bytes| sent::read(bench.kind, bytes)).collect();
    if !writes {
        assert!(status / 1000 != 4, "a question is never in doubt: {answer}");
        return;
    }
    let mut uses = sent.iter().filter(|sent| sent.method == "POST" && sent.target.ends_with("/use"));
    let first = uses.next().expect("a redemption was sent");
    assert!(uses.all(|other| other.body == first.body && other.target == first.target), "a repeat differs");
    assert!(status / 1000 != 1 && status / 1000 != 2, "{answer}");
    settles(&bench, status, &answer);
}

/// What was told stands, and what is open goes on.
fn settles(bench: &Bench, told: i32, before: &Value) {
    let pending = ffi::wxcoupon_pending(bench.ctx, bench.buf);
    let listed = said::answer(bench, pending, &[]);
    assert_eq!(pending, 0, "{listed}");
    assert_eq!(told / 1000 == 4, listed["data"]["pending"] == 1, "{before} but {listed}");
    let sent = bench.wire.sent().len();
    // SAFETY: NULL is everything.
    let status = unsafe { ffi::wxcoupon_settle(bench.ctx, ptr::null(), bench.buf) };
    let answer = said::answer(bench, status, &[]);
    assert!(told / 1000 == 4 || status == 0, "nothing is open: {answer}");
    if matches!(told / 1000, 0 | 3) {
        assert_eq!(bench.wire.sent().len(), sent, "nothing is asked: {answer}");
    }
}

impl Scene<'_> {
    /// A signed answer of 2xx in the right window, or bytes of which nobody knows.
    fn could_be_success(&self) -> bool {
        match &self.how {
            How::Signed { status, off_s, .. } => {
                (200..300).contains(&status.number()) && off_s.unsigned_abs() < 1000
            }
            // Nobody can make up the signature.
            How::Raw | How::Unsigned { .. } => false,
        }
    }
}
