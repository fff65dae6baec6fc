//! The sandbox's console reads a till's journal: what the till was told stands beside what happened, and the till does not
//! notice.

use crate::till::{Till, use_request, with_limit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;
use testkit::sandbox::{self, Sandbox};

/// The verdict and what was told, by number.
fn truth(sandbox: &Sandbox) -> BTreeMap<String, (String, String)> {
    let truth = sandbox.ask("GET", "/truth", "");
    assert_eq!(truth["journal"]["state"], "read", "{truth}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = truth["lines"].as_array().unwrap().iter();
    lines.map(|line| (text(&line["number"]), (text(&line["told"]["told"]), text(&line["verdict"])))).collect()
}

fn told(pairs: &[(&str, &str, &str)]) -> BTreeMap<String, (String, String)> {
    let owned = |text: &str| text.to_owned();
    pairs.iter().map(|(number, told, verdict)| (owned(number), (owned(told), owned(verdict)))).collect()
}

#[test]
fn every_end_of_a_redemption_is_told_as_it_is() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("till.journal");
    let sandbox = sandbox::with("sandbox-truth", &["--journal", journal.to_str().unwrap()]);
    assert_eq!(sandbox.ask("GET", "/truth", "")["journal"]["state"], "absent", "there is none yet");
    let mut config: Value = serde_json::from_slice(&fs::read(&sandbox.config).unwrap()).unwrap();
    config["journal_path"] = json!(journal);
    config["attempt_timeout_ms"] = json!(2000);
    let till = Till::new(&config);

    assert_eq!(till.redeem(&use_request("SBX_EFFECTIVE_1", "TRUTH-DONE")).class(), 0);
    assert_eq!(till.redeem(&use_request("SBX_EXPIRED", "TRUTH-REFUSED")).class(), 5);
    let lost = |request: &Value| {
        sandbox.ask("POST", "/faults", r#"{"kind":"process_then_reset","on":"use"}"#);
        assert_eq!(till.redeem(&with_limit(request.clone(), 600)).class(), 4);
        sandbox.ask("DELETE", "/faults", "");
    };
    lost(&use_request("SBX_EFFECTIVE_2", "TRUTH-LOST"));
    lost(&use_request("SBX_EFFECTIVE_3", "TRUTH-VOID"));
    let voided = till.settle(&json!({ "out_request_no": "TRUTH-VOID", "aim": "void" }));
    assert_eq!(voided.class(), 0, "{}", voided.json);

    let before = names(&folder);
    let mut expected = vec![
        ("TRUTH-DONE", "done", "agrees"),
        ("TRUTH-LOST", "in_doubt", "open"),
        ("TRUTH-REFUSED", "not_done", "agrees"),
        ("TRUTH-VOID", "undone", "agrees"),
    ];
    let mut seen = truth(&sandbox);
    // The return that undid the void has a number that the library made.
    let returns: Vec<String> = seen.keys().filter(|number| !number.starts_with("TRUTH-")).cloned().collect();
    for number in &returns {
        assert_eq!(seen.remove(number), Some(("done".to_owned(), "agrees".to_owned())), "{number}");
    }
    assert_eq!(returns.len(), 1);
    assert_eq!(seen, told(&expected));
    assert_eq!(names(&folder), before, "nothing is made or written beside the journal");

    // The till goes on, and what it settles is seen.
    assert_eq!(till.settle(&json!({ "out_request_no": "TRUTH-LOST" })).class(), 0);
    expected[1] = ("TRUTH-LOST", "done", "agrees");
    let mut seen = truth(&sandbox);
    seen.retain(|number, _| number.starts_with("TRUTH-"));
    assert_eq!(seen, told(&expected));
    assert_eq!(till.redeem(&use_request("SBX_EFFECTIVE_4", "TRUTH-NEXT")).class(), 0);
    assert_eq!(till.check().class(), 0);
}

/// Names and lengths.
fn names(folder: &TempDir) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
        })
        .collect()
}
