//! What a person does to a coupon with one button.

use serde_json::{Value, json};

use super::Console;
use super::ask::ask;
use super::button::Act;
use super::cards::{Card, card};
use crate::clock::rfc3339;
use crate::crypto::random;
use crate::identities::{APPID, BRAND_ID, OPENID, STORE_IDS};
use crate::operation::Operation;
use crate::protocol::Api;
use crate::state::coupon::{CouponState, Hours, StoreScope};
use crate::state::view::{CouponSpec, CouponView};
use crate::text::Text;

const DAY: i64 = 86_400;

/// Does it; the coupon as it is then, or why it cannot be done.
pub(crate) fn act(api: &Api, console: &Console, code: &str, act: Act) -> Result<Card, Text> {
    let view = api.state.view(code).ok_or_else(Text::no_such_coupon)?;
    let now = api.state.clock.business_now();
    let spec = CouponSpec::new(code);
    match act {
        Act::Expire => put(api, &CouponSpec { valid_end_time: Some(rfc3339(now - 1)), ..spec })?,
        Act::Lock => put(api, &spec.locked(true))?,
        Act::Unlock => put(api, &spec.locked(false))?,
        Act::Delete => put(api, &spec.state(CouponState::Deleted))?,
        Act::OtherStore => put(api, &spec.stores(other_store(&view.stores)))?,
        Act::AnyStore => put(api, &spec.stores(StoreScope::None))?,
        Act::RedeemElsewhere | Act::Return | Act::Deactivate => by_api(api, console, &view, act)?,
        Act::Renew => {
            let spec = spec.state(CouponState::Effective).locked(false).hours(Hours::Always);
            put(api, &spec.stores(StoreScope::None).valid(rfc3339(now - DAY), rfc3339(now + 30 * DAY)))?;
        }
    }
    card(api, code).ok_or_else(Text::no_such_coupon)
}

fn put(api: &Api, spec: &CouponSpec) -> Result<(), Text> {
    api.state.put_coupon(spec).map(drop).map_err(Text::from)
}

fn other_store(now: &StoreScope) -> StoreScope {
    let allowed = |id: &str| matches!(now, StoreScope::Specific { stores } if stores.iter().any(|s| s == id));
    let other = STORE_IDS.into_iter().rev().find(|id| !allowed(id)).unwrap_or_default();
    StoreScope::Specific { stores: vec![other.to_owned()] }
}

/// As another till of the same merchant would do it, with all the rules of the API.
fn by_api(api: &Api, console: &Console, view: &CouponView, act: Act) -> Result<(), Text> {
    let number = format!("CONSOLE_{}", random::upper_hex(16)?);
    let mut body = json!({
        "product_coupon_id": view.product_coupon_id,
        "stock_id": view.stock_id,
        "appid": APPID,
        "brand_id": BRAND_ID,
        "out_request_no": number,
    });
    let mut set =
        |name: &str, value: Value| drop(body.as_object_mut().map(|body| body.insert(name.into(), value)));
    let operation = match act {
        Act::RedeemElsewhere => {
            set("use_time", json!(rfc3339(api.state.clock.business_now())));
            set("associated_order_info", json!({ "transaction_id": "4200000000000000000000000002" }));
            match &view.stores {
                StoreScope::Specific { stores } => set("store_id", json!(stores.first())),
                StoreScope::None | StoreScope::All => set("store_id", json!(STORE_IDS.first())),
            }
            Operation::Use
        }
        Act::Deactivate => {
            set("deactivate_reason", json!("沙箱控制台停用"));
            Operation::Deactivate
        }
        _ => Operation::Return,
    };
    let openid = view.openid.clone().unwrap_or_else(|| OPENID.to_owned());
    let params = vec![("openid", openid), ("coupon_code", view.coupon_code.clone())];
    ask(api, operation, params, &body)?;
    console.told_here(&number, operation, &view.coupon_code, api.state.clock.business_now());
    Ok(())
}
