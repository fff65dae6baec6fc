//! The description of what tills can call, made from the table of operations.

use crate::mac;
use crate::policy::{LOCAL_FILES, OWN, USUAL};
use serde_json::{Map, Value, json};
use wxcoupon::api::{ALL, Member, Operation, Presence, Rule};
use wxcoupon::client::Named;

/// Composed calls that a hub serves.
const COMPOSED: [&str; 4] = ["find_store", "forget_user", "product_authorities", "scan"];

/// The whole document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in ALL.iter().filter(|operation| !LOCAL_FILES.contains(&operation.id)) {
        paths.insert(format!("/v1/{}", operation.id), described(operation));
    }
    for name in COMPOSED.into_iter().filter(|name| Named::find(name).is_ok()) {
        paths.insert(
            format!("/v1/{name}"),
            posted(name, "Composed by the library.", &json!({ "type": "object" })),
        );
    }
    // Abandoning is an aim of settling.
    for name in OWN.into_iter().filter(|name| !matches!(*name, "abandon" | "events")) {
        paths.insert(
            format!("/v1/{name}"),
            posted(name, "As the C function of that name.", &json!({ "type": "object" })),
        );
    }
    let number =
        |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "integer", "minimum": 0 } });
    let mut events = asked("events", "What happened to this till's numbers without a call of its own.");
    if let Some(parameters) = events.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters.extend([number("after"), number("limit")]);
    }
    paths.insert("/v1/events".into(), json!({ "get": events }));
    paths.insert(
        "/v1/enroll".into(),
        json!({ "post": {
            "operationId": "enroll",
            "summary": "Trades a one-time code for a key.",
            "parameters": parameters(false),
            "responses": responses(),
        } }),
    );
    json!({
        "openapi": "3.1.0",
        "info": { "title": "wxcoupon-hub", "version": env!("CARGO_PKG_VERSION"),
            "description": "Every request and answer is authenticated: docs/hub-protocol.md." },
        "paths": paths,
        "components": { "schemas": { "Answer": answer() } },
    })
}

fn described(operation: &Operation) -> Value {
    let mut members: Map<String, Value> = operation.members.iter().map(member).collect();
    members.insert("_options".into(), json!({ "type": "object" }));
    let required: Vec<&str> = operation
        .members
        .iter()
        .filter(|member| member.presence == Presence::Required)
        .map(|member| member.name)
        .collect();
    let schema = json!({ "type": "object", "properties": members, "required": required });
    posted(operation.id, operation.title, &schema)
}

fn member(member: &Member) -> (String, Value) {
    (member.name.to_owned(), schema(&member.rule))
}

fn schema(rule: &Rule) -> Value {
    match rule {
        Rule::Number(shortest, longest) | Rule::Chars(shortest, longest) => {
            json!({ "type": "string", "minLength": shortest, "maxLength": longest, "pattern": "^[0-9A-Za-z_-]*$" })
        }
        Rule::Length(shortest, longest) => {
            json!({ "type": "string", "minLength": shortest, "maxLength": longest })
        }
        Rule::TextUpTo(longest) | Rule::NameUpTo(longest) | Rule::Url(longest) => {
            json!({ "type": "string", "minLength": 1, "maxLength": longest })
        }
        Rule::Text | Rule::Name | Rule::ImageName => json!({ "type": "string", "minLength": 1 }),
        Rule::Time | Rule::Moment => json!({ "type": "string", "format": "date-time" }),
        Rule::OneOf(values) => json!({ "type": "string", "examples": values }),
        Rule::Whole => json!({ "type": "integer", "minimum": 0 }),
        Rule::Between(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Rule::Flag => json!({ "type": "boolean" }),
        Rule::List(item, longest) => {
            json!({ "type": "array", "items": schema(item), "minItems": 1, "maxItems": longest })
        }
        Rule::Object(members, _) => {
            let required: Vec<&str> = members
                .iter()
                .filter(|member| member.presence == Presence::Required)
                .map(|member| member.name)
                .collect();
            let properties: Map<String, Value> = members.iter().map(member).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        }
    }
}

fn posted(name: &str, summary: &str, schema: &Value) -> Value {
    let mut operation = asked(name, summary);
    if let Some(members) = operation.as_object_mut() {
        members
            .insert("requestBody".into(), json!({ "content": { "application/json": { "schema": schema } } }));
    }
    json!({ "post": operation })
}

fn asked(name: &str, summary: &str) -> Value {
    json!({
        "operationId": name,
        "summary": summary,
        "x-allowed-by-default": USUAL.contains(&name),
        "parameters": parameters(true),
        "responses": responses(),
    })
}

fn parameters(with_key: bool) -> Value {
    let names = [mac::TILL, mac::KEY, mac::TIME, mac::NONCE, mac::MAC];
    let names = names.iter().filter(|name| with_key || **name != mac::KEY);
    names
        .map(|name| json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn responses() -> Value {
    let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Answer" } } });
    json!({
        "200": { "description": "The library was asked; status says what it answered.", "content": content },
        "default": { "description": "The hub has refused; nothing was sent.", "content": content },
    })
}

fn answer() -> Value {
    json!({
        "type": "object",
        "required": ["ok", "status", "name", "class", "in_doubt"],
        "properties": {
            "ok": { "type": "boolean" },
            "status": { "type": "integer" },
            "name": { "type": "string" },
            "class": { "type": "integer" },
            "in_doubt": { "type": "boolean" },
            "hub": { "type": "string", "description": "Why the hub itself has refused." },
            "data": {},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Call;
    use std::collections::BTreeSet;

    /// Each path of the document leads to a call, and each call that can be allowed is in the document.
    #[test]
    fn the_document_has_what_there_is() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        for (path, methods) in paths {
            for method in methods.as_object().unwrap().keys() {
                let is_call = path == "/v1/enroll" || Call::find(&method.to_ascii_uppercase(), path).is_ok();
                assert!(is_call, "{method} {path}");
            }
        }
        let described: BTreeSet<&str> = paths.keys().filter_map(|path| path.strip_prefix("/v1/")).collect();
        let known = Named::find("").unwrap_err().message;
        let known = known.split("known are: ").nth(1).unwrap().split(", ");
        for name in known.chain(OWN).filter(|name| !LOCAL_FILES.contains(name) && *name != "abandon") {
            assert!(described.contains(name), "{name}");
        }
        for name in LOCAL_FILES {
            assert!(!described.contains(name) && Call::find("POST", &format!("/v1/{name}")).is_err());
        }
        let operation = &paths["/v1/use"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert!(operation["required"].as_array().unwrap().contains(&json!("coupon_code")));
        assert_eq!(operation["properties"]["out_request_no"]["maxLength"], 40);
    }
}
