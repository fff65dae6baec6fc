//! For the people who run the hub: metrics, readiness, and a page that a shift manager can read.

use crate::http::{Shared, ready};
use crate::hub::Hub;
use crate::mistake::Mistake;
use crate::openapi;
use crate::page::{Language, page};
use crate::secret::digest;
use crate::store::tills;
use crate::tls::Tls;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::spawn_blocking;
use wxcoupon::stats::prometheus::{Kind, Text};

/// The digest of the password that is asked for.
type Password = Option<Arc<[u8; 32]>>;

/// Everything here.
pub fn router(shared: Shared, tls: Option<Arc<Tls>>) -> Result<Router, Mistake> {
    let path = shared.hub.config.admin.as_ref().and_then(|admin| admin.password_path.clone());
    let password: Password = match path {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Mistake::file("admin.password_path", &path, &error))?;
            if text.trim().len() < 12 {
                let path = path.display();
                return Err(Mistake::new(
                    format!("admin.password_path: {path}: a password has 12 characters at least"),
                    format!("admin.password_path：{path}：密码至少 12 个字符"),
                ));
            }
            Some(Arc::new(digest(text.trim().as_bytes())))
        }
    };
    let metrics = move |State(shared): State<Shared>| metrics(shared, tls.clone());
    Ok(Router::new()
        .route("/", get(status))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(|| async { json(&openapi::document()) }))
        .layer(middleware::from_fn_with_state(password, admit))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(shared))
}

fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// The password comes as browsers and Prometheus send one: HTTP Basic, with any name.
async fn admit(State(password): State<Password>, request: Request, next: Next) -> Response {
    if let Some(password) = password
        && !is_right(&password, request.headers())
    {
        let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"wxcoupon-hub\", charset=\"UTF-8\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "the password of admin.password_path is needed\n")
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_right(password: &[u8; 32], headers: &HeaderMap) -> bool {
    let sent = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(' '));
    let Some((_, encoded)) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")) else {
        return false;
    };
    let Some(decoded) = unbase64(encoded.trim()) else { return false };
    let Some(at) = decoded.iter().position(|byte| *byte == b':') else { return false };
    // Digests are compared, so that the time says nothing of the password.
    decoded.get(at + 1..).is_some_and(|brought| digest(brought) == *password)
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

async fn status(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = Language::choose(asked, accepted);
    let hub = Arc::clone(&shared.hub);
    let page = spawn_blocking(move || page(&hub, language)).await;
    match page {
        Ok(Ok(page)) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Ok(Err(failed)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{failed}\n")).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn metrics(shared: Shared, tls: Option<Arc<Tls>>) -> Response {
    let hub = Arc::clone(&shared.hub);
    let text = spawn_blocking(move || hub.exposition(tls.as_deref())).await;
    match text {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Hub {
    /// The library's metrics, and the hub's own.
    pub fn exposition(&self, tls: Option<&Tls>) -> String {
        let report = self.client.stats(Some(r#"{"format":"prometheus"}"#));
        let data: Option<Value> = report.data.and_then(|data| serde_json::from_str(data.get()).ok());
        let library =
            data.as_ref().and_then(|data| data.get("text")?.as_str()).unwrap_or_default().to_owned();
        let mut text = Text::new(Vec::new());
        let name = "wxcoupon_hub_requests_total";
        text.metric(name, Kind::Counter, "Requests of tills by call, HTTP status, and why the hub refused.");
        for ((call, http, refusal), count) in self.metrics.requests() {
            text.sample(name, &[("call", call), ("http", &http.to_string()), ("refusal", refusal)], count);
        }
        let name = "wxcoupon_hub_request_duration_seconds";
        text.metric(name, Kind::Histogram, "How long requests of tills took.");
        for (call, times) in self.metrics.times() {
            text.histogram(name, &[("call", call)], &times);
        }
        let name = "wxcoupon_hub_connections";
        text.metric(name, Kind::Gauge, "Open connections of tills.");
        text.sample(name, &[], self.metrics.connections.load(Ordering::Relaxed));
        let name = "wxcoupon_hub_running_requests";
        text.metric(name, Kind::Gauge, "Requests of tills that are being served.");
        text.sample(name, &[], self.metrics.running.load(Ordering::Relaxed));
        if self.store.is_shared() {
            let name = "wxcoupon_hub_rate_portion";
            text.metric(name, Kind::Gauge, "This hub's part of the merchant's rate, in requests a second.");
            text.sample(name, &[], self.rate.rate());
        }
        let name = "wxcoupon_hub_notifications_total";
        text.metric(name, Kind::Counter, "Notifications of WeChat Pay by what became of them.");
        let notifications = self.metrics.notifications.lock().map(|all| all.clone()).unwrap_or_default();
        for (result, count) in notifications {
            text.sample(name, &[("result", result)], count);
        }
        let name = "wxcoupon_hub_store_writable";
        text.metric(name, Kind::Gauge, "1: the hub's store can be written.");
        text.sample(name, &[], u8::from(self.store.try_to_write().is_ok()));
        let now = self.now_ms();
        let all = self.store.read(tills::list).unwrap_or_default();
        let name = "wxcoupon_hub_tills";
        text.metric(
            name,
            Kind::Gauge,
            "Tills by whether they came within five minutes, and whether they were revoked.",
        );
        let seen = |till: &&tills::Till| till.seen_ms.is_some_and(|at| now - at < 300_000);
        let (revoked, good): (Vec<_>, Vec<_>) = all.iter().partition(|till| till.revoked_ms.is_some());
        let here = good.iter().filter(|till| seen(till)).count();
        for (state, count) in [("here", here), ("away", good.len() - here), ("revoked", revoked.len())] {
            text.sample(name, &[("state", state)], count);
        }
        if let Some(tls) = tls {
            let name = "wxcoupon_hub_certificate_end_timestamp_seconds";
            text.metric(name, Kind::Gauge, "When the hub's certificate ends, in seconds since 1970.");
            text.sample(name, &[], tls.ends_s());
        }
        library + &text.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_as_browsers_send_it() {
        let password = digest(b"open sesame: now");
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            is_right(&password, &headers)
        };
        // printf 'anybody:open sesame: now' | base64
        assert!(with("Basic YW55Ym9keTpvcGVuIHNlc2FtZTogbm93"));
        assert!(!with("Basic YW55Ym9keTpvcGVuIHNlc2FtZTogbm9"));
        assert!(!with("Basic !"));
        assert!(!with("Bearer YW55Ym9keTpvcGVuIHNlc2FtZTogbm93"));
        assert!(!is_right(&password, &HeaderMap::new()));
    }
}
