//! A 商家券 as answers show it.

use serde_json::{Value, json};

use super::{Coupon, Key};
use crate::clock::rfc3339;
use crate::identities::{BUSIFAVOR_STOCK_IDS, MCHID};
use crate::state::catalogue::set;
use crate::state::coupon::{Event, What};
use crate::state::ledger::Effect;

/// The entity of `query`, of an item of `list`, and of `coupon_information`.
pub(crate) fn entity(key: &Key, coupon: &Coupon, now: i64) -> Value {
    let (stock_id, code) = key;
    let mut entity = json!({
        "belong_merchant": MCHID,
        "stock_name": "满减券",
        "comment": "沙箱",
        "goods_name": "全场商品",
        "stock_type": stock_type(stock_id),
        "transferable": false,
        "shareable": false,
        "coupon_state": coupon.state_at(now),
        "display_pattern_info": { "description": "到店出示券码", "merchant_name": "沙箱商户" },
        "coupon_use_rule": use_rule(stock_id, coupon),
        "custom_entrance": { "code_display_mode": "BARCODE" },
        "coupon_code": code,
        "stock_id": stock_id,
        "available_start_time": rfc3339(coupon.begin),
        "expire_time": rfc3339(coupon.end),
        "receive_time": rfc3339(coupon.received),
        "send_request_no": format!("MCHSEND_{code}"),
    });
    let at = |event: &Event| rfc3339(event.at_ms.div_euclid(1000));
    for (effect, name) in
        [(Effect::Used, "use"), (Effect::Returned, "return"), (Effect::Deactivated, "deactivate")]
    {
        let Some(event) = coupon.latest(effect) else { continue };
        set(&mut entity, &format!("{name}_request_no"), json!(event.number));
        set(&mut entity, &format!("{name}_time"), json!(at(event)));
        if let What::Deactivated { reason } = &event.what
            && !reason.is_empty()
        {
            set(&mut entity, "deactivate_reason", json!(reason));
        }
    }
    entity
}

fn stock_type(stock_id: &str) -> &'static str {
    let types = ["NORMAL", "DISCOUNT", "EXCHANGE"];
    BUSIFAVOR_STOCK_IDS
        .into_iter()
        .zip(types)
        .find(|(id, _)| *id == stock_id)
        .map_or("NORMAL", |(_, kind)| kind)
}

fn use_rule(stock_id: &str, coupon: &Coupon) -> Value {
    let mut rule = json!({
        "coupon_available_time": {
            "available_begin_time": rfc3339(coupon.begin),
            "available_end_time": rfc3339(coupon.end),
        },
        "use_method": "OFF_LINE",
    });
    let (name, terms) = match stock_type(stock_id) {
        "DISCOUNT" => ("discount_coupon", json!({ "discount_percent": 88, "transaction_minimum": 100 })),
        "EXCHANGE" => ("exchange_coupon", json!({ "exchange_price": 990, "transaction_minimum": 100 })),
        _ => ("fixed_normal_coupon", json!({ "discount_amount": 500, "transaction_minimum": 5000 })),
    };
    set(&mut rule, name, terms);
    rule
}
