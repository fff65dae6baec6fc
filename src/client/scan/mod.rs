//! `wxcoupon_scan`: from what a scanner gave to the coupons that can be redeemed. It asks, and changes nothing.
//!
//! A text is looked for in the directory before its shape is looked at, because a code that a brand has chosen may look exactly like
//! a payment code. What the directory knows is asked of WeChat Pay, coupon by coupon. If nobody knows the text, only its shape can
//! say that it is a payment code.

mod listing;
mod look_up;

use super::Client;
use super::doubt::PriorAttempt;
use super::outgoing_request::OutgoingRequest;
use crate::api::{self, Operation};
use crate::directory::{Entry, Family};
use crate::error::Error;
use crate::json;
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::scan::offer::{self, Names, Offers, Outcome, Owner, Unusable};
use crate::scan::{Asked, Question, text};
use crate::status::Code;
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
    pub fn scan(&self, input: &str, cancel: &Cancel) -> Report {
        let question = match Question::read(input, &self.quote_defaults(), self.clock.now()) {
            Ok(question) => question,
            Err(error) => return error.into(),
        };
        let deadline = Deadline::after(question.timeout.unwrap_or(self.config.limits.call));
        let mut scan =
            Scan { client: self, question: &question, deadline: &deadline, cancel, attempts: 0, last: None };
        let report = match scan.run() {
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
    deadline: &'a Deadline,
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

    fn by_scan(&mut self, scanned: &str) -> Result<Found, Failed> {
        let readings = text::readings(scanned);
        for reading in &readings {
            let entries = match &self.client.directory {
                None => Vec::new(),
                Some(directory) => directory.find(reading).map_err(failed)?,
            };
            if !entries.is_empty() {
                let offers = self.candidates(entries)?;
                let read_as = Some(reading.clone()).filter(|reading| reading != scanned);
                return Ok(Found { kind: Kind::CouponCode, read_as, openid: None, offers });
            }
        }
        let payment_code = readings.iter().find(|reading| text::looks_like_a_payment_code(reading));
        match payment_code {
            Some(code) if self.client.config.apiv2.key.is_some() => self.by_payment_code(code),
            _ => Err(failed(self.nobody_knows(payment_code.is_some()))),
        }
    }

    /// A payment code is not told back, in whatever way it was read.
    fn by_payment_code(&mut self, code: &str) -> Result<Found, Failed> {
        let openid = self.openid_of(code)?;
        let offers = self.coupons_of(&openid)?;
        Ok(Found { kind: Kind::AuthCode, read_as: None, openid: Some(openid), offers })
    }

    /// What was scanned is not repeated: it may be a payment code.
    fn nobody_knows(&self, may_be_a_payment_code: bool) -> Error {
        let why = match &self.client.directory {
            None => {
                "the scanned text cannot be looked up: the directory, which knows whose a coupon code is, is off (\"directory\": \
                 true)"
            }
            Some(_) => "this machine was never told of a coupon with the scanned code",
        };
        let also = if may_be_a_payment_code {
            "; the text has the shape of a payment code, and payment codes are looked up where apiv2_key is set"
        } else {
            ""
        };
        let hint = "Ask for the customer's payment code, or pass openid; a machine learns of coupons from notifications, from what it \
                    sends and asks, and from imports.";
        Error::new(Code::NotFound, format!("{why}{also}"))
            .hint(hint)
            .cashier("本机无此券码记录,请扫付款码或核对券码")
    }

    /// Every coupon with the scanned code, as WeChat Pay has it now. None is picked for the customer.
    fn candidates(&mut self, entries: Vec<Entry>) -> Result<Offers, Failed> {
        let mut offers = Offers::default();
        let known = entries.len();
        let wanted: Vec<Entry> = entries.into_iter().filter(|entry| self.is_wanted(entry)).collect();
        if wanted.is_empty() {
            let message = format!(
                "{known} coupons with the scanned code are known, none of this brand_id, product_coupon_id or stock_id"
            );
            return Err(failed(Error::new(Code::NotFound, message)));
        }
        for entry in &wanted {
            let outcome = match entry.family {
                Family::Product => self.product_coupon(entry)?,
                Family::Busifavor => self.busifavor(entry)?,
            };
            offers.push(outcome);
        }
        if self.question.has_amount() {
            offers.rank();
        }
        Ok(offers)
    }

    /// Whether an entry is of the brand, product coupon and stock that the caller has named.
    fn is_wanted(&self, entry: &Entry) -> bool {
        let fits = |named: &Option<String>, own: Option<&str>| {
            named.as_deref().is_none_or(|named| own.is_none_or(|own| own == named))
        };
        fits(&self.question.brand_id, entry.brand_id.as_deref())
            && fits(&self.question.product_coupon_id, entry.product_coupon_id.as_deref())
            && fits(&self.question.stock_id, Some(&entry.stock_id))
    }

    fn product_coupon(&mut self, entry: &Entry) -> Result<Outcome, Failed> {
        let (Some(openid), Some(product)) = (&entry.openid, &entry.product_coupon_id) else {
            return Ok(incomplete(
                entry,
                "the directory does not know the coupon's owner or its product coupon",
            ));
        };
        let owner = self.owner(openid, entry.appid.as_deref(), entry.brand_id.as_deref());
        let names = [
            ("openid", Some(openid.as_str())),
            ("coupon_code", Some(entry.coupon_code.as_str())),
            ("product_coupon_id", Some(product.as_str())),
            ("stock_id", Some(entry.stock_id.as_str())),
            ("appid", owner.appid.as_deref()),
            ("brand_id", owner.brand_id.as_deref()),
        ];
        let report = self.ask(&api::QUERY, texts(&names))?;
        Self::answered(entry, &report)
            .unwrap_or_else(|| Ok(self.assess(coupon_of(&report), &offer::PRODUCT_COUPON, &owner)))
    }

    /// Without an owner only an uploaded code can be asked about. Its redemption needs none.
    fn busifavor(&mut self, entry: &Entry) -> Result<Outcome, Failed> {
        let openid = entry.openid.as_deref().unwrap_or_default();
        let owner = self.owner(openid, entry.appid.as_deref(), None);
        let names = [
            ("openid", entry.openid.as_deref()),
            ("coupon_code", Some(entry.coupon_code.as_str())),
            ("stock_id", Some(entry.stock_id.as_str())),
            ("appid", owner.appid.as_deref()),
        ];
        let (operation, coupon_at) = match entry.openid {
            Some(_) => (&api::BUSIFAVOR_QUERY, ""),
            None => (&api::BUSIFAVOR_GET_CODE, "/coupon_information"),
        };
        let members = texts(&names).into_iter();
        let known = members.filter(|(name, _)| operation.members.iter().any(|member| member.name == name));
        let report = self.ask(operation, known.collect())?;
        // The code was not uploaded, it may be: then nothing can be asked without the owner.
        if entry.openid.is_none() && report.code == Code::Refused {
            return Ok(incomplete(entry, "the directory does not know the coupon's owner"));
        }
        Self::answered(entry, &report).unwrap_or_else(|| {
            let coupon = coupon_of(&report).pointer(coupon_at).cloned().unwrap_or_default();
            Ok(self.assess(coupon, &offer::BUSIFAVOR, &owner))
        })
    }

    /// What an answer means that is not a coupon. Whether the line was down or this coupon is refused: only the second says something
    /// about the coupon.
    fn answered(entry: &Entry, report: &Report) -> Option<Result<Outcome, Failed>> {
        let reason = match report.code {
            Code::Ok => return None,
            Code::NotFound => "not_found",
            Code::NoPermission => "no_permission",
            Code::CouponState => "coupon_state",
            Code::Refused => "refused",
            _ => return Some(Err(named("query", report.clone()))),
        };
        Some(Ok(Outcome::Unusable(Unusable::refused(known_by(entry), reason, report.clone()))))
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
        let report = self.client.send_with_retries(request, prior, self.deadline, self.cancel);
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

/// A failure that says which of the requests it was.
fn named(request: &str, report: Report) -> Failed {
    let said = if report.message.is_empty() { report.code.text() } else { &report.message };
    Box::new(Report { message: format!("{request}: {said}"), ..report })
}

/// The coupon in a proven answer. Its numbers stay as they were written.
fn coupon_of(report: &Report) -> Value {
    report.data.as_ref().and_then(|data| json::parse_any(data.get())).unwrap_or_default()
}

/// Too little is known to ask for it.
fn incomplete(entry: &Entry, why: &str) -> Outcome {
    let message = format!("{why}, without which it cannot be asked for");
    Outcome::Unusable(Unusable::new(known_by(entry), "incomplete", message, "券信息不完整,请扫付款码"))
}

fn known_by(entry: &Entry) -> Value {
    offer::known_by(
        &entry.coupon_code,
        &entry.stock_id,
        entry.product_coupon_id.as_deref(),
        entry.brand_id.as_deref(),
    )
}
