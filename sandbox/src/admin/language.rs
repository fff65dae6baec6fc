//! Refusals in the language of whoever asks.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use crate::text::Text;

/// The layer that says refusals in Chinese to those whose first language it is; to all others in English.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let is_chinese = prefers_chinese(request.headers());
    let mut response = next.run(request).await;
    let Some(text) = response.extensions_mut().remove::<Text>() else {
        return response;
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    if is_chinese {
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(format!("{}\n", json!({ "error": text.chinese() })));
    }
    response
}

fn prefers_chinese(headers: &HeaderMap) -> bool {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = wanted.split([',', ';']).next().unwrap_or_default().trim();
    first.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case("zh"))
}
