//! A line to the database that loses what it is told to lose.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;
use testkit::till::until;

/// What becomes of a `COMMIT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It passes, and so does its answer.
    Passes,
    /// It passes; its answer and the connection are lost.
    Answerless,
    /// It does not arrive before [`Relay::release`].
    Late,
}

struct State {
    /// What becomes of the commits to come, in order. After these, all pass.
    commits: Mutex<Vec<Commit>>,
    /// Only transactions that have said this are meant.
    about: Mutex<&'static str>,
    /// Whether it looks at messages, or carries anything.
    reads: bool,
    is_down: AtomicBool,
    is_silent: AtomicBool,
    is_released: AtomicBool,
    lost: AtomicUsize,
    open: Mutex<Vec<Weak<TcpStream>>>,
}

impl State {
    /// What is said waits while nothing passes.
    fn wait(&self) {
        while self.is_silent.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A port that leads to a server.
pub struct Relay {
    pub port: u16,
    state: Arc<State>,
}

impl Relay {
    pub fn to(server: u16) -> Relay {
        Relay::carrying(server, true)
    }

    /// One that carries whatever is said, of other protocols too.
    #[allow(dead_code, reason = "the hub's tests use it")]
    pub fn blind(server: u16) -> Relay {
        Relay::carrying(server, false)
    }

    fn carrying(server: u16, reads: bool) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            commits: Mutex::default(),
            about: Mutex::default(),
            reads,
            is_down: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            is_released: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.is_down.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let (client, server) = (Arc::new(client), Arc::new(server));
                let mut open = shared.open.lock().unwrap();
                open.retain(|socket| socket.strong_count() > 0);
                open.extend([Arc::downgrade(&client), Arc::downgrade(&server)]);
                drop(open);
                carry(client, server, &shared);
            }
        });
        Relay { port, state }
    }

    /// What becomes of the next commits of transactions with such a statement.
    #[allow(dead_code, reason = "the hub's tests use it")]
    pub fn next_about(&self, about: &'static str, commits: &[Commit]) {
        *self.state.about.lock().unwrap() = about;
        self.next(commits);
    }

    /// What becomes of the next commits.
    pub fn next(&self, commits: &[Commit]) {
        *self.state.commits.lock().unwrap() = commits.to_vec();
    }

    /// Cuts all connections, and accepts none or some.
    pub fn set_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::SeqCst);
        for socket in self.state.open.lock().unwrap().drain(..).filter_map(|socket| socket.upgrade()) {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Nothing passes in either direction, and nobody is told so; what was said meanwhile arrives later.
    #[allow(dead_code, reason = "the hub's tests use it")]
    pub fn set_silent(&self, is_silent: bool) {
        self.state.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// Waits until as many answers were lost.
    pub fn until_lost(&self, count: usize) {
        until("the answer is lost", || self.state.lost.load(Ordering::SeqCst) >= count);
    }

    /// What is late arrives.
    pub fn release(&self) {
        self.state.is_released.store(true, Ordering::SeqCst);
    }
}

/// Both ways, until one of them ends.
fn carry(client: Arc<TcpStream>, server: Arc<TcpStream>, state: &Arc<State>) {
    let loses = Arc::new(AtomicBool::new(false));
    let (to_server, to_client) = (Arc::clone(&server), Arc::clone(&client));
    let (forward, backward) = (Arc::clone(state), Arc::clone(state));
    let lost = Arc::clone(&loses);
    thread::spawn(move || {
        let _ = if forward.reads {
            requests(&client, &to_server, &forward, &loses)
        } else {
            answers(&client, &to_server, &forward, &loses)
        };
        let _ = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = answers(&server, &to_client, &backward, &lost);
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// Message by message: the first has no type.
fn requests(
    mut client: &TcpStream,
    mut server: &TcpStream,
    state: &State,
    loses: &AtomicBool,
) -> io::Result<()> {
    let (mut is_first, mut said) = (true, Vec::new());
    loop {
        let mut head = vec![0; if is_first { 4 } else { 5 }];
        client.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut body)?;
        said.extend_from_slice(&body);
        let is_commit = !is_first && head[0] == b'Q' && body.starts_with(b"COMMIT");
        let about = *state.about.lock().unwrap();
        let said = if is_commit { std::mem::take(&mut said) } else { Vec::new() };
        if is_commit && String::from_utf8_lossy(&said).contains(about) {
            let mut commits = state.commits.lock().unwrap();
            let fate = if commits.is_empty() { Commit::Passes } else { commits.remove(0) };
            drop(commits);
            match fate {
                Commit::Passes => {}
                Commit::Answerless => loses.store(true, Ordering::SeqCst),
                Commit::Late => {
                    until("it is released", || state.is_released.load(Ordering::SeqCst));
                }
            }
        }
        is_first = false;
        state.wait();
        server.write_all(&[head, body].concat())?;
    }
}

/// Whatever comes.
fn answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    state: &State,
    loses: &AtomicBool,
) -> io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = server.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        if loses.load(Ordering::SeqCst) {
            state.lost.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        state.wait();
        client.write_all(&bytes[..count])?;
    }
}
