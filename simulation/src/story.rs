//! What happened, as a person can read it.

use crate::adversary::fate::Fate;
use crate::adversary::span;
use crate::wechat::message::{Asks, Copy, Reply, Request, Twist, coupon_in, number_in};
use crate::world::{DAY, HOUR, MINUTE, MS, Moment, SECOND, World};
use std::fmt::Write as _;

/// The lines of a story, where anybody wants one.
pub struct Story {
    lines: Option<Vec<(Moment, String)>>,
}

impl Story {
    pub fn new(told: bool) -> Story {
        Story { lines: told.then(Vec::new) }
    }

    pub fn is_told(&self) -> bool {
        self.lines.is_some()
    }

    /// One line, made only where it is wanted.
    pub fn tell(&mut self, at: Moment, words: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push((at, words()));
        }
    }

    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.lines.iter().flatten().map(|(at, words)| format!("{}  {words}", clock(*at)))
    }
}

/// Virtual time since the world began.
pub fn clock(at: Moment) -> String {
    let days = at / DAY;
    let day = if days > 0 { format!("{days}d ") } else { String::new() };
    format!(
        "{day}{:02}:{:02}:{:02}.{:03}",
        at % DAY / HOUR,
        at % HOUR / MINUTE,
        at % MINUTE / SECOND,
        at % SECOND / MS
    )
}

fn about(asks: Asks, request: &Request) -> String {
    let coupon = coupon_in(&request.target, &request.body).unwrap_or("-");
    match number_in(&request.body) {
        Some(number) => format!("{} {number} of {coupon}", asks.name()),
        None => format!("{} of {coupon}", asks.name()),
    }
}

/// What the line does with a request, and what WeChat Pay says to it.
impl World {
    /// A request leaves.
    pub fn departure_in_words(asks: Asks, request: &Request, fate: &Fate) -> String {
        let mut words = format!("sends {}", about(asks, request));
        if let Some(stand_in) = &fate.stand_in {
            let _ = write!(words, "; somebody in between answers {} {}", stand_in.status, stand_in.body);
        } else if let Some(there) = fate.there {
            if there > SECOND {
                let _ = write!(words, "; it arrives {} later", span(there));
            }
        } else {
            words += "; it is lost";
        }
        for again in &fate.again {
            let _ = write!(words, "; a copy arrives {} later", span(*again));
        }
        words
    }

    /// A copy reaches WeChat Pay.
    pub fn arrival_in_words(asks: Asks, copy: &Copy, reply: &Reply) -> String {
        let signed = if reply.is_signed() { "signed" } else { "unsigned" };
        let body = short(&reply.body);
        let mut words = format!(
            "    WeChat Pay has {}: {} {signed} {} {body}",
            about(asks, &copy.request),
            reply.status,
            reply.request_id.as_deref().unwrap_or("-"),
        );
        let twist = match copy.twist {
            _ if copy.asker.is_none() => "; nobody waits for it".to_owned(),
            Twist::None | Twist::TooMany | Twist::Fault { done: false, .. } => String::new(),
            Twist::Lost { .. } => "; the answer is lost".into(),
            Twist::Probe => "; the signature is a probe".into(),
            Twist::Fault { status, .. } => format!("; but answers {status}"),
            Twist::Replayed(_) | Twist::ReplayedOld(_) => {
                "; another recorded answer comes in its place".into()
            }
            Twist::Damaged => "; damaged on its way".into(),
            Twist::WrongDate(off) => format!("; its Date is {off} s off"),
        };
        words.push_str(&twist);
        if copy.back > SECOND {
            let _ = write!(words, "; the answer travels {}", span(copy.back));
        }
        words
    }
}

/// An answer without what is always the same in it.
fn short(body: &str) -> String {
    let common = [
        r#""send_request_no":"SENT-BY-THE-BRAND","send_channel":"API","#,
        r#""product_coupon":{"product_coupon_id":"200000001","usage_mode":"SINGLE"},"#,
        r#""product_coupon":{"product_coupon_id":"200000001","usage_mode":"SINGLE"}"#,
        r#""stock":{"stock_id":"100000001"},"#,
        r#""stock":{"stock_id":"100000001"}"#,
        r#","use_time":"2026-06-01T12:00:00+08:00""#,
        r#","message":"不可用""#,
    ];
    common.iter().fold(body.to_owned(), |body, part| body.replace(part, "")).replace(",}", "}")
}
