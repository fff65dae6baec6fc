//! Connections of the admin interface, with or without TLS, counted with those of the API.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::serve::Listener;
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslAcceptor};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

use crate::sync::Lifecycle;

pub(super) struct CountedListener {
    listener: TcpListener,
    /// `None`: HTTP in the clear.
    tls: Option<SslAcceptor>,
    lifecycle: Arc<Lifecycle>,
}

impl CountedListener {
    pub(super) fn new(listener: TcpListener, tls: Option<SslAcceptor>, lifecycle: &Arc<Lifecycle>) -> Self {
        Self { listener, tls, lifecycle: Arc::clone(lifecycle) }
    }
}

impl Listener for CountedListener {
    type Io = CountedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let _ = stream.set_nodelay(true);
            let line = match &self.tls {
                None => Line::Plain(stream),
                Some(acceptor) => match with_tls(acceptor, stream) {
                    Ok(line) => line,
                    Err(_) => continue,
                },
            };
            self.lifecycle.connections.enter();
            return (CountedStream { line, lifecycle: Arc::clone(&self.lifecycle) }, address);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// The handshake comes with the first bytes, so that nobody waits for a caller who keeps silent.
fn with_tls(acceptor: &SslAcceptor, stream: TcpStream) -> Result<Line, ErrorStack> {
    let mut tls = Ssl::new(acceptor.context())?;
    tls.set_accept_state();
    Ok(Line::Tls(Box::new(SslStream::new(tls, stream)?)))
}

enum Line {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

pub(super) struct CountedStream {
    line: Line,
    lifecycle: Arc<Lifecycle>,
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.lifecycle.connections.leave();
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Line::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Line::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_flush(context),
            Line::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Line::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
