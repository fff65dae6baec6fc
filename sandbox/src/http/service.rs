//! What a listener serves.

use std::time::Duration;

use super::request::Request;
use super::response::Response;
use crate::text::Said;

/// Whether a new connection is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Serve,
    /// It is reset before anything is read.
    Reset,
    /// It ends with a TLS alert; without TLS it is closed.
    TlsAlert,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// The response is sent after a delay.
    Respond { response: Response, delay: Duration },
    /// The connection is reset.
    Reset,
    /// Nothing is ever sent.
    Hang,
}

/// The server behind the listeners. `listener` is a position: 0 and 1 for the two hosts, then the extra ones.
pub(crate) trait Service: Send + Sync {
    /// Decides about a new connection.
    fn admit(&self, listener: usize) -> Admission;

    /// Hears of a connection whose TLS handshake failed.
    fn handshake_failed(&self);

    /// Handles one request up to, but not including, the sending.
    fn handle(&self, listener: usize, request: &Request) -> Reaction;

    /// The response to what is not a proper HTTP request.
    fn reject(&self, issue: Said) -> Response;
}
