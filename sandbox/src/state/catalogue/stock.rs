//! One stock: its terms, its quotas and its codes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::period::Period;
use super::{UsageMode, set};
use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};

const DAY: i64 = 86_400;

/// Where coupon codes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CodeMode {
    Wechatpay,
    Upload,
    ApiAssign,
}

/// How many coupons may be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API's names")]
pub(crate) struct SendRule {
    pub(crate) max_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_count_per_day: Option<u64>,
    #[serde(default = "one")]
    pub(crate) max_count_per_user: u64,
}

fn one() -> u64 {
    1
}

/// How many coupons have been issued.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) total: u64,
    /// Days since 1970 in China; `today` counts on that day.
    pub(crate) day: i64,
    pub(crate) today: u64,
    pub(crate) by_user: HashMap<String, u64>,
}

/// Uploaded codes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Codes {
    pub(crate) total: u64,
    known: BTreeSet<String>,
    free: VecDeque<String>,
}

impl Codes {
    /// Takes a code in; `false` when it is known.
    pub(crate) fn add(&mut self, code: &str) -> bool {
        let is_new = self.known.insert(code.to_owned());
        if is_new {
            self.free.push_back(code.to_owned());
            self.total += 1;
        }
        is_new
    }

    pub(crate) fn draw(&mut self) -> Option<String> {
        self.free.pop_front()
    }

    pub(crate) fn available(&self) -> usize {
        self.free.len()
    }
}

/// One stock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API calls it stock_id")]
pub(crate) struct Stock {
    /// Index of its product coupon.
    pub(crate) product: u16,
    pub(crate) product_coupon_id: String,
    pub(crate) stock_id: String,
    pub(crate) mode: UsageMode,
    pub(crate) stock_bundle_id: Option<String>,
    pub(crate) period: Period,
    pub(crate) code_mode: CodeMode,
    pub(crate) rule: SendRule,
    pub(crate) sent: Sent,
    pub(crate) codes: Codes,
    /// Associated stores.
    pub(crate) stores: BTreeSet<String>,
    /// `stock` as answers show it, counters and state as of the last change.
    pub(crate) details: Value,
}

impl Stock {
    /// The state at a moment: the end of the window stops the sending.
    pub(crate) fn state_at(&self, now: i64) -> &str {
        let state = self.details.get("state").and_then(Value::as_str).unwrap_or_default();
        if matches!(state, "SENDING" | "PAUSED") && now > self.period.end { "STOPPED" } else { state }
    }

    pub(crate) fn store_scope(&self) -> &str {
        self.details.get("store_scope").and_then(Value::as_str).unwrap_or_default()
    }

    /// The entity at a moment: only the day's counter and the state move by themselves.
    pub(crate) fn shown(&self, now: i64) -> Cow<'_, Value> {
        let state = self.state_at(now);
        let stale_day = self.sent.today > 0 && self.sent.day != china_day(now);
        if !stale_day && self.details.get("state").and_then(Value::as_str) == Some(state) {
            return Cow::Borrowed(&self.details);
        }
        let mut details = self.details.clone();
        set(&mut details, "state", json!(state));
        set(&mut details, "sent_count_info", self.sent_info(now));
        Cow::Owned(details)
    }

    fn sent_info(&self, now: i64) -> Value {
        let today = if self.sent.day == china_day(now) { self.sent.today } else { 0 };
        json!({ "total_count": self.sent.total, "today_count": today })
    }

    /// Brings the shown counters up to date.
    pub(crate) fn refresh(&mut self, now: i64) {
        let sent = self.sent_info(now);
        set(&mut self.details, "sent_count_info", sent);
        set(&mut self.details, "stock_send_rule", json!(self.rule));
        if self.code_mode == CodeMode::Upload {
            let counts =
                json!({ "total_count": self.codes.total, "available_count": self.codes.available() });
            set(&mut self.details, "coupon_code_count_info", counts);
        }
    }

    pub(crate) fn check_sending(&self, now: i64) -> Result<(), Refusal> {
        match self.state_at(now) {
            "SENDING" => Ok(()),
            state => Err(Refusal::because(
                Reason::StockNotSending,
                (format!("stock state is {state}"), format!("批次的状态是 {state}")),
            )),
        }
    }

    /// Whether one more coupon is left for this user now.
    pub(crate) fn check_quotas(&self, openid: &str, now: i64) -> Result<(), Refusal> {
        if self.sent.by_user.get(openid).copied().unwrap_or(0) >= self.rule.max_count_per_user {
            return Err(Reason::UserQuota.into());
        }
        if self.sent.total >= self.rule.max_count {
            return Err(Refusal::because(Reason::SoldOut, ("max_count is reached", "已达到 max_count")));
        }
        let today = if self.sent.day == china_day(now) { self.sent.today } else { 0 };
        if self.rule.max_count_per_day.is_some_and(|most| today >= most) {
            return Err(Refusal::because(
                Reason::SoldOut,
                ("max_count_per_day is reached", "已达到 max_count_per_day"),
            ));
        }
        if self.code_mode == CodeMode::Upload && self.codes.available() == 0 {
            return Err(Refusal::because(
                Reason::SoldOut,
                ("no uploaded coupon code is left", "上传的券码已用完"),
            ));
        }
        Ok(())
    }

    /// Counts a coupon issued.
    pub(crate) fn count_sent(&mut self, openid: &str, now: i64) {
        let day = china_day(now);
        if self.sent.day != day {
            self.sent.day = day;
            self.sent.today = 0;
        }
        self.sent.today += 1;
        self.sent.total += 1;
        *self.sent.by_user.entry(openid.to_owned()).or_default() += 1;
        self.refresh(now);
    }

    /// No more sending; what is issued stays valid.
    pub(crate) fn deactivate(&mut self, number: &str, reason: &str, now: i64) {
        deactivate(&mut self.details, number, reason, now);
    }

    /// Whether `use` at this store is allowed by the stock.
    pub(crate) fn allows_store(&self, store_id: Option<&str>) -> bool {
        match self.store_scope() {
            "ALL" => store_id.is_some_and(super::Catalogue::has_store),
            "SPECIFIC" => store_id.is_some_and(|id| self.stores.contains(id)),
            _ => true,
        }
    }
}

/// Marks a product coupon or a stock as deactivated.
pub(crate) fn deactivate(details: &mut Value, number: &str, reason: &str, now: i64) {
    set(details, "state", json!("DEACTIVATED"));
    set(details, "deactivate_request_no", json!(number));
    set(details, "deactivate_time", json!(rfc3339(now)));
    set(details, "deactivate_reason", json!(reason));
}

/// Days since 1970 in China.
pub(crate) fn china_day(now: i64) -> i64 {
    (now + 8 * 3600).div_euclid(DAY)
}
