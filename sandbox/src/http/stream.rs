//! A connection, with or without TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslStream};
use socket2::SockRef;

/// A TCP connection that the host can still shut down from another thread.
#[derive(Debug, Clone)]
pub(crate) struct Tcp(pub(crate) Arc<TcpStream>);

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Tcp {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        (&*self.0).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tcp {
    pub(crate) fn set_read_timeout(&self, time: Option<Duration>) {
        // Fails only for a zero duration or a dead socket; the latter shows
        // at the next read.
        let _ = self.0.set_read_timeout(time);
    }

    /// Makes the coming close send RST instead of FIN.
    pub(crate) fn close_with_reset(&self) {
        let _ = SockRef::from(&*self.0).set_linger(Some(Duration::ZERO));
    }

    /// Reads and forgets until the other side closes (or somebody shuts the
    /// socket down).
    pub(crate) fn swallow(&mut self, limit: Option<Duration>) {
        self.set_read_timeout(limit);
        let mut buffer = [0_u8; 4096];
        while matches!(self.read(&mut buffer), Ok(1..)) {}
    }
}

/// One side of a conversation.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Tcp),
    Tls(Box<SslStream<Tcp>>),
}

impl Stream {
    /// Does the TLS handshake if there is one to do; `None` if it fails.
    pub(crate) fn open(tcp: Tcp, tls: Option<&SslAcceptor>) -> Option<Self> {
        match tls {
            None => Some(Self::Plain(tcp)),
            Some(acceptor) => acceptor.accept(tcp).ok().map(|tls| Self::Tls(Box::new(tls))),
        }
    }

    pub(crate) fn tcp(&self) -> &Tcp {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref(),
        }
    }

    /// Says goodbye properly.
    pub(crate) fn close(mut self) {
        if let Self::Tls(tls) = &mut self {
            // The other side may be gone already.
            let _ = tls.shutdown();
        }
        let mut tcp = self.tcp().clone();
        if tcp.0.shutdown(Shutdown::Write).is_ok() {
            // Take what is still under way, so that the last answer is not
            // lost to a RST.
            tcp.swallow(Some(Duration::from_millis(200)));
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(buffer),
            Self::Tls(tls) => tls.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
