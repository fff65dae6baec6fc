//! Connections: used again for as long as the server keeps them, and made anew without a call that fails.

use crate::till::{Till, config_with, use_request};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

/// Stands between a till and the sandbox: passes everything on, and counts.
struct Relay {
    address: SocketAddr,
    passed: Arc<Mutex<Vec<Passed>>>,
}

/// One connection of the till's.
struct Passed {
    client: TcpStream,
    /// Bytes from the server.
    received: Arc<AtomicU64>,
    silent: Arc<AtomicBool>,
}

impl Relay {
    fn before(sandbox: &Sandbox) -> Relay {
        Relay::greeting(sandbox, |_| {})
    }

    /// The same as a proxy, which is asked for the way first.
    fn proxy_before(sandbox: &Sandbox) -> Relay {
        Relay::greeting(sandbox, |client| {
            let (mut asked, mut byte) = (Vec::new(), [0]);
            while !asked.ends_with(b"\r\n\r\n") {
                client.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            assert!(asked.starts_with(b"CONNECT "));
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        })
    }

    fn greeting(sandbox: &Sandbox, greet: impl Fn(&mut TcpStream) + Send + 'static) -> Relay {
        let config = sandbox.config();
        let server = config["base_urls"][0].as_str().unwrap().trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let passed: Arc<Mutex<Vec<Passed>>> = Arc::default();
        let counted = Arc::clone(&passed);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                greet(&mut client);
                let passing = Passed {
                    client: client.try_clone().unwrap(),
                    received: Arc::default(),
                    silent: Arc::default(),
                };
                pass_on(&client, &server, Arc::default(), Arc::clone(&passing.silent));
                pass_on(&server, &client, Arc::clone(&passing.received), Arc::default());
                counted.lock().unwrap().push(passing);
            }
        });
        Relay { address, passed }
    }

    fn opened(&self) -> usize {
        self.passed.lock().unwrap().len()
    }

    /// All connections but the first resumed TLS: who does is not shown the certificate again.
    fn assert_resumed(&self) {
        let passed = self.passed.lock().unwrap();
        let received: Vec<_> = passed.iter().map(|passed| passed.received.load(Ordering::SeqCst)).collect();
        for resumed in &received[1..] {
            assert!(resumed + 600 < received[0], "bytes from the server, by connection: {received:?}");
        }
    }

    /// Takes what the till sends on the connections that there are, and passes nothing on.
    fn silence(&self) {
        for passed in &*self.passed.lock().unwrap() {
            passed.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Ends all connections, as a server ends those that are idle.
    fn cut(&self) {
        for passed in &*self.passed.lock().unwrap() {
            let _ = passed.client.shutdown(Shutdown::Both);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn pass_on(from: &TcpStream, to: &TcpStream, count: Arc<AtomicU64>, silent: Arc<AtomicBool>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            count.fetch_add(length as u64, Ordering::SeqCst);
            if silent.load(Ordering::SeqCst) {
                continue;
            }
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn till_behind_relay(sandbox: &Sandbox) -> (Relay, Till) {
    let relay = Relay::before(sandbox);
    let urls = json!({ "base_urls": [format!("https://{}", relay.address)] });
    (relay, Till::new(&config_with(sandbox, &urls)))
}

fn redeem(till: &Till, name: &str) {
    let answer = till.redeem(&use_request(&format!("AUTO_{name}"), name));
    assert_eq!(answer.status, 0, "{}", answer.json);
    assert_eq!(answer.json["attempts"], 1, "{}", answer.json);
}

/// Both answers take their time, so that each needs a connection of its own.
fn redeem_at_once(sandbox: &Sandbox, till: &Till, names: [&str; 2]) {
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 2000 }).on("use").times(2));
    thread::scope(|scope| {
        for name in names {
            let till = till.twin();
            scope.spawn(move || redeem(&till, name));
        }
    });
}

#[test]
fn a_connection_that_the_server_keeps_is_used_again_after_seconds_of_nothing() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (relay, till) = till_behind_relay(&sandbox);
    for round in 0..3 {
        redeem(&till, &format!("KEPT-000{round}"));
        // WeChat Pay's servers announce that they keep it for eight.
        thread::sleep(Duration::from_secs(if round == 0 { 4 } else { 0 }));
    }
    assert_eq!(relay.opened(), 1);
}

#[test]
fn a_connection_is_kept_for_as_long_as_the_server_announces() {
    for (seconds, opened) in [(2, 2), (20, 1)] {
        let keep_alive = Duration::from_secs(seconds);
        let sandbox = Sandbox::start(Options { keep_alive, ..Options::default() }).unwrap();
        let (relay, till) = till_behind_relay(&sandbox);
        redeem(&till, "LONG-0001");
        // The server has closed neither: the short one has half a second left, and the other eleven.
        thread::sleep(if seconds == 2 { Duration::from_millis(1500) } else { Duration::from_secs(9) });
        redeem(&till, "LONG-0002");
        assert_eq!(relay.opened(), opened, "{seconds} s announced");
    }
}

#[test]
fn a_connection_that_the_server_has_closed_costs_no_attempt_and_the_next_one_resumes_tls() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (relay, till) = till_behind_relay(&sandbox);
    for round in 0..4 {
        redeem(&till, &format!("CUT-000{round}"));
        relay.cut();
    }
    assert_eq!(relay.opened(), 4);
    relay.assert_resumed();
}

#[test]
fn connections_at_the_same_time_resume_the_same_tls_sessions() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (relay, till) = till_behind_relay(&sandbox);
    redeem(&till, "FIRST-0001");
    relay.cut();
    redeem_at_once(&sandbox, &till, ["PAIR-0001", "PAIR-0002"]);
    assert_eq!(relay.opened(), 3);
    relay.assert_resumed();
}

/// As after a change of network: what stands between knows none of the connections any more.
#[test]
fn of_connections_that_are_silent_all_at_once_one_costs_an_attempt() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (relay, till) = till_behind_relay(&sandbox);
    redeem_at_once(&sandbox, &till, ["BOTH-0001", "BOTH-0002"]);
    assert_eq!(relay.opened(), 2);
    relay.silence();
    let answer = till.redeem(&use_request("AUTO_BOTH-0003", "BOTH-0003"));
    assert_eq!((answer.status, answer.json["attempts"].as_u64()), (0, Some(2)), "{}", answer.json);
    assert_eq!(relay.opened(), 3);
}

#[test]
fn a_way_through_a_proxy_that_was_closed_costs_no_attempt_either() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let proxy = Relay::proxy_before(&sandbox);
    let till = Till::new(&config_with(&sandbox, &json!({ "proxy": format!("http://{}", proxy.address) })));
    for round in 0..3 {
        redeem(&till, &format!("WAY-000{round}A"));
        redeem(&till, &format!("WAY-000{round}B"));
        proxy.cut();
    }
    assert_eq!(proxy.opened(), 3);
}
