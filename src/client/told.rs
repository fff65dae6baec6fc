//! What the journal and a context know, for people: the course of one request, and the surroundings of a context.

use super::Client;
use super::no_such_request_no;
use super::numbered::stamp;
use super::void::return_request_no;
use crate::api;
use crate::error::Result;
use crate::journal::Row;
use crate::json::{self, At};
use crate::redact;
use crate::report::Report;
use crate::status::Code;
use crate::wire::sign::Authorizer;
use serde_json::{Map, Value, json};

impl Client {
    /// The course of one request from the journal's log of attempts. No network.
    pub fn course(&self, request_no: &str) -> Report {
        self.try_course(request_no).unwrap_or_else(Report::from)
    }

    fn try_course(&self, request_no: &str) -> Result<Report> {
        api::check_name(request_no, "out_request_no", &At::Member(&At::Root, "out_request_no"))?;
        let Some(row) = self.journal.find(request_no)? else { return Err(no_such_request_no(request_no)) };
        let is_running = self.journal.is_worked_on(&row);
        // What calls it off is a request of its own, with a row of its own.
        let back = if row.called_off { self.journal.find(&return_request_no(request_no))? } else { None };
        let mut told = course(&row, is_running);
        if let (Some(back), Some(members)) = (back, told.as_object_mut()) {
            members.insert("return_request_no".into(), (*back.request.request_no).into());
        }
        Ok(Report {
            out_request_no: Some(request_no.to_owned()),
            in_doubt: row.state.is_in_doubt(),
            ..Report::local(&told)
        })
    }

    /// What support needs to know about a context: who it is, its hosts and their memory, and its clock. No secret, no network.
    pub fn surroundings(&self) -> Report {
        let identity = &self.config.identity;
        let hosts: Vec<Value> = self
            .hosts
            .health()
            .map(|(host, failures, cooling_down)| {
                let rest_ms = u64::try_from(cooling_down.as_millis()).unwrap_or(u64::MAX);
                json!({ "host": host, "failures": failures, "avoided_for_ms": rest_ms })
            })
            .collect();
        let noted = self.journal.time().ok().flatten();
        Report::local(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "system": std::env::consts::OS,
            "processor": std::env::consts::ARCH,
            identity.member(): identity.id,
            "merchant_serial_no": self.config.authorizer.as_ref().map(Authorizer::serial),
            "verifies_with": self.keys.key_ring().serials().collect::<Vec<_>>(),
            "hosts": hosts,
            "clock": {
                "now": api::use_time(crate::system::wall_date()),
                "offset_s": self.clock.offset_s(),
                "behind_s": self.clock.behind_s(),
                "proven_at": noted.map(|known| stamp(known.proven_s)),
            },
        }))
    }
}

fn course(row: &Row, is_running: bool) -> Value {
    let request = &*row.request;
    let known = api::by_id(&request.operation).is_some();
    let watched_ms = row.watch_until_ms();
    let name = |code: i32| Code::from_number(code).map(Code::name);
    let attempts: Vec<Value> = row
        .course
        .attempts()
        .iter()
        .map(|attempt| {
            present(json!({
                "at": stamp(attempt.at_ms.div_euclid(1000)),
                "host": attempt.host,
                "http_status": attempt.http,
                "request_id": attempt.request_id,
                "status": attempt.code,
                "name": name(attempt.code),
            }))
        })
        .collect();
    present(json!({
        "operation": request.operation,
        "method": request.method,
        "target": redact::Target { target: &request.target, known }.to_string(),
        "state": row.state.name(),
        "running": is_running,
        "called_off": row.called_off,
        "status": row.code,
        "name": name(row.code),
        "cause": Some(&row.cause).filter(|cause| !cause.is_empty()),
        "note": row.note,
        "trace": row.trace,
        "recorded_at": stamp(row.created_ms.div_euclid(1000)),
        "changed_at": stamp(row.updated_ms.div_euclid(1000)),
        "in_doubt_since": row.doubted_ms.map(|ms| stamp(ms.div_euclid(1000))),
        "settling_tried_at": Some(row.tried_ms).filter(|ms| *ms != 0).map(|ms| stamp(ms.div_euclid(1000))),
        "proven_at": row.verdict_s.map(stamp),
        "sent": row.sent,
        "may_arrive_until": Some(watched_ms).filter(|ms| *ms != 0).map(|ms| stamp(ms.div_euclid(1000))),
        "attempts": row.attempts,
        "host": row.host,
        "http_status": row.http_status,
        "request_id": row.request_id,
        "course": attempts,
    }))
}

/// Without the members that are null.
fn present(value: Value) -> Value {
    let members: Map<String, Value> = json::into_object(value).unwrap_or_default();
    Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
}
