//! How a connection is made: to the server or through a proxy, then TLS, then send tracking.
//!
//! ureq speaks HTTP over connections that are made here. ureq's own connections would read a slow answer to CONNECT
//! without a limit, take an unexpected second answer for the answer to the next request, and keep the password of a proxy
//! in memory.

use super::addresses;
use super::send_tracking::SendTracking;
use super::socket::Socket;
use super::tls::Tls;
use super::transport_error::with_context;
use super::{tunnel, waiting};
use crate::config::Proxy;
use rustls::ClientConfig;
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Transport};

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
    type Out = SendTracking<Tls>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<SendTracking<Tls>>, Error> {
        // A limit for all steps up to the end of the handshake.
        let _end = waiting::no_longer_than(*details.timeout.after);
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let clock = Arc::clone(&details.current_time);
        let secured = match &self.proxy {
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
        Ok(Some(SendTracking::new(secured)))
    }
}
