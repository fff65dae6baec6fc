//! Which coupon a row is about, so that later requests about the same one are found.

use super::row::{Row, State};
use crate::api;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The key of a coupon: brand, stock, code, and the index of the use for a coupon with several uses. Codes that a brand
/// assigns may repeat across stocks. Each part has its length in front, so that two coupons never share a key.
///
/// Where requests need not name the stock, the key is family and code alone ([`Row::may_share_coupon`]).
pub(super) fn key(operation: &str, members: &Map<String, Value>) -> Option<Arc<str>> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let use_of = members.get("sequential_coupon_index").map(Value::to_string).unwrap_or_default();
    let [brand, stock, code] = ["brand_id", "stock_id", "coupon_code"].map(text);
    if code.is_empty() {
        return None;
    }
    if let Some(family) =
        api::by_id(operation).map(|operation| operation.family).filter(|family| !family.names_stock)
    {
        return Some(format!("{} {code}", family.title).into());
    }
    let parts = [brand, stock, code, &use_of];
    Some(parts.map(|part| format!("{}:{part}", part.len())).join(" ").into())
}

impl Row {
    /// Whether it is about the coupon that a request of that operation with these members names.
    pub fn is_about(&self, operation: &str, members: &Map<String, Value>) -> bool {
        let stocks = [&*self.members, members].map(|members| members.get("stock_id").and_then(Value::as_str));
        let differ = matches!(stocks, [Some(one), Some(another)] if one != another);
        self.coupon.is_some() && self.coupon == key(operation, members) && !differ
    }

    /// Whether both are about the same coupon, as far as their members say. A damaged row may be about any with its key.
    pub fn may_share_coupon(&self, other: &Row) -> bool {
        let is_whole = self.state != State::Damaged && other.state != State::Damaged;
        let stocks = [self, other].map(|row| row.members.get("stock_id").and_then(Value::as_str));
        let differ = is_whole && matches!(stocks, [Some(one), Some(another)] if one != another);
        self.coupon.is_some() && self.coupon == other.coupon && !differ
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::{NewRow, Request};
    use super::*;
    use serde_json::json;

    #[test]
    fn coupons_are_told_apart_whatever_stands_in_their_codes() {
        let of = |stock: &str, code: &str| {
            let Value::Object(members) = json!({ "stock_id": stock, "coupon_code": code }) else {
                panic!("an object")
            };
            key("use", &members)
        };
        assert_ne!(of("1", "2"), of("12", ""));
        assert_ne!(of("1 1:2", "3"), of("1", "2 1:3"));
        assert_eq!(of("1", ""), None);
        assert_eq!(of("1", "A"), of("1", "A"));
    }

    #[test]
    fn a_redemption_that_names_no_stock_may_be_of_any() {
        let row = |operation: &str, members: Value| {
            let Value::Object(members) = members else { panic!("an object") };
            let mut new = NewRow::plain("SALE-0001");
            new.request = Arc::new(Request { operation: operation.into(), ..Request::default() });
            Row::new(&"m".into(), &"owner".into(), NewRow { members, ..new })
        };
        let redeemed = row("busifavor_use", json!({ "coupon_code": "A" }));
        let back = |stock: &str| row("busifavor_return", json!({ "coupon_code": "A", "stock_id": stock }));
        assert!(redeemed.may_share_coupon(&back("1")) && back("1").may_share_coupon(&back("1")));
        assert!(!back("1").may_share_coupon(&back("2")));
        let product = row("use", json!({ "coupon_code": "A" }));
        assert!(!redeemed.may_share_coupon(&product) && product.may_share_coupon(&product));
        let none = row("busifavor_use", json!({}));
        assert!(!none.may_share_coupon(&none));
    }
}
