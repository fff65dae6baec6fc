//! One coupon of a user: ask, list, send, confirm, redeem, return, deactivate.

use super::super::Combination::{AtLeastOne, ExactlyOne, Needs, NeedsWhen};
use super::super::Expected::Shows;
use super::super::Place::Query as InQuery;
use super::super::Presence::{Optional, OptionalOrDefault, Required, RequiredOrNow};
use super::super::Rule::{Chars, List, Name, NameUpTo, Object, OneOf, Time, Whole};
use super::super::{
    Combination, Expected, ListPlace, Member, Operation, Recovery, Rule, ShownBy, Trace, Vocabulary,
};
use super::{
    APPID, APPID_ASKED, ATTACH, BRAND_ID, BRAND_ID_ASKED, COUPON_CODE, DEACTIVATE_REASON, OPENID,
    OUT_REQUEST_NO, PAGE_SIZE, PAGE_TOKEN, PRODUCT_COUPON_ID, SEND_REQUEST_NO, STOCK_ID, body, echoes,
    may_echo, member,
};

const COUPONS: &str = "/users/{openid}/coupons";
const COUPON: &str = "/users/{openid}/coupons/{coupon_code}";

/// The page's text about `mchid` is cut off in every copy that could be read. An `out_trade_no` is unique for one merchant
/// only. So the cautious reading is to require the ordering merchant with it.
const ORDER: Rule = Object(
    &[
        body("transaction_id", Optional, Name),
        body("out_trade_no", Optional, Name),
        body("mchid", Optional, Name),
        body("sub_mchid", Optional, Name),
    ],
    &[AtLeastOne(&["transaction_id", "out_trade_no"]), Needs("out_trade_no", "mchid")],
);

const PAY_SCORE_ORDER: Rule = Object(
    &[
        body("order_id", Optional, Name),
        body("out_order_no", Optional, Name),
        body("mchid", Optional, Name),
        body("sub_mchid", Optional, Name),
    ],
    &[AtLeastOne(&["order_id", "out_order_no"]), Needs("out_order_no", "mchid")],
);

const EITHER_ORDER: &[Combination] =
    &[ExactlyOne(&["associated_order_info", "associated_pay_score_order_info"])];

/// Coupons of the withdrawn usage mode SEQUENTIAL.
const SEQUENTIAL_INDEX: Member = body("sequential_coupon_index", Optional, Whole);

/// Tags of the user's coupon.
pub(super) const TAGS: Member = body(
    "coupon_tag_info",
    Optional,
    Object(
        &[
            body("coupon_tag_list", Optional, List(&OneOf(&["MEMBER"]), 100)),
            body("member_tag_info", Optional, Object(&[body("member_card_id", Required, Name)], &[])),
        ],
        &[NeedsWhen { member: "coupon_tag_list", is: "MEMBER", at: "/member_tag_info" }],
    ),
);

/// The states of a user's coupon.
const STATES: Rule =
    OneOf(&["CONFIRMING", "PENDING", "EFFECTIVE", "USED", "EXPIRED", "DELETED", "DEACTIVATED"]);

/// Codes that a brand assigns may repeat across stocks.
const THIS_COUPON: Expected = echoes("coupon_code", "/coupon_code");
const THIS_STOCK: Expected = may_echo("stock_id", "/stock/stock_id");
const THIS_PRODUCT: Expected = may_echo("product_coupon_id", "/product_coupon/product_coupon_id");
const THIS_BRAND: Expected = may_echo("brand_id", "/brand_id");

static VOCABULARY: Vocabulary = Vocabulary {
    states: &["CONFIRMING", "PENDING", "EFFECTIVE", "USED", "EXPIRED", "DELETED", "DEACTIVATED"],
    final_states: &["EXPIRED", "DELETED"],
    usable_states: &["PENDING", "EFFECTIVE"],
    returned_at: &[
        "/single_usage_detail/return_request_no",
        "/progressive_bundle_usage_detail/return_request_no",
    ],
    reads: &[
        "/coupon_state",
        "/sequential_usage_detail",
        "/single_usage_detail",
        "/progressive_bundle_usage_detail",
        "/product_coupon/usage_mode",
    ],
    // From the page of `use`.
    absent_texts: &[
        "未找到 product_coupon_id 对应的商品券",
        "未找到 stock_id 对应的商品券批次",
        "未找到 coupon_code 对应的用户商品券",
    ],
};

/// How a coupon shows its redemption.
pub static USE_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/single_usage_detail/use_request_no", "/progressive_bundle_usage_detail/use_request_no"],
    item_request_no: Some("use_request_no"),
    leads_to: &["USED"],
    stays_done: false,
    must_name: true,
};

/// 核销用户商品券
pub static USE: Operation = Operation {
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&USE_TRACE) },
    proofs: &[THIS_COUPON, THIS_STOCK, THIS_PRODUCT, THIS_BRAND, Shows(&USE_TRACE)],
    combinations: EITHER_ORDER,
    ..Operation::numbered(
        "use",
        "核销用户商品券",
        "/users/{openid}/coupons/{coupon_code}/use",
        "4016435636 (2025-11-07), 4015781608 (2025-09-02)",
        &[
            OPENID,
            COUPON_CODE,
            PRODUCT_COUPON_ID,
            STOCK_ID,
            APPID,
            body("use_time", RequiredOrNow, Time),
            body("associated_order_info", Optional, ORDER),
            body("associated_pay_score_order_info", Optional, PAY_SCORE_ORDER),
            OUT_REQUEST_NO,
            BRAND_ID,
            body("store_id", OptionalOrDefault, Name),
            // Official since 2026-03 (change log 4018586607): checked where the caller gives it, never added.
            body("saved_amount", Optional, Whole),
            SEQUENTIAL_INDEX,
        ],
    )
};

/// 查询用户商品券详情
pub static QUERY: Operation = Operation {
    proofs: &[THIS_COUPON, THIS_STOCK, THIS_PRODUCT, THIS_BRAND],
    ..Operation::get(
        "query",
        "查询用户商品券详情",
        COUPON,
        "4016435702 (2025-11-07)",
        &[
            OPENID,
            COUPON_CODE,
            member("product_coupon_id", InQuery, Required, Name),
            member("stock_id", InQuery, Required, Name),
            APPID_ASKED,
            BRAND_ID_ASKED,
        ],
    )
};

/// 指定券状态查询用户商品券列表: the only way to find coupons from an openid alone.
pub static LIST: Operation = Operation::get(
    "list",
    "指定券状态查询用户商品券列表",
    COUPONS,
    "4016435703 (2025-11-07)",
    &[
        OPENID,
        member("product_coupon_id", InQuery, Optional, Name),
        member("stock_id", InQuery, Optional, Name),
        APPID_ASKED,
        member("coupon_state", InQuery, Optional, STATES),
        member("user_coupon_bundle_id", InQuery, Optional, Name),
        PAGE_SIZE,
        PAGE_TOKEN,
        BRAND_ID_ASKED,
    ],
);

/// `send_request_no` is a member of every coupon.
pub(super) static SENT: ListPlace =
    ListPlace { list: "user_coupon_list", member: "send_request_no", in_state: None };

/// 向用户发放商品券
pub static SEND: Operation = Operation {
    request_no_member: Some("send_request_no"),
    recovery: Recovery::Query { query: &LIST, shown_by: ShownBy::List(&SENT) },
    proofs: &[echoes("send_request_no", "/send_request_no"), may_echo("coupon_code", "/coupon_code")],
    ..Operation::numbered(
        "send",
        "向用户发放商品券",
        COUPONS,
        "4015781605 (2025-11-07)",
        &[OPENID, PRODUCT_COUPON_ID, STOCK_ID, ASSIGNED_CODE, APPID, SEND_REQUEST_NO, ATTACH, BRAND_ID, TAGS],
    )
};

/// Given if and only if the stock's `coupon_code_mode` is `API_ASSIGN`, which the request does not show.
const ASSIGNED_CODE: Member = body("coupon_code", Optional, Chars(1, 40));

/// 向用户预发放商品券: its token opens the mini-program's claim component for five minutes.
pub static PRE_SEND: Operation = Operation {
    request_no_member: Some("send_request_no"),
    short_lived: true,
    ..Operation::numbered(
        "pre_send",
        "向用户预发放商品券",
        "/users/{openid}/pre-send-coupon",
        "4016434365 (2025-11-07)",
        &[
            OPENID,
            PRODUCT_COUPON_ID,
            STOCK_ID,
            // The page prints no alphabet here.
            body("coupon_code", Optional, NameUpTo(40)),
            APPID,
            SEND_REQUEST_NO,
            ATTACH,
            BRAND_ID,
        ],
    )
};

static CONFIRM_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/confirm_request_no"],
    item_request_no: None,
    leads_to: &["PENDING", "EFFECTIVE", "USED"],
    stays_done: true,
    must_name: false,
};

/// 确认发放用户商品券: without it no coupon ever becomes usable.
pub static CONFIRM: Operation = Operation {
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&CONFIRM_TRACE) },
    proofs: &[THIS_COUPON, THIS_STOCK, THIS_PRODUCT, THIS_BRAND, Shows(&CONFIRM_TRACE)],
    ..Operation::numbered(
        "confirm",
        "确认发放用户商品券",
        "/users/{openid}/coupons/{coupon_code}/confirm",
        "4016435562 (2025-11-07)",
        &[OPENID, COUPON_CODE, PRODUCT_COUPON_ID, STOCK_ID, APPID, OUT_REQUEST_NO, BRAND_ID],
    )
};

/// The state of a returned coupon is not documented, except that it is not a redeemed one any more.
static RETURN_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &[
        "/single_usage_detail/return_request_no",
        "/progressive_bundle_usage_detail/return_request_no",
    ],
    item_request_no: Some("return_request_no"),
    leads_to: &["CONFIRMING", "PENDING", "EFFECTIVE", "EXPIRED", "DELETED", "DEACTIVATED"],
    stays_done: true,
    must_name: false,
};

/// 退券: undoes a redemption. It has a number of its own.
pub static RETURN: Operation = Operation {
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&RETURN_TRACE) },
    proofs: &[THIS_COUPON, THIS_STOCK, THIS_PRODUCT, THIS_BRAND, Shows(&RETURN_TRACE)],
    ..Operation::numbered(
        "return",
        "退券",
        "/users/{openid}/coupons/{coupon_code}/return",
        "4016435674 (2025-11-07)",
        &[
            OPENID,
            COUPON_CODE,
            PRODUCT_COUPON_ID,
            STOCK_ID,
            APPID,
            OUT_REQUEST_NO,
            BRAND_ID,
            SEQUENTIAL_INDEX,
        ],
    )
};

static DEACTIVATE_TRACE: Trace = Trace {
    vocabulary: &VOCABULARY,
    shown_at: &["/deactivate_request_no"],
    item_request_no: None,
    leads_to: &["DEACTIVATED"],
    stays_done: true,
    must_name: false,
};

/// 失效用户商品券
pub static DEACTIVATE: Operation = Operation {
    recovery: Recovery::Query { query: &QUERY, shown_by: ShownBy::Coupon(&DEACTIVATE_TRACE) },
    proofs: &[THIS_COUPON, THIS_STOCK, THIS_PRODUCT, THIS_BRAND, Shows(&DEACTIVATE_TRACE)],
    ..Operation::numbered(
        "deactivate",
        "失效用户商品券",
        "/users/{openid}/coupons/{coupon_code}/deactivate",
        "4015781578 (2025-09-02)",
        &[
            OPENID,
            COUPON_CODE,
            PRODUCT_COUPON_ID,
            STOCK_ID,
            APPID,
            OUT_REQUEST_NO,
            DEACTIVATE_REASON,
            BRAND_ID,
        ],
    )
};
