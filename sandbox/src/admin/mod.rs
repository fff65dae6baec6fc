//! The admin interface: JSON over plain HTTP on loopback, for tests and people.

mod certificates;
mod connections;
mod console;
mod console_files;
mod events;
mod faults;
mod notifications;
mod routes;
mod state;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::control::Control;
use crate::error::{Error, Result};
use connections::CountedListener;

/// How long stopping waits for requests that are being answered.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// What to answer: a status and a JSON value.
struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    fn ok(body: impl Serialize) -> Self {
        Self { status: StatusCode::OK, body: serde_json::to_value(body).unwrap_or_default() }
    }

    fn error(status: StatusCode, message: impl ToString) -> Self {
        Self { status, body: json!({ "error": message.to_string() }) }
    }

    fn bad_request(message: impl ToString) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    fn not_found(message: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut body = serde_json::to_vec(&self.body).unwrap_or_default();
        body.push(b'\n');
        (self.status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// The running server, on a thread of its own.
pub(crate) struct AdminServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    /// Listens on a loopback port (0 = any).
    pub(crate) fn start(control: &Arc<Control>, port: u16) -> Result<Self> {
        let failed = |source| Error::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
        let listener = {
            let _in_runtime = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        let listener = CountedListener::new(listener, &control.api.lifecycle);
        let router = routes::router(Arc::clone(control), console::routes());
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("sandbox-admin".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, router, stopped));
                runtime.shutdown_timeout(STOP_PATIENCE);
            })
            .map_err(Error::Thread)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
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
