//! `wxcoupon_scan`: from what a scanner gave to the coupons that can be redeemed. It asks, and changes nothing.
//!
//! A text is looked for in the directory before its shape is looked at, because a code that a brand has chosen may look exactly like
//! a payment code. What the directory knows is asked of WeChat Pay, coupon by coupon. If nobody knows the text, only its shape can
//! say that it is a payment code.

mod candidates;
mod listing;
mod look_up;

use super::Client;
use super::doubt::PriorAttempt;
use super::outgoing_request::OutgoingRequest;
use crate::api::{self, Operation};
use crate::directory::unknown::why_unknown;
use crate::error::Error;
use crate::journal::Row;
use crate::json;
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::scan::offer::{self, Names, Offers, Outcome, Owner};
use crate::scan::{Asked, Question, text};
use crate::status::{Class, Code};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What a scan was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CouponCode,
    Openid,
    AuthCode,
}

/// What was found.
#[derive(Debug)]
struct Found {
    kind: Kind,
    /// How the text was read, if not as it came.
    read_as: Option<String>,
    /// The user whom a payment code led to.
    openid: Option<String>,
    offers: Offers,
}

/// The `data` of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
    cashier: Cow<'a, str>,
    #[serde(flatten)]
    offers: &'a Offers,
}

impl Client {
    /// The coupons that a scan, a payment code or a user leads to, and what each takes off the basket.
    pub(super) fn scan(&self, input: &str, cancel: &Cancel) -> Report {
        let question = match Question::read(input, &self.quote_defaults(), self.clock.now()) {
            Ok(question) => question,
            Err(error) => return error.into(),
        };
        let deadline = Deadline::after(question.timeout.unwrap_or(self.config.limits.call));
        let mut scan = Scan { client: self, question: &question, deadline, cancel, attempts: 0, last: None };
        let report = match scan.run().and_then(|found| scan.without_doubtful(found)) {
            Ok(found) => {
                let answer = Answer {
                    kind: found.kind,
                    read_as: found.read_as.as_deref(),
                    openid: found.openid.as_deref(),
                    cashier: found.offers.cashier(),
                    offers: &found.offers,
                };
                Report {
                    data: Report::local(&answer).data,
                    ..scan.last.take().unwrap_or(Report::new(Code::Ok))
                }
            }
            Err(failed) => Report { data: None, ..*failed },
        };
        Report {
            attempts: scan.attempts,
            elapsed_ms: deadline.elapsed_ms(),
            clock_offset_s: self.clock.offset_s(),
            ..report
        }
    }
}

/// Why a scan has no answer. What WeChat Pay said is in it.
type Failed = Box<Report>;

/// A scan under way.
struct Scan<'a> {
    client: &'a Client,
    question: &'a Question,
    /// Of what is being asked now; it may be a part of the call's.
    deadline: Deadline,
    cancel: &'a Cancel,
    /// Of all requests so far.
    attempts: u32,
    /// The latest answer, for its host and Request-ID.
    last: Option<Report>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<Found, Failed> {
        let question = self.question;
        match &question.asked {
            Asked::Openid(openid) => {
                let offers = self.coupons_of(openid)?;
                Ok(Found { kind: Kind::Openid, read_as: None, openid: None, offers })
            }
            Asked::PaymentCode(code) => self.by_payment_code(code),
            Asked::Scan(scanned) => self.by_scan(scanned),
        }
    }

    /// A coupon whose redemption is in doubt in this journal is not offered for another one.
    fn without_doubtful(&self, mut found: Found) -> Result<Found, Failed> {
        if found.offers.coupons.is_empty() {
            return Ok(found);
        }
        let open: Vec<Row> = self.client.journal.unfinished().map_err(failed)?;
        let is_doubtful = |row: &&Row| {
            row.state.is_in_doubt() && !row.called_off && api::is_redemption(&row.request.operation)
        };
        let doubtful: Vec<&Row> = open.iter().filter(is_doubtful).collect();
        found.offers.hold_back(|operation, members| {
            let row = doubtful.iter().find(|row| row.is_about(operation, members))?;
            Some(row.request.request_no.to_string())
        });
        Ok(found)
    }

    fn by_scan(&mut self, scanned: &str) -> Result<Found, Failed> {
        let readings = text::readings(scanned);
        let mut unusable = None;
        for reading in &readings {
            let found = self.client.directory.as_ref().map(|directory| directory.find(reading));
            let entries = match found.transpose() {
                Ok(entries) => entries.unwrap_or_default(),
                Err(error) => {
                    unusable = Some(error);
                    break;
                }
            };
            if !entries.is_empty() {
                let offers = self.candidates(entries)?;
                let read_as = Some(reading.clone()).filter(|reading| reading != scanned);
                return Ok(Found { kind: Kind::CouponCode, read_as, openid: None, offers });
            }
        }
        let payment_code = readings.iter().find(|reading| text::looks_like_a_payment_code(reading));
        match payment_code {
            // A payment code is what it is without a directory, too.
            Some(code) if self.client.config.apiv2.key.is_some() => self.by_payment_code(code),
            _ => Err(failed(unusable.unwrap_or_else(|| self.nobody_knows(scanned, payment_code.is_some())))),
        }
    }

    /// A payment code is not told back, in whatever way it was read.
    fn by_payment_code(&mut self, code: &str) -> Result<Found, Failed> {
        let openid = self.openid_of(code)?;
        let offers = self.coupons_of(&openid).map_err(after_look_up)?;
        Ok(Found { kind: Kind::AuthCode, read_as: None, openid: Some(openid), offers })
    }

    /// What was scanned is not repeated: it may be a payment code.
    fn nobody_knows(&self, scanned: &str, may_be_a_payment_code: bool) -> Error {
        let why = match &self.client.directory {
            None => {
                "the scanned text cannot be looked up: the directory, which knows whose a coupon code is, is off (\"directory\": \
                 true)"
            }
            Some(_) => "this machine was never told of a coupon with the scanned code",
        };
        let cause = self.client.directory.as_ref().and_then(|directory| why_unknown(scanned, &**directory));
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let also = if may_be_a_payment_code {
            "; the text has the shape of a payment code, and payment codes are looked up where apiv2_key is set"
        } else {
            ""
        };
        let hint = "Ask for the customer's payment code, or pass openid; a machine learns of coupons from notifications, from what it \
                    sends and asks, and from imports.";
        Error::new(Code::NotFound, format!("{why}{cause}{also}"))
            .hint(hint)
            .cashier("本机无此券码记录,请扫付款码或核对券码")
    }

    fn assess(&self, coupon: Value, names: &Names, owner: &Owner) -> Outcome {
        let now = self.client.clock.now();
        offer::assess(coupon, names, owner, self.question, &self.client.quote_defaults(), now)
    }

    /// A user, under the names that requests have for what the question does not say.
    fn owner(&self, openid: &str, appid: Option<&str>, brand_id: Option<&str>) -> Owner {
        let (question, defaults) = (self.question, &self.client.config.defaults);
        let text = |first: Option<&str>, named: &Option<String>, default: &Option<String>| {
            first.or(named.as_deref()).or(default.as_deref()).map(str::to_owned)
        };
        let is_partner = self.client.config.identity.mode == Mode::Partner;
        Owner {
            openid: openid.to_owned(),
            appid: text(appid, &question.appid, &defaults.appid),
            brand_id: text(brand_id, &question.brand_id, &defaults.brand_id).filter(|_| is_partner),
            store_id: text(question.store_id(), &None, &defaults.store_id),
        }
    }

    /// Asks WeChat Pay, until there is an answer or the time is up.
    fn ask(&mut self, operation: &'static Operation, members: Map<String, Value>) -> Result<Report, Failed> {
        let client = self.client;
        let input = Value::Object(members).to_string();
        let prepared = api::prepare(operation, &input, client.scope(), client.clock.now()).map_err(failed)?;
        let request = OutgoingRequest::fresh(operation.id, Some(operation), &prepared);
        let report = self.send(&request);
        client.remember_answer(operation.id, &prepared.members, &report);
        Ok(report)
    }

    fn send(&mut self, request: &OutgoingRequest<'_>) -> Report {
        let prior = PriorAttempt::default();
        let report = self.client.send_with_retries(request, prior, &self.deadline, self.cancel);
        self.attempts = self.attempts.saturating_add(report.attempts);
        if report.code == Code::Ok {
            self.last = Some(Report { data: None, ..report.clone() });
        }
        report
    }
}

/// The members that there are.
fn texts(members: &[(&str, Option<&str>)]) -> Map<String, Value> {
    members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?.into()))).collect()
}

fn failed(error: Error) -> Failed {
    Box::new(error.into())
}

/// A failure after a payment code was looked up: something was sent, and binds the code.
fn after_look_up(failed: Failed) -> Failed {
    let code = if failed.code.class() == Class::NotSent { Code::ReadFailed } else { failed.code };
    let message = format!(
        "{}; the payment code was looked up before: until it refreshes only this merchant can charge it",
        failed.message
    );
    Box::new(Report { code, message, ..*failed })
}

/// A failure that says which of the requests it was.
fn named(request: &str, report: Report) -> Failed {
    let said = if report.message.is_empty() { report.code.text() } else { &report.message };
    Box::new(Report { message: format!("{request}: {said}"), ..report })
}

/// The coupon in a proven answer. Its numbers stay as they were written.
fn coupon_of(report: &Report) -> Value {
    report.data.as_ref().and_then(|data| json::parse_any(data.get())).unwrap_or_default()
}
