//! Events that receivers of notifications are told about.

use serde_json::{Value, json};

use super::State;
use super::catalogue::{Catalogue, set};
use super::coupon::Coupon;
use super::grant::Grant;
use super::outbox::WebhookEvent;
use crate::clock::rfc3339;

impl State {
    /// A coupon has come to its user; of a bundle, one event per coupon.
    pub(crate) fn announce_sent(&self, catalogue: &Catalogue, grant: &Grant, code: &str, coupon: &Coupon) {
        if !self.outbox.is_listening() {
            return;
        }
        let (Some(stock), Some(traits)) = (catalogue.stock(coupon.stock), &coupon.traits) else {
            return;
        };
        let Some(issue) = &traits.issue else {
            return;
        };
        let mut resource = json!({
            "brand_id": grant.brand_id,
            "coupon_code": code,
            "product_coupon_id": stock.product_coupon_id,
            "stock_id": stock.stock_id,
            "appid": grant.appid,
            "openid": grant.openid,
            "unionid": format!("u{}", grant.openid),
            "receive_time": rfc3339(issue.received),
            "send_request_no": issue.send_request_no,
            "send_channel": issue.send_channel,
            "valid_begin_time": rfc3339(traits.valid_begin),
            "valid_end_time": rfc3339(traits.valid_end),
        });
        let optional = [
            ("stock_bundle_id", &stock.stock_bundle_id),
            ("user_coupon_bundle_id", &traits.bundle),
            ("attach", &issue.attach),
        ];
        for (name, text) in optional {
            if let Some(text) = text {
                set(&mut resource, name, Value::String(text.clone()));
            }
        }
        self.outbox.push(WebhookEvent {
            event_type: "PRODUCT_COUPON_SP.SEND".to_owned(),
            resource,
            summary: "商品券领券通知".to_owned(),
        });
    }
}
