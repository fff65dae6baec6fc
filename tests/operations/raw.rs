//! Requests outside of the table: which member is the number, and what is refused.

use serde_json::{Value, json};
use wxcoupon::api::{prepare_raw, raw_request_no};
use wxcoupon::status::Code;

fn number(body: &Value) -> Option<String> {
    let prepared = prepare_raw("POST", "/v3/x", Some(&body.to_string())).unwrap();
    assert!(!prepared.members.contains_key("_options"));
    let sent: Value = serde_json::from_slice(&prepared.body.unwrap()).unwrap();
    assert_eq!(sent.get("_options"), None, "{sent}");
    assert_eq!(raw_request_no(&body.to_string()), prepared.request_no);
    prepared.request_no
}

#[test]
fn the_number_is_where_the_caller_says_it_is() {
    let named = |name: Value| {
        json!({
            "out_request_no": "usual", "out_bill_no": "named", "a/b": "odd",
            "detail": { "x": [{ "no": "deep" }] }, "_options": { "request_no": name },
        })
    };
    for (name, found) in [
        (json!("out_bill_no"), "named"),
        (json!("/out_bill_no"), "named"),
        (json!("a/b"), "odd"),
        (json!("/a~1b"), "odd"),
        (json!("/detail/x/0/no"), "deep"),
        (json!("out_request_no"), "usual"),
        (Value::Null, "usual"),
    ] {
        assert_eq!(number(&named(name.clone())).as_deref(), Some(found), "{name}");
    }
    assert_eq!(number(&json!({ "out_bill_no": "B1" })), None, "nobody says that it is one");
    assert_eq!(number(&json!({ "out_request_no": "R1", "_options": {} })).as_deref(), Some("R1"));
}

fn refused(method: &str, body: &Value, field: &str, says: &str) {
    let error = prepare_raw(method, "/v3/x", Some(&body.to_string())).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Request, Some(field)), "{body}: {error:?}");
    assert!(error.message.contains(says), "{body}: {}", error.message);
}

#[test]
fn a_number_that_is_named_must_be_there_and_be_one() {
    let naming = |name: Value, number: Value| json!({ "out_bill_no": number, "d": { "no": number }, "_options": { "request_no": name } });
    let plain = || json!("out_bill_no");
    refused("POST", &json!({ "_options": { "request_no": "out_bill_no" } }), "/out_bill_no", "is missing");
    refused("POST", &naming(plain(), Value::Null), "/out_bill_no", "is missing");
    refused("POST", &naming(plain(), json!("")), "/out_bill_no", "is empty");
    refused("POST", &naming(plain(), json!(17)), "/out_bill_no", "must be a string, found a number");
    refused("POST", &naming(plain(), json!("N-1\r")), "/out_bill_no", "a carriage return");
    refused("POST", &naming(json!("/d/no"), json!("N-1 ")), "/d/no", "a blank");
    refused("POST", &naming(json!("/d/0"), json!("N-1")), "/d/0", "is missing");
    refused("PATCH", &naming(json!("no such"), json!("N-1")), "/no such", "_options.request_no");
    for name in [json!(""), json!("/"), json!(1), json!(["out_bill_no"]), json!("A".repeat(300))] {
        refused("POST", &naming(name, json!("N-1")), "/_options/request_no", "must name the member");
    }
    let mut sealed = naming(plain(), json!("N-1"));
    sealed["_options"]["encrypt"] = json!(["/out_bill_no"]);
    refused("POST", &sealed, "/_options/encrypt", "cannot be encrypted");
}

#[test]
fn what_changes_nothing_has_no_number() {
    let body = json!({ "_options": { "request_no": "out_bill_no" } });
    refused("GET", &body, "/_options/request_no", "a GET request has no number");
    let error = wxcoupon::api::take_options(&mut body.as_object().unwrap().clone()).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("/_options/request_no"), "operations have their own: {error:?}");
}
