//! 商家券 on the console: cards with the members of those of product coupons, and the buttons that make sense for them.

use serde::Serialize;
use serde_json::{Value, json};

use super::Console;
use super::ask::ask;
use super::button::Act;
use crate::clock::rfc3339;
use crate::crypto::random;
use crate::identities::APPID;
use crate::operation::Operation;
use crate::protocol::Api;
use crate::state::busifavor::entity::entity;
use crate::state::busifavor::view::BusifavorSpec;
use crate::state::busifavor::{BusifavorState, Coupon, Key};
use crate::state::catalogue;
use crate::state::coupon::{CouponState, Hours, StoreScope};
use crate::state::coupon_store::AUTO_PREFIX;
use crate::state::ledger::Effect;
use crate::text::Text;

const DAY: i64 = 86_400;

/// One coupon.
#[derive(Debug, Serialize)]
pub(crate) struct Card {
    family: &'static str,
    pub(super) coupon_code: String,
    pub(super) stock_id: String,
    pub(super) openid: String,
    /// In the words of product coupons.
    pub(super) state: CouponState,
    locked: bool,
    stores: StoreScope,
    hours: Hours,
    pub(super) name: Value,
    /// `type`, `threshold` and what is taken off, in fen or percent.
    worth: Value,
    /// Seconds since 1970.
    valid_begin: i64,
    /// Seconds since 1970.
    valid_end: i64,
    stock_stores: Value,
    stock_hours: Value,
    /// Seconds since 1970.
    received: i64,
    use_request_no: Option<String>,
}

/// All of them but those of load tests.
pub(crate) fn all(api: &Api) -> Vec<Card> {
    let now = api.state.clock.business_now();
    let wanted = |(_, code): &Key, _: &Coupon| !code.starts_with(AUTO_PREFIX);
    api.state.busifavor.select(wanted).iter().map(|(key, coupon)| card(key, coupon, now)).collect()
}

/// Whether there is one of that stock with that code.
pub(crate) fn exists(api: &Api, stock_id: &str, code: &str) -> bool {
    find(api, stock_id, code).is_some()
}

/// Whether any stock has that code.
pub(crate) fn is_code(api: &Api, code: &str) -> bool {
    !api.state.busifavor.select(|(_, its_code), _| its_code == code).is_empty()
}

fn find(api: &Api, stock_id: &str, code: &str) -> Option<(Key, Coupon)> {
    api.state.busifavor.select(|(stock, its_code), _| stock == stock_id && its_code == code).pop()
}

fn card(key: &Key, coupon: &Coupon, now: i64) -> Card {
    let (stock_id, code) = key.clone();
    let entity = entity(key, coupon, now);
    Card {
        family: "busifavor",
        coupon_code: code,
        stock_id,
        openid: coupon.openid.clone(),
        state: match coupon.state_at(now) {
            BusifavorState::Sended if now < coupon.begin => CouponState::Pending,
            BusifavorState::Sended => CouponState::Effective,
            BusifavorState::Used => CouponState::Used,
            BusifavorState::Expired => CouponState::Expired,
            BusifavorState::Deleted => CouponState::Deleted,
            BusifavorState::Deactivated => CouponState::Deactivated,
        },
        locked: false,
        stores: StoreScope::None,
        hours: Hours::Always,
        name: entity.get("stock_name").cloned().unwrap_or_default(),
        worth: worth(&entity),
        valid_begin: coupon.begin,
        valid_end: coupon.end,
        stock_stores: json!({ "scope": "NONE" }),
        stock_hours: Value::Null,
        received: coupon.received,
        use_request_no: coupon.latest(Effect::Used).map(|event| event.number.to_string()),
    }
}

fn worth(entity: &Value) -> Value {
    let terms = |name: &str| entity.pointer(&format!("/coupon_use_rule/{name}"));
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_i64).unwrap_or(0);
    let mut worth = json!({ "type": entity.get("stock_type") });
    let mut set = |name: &str, value: i64| catalogue::set(&mut worth, name, json!(value));
    if let Some(fixed) = terms("fixed_normal_coupon") {
        set("threshold", number(fixed, "transaction_minimum"));
        set("discount_amount", number(fixed, "discount_amount"));
    } else if let Some(discount) = terms("discount_coupon") {
        set("threshold", number(discount, "transaction_minimum"));
        set("percent_off", 100 - number(discount, "discount_percent"));
    } else if let Some(exchange) = terms("exchange_coupon") {
        set("threshold", number(exchange, "transaction_minimum"));
        set("exchange_price", number(exchange, "exchange_price"));
    }
    worth
}

/// Does what a button says; the coupon as it is then, or why it cannot be done.
pub(crate) fn act(api: &Api, console: &Console, stock_id: &str, code: &str, act: Act) -> Result<Card, Text> {
    let now = api.state.clock.business_now();
    let spec = BusifavorSpec::new(code).stock(stock_id);
    let put = |spec: &BusifavorSpec| api.state.put_busifavor(spec).map(drop).map_err(Text::from);
    match act {
        Act::Expire => put(&BusifavorSpec { expire_time: Some(rfc3339(now - 1)), ..spec })?,
        Act::Delete => put(&spec.state(BusifavorState::Deleted))?,
        Act::Renew => put(&BusifavorSpec {
            available_start_time: Some(rfc3339(now - DAY)),
            expire_time: Some(rfc3339(now + 30 * DAY)),
            ..spec.state(BusifavorState::Sended)
        })?,
        Act::RedeemElsewhere => {
            let body = json!({ "appid": APPID, "use_time": rfc3339(now) });
            by_api(api, console, Operation::BusifavorUse, "use_request_no", (stock_id, code), body)?;
        }
        Act::Return => {
            let operation = Operation::BusifavorReturn;
            by_api(api, console, operation, "return_request_no", (stock_id, code), json!({}))?;
        }
        Act::Deactivate => {
            let body = json!({ "deactivate_reason": "沙箱控制台停用" });
            let operation = Operation::BusifavorDeactivate;
            by_api(api, console, operation, "deactivate_request_no", (stock_id, code), body)?;
        }
        Act::Lock | Act::Unlock | Act::OtherStore | Act::AnyStore => {
            return Err(Text::new(
                "商家券 have neither locks nor stores here",
                "商家券在这里没有锁定和门店限制",
            ));
        }
    }
    let (key, coupon) = find(api, stock_id, code).ok_or_else(Text::no_such_coupon)?;
    Ok(card(&key, &coupon, api.state.clock.business_now()))
}

/// As another till of the same merchant would do it, with all the rules of the API.
fn by_api(
    api: &Api,
    console: &Console,
    operation: Operation,
    number_member: &str,
    (stock_id, code): (&str, &str),
    mut body: Value,
) -> Result<(), Text> {
    let number = format!("CONSOLE_{}", random::upper_hex(16)?);
    for (name, value) in [("coupon_code", code), ("stock_id", stock_id), (number_member, &number)] {
        catalogue::set(&mut body, name, json!(value));
    }
    ask(api, operation, Vec::new(), &body)?;
    console.told_here(&number, operation, code, api.state.clock.business_now());
    Ok(())
}
