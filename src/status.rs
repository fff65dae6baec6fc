//! Every status of the library: its number, its name, its meaning, and the text for the till.
//!
//! The header's macros, the names, the classes and the default texts all come from this one table. Numbers are permanent: a
//! code may be added, but none is renumbered or gets another meaning.

/// `status / 1000`: done, and proven by a verified answer. The till prints the receipt.
pub const WXCOUPON_CLASS_OK: i32 = 0;
/// `status / 1000`: the caller is wrong and nothing was sent. Fix the program.
pub const WXCOUPON_CLASS_MISUSE: i32 = 1;
/// `status / 1000`: this machine is wrong and nothing was sent. Fix the machine.
pub const WXCOUPON_CLASS_LOCAL: i32 = 2;
/// `status / 1000`: nothing took effect. The till may try again with the same number.
pub const WXCOUPON_CLASS_NOT_SENT: i32 = 3;
/// `status / 1000`: sent, and no trustworthy answer came: it may have taken effect. Keep the sale
/// open and settle; never use a new number.
pub const WXCOUPON_CLASS_IN_DOUBT: i32 = 4;
/// `status / 1000`: WeChat Pay said no. Tell the customer.
pub const WXCOUPON_CLASS_REFUSED: i32 = 5;
/// `status / 1000`: not applied now. Wait `retry_after_ms`, then the same number again.
pub const WXCOUPON_CLASS_BUSY: i32 = 6;
/// `status / 1000`: a defect of this library. Look at `in_doubt`, settle, report.
pub const WXCOUPON_CLASS_BUG: i32 = 9;

/// Done, and proven by a verified answer.
pub const WXCOUPON_OK: i32 = 0;

/// A pointer that must not be NULL is NULL.
pub const WXCOUPON_E_NULL: i32 = 1001;
/// A handle is not alive: freed, of another kind, cut short, or never made by this library.
pub const WXCOUPON_E_HANDLE: i32 = 1002;
/// A text is not valid in the context's text encoding; `message` names the offset of the first bad byte.
pub const WXCOUPON_E_ENCODING: i32 = 1003;
/// A text is not one JSON object: syntax, duplicate key, trailing text, over 64 KiB or 32 levels.
pub const WXCOUPON_E_JSON: i32 = 1004;
/// A member of the request is missing or breaks a documented rule; `field` names it.
pub const WXCOUPON_E_REQUEST: i32 = 1005;
/// No operation has that name, or the method is not one of GET, POST, PUT, PATCH and DELETE.
pub const WXCOUPON_E_OPERATION: i32 = 1006;
/// The call is not allowed inside the log sink.
pub const WXCOUPON_E_REENTRANT: i32 = 1007;

/// The configuration is incomplete or wrong; `field` names the member.
pub const WXCOUPON_E_CONFIG: i32 = 2001;
/// A key or certificate cannot be read or cannot fit; `message` says what was found and expected.
pub const WXCOUPON_E_KEY: i32 = 2002;
/// The journal cannot be opened or written.
pub const WXCOUPON_E_JOURNAL: i32 = 2003;
/// This machine's clock is so wrong that TLS fails; `message` names both times.
pub const WXCOUPON_E_CLOCK: i32 = 2004;

/// No connection to WeChat Pay: name look-up, routing, refused, proxy.
pub const WXCOUPON_E_CONNECT: i32 = 3001;
/// The TLS handshake failed: unknown authority, wrong name, expired certificate, not TLS at all.
pub const WXCOUPON_E_TLS: i32 = 3002;
/// The time was up before the request was sent.
pub const WXCOUPON_E_TIMEOUT_UNSENT: i32 = 3003;
/// Cancelled before the request was sent.
pub const WXCOUPON_E_CANCELLED_UNSENT: i32 = 3004;
/// An operation that only reads got no trustworthy answer.
pub const WXCOUPON_E_READ_FAILED: i32 = 3005;

/// Sent, and no answer came in time.
pub const WXCOUPON_E_ANSWER_TIMEOUT: i32 = 4001;
/// Sent, and the connection broke before the whole answer was here.
pub const WXCOUPON_E_CONNECTION_LOST: i32 = 4002;
/// An answer came whose signature does not prove it, or that is about something else.
pub const WXCOUPON_E_ANSWER_UNTRUSTED: i32 = 4003;
/// An answer came that cannot be understood: not HTTP, not JSON, too large.
pub const WXCOUPON_E_ANSWER_UNREADABLE: i32 = 4004;
/// WeChat Pay answered with a fault of its own (5xx).
pub const WXCOUPON_E_SERVER: i32 = 4005;
/// Cancelled after the request was sent.
pub const WXCOUPON_E_CANCELLED_SENT: i32 = 4006;
/// The request has a verdict, but the journal could not take it: settling may send it again. Settle it.
pub const WXCOUPON_E_UNRECORDED: i32 = 4007;

/// WeChat Pay refused the request.
pub const WXCOUPON_E_REFUSED: i32 = 5001;
/// The coupon cannot be used now: used, expired, deleted, not yet confirmed, outside its hours.
pub const WXCOUPON_E_COUPON_STATE: i32 = 5002;
/// The coupon, stock or product does not exist or belongs to somebody else.
pub const WXCOUPON_E_NOT_FOUND: i32 = 5003;
/// The service provider may not do this for this brand.
pub const WXCOUPON_E_NO_PERMISSION: i32 = 5004;
/// WeChat Pay did not accept the request's signature.
pub const WXCOUPON_E_SIGN_REJECTED: i32 = 5005;
/// The request number was used before with other content.
pub const WXCOUPON_E_REQUEST_NO_REUSED: i32 = 5006;
/// A notification is not proven to come from WeChat Pay.
pub const WXCOUPON_E_NOTIFICATION_UNTRUSTED: i32 = 5007;

/// Too many requests; wait `retry_after_ms`.
pub const WXCOUPON_E_RATE_LIMITED: i32 = 6001;
/// Another call is working on this coupon or this number; wait `retry_after_ms`.
pub const WXCOUPON_E_LOCKED: i32 = 6002;
/// The job is still running.
pub const WXCOUPON_E_RUNNING: i32 = 6003;

/// The library panicked; the panic was stopped at the boundary.
pub const WXCOUPON_E_PANIC: i32 = 9001;
/// An invariant of the library does not hold.
pub const WXCOUPON_E_INTERNAL: i32 = 9002;

/// What a till does with a status, from `status / 1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// [`WXCOUPON_CLASS_OK`]
    Ok,
    /// [`WXCOUPON_CLASS_MISUSE`]
    Misuse,
    /// [`WXCOUPON_CLASS_LOCAL`]
    Local,
    /// [`WXCOUPON_CLASS_NOT_SENT`]
    NotSent,
    /// [`WXCOUPON_CLASS_IN_DOUBT`]
    InDoubt,
    /// [`WXCOUPON_CLASS_REFUSED`]
    Refused,
    /// [`WXCOUPON_CLASS_BUSY`]
    Busy,
    /// [`WXCOUPON_CLASS_BUG`]
    Bug,
}

macro_rules! codes {
    ($( $variant:ident = $constant:ident, $text:literal, $hint:literal, $cashier:literal; )+) => {
        /// A status, known by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(
                #[doc = concat!("[`", stringify!($constant), "`]")]
                $variant,
            )+
        }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The number that crosses the C boundary.
            pub const fn number(self) -> i32 {
                match self { $(Code::$variant => $constant),+ }
            }

            /// The macro's name in the header.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => stringify!($constant)),+ }
            }

            const fn texts(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Code::$variant => ($text, $hint, $cashier)),+ }
            }

            /// The same name with a NUL, for C.
            pub const fn c_name(self) -> &'static str {
                match self { $(Code::$variant => concat!(stringify!($constant), "\0")),+ }
            }

            /// [`Code::text`] with a NUL, for C.
            pub const fn c_text(self) -> &'static str {
                match self { $(Code::$variant => concat!($text, "\0")),+ }
            }
        }
    };
}

codes! {
    Ok = WXCOUPON_OK, "Done, and proven by a verified answer.", "", "成功";
    Null = WXCOUPON_E_NULL, "A pointer that must not be NULL is NULL.",
        "Pass the argument; the message names it.", "收银程序错误,请联系技术支持";
    Handle = WXCOUPON_E_HANDLE, "The handle is not alive.",
        "Make the handle first, free it once, and pass it as a whole pointer (64 bits on 64-bit systems).",
        "收银程序错误,请联系技术支持";
    Encoding = WXCOUPON_E_ENCODING, "The text is not valid in the context's encoding.",
        "Pass UTF-8, or set text_encoding in the configuration to what the program speaks.",
        "收银程序错误,请联系技术支持";
    Json = WXCOUPON_E_JSON, "The text is not one acceptable JSON object.",
        "Pass one flat JSON object of at most 64 KiB and 32 levels, without duplicate keys.",
        "收银程序错误,请联系技术支持";
    Request = WXCOUPON_E_REQUEST, "A member of the request is missing or wrong.",
        "Correct the member that field names; nothing was sent.", "请求信息不完整或有误,请检查后重试";
    Operation = WXCOUPON_E_OPERATION, "There is no such operation.",
        "Use an operation name from the documentation.", "收银程序错误,请联系技术支持";
    Reentrant = WXCOUPON_E_REENTRANT, "This call is not allowed inside the log sink.",
        "Change the sink from outside of it.", "收银程序错误,请联系技术支持";
    Config = WXCOUPON_E_CONFIG, "The configuration is incomplete or wrong.",
        "Correct the member that field names.", "收银机配置有误,请联系技术支持";
    Key = WXCOUPON_E_KEY, "A key or certificate cannot be read or cannot fit.",
        "Compare what was found with what was expected, and give the right file.",
        "收银机密钥有误,请联系技术支持";
    Journal = WXCOUPON_E_JOURNAL, "The journal cannot be opened or written.",
        "Check the path, the rights, the disk and other programs that hold the file.",
        "本机记录文件异常,请联系技术支持";
    Clock = WXCOUPON_E_CLOCK, "This machine's clock is too wrong for TLS.",
        "Set the clock and the time zone of this machine.", "本机时间不正确,请校准时间";
    Connect = WXCOUPON_E_CONNECT, "No connection to WeChat Pay.",
        "Check the line, the name service, the firewall and the proxy; then the same call again.",
        "网络连接失败,本次未发出,请重试";
    Tls = WXCOUPON_E_TLS, "No trusted TLS connection to WeChat Pay.",
        "Check the clock, ca_path, and whether a proxy replaces certificates.",
        "安全连接失败,本次未发出,请联系技术支持";
    TimeoutUnsent = WXCOUPON_E_TIMEOUT_UNSENT, "The time was up before the request was sent.",
        "Call again with the same number.", "网络超时,本次未发出,请重试";
    CancelledUnsent = WXCOUPON_E_CANCELLED_UNSENT, "Cancelled before the request was sent.",
        "Nothing happened.", "已取消,本次未发出";
    ReadFailed = WXCOUPON_E_READ_FAILED, "No trustworthy answer to a question that changes nothing.",
        "Ask again.", "查询失败,请重试";
    AnswerTimeout = WXCOUPON_E_ANSWER_TIMEOUT, "Sent, and no answer came in time.",
        "Keep the sale open and settle this number, or repeat it unchanged; never use a new number.",
        "核销结果待确认,请勿重复核销";
    ConnectionLost = WXCOUPON_E_CONNECTION_LOST, "Sent, and the connection broke before the answer.",
        "Keep the sale open and settle this number, or repeat it unchanged; never use a new number.",
        "核销结果待确认,请勿重复核销";
    AnswerUntrusted = WXCOUPON_E_ANSWER_UNTRUSTED, "An answer came that is not proven to be WeChat Pay's answer to this request.",
        "Keep the sale open and settle this number, or repeat it unchanged; verification names the cause.",
        "核销结果待确认,请勿重复核销";
    AnswerUnreadable = WXCOUPON_E_ANSWER_UNREADABLE, "An answer came that cannot be understood.",
        "Keep the sale open and settle this number, or repeat it unchanged; never use a new number.",
        "核销结果待确认,请勿重复核销";
    Server = WXCOUPON_E_SERVER, "WeChat Pay has a fault; the request may have taken effect.",
        "Keep the sale open and settle this number, or repeat it unchanged; never use a new number.",
        "微信支付系统繁忙,结果待确认,请勿重复核销";
    CancelledSent = WXCOUPON_E_CANCELLED_SENT, "Cancelled after the request was sent; it may have taken effect.",
        "Keep the sale open and settle this number, or repeat it unchanged; never use a new number.",
        "已取消等待,核销结果待确认";
    Unrecorded = WXCOUPON_E_UNRECORDED, "The verdict could not be written to the journal.",
        "Mend the journal (disk, rights), then settle this number.",
        "本机记录失败,核销结果待确认";
    Refused = WXCOUPON_E_REFUSED, "WeChat Pay refused the request.",
        "See wechat.code and wechat.message.", "微信支付拒绝了该请求";
    CouponState = WXCOUPON_E_COUPON_STATE, "The coupon cannot be used now.",
        "Query the coupon: its state, validity and usable hours.", "该优惠券当前不可用";
    NotFound = WXCOUPON_E_NOT_FOUND, "The coupon, stock or product does not exist or is not yours.",
        "Check coupon_code, stock_id, product_coupon_id and brand_id.", "未找到该优惠券,请核对券码";
    NoPermission = WXCOUPON_E_NO_PERMISSION, "The service provider may not do this for this brand.",
        "The brand must authorise the service provider for product coupons.", "商户未开通该权限,请联系技术支持";
    SignRejected = WXCOUPON_E_SIGN_REJECTED, "WeChat Pay did not accept the request's signature.",
        "Check mchid, merchant_serial_no, the private key and this machine's clock.",
        "签名验证失败,请联系技术支持";
    RequestNoReused = WXCOUPON_E_REQUEST_NO_REUSED, "The request number was used before with other content.",
        "Use one number for one redemption and repeat it unchanged; a number that was called off is never used again.",
        "单号重复,本次未执行;请核对原单,或重新开单";
    NotificationUntrusted = WXCOUPON_E_NOTIFICATION_UNTRUSTED, "The notification is not proven to come from WeChat Pay.",
        "Send reply as it is; WeChat Pay repeats what is its own. verification names the reason.", "通知验证失败";
    RateLimited = WXCOUPON_E_RATE_LIMITED, "Too many requests for now.",
        "Wait retry_after_ms, then the same call again with the same number.", "系统繁忙,请稍后重试";
    Locked = WXCOUPON_E_LOCKED, "Another call is working on this coupon or this number.",
        "Wait retry_after_ms, then the same call again with the same number.", "该优惠券正在核销中,请稍候";
    Running = WXCOUPON_E_RUNNING, "The job is still running.",
        "Ask again later.", "处理中,请稍候";
    Panic = WXCOUPON_E_PANIC, "The library has a defect; the call was stopped.",
        "Look at in_doubt, repeat or settle, and report the log line.", "程序内部错误,请联系技术支持";
    Internal = WXCOUPON_E_INTERNAL, "The library has a defect; the call was stopped.",
        "Look at in_doubt, repeat or settle, and report the message.", "程序内部错误,请联系技术支持";
}

impl Code {
    /// The code with that number, if this version knows it.
    pub fn from_number(number: i32) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// One English sentence.
    pub const fn text(self) -> &'static str {
        self.texts().0
    }

    /// What the programmer or the shop's support should do, unless the case has a better hint.
    pub const fn hint(self) -> &'static str {
        self.texts().1
    }

    /// Short Chinese text for the till's screen, unless the case has a better one.
    pub const fn cashier(self) -> &'static str {
        self.texts().2
    }

    /// The class of the number.
    pub const fn class(self) -> Class {
        match self.number() / 1000 {
            WXCOUPON_CLASS_OK => Class::Ok,
            WXCOUPON_CLASS_MISUSE => Class::Misuse,
            WXCOUPON_CLASS_LOCAL => Class::Local,
            WXCOUPON_CLASS_NOT_SENT => Class::NotSent,
            WXCOUPON_CLASS_IN_DOUBT => Class::InDoubt,
            WXCOUPON_CLASS_REFUSED => Class::Refused,
            WXCOUPON_CLASS_BUSY => Class::Busy,
            _ => Class::Bug,
        }
    }
}

/// `status / 1000` for any number, including numbers of newer versions.
pub const fn class_number(status: i32) -> i32 {
    status / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_ascending_and_of_their_class() {
        let numbers: Vec<i32> = Code::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(*code));
            assert_eq!(code.class() as i32 == 0, code.number() == 0, "{}", code.name());
        }
        assert_eq!(Code::Server.class(), Class::InDoubt);
        assert_eq!(Code::Panic.class(), Class::Bug);
    }

    #[test]
    fn every_failure_has_its_texts() {
        for code in Code::ALL.iter().filter(|code| **code != Code::Ok) {
            assert!(code.text().ends_with('.'), "{}", code.name());
            assert!(!code.hint().is_empty(), "{}", code.name());
            assert!(code.cashier().chars().count() <= 24, "{}: too long for a till", code.name());
        }
    }
}
