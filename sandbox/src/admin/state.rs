//! Coupons, tokens, stocks, the clock, and what has happened.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use super::query::Query;
use crate::clock::Clock;
use crate::control::Control;
use crate::identities::OPENID;
use crate::operations;
use crate::state::brand::Store;
use crate::state::busifavor::view::BusifavorSpec;
use crate::state::payment_codes::{Terms, VALID_S};
use crate::state::view::CouponSpec;
use crate::text::Text;

/// Coupons in a list where nobody says how many; load tests make millions.
const MOST_COUPONS: usize = 1000;

pub(super) fn ledger(control: &Control, query: &Query) -> Answer {
    query.pick(control.api.state.ledger.entries(query.after()).iter(), "seq", usize::MAX)
}

pub(super) fn requests(control: &Control, query: &Query) -> Answer {
    query.pick(control.api.request_log.entries(query.after()).iter(), "seq", usize::MAX)
}

pub(super) fn coupons(control: &Control, query: &Query) -> Answer {
    let behind = query.text("after").unwrap_or_default();
    query.pick(control.api.state.views_after(behind), "coupon_code", MOST_COUPONS)
}

pub(super) fn coupon(control: &Control, code: &str) -> Answer {
    control.api.state.view(code).map_or_else(|| Answer::not_found(Text::no_such_coupon()), Answer::ok)
}

pub(super) fn put_coupon(control: &Control, body: &[u8]) -> Answer {
    match serde_json::from_slice::<CouponSpec>(body) {
        Ok(spec) => match control.put_coupon(&spec) {
            Ok(view) => Answer::ok(view),
            Err(e) => Answer::bad_request(e),
        },
        Err(e) => Answer::bad_request(e),
    }
}

/// Every one with that code, because two stocks may have the same.
pub(super) fn busifavor(control: &Control, code: &str) -> Answer {
    let views = control.api.state.busifavor_views(code);
    if views.is_empty() { Answer::not_found(Text::no_such_coupon()) } else { Answer::ok(views) }
}

pub(super) fn put_busifavor(control: &Control, body: &[u8]) -> Answer {
    match serde_json::from_slice::<BusifavorSpec>(body) {
        Ok(spec) => control.api.state.put_busifavor(&spec).map_or_else(Answer::bad_request, Answer::ok),
        Err(e) => Answer::bad_request(e),
    }
}

/// Either offset, or both; one left out stays as it is.
pub(super) fn set_clock(control: &Control, body: &[u8]) -> Answer {
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let members = wanted.as_object().into_iter().flat_map(|members| members.keys());
    if let Some(other) =
        members.into_iter().find(|name| !["offset_s", "world_offset_s"].contains(&name.as_str()))
    {
        return Answer::bad_request(Text::new(
            format!("unknown field `{other}`, expected offset_s or world_offset_s"),
            format!("未知字段 {other}，只能是 offset_s 或 world_offset_s"),
        ));
    }
    let offset = |name: &str| wanted.get(name).map(|value| value.as_i64().ok_or(()));
    let clock = &control.api.state.clock;
    match (offset("offset_s").transpose(), offset("world_offset_s").transpose()) {
        (Ok(whole), Ok(business)) if whole.is_some() || business.is_some() => {
            let (whole, business) =
                (whole.unwrap_or(clock.offset()), business.unwrap_or(clock.business_offset()));
            if let Err(issue) = Clock::check([whole, business]) {
                return Answer::bad_request(issue);
            }
            clock.set_offset(whole);
            clock.set_business_offset(business);
            Answer::ok(json!({ "offset_s": clock.offset(), "world_offset_s": clock.business_offset() }))
        }
        _ => Answer::bad_request(Text::new(
            "offset_s and world_offset_s must be whole numbers of seconds",
            "offset_s 和 world_offset_s 必须是整数秒",
        )),
    }
}

/// The user opens the claim component with a token of a pre-send.
pub(super) fn claim(control: &Control, body: &[u8]) -> Answer {
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let Some(token) = wanted.get("token").and_then(Value::as_str) else {
        return Answer::bad_request(Text::new("token must be a string", "token 必须是字符串"));
    };
    match control.claim(token) {
        Ok(codes) => Answer::ok(json!({ "coupon_codes": codes })),
        Err(e) => Answer::bad_request(e),
    }
}

pub(super) fn set_stock_state(control: &Control, body: &[u8]) -> Answer {
    const STATES: [&str; 4] = ["AUDITING", "SENDING", "PAUSED", "STOPPED"];
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default();
    if !STATES.contains(&text("state")) {
        return Answer::bad_request(Text::new(
            "state must be AUDITING, SENDING, PAUSED or STOPPED",
            "state 只能是 AUDITING、SENDING、PAUSED 或 STOPPED",
        ));
    }
    let changed = operations::set_stock_state(&control.api.state, text("stock_id"), text("state"));
    changed.map_or_else(|| Answer::not_found(Text::new("no such stock", "没有这个批次")), Answer::ok)
}

/// What the user made stays, unless all is to go.
pub(super) fn reset(control: &Control, query: &Query) -> Answer {
    if query.is("all") {
        control.reset();
        return Answer::ok(json!({}));
    }
    Answer::ok(control.start_over())
}

/// Whose code is to be shown, and what its first look-ups end with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    openid: Option<String>,
    fails_with: Option<String>,
    /// The merchant who has looked it up before.
    mch_id: Option<String>,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

pub(super) fn show_payment_code(control: &Control, body: &[u8]) -> Answer {
    let wanted: Shown = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(e) => return Answer::bad_request(e),
    };
    let openid = wanted.openid.as_deref().unwrap_or(OPENID);
    let fails = wanted.fails_with.map(|error| (error, wanted.times));
    match control.show_payment_code(openid, Terms { fails, mch_id: wanted.mch_id }) {
        Ok(code) => Answer::ok(json!({ "auth_code": code, "openid": openid, "valid_for_s": VALID_S })),
        Err(e) => Answer::bad_request(e),
    }
}

pub(super) fn put_store(control: &Control, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Store>(body) {
        Ok(store) => {
            control.api.state.brand.put(store.clone());
            Answer::ok(store)
        }
        Err(e) => Answer::bad_request(e),
    }
}

/// The whole list of what is authorised from now on.
pub(super) fn authorise(control: &Control, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Vec<String>>(body) {
        Ok(authorities) => {
            control.api.state.brand.authorise(authorities.clone());
            Answer::ok(authorities)
        }
        Err(e) => Answer::bad_request(e),
    }
}
