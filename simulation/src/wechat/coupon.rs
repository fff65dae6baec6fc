//! A coupon and its ledger: what really happened to it.

use crate::world::Moment;
use std::fmt::Write as _;
use std::sync::Arc;

use super::settings::Settings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Confirming,
    Pending,
    Effective,
    Used,
    Expired,
    Deleted,
    Deactivated,
    /// One that this library has never heard of.
    Frozen,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Confirming => "CONFIRMING",
            State::Pending => "PENDING",
            State::Effective => "EFFECTIVE",
            State::Used => "USED",
            State::Expired => "EXPIRED",
            State::Deleted => "DELETED",
            State::Deactivated => "DEACTIVATED",
            State::Frozen => "RISK_FROZEN",
        }
    }
}

/// How often a coupon can be used, and how its answers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    Single,
    Bundle,
    /// So many uses under one code.
    Sequential(usize),
    /// A way that this library has never heard of.
    Future,
    /// A coupon of the older family, 商家券, with one use.
    Busifavor,
}

/// What happened to a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Sent,
    Confirmed,
    Redeemed,
    Returned,
    Deactivated,
    Expired,
    Deleted,
}

/// One line of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    pub at: Moment,
    pub what: What,
    /// The number under which it was asked for; empty where nobody asked.
    pub number: Arc<str>,
    /// The redemption that a return undid.
    pub undoes: Option<Arc<str>>,
}

/// A use of a coupon that has several.
#[derive(Debug, Clone)]
struct Used {
    /// Which of its uses it was.
    index: usize,
    number: Arc<str>,
    returned_by: Option<Arc<str>>,
}

#[derive(Debug)]
pub struct Coupon {
    pub code: Arc<str>,
    pub usage: Usage,
    state: State,
    pub begins: Moment,
    pub ends: Moment,
    pub ledger: Vec<Entry>,
    /// Redemptions that were not returned.
    pub standing: Vec<Arc<str>>,
    uses: Vec<Used>,
    last_use: Option<(Arc<str>, String)>,
    last_return: Option<Arc<str>>,
    confirmed_by: Option<Arc<str>>,
    deactivated_by: Option<Arc<str>>,
    pub sent_by: Arc<str>,
    /// A redemption is worked on until then.
    pub busy_until: Moment,
    /// Belongs to another brand or provider, as far as answers go, until then.
    pub foreign_until: Moment,
    /// Nothing about it is answered.
    pub is_silent: bool,
}

impl Coupon {
    pub fn new(code: &str, usage: Usage, state: State) -> Coupon {
        Coupon {
            code: code.into(),
            usage,
            state,
            begins: 0,
            ends: Moment::MAX,
            ledger: Vec::new(),
            standing: Vec::new(),
            uses: Vec::new(),
            last_use: None,
            last_return: None,
            confirmed_by: None,
            deactivated_by: None,
            sent_by: "SENT-BY-THE-BRAND".into(),
            busy_until: 0,
            foreign_until: 0,
            is_silent: false,
        }
    }

    /// Its state at that moment.
    pub fn state(&mut self, now: Moment) -> State {
        if now >= self.ends && matches!(self.state, State::Confirming | State::Pending | State::Effective) {
            self.state = State::Expired;
            self.write(self.ends, What::Expired, "", None);
        }
        if self.state == State::Pending && now >= self.begins {
            self.state = State::Effective;
        }
        self.state
    }

    pub fn write(&mut self, at: Moment, what: What, number: &str, undoes: Option<Arc<str>>) {
        self.ledger.push(Entry { at, what, number: number.into(), undoes });
    }

    /// Whether the use with that index is spent already.
    pub fn is_spent(&self, index: usize) -> bool {
        self.standing_at(index).is_some()
    }

    fn standing_at(&self, index: usize) -> Option<&Used> {
        self.uses.iter().find(|used| used.index == index && used.returned_by.is_none())
    }

    pub fn redeem(&mut self, now: Moment, number: &Arc<str>, use_time: &str, index: usize) {
        self.write(now, What::Redeemed, number, None);
        self.standing.push(Arc::clone(number));
        self.uses.push(Used { index, number: Arc::clone(number), returned_by: None });
        self.last_use = Some((Arc::clone(number), use_time.to_owned()));
        let spent = match self.usage {
            Usage::Sequential(uses) => self.standing.len() >= uses,
            _ => true,
        };
        if spent {
            self.state = State::Used;
        }
    }

    /// Undoes the redemption that stands; of several, the one with that index.
    pub fn take_back(&mut self, now: Moment, number: &Arc<str>, index: usize) {
        let undone = self.standing_at(index).map(|used| Arc::clone(&used.number));
        self.standing.retain(|standing| Some(standing) != undone.as_ref());
        if let Some(used) = self.uses.iter_mut().rev().find(|used| Some(&used.number) == undone.as_ref()) {
            used.returned_by = Some(Arc::clone(number));
        }
        self.write(now, What::Returned, number, undone);
        self.last_return = Some(Arc::clone(number));
        self.state = if now >= self.ends { State::Expired } else { State::Effective };
    }

    pub fn confirm(&mut self, now: Moment, number: &Arc<str>) {
        self.write(now, What::Confirmed, number, None);
        self.confirmed_by = Some(Arc::clone(number));
        self.state = if now < self.begins { State::Pending } else { State::Effective };
    }

    pub fn deactivate(&mut self, now: Moment, number: &Arc<str>) {
        self.write(now, What::Deactivated, number, None);
        self.deactivated_by = Some(Arc::clone(number));
        self.state = State::Deactivated;
    }

    /// Something that nobody asked for through the interface.
    pub fn becomes(&mut self, now: Moment, state: State) {
        match state {
            State::Expired => self.write(now, What::Expired, "", None),
            State::Deleted => self.write(now, What::Deleted, "", None),
            _ => {}
        }
        self.state = state;
    }

    /// Whether that number has redeemed it at that moment or before.
    pub fn was_redeemed_by(&self, number: &str) -> bool {
        self.ledger.iter().any(|entry| entry.what == What::Redeemed && &*entry.number == number)
    }

    pub fn stands(&self, number: &str) -> bool {
        self.standing.iter().any(|standing| &**standing == number)
    }

    /// The coupon as an answer shows it. `bare`: without the details of its use.
    pub fn shown(&mut self, now: Moment, settings: &Settings, bare: bool) -> String {
        let state = self.state(now);
        if self.usage == Usage::Busifavor {
            return self.shown_as_busifavor(state, settings, bare);
        }
        let mode = match self.usage {
            Usage::Single => "SINGLE",
            Usage::Bundle => "PROGRESSIVE_BUNDLE",
            Usage::Sequential(_) => "SEQUENTIAL",
            Usage::Future | Usage::Busifavor => "TIMES_CARD",
        };
        let mut json = String::with_capacity(512);
        let _ = write!(
            json,
            r#"{{"coupon_code":"{}","coupon_state":"{}","send_request_no":"{}","send_channel":"API","product_coupon":{{"product_coupon_id":"200000001","usage_mode":"{mode}"}},"stock":{{"stock_id":"100000001"}}"#,
            self.code,
            state.name(),
            self.sent_by,
        );
        if let Some(number) = &self.confirmed_by {
            let _ = write!(json, r#","confirm_request_no":"{number}""#);
        }
        if let Some(number) = &self.deactivated_by {
            let _ = write!(json, r#","deactivate_request_no":"{number}""#);
        }
        if !bare || matches!(self.usage, Usage::Sequential(_)) && !settings.bare_sequential {
            self.write_detail(&mut json, state, settings);
        }
        json.push('}');
        json
    }

    /// The same in the words of the older family, which knows no details.
    fn shown_as_busifavor(&self, state: State, settings: &Settings, bare: bool) -> String {
        let name = match state {
            State::Confirming | State::Pending | State::Effective => "SENDED",
            other => other.name(),
        };
        let mut json = format!(
            r#"{{"coupon_code":"{}","stock_id":"100000001","coupon_state":"{name}","openid":"oUser""#,
            self.code
        );
        for (name, number) in self.numbers(state, settings).into_iter().filter(|_| !bare) {
            let _ = write!(json, r#","{name}":"{number}""#);
        }
        json.push('}');
        json
    }

    /// The numbers that a coupon with one use shows of its use and its return.
    fn numbers(&self, state: State, settings: &Settings) -> Vec<(&'static str, Arc<str>)> {
        let mut numbers = Vec::new();
        if let Some((number, _)) = &self.last_use
            && (state == State::Used || settings.keeps_use_number)
        {
            numbers.push(("use_request_no", Arc::clone(number)));
        }
        if let Some(number) = &self.last_return
            && (state != State::Used || settings.keeps_return_number)
        {
            numbers.push(("return_request_no", Arc::clone(number)));
        }
        numbers
    }

    fn write_detail(&self, json: &mut String, state: State, settings: &Settings) {
        let name = match self.usage {
            Usage::Single => "single_usage_detail",
            Usage::Bundle => "progressive_bundle_usage_detail",
            Usage::Future | Usage::Busifavor => "times_card_usage_detail",
            Usage::Sequential(uses) => {
                let _ = write!(
                    json,
                    r#","sequential_usage_detail":{{"total_count":{uses},"used_count":{},"detail_item_list":["#,
                    self.standing.len()
                );
                for (index, used) in self.uses.iter().enumerate() {
                    let state = if used.returned_by.is_some() { "RETURNED" } else { "USED" };
                    let comma = if index > 0 { "," } else { "" };
                    let _ = write!(
                        json,
                        r#"{comma}{{"use_request_no":"{}","detail_state":"{state}""#,
                        used.number
                    );
                    if let Some(number) = &used.returned_by {
                        let _ = write!(json, r#","return_request_no":"{number}""#);
                    }
                    json.push('}');
                }
                json.push_str("]}");
                return;
            }
        };
        let mut members = Vec::new();
        if let Some((number, time)) = &self.last_use
            && (state == State::Used || settings.keeps_use_number)
        {
            members.push(format!(r#""use_request_no":"{number}","use_time":"{time}""#));
        }
        if let Some(number) = &self.last_return
            && (state != State::Used || settings.keeps_return_number)
        {
            members.push(format!(r#""return_request_no":"{number}""#));
        }
        if !members.is_empty() {
            let _ = write!(json, r#","{name}":{{{}}}"#, members.join(","));
        }
    }
}
