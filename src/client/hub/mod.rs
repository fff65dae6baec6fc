//! A till of a hub: each call is one request to the hub, repeated unchanged until it is answered. Keys, rules and questions to
//! WeChat Pay are the hub's; rows, deadlines, repeats and the memory of hosts are the same as without one.

mod answer;
mod check;
mod enroll;
mod settle;
mod sign;

pub(super) use answer::{WRONG_TIME, conclude};
pub(super) use check::{is_accepted, noop};
pub(super) use enroll::TillState;
pub(super) use sign::Signed;

use super::doubt::PriorAttempt;
use super::{Client, OutgoingRequest};
use crate::api::{self, Operation, Options, Prepared, Presence};
use crate::error::{Error, Result};
use crate::json::{self, At};
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{JsonText, Report};
use crate::status::Code;
use serde_json::{Map, Value};

/// They read a file of the machine that they run on.
const LOCAL_FILES: [&str; 2] = ["import_coupons", "upload_image"];
/// The composed calls that only ask.
const QUESTIONS: [&str; 3] = ["find_store", "product_authorities", "scan"];

/// A call that a hub does not serve. It names what does it instead.
fn not_served(what: &str, instead: &str) -> Error {
    let message = format!("a till of a hub cannot do this: {what}: {instead}");
    Error::new(Code::Operation, message).hint("See docs/till.md for what a hub serves.")
}

impl Client {
    /// Whether a hub stands between this context and WeChat Pay.
    pub(super) fn is_till(&self) -> bool {
        self.till.is_some()
    }

    /// One operation of the table.
    pub(super) fn call_at_hub(
        &self,
        operation: &'static Operation,
        input: &str,
        cancel: &Cancel,
    ) -> Result<Report> {
        refuse_local_file(operation.id)?;
        let mut members = json::parse_object(input)?;
        let options = options_of(&mut members)?;
        members
            .retain(|name, value| !value.is_null() || operation.members.iter().all(|row| row.name != name));
        // The time, too: whichever hub it goes to, it is one request.
        let filled_in = api::fill_in(&mut members, operation, &self.config.defaults, self.clock.now());
        // The hub checks the rest. Without its number nothing could be recorded.
        let request_no = match operation.request_no_member {
            Some(name) if operation.writes() => number(operation, &members, name)?,
            _ => None,
        };
        let prepared = Prepared { filled_in, ..for_hub(operation.id, members, request_no, options) };
        Ok(self.run_at_hub(operation.id, Some(operation), prepared, cancel))
    }

    /// Any other request of API version 3, which a hub serves to tills that it trusts.
    pub(super) fn request_at_hub(
        &self,
        method: &str,
        target: &str,
        body: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Report> {
        // Only its form is checked here, and its number read.
        let Prepared { method, request_no, options, .. } = api::prepare_raw(method, target, body)?;
        without_encryption(&options)?;
        let mut members = Map::new();
        members.insert("method".into(), method.as_str().into());
        members.insert("path_and_query".into(), target.into());
        if let Some(body) = body {
            let mut inner = json::parse_object(body)?;
            keep_options(&mut inner);
            members.insert("json_body".into(), Value::Object(inner));
        }
        let prepared = for_hub("request", members, request_no, options);
        if method != "GET" {
            return Ok(self.run_at_hub("request", None, prepared, cancel));
        }
        let deadline = self.deadline_of(&prepared.options);
        let request = OutgoingRequest { writes: false, ..OutgoingRequest::fresh("request", None, &prepared) };
        Ok(self.send_with_retries(&request, PriorAttempt::default(), &deadline, cancel))
    }

    /// A call that the hub's library composes.
    pub(super) fn composed_at_hub(&self, id: &'static str, input: &str, cancel: &Cancel) -> Report {
        let asked = refuse_local_file(id).and_then(|()| {
            let mut members = json::parse_object(input)?;
            let options = options_of(&mut members)?;
            let deadline = self.deadline_of(&options);
            Ok(self.ask_hub(id, members, !QUESTIONS.contains(&id), &deadline, cancel))
        });
        asked.unwrap_or_else(Report::from)
    }

    /// Forgets a user here and, where its policy lets this till, at the hub.
    pub(super) fn forget_user_at_hub(&self, input: &str, cancel: &Cancel) -> Report {
        let own = self.forget_user(input, cancel);
        if own.code != Code::Ok {
            return own;
        }
        let asked = self.composed_at_hub("forget_user", input, cancel);
        match asked.code {
            Code::Ok => {
                let mut told = Map::new();
                for (name, report) in [("hub", &asked), ("till", &own)] {
                    let data = report.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
                    told.insert(name.into(), data.unwrap_or(Value::Null));
                }
                Report { data: JsonText::of(&told), ..asked }
            }
            _ => {
                Report { message: format!("forgotten here, and not at the hub: {}", asked.message), ..asked }
            }
        }
    }

    fn run_at_hub(
        &self,
        id: &'static str,
        operation: Option<&'static Operation>,
        prepared: Prepared,
        cancel: &Cancel,
    ) -> Report {
        let deadline = self.deadline_of(&prepared.options);
        log::set_trace(prepared.options.trace.as_deref());
        self.run_once(id, operation, prepared, &deadline, cancel)
    }

    fn deadline_of(&self, options: &Options) -> Deadline {
        Deadline::after(options.timeout.unwrap_or(self.config.limits.call))
    }

    /// A call that may be repeated, and that no row belongs to.
    fn ask_hub(
        &self,
        id: &'static str,
        members: Map<String, Value>,
        writes: bool,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let prepared = for_hub(id, members, None, Options::default());
        let request =
            OutgoingRequest { writes, may_repeat: true, ..OutgoingRequest::fresh(id, None, &prepared) };
        self.send_with_retries(&request, PriorAttempt::default(), deadline, cancel)
    }
}

fn refuse_local_file(id: &str) -> Result<()> {
    if LOCAL_FILES.contains(&id) {
        return Err(not_served(
            id,
            "it names a file of the machine that it runs on, which would be the hub's",
        ));
    }
    Ok(())
}

/// Takes the options out. What concerns the answer stays, because the hub makes it.
fn options_of(members: &mut Map<String, Value>) -> Result<Options> {
    let given = members.get("_options").cloned();
    let options = api::take_options(members)?;
    without_encryption(&options)?;
    if let Some(given) = given.filter(|_| !options.decrypt.is_empty()) {
        members.insert("_options".into(), given);
        keep_options(members);
    }
    Ok(options)
}

/// The limit is this call's own, and the trace goes along with each attempt: neither belongs to what is recorded.
fn keep_options(members: &mut Map<String, Value>) {
    let left = members.get_mut("_options").and_then(Value::as_object_mut).map(|options| {
        options.shift_remove("timeout_ms");
        options.shift_remove("trace");
        options.len()
    });
    if left == Some(0) {
        members.shift_remove("_options");
    }
}

/// What is to be encrypted would lie in the till's journal and go to the hub as it is.
fn without_encryption(options: &Options) -> Result<()> {
    if options.encrypt.is_empty() {
        return Ok(());
    }
    let message = "a till of a hub encrypts nothing: it has no key of WeChat Pay's";
    Err(Error::at(Code::Request, "/_options/encrypt", message))
}

fn number(operation: &Operation, members: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    let field = json::pointer("", name);
    match members.get(name) {
        Some(Value::String(number)) if !number.is_empty() => {
            api::check_name(number, name, &At::Member(&At::Root, name))?;
            Ok(Some(number.clone()))
        }
        None if operation
            .members
            .iter()
            .any(|row| row.name == name && row.presence == Presence::Optional) =>
        {
            Ok(None)
        }
        None => Err(Error::at(Code::Request, field, format!("{name} is missing"))),
        Some(_) => Err(Error::at(Code::Request, field, format!("{name} must be a text that is not empty"))),
    }
}

fn for_hub(id: &str, members: Map<String, Value>, request_no: Option<String>, options: Options) -> Prepared {
    Prepared {
        method: "POST".into(),
        body: Some(json::bytes(&members)),
        members,
        request_no,
        options,
        ..Prepared::question(&format!("/v1/{id}"))
    }
}
