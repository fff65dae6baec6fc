//! How a connection is made: to the server or through a proxy, then TLS, then the mark of what leaves.
//!
//! ureq speaks HTTP; the connections under it are made here. Its own read an answer to CONNECT for as long as a proxy
//! drips it, take a second answer for the answer to the next request, and keep a proxy's password in memory.

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

/// Makes the connections of one context: the same roots for all, and the same TLS sessions to resume.
#[derive(Debug, Clone)]
pub struct HttpsConnector {
    /// What all of them have in common.
    pub tls: Arc<ClientConfig>,
    /// Through which they go, if any.
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
        // From here to the end of the handshake, whatever each step is handed.
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
