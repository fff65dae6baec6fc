//! The lowest layer of every connection: a TCP socket on which every wait has a limit, and which can be polled without
//! waiting.

use super::{in_flight, waiting};
use std::io::{self, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use waiting::Limit;

/// Large enough for most requests and answers. ureq would allocate its default of 128 KiB four times per connection.
pub const BUFFER: usize = 16 * 1024;
/// How often a job that waits for a connection checks whether it was cancelled.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A connected socket. Reading with a limit of zero polls and does not wait.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Socket {
    /// Takes over a stream.
    pub fn new(stream: TcpStream) -> Result<Socket, Error> {
        stream.set_nodelay(true)?;
        Ok(Socket { stream, buffers: LazyBuffers::new(BUFFER, BUFFER) })
    }

    /// Reads what has come. A timeout error if nothing has.
    fn look(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_nonblocking(true)?;
        let read = read_input(&mut self.stream, &mut self.buffers);
        self.stream.set_nonblocking(false)?;
        match read {
            Ok(has_come) => Ok(has_come),
            Err(error) if is_silence(&error) || error.kind() == ErrorKind::Interrupted => {
                Err(Error::Timeout(timeout.reason))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads once into the input buffer. False: the other side has ended the connection.
pub fn read_input(reader: &mut impl Read, buffers: &mut LazyBuffers) -> io::Result<bool> {
    let amount = reader.read(buffers.input_append_buf())?;
    buffers.input_appended(amount);
    Ok(amount > 0)
}

/// The two error kinds with which systems report a timeout.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let limit = Limit::of(timeout);
        let mut rest = self.buffers.output().get(..amount).unwrap_or_default();
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(limit.left()?))?;
            match self.stream.write(rest) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                // The loop's first line checks whether the time is up.
                Err(error) if is_silence(&error) || error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if timeout.after.is_zero() && !waiting::is_over() {
            return self.look(timeout);
        }
        let limit = Limit::of(timeout);
        loop {
            let left = limit.left()?;
            let wait = if in_flight::is_cancellable() { left.min(LOOK_AGAIN) } else { left };
            self.stream.set_read_timeout(Some(wait))?;
            match read_input(&mut self.stream, &mut self.buffers) {
                Ok(has_come) => return Ok(has_come),
                Err(error) if is_silence(&error) || error.kind() == ErrorKind::Interrupted => {
                    in_flight::check_cancelled()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        let now = NextTimeout { after: NOT_AT_ALL, ..NextTimeout::default() };
        matches!(self.look(now), Err(Error::Timeout(_)))
    }
}

/// No time to wait.
pub const NOT_AT_ALL: ureq::unversioned::transport::time::Duration =
    ureq::unversioned::transport::time::Duration::from_secs(0);
