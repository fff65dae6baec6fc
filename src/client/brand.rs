//! Questions about a brand: what it has authorised, and its stores.
//!
//! Pages 4017410365 (2026-01-29), 4016756674 and 4015783153 (2025-12-02); members of the answers by a third-party mirror. Each
//! interface has a rate of its own, so that "too often" of one does not slow redemptions. Answers are kept for a day.

mod stores;

use super::check::Line;
use super::doubt::PriorAttempt;
use super::{Client, OutgoingRequest};
use crate::api::{self, Prepared};
use crate::error::{Error, Result};
use crate::json;
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::rate_limit::{self, RateLimiter, Share};
use crate::report::Report;
use crate::status::Code;
use crate::system;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use stores::Stores;

const AUTHORITIES: &str = "product_authorities";
const STORES: &str = "list_brand_stores";
const STORE: &str = "get_brand_store";
/// Documented, a second.
const AUTHORITIES_RATE: u64 = 10;
const STORES_RATE: u64 = 5;
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// What redeeming needs, and what store questions need.
const COUPON_AUTHORITY: &str = "BRAND_PRODUCT_AUTHORITY_PRODUCT_COUPON";
/// Presumably everything: then the list may be absent. That is not documented, so a missing list is no refusal.
const HOSTING: &str = "AUTHORIZATION_TYPE_HOSTING";
/// The step that is missing when a brand has not authorised the service provider.
const AUTHORISE: &str = "The brand grants 商品券 to this service provider in 品牌经营平台 (since 2026-04 nothing else is needed; 发券组件 and 核销组件 are \
                         still by application). 请品牌方在品牌经营平台将“商品券”产品授权给本服务商.";

/// The same for questions about stores.
const AUTHORISE_STORES: &str = "The brand grants 品牌门店 (BRAND_PRODUCT_AUTHORITY_BRAND_STORE) to this service provider in 品牌经营平台. \
                                请品牌方在品牌经营平台将“品牌门店”产品授权给本服务商.";

type Kept<T> = Mutex<HashMap<String, (Instant, T)>>;

/// What is known of brands, and the rates of asking.
#[derive(Debug)]
pub(super) struct Brand {
    authorities_rate: Share,
    stores_rate: Share,
    authorities: Kept<Arc<Value>>,
    stores: Kept<Arc<Stores>>,
}

impl Brand {
    pub fn new(identity: &str) -> Brand {
        Brand {
            authorities_rate: rate_limit::shared(&format!("{identity} {AUTHORITIES}"), AUTHORITIES_RATE),
            stores_rate: rate_limit::shared(&format!("{identity} {STORES}"), STORES_RATE),
            authorities: Mutex::default(),
            stores: Mutex::default(),
        }
    }
}

/// Why a request would have had to wait for longer than its call may last.
pub(super) fn pace_of(request: &OutgoingRequest<'_>) -> &'static str {
    match request.id {
        AUTHORITIES => {
            "the call ends before its next question: WeChat Pay allows at most ten a second about what brands have authorised"
        }
        STORES | STORE => {
            "the call ends before its next question: WeChat Pay allows at most five a second about stores"
        }
        _ => "this process sends as fast as max_rate_per_s and WeChat Pay allow",
    }
}

fn kept<T: Clone>(known: &Kept<T>, brand: &str, at_most: Duration) -> Option<T> {
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, value) = known.get(brand)?;
    (system::now().saturating_duration_since(*at) < at_most).then(|| value.clone())
}

fn keep<T>(known: &Kept<T>, brand: &str, value: T) {
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(brand.to_owned(), (system::now(), value));
}

/// What a caller asks.
struct Input {
    brand_id: String,
    reference: Option<String>,
    fresh: bool,
    deadline: Deadline,
}

impl Client {
    /// The limiter of a request's interface.
    pub(super) fn limiter_of(&self, request: &OutgoingRequest<'_>) -> &RateLimiter {
        match request.id {
            AUTHORITIES => &self.brand.authorities_rate,
            STORES | STORE => &self.brand.stores_rate,
            _ => &self.rate_limiter,
        }
    }

    /// Which products the brand has authorised this service provider for.
    pub fn product_authorities(&self, input: &str, cancel: &Cancel) -> Report {
        let report = self.brand_input(input, false).map(|input| {
            let asked = self.authorities(&input, cancel);
            let report = asked.unwrap_or_else(|failed| *failed);
            Report { elapsed_ms: input.deadline.elapsed_ms(), ..report }
        });
        report.unwrap_or_else(Report::from)
    }

    /// From the shop's own number of a store to WeChat Pay's `store_id`.
    pub fn find_store(&self, input: &str, cancel: &Cancel) -> Report {
        let report = self.brand_input(input, true).map(|input| {
            let report = self.store_of(&input, cancel).unwrap_or_else(|failed| *failed);
            Report { elapsed_ms: input.deadline.elapsed_ms(), ..report }
        });
        report.unwrap_or_else(Report::from)
    }

    fn brand_input(&self, input: &str, finds: bool) -> Result<Input> {
        let mut members = json::parse_object(input)?;
        let limit = api::take_options(&mut members)?.timeout;
        let refuse = |field: &str, why: &str| Error::at(Code::Request, field, why.to_owned());
        let mut text = |name: &str| match members.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(refuse(&json::pointer("", name), &format!("{name} must be a text"))),
        };
        let own = (self.config.identity.mode == Mode::Brand).then(|| self.config.identity.id.clone());
        let brand_id = text("brand_id")?.or(own).or_else(|| self.config.defaults.brand_id.clone());
        let reference = if finds { text("store_reference_id")? } else { None };
        let fresh = match members.shift_remove("fresh") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(fresh)) => fresh,
            Some(_) => return Err(refuse("/fresh", "fresh must be true or false")),
        };
        if let Some(unknown) = members.keys().next() {
            let known = if finds { "store_reference_id, brand_id, fresh" } else { "brand_id, fresh" };
            let known = format!("is not known; known are: {known}, _options");
            return Err(json::unknown_member(Code::Request, "", unknown, &known));
        }
        if finds && reference.is_none() {
            return Err(refuse(
                "/store_reference_id",
                "store_reference_id is missing: the shop's own number",
            ));
        }
        let brand_id = brand_id.ok_or_else(|| refuse("/brand_id", "brand_id is missing"))?;
        let deadline = Deadline::after(limit.unwrap_or(self.config.limits.call));
        Ok(Input { brand_id, reference, fresh, deadline })
    }

    fn authorities(&self, input: &Input, cancel: &Cancel) -> std::result::Result<Report, Box<Report>> {
        if self.config.identity.mode == Mode::Brand {
            let message = "product_authorities is for service providers: a brand has no such interface";
            return Err(Box::new(Error::new(Code::Operation, message).into()));
        }
        if let Some(known) = kept(&self.brand.authorities, &input.brand_id, KEPT).filter(|_| !input.fresh) {
            return Ok(Report { recorded: true, ..Report::local(&*known) });
        }
        let target =
            format!("/v3/brand-basic/partner/brands/{}/product-authorities", api::encoded(&input.brand_id));
        let report = self.ask_brand(AUTHORITIES, &target, &input.deadline, cancel)?;
        let value: Value = read(&report);
        if is_of_another(&value, &input.brand_id) {
            return Err(unread("the signed answer is about another brand"));
        }
        if value.get("authorization_type").or(value.get("authorization_product")).is_none() {
            return Err(unread("the signed answer does not say what the brand has authorised"));
        }
        keep(&self.brand.authorities, &input.brand_id, Arc::new(value));
        Ok(report)
    }

    fn store_target(&self, store: &str, brand_id: &str, query: &str) -> String {
        let (place, brand) = match self.config.identity.mode {
            Mode::Partner => {
                ("/v3/brand/partner/store/brandstores", format!("brand_id={}", api::encoded(brand_id)))
            }
            Mode::Brand | Mode::Till => ("/brand/store/brandstores", String::new()),
        };
        let store = if store.is_empty() { String::new() } else { format!("/{}", api::encoded(store)) };
        let query: Vec<&str> = [brand.as_str(), query].into_iter().filter(|part| !part.is_empty()).collect();
        let query = query.join("&");
        if query.is_empty() { format!("{place}{store}") } else { format!("{place}{store}?{query}") }
    }

    fn ask_brand(
        &self,
        id: &str,
        target: &str,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<Report, Box<Report>> {
        let prepared = Prepared::question(target);
        let request = OutgoingRequest::fresh(id, None, &prepared);
        let report = self.send_with_retries(&request, PriorAttempt::default(), deadline, cancel);
        if report.code == Code::Ok {
            return Ok(report);
        }
        let lacks_stores = report.code == Code::NoPermission && id != AUTHORITIES;
        let hint = if lacks_stores { Some(AUTHORISE_STORES.into()) } else { report.hint };
        Err(Box::new(Report { hint, ..report }))
    }

    /// For the self-check: whether the brand lets us redeem, and whether the configured store is open.
    pub(super) fn brand_lines(&self, deadline: &Deadline, cancel: &Cancel) -> Vec<Line> {
        let mut lines = Vec::new();
        let (defaults, identity) = (&self.config.defaults, &self.config.identity);
        if let (Mode::Partner, Some(brand_id)) = (identity.mode, &defaults.brand_id) {
            let input = Input {
                brand_id: brand_id.clone(),
                reference: None,
                fresh: true,
                deadline: Deadline::after(deadline.left()),
            };
            lines.push(match self.authorities(&input, cancel) {
                Ok(report) => authorities_line(&read(&report)),
                Err(report) => failed_line(AUTHORITIES, &report),
            });
        }
        if let Some(store_id) = &defaults.store_id {
            let brand_id = defaults.brand_id.as_deref().unwrap_or_default();
            let target = self.store_target(store_id, brand_id, "");
            lines.push(match self.ask_brand(STORE, &target, deadline, cancel) {
                Ok(report) => store_line(store_id, &read(&report)),
                Err(report) => failed_line("store", &report),
            });
        }
        lines
    }
}

/// Whether something names another brand than the one that was asked about. The number may be a text or not.
fn is_of_another(value: &Value, brand_id: &str) -> bool {
    match value.get("brand_id") {
        None | Some(Value::Null) => false,
        Some(Value::String(named)) => named != brand_id,
        Some(other) => {
            let named = other.to_string();
            named != brand_id
        }
    }
}

/// A proven answer that cannot be used.
fn unread(message: &str) -> Box<Report> {
    Box::new(Report { message: message.to_owned(), ..Report::new(Code::ReadFailed) })
}

fn read(report: &Report) -> Value {
    report
        .data
        .as_ref()
        .and_then(|data| serde_json::from_str(data.get()).ok())
        .unwrap_or(Value::Object(Map::new()))
}

fn authorities_line(answer: &Value) -> Line {
    let kind = answer.get("authorization_type").and_then(Value::as_str).unwrap_or_default();
    let list = answer.get("authorization_product").and_then(Value::as_array);
    let products: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    let short = products.iter().map(|product| product.trim_start_matches("BRAND_PRODUCT_AUTHORITY_"));
    let found = short.collect::<Vec<_>>().join(", ");
    if products.contains(&COUPON_AUTHORITY) || (kind == HOSTING && list.is_none()) {
        return Line::fine(AUTHORITIES, if found.is_empty() { kind.to_owned() } else { found });
    }
    Line::wrong(
        AUTHORITIES,
        format!("PRODUCT_COUPON is not among what the brand has authorised: {found}"),
        AUTHORISE,
    )
}

fn store_line(store_id: &str, answer: &Value) -> Line {
    match answer.get("store_state").and_then(Value::as_str) {
        Some("OPEN") => Line::fine("store", format!("{store_id} is OPEN")),
        state => Line::wrong(
            "store",
            format!("{store_id} is {}", state.unwrap_or("in no known state")),
            "Only an open store can redeem: open it in 品牌经营平台, or set defaults.store_id to another one (find_store).",
        ),
    }
}

fn failed_line(name: &str, report: &Report) -> Line {
    let said = if report.message.is_empty() { report.code.text() } else { &report.message };
    let advice = match report.code {
        Code::NoPermission if name == AUTHORITIES => AUTHORISE,
        Code::NoPermission => AUTHORISE_STORES,
        code => code.hint(),
    };
    Line::wrong(name, said, advice)
}

#[cfg(test)]
mod tests;
