//! Requests of tills over HTTP, and the proof on each answer.

use crate::answer::{Answer, Refusal};
use crate::calls::Call;
use crate::door::{Caller, Request, Turned};
use crate::enroll;
use crate::hub::Hub;
use crate::log;
use crate::mac::{self, Answered};
use crate::metrics::Counted;
use crate::rules;
use crate::secret::Key;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use wxcoupon::api;
use wxcoupon::journal;
use wxcoupon::log as library;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::{Class, Code};
use wxcoupon::system::now;

/// Longest body of a till's request: the library reads 64 KiB.
const MAX_BODY: usize = 64 * 1024;
/// How long a call waits for its turn.
const TURN: Duration = Duration::from_secs(1);

/// The address of the other side, as the listener knows it.
#[derive(Debug, Clone)]
pub struct From(pub String);

/// What every handler has.
#[derive(Debug, Clone)]
pub struct Shared {
    pub hub: Arc<Hub>,
    /// Calls that may still begin now.
    pub turns: Arc<Semaphore>,
    pub stopping: Arc<AtomicBool>,
}

impl Shared {
    pub fn new(hub: Arc<Hub>) -> Shared {
        let turns = Arc::new(Semaphore::new(hub.config.limits.calls));
        Shared { hub, turns, stopping: Arc::default() }
    }
}

/// What tills reach.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(of_a_till)
        .with_state(shared)
}

/// Whether tills are better served elsewhere.
pub async fn ready(State(shared): State<Shared>) -> Response {
    if shared.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let hub = Arc::clone(&shared.hub);
    match spawn_blocking(move || hub.readiness()).await {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "failed\n").into_response(),
    }
}

impl Hub {
    /// Whether the store and the journal can be written.
    pub fn readiness(&self) -> Result<(), String> {
        self.store.try_to_write().map_err(|failed| failed.to_string())?;
        self.client.unfinished().map(drop).map_err(|error| error.message)
    }
}

/// The body, within its limits of size and time.
pub async fn whole_body(body: Body, longest: usize, patience: Duration) -> Result<Bytes, Answer> {
    match tokio::time::timeout(patience, to_bytes(body, longest)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let message = format!("the body did not come whole, or has more than {longest} bytes");
            Err(Answer::refused(Refusal::TooLarge, message))
        }
        Err(_) => Err(Answer::refused(Refusal::Busy, "the body did not come in time")),
    }
}

async fn of_a_till(State(shared): State<Shared>, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let body = match whole_body(body, MAX_BODY, shared.hub.config.limits.slow_client()).await {
        Ok(body) => body,
        Err(answer) => return response(&answer, None, shared.hub.now_ms()),
    };
    let from = head.extensions.get::<From>().map(|from| from.0.clone()).unwrap_or_default();
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let request =
        Request { method: head.method.to_string(), target, headers: head.headers, body: body.into(), from };
    let turn = tokio::time::timeout(TURN, Arc::clone(&shared.turns).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        return response(
            &Answer::refused(Refusal::Busy, "this hub has no more calls at once"),
            None,
            shared.hub.now_ms(),
        );
    };
    let hub = Arc::clone(&shared.hub);
    let ran = spawn_blocking(move || {
        // The call goes on if the till hangs up, and keeps its turn until it ends.
        let _turn = turn;
        answered(&hub, &request)
    });
    ran.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Who is proven to, and with what.
type Proof<'a> = Option<(&'a Key, &'a str)>;

/// One request, on a thread that may block.
fn answered(hub: &Hub, request: &Request) -> Response {
    let began = now();
    let _running = Counted::one(&hub.metrics.running);
    hub.metrics.asked.fetch_add(1, Ordering::Relaxed);
    let call = Call::find(&request.method, request.path());
    if request.method == "POST" && request.path() == enroll::PATH {
        let (answer, proof) = enroll::trade(hub, request);
        note(hub, request, None, "enroll", &answer, began);
        return response(&answer, proof.as_ref().map(|(key, nonce)| (key, nonce.as_str())), hub.now_ms());
    }
    let id = call.as_ref().map_or("unknown", |call| call.id());
    match hub.admit(request) {
        Ok(caller) => {
            let answer = call.map_or_else(|answer| answer, |call| contained(hub, &caller, request, call));
            note(hub, request, Some(&caller.till), id, &answer, began);
            response(&answer, Some((&caller.key, &caller.nonce)), hub.now_ms())
        }
        Err(Turned { answer, proven_with }) => {
            let is_copy = answer.refusal == Some(Refusal::NonceReused);
            let writes = call.as_ref().is_ok_and(|call| call.writes());
            let answer = if is_copy && writes { Answer::copy() } else { answer };
            note(hub, request, None, id, &answer, began);
            let proof = proven_with.as_ref().map(|(key, nonce)| (key, nonce.as_str()));
            response(&answer, proof, hub.now_ms())
        }
    }
}

/// A defect must not take the hub along, and must not look like "nothing happened".
fn contained(hub: &Hub, caller: &Caller, request: &Request, call: Call) -> Answer {
    let run = std::panic::AssertUnwindSafe(|| hub.serve(caller, request, call));
    let answer = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        let writes = api::by_id(call.id()).is_none_or(api::Operation::writes);
        Answer::told(Report { in_doubt: writes, ..Report::new(Code::Panic) })
    });
    if answer.refusal.is_none() {
        return answer;
    }
    // What was refused is not served later: by another hub, or by this one once it has forgotten what came.
    if call.writes() && answer.refusal != Some(Refusal::NonceReused) {
        let _ = hub.only_once(caller);
    }
    // A refusal of the hub says nothing of what an earlier call with this number has done.
    let Some(operation) = api::by_id(call.id()).filter(|operation| operation.writes()) else { return answer };
    let Ok(mut members) = wxcoupon::json::parse_object(&String::from_utf8_lossy(&request.body)) else {
        return answer;
    };
    let number = operation.request_no_member.and_then(|name| members.get(name)?.as_str());
    let row = number.and_then(|number| match hub.owner(number) {
        Ok(owner) => owner.filter(|owner| owner.till == caller.till).map(|_| hub.client.row(number).ok()),
        Err(_) => Some(None),
    });
    let in_doubt = match row {
        // What was done is told, whatever the policy of today is.
        Some(Some(Some(row))) if row.state == journal::State::Done => {
            rules::as_recorded(operation, &mut members, &row);
            let input = Value::Object(members).to_string();
            return Answer::told(hub.client.call(operation, &input, &Cancel::never()));
        }
        Some(Some(row)) => row.is_some_and(|row| row.state.is_in_doubt()),
        // The store does not say.
        Some(None) => true,
        None => false,
    };
    let in_doubt = in_doubt || answer.report.in_doubt || answer.report.code.class() == Class::InDoubt;
    Answer { report: Report { in_doubt, ..answer.report }, ..answer }
}

fn note(
    hub: &Hub,
    request: &Request,
    till: Option<&str>,
    call: &'static str,
    answer: &Answer,
    began: std::time::Instant,
) {
    let took = now().saturating_duration_since(began);
    let refusal = answer.refusal.map(Refusal::name);
    hub.metrics.answered(call, answer.http, refusal.unwrap_or_default(), took);
    let report = &answer.report;
    let class = report.code.class();
    if till.is_some() && api::is_redemption(call) && answer.refusal.is_none() && !report.recorded {
        hub.metrics.redeemed(report.code.number() / 1000);
    }
    let level = match class {
        // What strangers send is no fault of this machine.
        Class::Local if refusal.is_some_and(|refusal| refusal != Refusal::Store.name()) => library::WARN,
        Class::Ok | Class::Refused | Class::Busy => library::INFO,
        Class::Local | Class::Bug => library::ERROR,
        _ => library::WARN,
    };
    let trace = request.header("traceparent").and_then(log::trace_id);
    let facts = json!({
        "till": till,
        "call": call,
        "from": request.from,
        "http": answer.http,
        "hub": refusal,
        "name": report.code.name(),
        "in_doubt": report.in_doubt,
        "number": report.out_request_no,
        "request_id": report.request_id,
        "attempts": report.attempts,
        "ms": u64::try_from(took.as_millis()).ok(),
        "trace_id": trace,
    });
    log::line(level, "call", facts);
}

fn response(answer: &Answer, proof: Proof<'_>, now_ms: i64) -> Response {
    let body = answer.body();
    let time_s = now_ms.div_euclid(1000);
    let proven_at_s = answer.report.proven.map(|proof| proof.at_s);
    let mut response = Response::new(Body::from(body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(mac::TIME, &time_s.to_string());
    if let Some(proven_at_s) = proven_at_s {
        put(mac::PROVEN_AT, &proven_at_s.to_string());
    }
    if let Some((key, nonce)) = proof {
        let answered =
            Answered { nonce, http_status: answer.http, time_s, proven_at_s, body: body.as_bytes() };
        put(mac::MAC, &mac::of(key, &answered.text()));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
