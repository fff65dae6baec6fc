//! The stores of a brand: the list read whole, and the store with the shop's own number in it.

use super::{Input, KEPT, STORES, is_of_another, keep, kept, read, unread};
use crate::client::Client;
use crate::error::Error;
use crate::net::cancel::Cancel;
use crate::redact::Quoted;
use crate::report::Report;
use crate::status::Code;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const LARGEST_PAGE: usize = 200;
/// A kept list that has no answer is asked for anew, but not more often: a wrong number would ask at every sale.
pub(super) const KEPT_THOUGH_WITHOUT_ANSWER: Duration = Duration::from_secs(60);
/// The state of a store that can redeem.
const OPEN: &str = "OPEN";
/// How often the list is read if it changes meanwhile.
const READINGS: u32 = 2;

/// A store as the list shows it.
#[derive(Debug, Clone)]
struct Store {
    id: String,
    reference: Option<String>,
    state: String,
}

/// All stores of a brand, read at one time.
#[derive(Debug)]
pub(super) struct Stores {
    all: Vec<Store>,
    /// None can be left out: it came on one page, or was read once more because a store was missing.
    is_sure: bool,
}

/// The list while it is read. It counts in offsets and is no snapshot: what is opened or deleted between two pages moves the
/// others.
#[derive(Debug, Default)]
struct Reading {
    stores: Vec<Store>,
    /// Where each store is in `stores`.
    places: HashMap<String, usize>,
    /// Rows so far. One without a `store_id`, of a store under review, is counted by WeChat Pay, too.
    rows: usize,
    pages: usize,
    total: Option<u64>,
    /// A store came twice, so others have moved and one may be left out.
    is_doubled: bool,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Page,
    /// All rows have come.
    End,
    /// The list has changed meanwhile.
    Anew,
}

impl Reading {
    fn add(&mut self, page: &Value, brand_id: &str) -> Result<Next, Box<Report>> {
        let items = page.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if is_of_another(page, brand_id) || items.iter().any(|item| is_of_another(item, brand_id)) {
            return Err(unread("the list of stores is about another brand"));
        }
        let Some(counted) = page.get("total_count").and_then(Value::as_u64) else {
            return Err(unread("the list of stores does not say how many there are"));
        };
        if *self.total.get_or_insert(counted) != counted {
            return Ok(Next::Anew);
        }
        self.pages += 1;
        self.rows += items.len();
        for store in items.iter().filter_map(store) {
            // One store that came twice is one store, as it was later.
            if let Some(known) = self.places.get(&store.id).and_then(|place| self.stores.get_mut(*place)) {
                self.is_doubled = true;
                *known = store;
            } else {
                self.places.insert(store.id.clone(), self.stores.len());
                self.stores.push(store);
            }
        }
        let is_whole = u64::try_from(self.rows).is_ok_and(|rows| rows >= counted);
        Ok(match (is_whole, items.is_empty()) {
            (true, _) => Next::End,
            (false, false) => Next::Page,
            (false, true) => Next::Anew,
        })
    }
}

impl Client {
    pub(super) fn store_of(&self, input: &Input, cancel: &Cancel) -> Result<Report, Box<Report>> {
        let stores = self.stores(input, if input.fresh { Duration::ZERO } else { KEPT }, cancel)?;
        let answer = find(&stores.all, input);
        if is_open(&answer) {
            return answer;
        }
        // A store may have been added, opened or corrected since the list was read.
        let stores = match self.stores(input, KEPT_THOUGH_WITHOUT_ANSWER, cancel) {
            Err(_) if answer.is_ok() => return answer,
            again => again?,
        };
        let answer = find(&stores.all, input);
        let is_absent = answer.as_ref().is_err_and(|report| report.code == Code::NotFound);
        if !is_absent || stores.is_sure {
            return answer;
        }
        let again = Stores { all: self.read_stores(input, cancel)?.stores, is_sure: true };
        find(&self.keep_stores(input, again).all, input)
    }

    fn stores(&self, input: &Input, at_most: Duration, cancel: &Cancel) -> Result<Arc<Stores>, Box<Report>> {
        if let Some(known) = kept(&self.brand.stores, &input.brand_id, at_most) {
            return Ok(known);
        }
        let read = self.read_stores(input, cancel)?;
        let is_sure = read.pages == 1;
        Ok(self.keep_stores(input, Stores { all: read.stores, is_sure }))
    }

    fn keep_stores(&self, input: &Input, stores: Stores) -> Arc<Stores> {
        let stores = Arc::new(stores);
        keep(&self.brand.stores, &input.brand_id, Arc::clone(&stores));
        stores
    }

    /// All stores of the brand. A list that changes meanwhile is read once more.
    fn read_stores(&self, input: &Input, cancel: &Cancel) -> Result<Reading, Box<Report>> {
        let mut doubled = None;
        for _ in 0..READINGS {
            match self.all_pages(input, cancel)? {
                None => {}
                Some(read) if read.is_doubled => doubled = Some(read),
                Some(read) => return Ok(read),
            }
        }
        doubled.ok_or_else(|| unread("the list of stores changed while it was read, twice"))
    }

    fn all_pages(&self, input: &Input, cancel: &Cancel) -> Result<Option<Reading>, Box<Report>> {
        let mut reading = Reading::default();
        loop {
            let query = format!("offset={}&limit={LARGEST_PAGE}", reading.rows);
            let target = self.store_target("", &input.brand_id, &query);
            let report = self.ask_brand(STORES, &target, &input.deadline, cancel)?;
            match reading.add(&read(&report), &input.brand_id)? {
                Next::Page => {}
                Next::End => return Ok(Some(reading)),
                Next::Anew => return Ok(None),
            }
        }
    }
}

/// Whether one open store was found.
fn is_open(found: &Result<Report, Box<Report>>) -> bool {
    found.as_ref().is_ok_and(|report| read(report).get("is_open") == Some(&Value::Bool(true)))
}

fn find(stores: &[Store], input: &Input) -> Result<Report, Box<Report>> {
    let wanted = input.reference.as_deref().unwrap_or_default();
    let found: Vec<&Store> =
        stores.iter().filter(|store| store.reference.as_deref() == Some(wanted)).collect();
    // A shop that was closed and opened anew may have its number twice. Only an open one can redeem.
    let open: Vec<&Store> = found.iter().copied().filter(|store| store.state == OPEN).collect();
    match (found.as_slice(), open.as_slice()) {
        ([store], _) | (_, [store]) => Ok(Report::local(&json!({
            "store_id": store.id,
            "store_state": store.state,
            "is_open": store.state == OPEN,
            "store_reference_id": wanted,
            "brand_id": input.brand_id,
        }))),
        ([], _) => {
            let message = format!(
                "none of the brand's {} stores has the store_reference_id {}",
                stores.len(),
                Quoted(wanted)
            );
            let hint = "Set it at the store in 品牌经营平台, or wait for the review of a new store, then ask again: within a minute only \
                        with \"fresh\": true.";
            Err(Box::new(
                Error::new(Code::NotFound, message)
                    .hint(hint)
                    .cashier("门店号没有登记,请联系门店管理员")
                    .into(),
            ))
        }
        (several, _) => {
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

/// `None`: it has no number of WeChat Pay's yet.
fn store(item: &Value) -> Option<Store> {
    let text = |at: &str| item.pointer(at).and_then(Value::as_str).map(str::to_owned);
    Some(Store {
        id: text("/store_id").filter(|id| !id.is_empty())?,
        reference: text("/store_basics/store_reference_id"),
        state: text("/store_state").unwrap_or_default(),
    })
}
