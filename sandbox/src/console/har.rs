//! The log as an HTTP archive (HAR 1.2).

use std::time::Duration;

use serde_json::{Value, json};

use super::exchange::url;
use crate::http::request::Request;
use crate::protocol::Api;
use crate::protocol::request_log::RequestEntry;

/// All remembered requests, oldest first.
pub(crate) fn archive(api: &Api) -> Value {
    let entries = api.request_log.entries(0);
    // What a fault ended before it became a request has no place in the format.
    let requests = entries.iter().filter(|entry| !entry.method.is_empty());
    let entries: Vec<Value> = requests.map(|entry| one(api, entry)).collect();
    json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "wxcoupon-sandbox", "version": env!("CARGO_PKG_VERSION") },
            "entries": entries,
        }
    })
}

fn one(api: &Api, entry: &RequestEntry) -> Value {
    let milliseconds = Duration::from_micros(entry.took_us).as_secs_f64() * 1000.0;
    let target = Request { target: entry.target.clone(), ..Request::default() };
    let mut request = json!({
        "method": entry.method,
        "url": format!("{}{}", url(api, entry.host), entry.target),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": pairs(&entry.headers),
        "queryString": pairs(&target.query()),
        "headersSize": -1,
        "bodySize": entry.bytes().len(),
    });
    if let (false, Some(members)) = (entry.body.is_empty(), request.as_object_mut()) {
        let post = json!({ "mimeType": content_type(&entry.headers), "text": entry.body });
        members.insert("postData".to_owned(), post);
    }
    json!({
        "startedDateTime": entry.time,
        "time": milliseconds,
        "request": request,
        "response": {
            // 0: there was none.
            "status": entry.http_status.unwrap_or(0),
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs(&entry.response_headers),
            "content": {
                "size": entry.response_body.len(),
                "mimeType": content_type(&entry.response_headers),
                "text": entry.response_body,
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": entry.response_body.len(),
        },
        "cache": {},
        "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
        "_operation": entry.operation,
        "_fault": entry.fault,
        "_tookEffect": entry.took_effect,
        "_duplicate": entry.duplicate,
        "_signatureOk": entry.signature_ok,
    })
}

fn pairs(pairs: &[(String, String)]) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn content_type(headers: &[(String, String)]) -> &str {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    found.map_or("", |(_, value)| value)
}
