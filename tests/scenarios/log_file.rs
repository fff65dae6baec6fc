//! The log file: what is in it, and that it never fails a call. And the trace id on its way.

use crate::till::{OPENID, Till, config_with, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use std::path::Path;
use wxcoupon::journal::Journal;
use wxcoupon_sandbox::{Fault, FaultKind, Sandbox};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn till(sandbox: &Sandbox, folder: &Path) -> Till {
    let changes = json!({ "log_path": folder.join("log"), "journal_path": folder.join("journal.db") });
    Till::new(&config_with(sandbox, &changes))
}

/// The lines of the one file in the folder.
fn lines(folder: &Path) -> Vec<Value> {
    let files: Vec<_> =
        std::fs::read_dir(folder.join("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("wxcoupon-20") && name.ends_with(&format!("-{}.log", std::process::id())),
        "{name}"
    );
    let text = std::fs::read_to_string(&files[0]).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn with_trace(mut request: Value) -> Value {
    request["_options"]["trace"] = json!(TRACE);
    request
}

#[test]
fn a_call_has_its_attempts_its_request_and_its_end() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let till = till(&sandbox, folder.path());
    assert_eq!(till.redeem(&with_trace(use_request("AUTO_LOGFILE", "LOGFILE-01"))).status, 0);
    assert_eq!(till.redeem(&use_request("SBX_EXPIRED", "LOGFILE-02")).class(), 5);
    till.query(&json!({ "openid": OPENID }));
    let lines = lines(folder.path());
    let of = |event: &str, number: &str| {
        lines
            .iter()
            .find(|line| line["event"] == event && line["number"] == number)
            .cloned()
            .unwrap_or_default()
    };
    let attempt = of("attempt", "LOGFILE-01");
    assert_eq!(
        (&attempt["level"], &attempt["attempt"], &attempt["http"]),
        (&json!("debug"), &json!(1), &json!(200))
    );
    let request = of("request", "LOGFILE-01");
    assert!(request["target"].as_str().unwrap().contains("users/oS***01/coupons/AUTO_LOGFILE"), "{request}");
    let call = of("call", "LOGFILE-01");
    assert_eq!(
        (&call["name"], &call["status"], &call["in_doubt"]),
        (&json!("WXCOUPON_OK"), &json!(0), &json!(false))
    );
    for line in [&attempt, &request, &call] {
        assert_eq!((&line["trace"], &line["operation"]), (&json!(TRACE), &json!("use")), "{line}");
        assert!(line["at"].as_str().unwrap().ends_with("+08:00"), "{line}");
        assert_eq!(line["pid"], std::process::id());
    }
    let refused = of("call", "LOGFILE-02");
    assert_eq!(
        (&refused["name"], refused.get("trace")),
        (&json!("WXCOUPON_E_COUPON_STATE"), None),
        "{refused}"
    );
    let misuse = lines.iter().find(|line| line["operation"] == "query").unwrap();
    assert_eq!(
        (&misuse["name"], &misuse["level"]),
        (&json!("WXCOUPON_E_REQUEST"), &json!("warn")),
        "{misuse}"
    );
    assert!(misuse["field"].is_string());
    let text = lines.iter().map(Value::to_string).collect::<String>();
    // What is not known is left out, and no filler stands in its place.
    assert!(
        lines
            .iter()
            .all(|line| line.get("number") != Some(&json!("-")) && line.get("http") != Some(&json!(0)))
    );
    assert!(!text.contains("\"-\""), "{text}");
    for secret in [OPENID, sandbox.config()["apiv3_key"].as_str().unwrap(), "4200000000123456789123456789"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// One that has no log goes on beside one that has.
#[test]
fn each_context_writes_to_its_own_folder_or_none() {
    let (sandbox, folder, other) = (sandbox(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (till(&sandbox, folder.path()), till(&sandbox, other.path()));
    let silent = Till::new(&sandbox.config());
    one.redeem(&use_request("AUTO_ONE", "OWN-LOG-01"));
    two.redeem(&use_request("AUTO_TWO", "OWN-LOG-02"));
    silent.redeem(&use_request("AUTO_THREE", "OWN-LOG-03"));
    for (folder, number) in [(&folder, "OWN-LOG-01"), (&other, "OWN-LOG-02")] {
        let lines = lines(folder.path());
        assert!(lines.iter().all(|line| line.get("number").is_none_or(|found| found == number)), "{lines:?}");
        assert!(lines.iter().any(|line| line["number"] == number), "{lines:?}");
    }
}

/// A job logs on a thread of the library's own, and the file has its lines once.
#[test]
fn jobs_write_too() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let till = till(&sandbox, folder.path());
    let job = till.start("use", &with_trace(use_request("AUTO_JOBLOG", "JOBLOG-001"))).unwrap();
    assert_eq!(job.wait(60_000).status, 0);
    let lines = lines(folder.path());
    for event in ["attempt", "request", "call"] {
        let found =
            lines.iter().filter(|line| line["event"] == event && line["number"] == "JOBLOG-001").count();
        assert_eq!(found, 1, "{event}: {lines:?}");
    }
}

/// Many threads, one file: each line whole.
#[test]
fn lines_of_many_threads_are_not_mixed() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let till = till(&sandbox, folder.path());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let twin = till.twin();
            scope.spawn(move || {
                for at in 0..20 {
                    twin.query(&json!({ "openid": format!("thread {thread}, {at}") }));
                }
            });
        }
    });
    let calls = lines(folder.path()).iter().filter(|line| line["event"] == "call").count();
    assert_eq!(calls, 160);
}

/// A folder that cannot be written is pointed out by the self-check, and no call fails.
#[test]
fn a_folder_that_cannot_be_written_fails_no_call() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("log"), "a file in its place").unwrap();
    let till = till(&sandbox, folder.path());
    assert_eq!(till.redeem(&use_request("AUTO_NOLOG", "NOLOG-0001")).status, 0);
    assert_eq!(std::fs::read(folder.path().join("log")).unwrap(), b"a file in its place");
    let line = |till: &Till| {
        let checked = till.check().json["data"]["lines"].clone();
        checked.as_array().unwrap().iter().find(|line| line["name"] == "log").cloned()
    };
    let wrong = line(&till).unwrap();
    assert!(wrong["ok"] == false && wrong["advice"].as_str().unwrap().contains("log_path"), "{wrong}");
    std::fs::remove_file(folder.path().join("log")).unwrap();
    assert_eq!(line(&till).unwrap()["ok"], true);
    assert_eq!(line(&Till::new(&sandbox.config())), None, "without log_path there is no such line");
}

#[test]
fn a_trace_is_kept_with_the_row_and_comes_back_when_it_is_settled() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let till = till(&sandbox, folder.path());
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let lost = with_trace(with_limit(use_request("AUTO_TRACE", "TRACE-0001"), 700));
    assert_eq!(till.redeem(&lost).class(), 4);
    sandbox.clear_fault(fault);
    // The same request under another trace is the same request.
    let mut again = use_request("AUTO_TRACE", "TRACE-0001");
    again["_options"] = json!({ "trace": TRACE.replace("-01", "-00"), "timeout_ms": 1 });
    assert_ne!(till.redeem(&again).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
    assert_eq!(till.settle_all().status, 0);
    let config = sandbox.config();
    let journal = Journal::open(
        Some(&folder.path().join("journal.db")),
        config["mchid"].as_str().unwrap(),
        std::time::Duration::from_secs(86_400),
    );
    assert_eq!(journal.unwrap().find("TRACE-0001").unwrap().unwrap().trace.as_deref(), Some(TRACE));
    let lines = lines(folder.path());
    let settled =
        lines.iter().rev().find(|line| line["event"] == "request" && line["number"] == "TRACE-0001");
    assert_eq!(settled.unwrap()["trace"], TRACE);
    let end = lines.iter().find(|line| line["operation"] == "settle").unwrap();
    assert!(end["attempts"].as_u64().unwrap() > 0, "{end}");
    assert!(end.get("trace").is_none(), "settling everything has no trace of its own: {end}");
}

#[test]
fn only_a_traceparent_is_taken() {
    let (_sandbox, till) = crate::till::shop();
    let future = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00ab-7f";
    for fine in [TRACE, future] {
        let mut request = use_request("AUTO_PARENT", &format!("PARENT-{}", fine.len()));
        request["_options"] = json!({ "trace": fine });
        assert_ne!(till.redeem(&request).class(), 1, "{fine}");
    }
    for wrong in [
        json!(""),
        json!(1),
        json!("0af7651916cd43dd8448eb211c80319c"),
        json!(TRACE.to_uppercase()),
        json!(TRACE.replace("00-0", "ff-0")),
        json!(format!("{TRACE}-7f")),
        json!(format!("{future}-openid")),
        json!(format!("{TRACE} ")),
        json!("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
        json!("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
        json!(format!("{future}{}", "0".repeat(200))),
    ] {
        let mut request = use_request("AUTO_PARENT", "PARENT-BAD");
        request["_options"] = json!({ "trace": wrong });
        let told = till.redeem(&request);
        assert_eq!(
            (told.name(), told.json["field"].as_str()),
            ("WXCOUPON_E_REQUEST", Some("/_options/trace")),
            "{wrong}"
        );
    }
}
