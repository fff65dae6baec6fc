//! One call from start to finish: check, record, send until there is an answer, judge, record.

mod attempts;
mod brand;
mod check;
mod composed;
mod directory;
mod doubt;
mod exchange;
mod forget;
mod hosted;
mod hub;
mod import;
mod keys;
mod local;
mod notification;
mod numbered;
mod observed;
mod outgoing_request;
mod pending;
mod question;
mod record;
mod returns;
mod scan;
mod sensitive;
mod settle;
mod settle_input;
mod stats;
mod told;
mod trust;
mod unnamed;
mod void;

use crate::api::{self, Operation, Prepared, Scope};
use crate::config::{Config, Place};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::log::{self, file::LogFile};
use crate::mode::Mode;
use crate::net::Transport;
use crate::net::cancel::Cancel;
use crate::net::clock::{Clock, KnownTime};
use crate::net::deadline::Deadline;
use crate::net::hosts::Hosts;
use crate::net::http::HttpTransport;
use crate::net::rate_limit;
use crate::redact::{Quoted, may_be_a_key};
use crate::report::Report;
use crate::stats::Stats;
use crate::status::Code;
use crate::wire::sign::Authorizer;
use brand::Brand;
pub use composed::{Composed, Named};
use directory::Feeding;
use hub::TillState;
use keys::Keys;
use outgoing_request::OutgoingRequest;
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How soon to ask about a number that another call is working on.
const RUNNING_ELSEWHERE_MS: u64 = 500;

/// The core of a context: the merchant's keys, the connection to WeChat Pay, and the journal.
#[derive(Debug)]
pub struct Client {
    config: Config,
    keys: Keys,
    transport: Box<dyn Transport>,
    hosts: Hosts,
    clock: Arc<Clock>,
    rate_limiter: rate_limit::Share,
    brand: Brand,
    journal: Arc<Journal>,
    stats: Arc<Stats>,
    /// What proves this context to its hub. `None`: it asks WeChat Pay itself.
    till: Option<TillState>,
    log_file: Option<Arc<LogFile>>,
    /// The coupons that this machine was told of. `None`: the configuration has it off.
    directory: Option<Arc<dyn Directory>>,
    feeding: Feeding,
    /// The time that the journal last recorded.
    noted: Mutex<Option<KnownTime>>,
}

/// What a new context says about itself.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    till_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_serial_no: Option<&'a str>,
    /// Ids of public keys and serial numbers of platform certificates; none yet where they are downloaded.
    verifies_with: Vec<String>,
    hosts: Vec<&'a str>,
    journal: Option<String>,
    /// Requests that a crash or lost answers left open. Settle them.
    pending: usize,
}

impl Client {
    /// Takes a checked configuration and opens the journal; opens no connection.
    pub fn new(config: Config) -> Result<Client> {
        let journal = Arc::new(open_journal(&config)?);
        let directory = open_directory(&config)?;
        Ok(Client::with_journal(config, journal, Arc::default())?.with_directory(directory))
    }

    /// The same context with another configuration. The journal stays open if merchant and file stay the same.
    pub fn reconfigured(&self, config: Config) -> Result<Client> {
        let same =
            config.identity == self.config.identity && config.journal.place == self.config.journal.place;
        if !same && self.config.journal.place.is_none() && !self.journal.unfinished()?.is_empty() {
            let why =
                "requests are open, and a journal in memory would be forgotten with them: settle them first";
            let is_path = config.journal.place != self.config.journal.place;
            let member = if is_path { "journal_path" } else { config.identity.member() };
            return Err(Error::at(Code::Config, format!("/{member}"), why));
        }
        let journal = if same { Arc::clone(&self.journal) } else { Arc::new(open_journal(&config)?) };
        let directory = match &self.directory {
            Some(open) if same && config.directory => Some(Arc::clone(open)),
            _ => open_directory(&config)?,
        };
        let client =
            Client::with_journal(config, journal, Arc::clone(&self.clock))?.with_directory(directory);
        let client = Client { stats: Arc::clone(&self.stats), ..client };
        if client.config.identity == self.config.identity {
            client.keys.adopt(&self.keys);
        }
        Ok(client)
    }

    fn with_journal(config: Config, journal: Arc<Journal>, clock: Arc<Clock>) -> Result<Client> {
        let transport = Box::new(HttpTransport::new(&config)?);
        let rate_limiter = rate_limit::shared(&config.identity.key(), config.max_rate_per_s);
        Ok(Client::from_parts(config, transport, journal, clock, rate_limiter))
    }

    /// From its parts, so that tests and the simulation can replace any of them.
    pub fn from_parts(
        config: Config,
        transport: Box<dyn Transport>,
        journal: Arc<Journal>,
        clock: impl Into<Arc<Clock>>,
        rate_limiter: rate_limit::Share,
    ) -> Client {
        let clock = clock.into();
        let noted = journal.time().unwrap_or_else(|error| {
            log::warn(format_args!("the journal's time could not be read: {}", error.message));
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
            rate_limiter,
            brand: Brand::new(&config.identity.key()),
            keys: Keys::new(&config),
            journal,
            stats: Arc::default(),
            till: config.till.as_ref().map(TillState::new),
            log_file: config.log_path.as_deref().map(|folder| Arc::new(LogFile::new(folder))),
            directory: None,
            feeding: Feeding::default(),
            config,
        }
    }

    /// A summary for the answer of `wxcoupon_ctx_new`.
    pub fn summary(&self) -> Result<Summary<'_>> {
        let identity = &self.config.identity;
        let id = Some(identity.id.as_str());
        Ok(Summary {
            mchid: id.filter(|_| identity.mode == Mode::Partner),
            brand_id: id.filter(|_| identity.mode == Mode::Brand),
            till_id: id.filter(|_| identity.mode == Mode::Till),
            merchant_serial_no: self.config.authorizer.as_ref().map(Authorizer::serial),
            verifies_with: self.keys.key_ring().serials().map(str::to_owned).collect(),
            hosts: self.hosts.all().iter().map(|host| host.name.as_str()).collect(),
            journal: self.config.journal.place.as_ref().map(Place::to_string),
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

    /// Whether an earlier call with the number in this input may have taken effect. Without an operation the input is that
    /// of settling.
    pub fn is_in_doubt(&self, operation: Option<&Operation>, input: &str) -> bool {
        let members = crate::json::parse_object(input).unwrap_or_default();
        let name = operation.map_or(Some("out_request_no"), |operation| operation.request_no_member);
        let request_no = name.and_then(|name| members.get(name)?.as_str());
        request_no.is_some_and(|request_no| self.is_number_in_doubt(request_no))
    }

    fn is_number_in_doubt(&self, request_no: &str) -> bool {
        match self.journal.find(request_no) {
            Ok(row) => row.is_some_and(|row| row.state.is_in_doubt()),
            // Unknown, so it may have taken effect.
            Err(_) => true,
        }
    }

    /// One operation of the table.
    pub fn call(&self, operation: &'static Operation, input: &str, cancel: &Cancel) -> Report {
        self.observed(operation.id, || {
            let answered = if self.is_till() {
                self.call_at_hub(operation, input, cancel)
            } else {
                api::prepare(operation, input, self.scope(), self.clock.now())
                    .map(|request| self.run(operation.id, Some(operation), request, cancel))
            };
            // The input is wrong, but its number may have been sent before.
            let report = answered.unwrap_or_else(|error| Report {
                in_doubt: self.is_in_doubt(Some(operation), input),
                ..error.into()
            });
            Report { operation: Some(operation.id), ..report }
        })
    }

    /// Any other request of API version 3. Everything but GET counts as a write.
    pub fn request(&self, method: &str, target: &str, body: Option<&str>, cancel: &Cancel) -> Report {
        self.observed("request", || {
            let answered = if self.is_till() {
                self.request_at_hub(method, target, body, cancel)
            } else {
                api::prepare_raw(method, target, body)
                    .map(|request| self.run("request", None, request, cancel))
            };
            answered.unwrap_or_else(|error| {
                let request_no = body.and_then(api::raw_request_no);
                let in_doubt = request_no.is_some_and(|request_no| self.is_number_in_doubt(&request_no));
                Report { in_doubt, ..error.into() }
            })
        })
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
        log::set_trace(request.options.trace.as_deref());
        let decrypt = std::mem::take(&mut request.options.decrypt);
        let report = match self.encrypt(&mut request, &deadline, cancel) {
            Ok(()) => self.run_once(id, operation, request, &deadline, cancel),
            Err(report) => {
                let is_known = |request_no: &String| {
                    self.journal
                        .find(request_no)
                        .is_ok_and(|row| row.is_some_and(|row| row.state.is_in_doubt()))
                };
                let in_doubt = request.request_no.as_ref().is_some_and(is_known);
                Report { in_doubt, out_request_no: request.request_no, ..*report }
            }
        };
        self.decrypt(report, &decrypt)
    }

    /// Records the proven time, once a minute and when the offset changes.
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
                log::warn(format_args!("the time could not be kept: {}", error.message));
            }
        }
    }
}

fn open_directory(config: &Config) -> Result<Option<Arc<dyn Directory>>> {
    let file = config.journal.place.as_ref().and_then(Place::file);
    let open = || crate::directory::open(file, &config.identity.key());
    config.directory.then(open).transpose()
}

fn open_journal(config: &Config) -> Result<Journal> {
    let place = config.journal.place.as_ref();
    Journal::open_at(place, &config.identity.key(), config.journal.keep).map_err(|error| {
        let Some(text) =
            place.and_then(Place::file).map(Path::to_string_lossy).filter(|text| may_be_a_key(text))
        else {
            return error;
        };
        Error { message: error.message.replace(&*text, &Quoted(&text).to_string()), ..error }
    })
}

/// The journal has no row with the number that the caller named.
fn no_such_request_no(request_no: &str) -> Error {
    Error::at(
        Code::Request,
        "/out_request_no",
        format!("the journal holds no request with number {}", Quoted(request_no)),
    )
}
