//! The terms of a 商家券, in the words of the other family.
//!
//! Members are those of the official SDKs (API version 0.0.11). A percentage is what is paid: 88 means 12 % off. The
//! goods that it is for stand in `goods_name`, in words. So they are checked only where the caller says what they cost.

use super::member::{Member, Unreadable};
use super::question::Question;
use super::step::{Rule, Step};
use super::terms::{AppliesTo, Benefit, Terms};

/// The rule of use besides its terms.
const RULE: [&str; 4] = ["coupon_available_time", "use_method", "mini_programs_appid", "mini_programs_path"];

/// Reads the terms. Exactly one kind of them may be there.
pub fn terms(coupon: &Member<'_>, question: &Question) -> Result<Terms, Unreadable> {
    let rule = coupon.get("coupon_use_rule");
    let kind = coupon.get("stock_type");
    let (name, value) = match kind.text()? {
        "NORMAL" => ("fixed_normal_coupon", "discount_amount"),
        "DISCOUNT" => ("discount_coupon", "discount_percent"),
        "EXCHANGE" => ("exchange_coupon", "exchange_price"),
        _ => return Err(kind.unreadable("NORMAL, DISCOUNT or EXCHANGE")),
    };
    rule.has_only(&[&RULE[..], &[name]].concat())?;
    let place = rule.get(name);
    place.has_only(&[value, "transaction_minimum"])?;
    let member = place.get(value);
    let number = member.whole()?;
    let benefit = match name {
        "fixed_normal_coupon" => Benefit::Normal { discount_amount: number },
        "exchange_coupon" => Benefit::Exchange { exchange_price: number },
        _ => {
            let off = 100_u64.checked_sub(number).filter(|percent_off| (1..=99).contains(percent_off));
            Benefit::Discount { percent_off: off.ok_or_else(|| member.unreadable("1 to 99"))? }
        }
    };
    let is_for_products = question.product_amount.is_some() || matches!(benefit, Benefit::Exchange { .. });
    Ok(Terms {
        benefit,
        threshold: place.get("transaction_minimum").whole()?,
        applies_to: if is_for_products { AppliesTo::Product } else { AppliesTo::Basket },
        found_at: place.field,
    })
}

/// For which goods it is, where the caller does not say what they cost.
pub fn goods(coupon: &Member<'_>, terms: &Terms) -> Option<Step> {
    let member = coupon.get("goods_name");
    let message = "for which goods the coupon is, stands in goods_name in words, and the basket counts as such: give \
                   product_amount";
    let step = Step::unchecked(Rule::Product, message).at(&member);
    let step = member.text().map_or(step.clone(), |goods| step.found(goods));
    Some(step).filter(|_| terms.applies_to == AppliesTo::Basket)
}

/// `use_method`: how the user is to use it.
pub fn usage_method(coupon: &Member<'_>) -> Option<Step> {
    let member = coupon.at(&["coupon_use_rule", "use_method"]);
    match member.text() {
        Ok("OFF_LINE" | "PAYMENT_CODE") | Err(_) => None,
        Ok(other) => {
            let step = Step::unchecked(Rule::UsageMethod, "the coupon names no use in a store");
            Some(step.found(other).at(&member))
        }
    }
}
