//! What each interface does to a coupon, and when it refuses.

use super::coupon::{Coupon, State, Usage, What};
use super::message::{Asks, Reply, member};
use super::settings::AfterReturn;
use super::{WechatPay, done, refusal};
use crate::random::keyed_hash;
use crate::world::{BEGINNING_S, MS, Moment, SECOND};
use std::fmt::Write as _;
use std::sync::Arc;

/// How long WeChat Pay works on a redemption: another one of the same coupon is told "locked".
const WORK: Moment = 40 * MS;

impl WechatPay {
    pub(super) fn change(
        &mut self,
        now: Moment,
        asks: Asks,
        coupon: usize,
        number: &Arc<str>,
        body: &[u8],
    ) -> Reply {
        let (settings, bare) = (self.settings.clone(), now < self.bare_until);
        let coupon = &mut self.coupons[coupon];
        let state = coupon.state(now);
        if coupon.usage == Usage::Busifavor {
            return change_busifavor(now, asks, coupon, number, body);
        }
        if settings.locks && asks == Asks::Use && now < coupon.busy_until {
            return refusal(403, "INVALID_REQUEST", 272_756_746);
        }
        let wrong_state = |subcode| refusal(settings.state_status, "NOT_ENOUGH", subcode);
        let index = if matches!(coupon.usage, Usage::Sequential(_)) { index_in(body) } else { 0 };
        match (asks, state) {
            (Asks::Use, State::Effective) if coupon.is_spent(index) => return wrong_state(272_756_745),
            (Asks::Use, State::Effective) => {
                coupon.redeem(now, number, member(body, "use_time").unwrap_or_default(), index);
                coupon.busy_until = now + WORK;
            }
            (Asks::Use, State::Used) => return wrong_state(272_756_745),
            (Asks::Use, State::Confirming | State::Deactivated) => return wrong_state(268_578_367),
            (Asks::Use, State::Pending) => return wrong_state(272_755_715),
            (Asks::Use, State::Expired) => return wrong_state(268_578_776),
            (Asks::Use, State::Deleted) => return wrong_state(272_756_769),
            (Asks::Return, _) if coupon.is_spent(index) && is_returnable(coupon.usage, state) => {
                coupon.take_back(now, number, index);
            }
            (Asks::Confirm, State::Confirming) => coupon.confirm(now, number),
            (Asks::Deactivate, _) if !coupon.standing.is_empty() && !settings.ends_partly_used => {
                return wrong_state(0);
            }
            (Asks::Deactivate, State::Confirming | State::Pending | State::Effective) => {
                coupon.deactivate(now, number);
            }
            _ => return wrong_state(0),
        }
        done(coupon.shown(now, &settings, bare))
    }

    /// A number that has done its work comes again.
    pub(super) fn repeated(
        &mut self,
        now: Moment,
        asks: Asks,
        coupon: usize,
        number: &Arc<str>,
        old: &str,
    ) -> Reply {
        let (settings, bare) = (self.settings.clone(), now < self.bare_until);
        let coupon = &mut self.coupons[coupon];
        let is_older = coupon.usage == Usage::Busifavor;
        if asks != Asks::Use && settings.after_return == AfterReturn::NewAnswer && !is_older {
            return done(coupon.shown(now, &settings, bare));
        }
        if asks != Asks::Use || coupon.stands(number) {
            return done(old.to_owned());
        }
        match settings.after_return {
            AfterReturn::OldAnswer => done(old.to_owned()),
            // What it answers shows nothing of the coupon.
            AfterReturn::NewAnswer if is_older => done(old.to_owned()),
            AfterReturn::NewAnswer => done(coupon.shown(now, &settings, bare)),
            AfterReturn::Refused if is_older => refusal(400, "INVALID_REQUEST", 0),
            AfterReturn::Refused => refusal(settings.state_status, "NOT_ENOUGH", 0),
        }
    }

    pub(super) fn send(&mut self, now: Moment, number: &Arc<str>) -> Reply {
        let code = format!("SENT{:012X}", keyed_hash(self.key, number.as_bytes()) >> 16);
        let mut coupon = Coupon::new(&code, Usage::Single, State::Confirming);
        coupon.sent_by = Arc::clone(number);
        coupon.write(now, What::Sent, number, None);
        let json = coupon.shown(now, &self.settings, false);
        self.coupons.push(coupon);
        done(json)
    }

    pub(super) fn list(&mut self, now: Moment, target: &str) -> Reply {
        let asked = |name: &str| {
            let query = target.split_once('?')?.1;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let from: usize = asked("page_token").and_then(|token| token.parse().ok()).unwrap_or(0);
        let size: usize = asked("page_size").and_then(|size| size.parse().ok()).unwrap_or(20);
        let (settings, bare) = (&self.settings, now < self.bare_until);
        let mut body = String::from(r#"{"total_count":"#);
        let is_listed = |coupon: &&mut Coupon| coupon.usage != Usage::Busifavor;
        let total = self.coupons.iter_mut().filter(is_listed).count();
        let _ = write!(body, r#"{total},"user_coupon_list":["#);
        let absent = |coupon: &mut Coupon| settings.deleted_is_absent && coupon.state(now) == State::Deleted;
        let mut first = true;
        for coupon in self.coupons.iter_mut().filter(is_listed).skip(from).take(size) {
            if absent(coupon) {
                continue;
            }
            if !std::mem::take(&mut first) {
                body.push(',');
            }
            body.push_str(&coupon.shown(now, settings, bare));
        }
        body.push(']');
        if from + size < total {
            let _ = write!(body, r#","next_page_token":"{}""#, from + size);
        }
        body.push('}');
        done(body)
    }
}

/// The older family: its answers have a time and no coupon, and its refusals have codes of their own.
fn change_busifavor(now: Moment, asks: Asks, coupon: &mut Coupon, number: &Arc<str>, body: &[u8]) -> Reply {
    match (asks, coupon.state(now)) {
        (Asks::Use, State::Effective) => {
            coupon.redeem(now, number, member(body, "use_time").unwrap_or_default(), 0);
            let time = rfc3339(now);
            done(format!(r#"{{"stock_id":"100000001","openid":"oUser","wechatpay_use_time":"{time}"}}"#))
        }
        (Asks::Use, State::Used) => refusal(400, "RESOURCE_ALREADY_EXISTS", 0),
        (Asks::Use, State::Pending | State::Expired) => refusal(403, "RULELIMIT", 0),
        (Asks::Return, State::Used) if coupon.is_spent(0) => {
            coupon.take_back(now, number, 0);
            done(format!(r#"{{"wechatpay_return_time":"{}"}}"#, rfc3339(now)))
        }
        _ => refusal(400, "INVALID_REQUEST", 0),
    }
}

/// A moment as China's clocks show it.
fn rfc3339(now: Moment) -> String {
    const CHINA_S: i64 = 8 * 60 * 60;
    let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
    let second = BEGINNING_S + i64::try_from(now / SECOND).unwrap_or(0) + CHINA_S;
    let moment = time::OffsetDateTime::from_unix_timestamp(second);
    moment.ok().and_then(|moment| moment.format(&form).ok()).unwrap_or_default()
}

/// Which use of a coupon that has several a body is about.
fn index_in(body: &[u8]) -> usize {
    const NAME: &[u8] = b"\"sequential_coupon_index\":";
    let place = body.windows(NAME.len()).position(|window| window == NAME);
    let digit = place.and_then(|place| body.get(place + NAME.len()));
    digit.map_or(0, |digit| usize::from(digit.saturating_sub(b'0')))
}

/// A coupon with several uses can be returned while some are left.
fn is_returnable(usage: Usage, state: State) -> bool {
    state == State::Used || matches!(usage, Usage::Sequential(_)) && state == State::Effective
}
