//! Sends one request to WeChat Pay and reads the response, within limits, and says whether any byte left.

mod addresses;
pub mod cancel;
pub mod clock;
mod connect;
pub mod deadline;
pub mod hosts;
pub mod http;
pub mod in_flight;
pub mod injected;
mod pool;
pub mod rate_limit;
pub mod resolver;
mod send_tracking;
mod socket;
mod tls;
mod transport_error;
mod tunnel;
mod waiting;

use crate::wire::hub;
use crate::wire::verify::SignatureHeaders;
use std::time::Duration;

/// Does one HTTP exchange. It does not know what the exchange means.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends the request once, over a new or a kept connection, and reads the whole answer.
    fn exchange(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError>;
}

/// The request of an exchange.
#[derive(Debug)]
pub struct HttpRequest<'a> {
    /// HTTP method, upper case.
    pub method: &'a str,
    /// `https://name[:port]`, or `http://` for a hub.
    pub origin: &'a str,
    /// Path and query as they are signed.
    pub target: &'a str,
    /// Headers that this library sets itself.
    pub headers: &'a [(&'static str, &'a str)],
    /// Exactly the signed bytes. `None`: no body.
    pub body: Option<&'a [u8]>,
    /// Limit of the name look-up, and the same again for connection and TLS together.
    pub connect_limit: Duration,
    /// Limit of the whole exchange.
    pub limit: Duration,
}

/// The whole response of an exchange.
#[derive(Debug, Default)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// The headers that carry the signature.
    pub signature: SignatureHeaders,
    /// The headers of a hub.
    pub hub: hub::Headers,
    /// `Request-ID`
    pub request_id: Option<String>,
    /// `Retry-After` in seconds; its date form is not used by WeChat Pay.
    pub retry_after_s: Option<u64>,
    /// `Date`
    pub date: Option<String>,
    /// `Content-Encoding`, if there is one. We ask for none.
    pub encoding: Option<String>,
    /// The raw body.
    pub body: Vec<u8>,
}

/// Why there is no whole response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// Whether any byte of the request was handed to the connection.
    pub sent: bool,
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// In words, without secrets.
    pub detail: String,
}

/// The kind of a transport error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// Name look-up, routing, refusal, proxy.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The TLS handshake, because this machine's time is outside the certificate's validity.
    Clock,
    /// A limit ran out.
    Timeout,
    /// The connection broke.
    Lost,
    /// What came is not HTTP.
    NotHttp,
    /// The answer is larger than any that WeChat Pay gives.
    TooLarge,
}
