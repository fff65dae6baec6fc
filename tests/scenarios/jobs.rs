//! A program with one thread: start, poll, call off.

use crate::till::{Till, config_with, sandbox, shop, until_asked, use_request};
use serde_json::json;
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn a_job_runs_while_the_program_does_something_else() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 1500 }).on("use").times(1));
    let job = till.start("use", &use_request("AUTO_JOB", "TILL-JOB-01")).unwrap();
    let running = job.wait(0);
    assert_eq!((running.name(), running.class()), ("WXCOUPON_E_RUNNING", 6));
    assert!(running.json["retry_after_ms"].is_u64());
    let done = job.wait(5000);
    assert_eq!((done.status, done.json["operation"].as_str()), (0, Some("use")), "{}", done.json);
    assert_eq!(job.wait(0).json, done.json, "as often as it is asked");
    let wrong = till.start("use", &json!({})).unwrap();
    assert_eq!(wrong.wait(5000).name(), "WXCOUPON_E_REQUEST");
    assert_eq!(till.start("brew", &json!({})).err(), Some(1006));
}

#[test]
fn called_off_before_sending_nothing_leaves() {
    let sandbox = sandbox();
    // A listener that accepts and never speaks TLS: the job is held where it connects.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let till = Till::new(&config_with(&sandbox, &json!({ "base_urls": [url], "connect_timeout_ms": 800 })));
    let job = till.start("use", &use_request("AUTO_OFF", "TILL-OFF-01")).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    job.cancel();
    let end = job.wait(5000);
    assert_eq!((end.name(), end.class()), ("WXCOUPON_E_CANCELLED_UNSENT", 3), "{}", end.json);
    assert_eq!(till.pending()["pending"], 0);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn called_off_after_sending_it_is_pending_and_can_be_settled() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use").times(1));
    let job = till.start("use", &use_request("AUTO_LATE", "TILL-LATE-1")).unwrap();
    until_asked(&sandbox, 1);
    job.cancel();
    // The screen does not wait: the attempt itself goes on for five seconds.
    let end = job.wait(3000);
    assert_eq!((end.name(), end.class()), ("WXCOUPON_E_CANCELLED_SENT", 4), "{}", end.json);
    // The attempt that was on its way ends by its own limit; then the row is free.
    let settled = loop {
        let settled = till.settle(&json!({ "out_request_no": "TILL-LATE-1" }));
        if settled.name() != "WXCOUPON_E_LOCKED" {
            break settled;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(settled.status, 0, "{}", settled.json);
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn freeing_a_context_ends_its_jobs_within_a_bound() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(&sandbox, &json!({ "attempt_timeout_ms": 1000 })));
    sandbox.inject(FaultKind::Hang);
    let jobs: Vec<_> = (0..8)
        .map(|index| {
            till.start("use", &use_request(&format!("AUTO_F{index}"), &format!("TILL-F-{index:03}"))).unwrap()
        })
        .collect();
    until_asked(&sandbox, 1);
    let start = Instant::now();
    till.close();
    assert!(start.elapsed() < Duration::from_secs(8), "a call goes on for ten: {:?}", start.elapsed());
    for job in &jobs {
        assert!([3, 4].contains(&job.wait(0).class()));
    }
    let sent = jobs.iter().filter(|job| job.wait(0).class() == 4).count();
    assert!(sent <= 4, "no more than there are threads were sent");
    assert_eq!(till.start("use", &json!({})).err(), Some(1002));
}

#[test]
fn calling_off_a_repeat_does_not_make_its_doubt_go_away() {
    let sandbox = sandbox();
    let till =
        Till::new(&config_with(&sandbox, &json!({ "attempt_timeout_ms": 400, "connect_timeout_ms": 1500 })));
    sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let mut request = use_request("AUTO_AGAIN", "TILL-AGAIN-1");
    request["_options"] = json!({ "timeout_ms": 500 });
    assert_eq!(till.redeem(&request).class(), 4);
    sandbox.clear_faults();
    // The repeat is called off before it has sent anything.
    sandbox.inject(FaultKind::RefuseConnection);
    request["_options"] = json!({ "timeout_ms": 5000 });
    let job = till.start("use", &request).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    job.cancel();
    let end = job.wait(5000);
    assert_eq!((end.name(), end.class()), ("WXCOUPON_E_CANCELLED_SENT", 4), "{}", end.json);
    assert_eq!(till.pending()["pending"], 1);
    sandbox.clear_faults();
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(sandbox.ledger().len(), 1);
}
