//! 商家券: `use`, `return`, `deactivate`, `query`, `list`, `get_code`. What a redemption, a return or a deactivation answers
//! names neither the coupon nor the number.

use serde_json::{Value, json};

use super::{Call, Execution, Success, digest};
use crate::clock::rfc3339;
use crate::identities::{APPID, BUSIFAVOR_FOREIGN_STOCK_ID, MCHID};
use crate::refusal::{Reason, Refusal};
use crate::state::busifavor::entity::entity;
use crate::state::busifavor::{BusifavorState, CodeMode, Coupon, Key, code_mode};
use crate::state::coupon::{Event, What};
use crate::state::ledger::{Effect, Record};
use crate::sync::read;

/// Longest code, stock, appid, openid, request number and reason.
const CODE: usize = 32;
const STOCK: usize = 20;
const APP: usize = 32;
const USER: usize = 128;
const NUMBER: usize = 128;
const REASON: usize = 64;
/// How many coupons a page of the list has where the caller does not say.
const PAGE: usize = 20;

/// `use`: redeems the coupon. The stock may be left out for codes that WeChat Pay has made.
pub(super) fn redeem(call: &Call<'_>) -> Result<Success, Refusal> {
    let code = call.body_text("/coupon_code", CODE)?;
    let stock_id = call.optional_body_text("/stock_id", STOCK)?;
    check_app(&call.body_text("/appid", APP)?)?;
    let use_time = call.time("/use_time")?;
    let number = call.body_text("/use_request_no", NUMBER)?;
    let openid = call.optional_body_text("/openid", USER)?;
    for order in ["/out_trade_no", "/mch_id", "/transaction_id"] {
        call.optional_body_text(order, 64)?;
    }
    let event = |coupon: &Coupon| {
        if openid.as_deref().is_some_and(|openid| openid != coupon.openid) {
            return Err(Reason::BusifavorUserAbsent.into());
        }
        let now = call.state.clock.business_now();
        match coupon.state_at(now) {
            BusifavorState::Sended if now < coupon.begin => Err(Reason::BusifavorNotNow.into()),
            BusifavorState::Sended => Ok(What::Used { use_time: use_time.into(), order: "{}".into() }),
            BusifavorState::Used => Err(Reason::BusifavorUsed.into()),
            BusifavorState::Expired | BusifavorState::Deactivated => Err(Reason::BusifavorNotNow.into()),
            BusifavorState::Deleted => Err(Reason::BusifavorAbsent.into()),
        }
    };
    change(
        call,
        stock_id.as_deref(),
        &code,
        &number,
        Effect::Used,
        event,
        |(stock_id, _), coupon, event| json!({ "stock_id": stock_id, "openid": coupon.openid, "wechatpay_use_time": time_of(event) }),
    )
}

/// `return`: takes the redemption back, whichever stands.
pub(super) fn give_back(call: &Call<'_>) -> Result<Success, Refusal> {
    let code = call.body_text("/coupon_code", CODE)?;
    let stock_id = call.body_text("/stock_id", STOCK)?;
    let number = call.body_text("/return_request_no", NUMBER)?;
    let event = |coupon: &Coupon| match coupon.state_at(call.state.clock.business_now()) {
        BusifavorState::Used => Ok(What::Returned),
        BusifavorState::Deleted => Err(Reason::BusifavorAbsent.into()),
        state => Err(state_forbids(state)),
    };
    change(
        call,
        Some(&stock_id),
        &code,
        &number,
        Effect::Returned,
        event,
        |_, _, event| json!({ "wechatpay_return_time": time_of(event) }),
    )
}

/// `deactivate`: the coupon becomes invalid.
pub(super) fn deactivate(call: &Call<'_>) -> Result<Success, Refusal> {
    let code = call.body_text("/coupon_code", CODE)?;
    let stock_id = call.body_text("/stock_id", STOCK)?;
    let number = call.body_text("/deactivate_request_no", NUMBER)?;
    let reason = call.optional_body_text("/deactivate_reason", REASON)?.unwrap_or_default();
    let event = |coupon: &Coupon| match coupon.state_at(call.state.clock.business_now()) {
        BusifavorState::Sended => Ok(What::Deactivated { reason: reason.into() }),
        state => Err(state_forbids(state)),
    };
    change(
        call,
        Some(&stock_id),
        &code,
        &number,
        Effect::Deactivated,
        event,
        |_, _, event| json!({ "wechatpay_deactivate_time": time_of(event) }),
    )
}

/// `query`: a coupon of that user. It names no stock.
pub(super) fn query(call: &Call<'_>) -> Result<Success, Refusal> {
    let openid = call.openid()?;
    let code = call.path_text("coupon_code", CODE)?;
    check_app(&call.path_text("appid", APP)?)?;
    let now = call.state.clock.business_now();
    // Codes for load tests exist as soon as they are named.
    call.state.busifavor.with(None, &code, now, |_, _| ());
    let found = call.state.busifavor.select(|(_, its_code), _| *its_code == code);
    let Some((key, coupon)) = found.iter().find(|(_, coupon)| coupon.openid == openid) else {
        let is_anothers = !found.is_empty();
        return Err(if is_anothers { Reason::BusifavorUserAbsent } else { Reason::BusifavorAbsent }.into());
    };
    Success::new(&entity(key, coupon, now))
}

/// `list`: oldest first.
pub(super) fn list(call: &Call<'_>) -> Result<Success, Refusal> {
    let openid = call.openid()?;
    check_app(&call.query_id("appid")?)?;
    let stock_id = call.optional_query("stock_id", STOCK)?;
    let state = call.optional_query("coupon_state", 40)?;
    let merchants =
        ["creator_merchant", "belong_merchant", "sender_merchant"].map(|name| call.optional_query(name, 32));
    let merchants: Vec<String> =
        merchants.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if merchants.is_empty() {
        let issue = (
            "creator_merchant, belong_merchant or sender_merchant is required",
            "creator_merchant、belong_merchant、sender_merchant 至少填一个",
        );
        return Err(Refusal::because(Reason::BusifavorParameter, issue));
    }
    let number = |name: &str, otherwise: usize| match call.optional_query(name, 10)? {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|_| call.bad_query(name, Reason::BusifavorParameter, ("is no number", "不是数字"))),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", PAGE)?);
    let now = call.state.clock.business_now();
    let mut found = call.state.busifavor.select(|(its_stock, _), coupon| {
        coupon.openid == openid
            && merchants.iter().all(|merchant| merchant == MCHID)
            && stock_id.as_ref().is_none_or(|stock_id| stock_id == its_stock)
            && state.as_ref().is_none_or(|state| coupon.state_at(now).to_string() == *state)
    });
    found.sort_by_key(|(key, coupon)| (coupon.received, key.clone()));
    let page: Vec<Value> =
        found.iter().skip(offset).take(limit).map(|(key, coupon)| entity(key, coupon, now)).collect();
    Success::new(&json!({ "data": page, "total_count": found.len(), "limit": limit, "offset": offset }))
}

/// `get_code`: an uploaded code, and the coupon that has it.
pub(super) fn get_code(call: &Call<'_>) -> Result<Success, Refusal> {
    let stock_id = call.path_text("stock_id", STOCK)?;
    let code = call.path_text("coupon_code", CODE)?;
    check_stock(&stock_id)?;
    if code_mode(&stock_id) != Some(CodeMode::MerchantUpload) {
        return Err(Refusal::because(
            Reason::BusifavorState,
            ("the codes of this stock were not uploaded", "这个批次的券码不是商户上传的"),
        ));
    }
    let now = call.state.clock.business_now();
    let answer = call.state.busifavor.with(Some(&stock_id), &code, now, |key, coupon| {
        json!({
            "code_information": {
                "code": code,
                "coupon_code": code,
                "code_status": "DISPATCHED",
                "upload_time": rfc3339(coupon.received),
                "dispatched_time": rfc3339(coupon.received),
                "openid": coupon.openid,
            },
            "coupon_information": entity(key, coupon, now),
        })
    });
    Success::new(&answer.ok_or(Reason::BusifavorAbsent)?)
}

/// Answers a repetition of an earlier request, refuses a number that came with other data or for something else, and makes
/// the change that `decide` allows.
fn change(
    call: &Call<'_>,
    stock_id: Option<&str>,
    code: &str,
    number: &str,
    effect: Effect,
    decide: impl FnOnce(&Coupon) -> Result<What, Refusal>,
    answer: impl FnOnce(&Key, &Coupon, &Event) -> Value,
) -> Result<Success, Refusal> {
    stock_id.map_or(Ok(()), check_stock)?;
    let _catalogue = read(&call.state.catalogue);
    let digest = digest::of(["busifavor", call.route.operation.name()], call.body);
    let now = call.state.clock.business_now();
    let changed = call.state.busifavor.with(stock_id, code, now, |key, coupon| {
        if let Some(event) = coupon.event(number) {
            if event.effect() != effect || event.digest != digest {
                return Err(number_reused());
            }
            return Ok((answer(key, coupon, event), true));
        }
        if call.state.numbers.is_taken(number) {
            return Err(number_reused());
        }
        if call.state.is_busy(code) {
            return Err(Reason::BusifavorFault.into());
        }
        let what = decide(coupon)?;
        let event = Event { number: number.into(), digest, at_ms: call.state.clock.business_now_ms(), what };
        let answer = answer(key, coupon, &event);
        if call.execution == Execution::Commit {
            if !call.state.numbers.claim(&event.number) {
                return Err(number_reused());
            }
            call.state.ledger.add(Record {
                at_ms: event.at_ms,
                operation: call.route.operation,
                coupon_code: code.into(),
                number: number.into(),
                effect,
            });
            coupon.apply(event);
            call.state.touch();
        }
        Ok((answer, false))
    });
    let (answer, duplicate) = changed.unwrap_or_else(|| Err(Reason::BusifavorAbsent.into()))?;
    Success::repeatable(&answer, duplicate)
}

fn check_app(appid: &str) -> Result<(), Refusal> {
    if appid == APPID { Ok(()) } else { Err(Reason::BusifavorAppid.into()) }
}

fn check_stock(stock_id: &str) -> Result<(), Refusal> {
    match code_mode(stock_id) {
        Some(_) => Ok(()),
        None if stock_id == BUSIFAVOR_FOREIGN_STOCK_ID => Err(Reason::BusifavorNoAuthority.into()),
        None => Err(Reason::BusifavorAbsent.into()),
    }
}

fn number_reused() -> Refusal {
    Refusal::because(
        Reason::BusifavorParameter,
        ("the number was used for another request", "单号已用于另一请求"),
    )
}

fn state_forbids(state: BusifavorState) -> Refusal {
    Refusal::because(
        Reason::BusifavorState,
        (format!("coupon_state is {state}"), format!("coupon_state 是 {state}")),
    )
}

fn time_of(event: &Event) -> String {
    rfc3339(event.at_ms.div_euclid(1000))
}
