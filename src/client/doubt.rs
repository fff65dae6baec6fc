//! What became of an attempt without an answer: the coupon, or the list of the user's coupons, may show it.

use super::{Client, Errand};
use crate::api::{self, Operation, Settles};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::Code;
use crate::system::wall_ms;
use serde_json::{Map, Value};

/// Pages of a list that are looked through. A user has at most 100 coupons of one stock, and a bundle has up
/// to 15 stocks.
const PAGES: usize = 40;
const PAGE_SIZE: usize = 50;

/// What looking for a number brought.
enum Looked {
    Shown(Box<Report>),
    /// Everything there is was seen.
    NotShown(Box<Report>),
    InVain(Box<Report>),
}

impl Client {
    /// A refusal of a repeat does not say what became of the first: the coupon itself does.
    pub(super) fn settle_refusal(
        &self,
        errand: &Errand<'_>,
        refusal: Report,
        doubt: Report,
        arrival: Arrival,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        match errand.operation.map_or(Settles::ByRepeating, |operation| operation.settles) {
            Settles::ByAsking { ask, shown_at, impossible_in } => {
                match self.look_for(errand, ask, shown_at, deadline, cancel) {
                    Looked::Shown(asked) => {
                        return Report { settled_by: Some(ask.id), operation: None, ..*asked };
                    }
                    Looked::NotShown(asked) if arrival.is_over() || is_impossible(impossible_in, &asked) => {
                        return refusal;
                    }
                    Looked::NotShown(_) => {}
                    Looked::InVain(asked) => {
                        let message = format!(
                            "{}; then {}: asking was no use: {}",
                            doubt.message,
                            refusal.code.name(),
                            asked.message
                        );
                        return Report { message, ..doubt };
                    }
                }
            }
            // Had the first attempt taken effect, its repeat would have had the same answer.
            Settles::ByRepeating if arrival.is_over() && is_about_the_request(refusal.code) => {
                return refusal;
            }
            _ => {}
        }
        // The attempt in doubt may still be on its way, or be worked on this very moment.
        let message = format!("{}; a repeat was refused now ({})", doubt.message, refusal.message);
        Report { message, ..doubt }
    }

    /// Asks, page after page where the answer is a list, until the number is shown or there is no more to see.
    fn look_for(
        &self,
        errand: &Errand<'_>,
        ask: &'static Operation,
        shown_at: &[&str],
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Looked {
        let mut members = errand.members.clone();
        members.insert("page_size".into(), PAGE_SIZE.into());
        for _ in 0..PAGES {
            let asked = self.ask(ask, &members, deadline, cancel);
            if is_absent(&asked) {
                return Looked::NotShown(Box::new(asked));
            }
            if asked.code != Code::Ok {
                return Looked::InVain(Box::new(asked));
            }
            if shows(shown_at, errand.number, &asked) {
                return Looked::Shown(Box::new(asked));
            }
            match next_page(&asked) {
                Some(token) => members.insert("page_token".into(), token.into()),
                None => return Looked::NotShown(Box::new(asked)),
            };
        }
        let message = format!("the number is not among the first {} of the list", PAGES * PAGE_SIZE);
        Looked::InVain(Box::new(Report { message, ..Report::new(Code::ReadFailed) }))
    }

    /// The coupon that these members are about, as WeChat Pay has it now.
    pub(super) fn ask_about(
        &self,
        members: &Map<String, Value>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        self.ask(&api::QUERY, members, deadline, cancel)
    }

    fn ask(
        &self,
        question: &'static Operation,
        members: &Map<String, Value>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let wanted = question.members.iter().map(|member| member.name);
        let known: Map<String, Value> =
            wanted.filter_map(|name| Some((name.to_owned(), members.get(name)?.clone()))).collect();
        match api::prepare(question, &Value::Object(known).to_string(), self.scope(), self.clock.now()) {
            Ok(request) => {
                let errand = Errand::fresh(question.id, Some(question), &request);
                self.pursue(&errand, None, deadline, cancel)
            }
            Err(error) => error.into(),
        }
    }
}

/// A request that an earlier call, or a process that died, may have sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct EarlierDoubt {
    /// Until when it can still arrive.
    pub until_ms: i64,
}

/// Which attempts without an answer may still arrive at WeChat Pay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub earlier: Option<EarlierDoubt>,
    pub from_this_call: bool,
}

impl Arrival {
    fn is_over(self) -> bool {
        !self.from_this_call && self.earlier.is_none_or(|earlier| wall_ms() >= earlier.until_ms)
    }
}

/// The coupon is in a state in which no copy of the request can take effect.
fn is_impossible(states: &[&str], asked: &Report) -> bool {
    let coupon = asked.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let state = coupon.as_ref().and_then(|coupon| coupon.get("coupon_state")?.as_str());
    state.is_some_and(|state| states.contains(&state))
}

/// Whether the coupon shows this request's number, so that the request has taken effect.
pub(super) fn shows(shown_at: &[&str], number: Option<&str>, asked: &Report) -> bool {
    let (Some(number), Some(data)) = (number, &asked.data) else { return false };
    let Ok(coupon) = serde_json::from_str::<Value>(data.get()) else { return false };
    shown_at.iter().any(|at| match at.split_once("/*") {
        None => coupon.pointer(at).and_then(Value::as_str) == Some(number),
        Some((list, rest)) => coupon.pointer(list).and_then(Value::as_array).is_some_and(|items| {
            items.iter().any(|item| item.pointer(rest).and_then(Value::as_str) == Some(number))
        }),
    })
}

/// WeChat Pay says that what was asked about does not exist.
pub(super) fn is_absent(asked: &Report) -> bool {
    asked.code == Code::NotFound
}

fn next_page(asked: &Report) -> Option<String> {
    let page: Value = serde_json::from_str(asked.data.as_ref()?.get()).ok()?;
    let token = page.get("next_page_token")?.as_str()?;
    (!token.is_empty()).then(|| token.to_owned())
}

/// A refusal for who asks, or how it is signed, says nothing about an earlier request.
fn is_about_the_request(refusal: Code) -> bool {
    !matches!(refusal, Code::NoPermission | Code::SignRejected)
}
