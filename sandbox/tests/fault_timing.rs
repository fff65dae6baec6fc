//! Faults of connections and of time, and when faults act at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use support::{Till, sandbox, until};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

const CODE: &str = "SBX_EFFECTIVE_1";

#[test]
fn reset_before_read() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(Fault::new(FaultKind::ResetBeforeRead).host(0).times(1));
    let Err(error) = till.send(&till.use_request(CODE, "NUMBER_1")) else {
        panic!("expected no answer");
    };
    assert!(!sandbox.requests().iter().any(|r| r.operation == "use"), "{error}");
    assert!(sandbox.ledger().is_empty());
    assert_eq!(sandbox.requests()[0].fault.as_deref(), Some("reset_before_read"));
    let address = till.urls[0].trim_start_matches("https://");
    sandbox.inject(Fault::new(FaultKind::ResetBeforeRead).times(1));
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(tcp.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    till.ok(&till.use_request(CODE, "NUMBER_1"));
}

#[test]
fn tls_alert() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let id = sandbox.inject(Fault::new(FaultKind::TlsAlert).host(0));
    let Err(error) = till.connect(&till.urls[0]) else {
        panic!("expected a failed handshake");
    };
    assert!(error.to_string().contains("handshake failure"), "{error}");
    assert_eq!(sandbox.fired(id), 1);
    till.send_to(&till.urls[1], &till.use_request(CODE, "NUMBER_1")).unwrap();
    assert!(sandbox.clear_fault(id));
    till.connect(&till.urls[0]).unwrap();
}

#[test]
fn refuse_connection() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.query_request("SBX_USED");
    let mut open = till.connect(&till.urls[0]).unwrap();
    open.exchange(&till, &call).unwrap();
    let mut other = till.connect(&till.urls[1]).unwrap();
    for round in 0..5 {
        let id = sandbox.inject(Fault::new(FaultKind::RefuseConnection).host(0));
        let error = till.send(&call).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "round {round}");
        assert!(open.exchange(&till, &call).is_err(), "open connections end too");
        other.exchange(&till, &call).unwrap();
        assert_eq!(sandbox.fired(id), 1);
        sandbox.clear_fault(id);
        open = till.connect(&till.urls[0]).unwrap();
        open.exchange(&till, &call).unwrap();
    }
    sandbox.inject(FaultKind::RefuseConnection);
    assert!(till.send_to(&till.urls[1], &call).is_err());
    // A sandbox whose ports are closed still stops at once.
    let start = Instant::now();
    drop(sandbox);
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Nothing comes for a while; clearing the fault changes nothing for a
/// request that already hangs.
fn hangs(kind: FaultKind, effects: usize) {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(kind);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let written = Instant::now();
    line.write(&till.use_request(CODE, "NUMBER_1").bytes(&till)).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            assert!(line.read_answer().is_err());
            written.elapsed()
        });
        until("the request is read", || sandbox.requests().len() == 1);
        until("the effect", || sandbox.ledger().len() == effects);
        thread::sleep(Duration::from_millis(400));
        assert_eq!(sandbox.ledger().len(), effects);
        assert_eq!(sandbox.requests()[0].http_status, None);
        let start = Instant::now();
        drop(sandbox);
        assert!(start.elapsed() < Duration::from_secs(5), "stopping does not wait for a hanging request");
        assert!(waiting.join().unwrap() >= Duration::from_millis(390));
    });
}

#[test]
fn hang() {
    hangs(FaultKind::Hang, 0);
}

#[test]
fn process_then_hang() {
    hangs(FaultKind::ProcessThenHang, 1);
}

#[test]
fn delay_takes_effect_at_once_and_answers_late() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(FaultKind::Delay { ms: 1500 });
    thread::scope(|scope| {
        let start = Instant::now();
        let asking = scope.spawn(|| till.ok(&till.use_request(CODE, "NUMBER_1")));
        until("the effect", || !sandbox.ledger().is_empty());
        assert!(!asking.is_finished(), "effect before the answer");
        asking.join().unwrap();
        assert!(start.elapsed() >= Duration::from_millis(1500));
    });
}

#[test]
fn slow_processing_locks_the_coupon() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 4000 }).times(1));
    thread::scope(|scope| {
        let asking = scope.spawn(|| till.ok(&till.use_request(CODE, "NUMBER_1")));
        until("the request is read", || sandbox.stats().requests == 1);
        // Its signature is checked before the coupon is locked.
        thread::sleep(Duration::from_millis(300));
        till.refused(&till.use_request(CODE, "NUMBER_2"), 272_756_746);
        till.refused(&till.use_request(CODE, "NUMBER_1"), 272_756_746);
        till.ok(&till.use_request("SBX_EFFECTIVE_2", "NUMBER_3"));
        assert_eq!(sandbox.coupon(CODE).unwrap().state, CouponState::Effective);
        asking.join().unwrap();
    });
    till.ok(&till.use_request(CODE, "NUMBER_1"));
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn close_after_promises_to_stay() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(Fault::new(FaultKind::CloseAfter).times(1));
    let mut line = till.connect(&till.urls[0]).unwrap();
    let got = line.exchange(&till, &till.use_request(CODE, "NUMBER_1")).unwrap();
    till.verify(&got).unwrap();
    assert_eq!(got.header("connection"), Some("keep-alive"));
    assert!(line.exchange(&till, &till.query_request(CODE)).is_err());
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn selection_by_host_operation_and_code() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let id = sandbox
        .inject(Fault::new(FaultKind::RateLimited { retry_after: None }).on("query").host(1).coupon("SBX_U"));
    let status =
        |host: usize, code: &str| till.send_to(&till.urls[host], &till.query_request(code)).unwrap().status;
    assert_eq!([status(0, "SBX_USED"), status(1, "SBX_USED"), status(1, "SBX_EXPIRED")], [200, 429, 200]);
    assert_eq!(till.send_to(&till.urls[1], &till.use_request("SBX_USED", "NUMBER_1")).unwrap().status, 403);
    assert_eq!(sandbox.fired(id), 1);
    assert_eq!(sandbox.faults()[0].fired, 1);
    sandbox.clear_faults();
    assert_eq!(status(1, "SBX_USED"), 200);
    assert_eq!(sandbox.stats().faults_fired, 1);
}
