//! Connections that tests and the fuzzer inject, without TLS and without a network.

use super::send_tracking::{IdleCheck, SendTracking};
use super::socket::{BUFFER, read_input};
use std::io::{Read, Write};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// Both directions of a connection that never blocks.
pub trait InjectedConnection: Read + Write + Send + Sync + std::fmt::Debug {
    /// Whether the connection is open and has no unread bytes.
    fn is_quiet(&self) -> bool;
}

/// Makes the connections of one context.
pub type ConnectionFactory = Arc<dyn Fn() -> Box<dyn InjectedConnection> + Send + Sync>;

/// Hands injected connections to ureq. They stand for TLS connections to a verified server.
#[derive(Clone)]
pub struct InjectedConnector(pub ConnectionFactory);

impl std::fmt::Debug for InjectedConnector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Given")
    }
}

impl Connector for InjectedConnector {
    type Out = SendTracking<Plain>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<SendTracking<Plain>>, Error> {
        let plain = Plain { connection: (self.0)(), buffers: LazyBuffers::new(BUFFER, BUFFER) };
        Ok(Some(SendTracking::new(plain)))
    }
}

/// An injected connection with ureq's buffers.
#[derive(Debug)]
pub struct Plain {
    connection: Box<dyn InjectedConnection>,
    buffers: LazyBuffers,
}

impl Transport for Plain {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.connection.write_all(output)?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        Ok(read_input(&mut self.connection, &mut self.buffers)?)
    }

    fn is_open(&mut self) -> bool {
        self.is_quiet(None)
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl IdleCheck for Plain {
    fn is_quiet(&mut self, _: Option<NextTimeout>) -> bool {
        self.buffers.input().is_empty() && self.connection.is_quiet()
    }
}
