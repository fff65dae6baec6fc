//! How a connection is made: to the server or through a proxy, then TLS, then send tracking. A hub may be reached without TLS.
//!
//! ureq speaks HTTP over connections that are made here. ureq's own connections would read a slow answer to CONNECT
//! without a limit, take an unexpected second answer for the answer to the next request, and keep the password of a proxy
//! in memory.

use super::addresses;
use super::send_tracking::{IdleCheck, SendTracking};
use super::socket::Socket;
use super::tls::Tls;
use super::transport_error::with_context;
use super::{tunnel, waiting};
use crate::config::Proxy;
use rustls::ClientConfig;
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Makes the connections of one context. They share the trusted roots and the TLS sessions.
#[derive(Debug, Clone)]
pub struct HttpsConnector {
    /// The shared TLS configuration.
    pub tls: Arc<ClientConfig>,
    /// The proxy, if there is one.
    pub proxy: Option<Arc<Proxy>>,
    /// For CONNECT.
    pub user_agent: Arc<str>,
}

impl Connector for HttpsConnector {
    type Out = SendTracking<Line>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<SendTracking<Line>>, Error> {
        // A limit for all steps up to the end of the handshake.
        let _end = waiting::no_longer_than(*details.timeout.after);
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let clock = Arc::clone(&details.current_time);
        let secured = match &self.proxy {
            // The configuration has made sure that this is a hub.
            _ if details.uri.scheme_str() == Some("http") => {
                let socket = Socket::new(addresses::connect(&details.addrs, details.timeout)?)?;
                return Ok(Some(SendTracking::new(Line::Plain(socket))));
            }
            None => {
                let socket = Socket::new(addresses::connect(&details.addrs, details.timeout)?)?;
                Tls::handshake(&self.tls, bare, Box::new(socket), details.timeout, clock)?
            }
            Some(proxy) => {
                let target = format!("{host}:{}", details.uri.port_u16().unwrap_or(443));
                let socket: Box<dyn Transport> =
                    tunnel::through(proxy, &target, &self.user_agent, &self.tls, details)?;
                Tls::handshake(&self.tls, bare, socket, details.timeout, clock)
                    .map_err(|error| with_context(&format!("{host}, through the proxy {proxy}"), &error))?
            }
        };
        Ok(Some(SendTracking::new(Line::Tls(Box::new(secured)))))
    }
}

/// A connection, with or without TLS.
#[derive(Debug)]
pub enum Line {
    /// Towards WeChat Pay always.
    Tls(Box<Tls>),
    /// Towards a hub that is configured so.
    Plain(Socket),
}

impl Line {
    fn inner(&mut self) -> &mut dyn Transport {
        match self {
            Line::Tls(tls) => &mut **tls,
            Line::Plain(socket) => socket,
        }
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner().await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner().is_open()
    }

    fn is_tls(&self) -> bool {
        matches!(self, Line::Tls(_))
    }
}

impl IdleCheck for Line {
    fn is_quiet(&mut self, wait: Option<NextTimeout>) -> bool {
        match self {
            Line::Tls(tls) => tls.is_quiet(wait),
            Line::Plain(socket) => socket.buffers().input().is_empty() && socket.is_open(),
        }
    }
}
