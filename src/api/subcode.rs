//! WeChat Pay's decimal sub-codes: the number after the last `-` of `Request-ID`.
//!
//! Two meanings share the code `INVALID_REQUEST` and three share `NOT_FOUND`. The sub-code distinguishes them. The numbers
//! and meanings are from the official trouble-shooting manuals of the product coupon. Which HTTP status and `code` come with
//! each is not documented, so a row holds for any of them.

use crate::status::Code;

/// One known sub-code.
#[derive(Debug, PartialEq, Eq)]
pub struct Subcode {
    /// The number.
    pub number: u64,
    /// The status it means.
    pub code: Code,
    /// English, for the programmer.
    pub message: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// Chinese, for the till's screen.
    pub cashier: &'static str,
}

/// The number at the end of a `Request-ID`. Successes have 0, which is no sub-code.
pub fn of_request_id(request_id: &str) -> Option<u64> {
    request_id.rsplit_once('-')?.1.parse().ok().filter(|number| *number != 0)
}

/// The row of a number.
pub fn find(number: u64) -> Option<&'static Subcode> {
    TABLE.iter().find(|row| row.number == number)
}

/// Whether the number means that the user has no such coupon.
pub fn is_absent_coupon(number: u64) -> bool {
    number == 268_578_851
}

const fn row(
    number: u64,
    code: Code,
    message: &'static str,
    hint: &'static str,
    cashier: &'static str,
) -> Subcode {
    Subcode { number, code, message, hint, cashier }
}

/// Every known sub-code.
#[rustfmt::skip]
pub static TABLE: &[Subcode] = &[
    row(268_435_461, Code::Refused, "A parameter has an illegal value.",
        "See wechat.detail and correct the member.", "请求信息有误,请联系技术支持"),
    row(268_435_462, Code::Refused, "A parameter is too long.",
        "See wechat.detail and shorten the member.", "请求信息有误,请联系技术支持"),
    row(268_435_463, Code::Refused, "A parameter is too short.",
        "See wechat.detail and correct the member.", "请求信息有误,请联系技术支持"),
    row(268_435_464, Code::Refused, "A parameter is out of range.",
        "See wechat.detail and correct the member.", "请求信息有误,请联系技术支持"),
    row(268_578_101, Code::Refused, "The request's structure is invalid: a member is missing or the JSON is broken.",
        "Compare the members with the documentation.", "请求信息有误,请联系技术支持"),
    row(268_578_224, Code::Refused, "A parameter is wrong.",
        "See wechat.detail and correct the member.", "请求信息有误,请联系技术支持"),
    row(268_578_526, Code::Refused, "The openid cannot be resolved: it does not belong to this appid.",
        "Use the openid that the user has under exactly this appid.", "用户身份与小程序不匹配,请重新扫码"),
    row(268_578_532, Code::Refused, "The openid cannot be resolved (brand mode).",
        "Use the openid that the user has under the appid bound to the brand.", "用户身份与小程序不匹配,请重新扫码"),
    row(268_578_776, Code::CouponState, "The coupon has expired.",
        "Nothing can be done with an expired coupon.", "优惠券已过期"),
    row(272_756_790, Code::CouponState, "The coupon has expired.",
        "Nothing can be done with an expired coupon.", "优惠券已过期"),
    row(268_578_367, Code::CouponState, "The coupon's state does not allow this: not yet confirmed, or deactivated.",
        "Query the coupon; a coupon in state CONFIRMING needs confirm first.", "优惠券尚未生效或已失效"),
    row(272_756_745, Code::CouponState, "The coupon was redeemed under another request number.",
        "Query the coupon: its usage detail names the number that redeemed it.", "优惠券已被使用"),
    row(272_756_746, Code::Locked, "Another redemption of this coupon is running.",
        "Wait one to two seconds, then the same call with the same number.", "该优惠券正在核销中,请稍候"),
    row(272_756_769, Code::CouponState, "The user deleted the coupon from the card package.",
        "A deleted coupon cannot be restored.", "优惠券已被顾客删除"),
    row(268_578_851, Code::NotFound, "The user has no such coupon.",
        "Check coupon_code, openid and stock_id against what the coupon was sent with.", "未找到该优惠券,请核对券码"),
    row(272_755_715, Code::CouponState, "The time is outside the coupon's validity.",
        "Query the coupon: valid_begin_time and valid_end_time.", "不在优惠券有效期内"),
    row(272_755_717, Code::CouponState, "The coupon cannot be used at this hour or on this day.",
        "Query the coupon: coupon_available_period of the stock's usage rule.", "当前时段不可使用该优惠券"),
    row(268_577_984, Code::Refused, "The stock is not in state SENDING.",
        "Query the stock.", "活动已暂停或结束"),
    row(272_756_740, Code::Refused, "The user has received as many coupons of this stock as one user may.",
        "Coupons that wait for confirmation count too.", "该用户领取数量已达上限"),
    row(272_755_200, Code::RequestNoReused, "The coupon was sent before under another request number.",
        "Repeat a sending with its own number.", "优惠券已发放过,请勿重复发放"),
    row(268_578_927, Code::RequestNoReused, "The request number was used before with other content.",
        "Repeat a request with exactly the same members, use_time included; give a new redemption a new number.",
        "单号重复,本次未执行;请核对原单,或重新开单"),
    row(268_584_404, Code::Refused, "The coupon may not be redeemed in this store.",
        "Give the store_id of a store that is associated with the stock.", "本店不可使用该优惠券"),
    row(268_578_813, Code::Refused, "The stock is open to all stores; stores cannot be associated with it.",
        "Leave the association out.", "该活动适用于全部门店"),
    row(268_578_704, Code::Refused, "The appid is not linked to the brand.",
        "Link the appid to the brand or the service provider in the merchant console.", "小程序未关联品牌,请联系技术支持"),
    row(268_578_608, Code::NotFound, "The object does not exist, is not this brand's, or was made by another service provider.",
        "Check product_coupon_id, stock_id and brand_id.", "未找到该优惠券活动,请核对信息"),
    row(268_579_803, Code::NoPermission, "The service provider lacks the permission for this interface.",
        "The brand grants 商品券 to this service provider in 品牌经营平台; since 2026-04 nothing else is needed (发券组件 and 核销组件: by application). wxcoupon_check with {\"online\":true} shows what is granted.", "商户未开通该权限,请联系技术支持"),
    row(270_924_289, Code::RateLimited, "Too many requests; the quota is shared by all brands of the service provider.",
        "Wait, then the same call with the same number.", "系统繁忙,请稍后重试"),
    row(270_087_680, Code::Refused, "The image is too large.",
        "Make the image smaller.", "图片过大"),
    row(268_578_404, Code::Refused, "A mandatory image is missing.",
        "Upload the image first and give its address.", "缺少图片"),
    row(268_586_067, Code::Refused, "A later coupon of the bundle is less generous than an earlier one.",
        "Make every later use at least as generous.", "优惠设置有误"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_after_the_last_hyphen() {
        assert_eq!(of_request_id("08E6C5DEB706101E18FFE9D9CF05-268578704"), Some(268_578_704));
        assert_eq!(of_request_id("08E6-1-272756745"), Some(272_756_745));
        assert_eq!(of_request_id("08E6C5DEB706-0"), None);
        assert_eq!(of_request_id("08E6C5DEB706"), None);
        assert_eq!(of_request_id("08E6-x"), None);
    }

    #[test]
    fn rows_are_unique_and_complete() {
        for (index, row) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(index + 1).all(|other| other.number != row.number), "{}", row.number);
            assert!(row.message.ends_with('.') && row.hint.ends_with('.') && !row.cashier.is_empty());
            assert_eq!(find(row.number), Some(row));
        }
        assert_eq!(TABLE.len(), 30);
    }
}
