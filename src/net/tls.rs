//! TLS over a direct connection or a proxy's tunnel.
//!
//! A server may send bytes that no request asked for. A second answer after the first would be taken for the answer to the
//! next request. So TLS reads what is waiting on a kept connection before the connection is used again. Session tickets
//! and key updates are fine, and everything else ends the connection.

use super::send_tracking::IdleCheck;
use super::socket::{BUFFER, NOT_AT_ALL, read_input};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{self, Read, Write};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport, TransportAdapter};

/// At most this many tickets and key updates are read in a row. A server that sends more never stops.
const MOST_READS: usize = 64;

/// The TLS configuration that all connections of a context share: trusted roots and resumable sessions.
pub fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::clone(crate::crypto::provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A connection to a server whose certificate is verified.
#[derive(Debug)]
pub struct Tls {
    connection: ClientConnection,
    wire: Wire,
    buffers: LazyBuffers,
}

impl Tls {
    /// Does the handshake with the server of that name, a DNS name or an address without brackets.
    pub fn handshake(
        config: &Arc<ClientConfig>,
        name: &str,
        socket: Box<dyn Transport>,
        timeout: NextTimeout,
        clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    ) -> Result<Tls, Error> {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| Error::Tls("not a name for TLS"))?;
        let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut socket = TransportAdapter::new(socket, clock);
        socket.set_timeout(timeout);
        let mut wire = Wire { socket, records: Records::default() };
        connection.complete_io(&mut wire)?;
        Ok(Tls { connection, wire, buffers: LazyBuffers::new(BUFFER, BUFFER) })
    }
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    matches!(inner, Some(Error::Timeout(_)))
}

impl IdleCheck for Tls {
    /// A record that is only partly here may be anything.
    fn is_quiet(&mut self, wait: Option<NextTimeout>) -> bool {
        if !self.buffers.input().is_empty() {
            return false;
        }
        for _ in 0..MOST_READS {
            match self.connection.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            }
            let whole = self.wire.records.are_whole();
            let look = NextTimeout { after: NOT_AT_ALL, ..NextTimeout::default() };
            self.wire.socket.set_timeout(wait.filter(|_| !whole).unwrap_or(look));
            match self.connection.read_tls(&mut self.wire) {
                Ok(1..) => {}
                Err(error) if is_timeout(&error) => return whole,
                Ok(0) | Err(_) => return false,
            }
        }
        false
    }
}

impl Transport for Tls {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.wire.socket.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let mut stream = rustls::Stream::new(&mut self.connection, &mut self.wire);
        stream.write_all(output)?;
        // `write_all` alone does not report that the socket took only a part.
        stream.flush()?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.wire.socket.set_timeout(timeout);
        let mut stream = rustls::Stream::new(&mut self.connection, &mut self.wire);
        Ok(read_input(&mut stream, &mut self.buffers)?)
    }

    fn is_open(&mut self) -> bool {
        self.is_quiet(None)
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// The bytes below TLS. It tracks where the TLS records end.
struct Wire {
    socket: TransportAdapter,
    records: Records,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.socket.get_ref().fmt(formatter)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.socket.read(buffer)?;
        self.records.pass(buffer.get(..amount).unwrap_or_default());
        Ok(amount)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A record begins with five bytes: its type, a version, and in two bytes how many more belong to it.
#[derive(Debug, Default)]
struct Records {
    head: [u8; 5],
    heads: usize,
    rest: usize,
}

impl Records {
    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.head.get_mut(self.heads) {
                *place = *first;
            }
            self.heads += 1;
            bytes = others;
            if self.heads == self.head.len() {
                self.heads = 0;
                let [.., high, low] = self.head;
                self.rest = usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }

    /// Whether the last byte was the last of a record.
    fn are_whole(&self) -> bool {
        self.heads == 0 && self.rest == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_they_say_however_the_bytes_come() {
        let records = [&[22, 3, 3, 0, 2, 7, 7][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 1, 0], &[9; 256]].concat();
        let ends = [7, 12, 17 + 256];
        for step in [1, 2, 3, 5, 64, 1000] {
            let (mut passed, mut here) = (Records::default(), 0);
            for chunk in records.chunks(step) {
                passed.pass(chunk);
                here += chunk.len();
                assert_eq!(passed.are_whole(), ends.contains(&here), "{here} in steps of {step}");
            }
        }
    }
}
