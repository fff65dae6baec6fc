//! The answer of API version 2 to the question whose a payment code is: XML, signed with a key of its own.
//!
//! The first byte chooses how the rest is said: as HTTP, as a body, or as lines of `name=value` that become the members of an
//! answer, rightly signed or not.

use crate::bench::{APIV2_KEY, Bench, Kind, MERCHANT, alone, for_c};
use crate::line::{Reply, Script};
use crate::said;
use std::collections::VecDeque;
use wxcoupon::ffi;
use wxcoupon::wire::v2::{self, Members, SignType};

/// What the customer shows; must never be told.
const CODE: &str = "134567890198765432";
const QUESTION: &str = r#"{"auth_code":"134567890198765432","amount":5000}"#;
const LOOK_UP: &str = "POST /tools/authcodetoopenid HTTP/1.1\r\n";
const STATUSES: [u16; 8] = [200, 200, 200, 200, 204, 302, 429, 500];

/// An answer, and what it says if the sign on it is right.
struct Scene {
    http: Vec<u8>,
    proven: Option<Members>,
}

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Some((choice, content)) = input.split_first() else { return };
    let sign_type = if choice & 0x80 == 0 { SignType::HmacSha256 } else { SignType::Md5 };
    let Some(scene) = scene(*choice, content, sign_type) else { return };
    // The second is what a repeated question hears, or the question for the user's coupons.
    let reply = Reply { bytes: scene.http, stays_open: choice & 0x40 != 0 };
    let script =
        Script { replies: VecDeque::from([reply.clone(), reply]), step: usize::from(choice >> 5 & 1) * 7 };
    let bench = Bench::new(Kind { apiv2: Some(sign_type), ..Kind::default() }, script);
    let question = for_c(QUESTION.as_bytes()).unwrap();
    // SAFETY: a text that ends with NUL.
    let status = unsafe { ffi::wxcoupon_scan(bench.ctx, question.as_ptr(), bench.buf) };
    let answer = said::answer(&bench, status, &[content]);
    assert!(status != 0 && answer["in_doubt"] == false, "nobody has told of a coupon: {answer}");
    let repeats = content.windows(CODE.len()).any(|window| window == CODE.as_bytes());
    assert!(repeats || !answer.to_string().contains(CODE), "the payment code is told: {answer}");

    let sent = bench.wire.sent();
    let texts: Vec<_> = sent.iter().map(|sent| String::from_utf8_lossy(sent)).collect();
    let (asked, later): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.starts_with(LOOK_UP));
    assert!(!asked.is_empty(), "it is asked whose the code is");
    for text in asked {
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let members = v2::read(body.as_bytes()).unwrap();
        assert!(members["auth_code"] == CODE && v2::is_signed(&members, APIV2_KEY, sign_type), "{text}");
    }
    assert!(later.iter().all(|text| !text.contains(CODE)), "the code goes to nobody else");
    let openid = scene.proven.as_ref().and_then(|members| members.get("openid"));
    let is_plain = |openid: &&String| {
        (1..=32).contains(&openid.len()) && openid.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match openid {
        Some(openid) => {
            let plain = is_plain(&openid);
            assert!(!plain || !later.is_empty(), "a right answer is believed: {answer}");
            let of_user = |text: &&&std::borrow::Cow<'_, str>| text.contains(&format!("/users/{openid}/"));
            assert!(
                !plain || later.iter().all(|text| of_user(&text)),
                "another user is asked about: {later:?}"
            );
        }
        None => assert!(later.is_empty(), "what nobody has signed is believed: {later:?}"),
    }
}

fn scene(choice: u8, content: &[u8], sign_type: SignType) -> Option<Scene> {
    let status = STATUSES[usize::from(choice >> 2 & 7)];
    let whole = |body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nRetry-After: 1\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    match choice & 3 {
        0 => Some(Scene { http: content.to_vec(), proven: None }),
        1 => Some(Scene { http: whole(content), proven: None }),
        signs => {
            let text = std::str::from_utf8(content).ok()?;
            let mut members = said_by(text);
            if signs == 2 {
                members.insert("sign".into(), v2::sign(&members, APIV2_KEY, sign_type));
            }
            let is_success = ["return_code", "result_code"]
                .iter()
                .all(|name| members.get(*name).is_some_and(|value| value == "SUCCESS"));
            // What was not asked for may be told: of one app id, the sub-merchant's need not be named.
            let is_ours = members.get("mch_id").is_some_and(|id| id == MERCHANT)
                && members.get("appid").is_some_and(|id| id == crate::bench::APPID);
            let is_read =
                members.iter().all(|(name, value)| is_name(name) && is_text(value)) && members.len() <= 100;
            let is_proven = signs == 2 && status == 200 && is_success && is_ours && is_read;
            let http = whole(xml(&members).as_bytes());
            Some(Scene { http, proven: is_proven.then_some(members) })
        }
    }
}

/// The lines of a text; the last of several with one name counts.
fn said_by(text: &str) -> Members {
    let pairs = text.split('\n').filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_name(name: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    name.bytes().all(is_of_one) && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

fn is_text(value: &str) -> bool {
    !value.chars().any(|letter| letter.is_control() && letter != '\t')
}

/// Written in the ways that answers have been seen in: text, CDATA, and both.
fn xml(members: &Members) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n");
    let escaped = |value: &str| value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let cdata = |value: &str| format!("<![CDATA[{}]]>", value.replace("]]>", "]]]]><![CDATA[>"));
    for (index, (name, value)) in members.iter().enumerate() {
        let middle = value.char_indices().nth(value.chars().count() / 2).map_or(0, |(at, _)| at);
        let content = match index % 3 {
            0 => escaped(value),
            1 => cdata(value),
            _ => escaped(&value[..middle]) + &cdata(&value[middle..]),
        };
        text.extend(["  <", name.as_str(), ">", &content, "</", name, ">\n"]);
    }
    text + "</xml>\n"
}
