//! What a proven answer says about a request. It is a pure function, and only evidence ends doubt.
//!
//! A signature proves that an answer comes from WeChat Pay. It does not bind the answer to a request, a time or a coupon. So
//! an answer counts only if it is proven and about this very coupon, and only for what it says: a coupon that shows our
//! number was redeemed by us. A coupon that does not show it may still be redeemed later, by a copy of the request that is on
//! its way. The caller knows when no copy can arrive any more ([`Evidence::rules_out_effect`]).
//!
//! What is not documented is read cautiously. A state that no page names is no evidence, and neither is a redeemed coupon
//! that names no number.

use crate::api::subcode;
use crate::api::{ListPlace, Trace, Vocabulary};
use crate::report::WechatError;
use crate::wire::verify::Proof;
use serde_json::{Map, Value};

/// The sub-code for an object that does not exist or belongs to another brand or provider. It does not say which, so it is
/// no proof of absence.
const ANOTHERS: u64 = 268_578_608;
/// The member of a use of a SEQUENTIAL coupon that is the number of its redemption.
const USE_OF_ITEM: &str = "use_request_no";
/// What one answer shows about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// It took effect, and the effect stands.
    Done,
    /// It took effect and was undone later.
    Undone,
    /// The request with this other number had the effect instead.
    Other(String),
    /// The coupon is in a state to which the request does not lead.
    NotDone {
        /// The state.
        state: String,
        /// The coupon does not leave it any more.
        is_final: bool,
    },
    /// The coupon is in this state, to which the request leads, but names no number.
    Unnamed(String),
    /// There is no such coupon.
    Absent,
    /// Nothing.
    Nothing,
}

/// How many seconds after its signature a request may still be accepted: WeChat Pay's five minutes, and one for differences
/// of the clocks.
pub const COPY_LIFETIME_S: i64 = 360;

/// Whether no copy of a request that was last signed at `signed_s` can be accepted at the time of this answer or later.
/// `signed_s` 0 means that no copy is on its way.
pub fn copies_are_dead(signed_s: i64, proof: Proof) -> bool {
    signed_s == 0 || proof.is_certain && proof.at_s >= signed_s.saturating_add(COPY_LIFETIME_S)
}

impl Evidence {
    /// Whether it shows that the request has no effect and can have none any more.
    pub fn rules_out_effect(&self, copies_are_dead: bool) -> bool {
        match self {
            Evidence::NotDone { is_final, .. } => copies_are_dead || *is_final,
            Evidence::Absent | Evidence::Other(_) => copies_are_dead,
            Evidence::Undone => true,
            Evidence::Done | Evidence::Unnamed(_) | Evidence::Nothing => false,
        }
    }

    fn not_done(trace: &Trace, state: &str) -> Evidence {
        let is_final = trace.vocabulary.final_states.contains(&state);
        Evidence::NotDone { state: state.to_owned(), is_final }
    }

    /// The same for an answer whose time is not certain. It may be old, so what it does not show may have happened since. But
    /// what it shows has happened.
    #[must_use]
    pub fn at_uncertain_time(self) -> Evidence {
        match self {
            Evidence::Done => Evidence::Done,
            _ => Evidence::Nothing,
        }
    }
}

/// What a coupon shows about the request with that number. It must be the coupon that the request is about.
pub fn of_coupon(trace: &Trace, request_no: &str, coupon: &Map<String, Value>) -> Evidence {
    let state = coupon.get("coupon_state").and_then(Value::as_str).unwrap_or_default();
    if let (Some(item_request_no), Some(detail)) = (trace.item_request_no, sequential(coupon)) {
        return of_uses(trace, request_no, state, item_request_no, detail);
    }
    if !trace.vocabulary.states.contains(&state) || !is_used_once(coupon) {
        return Evidence::Nothing;
    }
    let is_led_to = trace.leads_to.contains(&state);
    let named = named(trace, coupon);
    let ours = named.contains(&request_no);
    match (ours, is_led_to, named.first()) {
        (true, _, _) if trace.stays_done => Evidence::Done,
        (true, true, _) => Evidence::Done,
        (true, false, _) if is_returned(trace, coupon, state) => Evidence::Undone,
        // Perhaps deleted, expired or deactivated after it was redeemed. The pages do not say.
        (true, false, _) => Evidence::Nothing,
        (false, true, Some(other)) => Evidence::Other((*other).to_owned()),
        (false, true, None) => Evidence::Unnamed(state.to_owned()),
        (false, false, _) => Evidence::not_done(trace, state),
    }
}

/// The request numbers that the coupon shows for this kind of request.
fn named<'a>(trace: &Trace, coupon: &'a Map<String, Value>) -> Vec<&'a str> {
    trace.shown_at.iter().filter_map(|at| find(coupon, at)?.as_str()).collect()
}

/// Whether this reading fits the coupon's usage mode, if the answer names one.
fn is_used_once(coupon: &Map<String, Value>) -> bool {
    let mode =
        coupon.get("product_coupon").and_then(|product| product.get("usage_mode")).and_then(Value::as_str);
    mode.is_none_or(|mode| matches!(mode, "SINGLE" | "PROGRESSIVE_BUNDLE"))
}

/// A redeemed coupon was returned if it names a return or can be redeemed again.
fn is_returned(trace: &Trace, coupon: &Map<String, Value>, state: &str) -> bool {
    let mut returns = trace.vocabulary.returned_at.iter().filter_map(|at| find(coupon, at));
    is_usable(trace, state) || returns.any(Value::is_string)
}

fn is_usable(trace: &Trace, state: &str) -> bool {
    trace.vocabulary.usable_states.contains(&state)
}

/// A coupon of the withdrawn usage mode SEQUENTIAL has a state for every use. The list of uses and the numbers in it may be
/// missing. A list that is not complete says nothing about a number that it does not show.
fn of_uses(trace: &Trace, request_no: &str, state: &str, item_request_no: &str, detail: &Value) -> Evidence {
    let uses = items(detail);
    let ours = uses.iter().find(|item| text(item, item_request_no) == Some(request_no));
    if let Some(found) = ours.map(|item| text(item, "detail_state").unwrap_or_default()) {
        return match found {
            _ if trace.stays_done => Evidence::Done,
            found if trace.leads_to.contains(&found) => Evidence::Done,
            found
                if ours.is_some_and(|item| {
                    is_usable(trace, found) || text(item, "return_request_no").is_some()
                }) =>
            {
                Evidence::Undone
            }
            _ => Evidence::Nothing,
        };
    }
    match standing_uses(detail) {
        Some(_) if trace.vocabulary.states.contains(&state) => Evidence::not_done(trace, state),
        _ => Evidence::Nothing,
    }
}

fn items(detail: &Value) -> &[Value] {
    detail.get("detail_item_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The numbers of the uses that stand. `None`: the list is not complete.
fn standing_uses(detail: &Value) -> Option<Vec<String>> {
    let stands = |item: &&Value| text(item, "detail_state") == Some("USED");
    let numbers = items(detail).iter().filter(stands).map(|item| Some(text(item, USE_OF_ITEM)?.to_owned()));
    let numbers: Vec<String> = numbers.collect::<Option<_>>()?;
    let count = detail.get("used_count").and_then(Value::as_u64)?;
    u64::try_from(numbers.len()).is_ok_and(|listed| listed >= count).then_some(numbers)
}

/// What a looked-up coupon shows. It keeps only the latest number. If several requests can have the same effect one after
/// the other, another number does not show that ours had no effect.
pub fn of_question(trace: &Trace, request_no: &str, coupon: &Map<String, Value>) -> Evidence {
    match of_coupon(trace, request_no, coupon) {
        Evidence::Other(other) if !trace.must_name => Evidence::Unnamed(other),
        found => found,
    }
}

/// The redemptions of a coupon that stand, as an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingRedemptions {
    /// Those with these numbers. An empty list means that none stands.
    Numbers(Vec<String>),
    /// It does not say.
    Unknown,
}

/// Reads from a coupon which redemptions stand. `redemption` is the trace of a redemption in its family.
pub fn standing(redemption: &Trace, coupon: &Map<String, Value>) -> StandingRedemptions {
    let state = coupon.get("coupon_state").and_then(Value::as_str).unwrap_or_default();
    if !redemption.vocabulary.states.contains(&state) {
        return StandingRedemptions::Unknown;
    }
    if let Some(detail) = sequential(coupon) {
        return standing_uses(detail).map_or(StandingRedemptions::Unknown, StandingRedemptions::Numbers);
    }
    if !is_used_once(coupon) {
        return StandingRedemptions::Unknown;
    }
    if !redemption.leads_to.contains(&state) {
        return StandingRedemptions::Numbers(Vec::new());
    }
    let by = named(redemption, coupon).first().map(|request_no| vec![(*request_no).to_owned()]);
    by.map_or(StandingRedemptions::Unknown, StandingRedemptions::Numbers)
}

/// If the coupon after a return shows that it undid another redemption than the intended one, that one's number. `trace` is that
/// of a redemption in its family.
pub fn other_undone(
    trace: &Trace,
    redemption: &str,
    back: &str,
    coupon: &Map<String, Value>,
) -> Option<String> {
    // There a return's number stays when the coupon is redeemed anew, so both numbers need not belong together.
    let numbers_part = trace.vocabulary.returned_at.is_empty();
    if numbers_part && standing(trace, coupon) != StandingRedemptions::Numbers(Vec::new()) {
        return None;
    }
    let undone = match sequential(coupon) {
        Some(detail) => {
            let item = items(detail).iter().find(|item| text(item, "return_request_no") == Some(back));
            item.and_then(|item| text(item, USE_OF_ITEM)).into_iter().collect()
        }
        None => named(trace, coupon),
    };
    undone.first().filter(|_| !undone.contains(&redemption)).map(|other| (*other).to_owned())
}

fn sequential(coupon: &Map<String, Value>) -> Option<&Value> {
    coupon.get("sequential_usage_detail").filter(|detail| !detail.is_null())
}

/// What one page of a list shows about a number.
#[derive(Debug, PartialEq, Eq)]
pub enum Page {
    /// The number.
    Found,
    /// This many items, and the number is not among them.
    Absent(u64),
    /// Not a list, or a list whose items have no numbers.
    Unreadable,
}

/// Searches a page for a number.
pub fn of_page(at: &ListPlace, request_no: &str, page: &Map<String, Value>) -> Page {
    let Some(items) = page.get(at.list).and_then(Value::as_array) else { return Page::Unreadable };
    if items.iter().any(|item| text(item, at.member) == Some(request_no)) {
        return Page::Found;
    }
    let should_have =
        |item: &Value| at.in_state.is_none_or(|state| text(item, "coupon_state") == Some(state));
    if items.iter().any(|item| should_have(item) && text(item, at.member).is_none()) {
        return Page::Unreadable;
    }
    Page::Absent(u64::try_from(items.len()).unwrap_or(u64::MAX))
}

/// What a signed refusal of a lookup says. An error names no coupon, and the sub-code is in a header that the signature does
/// not cover. So only messages about this coupon, stock or product coupon count.
pub fn of_refusal(vocabulary: &Vocabulary, status: u16, error: &WechatError) -> Evidence {
    let is_not_found = status == 404 && error.code.as_deref() == Some("NOT_FOUND");
    let says_so = match error.subcode {
        _ if vocabulary.absent_texts.is_empty() => false,
        Some(ANOTHERS) => false,
        Some(number) => subcode::is_absent_coupon(number),
        None => error.message.as_deref().is_some_and(|text| vocabulary.absent_texts.contains(&text.trim())),
    };
    if is_not_found && says_so { Evidence::Absent } else { Evidence::Nothing }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn find<'a>(members: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    crate::json::find(members, pointer)
}

#[cfg(test)]
mod tests;
