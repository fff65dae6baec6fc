//! What routes are made of: work on a running sandbox, with what it needs of the request.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use tokio::task::JoinError;

use super::Answer;
use super::query::Query;
use crate::control::Control;
use crate::text::Text;

pub(super) type Shared = State<Arc<Control>>;
pub(super) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Works on a thread where it may wait: closing ports and making keys take time.
pub(super) fn run(control: Arc<Control>, work: impl FnOnce(&Control) -> Answer + Send + 'static) -> Work {
    Box::pin(async {
        let done = tokio::task::spawn_blocking(move || work(&control)).await;
        done.unwrap_or_else(|error| broken(&error))
    })
}

/// Work that ended without an answer.
pub(super) fn broken(error: &JoinError) -> Answer {
    let text = Text::new(error.to_string(), format!("沙箱内部错误（{error}）"));
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, text)
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

/// What the query says; its members are checked already.
pub(super) fn listed(
    work: fn(&Control, &Query) -> Answer,
) -> impl Fn(Shared, Uri) -> Work + Clone + Send + Sync + 'static {
    move |State(control), uri: Uri| {
        let query = Query::of(&uri);
        run(control, move |control| work(control, &query))
    }
}

pub(super) type Body = Result<Bytes, BytesRejection>;

pub(super) fn with_body(
    work: fn(&Control, &[u8]) -> Answer,
) -> impl Fn(Shared, Body) -> Work + Clone + Send + Sync + 'static {
    move |State(control), body: Body| match body {
        Ok(body) => run(control, move |control| work(control, &body)),
        Err(error) => Box::pin(async move {
            Answer::bad_request(Text::new(error.to_string(), format!("请求主体无法读取（{error}）")))
        }),
    }
}
