//! The self-check that support asks a shop to run, and warming up.

use super::doubt::PriorAttempt;
use super::{Client, OutgoingRequest, hub};
use crate::api::{self, Operation, Prepared};
use crate::config::{Host, Place};
use crate::error::{Error, Result};
use crate::journal::store::Overview;
use crate::json;
use crate::mode::Mode;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::resolver;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// From this difference on, the self-check asks to set the clock. Signatures use the corrected time anyway.
const WRONG_CLOCK_S: i64 = 60;

/// At most this many damaged rows are listed by number.
const DAMAGED_NAMED: usize = 10;

/// WeChat Pay's echo, official since 2026-04. It returns what it is sent, to test signing and verifying.
static ECHO: Operation = Operation::echo();

/// One line of the self-check.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    name: String,
    ok: bool,
    found: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: String,
}

impl Line {
    pub(super) fn fine(name: &str, found: impl Into<String>) -> Line {
        Line { name: name.to_owned(), ok: true, found: found.into(), advice: String::new() }
    }

    pub(super) fn wrong(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Line {
        Line { name: name.to_owned(), ok: false, found: found.into(), advice: advice.into() }
    }
}

impl Client {
    /// What support asks a shop to run: each line says whether it is in order, what was found, and what to
    /// do. Without `{"online": true}` it uses no network.
    pub fn check(&self, input: Option<&str>, cancel: &Cancel) -> Report {
        self.observed("check", || self.checked(input, cancel))
    }

    fn checked(&self, input: Option<&str>, cancel: &Cancel) -> Report {
        match CheckInput::read(input) {
            Ok(input) => {
                let deadline = Deadline::after(input.limit.unwrap_or(self.config.limits.call));
                let online = if input.online { self.online_lines(&deadline, cancel) } else { Vec::new() };
                // After the network lines, because these show what was learned there.
                let mut lines = self.local_lines();
                lines.extend(online);
                let ok = lines.iter().all(|line| line.ok);
                let report = Report::local(&json!({ "all_ok": ok, "lines": lines }));
                Report { elapsed_ms: deadline.elapsed_ms(), ..report }
            }
            Err(error) => error.into(),
        }
    }

    /// Connects now, so that the next call needs no handshake, and learns the clock's offset and, where they
    /// are needed, the platform certificates.
    pub fn warm(&self, cancel: &Cancel) -> Report {
        self.observed("warm", || self.warmed(cancel))
    }

    fn warmed(&self, cancel: &Cancel) -> Report {
        let deadline = Deadline::after(self.config.limits.call);
        let asked = self.noop_request(|request| {
            self.send_with_retries(request, PriorAttempt::default(), &deadline, cancel)
        });
        match asked {
            Err(error) => error.into(),
            // Even a refusal shows that the connection works and that our signature is accepted.
            Ok(asked)
                if asked.code == Code::Ok
                    || if self.is_till() {
                        hub::is_accepted(&asked)
                    } else {
                        accepts_our_signature(&asked)
                    } =>
            {
                Report {
                    host: asked.host,
                    attempts: asked.attempts,
                    elapsed_ms: deadline.elapsed_ms(),
                    clock_offset_s: asked.clock_offset_s,
                    ..Report::local(&json!({ "connected": true }))
                }
            }
            Ok(asked) => Report { data: None, ..asked },
        }
    }

    fn local_lines(&self) -> Vec<Line> {
        let mut lines = match &self.till {
            Some(till) => self.till_lines(till),
            None => self.merchant_lines(),
        };
        let pending = self.journal.unfinished();
        lines.push(match (&self.config.journal.place, &pending) {
            (_, Err(error)) => Line::wrong("journal", error.message.clone(), error.code.hint()),
            (None, Ok(_)) if self.is_till() => Line::fine("journal", "in memory: the hub has one"),
            (None, Ok(_)) => Line::wrong(
                "journal",
                "in memory: what is pending is forgotten when the program ends",
                "Set journal_path to a file on this machine.",
            ),
            (Some(place), Ok(_)) => self.journal_line(place),
        });
        lines.extend(self.log_line());
        lines.extend(self.directory_line());
        let count = pending.map_or(0, |rows| rows.iter().filter(|row| row.state.is_pending()).count());
        lines.push(match count {
            0 => Line::fine("pending", "0"),
            _ => Line::wrong("pending", count.to_string(), "Settle: call wxcoupon_settle with NULL."),
        });
        let offset = self.clock.behind_s();
        lines.push(if offset.abs() < WRONG_CLOCK_S {
            Line::fine("clock_offset_s", offset.to_string())
        } else {
            let advice = "Set the clock and the time zone of this machine.";
            Line::wrong("clock_offset_s", offset.to_string(), advice)
        });
        lines
    }

    fn merchant_lines(&self) -> Vec<Line> {
        let identity = &self.config.identity;
        let serial = self.config.authorizer.as_ref().map(|own| own.serial().to_owned()).unwrap_or_default();
        let key_ring = self.keys.key_ring();
        let keys = key_ring.serials().collect::<Vec<_>>().join(", ");
        vec![
            Line::fine("mode", if identity.mode == Mode::Brand { "brand" } else { "partner" }),
            Line::fine(identity.member(), identity.id.clone()),
            Line::fine("merchant_serial_no", serial),
            // A configured certificate was checked when the context was made. Without one only WeChat Pay can tell.
            Line::fine(
                "merchant_certificate",
                if self.config.has_merchant_certificate {
                    "belongs to the private key and to merchant_serial_no"
                } else {
                    "not given (merchant_certificate_path): only WeChat Pay can say whether key and serial number belong together"
                },
            ),
            match (&self.config.apiv3_key, identity.mode) {
                (Some(_), _) => Line::fine("apiv3_key", "32 bytes"),
                (None, _) => Line::fine("apiv3_key", "not given: notifications cannot be opened"),
            },
            if keys.is_empty() {
                Line::fine("verifies_with", "platform certificates, which the first call downloads")
            } else {
                Line::fine("verifies_with", keys)
            },
        ]
    }

    fn log_line(&self) -> Option<Line> {
        let file = self.log_file.as_ref()?;
        Some(match file.try_to_write() {
            Ok(()) => Line::fine("log", file.folder().display().to_string()),
            Err(why) => Line::wrong(
                "log",
                why,
                "Make the folder of log_path writable, and look whether the disk is full.",
            ),
        })
    }

    /// `None`: it is off.
    fn directory_line(&self) -> Option<Line> {
        let directory = self.directory.as_deref()?;
        let read = self.forget_all_expired(directory).and_then(|()| directory.look_over());
        let told = match read {
            Err(error) => {
                return Some(Line::wrong(
                    "directory",
                    error.message,
                    error.hint.as_deref().unwrap_or_default(),
                ));
            }
            Ok(read) => read,
        };
        let place = told.path.map_or_else(|| "in memory".to_owned(), |path| path.display().to_string());
        let found = format!("{place}: {} coupons, {} bytes", told.entries, told.bytes);
        Some(match told.set_aside {
            None => Line::fine("directory", found),
            Some(aside) => Line::wrong(
                "directory",
                format!("{found}; a damaged one was set aside as {}", aside.display()),
                "Import the coupons again, look at the disk, and remove the file that was set aside: it holds openids.",
            ),
        })
    }

    /// Opening the journal reads only its header and the open rows. This reads everything.
    fn journal_line(&self, place: &Place) -> Line {
        let read = self.journal.try_to_write().and_then(|()| self.journal.audit());
        match read {
            Err(error) => Line::wrong("journal", error.message, error.code.hint()),
            Ok(Overview { damaged, concern: Some((found, advice)), .. }) if damaged.is_empty() => {
                Line::wrong("journal", format!("{place}: {found}"), advice)
            }
            Ok(read) if read.damaged.is_empty() => Line::fine("journal", place.to_string()),
            Ok(read) => {
                let mut numbers: Vec<&str> = read.damaged.iter().map(String::as_str).collect();
                numbers.truncate(DAMAGED_NAMED);
                let found = format!(
                    "{} of {} rows were changed by something else than this library: {}",
                    read.damaged.len(),
                    read.rows,
                    numbers.join(", ")
                );
                Line::wrong("journal", found, "Look at the disk; settle these numbers one by one.")
            }
        }
    }

    fn online_lines(&self, deadline: &Deadline, cancel: &Cancel) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(proxy) = &self.config.proxy {
            // The proxy resolves WeChat Pay's names. We resolve the proxy's name.
            let place = Host { origin: format!("http://{proxy}"), name: format!("proxy {proxy}") };
            lines.push(look_up(&place, self.config.limits.connect.min(deadline.left())));
        }
        for (index, host) in self.hosts.all().iter().enumerate() {
            if self.is_till() {
                lines.extend(self.hub_lines(index, host, deadline, cancel));
                continue;
            }
            if self.config.proxy.is_none() {
                lines.push(look_up(host, self.config.limits.connect.min(deadline.left())));
            }
            let began = system::now();
            let asked = self.noop_request(|request| match self.have_keys(deadline, cancel) {
                Ok(()) => self.attempt_at(index, host, request, deadline, cancel).0,
                Err(report) => *report,
            });
            match asked {
                Ok(asked) => {
                    lines.extend(answer_lines(host, &asked, system::now().saturating_duration_since(began)));
                }
                Err(error) => lines.push(Line::wrong(&format!("echo {}", host.name), error.message, "")),
            }
        }
        if !self.is_till() {
            lines.extend(self.brand_lines(deadline, cancel));
        }
        lines
    }

    /// A signed request that changes nothing: the echo. The manual of brands lists no echo, so a brand asks for the
    /// address of its notifications instead.
    pub(super) fn noop_request(&self, ask: impl FnOnce(&OutgoingRequest<'_>) -> Report) -> Result<Report> {
        match self.config.identity.mode {
            Mode::Partner => {
                let prepared = Prepared::echo(&crate::wire::sign::nonce()?);
                Ok(ask(&OutgoingRequest::fresh("echo", Some(&ECHO), &prepared)))
            }
            Mode::Till => Ok(hub::noop(ask)),
            Mode::Brand => {
                let prefix = api::PRODUCT_COUPON.prefix(Mode::Brand).unwrap_or_default();
                let prepared = Prepared::question(&format!("{prefix}/notify-configs"));
                Ok(ask(&OutgoingRequest::fresh("get_notify_config", None, &prepared)))
            }
        }
    }
}

struct CheckInput {
    online: bool,
    limit: Option<Duration>,
}

impl CheckInput {
    fn read(input: Option<&str>) -> Result<CheckInput> {
        let mut members = input.map(json::parse_object).transpose()?.unwrap_or_default();
        let limit = api::take_options(&mut members)?.timeout;
        let online = match members.shift_remove("online") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(online)) => online,
            Some(_) => return Err(Error::at(Code::Request, "/online", "online must be true or false")),
        };
        match members.keys().next() {
            None => Ok(CheckInput { online, limit }),
            Some(unknown) => Err(json::unknown_member(
                Code::Request,
                "",
                unknown,
                "is not known; known are: online, _options",
            )),
        }
    }
}

pub(super) fn look_up(host: &Host, limit: Duration) -> Line {
    let name = format!("dns {}", host.name);
    let began = system::now();
    match resolver::look_up(&host.origin, limit) {
        Ok(addresses) => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            Line::fine(
                &name,
                format!(
                    "{} in {} ms",
                    addresses.join(", "),
                    system::now().saturating_duration_since(began).as_millis()
                ),
            )
        }
        Err(why) => Line::wrong(
            &name,
            why,
            "Look at the network and at the DNS server of this machine; a firewall may block it.",
        ),
    }
}

/// What an exchange shows about the connection and about both signatures.
fn answer_lines(host: &Host, asked: &Report, took: Duration) -> Vec<Line> {
    let (tls, echo) = (format!("tls {}", host.name), format!("echo {}", host.name));
    let took = took.as_millis();
    if asked.http_status.is_none() && matches!(asked.code.class(), Class::NotSent | Class::Local) {
        let advice = asked.hint.as_deref().unwrap_or_else(|| asked.code.hint());
        return vec![Line::wrong(&tls, asked.message.clone(), advice)];
    }
    let connected = Line::fine(&tls, "connected, certificate and name are right");
    let answered = match asked.code {
        Code::Ok => Line::fine(&echo, format!("answered and proven in {took} ms")),
        _ if accepts_our_signature(asked) => {
            Line::fine(&echo, format!("our signature is accepted ({}); answered in {took} ms", asked.message))
        }
        code => {
            Line::wrong(&echo, asked.message.clone(), asked.hint.as_deref().unwrap_or_else(|| code.hint()))
        }
    };
    vec![connected, answered]
}

/// WeChat Pay has accepted our signature, even if it refuses the request.
fn accepts_our_signature(asked: &Report) -> bool {
    matches!(
        asked.code,
        Code::NotFound | Code::NoPermission | Code::Refused | Code::RateLimited | Code::CouponState
    )
}
