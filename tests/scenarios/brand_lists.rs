//! Lists of stores that are right and unusual, change while they are read, or are about somebody else.

use crate::till::{Answer, Till, config_with, sandbox};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Sandbox};

/// The sandbox's only brand.
const BRAND: &str = "120344";

fn row(id: &str, reference: &str, state: &str) -> Value {
    json!({ "brand_id": BRAND, "store_id": id, "store_state": state, "store_basics": { "store_reference_id": reference } })
}

/// Open stores `first` to `last`, whose numbers are those with an R before.
fn rows(first: u32, last: u32) -> Vec<Value> {
    (first..=last).map(|at| row(&at.to_string(), &format!("R{at}"), "OPEN")).collect()
}

fn page(total: usize, rows: Vec<Value>) -> Value {
    json!({ "total_count": total, "data": rows })
}

/// A till to which the list is these pages, one a question; the last one for ever.
fn till_for(pages: Vec<Value>) -> (Sandbox, Till) {
    let sandbox = sandbox();
    let last = pages.len() - 1;
    for (at, patch) in pages.into_iter().enumerate() {
        let fault = Fault::new(FaultKind::Edited { patch }).on("list_brand_stores");
        sandbox.inject(if at < last { fault.times(1) } else { fault });
    }
    let till = Till::new(&config_with(&sandbox, &json!({ "timeout_ms": 4000 })));
    (sandbox, till)
}

fn find(till: &Till, reference: &str) -> Answer {
    till.ask("find_store", &json!({ "store_reference_id": reference }))
}

fn asked(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.operation == "list_brand_stores").count()
}

#[track_caller]
fn leads_to(found: &Answer, id: &str) {
    assert_eq!((found.status, &found.json["data"]["store_id"]), (0, &json!(id)), "{}", found.json);
}

#[test]
fn a_list_about_another_brand_is_not_believed() {
    let mut other = row("7", "R1", "OPEN");
    other["brand_id"] = json!("999");
    let mut above = page(1, rows(1, 1));
    above["brand_id"] = json!("999");
    for pages in
        [vec![above], vec![page(1, vec![other.clone()])], vec![page(2, vec![row("1", "R2", "OPEN"), other])]]
    {
        let (_sandbox, till) = till_for(pages);
        for _ in 0..2 {
            let told = find(&till, "R1");
            assert_eq!(told.name(), "WXCOUPON_E_READ_FAILED", "{}", told.json);
            assert!(told.json["message"].as_str().unwrap().contains("another brand"), "{}", told.json);
        }
    }
}

#[test]
fn a_store_under_review_that_has_no_number_yet_hides_no_other() {
    let mut review = row("", "NEW", "CREATING");
    review.as_object_mut().unwrap().remove("store_id");
    for rows in [vec![row("1", "R1", "OPEN"), review.clone()], vec![review.clone(), row("1", "R1", "OPEN")]] {
        let (sandbox, till) = till_for(vec![page(2, rows)]);
        leads_to(&find(&till, "R1"), "1");
        assert_eq!(asked(&sandbox), 1);
        let told = find(&till, "NEW");
        assert_eq!(told.name(), "WXCOUPON_E_NOT_FOUND", "{}", told.json);
        assert!(told.json["hint"].as_str().unwrap().contains("review"), "{}", told.json);
    }
    // The next page begins behind all rows, and not behind all stores.
    let mut first = rows(1, 199);
    first.insert(0, review);
    let (sandbox, till) = till_for(vec![page(201, first), page(201, rows(200, 200))]);
    leads_to(&find(&till, "R200"), "200");
    let targets: Vec<_> = sandbox.requests().iter().map(|request| request.target.clone()).collect();
    assert!(targets.iter().any(|target| target.contains("offset=200&")), "{targets:?}");
    assert_eq!(asked(&sandbox), 2);
}

#[test]
fn a_store_that_paging_doubles_is_one_store() {
    // One is added in front and one deleted between the two pages: the last of the first page comes again.
    let moved = vec![page(400, rows(1, 200)), page(400, rows(200, 399))];
    let now = [page(400, [vec![row("9000", "N", "OPEN")], rows(1, 199)].concat()), page(400, rows(200, 399))];
    let (_sandbox, till) = till_for([moved.clone(), now.to_vec()].concat());
    leads_to(&find(&till, "R200"), "200");
    leads_to(&find(&till, "N"), "9000");
    // And where it goes on like that, it is still one.
    let (_sandbox, till) = till_for([moved.clone(), moved].concat());
    leads_to(&find(&till, "R200"), "200");
}

#[test]
fn before_no_store_is_said_a_list_of_several_pages_is_read_once_more() {
    // The first store is deleted and one added at the end between the two pages: the first of the second page is left out.
    let moved = [page(400, rows(1, 200)), page(400, rows(202, 401))];
    let now = [page(400, rows(2, 201)), page(400, rows(202, 401))];
    let (sandbox, till) = till_for([moved, now.clone()].concat());
    leads_to(&find(&till, "R201"), "201");
    assert_eq!(asked(&sandbox), 4);
    let absent = find(&till, "R1");
    assert_eq!((absent.name(), asked(&sandbox)), ("WXCOUPON_E_NOT_FOUND", 4), "{}", absent.json);
    // On one page nothing can be left out.
    let (sandbox, till) = till_for(vec![page(2, rows(1, 2))]);
    assert_eq!((find(&till, "R3").name(), asked(&sandbox)), ("WXCOUPON_E_NOT_FOUND", 1));
}

#[test]
fn of_several_stores_with_one_number_the_only_open_one_is_meant() {
    let shut = row("1", "R1", "CLOSED");
    let (_sandbox, till) = till_for(vec![page(2, vec![shut.clone(), row("2", "R1", "OPEN")])]);
    let found = find(&till, "R1");
    leads_to(&found, "2");
    assert_eq!(found.json["data"]["is_open"], true);
    for others in [vec![row("2", "R1", "CLOSED")], vec![row("2", "R1", "OPEN"), row("3", "R1", "OPEN")]] {
        let rows = [vec![shut.clone()], others].concat();
        let (_sandbox, till) = till_for(vec![page(rows.len(), rows)]);
        let told = find(&till, "R1");
        assert_eq!(told.class(), 5, "{}", told.json);
        assert!(told.json["message"].as_str().unwrap().contains("several stores"), "{}", told.json);
    }
}

#[test]
fn what_held_a_question_is_named() {
    // A list without end.
    let (_sandbox, till) = till_for(vec![page(1_000_000, rows(1, 200))]);
    let told =
        till.ask("find_store", &json!({ "store_reference_id": "R1", "_options": { "timeout_ms": 900 } }));
    assert_eq!(told.name(), "WXCOUPON_E_RATE_LIMITED", "{}", told.json);
    let message = told.json["message"].as_str().unwrap();
    assert!(
        message.contains("five a second about stores") && !message.contains("max_rate_per_s"),
        "{message}"
    );
}

#[test]
fn a_missing_grant_for_stores_is_called_by_its_name() {
    let sandbox = sandbox();
    let mut config = sandbox.config();
    config["defaults"]["store_id"] = json!("500001");
    let till = Till::new(&config);
    for operation in ["list_brand_stores", "get_brand_store"] {
        let refusal = FaultKind::Refusal { status: 403, code: "NO_AUTH".into(), sub_code: 268_579_803 };
        sandbox.inject(Fault::new(refusal).on(operation));
    }
    let told = find(&till, "R1");
    assert_eq!(told.name(), "WXCOUPON_E_NO_PERMISSION", "{}", told.json);
    let hint = told.json["hint"].as_str().unwrap();
    assert!(hint.contains("BRAND_STORE") && !hint.contains("商品券"), "{hint}");
    let checked = till.check_with(&json!({ "online": true })).json;
    let lines = checked["data"]["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == "store").unwrap();
    assert!(line["advice"].as_str().unwrap().contains("BRAND_STORE"), "{line}");
}

#[test]
fn an_answer_that_does_not_say_what_is_authorised_is_not_kept() {
    let sandbox = sandbox();
    let nothing = json!({ "brand_id": null, "authorization_type": null, "authorization_product": null, "update_time": null });
    sandbox.inject(Fault::new(FaultKind::Edited { patch: nothing }).on("product_authorities").times(1));
    let till = Till::new(&sandbox.config());
    let told = till.ask("product_authorities", &json!({}));
    assert_eq!(told.name(), "WXCOUPON_E_READ_FAILED", "{}", told.json);
    let told = till.ask("product_authorities", &json!({}));
    assert_eq!((told.status, told.json.get("recorded")), (0, None), "{}", told.json);
}
