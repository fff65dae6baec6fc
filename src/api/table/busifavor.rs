//! 商家券 (busifavor): the operations of a till. WeChat Pay takes no new merchants for it since 2025-12-15; those of before go on
//! (page 4012087811, 2025-11-18).
//!
//! Members, lengths and the coupon are from the official pages and the official SDKs (API version 0.0.11). What a redemption
//! answers names neither coupon nor number nor state, so only a question proves it. Whether the numbers of `use`, `return` and
//! `deactivate` make a repeat safe is not said; but the error of a second redemption speaks of *another* order, and
//! `SYSTEM_ERROR` asks for a repeat with the same parameters.

use super::super::Combination::AtLeastOne;
use super::super::Expected::{Happened, SaysSomething};
use super::super::Place::{Path, Query as InQuery, Unsent};
use super::super::Presence::{Optional, OptionalOrDefault, Required, RequiredOrDefault, RequiredOrNow};
use super::super::Rule::{Name, NameUpTo, Number, OneOf, TextUpTo, Time, Whole};
use super::super::error_code::{ErrorCode, ErrorCodes, Texts};
use super::super::family::BUSIFAVOR;
use super::super::{Member, Operation, Recovery, Rule, ShownBy, Substitute, Trace, Vocabulary};
use super::{body, may_echo, member};
use crate::status::Code;

/// A return's number is not known to go when the coupon is redeemed again. So it is no sign that a redemption was returned.
static VOCABULARY: Vocabulary = Vocabulary {
    states: &["SENDED", "USED", "EXPIRED", "DELETED", "DEACTIVATED"],
    final_states: &["EXPIRED", "DELETED"],
    usable_states: &["SENDED"],
    returned_at: &[],
    reads: &["/coupon_state"],
    // Its refusals do not say which of openid, code and stock is wrong.
    absent_texts: &[],
};

/// How a coupon shows its redemption.
pub static USE_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/use_request_no"],
    item_request_no: None,
    leads_to: &["USED"],
    stays_done: false,
    must_name: true,
};

/// The state of a returned coupon is not documented, except that it is usable while it is valid.
static RETURN_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/return_request_no"],
    item_request_no: None,
    leads_to: &["SENDED", "EXPIRED", "DELETED", "DEACTIVATED"],
    stays_done: true,
    must_name: false,
};

static DEACTIVATE_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/deactivate_request_no"],
    item_request_no: None,
    leads_to: &["DEACTIVATED"],
    stays_done: true,
    must_name: false,
};

/// 1 to 32 characters in every mode of codes. An uploaded one may have spaces, `\`, `/`, `=` and `|`.
const CODE: Rule = NameUpTo(32);
const STOCK: Rule = NameUpTo(20);
const APP: Rule = NameUpTo(32);
const USER: Rule = NameUpTo(128);
/// 1 to 128 since 2023-08-16; the page of `use` of 2019 said at most 32. No alphabet is documented.
const REQUEST_NO: Rule = Number(1, 128);

const COUPON_CODE: Member = body("coupon_code", Required, CODE);
const COUPON_CODE_PATH: Member = member("coupon_code", Path, Required, CODE);
const STOCK_ID: Member = body("stock_id", Required, STOCK);
/// `return` and `deactivate` do not have them, and the question about a lost answer needs them.
const OPENID_UNSENT: Member = member("openid", Unsent, Optional, USER);
const APPID_UNSENT: Member = member("appid", Unsent, OptionalOrDefault, APP);

const STATES: Rule = OneOf(&["SENDED", "USED", "EXPIRED", "DELETED", "DEACTIVATED"]);

/// Codes that a merchant assigns may repeat across stocks. Both members are optional in the SDKs.
const THIS_COUPON: super::Expected = may_echo("coupon_code", "/coupon_code");
const THIS_STOCK: super::Expected = may_echo("stock_id", "/stock_id");
/// What a redemption answers has a stock and an owner, too, and is no coupon.
const A_COUPON: super::Expected = SaysSomething { at: &["/coupon_code", "/coupon_state"] };

/// 核销用户的券
pub static USE: Operation = Operation {
    family: &BUSIFAVOR,
    request_no_member: Some("use_request_no"),
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&USE_TRACE) },
    proofs: &[THIS_STOCK, Happened { at: "/wechatpay_use_time" }],
    // The openid of the answer is the one under this appid. That of the request may be another's.
    tells: &["stock_id", "openid"],
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: false },
    ..Operation::post(
        "busifavor_use",
        "核销用户的券",
        "/coupons/use",
        "4012465359 (2024-11-18), members of the order by a third-party mirror of 2025-08-01",
        &[
            COUPON_CODE,
            // Required for codes that the merchant assigns, which the request does not show.
            body("stock_id", Optional, STOCK),
            body("appid", RequiredOrDefault, APP),
            body("use_time", RequiredOrNow, Time),
            body("use_request_no", Required, REQUEST_NO),
            body("openid", Optional, USER),
            body("out_trade_no", Optional, Name),
            body("mch_id", Optional, Name),
            body("transaction_id", Optional, Name),
        ],
    )
};

/// 申请退券: undoes a redemption. It has a number of its own.
pub static RETURN: Operation = Operation {
    family: &BUSIFAVOR,
    request_no_member: Some("return_request_no"),
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&RETURN_TRACE) },
    proofs: &[Happened { at: "/wechatpay_return_time" }],
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: true },
    ..Operation::post(
        "busifavor_return",
        "申请退券",
        "/coupons/return",
        "4012465865 (2024-11-18)",
        &[
            COUPON_CODE,
            STOCK_ID,
            body("return_request_no", Required, REQUEST_NO),
            OPENID_UNSENT,
            APPID_UNSENT,
        ],
    )
};

/// 查询用户券详情
pub static QUERY: Operation = Operation {
    family: &BUSIFAVOR,
    proofs: &[THIS_COUPON, THIS_STOCK, A_COUPON],
    substitute: Some(&Substitute {
        without: &["openid", "appid"],
        query: &GET_CODE,
        coupon_at: "/coupon_information",
    }),
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: true },
    ..Operation::get(
        "busifavor_query",
        "查询用户券详情",
        "/users/{openid}/coupons/{coupon_code}/appids/{appid}",
        "4012693103 (2024-10-31)",
        &[
            member("openid", Path, Required, USER),
            COUPON_CODE_PATH,
            member("appid", Path, RequiredOrDefault, APP),
            // What is answered where a user has the same code from two stocks is not documented.
            member("stock_id", Unsent, Optional, STOCK),
        ],
    )
};

/// 根据过滤条件查询用户的券
pub static LIST: Operation = Operation {
    family: &BUSIFAVOR,
    combinations: &[AtLeastOne(&["creator_merchant", "belong_merchant", "sender_merchant"])],
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: true },
    ..Operation::get(
        "busifavor_list",
        "根据过滤条件查询用户的券",
        "/users/{openid}/coupons",
        "4012693087 (2024-10-31)",
        &[
            member("openid", Path, Required, USER),
            member("appid", InQuery, RequiredOrDefault, APP),
            member("stock_id", InQuery, Optional, STOCK),
            member("creator_merchant", InQuery, Optional, Name),
            member("belong_merchant", InQuery, Optional, Name),
            member("sender_merchant", InQuery, Optional, Name),
            member("coupon_state", InQuery, Optional, STATES),
            // The text says page number, the samples begin with 0. The largest limit is not documented.
            member("offset", InQuery, Optional, Whole),
            member("limit", InQuery, Optional, Whole),
        ],
    )
};

/// 查询预存code详情: the only question by code alone, for stocks whose codes were uploaded. Known from the SDKs.
pub static GET_CODE: Operation = Operation {
    family: &BUSIFAVOR,
    proofs: &[
        may_echo("coupon_code", "/coupon_information/coupon_code"),
        may_echo("stock_id", "/coupon_information/stock_id"),
        SaysSomething {
            at: &[
                "/code_information/code",
                "/code_information/coupon_code",
                "/coupon_information/coupon_code",
            ],
        },
    ],
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: true },
    ..Operation::get(
        "busifavor_get_code",
        "查询预存code详情",
        "/stocks/{stock_id}/couponcodes/{coupon_code}",
        "unknown; official SDK wechatpay-go, `api_busi_favor.go`",
        &[
            member("stock_id", Path, Required, STOCK),
            COUPON_CODE_PATH,
            member("appid", InQuery, OptionalOrDefault, APP),
        ],
    )
};

/// 使券失效
pub static DEACTIVATE: Operation = Operation {
    family: &BUSIFAVOR,
    request_no_member: Some("deactivate_request_no"),
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&DEACTIVATE_TRACE) },
    proofs: &[Happened { at: "/wechatpay_deactivate_time" }],
    error_codes: &ErrorCodes { known: KNOWN, unknown_ends: true },
    ..Operation::post(
        "busifavor_deactivate",
        "使券失效",
        "/coupons/deactivate",
        "4012465924 (2025-07-25)",
        &[
            COUPON_CODE,
            STOCK_ID,
            body("deactivate_request_no", Required, REQUEST_NO),
            body("deactivate_reason", Optional, TextUpTo(64)),
            OPENID_UNSENT,
            APPID_UNSENT,
        ],
    )
};

const fn plain(name: &'static str, code: Code) -> ErrorCode {
    ErrorCode { name, code, ends: true, texts: None }
}

const fn told(
    name: &'static str,
    code: Code,
    message: &'static str,
    hint: &'static str,
    cashier: &'static str,
) -> ErrorCode {
    ErrorCode { name, code, ends: true, texts: Some(Texts { message, hint, cashier }) }
}

const NO_PERMISSION: Texts = Texts {
    message: "The merchant may not do this with this coupon.",
    hint: "The mchid that signs must have created the stock, own it, or be allowed to send from it.",
    cashier: "商户未开通该权限,请联系技术支持",
};

/// The table that the pages of all operations of the family share: its first rows from page 4012465557 (2024-11-18), the rest
/// from a copy of 2020. `NO_AUTH` is another spelling that was seen.
#[rustfmt::skip]
static KNOWN: &[ErrorCode] = &[
    plain("PARAM_ERROR", Code::Refused),
    plain("INVALID_REQUEST", Code::Refused),
    plain("SIGN_ERROR", Code::SignRejected),
    plain("FREQUENCY_LIMITED", Code::RateLimited),
    // With HTTP 400, too: "repeat later with the same parameters".
    plain("SYSTEM_ERROR", Code::Server),
    ErrorCode { name: "NOAUTH", code: Code::NoPermission, ends: true, texts: Some(NO_PERMISSION) },
    ErrorCode { name: "NO_AUTH", code: Code::NoPermission, ends: true, texts: Some(NO_PERMISSION) },
    told("APPID_MCHID_NOT_MATCH", Code::Refused, "The appid is not linked to the merchant.",
        "Link the appid to the mchid that signs, or to the merchant that the stock belongs to.",
        "公众号或小程序未关联商户,请联系技术支持"),
    told("MCH_NOT_EXISTS", Code::Refused, "There is no merchant with this number.",
        "Check the mchid of the configuration and those of the request.", "商户号有误,请联系技术支持"),
    told("RESOURCE_NOT_EXISTS", Code::NotFound, "The coupon or its stock does not exist; a deleted coupon is told like this, too.",
        "Check coupon_code and stock_id, and query the coupon.", "未找到该优惠券,请核对券码"),
    told("USER_NOT_EXISTS", Code::NotFound, "The openid is wrong.",
        "Use the openid that the user has under exactly this appid.", "用户身份与小程序不匹配,请重新扫码"),
    told("RULELIMIT", Code::CouponState, "The coupon is not within its validity.",
        "Query the coupon: available_start_time, expire_time and the hours of coupon_use_rule.", "不在优惠券有效期内"),
    // It does not name the other order. After a lost answer that may be this very request.
    ErrorCode { name: "RESOURCE_ALREADY_EXISTS", code: Code::CouponState, ends: false, texts: Some(Texts {
        message: "The coupon was redeemed by another order.",
        hint: "Query the coupon: use_request_no is the number that redeemed it.",
        cashier: "优惠券已被使用",
    }) },
];
