//! Paths and methods of the admin interface.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CONNECTION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::json;

use super::{Answer, certificates, faults, notifications, state};
use crate::control::Control;

/// Largest request body, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub(super) type Shared = State<Arc<Control>>;
pub(super) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// All paths; `console` are those of the page.
pub(super) fn router(control: Arc<Control>, console: Router<Arc<Control>>) -> Router {
    Router::new()
        .route(
            "/faults",
            get(plain(faults::list)).post(with_body(faults::inject)).delete(plain(faults::clear)),
        )
        .route("/faults/{id}", delete(named(faults::clear_one)))
        .route("/ledger", get(after(|control, seq| Answer::ok(control.api.state.ledger.entries(seq)))))
        .route("/requests", get(after(|control, seq| Answer::ok(control.api.request_log.entries(seq)))))
        .route("/stats", get(plain(|control| Answer::ok(control.stats()))))
        .route("/coupons", post(with_body(state::put_coupon)))
        .route("/coupons/{code}", get(named(state::coupon)))
        .route("/claims", post(with_body(state::claim)))
        .route("/stocks", post(with_body(state::set_stock_state)))
        .route("/clock", post(with_body(state::set_clock)))
        .route("/certificates", get(plain(certificates::list)).post(with_body(certificates::change)))
        .route(
            "/notifications",
            get(after(|control, seq| Answer::ok(control.api.webhooks.deliveries(seq))))
                .post(with_body(notifications::send_or_configure)),
        )
        .route("/reset", post(plain(state::reset)))
        .route("/shutdown", post(shutdown))
        .merge(console)
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(refuse_web_pages))
        .with_state(control)
}

/// A web page must not steer the sandbox of the person who looks at it; the console's own may.
async fn refuse_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) && !is_own_page(request.headers()) {
        return Answer::error(StatusCode::FORBIDDEN, "not for browsers").into_response();
    }
    next.run(request).await
}

fn is_own_page(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = header(HOST);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // A name that somebody else has pointed to this machine is not one of these.
    matches!(name, "127.0.0.1" | "localhost") && header(ORIGIN) == format!("http://{host}")
}

async fn unknown() -> Answer {
    Answer::not_found("no such thing; see the README's table")
}

/// The answer is sent before the server stops, because stopping waits for it.
async fn shutdown(State(control): Shared) -> impl IntoResponse {
    control.shutdown.raise();
    ([(CONNECTION, "close")], Answer::ok(json!({})))
}

/// Works on a thread where it may wait: closing ports and making keys take time.
pub(super) fn run(control: Arc<Control>, work: impl FnOnce(&Control) -> Answer + Send + 'static) -> Work {
    Box::pin(async {
        let done = tokio::task::spawn_blocking(move || work(&control)).await;
        done.unwrap_or_else(|error| Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error))
    })
}

pub(super) fn plain(work: fn(&Control) -> Answer) -> impl Fn(Shared) -> Work + Clone + Send + Sync + 'static {
    move |State(control)| run(control, work)
}

/// Of the path: `{id}`, `{code}`.
pub(super) fn named(
    work: fn(&Control, &str) -> Answer,
) -> impl Fn(Shared, Path<String>) -> Work + Clone + Send + Sync + 'static {
    move |State(control), Path(name)| run(control, move |control| work(control, &name))
}

/// The query parameter `after` is a position in a list; 0 when it is missing.
fn after(work: fn(&Control, u64) -> Answer) -> impl Fn(Shared, Uri) -> Work + Clone + Send + Sync + 'static {
    move |State(control), uri: Uri| {
        let mut pairs = uri.query().unwrap_or_default().split('&');
        let seq = pairs.find_map(|pair| pair.strip_prefix("after=")).and_then(|seq| seq.parse().ok());
        run(control, move |control| work(control, seq.unwrap_or(0)))
    }
}

pub(super) type Body = Result<Bytes, BytesRejection>;

pub(super) fn with_body(
    work: fn(&Control, &[u8]) -> Answer,
) -> impl Fn(Shared, Body) -> Work + Clone + Send + Sync + 'static {
    move |State(control), body: Body| match body {
        Ok(body) => run(control, move |control| work(control, &body)),
        Err(error) => Box::pin(async { Answer::bad_request(error) }),
    }
}
