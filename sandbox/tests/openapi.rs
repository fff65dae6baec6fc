//! The description of the admin interface is what the admin interface is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use support::desk::Desk;
use support::{Call, sandbox};

const METHODS: [&str; 4] = ["get", "post", "delete", "put"];

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().unwrap()
}

/// Everything below a value that stands under a name.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name));
            members.values().for_each(|member| all(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        _ => {}
    }
}

#[test]
fn it_is_whole() {
    let sandbox = sandbox();
    let document = Desk::new(&sandbox).get("/openapi.json");
    assert_eq!(
        (&document["openapi"], &document["info"]["version"]),
        (&json!("3.1.0"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let (mut references, mut ids) = (Vec::new(), Vec::new());
    all(&document, "$ref", &mut references);
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    all(&document["paths"], "operationId", &mut ids);
    let names: BTreeSet<&str> = ids.iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(names.len(), ids.len(), "an operationId stands twice");
    for (path, methods) in paths(&document) {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            for member in ["operationId", "summary", "responses"] {
                assert!(operation.get(member).is_some(), "{method} {path} has no {member}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let name = |parameter: &Value| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap()["name"].clone(),
                None => parameter["name"].clone(),
            };
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(parameters.iter().any(|parameter| name(parameter) == part), "{path} has no {part}");
            }
        }
    }
    let operations = document.pointer("/components/parameters/operation/schema/enum").unwrap();
    assert!(operations.as_array().unwrap().contains(&json!("bundle_pre_send")));
}

/// The sources name every route; a path that nobody describes would be found by nobody.
#[test]
fn it_names_every_route() {
    let sandbox = sandbox();
    let document = Desk::new(&sandbox).get("/openapi.json");
    let described: BTreeSet<&str> = paths(&document).keys().map(String::as_str).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut routes: BTreeSet<&str> = sources
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    // The one route that stands behind a name.
    assert!(sources.contains(".route(SESSION,"));
    routes.insert("/session");
    assert_eq!(routes, described);
}

#[test]
fn what_it_names_is_there_and_nothing_beside_it() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let document = desk.get("/openapi.json");
    for (path, methods) in paths(&document) {
        for method in METHODS {
            // Streams never end, and the program is to go on.
            if ["/events", "/shutdown"].contains(&path.as_str()) {
                continue;
            }
            let named =
                path.replace("{code}", "SBX_USED").replace("{openid}", "oU").replace("{file}", "app.js");
            let named = named.replace("{id}", "1").replace("{seq}", "1").replace("{act}", "lock");
            let got =
                desk.send(&Call::new(&method.to_ascii_uppercase(), &named).header("Authorization", "none"));
            let is_unknown = got.status == 404 && got.text().contains("openapi.json");
            assert!(!is_unknown, "{method} {path}: {}", got.text());
            if got.status == 405 {
                let allowed = got.header("allow").unwrap_or_default().to_ascii_lowercase();
                assert!(
                    methods.as_object().unwrap().keys().all(|known| allowed.contains(known)),
                    "{path}: {allowed}"
                );
            }
            assert_eq!(
                got.status != 405,
                methods.get(method).is_some(),
                "{method} {path}: {} {}",
                got.status,
                got.text()
            );
            assert!(got.status < 500, "{method} {path}: {}", got.text());
        }
    }
}

/// Members of an object, and those its schema has.
fn assert_same_members(document: &Value, schema: &str, value: &Value) {
    let properties = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
    let described: BTreeSet<&String> = properties.keys().collect();
    assert_eq!(value.as_object().unwrap().keys().collect::<BTreeSet<_>>(), described, "{schema}");
}

#[test]
fn its_schemas_have_the_members_of_the_answers() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let document = desk.get("/openapi.json");
    desk.till.ok(&desk.till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    desk.ok("POST", "/faults", &json!({ "spec": "hang,on=use,times=1" }));
    let event = json!({ "event_type": "TEST", "resource": {}, "url": "https://till.example/notify" });
    desk.ok("POST", "/notifications", &event);
    for (schema, path) in [
        ("coupon", "/coupons"),
        ("ledger_entry", "/ledger"),
        ("request_entry", "/requests"),
        ("fault_view", "/faults"),
        ("delivery", "/notifications"),
        ("certificate", "/certificates"),
    ] {
        assert_same_members(&document, schema, &desk.get(path)[0]);
    }
    assert_same_members(&document, "stats", &desk.get("/stats"));
    assert_same_members(&document, "truth", &desk.get("/truth"));
    let counts = &document["components"]["schemas"]["truth"]["properties"]["counts"]["properties"];
    let counted = desk.get("/truth")["counts"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(counts.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), counted);
    assert_same_members(&document, "scenario", &desk.get("/scenario"));
    assert_same_members(&document, "clock", &desk.ok("POST", "/clock", &json!({ "offset_s": 0 })));
    // What may be asked for is what is taken in: each member alone with a value of a wrong type.
    for name in document["components"]["schemas"]["coupon_spec"]["properties"].as_object().unwrap().keys() {
        let mut body = json!({ "coupon_code": "ANY" });
        body[name] = json!([[]]);
        let message = desk.refused(400, "POST", "/coupons", &body);
        assert!(!message.contains("unknown field"), "{name}: {message}");
    }
    for (schema, path) in [
        ("coupon_spec", "/coupons"),
        ("told", "/told"),
        ("offer", "/offers"),
        ("scenario", "/scenario"),
        ("notification", "/notifications"),
    ] {
        let message = desk.refused(400, "POST", path, &json!({ "colour": 1 }));
        let mut taken: BTreeSet<&str> = message.split('`').skip(3).step_by(2).collect();
        // Set by whoever takes the entry in.
        taken.remove("source");
        let described = &document["components"]["schemas"][schema]["properties"];
        assert_eq!(taken, described.as_object().unwrap().keys().map(String::as_str).collect(), "{schema}");
    }
    // The kinds of faults are named, and each of them is known.
    let kinds = document["components"]["schemas"]["fault"]["properties"]["kind"]["enum"].as_array().unwrap();
    assert!(kinds.contains(&json!("hang")) && kinds.len() > 30);
    for kind in kinds {
        let message = desk.ask("POST", "/faults", &json!({ "kind": kind, "on": "no such operation" })).1;
        assert!(!message.to_string().contains("unknown variant"), "{kind}: {message}");
    }
    assert_eq!(desk.get("/requests?operation=auth_code_to_openid"), json!([]));
}

#[test]
fn the_index_leads_on() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let index = desk.get("/");
    assert_eq!(index["hosts"], json!(sandbox.urls()));
    assert!(index["notice"].as_str().unwrap().contains("not WeChat Pay"));
    assert!(
        index["requests"]["POST /coupons"].is_string()
            && index["requests"]["DELETE /faults/{id}"].is_string()
    );
    desk.get(index["description"].as_str().unwrap());
    let any = Call::new("GET", "/").header("Accept", "*/*");
    assert_eq!(desk.send(&any).json(), index);
    let browser = Call::new("GET", "/").header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = desk.send(&browser);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(desk.get("/health"), json!({ "status": "ok" }));
}
