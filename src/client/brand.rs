//! Questions about a brand: what it has authorised, and its stores.
//!
//! Pages 4017410365 (2026-01-29), 4016756674 and 4015783153 (2025-12-02); members of the answers by a third-party mirror. Each
//! interface has a rate of its own, so that "too often" of one does not slow redemptions. Answers are kept for a day.

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
use crate::redact::Quoted;
use crate::report::Report;
use crate::status::Code;
use crate::system;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const AUTHORITIES: &str = "product_authorities";
const STORES: &str = "list_brand_stores";
const STORE: &str = "get_brand_store";
/// Documented, a second.
const AUTHORITIES_RATE: u64 = 10;
const STORES_RATE: u64 = 5;
const LARGEST_PAGE: usize = 200;
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A kept list that has no answer is asked for anew, but not more often: a wrong number would ask at every sale.
const KEPT_THOUGH_WITHOUT_ANSWER: Duration = Duration::from_secs(60);
/// What redeeming needs, and what store questions need.
const COUPON_AUTHORITY: &str = "BRAND_PRODUCT_AUTHORITY_PRODUCT_COUPON";
/// Presumably everything: then the list may be absent. That is not documented, so a missing list is no refusal.
const HOSTING: &str = "AUTHORIZATION_TYPE_HOSTING";
/// The step that is missing when a brand has not authorised the service provider.
const AUTHORISE: &str = "The brand grants 商品券 to this service provider in 品牌经营平台 (since 2026-04 nothing else is needed; 发券组件 and 核销组件 are \
                         still by application). 请品牌方在品牌经营平台将“商品券”产品授权给本服务商.";

/// A store as the list shows it.
#[derive(Debug, Clone)]
struct Store {
    id: String,
    reference: Option<String>,
    state: String,
}

type Kept<T> = Mutex<HashMap<String, (Instant, T)>>;

/// What is known of brands, and the rates of asking.
#[derive(Debug)]
pub(super) struct Brand {
    authorities_rate: Share,
    stores_rate: Share,
    authorities: Kept<Arc<Value>>,
    stores: Kept<Arc<Vec<Store>>>,
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
            let look = |at_most| self.stores(&input, at_most, cancel).map(|stores| find(&stores, &input));
            let found = match look(if input.fresh { Duration::ZERO } else { KEPT }) {
                // A store may have been added, opened or corrected since the list was read.
                Ok(answer) if !is_open(&answer) => match look(KEPT_THOUGH_WITHOUT_ANSWER) {
                    Err(_) if answer.is_ok() => answer,
                    again => again.unwrap_or_else(Err),
                },
                found => found.unwrap_or_else(Err),
            };
            let report = found.unwrap_or_else(|failed| *failed);
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
        if value.get("brand_id").and_then(Value::as_str).is_some_and(|brand_id| brand_id != input.brand_id) {
            let message = "the signed answer is about another brand".to_owned();
            return Err(Box::new(Report { message, ..Report::new(Code::ReadFailed) }));
        }
        keep(&self.brand.authorities, &input.brand_id, Arc::new(value));
        Ok(report)
    }

    /// All stores of the brand. The list counts in offsets and is no snapshot: if its count changes, it is read once more.
    fn stores(
        &self,
        input: &Input,
        at_most: Duration,
        cancel: &Cancel,
    ) -> std::result::Result<Arc<Vec<Store>>, Box<Report>> {
        if let Some(known) = kept(&self.brand.stores, &input.brand_id, at_most) {
            return Ok(known);
        }
        for _ in 0..2 {
            if let Some(stores) = self.all_pages(input, cancel)? {
                let stores = Arc::new(stores);
                keep(&self.brand.stores, &input.brand_id, Arc::clone(&stores));
                return Ok(stores);
            }
        }
        let message = "the list of stores changed while it was read, twice".to_owned();
        Err(Box::new(Report { message, ..Report::new(Code::ReadFailed) }))
    }

    fn all_pages(
        &self,
        input: &Input,
        cancel: &Cancel,
    ) -> std::result::Result<Option<Vec<Store>>, Box<Report>> {
        let (mut stores, mut total) = (Vec::<Store>::new(), None);
        loop {
            let query = format!("offset={}&limit={LARGEST_PAGE}", stores.len());
            let target = self.store_target("", &input.brand_id, &query);
            let report = self.ask_brand(STORES, &target, &input.deadline, cancel)?;
            let page: Value = read(&report);
            let counted = page.get("total_count").and_then(Value::as_u64);
            let items = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
            let Some(counted) = counted else {
                let message = "the list of stores does not say how many there are".to_owned();
                return Err(Box::new(Report { message, ..Report::new(Code::ReadFailed) }));
            };
            if *total.get_or_insert(counted) != counted {
                return Ok(None);
            }
            stores.extend(items.iter().filter_map(store));
            let read = u64::try_from(stores.len()).unwrap_or(u64::MAX);
            if read >= counted {
                return Ok(Some(stores));
            }
            if items.is_empty() {
                return Ok(None);
            }
        }
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
        if report.code == Code::Ok { Ok(report) } else { Err(Box::new(report)) }
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

/// Whether one open store was found.
fn is_open(found: &std::result::Result<Report, Box<Report>>) -> bool {
    found.as_ref().is_ok_and(|report| read(report).get("is_open") == Some(&Value::Bool(true)))
}

fn find(stores: &[Store], input: &Input) -> std::result::Result<Report, Box<Report>> {
    let wanted = input.reference.as_deref().unwrap_or_default();
    let found: Vec<&Store> =
        stores.iter().filter(|store| store.reference.as_deref() == Some(wanted)).collect();
    match found.as_slice() {
        [store] => Ok(Report::local(&json!({
            "store_id": store.id,
            "store_state": store.state,
            "is_open": store.state == "OPEN",
            "store_reference_id": wanted,
            "brand_id": input.brand_id,
        }))),
        [] => {
            let message = format!(
                "none of the brand's {} stores has the store_reference_id {}",
                stores.len(),
                Quoted(wanted)
            );
            let hint = "Set it at the store in 品牌经营平台, then ask again: within a minute only with \"fresh\": true.";
            Err(Box::new(
                Error::new(Code::NotFound, message)
                    .hint(hint)
                    .cashier("门店号没有登记,请联系门店管理员")
                    .into(),
            ))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|store| store.id.as_str()).collect();
            let message =
                format!("several stores have the store_reference_id {}: {}", Quoted(wanted), ids.join(", "));
            let hint = "Only the shop keeps it unique: change it at all but one, then ask again: within a minute only with \"fresh\": true.";
            Err(Box::new(
                Error::new(Code::Refused, message).hint(hint).cashier("门店号重复,请联系门店管理员").into(),
            ))
        }
    }
}

fn store(item: &Value) -> Option<Store> {
    let text = |at: &str| item.pointer(at).and_then(Value::as_str).map(str::to_owned);
    Some(Store {
        id: text("/store_id")?,
        reference: text("/store_basics/store_reference_id"),
        state: text("/store_state").unwrap_or_default(),
    })
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
        Code::NoPermission => AUTHORISE,
        code => code.hint(),
    };
    Line::wrong(name, said, advice)
}

#[cfg(test)]
mod tests;
