//! The control interface: JSON over plain HTTP on loopback.

mod certificates;
mod notifications;

use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::fault::{Fault, FaultId};
use crate::http::reader::{End, Reader};
use crate::http::reply::{After, Reply};
use crate::http::request::{Request, decode};
use crate::http::stream::Stream;
use crate::world::view::CouponSpec;

/// What to answer: a status and a JSON value.
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn ok(body: impl Serialize) -> Self {
        Self { status: 200, body: serde_json::to_value(body).unwrap_or_default() }
    }

    fn error(status: u16, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "error": message.into() }) }
    }
}

/// Serves one connection.
pub(crate) fn converse(engine: &Engine, mut stream: Stream) {
    let mut reader = Reader::new(engine.options.keep_alive);
    while !engine.stop.is_raised() {
        let request = match reader.next(&mut stream) {
            Ok(request) => request,
            Err(End::Broken) => return,
            Err(End::Quiet) => return stream.close(),
            Err(End::Bad(issue)) => {
                let mut reply = reply_from(&Answer::error(400, issue));
                reply.after = After::Close;
                let _ = reply.send(&mut stream, &engine.stop, reader.idle);
                return stream.close();
            }
        };
        let mut reply = reply_from(&answer(engine, &request));
        let ends = (request.method.as_str(), request.path()) == ("POST", "/shutdown") && reply.status == 200;
        if ends || !request.keep_alive {
            reply.after = After::Close;
        }
        let sent = reply.send(&mut stream, &engine.stop, reader.idle);
        if ends {
            engine.end_wanted.raise();
        }
        match sent {
            Ok(true) => {}
            Ok(false) => return stream.close(),
            Err(_) => return,
        }
    }
}

fn reply_from(answer: &Answer) -> Reply {
    let mut body = serde_json::to_vec(&answer.body).unwrap_or_default();
    body.push(b'\n');
    Reply::new(answer.status, "application/json", body)
}

fn answer(engine: &Engine, request: &Request) -> Answer {
    // A web page must not steer the sandbox of the person who looks at it.
    if request.header("origin").is_some() {
        return Answer::error(403, "not for browsers");
    }
    let path: Vec<String> = request.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let after = || {
        let query = request.query();
        let after = query.iter().find(|(name, _)| name == "after");
        after.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    };
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["faults"]) => Answer::ok(engine.menu.list()),
        ("POST", ["faults"]) => add_fault(engine, &request.body),
        ("DELETE", ["faults"]) => Answer::ok(json!({ "cleared": engine.clear_faults(None) })),
        ("DELETE", ["faults", id]) => match id.parse().map(FaultId) {
            Ok(id) if engine.clear_faults(Some(id)) > 0 => Answer::ok(json!({ "cleared": 1 })),
            _ => Answer::error(404, "no such fault"),
        },
        ("GET", ["ledger"]) => Answer::ok(engine.world.ledger.entries(after())),
        ("GET", ["requests"]) => Answer::ok(engine.journal.entries(after())),
        ("GET", ["stats"]) => Answer::ok(engine.stats()),
        ("GET", ["coupons", code]) => {
            engine.world.view(code).map_or_else(|| Answer::error(404, "no such coupon"), Answer::ok)
        }
        ("POST", ["coupons"]) => put_coupon(engine, &request.body),
        ("POST", ["claims"]) => claim(engine, &request.body),
        ("POST", ["stocks"]) => set_stock_state(engine, &request.body),
        ("GET", ["certificates"]) => certificates::list(engine),
        ("POST", ["certificates"]) => certificates::change(engine, &request.body),
        ("GET", ["notifications"]) => Answer::ok(engine.post.deliveries(after())),
        ("POST", ["notifications"]) => notifications::handle(engine, &request.body),
        ("POST", ["clock"]) => set_clock(engine, &request.body),
        ("POST", ["reset"]) => {
            engine.reset();
            Answer::ok(json!({}))
        }
        ("POST", ["shutdown"]) => Answer::ok(json!({})),
        _ => Answer::error(404, "no such thing; see the README's table"),
    }
}

/// The JSON form, or the one-line form as `{"spec": "…"}`.
fn add_fault(engine: &Engine, body: &[u8]) -> Answer {
    let parsed = match serde_json::from_slice::<Value>(body) {
        Ok(value) => match value.get("spec").and_then(Value::as_str) {
            Some(spec) => Fault::from_spec(spec),
            None => Fault::from_json(&value),
        },
        Err(e) => return Answer::error(400, e.to_string()),
    };
    match parsed {
        Ok(fault) => Answer::ok(json!({ "id": engine.inject(fault) })),
        Err(e) => Answer::error(400, e.to_string()),
    }
}

fn put_coupon(engine: &Engine, body: &[u8]) -> Answer {
    match serde_json::from_slice::<CouponSpec>(body) {
        Ok(spec) => match engine.world.put_coupon(&spec) {
            Ok(view) => Answer::ok(view),
            Err(e) => Answer::error(400, e.to_string()),
        },
        Err(e) => Answer::error(400, e.to_string()),
    }
}

/// Either offset, or both; one left out stays as it is.
fn set_clock(engine: &Engine, body: &[u8]) -> Answer {
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let offset = |name: &str| wanted.get(name).map(|value| value.as_i64().ok_or(()));
    let clock = &engine.world.clock;
    match (offset("offset_s").transpose(), offset("world_offset_s").transpose()) {
        (Ok(whole), Ok(world)) if whole.is_some() || world.is_some() => {
            clock.set_offset(whole.unwrap_or(clock.offset()));
            clock.set_world_offset(world.unwrap_or(clock.world_offset()));
            Answer::ok(json!({ "offset_s": clock.offset(), "world_offset_s": clock.world_offset() }))
        }
        _ => Answer::error(400, "offset_s and world_offset_s must be whole numbers of seconds"),
    }
}

/// The user opens the claim component with a token of a pre-send.
fn claim(engine: &Engine, body: &[u8]) -> Answer {
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let Some(token) = wanted.get("token").and_then(Value::as_str) else {
        return Answer::error(400, "token must be a string");
    };
    match engine.claim(token) {
        Ok(codes) => Answer::ok(json!({ "coupon_codes": codes })),
        Err(e) => Answer::error(400, e.to_string()),
    }
}

fn set_stock_state(engine: &Engine, body: &[u8]) -> Answer {
    const STATES: [&str; 4] = ["AUDITING", "SENDING", "PAUSED", "STOPPED"];
    let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default();
    if !STATES.contains(&text("state")) {
        return Answer::error(400, "state must be AUDITING, SENDING, PAUSED or STOPPED");
    }
    let changed = engine.world.set_stock_state(text("stock_id"), text("state"));
    changed.map_or_else(|| Answer::error(404, "no such stock"), Answer::ok)
}
