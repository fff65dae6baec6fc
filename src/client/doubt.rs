//! What became of an attempt without an answer: the coupon, or the list of the user's coupons, may show it.
//!
//! Who asks, and what an answer is worth, is decided here and in [`evidence`]: nothing else ends doubt.

use super::{Client, Errand};
use crate::api::{self, Defaults, ListPlace, Operation, Scope, Settles, Shows};
use crate::evidence::{self, Evidence, Page};
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::clock::FAR_AHEAD_S;
use crate::net::deadline::Deadline;
use crate::outcome::Ask;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::wire::verify::{Proof, WINDOW_S};
use serde_json::{Map, Value};

/// Pages of a list that are looked through. A user has at most 100 coupons of one stock, and a bundle has up
/// to 15 stocks.
const PAGES: usize = 40;
const PAGE_SIZE: usize = 50;

/// What an earlier call left behind.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prior {
    /// It may have sent the request, and has no answer that ended it.
    pub doubt: bool,
    /// Time of the latest signature that may still arrive, in seconds since 1970; 0 where none can.
    pub signed_s: i64,
    /// A proven answer has said something of it before.
    pub was_judged: bool,
    /// When a proven answer said that it was done, in seconds since 1970.
    pub done_s: Option<i64>,
    /// The doubt has outlived the copies that it began with.
    pub is_old: bool,
    /// A return of the coupon that began after it may have undone it.
    pub may_be_returned: bool,
    /// No copy of it is sent while it is not known what became of the one before.
    pub sends_once: bool,
}

/// What a question brought.
pub(super) struct Looked {
    pub evidence: Evidence,
    /// When the answer was given.
    pub proof: Option<Proof>,
    pub report: Report,
}

impl Looked {
    /// Whether no copy of what was signed last at that time can be accepted any more.
    pub fn copies_are_dead(&self, signed_s: i64) -> bool {
        signed_s == 0 || self.proof.is_some_and(|proof| evidence::copies_are_dead(signed_s, proof))
    }

    /// Whether it says that the request has no effect, and can have none any more.
    pub fn counts(&self, signed_s: i64) -> bool {
        self.evidence.counts(self.copies_are_dead(signed_s))
    }

    /// Whether it says that what was proven to be done at that time stands no more. What shows nothing of it must be as much
    /// younger as the life of a copy: WeChat Pay may read a moment behind what it has written, and the answer may be an old one.
    pub fn undoes(&self, done_s: i64) -> bool {
        match self.evidence {
            Evidence::Undone => true,
            Evidence::NotDone(_) | Evidence::Other(_) => {
                self.proof.is_some_and(|proof| evidence::copies_are_dead(done_s, proof))
            }
            _ => false,
        }
    }

    /// What the coupon says of a success: of one that was told at `done_s`, or of one that has just come.
    pub fn word(&self, done_s: Option<i64>) -> Word {
        match self.evidence {
            Evidence::Done => Word::Stands,
            Evidence::Undone => Word::IsUndone,
            _ if done_s.is_some_and(|done_s| self.undoes(done_s)) => Word::IsUndone,
            _ => Word::Nothing,
        }
    }

    /// The coupon, where it was shown.
    pub fn coupon(&self) -> Option<Map<String, Value>> {
        members_of(&self.report)
    }

    /// A coupon of the withdrawn usage mode that has several uses.
    pub fn is_sequential(&self) -> bool {
        self.coupon()
            .is_some_and(|coupon| coupon.get("sequential_usage_detail").is_some_and(Value::is_object))
    }

    /// The request took effect, as the answer shows.
    pub fn done(self) -> Report {
        Report { settled_by: self.report.operation, operation: None, ..self.report }
    }

    /// The same for a request that was refused or came to nothing: a status of its own.
    pub fn refused(&self, code: Code, message: String, signed_s: i64) -> Report {
        let may_arrive_late = !self.copies_are_dead(signed_s);
        Report {
            may_arrive_late,
            message,
            by_evidence: true,
            settled_by: self.report.operation,
            ..self.told(code)
        }
    }

    /// The same for one of which as little is known as before.
    pub fn unsettled(&self, why: &str) -> Report {
        let message = match self.report.code {
            Code::Ok => why.to_owned(),
            _ => format!("{why}: {}", self.report.message),
        };
        let code = if self.report.heard { Code::AnswerUntrusted } else { Code::ConnectionLost };
        Report { message, course: self.report.course.clone(), ..self.told(code) }
    }

    fn told(&self, code: Code) -> Report {
        Report {
            host: self.report.host.clone(),
            http_status: self.report.http_status,
            request_id: self.report.request_id.clone(),
            proven: self.proof,
            heard: self.report.heard,
            ..Report::new(code)
        }
    }
}

/// What the coupon says of a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It stands.
    Stands,
    /// It was undone since.
    IsUndone,
    /// Neither.
    Nothing,
}

/// A time that lies far ahead of a later answer was not the time of sending. The answer itself may be as old as the window
/// allows.
pub(super) fn capped(signed_s: i64, proof: Option<Proof>) -> i64 {
    let Some(proof) = proof.filter(|proof| proof.is_certain) else { return signed_s };
    let latest_now_s = proof.at_s.saturating_add(WINDOW_S);
    if signed_s > latest_now_s.saturating_add(FAR_AHEAD_S) { latest_now_s } else { signed_s }
}

pub(super) fn returned_since(operation: &str) -> String {
    match operation {
        "use" => "the coupon was redeemed by this number and returned since".into(),
        _ => "the request with this number took effect and was undone since".into(),
    }
}

/// One refused or puzzling attempt, and what else is known of its request.
pub(super) struct Case<'a> {
    pub errand: &'a Errand<'a>,
    pub prior: Prior,
    /// Time of the latest signature of this call that may still arrive; 0 where none can.
    pub signed_s: i64,
    /// How often this call sent it.
    pub attempts_in_doubt: u32,
}

impl Case<'_> {
    /// Time of the latest signature of all calls.
    fn latest_s(&self) -> i64 {
        if self.prior.doubt { self.signed_s.max(self.prior.signed_s) } else { self.signed_s }
    }

    /// Whether a success may be the answer of long ago, and undone since.
    pub fn is_old_success(&self, success: &Report) -> bool {
        let Settles::ByAsking { shows: Shows::Coupon(trace), .. } = self.errand.settles() else {
            return false;
        };
        let signed_s = self.prior.signed_s;
        // Where it cannot be told how old it is, it may be; and a later signature does not make an earlier one younger.
        let may_be_old = success.proven.is_none_or(|proof| {
            self.prior.is_old || !proof.is_certain || evidence::copies_are_dead(signed_s, proof)
        });
        !trace.stays_done && (self.prior.was_judged || self.prior.doubt && may_be_old)
    }

    fn other(&self, other: &str) -> String {
        format!("another request has done it before: {} {other}", self.errand.id)
    }
}

impl Client {
    /// A refusal of a repeat does not say what became of the first: the coupon itself does.
    pub(super) fn settle_refusal(
        &self,
        case: &Case<'_>,
        refusal: Report,
        doubt: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let signed_s = case.latest_s();
        // What is proven now bounds when the latest copy was sent.
        let mut proven = refusal.proven;
        match case.errand.settles() {
            Settles::ByAsking { ask, shows } => {
                let looked = self.look(case.errand, ask, shows, deadline, cancel);
                proven = looked.proof.or(proven);
                let must_name = matches!(shows, Shows::Coupon(trace) if trace.must_name);
                let late = !looked.copies_are_dead(signed_s);
                match &looked.evidence {
                    Evidence::Done => return looked.done(),
                    Evidence::Undone => {
                        return looked.refused(Code::CouponState, returned_since(case.errand.id), signed_s);
                    }
                    // Told at once: the customer stands at the till. Who asks goes on watching.
                    Evidence::Other(_) => return Report { may_arrive_late: late, ..refusal },
                    // Had it been among those, its repeat would have had the same answer.
                    Evidence::Unnamed(_) if !must_name && !late && is_answer_for_good(&refusal, signed_s) => {
                        return refusal;
                    }
                    _ if looked.counts(signed_s) => return refusal,
                    _ => {}
                }
                if looked.report.code != Code::Ok {
                    let said = refusal.code.name();
                    let message = format!(
                        "{}; then {said}: asking was no use: {}",
                        doubt.message, looked.report.message
                    );
                    return Report { message, proven, ..doubt };
                }
            }
            // Had the first attempt taken effect, its repeat would have had the same answer.
            Settles::ByRepeating if is_answer_for_good(&refusal, signed_s) => return refusal,
            _ => {}
        }
        // The attempt in doubt may still be on its way, or be worked on this very moment.
        let message = format!("{}; a repeat was refused now ({})", doubt.message, refusal.message);
        Report { message, proven, ..doubt }
    }

    /// A proven success that does not show this request: the coupon is asked about in the same call.
    pub(super) fn settle_puzzle(
        &self,
        case: &Case<'_>,
        puzzle: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let in_doubt = |why: &str| {
            let message = format!("{}; asking: {why}", puzzle.message);
            Report { message, data: None, ..puzzle.clone() }
        };
        let Settles::ByAsking { ask, shows } = case.errand.settles() else {
            return in_doubt("nothing to ask");
        };
        let looked = self.look(case.errand, ask, shows, deadline, cancel);
        let must_name = matches!(shows, Shows::Coupon(trace) if trace.must_name);
        let every_attempt_is_answered = !case.prior.doubt && case.attempts_in_doubt <= 1;
        match &looked.evidence {
            Evidence::Done => looked.done(),
            Evidence::Undone => {
                looked.refused(Code::CouponState, returned_since(case.errand.id), case.latest_s())
            }
            // It has left the state that it started in, and WeChat Pay said success.
            Evidence::Unnamed(_) if !must_name => looked.done(),
            Evidence::Unnamed(_) if puzzle.ask == Some(Ask::Unnamed) && every_attempt_is_answered => Report {
                code: Code::Ok,
                in_doubt: false,
                verification: None,
                proof: Some("answer"),
                ..puzzle
            },
            Evidence::Other(other) => {
                let message = case.other(other);
                looked.refused(Code::CouponState, message, case.latest_s())
            }
            Evidence::NotDone(state) if looked.counts(0) && ends(case.errand.id, state) => {
                let message = format!("the coupon is {state}");
                looked.refused(Code::CouponState, message, case.latest_s())
            }
            _ if looked.report.code == Code::Ok => in_doubt("the coupon does not show this number"),
            _ => in_doubt(&looked.report.message),
        }
    }

    /// An answer to a number that has an older one: only the coupon says whether a success stands, and a refusal says nothing
    /// of what was proven to be done.
    pub(super) fn settle_old(
        &self,
        case: &Case<'_>,
        last: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let Settles::ByAsking { ask, shows } = case.errand.settles() else { return last };
        let looked = self.look(case.errand, ask, shows, deadline, cancel);
        match looked.word(case.prior.done_s) {
            Word::Stands if last.code == Code::Ok => last,
            Word::Stands => looked.done(),
            Word::IsUndone => looked.refused(Code::CouponState, returned_since(case.errand.id), 0),
            // Kept with the row: from then on only the coupon decides.
            Word::Nothing if last.code == Code::Ok => {
                let message = format!("the answer may be an old one; asking: {}", looked.report.message);
                Report { code: Code::AnswerUntrusted, in_doubt: true, message, ..last }
            }
            Word::Nothing => last,
        }
    }

    /// Asks what became of the request, page after page where the answer is a list.
    pub(super) fn look(
        &self,
        errand: &Errand<'_>,
        ask: &'static Operation,
        shows: Shows,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Looked {
        let number = errand.number.unwrap_or_default();
        match shows {
            Shows::Coupon(trace) => {
                let report = self.ask(ask, errand.members, deadline, cancel);
                let found = match members_of(&report) {
                    Some(coupon) => evidence::of_question(trace, number, &coupon),
                    None => of_refused(&report),
                };
                looked(found, report)
            }
            Shows::List(place) => self.look_through(errand, ask, place, deadline, cancel),
        }
    }

    fn look_through(
        &self,
        errand: &Errand<'_>,
        ask: &'static Operation,
        place: &ListPlace,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Looked {
        let (number, mut first, mut seen) = (errand.number.unwrap_or_default(), None, 0_u64);
        let mut total = None;
        let mut members = errand.members.clone();
        members.insert("page_size".into(), PAGE_SIZE.into());
        for _ in 0..PAGES {
            let report = self.ask(ask, &members, deadline, cancel);
            let Some(page) = members_of(&report) else { return looked(Evidence::Nothing, report) };
            seen = match evidence::of_page(place, number, &page) {
                Page::Shown => return looked(Evidence::Done, report),
                Page::Unreadable => return looked(Evidence::Nothing, report),
                Page::NotShown(items) => seen.saturating_add(items),
            };
            // An item that comes or goes while the pages are read moves others from one to the next.
            let counted = page.get("total_count").and_then(Value::as_u64);
            if *total.get_or_insert(counted) != counted {
                return looked(Evidence::Nothing, report);
            }
            // What came after the first page was read may be on none.
            let earliest = *first.get_or_insert(report.proven);
            let token = page.get("next_page_token").and_then(Value::as_str).filter(|token| !token.is_empty());
            let Some(token) = token else {
                let is_whole =
                    page.get("total_count").and_then(Value::as_u64).is_none_or(|total| total <= seen);
                let found = if is_whole { Evidence::NotDone("not listed".into()) } else { Evidence::Nothing };
                return Looked { proof: earliest, ..looked(found, report) };
            };
            members.insert("page_token".into(), token.into());
        }
        let message = format!("the number is not among the first {} of the list", PAGES * PAGE_SIZE);
        looked(Evidence::Nothing, Report { message, ..Report::new(Code::ReadFailed) })
    }

    /// Asks with exactly the members of the row: what the configuration would fill in by now may name something else.
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
        let nothing = Defaults::default();
        let scope = match self.config.identity.mode {
            Mode::Brand => self.scope(),
            mode @ Mode::Partner => Scope { mode, defaults: &nothing },
        };
        let report = match api::prepare(question, &Value::Object(known).to_string(), scope, self.clock.now())
        {
            Ok(request) => {
                let errand = Errand::fresh(question.id, Some(question), &request);
                self.pursue(&errand, Prior::default(), deadline, cancel)
            }
            Err(error) => error.into(),
        };
        Report { operation: Some(question.id), ..report }
    }
}

fn looked(found: Evidence, report: Report) -> Looked {
    let proof = report.proven;
    let evidence = match proof {
        Some(Proof { is_certain: true, .. }) => found,
        Some(_) => found.of_uncertain_time(),
        None => Evidence::Nothing,
    };
    Looked { evidence, proof, report }
}

fn members_of(report: &Report) -> Option<Map<String, Value>> {
    if report.code != Code::Ok {
        return None;
    }
    serde_json::from_str(report.data.as_ref()?.get()).ok()
}

fn of_refused(report: &Report) -> Evidence {
    match (&report.wechat, report.http_status, report.code.class()) {
        (Some(error), Some(status), Class::Refused) => evidence::of_refusal(status, error),
        _ => Evidence::Nothing,
    }
}

/// States in which an operation has come to nothing although WeChat Pay said success.
fn ends(operation: &str, state: &str) -> bool {
    match operation {
        "confirm" => matches!(state, "EXPIRED" | "DELETED" | "DEACTIVATED"),
        _ => matches!(state, "EXPIRED" | "DELETED"),
    }
}

/// A proven refusal of a repeat, from when no copy could arrive any more.
fn is_answer_for_good(refusal: &Report, signed_s: i64) -> bool {
    is_about_the_request(refusal.code)
        && refusal.proven.is_some_and(|proof| evidence::copies_are_dead(signed_s, proof))
}

/// A refusal for who asks, or how it is signed, says nothing about an earlier request.
fn is_about_the_request(refusal: Code) -> bool {
    !matches!(refusal, Code::NoPermission | Code::SignRejected)
}
