//! Requests and answers on their way.

use crate::random::keyed_hash;
use crate::world::TaskId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use wxcoupon::wire::verify::{self, SignatureHeaders};

/// The keys of the merchant and of WeChat Pay.
pub const MERCHANT_KEY: u64 = 0x6D65_7263_6861_6E74;
pub const WECHAT_KEY: u64 = 0x7765_6368_6174_7061;
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0114000000000000000000000000000000";

/// What a till has signed: the same bytes in every copy.
pub struct Request {
    pub method: String,
    pub target: String,
    pub body: Vec<u8>,
    /// When it was signed, by the clock of who signed it, in seconds since 1970.
    pub timestamp: i64,
    pub signature_fits: bool,
}

/// What is done to an answer on its way, or in its stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    None,
    /// It never comes. Whether the connection breaks or nothing is heard is told apart.
    Lost {
        breaks: bool,
    },
    /// WeChat Pay signs wrongly on purpose.
    Probe,
    /// A fault of WeChat Pay's, before or after it has done what was asked.
    Fault {
        status: u16,
        done: bool,
    },
    /// Too many requests: nothing is done.
    TooMany,
    /// Another answer of WeChat Pay's, recorded shortly before, comes instead.
    Replayed(u64),
    /// The same of hours ago, with its own `Date`.
    ReplayedOld(u64),
    /// The body is cut short, or its signature damaged.
    Damaged,
    /// The header `Date` is that of a cache.
    WrongDate(i64),
}

/// One copy of a request.
pub struct Copy {
    pub request: Arc<Request>,
    /// Where it comes from.
    pub machine: usize,
    /// When it left, and whether settling has sent it.
    pub left: u64,
    pub settles: bool,
    /// Who waits for the answer, and under which ticket. Nobody waits for a copy that somebody else made.
    pub asker: Option<(TaskId, u64)>,
    pub twist: Twist,
    /// How long the answer travels.
    pub back: u64,
}

/// An answer as it travels.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    pub signature: SignatureHeaders,
    pub request_id: Option<String>,
    pub retry_after_s: Option<u64>,
    /// `Date`, in seconds since 1970.
    pub date_s: Option<i64>,
}

impl Reply {
    /// Signs it as WeChat Pay does.
    pub fn sign(&mut self, now_s: i64, nonce: u64) {
        let (timestamp, nonce) = (now_s.to_string(), format!("{nonce:016X}"));
        let message = verify::message(&timestamp, &nonce, self.body.as_bytes());
        let signature = keyed_hash(WECHAT_KEY, &message).to_le_bytes();
        self.signature = SignatureHeaders {
            timestamp: Some(timestamp),
            nonce: Some(nonce),
            signature: Some(BASE64.encode(signature)),
            serial: Some(PUBLIC_KEY_ID.into()),
        };
    }

    pub fn is_signed(&self) -> bool {
        self.signature.signature.is_some()
    }
}

/// What a request asks for, by its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Use,
    Return,
    Confirm,
    Deactivate,
    Send,
    Query,
    List,
    Other,
}

impl Asks {
    pub fn of(method: &str, target: &str) -> Asks {
        let path = target.split('?').next().unwrap_or_default();
        let mut parts = path.rsplit('/');
        match (method, parts.next(), parts.next()) {
            ("POST", Some("use"), _) => Asks::Use,
            ("POST", Some("return"), _) => Asks::Return,
            ("POST", Some("confirm"), _) => Asks::Confirm,
            ("POST", Some("deactivate"), _) => Asks::Deactivate,
            ("POST", Some("coupons"), _) => Asks::Send,
            ("GET", Some(_), Some("appids")) => Asks::Query,
            ("GET", Some("coupons"), _) => Asks::List,
            ("GET", Some(_), Some("coupons")) => Asks::Query,
            _ => Asks::Other,
        }
    }

    pub fn writes(self) -> bool {
        !matches!(self, Asks::Query | Asks::List)
    }

    pub fn name(self) -> &'static str {
        match self {
            Asks::Use => "use",
            Asks::Return => "return",
            Asks::Confirm => "confirm",
            Asks::Deactivate => "deactivate",
            Asks::Send => "send",
            Asks::Query => "query",
            Asks::List => "list",
            Asks::Other => "?",
        }
    }
}

/// Where 商家券 are redeemed, returned and asked about.
const BUSIFAVOR: &str = "/v3/marketing/busifavor/";

/// Whether a target is one of the older family's.
pub fn is_busifavor(target: &str) -> bool {
    target.starts_with(BUSIFAVOR)
}

/// The coupon that a request names: in its target, or in the body where that has it.
pub fn coupon_in<'a>(target: &'a str, body: &'a [u8]) -> Option<&'a str> {
    if is_busifavor(target) && !body.is_empty() {
        return member(body, "coupon_code");
    }
    let after = target.split_once("/coupons/")?.1;
    after.split(['/', '?']).next()
}

/// The text of a member of a flat JSON body, without reading the rest.
pub fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    let start = body.find(&format!("\"{name}\":\""))? + name.len() + 4;
    body[start..].split('"').next()
}

/// The number under which a body is recognised.
pub fn number_in(body: &[u8]) -> Option<&str> {
    const NAMES: [&str; 4] = ["out_request_no", "send_request_no", "use_request_no", "return_request_no"];
    NAMES.into_iter().find_map(|name| member(body, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_bodies_say_what_is_asked() {
        let coupon = "/v3/marketing/partner/product-coupon/users/o1/coupons/C-1";
        assert_eq!(Asks::of("POST", &format!("{coupon}/use")), Asks::Use);
        assert_eq!(Asks::of("GET", &format!("{coupon}?stock_id=1")), Asks::Query);
        assert_eq!(Asks::of("POST", "/v3/x/users/o1/coupons"), Asks::Send);
        assert_eq!(coupon_in(&format!("{coupon}/use"), b"{}"), Some("C-1"));
        let older = "/v3/marketing/busifavor/users/o1/coupons/C-1/appids/wx1";
        assert_eq!((Asks::of("GET", older), coupon_in(older, b"")), (Asks::Query, Some("C-1")));
        let (older, body) =
            ("/v3/marketing/busifavor/coupons/use", br#"{"coupon_code":"C-1","use_request_no":"S"}"#);
        assert_eq!((Asks::of("POST", older), coupon_in(older, body)), (Asks::Use, Some("C-1")));
        assert_eq!(number_in(body), Some("S"));
        assert_eq!(number_in(br#"{"a":"b","out_request_no":"SALE-1"}"#), Some("SALE-1"));
        assert_eq!(number_in(b"{}"), None);
    }
}
