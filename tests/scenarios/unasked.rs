//! What a server says unasked is never taken for the answer to a request.

use crate::raw::{Authority, Raw, Server, accept, read_request, refusal};
use crate::till::{Till, query_request, sandbox, use_request, with_limit};
use serde_json::json;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SEALED_REFUSAL: &str = "RULE_LIMITED";

/// The server answers a question, which leaves with what it does then or is flushed by that. Then the till redeems. Which connection the redemption came
/// on, what the till was told, and how many connections there were.
fn after_an_answer(extra: impl Fn(&mut Server) + Send + Sync + 'static) -> (Option<usize>, i32, usize) {
    let (sandbox, authority) = (sandbox(), Authority::new());
    let redeemed: Arc<Mutex<Option<usize>>> = Arc::default();
    let (server, seen) = (Arc::clone(&authority.server), Arc::clone(&redeemed));
    let raw = Raw::start(move |index, stream| {
        let mut server = accept(&server, stream);
        while let Some(line) = read_request(&mut server) {
            if line.starts_with("GET") {
                server.tls.writer().write_all(&refusal(404, "NOT_FOUND", 100)).unwrap();
                extra(&mut server);
                let _ = server.flush();
                continue;
            }
            seen.lock().unwrap().get_or_insert(index);
            let _ = server.write_all(&refusal(500, "SYSTEM_ERROR", 100));
        }
    });
    let url = format!("https://{}", raw.address);
    let till = Till::new(&authority.config(&sandbox, &[url], &json!({})));
    assert_eq!(till.query(&query_request("AUTO_UNASKED")).name(), "WXCOUPON_E_NOT_FOUND");
    // What comes of it is here before the till does the next thing.
    thread::sleep(Duration::from_millis(300));
    let told = till.redeem(&with_limit(use_request("AUTO_UNASKED", "UNASKED-0001"), 900));
    let redeemed = *redeemed.lock().unwrap();
    (redeemed, told.class(), raw.opened())
}

#[test]
fn a_second_answer_behind_the_first_is_not_the_next_requests() {
    for length in [100, 3 * 1024, 8 * 1024, 15 * 1024, 60 * 1024] {
        for apart in [false, true] {
            let told = after_an_answer(move |server| {
                if apart {
                    server.flush().unwrap();
                }
                // A record of its own, in one piece with the answer or behind it.
                server.tls.writer().write_all(&refusal(403, SEALED_REFUSAL, length)).unwrap();
            });
            assert_eq!(told, (Some(1), 4, 2), "{length} bytes, apart: {apart}");
        }
    }
}

#[test]
fn the_beginning_of_a_record_ends_the_connection_too() {
    let told = after_an_answer(|server| {
        server.flush().unwrap();
        server.tls.writer().write_all(&refusal(403, SEALED_REFUSAL, 3000)).unwrap();
        let sealed = server.sealed();
        server.stream.write_all(&sealed[..700]).unwrap();
    });
    assert_eq!(told, (Some(1), 4, 2));
}

#[test]
fn new_tickets_and_keys_are_tls_business_and_the_connection_goes_on() {
    let told = after_an_answer(|server| {
        server.tls.refresh_traffic_keys().unwrap();
        server.flush().unwrap();
    });
    assert_eq!(told, (Some(0), 4, 1));
}

#[test]
fn a_farewell_of_either_kind_ends_the_connection() {
    let told = after_an_answer(|server| {
        server.tls.send_close_notify();
        server.flush().unwrap();
    });
    assert_eq!(told, (Some(1), 4, 2));
    let told = after_an_answer(|server| {
        server.flush().unwrap();
        server.stream.shutdown(Shutdown::Write).unwrap();
    });
    assert_eq!(told, (Some(1), 4, 2));
}

/// It has nothing to answer yet: the till lets nothing out, and looks for a better connection.
#[test]
fn an_answer_before_the_request_refuses_nothing() {
    let (sandbox, authority) = (sandbox(), Authority::new());
    let server = Arc::clone(&authority.server);
    let raw = Raw::start(move |_, stream: TcpStream| {
        let mut server = accept(&server, stream);
        server.tls.writer().write_all(&refusal(403, SEALED_REFUSAL, 200)).unwrap();
        while read_request(&mut server).is_some() {}
    });
    let url = format!("https://{}", raw.address);
    let till = Till::new(&authority.config(&sandbox, &[url, sandbox.urls()[1].clone()], &json!({})));
    let told = till.redeem(&use_request("AUTO_EARLY", "EARLY-0001"));
    assert_eq!((told.status, told.json["attempts"].as_u64()), (0, Some(2)), "{}", told.json);
    let url = format!("https://{}", raw.address);
    let till = Till::new(&authority.config(&sandbox, &[url], &json!({})));
    let told = till.redeem(&with_limit(use_request("AUTO_EARLY_2", "EARLY-0002"), 900));
    assert_eq!(told.class(), 3, "{}", told.json);
    assert_eq!(till.pending()["pending"], 0);
}
