//! Looking at 商家券, and making or changing them, from outside the API.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BusifavorState, Coupon, Key, code_mode};
use crate::clock::{parse_rfc3339, rfc3339};
use crate::error::{Error, Result};
use crate::identities::{BUSIFAVOR_STOCK_IDS, MCHID, OTHER_TILL_NUMBER};
use crate::state::State;
use crate::state::ledger::Effect;
use crate::state::outbox::WebhookEvent;
use crate::state::view::check_code;
use crate::sync::read;
use crate::text::Text;

/// A 商家券 as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BusifavorView {
    /// The code.
    pub coupon_code: String,
    /// The stock.
    pub stock_id: String,
    /// The owner.
    pub openid: String,
    /// The state now.
    pub state: BusifavorState,
    /// RFC 3339.
    pub available_start_time: String,
    /// RFC 3339.
    pub expire_time: String,
    /// Number of the latest redemption.
    pub use_request_no: Option<String>,
    /// Number of the latest return.
    pub return_request_no: Option<String>,
    /// Redemptions in its history.
    pub times_used: usize,
    /// Returns in its history.
    pub times_returned: usize,
}

/// A 商家券 to make or to alter. Members left out keep their value on an existing coupon; on a new one they are: the first
/// stock, the seeded openid, SENDED, valid now. A new one is announced as `COUPON.SEND`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusifavorSpec {
    /// The code, at most 32 characters.
    pub coupon_code: String,
    /// One of the sandbox's stocks.
    #[serde(default)]
    pub stock_id: Option<String>,
    /// The owner.
    #[serde(default)]
    pub openid: Option<String>,
    /// The state; time still ends SENDED.
    #[serde(default)]
    pub state: Option<BusifavorState>,
    /// RFC 3339.
    #[serde(default)]
    pub available_start_time: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub expire_time: Option<String>,
    /// With state USED: the number it was redeemed under, before anyone looked (not in the ledger).
    #[serde(default)]
    pub use_request_no: Option<String>,
}

impl BusifavorSpec {
    /// A coupon with everything at its default.
    #[must_use]
    pub fn new(coupon_code: impl Into<String>) -> Self {
        Self { coupon_code: coupon_code.into(), ..Self::default() }
    }

    /// Sets the stock.
    #[must_use]
    pub fn stock(mut self, stock_id: impl Into<String>) -> Self {
        self.stock_id = Some(stock_id.into());
        self
    }

    /// Sets the state.
    #[must_use]
    pub fn state(mut self, state: BusifavorState) -> Self {
        self.state = Some(state);
        self
    }
}

impl State {
    /// How the 商家券 with that code stand, by stock; there is one, unless merchants gave the same code twice.
    pub(crate) fn busifavor_views(&self, code: &str) -> Vec<BusifavorView> {
        let now = self.clock.business_now();
        let found = self.busifavor.select(|(_, its_code), _| its_code == code);
        found.into_iter().map(|(key, coupon)| view(key, &coupon, now)).collect()
    }

    /// Makes or alters a 商家券.
    pub(crate) fn put_busifavor(&self, spec: &BusifavorSpec) -> Result<BusifavorView> {
        let code = spec.coupon_code.as_str();
        let wrong = |english: &str, chinese: &str| Error::Coupon(Text::new(english, chinese).about(code));
        if code.is_empty() || code.chars().count() > 32 {
            return Err(Error::Coupon(Text::new(
                "coupon_code must have 1 to 32 characters",
                "coupon_code 必须有 1 到 32 个字符",
            )));
        }
        check_code(code).map_err(|issue| Error::Coupon(issue.said_of("coupon_code")))?;
        let time = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => parse_rfc3339(text)
                .map(Some)
                .ok_or_else(|| wrong("not an RFC 3339 time", "时间不符合 RFC 3339 格式")),
        };
        let (begin, end) = (time(&spec.available_start_time)?, time(&spec.expire_time)?);
        let [first, ..] = BUSIFAVOR_STOCK_IDS;
        let stock_id = spec.stock_id.as_deref().unwrap_or(first);
        if code_mode(stock_id).is_none() {
            return Err(wrong("no such stock_id", "没有这个 stock_id"));
        }
        // Whoever changes anything holds the catalogue.
        let _catalogue = read(&self.catalogue);
        let now = self.clock.business_now();
        let key: Key = (stock_id.to_owned(), code.to_owned());
        let (coupon, is_new) = self.busifavor.ensure(key.clone(), now, |coupon, is_new| {
            coupon.openid = spec.openid.clone().unwrap_or_else(|| coupon.openid.clone());
            coupon.begin = begin.unwrap_or(coupon.begin);
            coupon.end = end.unwrap_or(coupon.end);
            coupon.state = spec.state.unwrap_or(coupon.state);
            if let Some(number) = &spec.use_request_no
                && coupon.event(number).is_none()
            {
                coupon.history.push(self.past_use(number));
            }
            (coupon.clone(), is_new)
        });
        self.touch();
        if is_new {
            self.announce_busifavor(&key, &coupon);
        }
        Ok(view(key, &coupon, now))
    }

    fn announce_busifavor(&self, (stock_id, code): &Key, coupon: &Coupon) {
        self.outbox.push(WebhookEvent {
            event_type: "COUPON.SEND".to_owned(),
            resource: json!({
                "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
                "coupon_code": code,
                "stock_id": stock_id,
                "send_time": rfc3339(coupon.received),
                "openid": coupon.openid,
                "unionid": format!("u{}", coupon.openid),
                "send_channel": "BUSICOUPON_SEND_CHANNEL_API",
                "send_merchant": MCHID,
                // An object where there is something to say, and an empty text where there is not.
                "attach_info": "",
            }),
            summary: "商家券领券通知".to_owned(),
        });
    }

    /// The 商家券 that every sandbox starts with.
    pub(crate) fn plant_busifavor(&self) {
        let [_, given, uploaded] = BUSIFAVOR_STOCK_IDS;
        let mut specs: Vec<BusifavorSpec> =
            (1..=9).map(|n| BusifavorSpec::new(format!("SBF_SENDED_{n}"))).collect();
        specs.extend([
            BusifavorSpec {
                use_request_no: Some(OTHER_TILL_NUMBER.to_owned()),
                ..BusifavorSpec::new("SBF_USED").state(BusifavorState::Used)
            },
            BusifavorSpec::new("SBF_EXPIRED").state(BusifavorState::Expired),
            BusifavorSpec::new("SBF_DELETED").state(BusifavorState::Deleted),
            BusifavorSpec::new("SBF_DEACTIVATED").state(BusifavorState::Deactivated),
            BusifavorSpec::new("SBF_GIVEN").stock(given),
            BusifavorSpec::new("SBF_UPLOADED").stock(uploaded),
            // The same code in two stocks.
            BusifavorSpec::new("SBF_TWICE").stock(given),
            BusifavorSpec::new("SBF_TWICE").stock(uploaded),
        ]);
        for spec in specs {
            // The seeds are constants that the test below checks.
            let _ = self.put_busifavor(&spec);
        }
    }
}

fn view((stock_id, coupon_code): Key, coupon: &Coupon, now: i64) -> BusifavorView {
    let count = |effect: Effect| coupon.history.iter().filter(|event| event.effect() == effect).count();
    let number = |effect: Effect| coupon.latest(effect).map(|event| event.number.to_string());
    BusifavorView {
        coupon_code,
        stock_id,
        openid: coupon.openid.clone(),
        state: coupon.state_at(now),
        available_start_time: rfc3339(coupon.begin),
        expire_time: rfc3339(coupon.end),
        use_request_no: number(Effect::Used),
        return_request_no: number(Effect::Returned),
        times_used: count(Effect::Used),
        times_returned: count(Effect::Returned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_planted() {
        let state = State::new();
        for (code, expected) in [
            ("SBF_SENDED_9", vec![BusifavorState::Sended]),
            ("SBF_USED", vec![BusifavorState::Used]),
            ("SBF_EXPIRED", vec![BusifavorState::Expired]),
            ("SBF_TWICE", vec![BusifavorState::Sended; 2]),
        ] {
            let found: Vec<BusifavorState> =
                state.busifavor_views(code).into_iter().map(|view| view.state).collect();
            assert_eq!(found, expected, "{code}");
        }
    }
}
