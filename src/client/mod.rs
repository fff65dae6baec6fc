//! One call from start to finish: check, write down, send until there is an answer, judge, write down.

mod attempts;
mod check;
mod doubt;
mod local;
mod notification;
mod record;
mod sealing;
mod settle;
mod trust;
mod void;

use crate::api::{self, Multipart, Operation, Prepared, Scope, Settles};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::evidence::{self, Evidence};
use crate::journal::{self, Begin, Claim, Journal, NewRow, Row, State};
use crate::mode::Mode;
use crate::net::Transport;
use crate::net::cancel::Cancel;
use crate::net::clock::{Clock, Known};
use crate::net::deadline::Deadline;
use crate::net::hosts::Hosts;
use crate::net::http::HttpTransport;
use crate::net::pace;
use crate::redact::{Shown, may_be_a_key};
use crate::report::{JsonText, Report};
use crate::status::{Class, Code};
use crate::system::wall_ms;
use doubt::Prior;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use trust::Keys;

/// Doubt that is older is settled by asking, and by repeating only once no copy is alive.
const OLD_DOUBT_MS: i64 = evidence::LIFE_OF_A_COPY_S * 1000;
/// How soon to ask about a number that another call is working on.
const RUNNING_ELSEWHERE_MS: u64 = 500;

/// A context's core: the merchant's keys, the way to WeChat Pay, and what may have happened.
#[derive(Debug)]
pub struct Client {
    config: Config,
    keys: Keys,
    transport: Box<dyn Transport>,
    hosts: Hosts,
    clock: Arc<Clock>,
    pace: pace::Share,
    journal: Arc<Journal>,
    /// What the journal remembers of the time.
    noted: Mutex<Option<Known>>,
}

/// What a new context says about itself.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_id: Option<&'a str>,
    merchant_serial_no: &'a str,
    /// Ids of public keys and serial numbers of platform certificates; none yet where they are downloaded.
    verifies_with: Vec<String>,
    hosts: Vec<&'a str>,
    journal: Option<String>,
    /// What a crash, or calls without an answer, left behind: settle it.
    pending: usize,
}

/// A request on its way: fresh from the caller, or from the journal.
struct Errand<'a> {
    id: &'a str,
    /// The row of the table; none for a request that no row describes.
    operation: Option<&'static Operation>,
    method: &'a str,
    target: &'a str,
    body: Option<&'a [u8]>,
    members: &'a Map<String, Value>,
    number: Option<&'a str>,
    writes: bool,
    /// The body is not JSON, and not all of it is signed.
    multipart: Option<&'a Multipart>,
    /// The key that sensitive members of the body are encrypted for.
    encrypted_for: Option<&'a str>,
    /// Its answer proves itself: it opens with the APIv3 key.
    downloads_certificates: bool,
    /// Its number was never sent before this call.
    is_new: bool,
    /// The right to send it, where it is written down.
    claim: Option<&'a Claim>,
}

impl<'a> Errand<'a> {
    fn fresh(id: &'a str, operation: Option<&'static Operation>, request: &'a Prepared) -> Errand<'a> {
        Errand {
            id,
            operation,
            method: &request.method,
            target: &request.target,
            body: request.body.as_deref(),
            members: &request.members,
            number: request.number.as_deref(),
            writes: operation.map_or(request.method != "GET", Operation::writes),
            multipart: request.multipart.as_ref(),
            encrypted_for: encrypted_for(&request.members),
            downloads_certificates: false,
            is_new: false,
            claim: None,
        }
    }

    /// Exactly the bytes that were written down; nothing is built again.
    fn recorded(row: &'a Row) -> Errand<'a> {
        Errand {
            id: &row.request.operation,
            operation: api::by_id(&row.request.operation),
            method: &row.request.method,
            target: &row.request.target,
            body: row.request.body.as_deref(),
            members: &row.members,
            number: Some(&row.request.number),
            writes: true,
            multipart: None,
            encrypted_for: encrypted_for(&row.members),
            downloads_certificates: false,
            is_new: !row.sent,
            claim: None,
        }
    }

    /// The bytes that the signature covers as the body.
    fn signed(&self) -> &[u8] {
        match self.multipart {
            Some(multipart) => &multipart.signed,
            None => self.body.unwrap_or_default(),
        }
    }

    /// How doubt about it ends.
    fn settles(&self) -> Settles {
        self.operation.map_or(Settles::ByRepeating, |operation| operation.settles)
    }

    /// Doing it twice is doing it once, number or not.
    fn may_be_done_twice(&self) -> bool {
        self.operation.is_some_and(|operation| operation.settles == Settles::ByDoingItAgain)
    }
}

fn encrypted_for(members: &Map<String, Value>) -> Option<&str> {
    members.get("_options")?.get(sealing::ENCRYPTED_FOR)?.as_str()
}

impl Client {
    /// Takes a checked configuration and opens the journal; opens no connection.
    pub fn new(config: Config) -> Result<Client> {
        let journal = Arc::new(open_journal(&config)?);
        Client::with_journal(config, journal, Arc::default())
    }

    /// The same context with another configuration. Same merchant and same file: the journal goes on.
    pub fn renewed(&self, config: Config) -> Result<Client> {
        let same = config.identity == self.config.identity && config.journal.path == self.config.journal.path;
        if !same && self.config.journal.path.is_none() && !self.journal.unfinished()?.is_empty() {
            let why =
                "requests are open, and a journal in memory would be forgotten with them: settle them first";
            let is_path = config.journal.path != self.config.journal.path;
            let member = if is_path { "journal_path" } else { config.identity.member() };
            return Err(Error::at(Code::Config, format!("/{member}"), why));
        }
        let journal = if same { Arc::clone(&self.journal) } else { Arc::new(open_journal(&config)?) };
        let client = Client::with_journal(config, journal, Arc::clone(&self.clock))?;
        if client.config.identity == self.config.identity {
            client.keys.adopt(&self.keys);
        }
        Ok(client)
    }

    fn with_journal(config: Config, journal: Arc<Journal>, clock: Arc<Clock>) -> Result<Client> {
        let transport = Box::new(HttpTransport::new(&config)?);
        let pace = pace::shared(&config.identity.key(), config.max_rate_per_s);
        Ok(Client::assembled(config, transport, journal, clock, pace))
    }

    /// From parts, whatever they are made of.
    pub fn assembled(
        config: Config,
        transport: Box<dyn Transport>,
        journal: Arc<Journal>,
        clock: impl Into<Arc<Clock>>,
        pace: pace::Share,
    ) -> Client {
        let clock = clock.into();
        let noted = journal.time().unwrap_or_else(|error| {
            crate::log::warn(format_args!("the journal's time could not be read: {}", error.message));
            None
        });
        if let Some(known) = noted {
            clock.remember(known);
        }
        Client {
            noted: Mutex::new(noted),
            transport,
            hosts: Hosts::new(config.hosts.clone(), config.limits.attempt),
            clock,
            pace,
            keys: Keys::new(&config),
            journal,
            config,
        }
    }

    /// What the context works with, for the answer of `wxcoupon_ctx_new`.
    pub fn summary(&self) -> Result<Summary<'_>> {
        let identity = &self.config.identity;
        let id = Some(identity.id.as_str());
        Ok(Summary {
            mchid: id.filter(|_| identity.mode == Mode::Partner),
            brand_id: id.filter(|_| identity.mode == Mode::Brand),
            merchant_serial_no: self.config.authorizer.serial(),
            verifies_with: self.keys.ring().serials().map(str::to_owned).collect(),
            hosts: self.hosts.all().iter().map(|host| host.name.as_str()).collect(),
            journal: self.config.journal.path.as_ref().map(|path| path.display().to_string()),
            pending: self.journal.unfinished()?.iter().filter(|row| row.state.is_pending()).count(),
        })
    }

    /// How long one attempt may take.
    pub fn attempt_limit(&self) -> Duration {
        self.config.limits.attempt
    }

    /// Whether anything is pending.
    pub fn has_pending(&self) -> bool {
        self.journal.unfinished().map_or(true, |rows| rows.iter().any(|row| row.state.is_pending()))
    }

    /// Whether an earlier call of this operation, with the number that this input names, may have taken effect.
    /// No operation: settling.
    pub fn is_in_doubt(&self, operation: Option<&Operation>, input: &str) -> bool {
        let members = crate::json::parse_object(input).unwrap_or_default();
        let name = operation.map_or(Some("out_request_no"), |operation| operation.number);
        let number = name.and_then(|name| members.get(name)?.as_str());
        match number.map(|number| self.journal.find(number)) {
            None | Some(Ok(None)) => false,
            Some(Ok(Some(row))) => row.state.is_in_doubt(),
            // It cannot be told, so it may have.
            Some(Err(_)) => true,
        }
    }

    /// One operation of the table.
    pub fn call(&self, operation: &'static Operation, input: &str, cancel: &Cancel) -> Report {
        let report = match api::prepare(operation, input, self.scope(), self.clock.now()) {
            Ok(request) => self.run(operation.id, Some(operation), request, cancel),
            // Whatever is wrong with this one: its number may have been sent before.
            Err(error) => Report { in_doubt: self.is_in_doubt(Some(operation), input), ..error.into() },
        };
        Report { operation: Some(operation.id), ..report }
    }

    /// Any other request of API version 3. What does not read is taken to write.
    pub fn request(&self, method: &str, target: &str, body: Option<&str>, cancel: &Cancel) -> Report {
        match api::prepare_raw(method, target, body) {
            Ok(request) => self.run("request", None, request, cancel),
            Err(error) => {
                Report { in_doubt: body.is_some_and(|body| self.is_in_doubt(None, body)), ..error.into() }
            }
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope { mode: self.config.identity.mode, defaults: &self.config.defaults }
    }

    fn run(
        &self,
        id: &str,
        operation: Option<&'static Operation>,
        mut request: Prepared,
        cancel: &Cancel,
    ) -> Report {
        let deadline = Deadline::after(request.options.timeout.unwrap_or(self.config.limits.call));
        let decrypt = std::mem::take(&mut request.options.decrypt);
        let report = match self.encrypt(&mut request, &deadline, cancel) {
            Ok(()) => self.run_once(id, operation, request, &deadline, cancel),
            Err(report) => {
                let is_known = |number: &String| {
                    self.journal.find(number).is_ok_and(|row| row.is_some_and(|row| row.state.is_in_doubt()))
                };
                let in_doubt = request.number.as_ref().is_some_and(is_known);
                Report { in_doubt, out_request_no: request.number, ..*report }
            }
        };
        self.decrypt(report, &decrypt)
    }

    fn run_once(
        &self,
        id: &str,
        operation: Option<&'static Operation>,
        request: Prepared,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let errand = Errand::fresh(id, operation, &request);
        let Some(number) = errand.number.filter(|_| errand.writes).map(Arc::<str>::from) else {
            // A question, or a write that nobody could recognise again: nothing to write down.
            return self.pursue(&errand, Prior::default(), deadline, cancel);
        };
        let recorded_request = journal::Request {
            operation: id.to_owned(),
            number: Arc::clone(&number),
            method: request.method,
            target: request.target,
            body: request.body,
        };
        let new = NewRow {
            request: Arc::new(recorded_request),
            members: request.members,
            filled_in: request.filled_in,
            ask_again: !self.config.journal.replays || operation.is_some_and(|operation| operation.fleeting),
        };
        let report = match self.journal.begin(new, self.end_of(deadline)) {
            Ok(Begin::Go(claim)) => self.carry_out(claim, Call::Caller, deadline, cancel),
            Ok(Begin::Recorded(row)) => self.recorded(&row),
            Ok(Begin::Unsettled(row)) => settle::unsettled(&row),
            Ok(Begin::Running) => Report {
                message: "another call is working on this number".into(),
                in_doubt: true,
                retry_after_ms: Some(RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            },
            Ok(Begin::Reused { why, in_doubt }) => {
                Report { message: why, in_doubt, ..Report::new(Code::RequestNoReused) }
            }
            Ok(Begin::Differs { why, row }) => Report { message: why, ..settle::unsettled(&row) },
            Err(error) => self.unwritten(&number, error),
        };
        Report { out_request_no: Some(number.to_string()), elapsed_ms: deadline.elapsed_ms(), ..report }
    }

    /// The latest time at which a call with this deadline may sign.
    fn end_of(&self, deadline: &Deadline) -> i64 {
        let left = deadline.left().as_secs().saturating_add(1);
        self.clock.now_s().saturating_add(i64::try_from(left).unwrap_or(i64::MAX))
    }

    /// Sends a claimed row's bytes until there is an answer, and records what became of it.
    fn carry_out(&self, claim: Claim, call: Call, deadline: &Deadline, cancel: &Cancel) -> Report {
        let row = &claim.row;
        let is_done = row.state == State::Done && !is_fleeting(row);
        let done_s = (is_done || row.answer.is_some()).then(|| done_s(row)).filter(|_| !is_fleeting(row));
        let was_judged = is_done || row.verdict_s.is_some();
        let is_old = row.doubted_ms.is_some_and(|since| wall_ms().saturating_sub(since) > OLD_DOUBT_MS);
        let prior = Prior { doubt: claim.doubt, signed_s: row.signed_s, was_judged, done_s, is_old };
        let errand = Errand { claim: Some(&claim), ..Errand::recorded(row) };
        let report = self.complete(&errand, prior, call, deadline, cancel);
        let known = is_done.then(|| self.recorded(row));
        let by_evidence = report.by_evidence;
        let report = record::record(claim, report, call);
        match known {
            // Asked again for the sake of a fresh answer, and there is none: the proven one is as true as ever.
            Some(known) if report.code != Code::Ok && !by_evidence => known,
            _ if report.code != Code::Ok => Report { data: None, ..report },
            _ => report,
        }
    }

    /// From when on no copy of an earlier call can be alive, the coupon is asked about before anything is repeated. Before
    /// a return is repeated, always: it would undo whatever redemption stands now.
    fn complete(
        &self,
        errand: &Errand<'_>,
        prior: Prior,
        call: Call,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let may_be_dead = || {
            let now_s = self.clock.proven_s().unwrap_or_else(|| self.clock.now_s());
            now_s >= prior.signed_s.saturating_add(evidence::LIFE_OF_A_COPY_S)
        };
        let Settles::ByAsking { ask, shows } = errand.settles() else {
            return self.pursue(errand, prior, deadline, cancel);
        };
        let is_return = errand.id == api::RETURN.id;
        // Repeats whose answers are lost too would make it young again and again.
        let waits = call == Call::Settling && prior.is_old;
        if !prior.doubt || !(is_return || waits || prior.done_s.is_some() || may_be_dead()) {
            return self.pursue(errand, prior, deadline, cancel);
        }
        let looked = self.look(errand, ask, shows, deadline, cancel);
        let is_dead = looked.counts(prior.signed_s);
        let attempts = looked.report.attempts;
        let report = match looked.evidence.clone() {
            Evidence::Done => looked.done(),
            Evidence::Undone => {
                looked.refused(Code::CouponState, doubt::returned_since(errand.id), prior.signed_s)
            }
            // WeChat Pay has said that it was done, and the coupon says by now that it is not.
            _ if prior.done_s.is_some_and(|done_s| looked.undoes(done_s)) => {
                looked.refused(Code::CouponState, doubt::returned_since(errand.id), prior.signed_s)
            }
            _ if prior.done_s.is_some() => {
                let message = "WeChat Pay said success, and the coupon does not show it".to_owned();
                Report {
                    message,
                    proven: looked.proof,
                    heard: looked.report.heard,
                    ..Report::new(Code::AnswerUntrusted)
                }
            }
            Evidence::Other(other) if is_dead => {
                let message = format!("another request has done it: number {other}");
                looked.refused(Code::CouponState, message, prior.signed_s)
            }
            Evidence::NotDone(_) if is_return && self.stands_for_another(errand, &looked) => {
                let message =
                    "the redemption that was to be returned is gone, and the coupon is redeemed anew"
                        .to_owned();
                looked.refused(Code::CouponState, message, prior.signed_s)
            }
            Evidence::NotDone(state) if waits && !is_dead => {
                let message = format!("the coupon is {state}; what was sent could still arrive");
                Report { message, proven: looked.proof, heard: true, ..Report::new(Code::ConnectionLost) }
            }
            // It did not happen and cannot happen any more: what is sent now is judged like a first call's.
            _ => {
                let cleared = Prior { was_judged: true, ..Prior::default() };
                let prior = if is_dead { cleared } else { prior };
                let heard = looked.report.heard;
                let report = self.pursue(errand, prior, deadline, cancel);
                return Report { heard: report.heard || heard, ..report };
            }
        };
        let out_request_no = errand.number.map(str::to_owned);
        Report { attempts, out_request_no, elapsed_ms: deadline.elapsed_ms(), ..report }
    }

    /// Whether the redemption that stands now is another than the one that the return is for: one of this journal's that
    /// began after the return, or any but the one from which a void has made the return's number.
    fn stands_for_another(&self, errand: &Errand<'_>, looked: &doubt::Looked) -> bool {
        let (Some(number), Some(redeemed_by)) = (errand.number, looked.redeemed_by()) else { return false };
        if void::is_own_return(number) {
            return void::return_number(&redeemed_by) != number;
        }
        let Some(own) = errand.claim.map(|claim| claim.row.id) else { return false };
        matches!(self.journal.find(&redeemed_by), Ok(Some(row)) if row.request.operation == api::USE.id && row.id > own)
    }

    /// What a finished row said, unless it is known that it was undone since.
    fn recorded(&self, row: &Row) -> Report {
        let known = recorded(row);
        if known.code != Code::Ok || row.request.operation != api::USE.id {
            return known;
        }
        match self.journal.was_returned_since(row) {
            Ok(None) => known,
            Ok(Some(back)) => Report {
                message: format!("{}, by return {}", doubt::returned_since("use"), back.request.number),
                recorded: true,
                data: None,
                out_request_no: known.out_request_no,
                ..Report::new(Code::CouponState)
            },
            Err(error) => error.into(),
        }
    }

    /// The journal could not take the request, so nothing was sent. But the number may have been sent before, or the row
    /// may be on the disk all the same.
    fn unwritten(&self, number: &str, error: Error) -> Report {
        match self.journal.find(number) {
            // What is found may be this call's own row, and gone after a power cut.
            _ if error.code == Code::Unrecorded => error.into(),
            Ok(Some(row)) if row.state.is_in_doubt() => {
                let message = format!("nothing was sent now: {}", error.message);
                Report { message, ..settle::unsettled(&row) }
            }
            _ => error.into(),
        }
    }

    /// Keeps what is proven of the time, once a minute and when it changes.
    fn note_time(&self) {
        const EVERY_S: i64 = 60;
        let Some(known) = self.clock.known() else { return };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = noted.is_none_or(|noted| {
            known.proven_s >= noted.proven_s.saturating_add(EVERY_S)
                || (known.offset_s - noted.offset_s).abs() > 2
        });
        if is_news {
            *noted = Some(known);
            drop(noted);
            if let Err(error) = self.journal.note_time(known) {
                crate::log::warn(format_args!("the time could not be kept: {}", error.message));
            }
        }
    }
}

/// WeChat Pay's time at which a row was proven to be done, in seconds since 1970.
fn done_s(row: &Row) -> i64 {
    row.verdict_s.unwrap_or_else(|| row.updated_ms.div_euclid(1000))
}

/// Who wants to know what became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The till, with the request itself.
    Caller,
    /// Settling.
    Settling,
}

/// Its answer is worth nothing after some minutes.
fn is_fleeting(row: &Row) -> bool {
    api::by_id(&row.request.operation).is_some_and(|operation| operation.fleeting)
}

fn open_journal(config: &Config) -> Result<Journal> {
    let path = config.journal.path.as_deref();
    Journal::open(path, &config.identity.key(), config.journal.keep).map_err(|error| {
        let Some(text) = path.map(Path::to_string_lossy).filter(|text| may_be_a_key(text)) else {
            return error;
        };
        Error { message: error.message.replace(&*text, &Shown(&text).to_string()), ..error }
    })
}

/// What a finished row said, without asking anybody.
fn recorded(row: &Row) -> Report {
    // A later version may have recorded a code that this one does not know; the state says its class.
    let known = Code::from_number(row.code).filter(|code| *code != Code::Ok);
    let code = match row.state {
        State::Done => Code::Ok,
        State::Refused | State::RefusedWatched => known.unwrap_or(Code::Refused),
        State::Closed => known.unwrap_or(Code::Connect),
        _ => known.unwrap_or(Code::Internal),
    };
    Report {
        recorded: true,
        recorded_at: Some(stamp(row.verdict_s.unwrap_or(row.updated_ms.div_euclid(1000)))),
        retry_after_ms: (code.class() == Class::Busy).then_some(RUNNING_ELSEWHERE_MS),
        out_request_no: Some(row.request.number.to_string()),
        message: row.cause.clone(),
        http_status: row.http_status,
        request_id: row.request_id.clone(),
        host: row.host.clone(),
        data: row.answer.as_ref().and_then(JsonText::read),
        ..Report::new(code)
    }
}

/// As WeChat Pay writes times.
fn stamp(unix_s: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(unix_s).map(api::use_time).unwrap_or_default()
}

/// The number of a request, as callers of `wxcoupon_settle` give it.
fn no_such_number(number: &str) -> Error {
    Error::at(
        Code::Request,
        "/out_request_no",
        format!("the journal holds no request with number {}", Shown(number)),
    )
}
