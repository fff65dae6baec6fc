//! A listening port: accepting, closing and opening again.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use openssl::ssl::SslAcceptor;
use socket2::{Domain, Socket, Type};

use crate::converse;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::FaultKind;
use crate::http::stream::{Stream, Tcp};
use crate::stats::Counters;
use crate::sync::lock;

const BACKLOG: i32 = 1024;
/// Connections are many; their threads need little.
const STACK: usize = 512 * 1024;
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// What a port speaks.
#[derive(Clone)]
pub(crate) enum Speaks {
    /// The API, with or without TLS.
    Api(Option<SslAcceptor>),
    /// The control interface.
    Control,
}

/// Whether the port is open, and whether that is so already.
#[derive(Debug, Default)]
struct Gate {
    closed: bool,
    /// The accepting thread has followed `closed`.
    settled: bool,
}

/// A port that is listened on.
pub(crate) struct Host {
    index: usize,
    address: SocketAddr,
    speaks: Speaks,
    engine: Arc<Engine>,
    gate: Mutex<Gate>,
    gate_moved: Condvar,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Weak<TcpStream>>,
}

/// A connection's entry in the books; closes itself, come what may.
struct Visit {
    host: Arc<Host>,
    id: u64,
}

impl Visit {
    fn begin(host: &Arc<Host>, id: u64) -> Self {
        host.engine.threads.enter();
        Self { host: Arc::clone(host), id }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        lock(&self.host.connections).open.remove(&self.id);
        self.host.engine.threads.leave();
    }
}

/// A host with its accepting thread.
pub(crate) struct RunningHost {
    pub(crate) host: Arc<Host>,
    thread: Option<JoinHandle<()>>,
}

impl RunningHost {
    /// Listens on a loopback port (0 = any).
    pub(crate) fn start(engine: &Arc<Engine>, index: usize, port: u16, speaks: Speaks) -> Result<Self> {
        let listen = || {
            let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
            socket.listen(BACKLOG)?;
            let listener = TcpListener::from(socket);
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listen().map_err(|source| Error::Listen { port, source })?;
        let host = Arc::new(Host {
            index,
            address,
            speaks,
            engine: Arc::clone(engine),
            gate: Mutex::new(Gate { closed: false, settled: true }),
            gate_moved: Condvar::new(),
            connections: Mutex::default(),
        });
        let accepting = Arc::clone(&host);
        let thread = thread::Builder::new()
            .name(format!("sandbox-host-{index}"))
            .spawn(move || accepting.accept_all(listener))
            .map_err(Error::Thread)?;
        Ok(Self { host, thread: Some(thread) })
    }

    /// Ends the accepting thread and all connections. The engine's stop flag
    /// must be up.
    pub(crate) fn stop(&mut self) {
        // With the lock held, or a thread about to wait would miss it.
        let gate = lock(&self.host.gate);
        self.host.gate_moved.notify_all();
        drop(gate);
        self.host.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.host.shut_connections(false);
    }
}

/// A bound socket that does not listen: connecting to it is refused, and
/// nobody else can take the port.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Windows gives this option another, dangerous meaning.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl Host {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes or opens the port and waits until that is done.
    pub(crate) fn set_closed(&self, closed: bool) {
        let mut gate = lock(&self.gate);
        if gate.closed == closed {
            return;
        }
        gate.closed = closed;
        gate.settled = false;
        drop(gate);
        self.gate_moved.notify_all();
        if closed {
            self.wake();
        }
        let gate = lock(&self.gate);
        let _ = self
            .gate_moved
            .wait_timeout_while(gate, Duration::from_secs(2), |gate| !gate.settled)
            .unwrap_or_else(PoisonError::into_inner);
        if closed {
            self.shut_connections(true);
        }
    }

    /// Makes a blocked `accept` return.
    fn wake(&self) {
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(200));
    }

    fn is_closed(&self) -> bool {
        lock(&self.gate).closed
    }

    fn settle(&self) {
        lock(&self.gate).settled = true;
        self.gate_moved.notify_all();
    }

    fn accept_all(self: &Arc<Self>, listener: TcpListener) {
        let mut listening = Some(listener);
        while !self.engine.stop.is_raised() {
            let Some(listener) = &listening else {
                return;
            };
            let accepted = listener.accept();
            if self.engine.stop.is_raised() {
                return;
            }
            if self.is_closed() {
                drop(accepted);
                drop(listening.take());
                listening = self.stay_closed();
                continue;
            }
            match accepted {
                Ok((stream, _)) => self.serve(stream),
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
            let gate = lock(&self.gate);
            let _gate = self
                .gate_moved
                .wait_while(gate, |gate| gate.closed && !self.engine.stop.is_raised())
                .unwrap_or_else(PoisonError::into_inner);
        }
        if self.engine.stop.is_raised() {
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
            if self.engine.stop.sleep(Duration::from_millis(10)) {
                break;
            }
        }
        None
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) {
        let tcp = Tcp(Arc::new(stream));
        let _ = tcp.0.set_nodelay(true);
        let id = {
            let mut connections = lock(&self.connections);
            connections.next += 1;
            let id = connections.next;
            connections.open.insert(id, Arc::downgrade(&tcp.0));
            id
        };
        let visit = Visit::begin(self, id);
        // If there is no thread to be had, dropping the visit ends it.
        let _ = thread::Builder::new()
            .name("sandbox-connection".to_owned())
            .stack_size(STACK)
            .spawn(move || visit.host.converse(tcp));
    }

    fn converse(&self, mut tcp: Tcp) {
        let acceptor = match &self.speaks {
            Speaks::Control => return crate::control::converse(&self.engine, Stream::Plain(tcp)),
            Speaks::Api(acceptor) => acceptor.as_ref(),
        };
        Counters::count(&self.engine.counters.connections);
        if let Some(fault) = self.engine.menu.for_connection(self.index) {
            self.engine.note_connection(self.index, &fault);
            match fault.kind {
                FaultKind::TlsAlert if acceptor.is_some() => refuse_handshake(&mut tcp),
                FaultKind::TlsAlert => {}
                _ => tcp.close_with_reset(),
            }
            return;
        }
        tcp.set_read_timeout(Some(HANDSHAKE_PATIENCE));
        match Stream::open(tcp, acceptor) {
            Some(stream) => converse::converse(&self.engine, self.index, stream),
            None => Counters::count(&self.engine.counters.failed_handshakes),
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
