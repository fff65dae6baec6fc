//! One connection with a client of the API.

use serde_json::json;

use crate::clock::http_date;
use crate::engine::{Engine, Outcome};
use crate::http::reader::{End, Reader};
use crate::http::reply::{After, Reply};
use crate::http::stream::Stream;
use crate::refusal::{Reason, Refusal};
use crate::seal;

/// Serves requests until somebody has enough.
pub(crate) fn converse(engine: &Engine, host: usize, mut stream: Stream) {
    let mut reader = Reader::new(engine.options.keep_alive);
    while !engine.stop.is_raised() {
        let request = match reader.next(&mut stream) {
            Ok(request) => request,
            Err(End::Quiet) => return stream.close(),
            Err(End::Broken) => return,
            Err(End::Bad(issue)) => {
                let _ = not_understood(engine, issue).send(&mut stream, &engine.stop, reader.idle);
                return stream.close();
            }
        };
        match engine.handle(host, &request) {
            Outcome::Reset => return stream.tcp().close_with_reset(),
            Outcome::Hang => return stream.tcp().clone().swallow(None),
            Outcome::Reply { mut reply, wait } => {
                if engine.stop.sleep(wait) {
                    return;
                }
                if !request.keep_alive && reply.after == After::KeepAlive {
                    reply.after = After::Close;
                }
                match reply.send(&mut stream, &engine.stop, reader.idle) {
                    Ok(true) => {}
                    Ok(false) if reply.after == After::Close => return stream.close(),
                    Ok(false) | Err(_) => return,
                }
            }
        }
    }
}

/// The answer to something that is not a proper HTTP request.
fn not_understood(engine: &Engine, issue: &str) -> Reply {
    let refusal = Refusal::because(Reason::HttpRules, issue);
    let row = refusal.reason.row();
    let body = json!(refusal.body()).to_string().into_bytes();
    let mut reply = Reply::new(row.status, "application/json", body);
    reply.header("Date", http_date(engine.world.clock.now()));
    reply.header("Request-ID", seal::request_id(row.sub_code));
    reply.after = After::Close;
    reply
}
