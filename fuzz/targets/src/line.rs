//! Connections on which everything is said beforehand, and which remember what was sent.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wxcoupon::net::injected::{ConnectionFactory, InjectedConnection};

/// What the server says, one reply after the other; behind the last one it closes every connection.
#[derive(Debug, Default, Clone)]
pub struct Script {
    /// Raw bytes, HTTP or not.
    pub replies: VecDeque<Reply>,
    /// So many bytes come at once; 0: all of them.
    pub step: usize,
}

/// What is said to one request.
#[derive(Debug, Default, Clone)]
pub struct Reply {
    pub bytes: Vec<u8>,
    /// Nothing more comes, and the connection stays; else it is closed.
    pub stays_open: bool,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    sent: Vec<Vec<u8>>,
}

/// All connections of a context.
#[derive(Debug, Clone, Default)]
pub struct Wire(Arc<Mutex<State>>);

impl Wire {
    pub fn new(script: Script) -> Wire {
        Wire(Arc::new(Mutex::new(State { script, sent: Vec::new() })))
    }

    /// Every request as its bytes left.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.state().sent.clone()
    }

    /// For [`wxcoupon::net::http::HttpTransport::over`].
    pub fn lines(&self) -> ConnectionFactory {
        let wire = self.clone();
        Arc::new(move || Box::new(Open { wire: wire.clone(), reply: None, read: 0, request: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection.
#[derive(Debug)]
struct Open {
    wire: Wire,
    reply: Option<Reply>,
    read: usize,
    /// Which of those that were sent is being written.
    request: Option<usize>,
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut state = self.wire.state();
        // Whatever comes behind a reply is another request.
        if self.reply.take().is_some() {
            self.request = None;
        }
        let index = *self.request.get_or_insert_with(|| {
            state.sent.push(Vec::new());
            state.sent.len() - 1
        });
        state.sent[index].extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut state = self.wire.state();
        if self.reply.is_none() {
            self.read = 0;
            self.reply = Some(state.script.replies.pop_front().unwrap_or_default());
        }
        let Some(reply) = &self.reply else { return Ok(0) };
        let rest = &reply.bytes[self.read..];
        if rest.is_empty() && reply.stays_open {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        let step = if state.script.step == 0 { usize::MAX } else { state.script.step };
        let amount = rest.len().min(buffer.len()).min(step);
        buffer[..amount].copy_from_slice(&rest[..amount]);
        self.read += amount;
        Ok(amount)
    }
}

impl InjectedConnection for Open {
    fn is_quiet(&self) -> bool {
        self.reply.as_ref().is_none_or(|reply| reply.stays_open && self.read == reply.bytes.len())
    }
}
