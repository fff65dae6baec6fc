//! A listening port: accepting, closing and opening again.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use openssl::ssl::SslAcceptor;
use socket2::{Domain, Socket, Type};

use super::connection;
use super::service::{Admission, Service};
use super::stream::{Stream, Tcp};
use crate::error::{Error, Result};
use crate::sync::{Lifecycle, lock};

const BACKLOG: i32 = 1024;
/// Connections are many; their threads need little.
const STACK: usize = 512 * 1024;
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// Whether the port is open, and whether that is so already.
#[derive(Debug, Default)]
struct Port {
    closed: bool,
    /// The accepting thread has followed `closed`.
    settled: bool,
}

/// A port that is listened on.
pub(crate) struct Listener {
    index: usize,
    address: SocketAddr,
    /// `None`: HTTP in the clear.
    tls: Option<SslAcceptor>,
    service: Arc<dyn Service>,
    /// How long a connection may stay idle between requests.
    keep_alive: Duration,
    lifecycle: Arc<Lifecycle>,
    port: Mutex<Port>,
    port_changed: Condvar,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Weak<TcpStream>>,
}

/// An open connection; takes itself off the list when dropped.
struct OpenConnection {
    listener: Arc<Listener>,
    id: u64,
}

impl OpenConnection {
    fn begin(listener: &Arc<Listener>, id: u64) -> Self {
        listener.lifecycle.connections.enter();
        Self { listener: Arc::clone(listener), id }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        lock(&self.listener.connections).open.remove(&self.id);
        self.listener.lifecycle.connections.leave();
    }
}

/// A listener with its accepting thread.
pub(crate) struct RunningListener {
    pub(crate) listener: Arc<Listener>,
    thread: Option<JoinHandle<()>>,
}

impl RunningListener {
    /// Listens on an address (port 0 = any).
    pub(crate) fn start(
        index: usize,
        place: SocketAddr,
        tls: Option<SslAcceptor>,
        service: Arc<dyn Service>,
        keep_alive: Duration,
        lifecycle: &Arc<Lifecycle>,
    ) -> Result<Self> {
        let listen = || {
            let socket = bind(place)?;
            socket.listen(BACKLOG)?;
            let listener = TcpListener::from(socket);
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (socket, address) = listen().map_err(|source| Error::Listen { address: place, source })?;
        let listener = Arc::new(Listener {
            index,
            address,
            tls,
            service,
            keep_alive,
            lifecycle: Arc::clone(lifecycle),
            port: Mutex::new(Port { closed: false, settled: true }),
            port_changed: Condvar::new(),
            connections: Mutex::default(),
        });
        let accepting = Arc::clone(&listener);
        let thread = thread::Builder::new()
            .name(format!("sandbox-listener-{index}"))
            .spawn(move || accepting.accept_all(socket))
            .map_err(Error::Thread)?;
        Ok(Self { listener, thread: Some(thread) })
    }

    /// Ends the accepting thread and all connections. The stop flag must be up.
    pub(crate) fn stop(&mut self) {
        // With the lock held, or a thread about to wait would miss it.
        let port = lock(&self.listener.port);
        self.listener.port_changed.notify_all();
        drop(port);
        self.listener.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.listener.shut_connections(false);
    }
}

/// A bound socket that does not listen: connecting to it is refused, and
/// nobody else can take the port.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Windows gives this option another, dangerous meaning.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl Listener {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes or opens the port and waits until that is done.
    pub(crate) fn set_closed(&self, closed: bool) {
        let mut port = lock(&self.port);
        if port.closed == closed {
            return;
        }
        port.closed = closed;
        port.settled = false;
        drop(port);
        self.port_changed.notify_all();
        if closed {
            self.wake();
        }
        let port = lock(&self.port);
        let _ = self
            .port_changed
            .wait_timeout_while(port, Duration::from_secs(2), |port| !port.settled)
            .unwrap_or_else(PoisonError::into_inner);
        if closed {
            self.shut_connections(true);
        }
    }

    /// Makes a blocked `accept` return.
    fn wake(&self) {
        let mut address = self.address;
        // What listens everywhere is reached at home.
        match address {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(200));
    }

    fn is_closed(&self) -> bool {
        lock(&self.port).closed
    }

    fn settle(&self) {
        lock(&self.port).settled = true;
        self.port_changed.notify_all();
    }

    fn accept_all(self: &Arc<Self>, listener: TcpListener) {
        let mut listening = Some(listener);
        while !self.lifecycle.stop.is_raised() {
            let Some(listener) = &listening else {
                return;
            };
            let accepted = listener.accept();
            if self.lifecycle.stop.is_raised() {
                return;
            }
            if self.is_closed() {
                drop(accepted);
                drop(listening.take());
                listening = self.stay_closed();
                continue;
            }
            match accepted {
                Ok((stream, _)) => self.accept(stream),
                // Out of file descriptors, perhaps; do not spin.
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Holds the port without listening until it is to open again.
    fn stay_closed(&self) -> Option<TcpListener> {
        let held = self.bind_again();
        self.settle();
        {
            let port = lock(&self.port);
            let _gate = self
                .port_changed
                .wait_while(port, |port| port.closed && !self.lifecycle.stop.is_raised())
                .unwrap_or_else(PoisonError::into_inner);
        }
        if self.lifecycle.stop.is_raised() {
            return None;
        }
        let socket = held.or_else(|| self.bind_again())?;
        socket.listen(BACKLOG).ok()?;
        self.settle();
        Some(socket.into())
    }

    /// The port was ours a moment ago; dying connections may still hold it.
    fn bind_again(&self) -> Option<Socket> {
        for _ in 0..100 {
            if let Ok(socket) = bind(self.address) {
                return Some(socket);
            }
            if self.lifecycle.stop.sleep(Duration::from_millis(10)) {
                break;
            }
        }
        None
    }

    fn accept(self: &Arc<Self>, stream: TcpStream) {
        let tcp = Tcp(Arc::new(stream));
        let _ = tcp.0.set_nodelay(true);
        let id = {
            let mut connections = lock(&self.connections);
            connections.next += 1;
            let id = connections.next;
            connections.open.insert(id, Arc::downgrade(&tcp.0));
            id
        };
        let connection = OpenConnection::begin(self, id);
        // If there is no thread to be had, dropping it ends it.
        let _ = thread::Builder::new()
            .name("sandbox-connection".to_owned())
            .stack_size(STACK)
            .spawn(move || connection.listener.serve_connection(tcp));
    }

    fn serve_connection(&self, mut tcp: Tcp) {
        match self.service.admit(self.index) {
            Admission::Serve => {}
            Admission::TlsAlert if self.tls.is_some() => return refuse_handshake(&mut tcp),
            Admission::TlsAlert => return,
            Admission::Reset => return tcp.close_with_reset(),
        }
        tcp.set_read_timeout(Some(HANDSHAKE_PATIENCE));
        match Stream::open(tcp, self.tls.as_ref()) {
            Some(stream) => {
                connection::serve(&*self.service, self.index, stream, self.keep_alive, &self.lifecycle.stop);
            }
            None => self.service.handshake_failed(),
        }
    }

    /// Ends the open connections once what has arrived on them was read and answered; waits at most `limit`.
    pub(crate) fn finish_requests(&self, limit: Duration) {
        let open: Vec<(u64, Weak<TcpStream>)> =
            lock(&self.connections).open.iter().map(|(id, stream)| (*id, Weak::clone(stream))).collect();
        for stream in open.iter().filter_map(|(_, stream)| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Read);
        }
        let until = Instant::now() + limit;
        let is_open =
            |connections: &Connections| open.iter().any(|(id, _)| connections.open.contains_key(id));
        while is_open(&lock(&self.connections)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn shut_connections(&self, reset: bool) {
        for stream in lock(&self.connections).open.values().filter_map(Weak::upgrade) {
            if reset {
                Tcp(Arc::clone(&stream)).close_with_reset();
            }
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Reads the client's hello and answers with a fatal `handshake_failure`.
fn refuse_handshake(tcp: &mut Tcp) {
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
    tcp.set_read_timeout(Some(HANDSHAKE_PATIENCE));
    let mut hello = [0_u8; 4096];
    if matches!(tcp.read(&mut hello), Ok(1..)) && tcp.write_all(&ALERT).is_ok() {
        let _ = tcp.0.shutdown(Shutdown::Write);
        tcp.swallow(Some(Duration::from_millis(500)));
    }
}
