//! The `OpenAPI` description of the admin interface, which is also what queries are checked by.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Answer;
use super::query::pairs;
use crate::faults::FaultKind;
use crate::operation::{Operation, VERSION_2};
use crate::text::Text;

const TEXT: &str = include_str!("openapi.json");

pub(super) struct Document {
    value: Value,
    described: Vec<Described>,
}

/// One method of one path.
struct Described {
    method: String,
    /// Parts of the path; one in braces stands for any.
    path: Vec<String>,
    summary: String,
    query: Vec<Parameter>,
    takes_any_query: bool,
}

struct Parameter {
    name: String,
    schema: Value,
}

impl Document {
    pub(super) fn new() -> Self {
        // Written by us; a test reads it too.
        let mut value: Value = serde_json::from_str(TEXT).unwrap_or_default();
        set(&mut value, "/info/version", json!(env!("CARGO_PKG_VERSION")));
        let operations = Operation::ALL.iter().map(|operation| operation.name());
        let operations: Vec<&str> = operations.chain([VERSION_2, "unknown", ""]).collect();
        set(&mut value, "/components/parameters/operation/schema/enum", json!(operations));
        let mut faults: Vec<String> = FaultKind::all().iter().map(FaultKind::name).collect();
        set(&mut value, "/components/schemas/fault/properties/kind/enum", json!(faults));
        faults.push(String::new());
        set(&mut value, "/components/parameters/fault/schema/enum", json!(faults));
        let described = describe(&value);
        Self { value, described }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// What can be asked here, for the index: `GET /faults` and what it does.
    pub(super) fn requests(&self) -> Map<String, Value> {
        let line = |one: &Described| {
            let method = one.method.to_ascii_uppercase();
            (format!("{method} /{}", one.path.join("/")), json!(one.summary))
        };
        self.described.iter().map(line).collect()
    }

    /// The description with the fewest open parts.
    fn find(&self, method: &Method, path: &str) -> Option<&Described> {
        let method = if method == Method::HEAD { "get" } else { &method.as_str().to_ascii_lowercase() };
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = |one: &&Described| {
            let pairs = || one.path.iter().zip(&parts);
            one.method == method
                && one.path.len() == parts.len()
                && pairs().all(|(known, part)| known == part || is_open(known) && !part.is_empty())
        };
        let open_parts = |one: &&Described| one.path.iter().filter(|part| is_open(part)).count();
        self.described.iter().filter(fits).min_by_key(open_parts)
    }

    /// Whether the query is one that the path knows; what it does not know would be passed over in silence.
    fn check(&self, method: &Method, uri: &Uri) -> Result<(), Text> {
        let Some(described) = self.find(method, uri.path()).filter(|described| !described.takes_any_query)
        else {
            return Ok(());
        };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs(uri.query().unwrap_or_default()) {
            let parameter = described.query.iter().find(|parameter| parameter.name == name);
            parameter.ok_or_else(|| described.unknown(&name))?.check(&value)?;
            if seen.contains(&name) {
                return Err(Text::new(
                    format!("query: `{name}` is given twice"),
                    format!("查询参数 {name} 重复出现"),
                ));
            }
            seen.push(name);
        }
        Ok(())
    }
}

fn is_open(part: &str) -> bool {
    part.starts_with('{')
}

fn set(value: &mut Value, pointer: &str, member: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = member;
    }
}

fn describe(document: &Value) -> Vec<Described> {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let paths = members(document.get("paths").unwrap_or(&Value::Null));
    let operations = paths.into_iter().flat_map(|(path, methods)| {
        members(&methods).into_iter().map(move |(method, operation)| (path.clone(), method, operation))
    });
    operations
        .map(|(path, method, operation)| Described {
            method,
            path: path.trim_start_matches('/').split('/').map(str::to_owned).collect(),
            summary: text(&operation, "summary"),
            query: parameters(document, &operation),
            takes_any_query: operation.get("x-any-query").is_some(),
        })
        .collect()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn parameters(document: &Value, operation: &Value) -> Vec<Parameter> {
    let listed = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let resolved = listed.filter_map(|parameter| match parameter.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')),
        None => Some(parameter),
    });
    resolved
        .filter(|parameter| text(parameter, "in") == "query")
        .map(|parameter| Parameter {
            name: text(parameter, "name"),
            schema: parameter.get("schema").cloned().unwrap_or_default(),
        })
        .collect()
}

impl Described {
    fn unknown(&self, name: &str) -> Text {
        let known: Vec<&str> = self.query.iter().map(|parameter| parameter.name.as_str()).collect();
        let (english, chinese) = if known.is_empty() {
            ("none is".to_owned(), "没有查询参数".to_owned())
        } else {
            (format!("known are {}", known.join(", ")), format!("支持 {}", known.join("、")))
        };
        Text::new(
            format!("query: `{name}` is not known here; {english}"),
            format!("不支持查询参数 {name}；这里{chinese}"),
        )
    }
}

impl Parameter {
    fn check(&self, value: &str) -> Result<(), Text> {
        let name = &self.name;
        if let Some(known) = self.schema.get("enum").and_then(Value::as_array) {
            let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            return if known.contains(&value) {
                Ok(())
            } else {
                Err(Text::new(
                    format!("query: {name} is `{value}`; known are {}", known.join(", ")),
                    format!("查询参数 {name} 为 {value}，只能是 {}", known.join("、")),
                ))
            };
        }
        let (fits, english, chinese) = match self.schema.get("type").and_then(Value::as_str) {
            Some("integer") => (value.parse::<u64>().is_ok(), "a whole number", "非负整数"),
            Some("boolean") => (matches!(value, "true" | "false"), "true or false", "true 或 false"),
            _ => return Ok(()),
        };
        if fits {
            return Ok(());
        }
        Err(Text::new(
            format!("query: {name} is `{value}`; it must be {english}"),
            format!("查询参数 {name} 为 {value}，必须是{chinese}"),
        ))
    }
}

/// The layer that refuses queries nobody knows.
pub(super) async fn check_query(
    State(document): State<Arc<Document>>,
    request: Request,
    next: Next,
) -> Response {
    match document.check(request.method(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(message) => Answer::error(StatusCode::BAD_REQUEST, message).into_response(),
    }
}
