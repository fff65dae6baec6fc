//! Connections of the admin interface, with or without TLS, counted with those of the API.
//!
//! Nobody has shown a token when a connection opens, so whoever keeps silent, or says half of something, must not keep others out:
//! each connection has some time until something is answered on it, and where there are too many, one that waits makes room.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::serve::Listener;
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslAcceptor};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};
use tokio_openssl::SslStream;

use crate::sync::{Lifecycle, lock};

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the handshake, a request with its body and the beginning of its answer, and for silence after it. Streams of events
    /// say something more often than that.
    patience: Duration,
    /// How many there are at once.
    connections: usize,
}

pub(super) const LIMITS: Limits = Limits { patience: Duration::from_secs(30), connections: 256 };

pub(super) struct CountedListener {
    listener: TcpListener,
    /// `None`: HTTP in the clear.
    tls: Option<SslAcceptor>,
    lifecycle: Arc<Lifecycle>,
    limits: Limits,
    seats: Arc<Seats>,
    opened: u64,
}

impl CountedListener {
    pub(super) fn new(
        listener: TcpListener,
        tls: Option<SslAcceptor>,
        lifecycle: &Arc<Lifecycle>,
        limits: Limits,
    ) -> Self {
        let lifecycle = Arc::clone(lifecycle);
        Self { listener, tls, lifecycle, limits, seats: Arc::default(), opened: 0 }
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
            self.opened += 1;
            self.seats.take(self.opened, self.limits.connections);
            let stream = CountedStream {
                line,
                lifecycle: Arc::clone(&self.lifecycle),
                seats: Arc::clone(&self.seats),
                seat: self.opened,
                patience: self.limits.patience,
                deadline: Box::pin(sleep(self.limits.patience)),
            };
            return (stream, address);
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

/// The open connections, by the order in which they came.
#[derive(Debug, Default)]
struct Seats(Mutex<BTreeMap<u64, Seat>>);

#[derive(Debug)]
struct Seat {
    /// Something was answered on it.
    was_answered: bool,
    since: Instant,
    has_to_go: bool,
    waker: Option<Waker>,
}

impl Seats {
    /// A seat for a newcomer. Where all are taken, one that was never answered makes room before all others, then the
    /// one that has been silent for the longest time.
    fn take(&self, number: u64, most: usize) {
        let mut seats = lock(&self.0);
        let staying = seats.values().filter(|seat| !seat.has_to_go).count();
        if staying >= most {
            let waiting = seats.values_mut().filter(|seat| !seat.has_to_go);
            if let Some(seat) = waiting.min_by_key(|seat| (seat.was_answered, seat.since)) {
                seat.has_to_go = true;
                if let Some(waker) = seat.waker.take() {
                    waker.wake();
                }
            }
        }
        seats.insert(
            number,
            Seat { was_answered: false, since: Instant::now(), has_to_go: false, waker: None },
        );
    }

    fn leave(&self, number: u64) {
        lock(&self.0).remove(&number);
    }

    fn answered(&self, number: u64) {
        if let Some(seat) = lock(&self.0).get_mut(&number) {
            (seat.was_answered, seat.since) = (true, Instant::now());
        }
    }

    fn check(&self, number: u64, context: &Context<'_>) -> io::Result<()> {
        match lock(&self.0).get_mut(&number) {
            Some(seat) if !seat.has_to_go => {
                seat.waker = Some(context.waker().clone());
                Ok(())
            }
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

enum Line {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

pub(super) struct CountedStream {
    line: Line,
    lifecycle: Arc<Lifecycle>,
    seats: Arc<Seats>,
    seat: u64,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl CountedStream {
    /// Whether it may go on.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.seats.check(self.seat, context)?;
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.seats.leave(self.seat);
        self.lifecycle.connections.leave();
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
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
        self.check(context)?;
        let written = match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Line::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        };
        if let Poll::Ready(Ok(1..)) = written {
            let until = Instant::now() + self.patience;
            self.deadline.as_mut().reset(until);
            self.seats.answered(self.seat);
        }
        written
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read as _, Write as _};
    use std::thread;

    use super::*;

    /// A server with these limits, on a thread that ends with the test program.
    fn serve(limits: Limits) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let listener = CountedListener::new(listener, None, &Arc::default(), limits);
                let echo = |body: axum::body::Bytes| async move { body };
                axum::serve(listener, axum::Router::new().fallback(echo)).await
            })
        });
        address
    }

    fn say(address: SocketAddr, text: &str) -> std::net::TcpStream {
        let mut line = std::net::TcpStream::connect(address).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        line.write_all(text.as_bytes()).unwrap();
        line
    }

    /// Everything up to the end of the connection; a reset is an end too.
    fn rest(line: &mut std::net::TcpStream) -> String {
        let mut said = Vec::new();
        if let Err(error) = line.read_to_end(&mut said) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        String::from_utf8(said).unwrap()
    }

    #[test]
    fn whoever_stops_amid_something_is_hung_up_on() {
        let address = serve(Limits { patience: Duration::from_millis(300), connections: 100 });
        for half in [
            "",
            "GET / HT",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
        ] {
            let said = rest(&mut say(address, half));
            assert!(!said.starts_with("HTTP/1.1 200"), "{half}: {said}");
        }
        // After an answer silence ends it too.
        let said = rest(&mut say(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }

    #[test]
    fn silent_callers_make_room() {
        let address = serve(Limits { patience: Duration::from_secs(60), connections: 8 });
        let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut first = say(address, whole);
        let mut chunk = [0; 16];
        first.read_exact(&mut chunk).unwrap();
        let mut silent: Vec<_> = (0..50).map(|_| say(address, "GET / HT")).collect();
        let mut last = say(address, whole);
        last.read_exact(&mut chunk).unwrap();
        assert!(chunk.starts_with(b"HTTP/1.1 200"));
        assert_eq!(rest(silent.first_mut().unwrap()), "", "the first to wait is the first to go");
        // Whoever was answered before stays.
        first.write_all(whole.as_bytes()).unwrap();
        let mut seen = String::new();
        while seen.matches("HTTP/1.1 200").count() < 1 {
            let read = first.read(&mut chunk).unwrap();
            assert!(read > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(chunk.get(..read).unwrap()));
        }
    }
}
