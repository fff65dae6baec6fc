//! The admin interface: JSON over HTTP for tests and people, with TLS and a token where others can come.

mod certificates;
mod connections;
mod console;
mod console_files;
mod document;
mod events;
mod faults;
mod guard;
mod index;
mod language;
mod notifications;
mod query;
mod router;
mod routes;
pub(crate) mod sessions;
mod state;
pub(crate) mod token;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::response::{IntoResponse, Response};
use openssl::ssl::SslAcceptor;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::http::place::Place;
use crate::text::Text;
use connections::{CountedListener, LIMITS};
use guard::Guard;
use sessions::Sessions;
use token::Token;

/// How long stopping waits for requests that are being answered.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// What to answer: a status and a JSON value.
#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    body: Value,
    /// Where a list goes on.
    next: Option<String>,
    /// Why it is refused, for a page in Chinese.
    refusal: Option<Box<Text>>,
}

impl Answer {
    fn ok(body: impl Serialize) -> Self {
        Self {
            status: StatusCode::OK,
            body: serde_json::to_value(body).unwrap_or_default(),
            next: None,
            refusal: None,
        }
    }

    fn error(status: StatusCode, message: impl Into<Text>) -> Self {
        let text = message.into();
        Self { status, body: json!({ "error": text.english() }), next: None, refusal: Some(Box::new(text)) }
    }

    fn bad_request(message: impl Into<Text>) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    fn not_found(message: impl Into<Text>) -> Self {
        Self::error(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut body = serde_json::to_vec(&self.body).unwrap_or_default();
        body.push(b'\n');
        let link = self.next.map(|next| [(LINK, format!("<{next}>; rel=\"next\""))]);
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], link, body).into_response();
        if let Some(text) = self.refusal {
            response.extensions_mut().insert(*text);
        }
        response
    }
}

/// Where the admin interface is, and for whom it opens.
pub(crate) struct Entrance {
    pub(crate) place: Place,
    /// `None`: HTTP in the clear.
    pub(crate) tls: Option<SslAcceptor>,
    /// `None`: open to whoever gets there.
    pub(crate) token: Option<Token>,
    pub(crate) sessions: Arc<Sessions>,
}

/// The running server, on a thread of its own.
pub(crate) struct AdminServer {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    /// Listens on a port (0 = any).
    pub(crate) fn start(control: &Arc<Control>, entrance: Entrance, port: u16) -> Result<Self> {
        let address = entrance.place.socket(port);
        let failed = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
        let listener = {
            let _in_runtime = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        let is_tls = entrance.tls.is_some();
        let url = entrance.place.url(if is_tls { "https" } else { "http" }, port);
        let listener = CountedListener::new(listener, entrance.tls, &control.api.lifecycle, LIMITS);
        let names = entrance.place.names().to_vec();
        let guard = Guard { names, is_tls, port, token: entrance.token, sessions: entrance.sessions };
        let router = router::router(Arc::clone(control), Arc::new(guard));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("sandbox-admin".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, router, stopped));
                runtime.shutdown_timeout(STOP_PATIENCE);
            })
            .map_err(Error::Thread)?;
        Ok(Self { url, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets requests that are being answered end, then closes.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: CountedListener, router: axum::Router, stopped: oneshot::Receiver<()>) {
    let (drain, draining) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = draining.await;
    });
    let server = tokio::spawn(server.into_future());
    let _ = stopped.await;
    drop(drain);
    // Whoever needs longer is cut off with the runtime.
    let _ = tokio::time::timeout(STOP_PATIENCE, server).await;
}
