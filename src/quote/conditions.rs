//! The conditions besides the time: the coupon's state, the store, and the order within a bundle.

use super::member::Member;
use super::moment::Moment;
use super::question::{Family, Question};
use super::step::{Rule, Step};

/// `coupon_state`: only EFFECTIVE can be redeemed, and SENDED of a 商家券.
pub fn state(coupon: &Member<'_>, family: Family, now: Moment) -> Step {
    let member = coupon.get("coupon_state");
    let state = match member.text() {
        Ok(state) => state,
        Err(why) => return Step::unknown(Rule::State, why),
    };
    let begun = coupon.get("valid_begin_time").moment().is_ok_and(|begin| begin <= now);
    let (message, cashier) = match (state, family) {
        ("EFFECTIVE", Family::ProductCoupon) | ("SENDED", Family::Busifavor) => {
            return Step::passes(Rule::State, state);
        }
        ("CONFIRMING", Family::ProductCoupon) => {
            ("the coupon was sent, but the sending was never confirmed", "优惠券尚未生效")
        }
        ("PENDING", Family::ProductCoupon) if begun => {
            ("the coupon's validity has begun since it was queried; query it again", "请重新查询该券")
        }
        ("PENDING", Family::ProductCoupon) => ("the coupon's validity has not begun", "该券尚未到可用时间"),
        ("USED", _) => ("the coupon has been used", "优惠券已被使用"),
        ("EXPIRED", _) => ("the coupon has expired", "优惠券已过期"),
        ("DELETED", _) => ("the user has deleted the coupon", "优惠券已被顾客删除"),
        ("DEACTIVATED", _) => ("the coupon has been deactivated", "优惠券已失效"),
        _ => {
            let expected = "a state that this version knows";
            return Step::unknown(Rule::State, member.unreadable(expected)).found(state);
        }
    };
    Step::forbids(Rule::State, message, cashier).found(state).at(&member)
}

/// `store_scope`. The coupon does not name its stores, so the caller has to.
pub fn store(stock: &Member<'_>, question: &Question) -> Step {
    let member = stock.get("store_scope");
    let scope = match member.text() {
        Ok(scope) => scope,
        Err(why) => return Step::unknown(Rule::Store, why),
    };
    let step = match (scope, &question.stock_store_ids, &question.store_id) {
        ("NONE", _, _) => Step::passes(Rule::Store, ""),
        ("ALL", _, _) => Step::unchecked(Rule::Store, "the store must be one of the brand's"),
        ("SPECIFIC", Some(stores), Some(store)) if stores.contains(store) => Step::passes(Rule::Store, ""),
        ("SPECIFIC", Some(_), Some(store)) => Step::forbids(
            Rule::Store,
            format!("store {store} is not one of the stock's stores"),
            "本店不可使用该优惠券",
        ),
        ("SPECIFIC", _, _) => Step::unchecked(
            Rule::Store,
            "the store must be associated with the stock; give store_id and stock_store_ids to have it checked",
        ),
        _ => Step::unknown(Rule::Store, member.unreadable("NONE, ALL or SPECIFIC")),
    };
    step.found(scope).at(&member)
}

/// `coupon_usage_method_list` is meant for the user's screen. If it names no way to use the coupon in a store, the quote says
/// so. Whether WeChat Pay enforces it is not documented.
pub fn usage_method(stock: &Member<'_>) -> Option<Step> {
    let member = stock.at(&["usage_rule_display_info", "coupon_usage_method_list"]);
    let methods = member.items().unwrap_or_default();
    let at_a_till = |method: &Member<'_>| matches!(method.text(), Ok("OFFLINE" | "PAYMENT_CODE"));
    if methods.is_empty() || methods.iter().any(at_a_till) {
        return None;
    }
    let step = Step::unchecked(Rule::UsageMethod, "the coupon names no use in a store");
    Some(step.found(member.json()).at(&member))
}

/// Whether this coupon is the next one of its bundle, whose coupons are used in order.
///
/// The documentation does not say whether `user_coupon_bundle_index` counts from 0 or from 1. The coupon's terms are those of
/// its own stock, so nothing else depends on it.
pub fn bundle_order(coupon: &Member<'_>, known_base: Option<u64>) -> Step {
    let info = coupon.get("user_product_coupon_bundle_info");
    let number = |name| info.get(name).whole();
    let (Ok(index), Ok(total), Ok(used)) =
        (number("user_coupon_bundle_index"), number("total_count"), number("used_count"))
    else {
        let message = "the coupon does not say where it stands in its bundle";
        return Step::unchecked(Rule::BundleOrder, message).at(&info);
    };
    let found = format!("index {index}, {used} of {total} used");
    let base = known_base.or(match index {
        0 => Some(0),
        last if last == total => Some(1),
        _ => None,
    });
    let is_turn = |base: u64| index.checked_sub(base) == Some(used);
    let step = match base {
        Some(base) if is_turn(base) => Step::passes(Rule::BundleOrder, ""),
        None if is_turn(0) || is_turn(1) => Step::undocumented(
            Rule::BundleOrder,
            "whether it is this coupon's turn depends on whether WeChat Pay counts from 0 or from 1, which is \
             not documented: give bundle_index_base",
        ),
        _ => Step::forbids(
            Rule::BundleOrder,
            "it is not this coupon's turn: the coupons of a bundle are used in order",
            "请按顺序使用套券",
        ),
    };
    step.found(found).at(&info)
}

/// `interval_days`: the coupon does not say when the one before it was used.
pub fn bundle_interval(coupon: &Member<'_>) -> Option<Step> {
    let member = coupon.at(&["product_coupon", "progressive_bundle_usage_info", "interval_days"]);
    let used = coupon.at(&["user_product_coupon_bundle_info", "used_count"]).whole();
    if !member.is_present() || member.whole() == Ok(0) || used == Ok(0) {
        return None;
    }
    let message = "days must lie between two uses; when the previous coupon was used is not known here";
    Some(Step::unchecked(Rule::BundleInterval, message).found(member.json()).at(&member))
}
