//! Paths and methods of the admin interface.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use serde_json::json;

use super::document::{self, Document};
use super::guard::{self, Guard, SESSION};
use super::index::{self, Index};
use super::language;
use super::routes::{Shared, listed, named, plain, with_body};
use super::{Answer, certificates, console, faults, notifications, state};
use crate::control::Control;
use crate::text::Text;

/// Largest request body, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub(super) fn router(control: Arc<Control>, guard: Arc<Guard>) -> Router {
    let document = Arc::new(Document::new());
    let index = Index { control: Arc::clone(&control), document: Arc::clone(&document) };
    let described = Answer::ok(document.value());
    Router::new()
        .route(
            "/faults",
            get(plain(faults::list)).post(with_body(faults::inject)).delete(plain(faults::clear)),
        )
        .route("/faults/{id}", delete(named(faults::clear_one)))
        .route("/ledger", get(listed(state::ledger)))
        .route("/requests", get(listed(state::requests)))
        .route("/stats", get(plain(|control| Answer::ok(control.stats()))))
        .route("/coupons", get(listed(state::coupons)).post(with_body(state::put_coupon)))
        .route("/coupons/{code}", get(named(state::coupon)))
        .route("/busifavor-coupons", post(with_body(state::put_busifavor)))
        .route("/busifavor-coupons/{code}", get(named(state::busifavor)))
        .route("/claims", post(with_body(state::claim)))
        .route("/stores", post(with_body(state::put_store)))
        .route("/authorities", post(with_body(state::authorise)))
        .route("/payment-codes", post(with_body(state::show_payment_code)))
        .route("/stocks", post(with_body(state::set_stock_state)))
        .route("/clock", post(with_body(state::set_clock)))
        .route("/certificates", get(plain(certificates::list)).post(with_body(certificates::change)))
        .route("/ca.pem", get(certificates::authority))
        .route(
            "/notifications",
            get(listed(notifications::list)).post(with_body(notifications::send_or_configure)),
        )
        .route("/reset", post(listed(state::reset)))
        .route("/shutdown", post(shutdown))
        .route("/health", get(index::health))
        .route("/openapi.json", get(move || async move { described }))
        .route(SESSION, post(guard::sign_in).with_state(Arc::clone(&guard)))
        .merge(console::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(not_like_this)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::new(index), index::answer_programs))
        .layer(middleware::from_fn_with_state(document, document::check_query))
        .layer(middleware::from_fn_with_state(guard, guard::admit))
        .layer(middleware::from_fn(language::speak))
        .with_state(control)
}

async fn unknown() -> Answer {
    Answer::not_found(Text::new(
        "no such thing; GET / and /openapi.json say what there is",
        "没有这个路径；GET / 和 /openapi.json 列出了全部路径",
    ))
}

async fn not_like_this() -> Answer {
    Answer::error(
        StatusCode::METHOD_NOT_ALLOWED,
        Text::new(
            "this path has other methods; GET / and /openapi.json say which",
            "这个路径不支持该方法；GET / 和 /openapi.json 列出了支持的方法",
        ),
    )
}

/// The answer is sent before the server stops, because stopping waits for it.
async fn shutdown(State(control): Shared) -> impl IntoResponse {
    control.shutdown.raise();
    ([(CONNECTION, "close")], Answer::ok(json!({})))
}
