//! Issuing coupons: `send`, `bundle_send`, their pre-send forms and the claim of a token.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::form::{schema, shapes};
use super::{Call, Execution, Success};
use crate::crypto::random;
use crate::operation::Operation;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::catalogue::Catalogue;
use crate::state::catalogue::stock::CodeMode;
use crate::state::coupon::{Coupon, CouponState, Hours, Issue, StoreScope, Traits};
use crate::state::coupon_json::Entity;
use crate::state::grant::{Grant, PreSent, Source};
use crate::state::ledger::{Effect, Record};
use crate::state::request_number::Outcome;
use crate::sync::write;
use crate::text::Said;

/// Seconds a token of a pre-send can be claimed.
const TOKEN_LIFE: i64 = 300;

/// Coupons that are issued together.
struct Issued {
    coupons: Vec<(Arc<str>, Coupon)>,
    bundle: Option<String>,
}

/// A bundle as `bundle_send` and `bundle_deactivate` answer with it.
#[derive(Serialize)]
struct BundleEnvelope<'a> {
    user_coupon_bundle_id: &'a str,
    user_product_coupon_list: Vec<Entity<'a>>,
}

/// Reads from the body what coupons are issued from.
type ReadSource = fn(&Call<'_>) -> Result<Source, Refusal>;

/// A stock, and the code if the caller chooses it.
pub(super) fn from_stock(call: &Call<'_>) -> Result<Source, Refusal> {
    let coupon_code = match call.body.get("coupon_code") {
        None | Some(Value::Null) => None,
        Some(_) => Some(call.request_text("/coupon_code", 1, 40)?),
    };
    Ok(Source::Stock { stock_id: call.body_id("/stock_id")?, coupon_code })
}

/// A stock bundle.
pub(super) fn from_bundle(call: &Call<'_>) -> Result<Source, Refusal> {
    if call.body.get("coupon_code").is_some_and(|code| !code.is_null()) {
        let issue = ("codes of bundles are never chosen by the caller", "券包的券码不能由调用方指定");
        return Err(Refusal::about(Reason::BadCombination, "/coupon_code", &Value::Null, issue, "body"));
    }
    Ok(Source::Bundle { stock_bundle_id: call.body_id("/stock_bundle_id")? })
}

fn grant(call: &Call<'_>, from: Source) -> Result<Grant, Refusal> {
    schema::check_members(call.body, "", shapes::SEND)?;
    let tags = call.body.get("coupon_tag_info").filter(|tags| !tags.is_null());
    let has_list = tags.and_then(|tags| tags.get("coupon_tag_list")).is_some_and(|list| !list.is_null());
    if has_list && tags.is_none_or(|tags| tags.get("member_tag_info").is_none_or(Value::is_null)) {
        let field = "/coupon_tag_info/member_tag_info";
        let issue = ("is required with the MEMBER tag", "使用 MEMBER 标签时必填");
        return Err(Refusal::about(Reason::BadStructure, field, &Value::Null, issue, "body"));
    }
    Ok(Grant {
        openid: call.openid()?,
        appid: call.body_id("/appid")?,
        brand_id: call.body_id("/brand_id")?,
        product_coupon_id: call.body_id("/product_coupon_id")?,
        from,
        send_request_no: call.request_text("/send_request_no", 6, 128)?,
        attach: call.body.get("attach").and_then(Value::as_str).map(str::to_owned),
        coupon_tag_info: tags.cloned(),
    })
}

/// `send` and `bundle_send`.
pub(super) fn send(call: &Call<'_>, source: ReadSource) -> Result<Success, Refusal> {
    let grant = grant(call, source(call)?)?;
    let key = call.request_key(grant.send_request_no.clone());
    let state = call.state;
    let mut guard = write(&state.catalogue);
    if let Some(outcome) = state.earlier_outcome(&guard, &key)? {
        let Outcome::Coupons { codes, bundle } = outcome else {
            return Err(Reason::Internal.into());
        };
        let coupons = codes.iter().filter_map(|code| Some((code.as_str().into(), state.coupons.get(code)?)));
        let issued = Issued { coupons: coupons.collect(), bundle };
        return Ok(Success::text(answer(state, &guard, &issued)?, true));
    }
    let mut draft;
    let catalogue = match call.execution {
        Execution::Commit => &mut *guard,
        Execution::DryRun => {
            draft = guard.clone();
            &mut draft
        }
    };
    let issued = make(state, catalogue, &grant, "API")?;
    if call.execution == Execution::Commit {
        let codes = issued.coupons.iter().map(|(code, _)| code.to_string()).collect();
        let outcome = Outcome::Coupons { codes, bundle: issued.bundle.clone() };
        state.bind_number(catalogue, &key, outcome);
        issue(state, catalogue, &grant, &issued, key.operation);
    }
    Ok(Success::text(answer(state, catalogue, &issued)?, false))
}

/// `pre_send` and `bundle_pre_send`: makes a token the user can claim.
pub(super) fn pre_send(call: &Call<'_>, source: ReadSource) -> Result<Success, Refusal> {
    let grant = grant(call, source(call)?)?;
    let key = call.request_key(grant.send_request_no.clone());
    let state = call.state;
    let mut catalogue = write(&state.catalogue);
    let now = state.clock.business_now();
    let mut again = false;
    if let Some(outcome) = state.earlier_outcome(&catalogue, &key)? {
        let Outcome::Token(token) = outcome else {
            return Err(Reason::Internal.into());
        };
        // A token that ran out unused does not use up its number.
        if catalogue.tokens.get(&token).is_some_and(|known| known.claimed || now < known.expires) {
            return Success::repeatable(&json!({ "token": token }), true);
        }
        again = true;
    }
    // Everything that could be refused at the claim is refused here already.
    check(state, &catalogue, &grant)?;
    let token = random::alphanumeric(64).map_err(|_| Reason::Internal)?;
    if call.execution == Execution::Commit {
        let object = grant.product_coupon_id.clone();
        let pre_sent = PreSent { operation: key.operation, grant, expires: now + TOKEN_LIFE, claimed: false };
        catalogue.tokens.insert(token.clone(), pre_sent);
        state.bind_number(&mut catalogue, &key, Outcome::Token(token.clone()));
        if !again {
            state.record_effect(&key, &object, Effect::PreSent);
        }
    }
    Success::repeatable(&json!({ "token": token }), false)
}

/// What the user does in the mini program: turns a token into coupons.
pub(super) fn claim(state: &State, token: &str) -> Result<Vec<String>, Refusal> {
    let mut catalogue = write(&state.catalogue);
    let now = state.clock.business_now();
    let Some(pre_sent) = catalogue.tokens.get(token).cloned() else {
        return Err(Refusal::because(Reason::ObjectAbsent, ("no such token", "没有这个 token")));
    };
    if pre_sent.claimed {
        return Err(Refusal::because(Reason::StateForbids, ("token has been claimed", "token 已被领取")));
    }
    if now >= pre_sent.expires {
        return Err(Refusal::because(
            Reason::OutsideValidity,
            ("token is older than 5 minutes", "token 已超过 5 分钟"),
        ));
    }
    let issued = make(state, &mut catalogue, &pre_sent.grant, "RECEIVE_COMPONENT")?;
    if let Some(known) = catalogue.tokens.get_mut(token) {
        known.claimed = true;
    }
    issue(state, &catalogue, &pre_sent.grant, &issued, pre_sent.operation);
    Ok(issued.coupons.iter().map(|(code, _)| code.to_string()).collect())
}

/// The stocks to take coupons from, if they can be issued.
fn check(state: &State, catalogue: &Catalogue, grant: &Grant) -> Result<Vec<u16>, Refusal> {
    let now = state.clock.business_now();
    let stocks = wanted_stocks(catalogue, grant)?;
    let each = || stocks.iter().filter_map(|index| catalogue.stock(*index));
    each().try_for_each(|stock| stock.check_sending(now))?;
    for stock in each() {
        check_code(state, stock.code_mode, &grant.from)?;
        stock.check_quotas(&grant.openid, now)?;
    }
    Ok(stocks)
}

/// Checks everything, then draws codes and counts; the coupons are made but not issued.
fn make(state: &State, catalogue: &mut Catalogue, grant: &Grant, channel: &str) -> Result<Issued, Refusal> {
    let now = state.clock.business_now();
    let stocks = check(state, catalogue, grant)?;
    let bundle = match grant.from {
        Source::Stock { .. } => None,
        Source::Bundle { .. } => Some(random::digits(18).map_err(|_| Reason::Internal)?),
    };
    let mut coupons = Vec::new();
    for index in stocks {
        let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
        let code = match (stock.code_mode, &grant.from) {
            (CodeMode::Upload, _) => stock.codes.draw(),
            (CodeMode::ApiAssign, Source::Stock { coupon_code, .. }) => coupon_code.clone(),
            _ => random::digits(20).ok(),
        };
        let code = code.ok_or(Reason::Internal)?;
        stock.count_sent(&grant.openid, now);
        let (valid_begin, valid_end) = stock.period.validity(now);
        let traits = Traits {
            openid: Some(grant.openid.clone()),
            valid_begin,
            valid_end,
            stores: StoreScope::None,
            hours: Hours::Always,
            bundle: bundle.clone(),
            locked: false,
            issue: Some(Issue {
                send_request_no: grant.send_request_no.clone(),
                send_channel: channel.to_owned(),
                received: now,
                attach: grant.attach.clone(),
                coupon_tag_info: grant.coupon_tag_info.clone(),
            }),
        };
        let coupon = Coupon {
            stock: index,
            state: CouponState::Confirming,
            history: Vec::new(),
            traits: Some(Box::new(traits)),
        };
        coupons.push((code.into(), coupon));
    }
    Ok(Issued { coupons, bundle })
}

/// Whether a code comes with the request if, and only if, it must.
fn check_code(state: &State, mode: CodeMode, from: &Source) -> Result<(), Refusal> {
    const FIELD: &str = "/coupon_code";
    let Source::Stock { coupon_code, .. } = from else {
        return Ok(());
    };
    let about = |reason, issue: Said| Err(Refusal::about(reason, FIELD, &json!(coupon_code), issue, "body"));
    match (mode, coupon_code) {
        (CodeMode::ApiAssign, None) => {
            about(Reason::BadStructure, ("is required with API_ASSIGN", "API_ASSIGN 时必填"))
        }
        (CodeMode::ApiAssign, Some(code)) if state.coupons.get(code).is_some() => Err(Refusal::because(
            Reason::SentBefore,
            (
                "coupon_code was handed out under another send_request_no",
                "该 coupon_code 已用另一 send_request_no 发放",
            ),
        )),
        (CodeMode::Wechatpay | CodeMode::Upload, Some(_)) => about(
            Reason::BadCombination,
            ("is only for coupon_code_mode API_ASSIGN", "只用于 coupon_code_mode 为 API_ASSIGN 的批次"),
        ),
        _ => Ok(()),
    }
}

/// Gives the coupons to the user and tells the brand.
fn issue(state: &State, catalogue: &Catalogue, grant: &Grant, issued: &Issued, operation: Operation) {
    for (code, coupon) in &issued.coupons {
        state.coupons.ensure(code, || coupon.clone());
        state.ledger.add(Record {
            at_ms: state.clock.business_now_ms(),
            operation,
            coupon_code: Arc::clone(code),
            number: grant.send_request_no.as_str().into(),
            effect: Effect::Sent,
        });
        state.announce_sent(catalogue, grant, code, coupon);
    }
    state.touch();
}

/// The answer about coupons just issued.
fn answer(state: &State, catalogue: &Catalogue, issued: &Issued) -> Result<Vec<u8>, Refusal> {
    if let Some(bundle) = &issued.bundle {
        return bundle_answer(state, catalogue, Some(bundle), &issued.coupons, "");
    }
    let (code, coupon) = issued.coupons.first().ok_or(Reason::Internal)?;
    let stock = catalogue.stock(coupon.stock).ok_or(Reason::Internal)?;
    let snapshot = state.snapshot(coupon, code, stock, 0);
    snapshot.to_json(catalogue).ok_or_else(|| Reason::Internal.into())
}

/// A bundle after what was done under a number; empty: as issued.
pub(super) fn bundle_answer(
    state: &State,
    catalogue: &Catalogue,
    bundle: Option<&str>,
    coupons: &[(Arc<str>, Coupon)],
    number: &str,
) -> Result<Vec<u8>, Refusal> {
    let snapshots: Vec<_> = coupons
        .iter()
        .filter_map(|(code, coupon)| {
            let events = match coupon.event(number) {
                Some((index, _)) => index + 1,
                None if number.is_empty() => 0,
                None => coupon.history.len(),
            };
            Some(state.snapshot(coupon, code, catalogue.stock(coupon.stock)?, events))
        })
        .collect();
    let envelope = BundleEnvelope {
        user_coupon_bundle_id: bundle.unwrap_or_default(),
        user_product_coupon_list: snapshots
            .iter()
            .filter_map(|snapshot| snapshot.entity(catalogue))
            .collect(),
    };
    serde_json::to_vec(&envelope).map_err(|_| Reason::Internal.into())
}

/// The stock, or the stocks of the bundle, if they fit the product coupon.
fn wanted_stocks(catalogue: &Catalogue, grant: &Grant) -> Result<Vec<u16>, Refusal> {
    Catalogue::check_app(&grant.brand_id, &grant.appid)?;
    if !grant.openid.starts_with('o') {
        return Err(Refusal::because(Reason::WrongOpenid, ("an openid starts with o", "openid 以 o 开头")));
    }
    let product = catalogue.find_product(&grant.product_coupon_id)?;
    let product = catalogue.product(product).ok_or(Reason::Internal)?;
    let stocks = match &grant.from {
        Source::Stock { stock_id, .. } => {
            let stock = catalogue.stock_of(&grant.product_coupon_id, stock_id)?;
            if product.is_bundle() {
                let issue = (
                    "PROGRESSIVE_BUNDLE product coupons are sent as bundles",
                    "PROGRESSIVE_BUNDLE 类商品券应按券包发放",
                );
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
            vec![stock]
        }
        Source::Bundle { stock_bundle_id } => {
            catalogue.bundle_of(&grant.product_coupon_id, stock_bundle_id)?
        }
    };
    if product.text("state") != "EFFECTIVE" {
        let state = product.text("state");
        let issue = (format!("product coupon state is {state}"), format!("商品券的状态是 {state}"));
        return Err(Refusal::because(Reason::StockNotSending, issue));
    }
    Ok(stocks)
}
