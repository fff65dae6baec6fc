//! The operations, as WeChat Pay documents them.
//!
//! Sources: the pages 核销用户商品券 (2025-09-02; its multi-use twin of 2025-11-07 adds the Pay Score order
//! and the rules of `store_id`) and 查询用户商品券详情 (2025-11-07).

use super::Combination::{AtLeastOne, ExactlyOne, Needs};
use super::Place::{Body, Path, Query};
use super::Presence::{Optional, OptionalOrDefault, Required, RequiredOrDefault, RequiredOrNow};
use super::Proof::{Echoes, Says};
use super::Rule::{Number, Object, Text, TextUpTo, Time, Whole};
use super::{Combination, Member, Operation, Place, Presence, Rule};

const fn member(name: &'static str, place: Place, presence: Presence, rule: Rule) -> Member {
    Member { name, place, presence, rule }
}

/// No length of an openid is documented; in practice it has 28 characters.
const OPENID: Member = member("openid", Path, Required, Text);
const COUPON_CODE: Member = member("coupon_code", Path, Required, TextUpTo(40));

/// The page's text about `mchid` is cut short in every copy that could be read. An `out_trade_no` is unique
/// for one merchant only, so the ordering merchant is asked for with it: the cautious reading.
const ORDER: Rule = Object(
    &[
        member("transaction_id", Body, Optional, Text),
        member("out_trade_no", Body, Optional, Text),
        member("mchid", Body, Optional, Text),
        member("sub_mchid", Body, Optional, Text),
    ],
    &[AtLeastOne(&["transaction_id", "out_trade_no"]), Needs("out_trade_no", "mchid")],
);

const PAY_SCORE_ORDER: Rule = Object(
    &[
        member("order_id", Body, Optional, Text),
        member("out_order_no", Body, Optional, Text),
        member("mchid", Body, Optional, Text),
        member("sub_mchid", Body, Optional, Text),
    ],
    &[AtLeastOne(&["order_id", "out_order_no"]), Needs("out_order_no", "mchid")],
);

const EITHER_ORDER: &[Combination] =
    &[ExactlyOne(&["associated_order_info", "associated_pay_score_order_info"])];

/// 核销用户商品券
pub static USE: Operation = Operation {
    id: "use",
    method: "POST",
    path: "/v3/marketing/partner/product-coupon/users/{openid}/coupons/{coupon_code}/use",
    unknown: Body,
    members: &[
        OPENID,
        COUPON_CODE,
        member("product_coupon_id", Body, Required, Text),
        member("stock_id", Body, Required, Text),
        member("appid", Body, RequiredOrDefault, Text),
        member("use_time", Body, RequiredOrNow, Time),
        member("associated_order_info", Body, Optional, ORDER),
        member("associated_pay_score_order_info", Body, Optional, PAY_SCORE_ORDER),
        member("out_request_no", Body, Required, Number(6, 40)),
        member("brand_id", Body, RequiredOrDefault, Text),
        member("store_id", Body, OptionalOrDefault, Text),
        // Third-party evidence of 2026-07 only: checked where the caller gives it, never added.
        member("saved_amount", Body, Optional, Whole),
        // Coupons of the withdrawn usage mode SEQUENTIAL.
        member("sequential_coupon_index", Body, Optional, Whole),
    ],
    combinations: EITHER_ORDER,
    writes: true,
    number: Some("out_request_no"),
    shown_at: &[
        "/single_usage_detail/use_request_no",
        "/progressive_bundle_usage_detail/use_request_no",
        "/sequential_usage_detail/detail_item_list/*/use_request_no",
    ],
    impossible_in: &["USED", "EXPIRED", "DELETED", "DEACTIVATED"],
    proofs: &[
        Echoes { member: "coupon_code", at: "/coupon_code", always: true },
        Echoes { member: "out_request_no", at: "/single_usage_detail/use_request_no", always: false },
        Echoes {
            member: "out_request_no",
            at: "/progressive_bundle_usage_detail/use_request_no",
            always: false,
        },
        // A SEQUENTIAL coupon has a state of its own for every use.
        Says { at: "/coupon_state", text: "USED", unless: "/sequential_usage_detail" },
    ],
};

/// 查询用户商品券详情
pub static QUERY: Operation = Operation {
    id: "query",
    method: "GET",
    path: "/v3/marketing/partner/product-coupon/users/{openid}/coupons/{coupon_code}",
    unknown: Query,
    members: &[
        OPENID,
        COUPON_CODE,
        member("product_coupon_id", Query, Required, Text),
        member("stock_id", Query, Required, Text),
        member("appid", Query, RequiredOrDefault, Text),
        member("brand_id", Query, RequiredOrDefault, Text),
    ],
    combinations: &[],
    writes: false,
    number: None,
    shown_at: &[],
    impossible_in: &[],
    proofs: &[Echoes { member: "coupon_code", at: "/coupon_code", always: true }],
};

/// 退回用户商品券: undoes a redemption under a number of its own.
pub static RETURN: Operation = Operation {
    id: "return",
    method: "POST",
    path: "/v3/marketing/partner/product-coupon/users/{openid}/coupons/{coupon_code}/return",
    unknown: Body,
    members: &[
        OPENID,
        COUPON_CODE,
        member("product_coupon_id", Body, Required, Text),
        member("stock_id", Body, Required, Text),
        member("appid", Body, RequiredOrDefault, Text),
        member("out_request_no", Body, Required, Number(6, 40)),
        member("brand_id", Body, RequiredOrDefault, Text),
        // Coupons of the withdrawn usage mode SEQUENTIAL.
        member("sequential_coupon_index", Body, Optional, Whole),
    ],
    combinations: &[],
    writes: true,
    number: Some("out_request_no"),
    shown_at: &[
        "/single_usage_detail/return_request_no",
        "/progressive_bundle_usage_detail/return_request_no",
        "/sequential_usage_detail/detail_item_list/*/return_request_no",
    ],
    impossible_in: &["CONFIRMING", "PENDING", "EFFECTIVE", "EXPIRED", "DELETED", "DEACTIVATED"],
    // Which state a returned coupon has is not documented, so none is asked for.
    proofs: &[
        Echoes { member: "coupon_code", at: "/coupon_code", always: true },
        Echoes { member: "out_request_no", at: "/single_usage_detail/return_request_no", always: false },
        Echoes {
            member: "out_request_no",
            at: "/progressive_bundle_usage_detail/return_request_no",
            always: false,
        },
    ],
};

static ALL: &[&Operation] = &[&USE, &QUERY, &RETURN];

/// The operation with that name.
pub fn by_id(id: &str) -> Option<&'static Operation> {
    ALL.iter().copied().find(|operation| operation.id == id)
}
