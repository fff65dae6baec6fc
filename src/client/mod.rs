//! One call from start to finish: check, write down, send until there is an answer, judge, write down.

mod attempts;
mod check;
mod doubt;
mod local;
mod notification;
mod sealing;
mod settle;
mod trust;

use crate::api::{self, Multipart, Operation, Prepared, Scope, Settles};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::journal::{self, Begin, Claim, Journal, NewRow, Row, State, Verdict};
use crate::mode::Mode;
use crate::net::Transport;
use crate::net::cancel::Cancel;
use crate::net::clock::Clock;
use crate::net::deadline::Deadline;
use crate::net::hosts::Hosts;
use crate::net::http::HttpTransport;
use crate::net::in_flight;
use crate::net::pace;
use crate::report::{JsonText, Report};
use crate::status::{Class, Code};
use crate::system::wall_ms;
use doubt::EarlierDoubt;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use trust::Keys;

/// How soon to ask about a number that another call is working on.
const RUNNING_ELSEWHERE_MS: u64 = 500;

/// A context's core: the merchant's keys, the way to WeChat Pay, and what may have happened.
#[derive(Debug)]
pub struct Client {
    config: Config,
    keys: Keys,
    transport: Box<dyn Transport>,
    hosts: Hosts,
    clock: Clock,
    pace: pace::Share,
    journal: Arc<Journal>,
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
        }
    }

    /// The bytes that the signature covers as the body.
    fn signed(&self) -> &[u8] {
        match self.multipart {
            Some(multipart) => &multipart.signed,
            None => self.body.unwrap_or_default(),
        }
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
        Client::with_journal(config, journal, Clock::default())
    }

    /// The same context with another configuration. Same merchant and same file: the journal goes on.
    pub fn renewed(&self, config: Config) -> Result<Client> {
        let same = config.identity == self.config.identity && config.journal.path == self.config.journal.path;
        let journal = if same { Arc::clone(&self.journal) } else { Arc::new(open_journal(&config)?) };
        let client = Client::with_journal(config, journal, Clock::with_offset(self.clock.offset_s()))?;
        if client.config.identity == self.config.identity {
            client.keys.adopt(&self.keys);
        }
        Ok(client)
    }

    fn with_journal(config: Config, journal: Arc<Journal>, clock: Clock) -> Result<Client> {
        let transport = Box::new(HttpTransport::new(&config)?);
        Ok(Client::assembled(config, transport, journal, clock))
    }

    /// From parts, whatever they are made of.
    pub fn assembled(
        config: Config,
        transport: Box<dyn Transport>,
        journal: Arc<Journal>,
        clock: Clock,
    ) -> Client {
        Client {
            transport,
            hosts: Hosts::new(config.hosts.clone(), config.limits.attempt),
            clock,
            pace: pace::shared(&config.identity.key(), config.max_rate_per_s),
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
            pending: self.journal.unfinished()?.len(),
        })
    }

    /// How long one attempt may take.
    pub fn attempt_limit(&self) -> Duration {
        self.config.limits.attempt
    }

    /// Whether anything is pending.
    pub fn has_pending(&self) -> bool {
        self.journal.unfinished().map_or(true, |rows| rows.iter().any(|row| row.state != State::Watching))
    }

    /// Whether an earlier call of this operation, with the number that this input names, may have taken effect.
    /// No operation: settling.
    pub fn is_in_doubt(&self, operation: Option<&Operation>, input: &str) -> bool {
        let members = crate::json::parse_object(input).unwrap_or_default();
        let name = operation.map_or(Some("out_request_no"), |operation| operation.number);
        let number = name.and_then(|name| members.get(name)?.as_str());
        match number.map(|number| self.journal.find(number)) {
            None | Some(Ok(None)) => false,
            Some(Ok(Some(row))) => matches!(row.state, State::Pending | State::Voiding),
            // It cannot be told, so it may have.
            Some(Err(_)) => true,
        }
    }

    /// One operation of the table.
    pub fn call(&self, operation: &'static Operation, input: &str, cancel: &Cancel) -> Report {
        let report = match api::prepare(operation, input, self.scope(), self.clock.now()) {
            Ok(request) => self.run(operation.id, Some(operation), request, cancel),
            Err(error) => error.into(),
        };
        Report { operation: Some(operation.id), ..report }
    }

    /// Any other request of API version 3. What does not read is taken to write.
    pub fn request(&self, method: &str, target: &str, body: Option<&str>, cancel: &Cancel) -> Report {
        match api::prepare_raw(method, target, body) {
            Ok(request) => self.run("request", None, request, cancel),
            Err(error) => error.into(),
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
            Err(report) => Report { out_request_no: request.number, ..*report },
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
            return self.pursue(&errand, None, deadline, cancel);
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
        let report = match self.journal.begin(new) {
            Ok(Begin::Go(claim)) => self.carry_out(claim, deadline, cancel),
            Ok(Begin::Recorded(row)) => recorded(&row),
            Ok(Begin::Unsettled(row)) => settle::unsettled(&row),
            Ok(Begin::Running) => Report {
                message: "another call is working on this number".into(),
                retry_after_ms: Some(RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            },
            Ok(Begin::Reused(why)) => Report { message: why, ..Report::new(Code::RequestNoReused) },
            Err(error) => error.into(),
        };
        Report { out_request_no: Some(number.to_string()), elapsed_ms: deadline.elapsed_ms(), ..report }
    }

    /// Sends a claimed row's bytes until there is an answer, and records what became of it.
    fn carry_out(&self, claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let earlier = claim.doubt.then_some(EarlierDoubt { until_ms: claim.row.watch_until_ms() });
        let report = self.pursue(&Errand::recorded(&claim.row), earlier, deadline, cancel);
        let lasting = claim.row.state == State::Done && !is_fleeting(&claim.row);
        let known = lasting.then(|| recorded(&claim.row));
        let report = record(claim, report);
        match (known, report.code.class()) {
            // Asked again for the sake of a fresh answer, and there is none: the proven one is as true as ever.
            (Some(known), class) if class != Class::Ok => known,
            _ => report,
        }
    }
}

/// Its answer is worth nothing after some minutes.
fn is_fleeting(row: &Row) -> bool {
    api::by_id(&row.request.operation).is_some_and(|operation| operation.fleeting)
}

fn open_journal(config: &Config) -> Result<Journal> {
    Journal::open(config.journal.path.as_deref(), &config.identity.key(), config.journal.keep)
}

/// The verdict in the journal; and where it cannot be written, the verdict that this leaves.
fn record(claim: Claim, report: Report) -> Report {
    let state = match report.code.class() {
        // It was done before this call asked again, and what was done stays done.
        _ if claim.row.state == State::Done && !is_fleeting(&claim.row) => State::Done,
        Class::Ok => State::Done,
        Class::Refused => State::Refused,
        Class::InDoubt | Class::Bug => State::Pending,
        Class::NotSent | Class::Busy | Class::Misuse | Class::Local => State::Closed,
    };
    let signed_s = if report.may_arrive_late { wall_ms() / 1000 } else { claim.row.signed_s };
    let verdict = Verdict {
        sent: claim.row.sent || report.may_arrive_late || in_flight::writing(),
        ..verdict(&claim.row, state, signed_s, &report)
    };
    match claim.finish(verdict) {
        Ok(()) => report,
        // A success, or doubt, is what the row on the disk says already, or will be found again.
        Err(error) if matches!(state, State::Done | State::Pending) => {
            crate::log::error(format_args!("journal: {}", error.message));
            report
        }
        Err(error) => unrecorded(report, &error),
    }
}

/// The till must not act on a verdict that a crash would make the journal forget.
fn unrecorded(report: Report, error: &Error) -> Report {
    Report {
        message: format!("{} ({}), but {}", report.code.name(), report.message, error.message),
        in_doubt: true,
        data: None,
        hint: None,
        cashier: None,
        code: Code::Unrecorded,
        ..report
    }
}

fn verdict(row: &Row, state: State, signed_s: i64, report: &Report) -> Verdict {
    // A proven success keeps its own particulars when a repeat of it fails.
    let tells = state != State::Done || report.code == Code::Ok;
    Verdict {
        state,
        code: report.code.number(),
        cause: report.message.clone(),
        attempts: report.attempts,
        sent: row.sent,
        signed_s,
        answer: report.data.as_ref().map(|data| Arc::clone(data.get())),
        http_status: report.http_status.filter(|_| tells),
        request_id: report.request_id.clone().filter(|_| tells),
        host: report.host.clone().filter(|_| tells),
        course: report.course.clone(),
    }
}

/// What a finished row said, without asking anybody.
fn recorded(row: &Row) -> Report {
    let code = match row.state {
        State::Done => Code::Ok,
        _ => Code::from_number(row.code).unwrap_or(Code::Internal),
    };
    Report {
        recorded: true,
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

/// The number of a request, as callers of `wxcoupon_settle` give it.
fn no_such_number(number: &str) -> Error {
    Error::at(
        Code::Request,
        "/out_request_no",
        format!("the journal holds no request with number {number:?}"),
    )
}
