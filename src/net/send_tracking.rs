//! The outermost layer of a connection. It records the moment when a request leaves, and sends it in one piece.
//!
//! TLS handshakes happen below this layer, so it sees nothing but requests. ureq hands over head and body separately, and
//! each would become a TLS record and a packet of its own. So the head is held back until the body is there.

use super::transport_error::ConnectionError;
use super::{TransportErrorKind, in_flight};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

/// A connection that can tell whether it is idle.
pub trait IdleCheck: Transport {
    /// Whether the connection is open and the server has sent nothing. A TLS record that is only partly here is waited for
    /// if `wait` is given. Otherwise it counts as sent.
    fn is_quiet(&mut self, wait: Option<NextTimeout>) -> bool;
}

/// A connection that tracks what is sent through it.
#[derive(Debug)]
pub struct SendTracking<T> {
    inner: T,
    /// The beginning of a request, held back until the rest follows.
    kept_back: Vec<u8>,
    /// The last wait has brought bytes.
    just_received: bool,
    /// It was just found open and quiet, for the request that follows.
    looked_at: bool,
}

impl<T: IdleCheck> SendTracking<T> {
    /// Takes over a connection that is ready for requests.
    pub fn new(inner: T) -> SendTracking<T> {
        SendTracking { inner, kept_back: Vec::new(), just_received: false, looked_at: false }
    }

    /// Sends what was held back, and then the first bytes of the output buffer.
    fn let_out(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // An answer that comes before the whole request was sent is not an answer to it.
        let looked_at = std::mem::take(&mut self.looked_at);
        if !looked_at && !self.inner.is_quiet(Some(timeout)) {
            let text = "the server closed the connection, or answered, before the request was sent whole";
            return Err(ConnectionError { kind: TransportErrorKind::Lost, text: text.into() }.into());
        }
        // Before the write, because a write that fails half-way has sent bytes.
        if !in_flight::mark_sent() {
            return Err(Error::Other("called off".into()));
        }
        let kept = self.kept_back.len();
        let output = self.inner.buffers().output();
        output.copy_within(..amount, kept);
        if let Some(beginning) = output.get_mut(..kept) {
            beginning.copy_from_slice(&self.kept_back);
        }
        self.kept_back.clear();
        self.inner.transmit_output(kept + amount, timeout)
    }
}

impl<T: IdleCheck> Transport for SendTracking<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let room = self.inner.buffers().output().len().saturating_sub(self.kept_back.len());
        if amount > room {
            // What was held back goes out through the same buffer.
            let waiting = self.inner.buffers().output().get(..amount).unwrap_or_default().to_vec();
            self.let_out(0, timeout)?;
            if let Some(output) = self.inner.buffers().output().get_mut(..amount) {
                output.copy_from_slice(&waiting);
            }
        }
        let output = self.inner.buffers().output();
        match output.get(..amount) {
            Some(beginning) if self.kept_back.is_empty() && amount < output.len() / 2 => {
                self.kept_back.extend_from_slice(beginning);
                Ok(())
            }
            _ => self.let_out(amount, timeout),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if !self.kept_back.is_empty() {
            self.let_out(0, timeout)?;
        }
        self.just_received = self.inner.await_input(timeout)?;
        Ok(self.just_received)
    }

    /// ureq asks twice: after an answer was read, and before the connection is used again. Only the second time matters. A
    /// name look-up may have taken time before it.
    fn is_open(&mut self) -> bool {
        if std::mem::take(&mut self.just_received) {
            return true;
        }
        self.looked_at = !in_flight::kept_connection_is_too_old() && self.inner.is_open();
        self.looked_at
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::unversioned::transport::LazyBuffers;

    /// The server sends something after this many packets.
    #[derive(Debug)]
    struct Talkative {
        buffers: LazyBuffers,
        after: usize,
        sent: Vec<usize>,
        bytes: Vec<u8>,
    }

    impl Transport for Talkative {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
            self.sent.push(amount);
            self.bytes.extend_from_slice(&self.buffers.output()[..amount]);
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            self.is_quiet(None)
        }
    }

    impl IdleCheck for Talkative {
        fn is_quiet(&mut self, _: Option<NextTimeout>) -> bool {
            self.sent.len() < self.after
        }
    }

    fn request(after: usize) -> (Result<(), Error>, Vec<usize>) {
        in_flight::clear();
        let buffers = LazyBuffers::new(1000, 1000);
        let mut send_tracking =
            SendTracking::new(Talkative { buffers, after, sent: Vec::new(), bytes: Vec::new() });
        let parts = [100, 1000, 1000, 300];
        let mut written =
            parts.iter().map(|part| send_tracking.transmit_output(*part, NextTimeout::default()));
        let written = written.find(Result::is_err).unwrap_or(Ok(()));
        let answered = written.and_then(|()| send_tracking.await_input(NextTimeout::default()).map(drop));
        (answered, send_tracking.inner.sent)
    }

    #[test]
    fn an_answer_before_the_last_byte_ends_the_request() {
        let (answered, sent) = request(0);
        assert!(answered.is_err() && sent.is_empty() && !in_flight::was_sent(), "{sent:?}");
        for after in 1..4 {
            let (answered, sent) = request(after);
            assert!(answered.unwrap_err().to_string().contains("before the request was sent whole"));
            assert!(sent.len() == after && in_flight::was_sent(), "{after}: {sent:?}");
        }
        let (answered, sent) = request(4);
        assert!(answered.is_ok() && sent == [100, 1000, 1000, 300], "{answered:?} {sent:?}");
    }

    #[test]
    fn the_bytes_of_a_request_arrive_as_they_were_given_whatever_its_size() {
        for body in [1, 100, 899, 900, 901, 999, 1000] {
            in_flight::clear();
            let buffers = LazyBuffers::new(1000, 1000);
            let talkative = Talkative { buffers, after: usize::MAX, sent: Vec::new(), bytes: Vec::new() };
            let mut send_tracking = SendTracking::new(talkative);
            for (letter, amount) in [(b'h', 100), (b'b', body), (b'c', 50)] {
                send_tracking.buffers().output()[..amount].fill(letter);
                send_tracking.transmit_output(amount, NextTimeout::default()).unwrap();
            }
            send_tracking.await_input(NextTimeout::default()).unwrap();
            let expected = [vec![b'h'; 100], vec![b'b'; body], vec![b'c'; 50]].concat();
            assert!(send_tracking.inner.bytes == expected, "{body}");
        }
    }
}
