//! What programs get to see first: the index, the health, the description.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Answer;
use super::document::Document;
use super::guard::wants_page;
use crate::control::Control;
use crate::identities::SIMULATOR;

/// What the index is made of.
pub(super) struct Index {
    pub(super) control: Arc<Control>,
    pub(super) document: Arc<Document>,
}

/// At `/` a browser gets the console; everybody else an index in JSON.
pub(super) async fn answer_programs(
    State(index): State<Arc<Index>>,
    request: Request,
    next: Next,
) -> Response {
    let is_index = request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD);
    if is_index && !wants_page(request.headers()) {
        return Answer::ok(index.value()).into_response();
    }
    next.run(request).await
}

impl Index {
    fn value(&self) -> Value {
        json!({
            "name": "wxcoupon-sandbox",
            "version": env!("CARGO_PKG_VERSION"),
            "notice": SIMULATOR,
            "hosts": self.control.api.urls.get(),
            "description": "/openapi.json",
            "requests": self.document.requests(),
        })
    }
}

/// Whoever watches over services asks this, without a token; so it says no more.
pub(super) async fn health() -> Answer {
    Answer::ok(json!({ "status": "ok" }))
}
