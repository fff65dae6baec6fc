//! What WeChat Pay sends by itself: proven, stored, and handed on to the till whose number it is about.

use crate::http::{Shared, whole_body};
use crate::hub::Hub;
use crate::log;
use crate::secret::{digest, hex};
use crate::store::{Failed, events};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use wxcoupon::api;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::{Reply, Report};
use wxcoupon::status::Code;
use wxcoupon::wire::notification::MAX_BYTES;

/// Where WeChat Pay sends them.
pub fn router(shared: Shared) -> Router {
    Router::new().route("/notify", post(take)).with_state(shared)
}

async fn take(State(shared): State<Shared>, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let patience = shared.hub.config.limits.slow_client();
    // One byte more than the library reads, so that it says what it says of longer ones.
    let Ok(body) = whole_body(body, MAX_BYTES + 1, patience).await else {
        return reply(&Reply::too_large());
    };
    let headers: Vec<Value> = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some(json!([name.as_str(), value.to_str().ok()?])))
        .collect();
    let hub = Arc::clone(&shared.hub);
    let taken = spawn_blocking(move || hub.notified(&Value::Array(headers).to_string(), &body)).await;
    taken.map_or_else(|_| reply(&Reply::fault()), |answer| reply(&answer))
}

fn reply(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Body::from(reply.body)).into_response();
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Hub {
    /// Takes one notification. It is accepted once it is on disk.
    fn notified(&self, headers: &str, body: &[u8]) -> Reply {
        let report = self.client.notification_open(headers, body);
        let answer = report.reply.clone().unwrap_or_else(Reply::fault);
        let data: Option<Value> = report.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
        let Some(data) = data.filter(|_| report.code == Code::Ok) else {
            self.metrics.notified("refused");
            log::line(
                wxcoupon::log::WARN,
                "notification",
                json!({ "name": report.code.name(), "verification": report.verification }),
            );
            return answer;
        };
        if self.config.notify.confirm_issued && !self.confirmed(&data) {
            self.metrics.notified("failed");
            // WeChat Pay sends it again.
            return Reply::fault();
        }
        match self.keep(&data) {
            Ok(is_new) => {
                self.metrics.notified(if is_new { "new" } else { "repeated" });
                answer
            }
            Err(failed) => {
                log::error("notification", failed.why());
                self.metrics.notified("failed");
                Reply::fault()
            }
        }
    }

    /// Stores a notification with the event that it is for a till. Both or none.
    fn keep(&self, data: &Value) -> Result<bool, Failed> {
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (key, event_type, body) = (text("dedup_key"), text("event_type"), data.to_string());
        let of_resource = |name: &str| data.pointer(&format!("/resource/{name}")).and_then(Value::as_str);
        let number =
            ["return_request_no", "use_request_no"].into_iter().find_map(of_resource).map(str::to_owned);
        let owner = number.as_deref().map(|number| self.owner(number)).transpose()?.flatten();
        self.store.write(move |sql| {
            if !events::keep_notification(sql, &key, &event_type, &body)? {
                return Ok(false);
            }
            let till = owner.as_ref().map(|owner| owner.till.as_str());
            let number = number.as_deref().filter(|_| till.is_some());
            events::add(sql, till, "notification", number, Some(&body))?;
            Ok(true)
        })
    }

    /// Confirms a coupon that was issued. False: it may not be confirmed yet.
    fn confirmed(&self, data: &Value) -> bool {
        if data.get("event").and_then(Value::as_str) != Some("SEND") {
            return true;
        }
        let Some(resource) = data.get("resource").and_then(Value::as_object) else { return true };
        let names = ["openid", "coupon_code", "product_coupon_id", "stock_id", "appid", "brand_id"];
        let mut members: Map<String, Value> = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), resource.get(*name)?.clone())))
            .collect();
        if !api::CONFIRM.can_be_asked(&members) && !members.contains_key("openid") {
            return true;
        }
        let value_of = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
        // The same for every copy of the notification, so that a repeat is a repeat.
        let number = hex(&digest(
            format!("confirm\n{}\n{}\n", value_of("stock_id"), value_of("coupon_code")).as_bytes(),
        ));
        let number = number.get(..38).unwrap_or_default();
        members.insert("out_request_no".into(), format!("C{number}").into());
        let report: Report =
            self.client.call(&api::CONFIRM, &Value::Object(members).to_string(), &Cancel::never());
        log::line(
            wxcoupon::log::INFO,
            "confirm",
            json!({ "name": report.code.name(), "number": report.out_request_no, "request_id": report.request_id }),
        );
        // A refusal is final: it was confirmed by somebody else, or is over. A mistake in the input will not mend itself.
        matches!(report.code.number() / 1000, 0 | 1 | 5)
    }
}
