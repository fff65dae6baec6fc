//! Lookups: the coupon, or the list of the user's coupons, may show what happened to a request.

use super::doubt::PriorAttempt;
use super::{Client, OutgoingRequest};
use crate::api::{self, Defaults, ListPlace, Operation, Scope, ShownBy, Trace};
use crate::evidence::{self, Evidence, Page};
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::redact::Quoted;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::wire::verify::Proof;
use serde_json::{Map, Value};

/// At most this many pages of a list are searched. A user has at most 100 coupons of one stock, and a bundle has up to 15
/// stocks.
const PAGES: usize = 40;

const PAGE_SIZE: usize = 50;

/// The result of a lookup.
pub(super) struct Lookup {
    pub evidence: Evidence,
    /// When the answer was given.
    pub proof: Option<Proof>,
    pub report: Report,
    /// JSON pointer of the coupon in the answer.
    coupon_at: &'static str,
}

impl Lookup {
    /// Whether no copy of a request that was last signed at `signed_s` can be accepted any more.
    pub fn copies_are_dead(&self, signed_s: i64) -> bool {
        signed_s == 0 || self.proof.is_some_and(|proof| evidence::copies_are_dead(signed_s, proof))
    }

    /// Whether it shows that the request has no effect and can have none any more.
    pub fn rules_out_effect(&self, signed_s: i64) -> bool {
        self.evidence.rules_out_effect(self.copies_are_dead(signed_s))
    }

    /// Whether it shows that an effect proven at `done_s` was undone. An answer that does not show the effect must be younger
    /// by the lifetime of a copy: WeChat Pay may read a moment behind its writes, and the answer may be an old one.
    pub fn undoes(&self, done_s: i64) -> bool {
        match self.evidence {
            Evidence::Undone => true,
            Evidence::NotDone { .. } | Evidence::Other(_) => {
                self.proof.is_some_and(|proof| evidence::copies_are_dead(done_s, proof))
            }
            _ => false,
        }
    }

    /// What the coupon says about a success that was told at `done_s`, or just now.
    pub fn check_success(&self, done_s: Option<i64>) -> SuccessCheck {
        match self.evidence {
            Evidence::Done => SuccessCheck::Stands,
            Evidence::Undone => SuccessCheck::Undone,
            _ if done_s.is_some_and(|done_s| self.undoes(done_s)) => SuccessCheck::Undone,
            _ => SuccessCheck::Unknown,
        }
    }

    /// The coupon, if the answer has it.
    pub fn coupon(&self) -> Option<Map<String, Value>> {
        coupon_of(&self.report, self.coupon_at)
    }

    /// Whether the coupon has several uses (the withdrawn usage mode SEQUENTIAL).
    pub fn is_sequential(&self) -> bool {
        self.coupon()
            .is_some_and(|coupon| coupon.get("sequential_usage_detail").is_some_and(Value::is_object))
    }

    /// The report for a request whose effect the answer shows.
    pub fn done(self) -> Report {
        Report { settled_by: self.report.operation, operation: None, ..self.report }
    }

    /// The report for a request that was refused or had no effect, with a status of its own.
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

    /// Why the answer does not end the doubt about a redemption.
    pub fn why_it_says_nothing(&self) -> String {
        let coupon = self.coupon().filter(|_| self.report.code == Code::Ok);
        let Some(coupon) = coupon else { return "asking about the coupon failed".to_owned() };
        let state = coupon.get("coupon_state").and_then(Value::as_str).unwrap_or("unknown");
        format!(
            "the coupon is in state {}, and WeChat Pay's answer does not say whether the redemption by this number stands: if that \
             stays so, a person must look, and abandon the number",
            Quoted(state)
        )
    }

    /// The report for a request that is still in doubt.
    pub fn unsettled(&self, why: &str) -> Report {
        let message = match self.report.code {
            Code::Ok => why.to_owned(),
            _ => format!("{why}: {}", self.report.message),
        };
        let code = if self.report.got_response { Code::AnswerUntrusted } else { Code::ConnectionLost };
        Report { message, course: self.report.course.clone(), ..self.told(code) }
    }

    fn told(&self, code: Code) -> Report {
        Report {
            host: self.report.host.clone(),
            http_status: self.report.http_status,
            request_id: self.report.request_id.clone(),
            proven: self.proof,
            got_response: self.report.got_response,
            ..Report::new(code)
        }
    }
}

/// What the coupon says about a success that was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SuccessCheck {
    /// It stands.
    Stands,
    /// It was undone since.
    Undone,
    /// The coupon does not say.
    Unknown,
}

impl Client {
    /// Looks up what happened to the request, page by page where the answer is a list.
    pub(super) fn look_up(
        &self,
        request: &OutgoingRequest<'_>,
        query: &'static Operation,
        shown_by: ShownBy,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Lookup {
        match shown_by {
            ShownBy::Coupon(trace) => self.look_up_coupon(request, query, trace, deadline, cancel),
            ShownBy::List(place) => self.search_list(request, query, place, deadline, cancel),
        }
    }

    /// An answer that names neither coupon nor number may be about another coupon than the one that the request names. So if the
    /// coupon that it leads to cannot be seen, the one that is known without it is asked about.
    fn look_up_coupon(
        &self,
        request: &OutgoingRequest<'_>,
        query: &'static Operation,
        trace: &Trace,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Lookup {
        let ask = |members: &Map<String, Value>| {
            self.ask_about_coupon(request, query, trace, members, deadline, cancel)
        };
        let led_to = self.with_owner(request, request.known_members());
        let lookup = ask(&led_to);
        if lookup.report.code == Code::Ok {
            return lookup;
        }
        let own = self.with_owner(request, request.members.clone());
        if own == led_to {
            return lookup;
        }
        let second = ask(&own);
        if second.report.code == Code::Ok { second } else { lookup }
    }

    fn ask_about_coupon(
        &self,
        request: &OutgoingRequest<'_>,
        query: &'static Operation,
        trace: &Trace,
        members: &Map<String, Value>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Lookup {
        let lacks = |names: &[&str]| names.iter().any(|name| !members.contains_key(*name));
        let (query, coupon_at) = match query.substitute.filter(|substitute| lacks(substitute.without)) {
            Some(substitute) => (substitute.query, substitute.coupon_at),
            None => (query, ""),
        };
        if !query.can_be_asked(members) {
            let message =
                "the coupon cannot be asked about, because its owner's openid is not known".to_owned();
            return lookup(Evidence::Nothing, Report { message, ..Report::new(Code::ReadFailed) });
        }
        let report = self.ask(query, members, deadline, cancel);
        let found = match coupon_of(&report, coupon_at) {
            Some(coupon) => evidence::of_question(trace, request.request_no.unwrap_or_default(), &coupon),
            None => of_refused(trace, &report),
        };
        // Nothing that happens to the coupon later undoes the request. So a missing coupon says nothing about it.
        let found = if found == Evidence::Absent && trace.stays_done { Evidence::Nothing } else { found };
        Lookup { coupon_at, ..lookup(found, report) }
    }

    fn search_list(
        &self,
        request: &OutgoingRequest<'_>,
        query: &'static Operation,
        place: &ListPlace,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Lookup {
        let (request_no, mut first, mut seen) = (request.request_no.unwrap_or_default(), None, 0_u64);
        let mut total = None;
        let mut members = request.members.clone();
        members.insert("page_size".into(), PAGE_SIZE.into());
        for _ in 0..PAGES {
            let report = self.ask(query, &members, deadline, cancel);
            let Some(page) = members_of(&report) else { return lookup(Evidence::Nothing, report) };
            seen = match evidence::of_page(place, request_no, &page) {
                Page::Found => return lookup(Evidence::Done, report),
                Page::Unreadable => return lookup(Evidence::Nothing, report),
                Page::Absent(items) => seen.saturating_add(items),
            };
            // An item that is added or removed during the search moves others to another page.
            let counted = page.get("total_count").and_then(Value::as_u64);
            if *total.get_or_insert(counted) != counted {
                return lookup(Evidence::Nothing, report);
            }
            // What was added after the first page was read may be on no page.
            let earliest = *first.get_or_insert(report.proven);
            let token = page.get("next_page_token").and_then(Value::as_str).filter(|token| !token.is_empty());
            let Some(token) = token else {
                let is_whole =
                    page.get("total_count").and_then(Value::as_u64).is_none_or(|total| total <= seen);
                let not_listed = Evidence::NotDone { state: "not listed".into(), is_final: false };
                let found = if is_whole { not_listed } else { Evidence::Nothing };
                return Lookup { proof: earliest, ..lookup(found, report) };
            };
            members.insert("page_token".into(), token.into());
        }
        let message = format!("the number is not among the first {} of the list", PAGES * PAGE_SIZE);
        lookup(Evidence::Nothing, Report { message, ..Report::new(Code::ReadFailed) })
    }

    /// Asks with exactly the recorded members. Today's configuration could fill in others.
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
            mode @ (Mode::Partner | Mode::Till) => Scope { mode, defaults: &nothing },
        };
        let report = match api::prepare(question, &Value::Object(known).to_string(), scope, self.clock.now())
        {
            Ok(prepared) => {
                let request = OutgoingRequest::fresh(question.id, Some(question), &prepared);
                self.send_with_retries(&request, PriorAttempt::default(), deadline, cancel)
            }
            Err(error) => error.into(),
        };
        Report { operation: Some(question.id), ..report }
    }
}

fn lookup(found: Evidence, report: Report) -> Lookup {
    let proof = report.proven;
    let evidence = match proof {
        Some(Proof { is_certain: true, .. }) => found,
        Some(_) => found.at_uncertain_time(),
        None => Evidence::Nothing,
    };
    Lookup { evidence, proof, report, coupon_at: "" }
}

fn members_of(report: &Report) -> Option<Map<String, Value>> {
    if report.code != Code::Ok {
        return None;
    }
    serde_json::from_str(report.data.as_ref()?.get()).ok()
}

fn coupon_of(report: &Report, at: &str) -> Option<Map<String, Value>> {
    let answer = members_of(report)?;
    if at.is_empty() {
        return Some(answer);
    }
    crate::json::find(&answer, at)?.as_object().cloned()
}

fn of_refused(trace: &Trace, report: &Report) -> Evidence {
    match (&report.wechat, report.http_status, report.code.class()) {
        (Some(error), Some(status), Class::Refused) => evidence::of_refusal(trace.vocabulary, status, error),
        _ => Evidence::Nothing,
    }
}
