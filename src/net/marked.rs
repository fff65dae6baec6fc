//! The outermost layer of a connection: it marks the moment when a request leaves, and lets it leave in one
//! piece.
//!
//! TLS handshakes happen below it and never pass it, so what it sees is the request and nothing else. ureq
//! hands over the head and the body one after the other, each to be a TLS record and a packet of its own;
//! kept back until the body is there, both are one of each, and the server is woken once.

use super::in_flight;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport};

/// Wraps every connection to WeChat Pay.
#[derive(Debug)]
pub struct Marking {
    /// Whether they go through a proxy.
    pub proxied: bool,
}

impl<In: Transport> Connector<In> for Marking {
    type Out = Either<In, Marked<In>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        // The leg to the proxy is made in the same way, without a proxy. It carries CONNECT, which is no request of
        // ours, and then the whole connection, whose outermost layer is the one that counts.
        let leads_to_proxy = self.proxied && details.config.proxy().is_none();
        Ok(chained.map(|inner| {
            if leads_to_proxy {
                Either::A(inner)
            } else {
                Either::B(Marked { inner, kept_back: Vec::new(), heard_from: false })
            }
        }))
    }
}

/// A connection that marks what leaves through it.
#[derive(Debug)]
pub struct Marked<T> {
    inner: T,
    /// The beginning of a request whose rest is expected.
    kept_back: Vec<u8>,
    /// It has just brought an answer.
    heard_from: bool,
}

impl<T: Transport> Marked<T> {
    /// Lets out what was kept back and the first bytes of the output buffer behind it.
    fn let_out(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Before, not after: a write that fails half-way has let bytes out.
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

impl<T: Transport> Transport for Marked<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let room = self.inner.buffers().output().len().saturating_sub(self.kept_back.len());
        if amount > room {
            self.let_out(0, timeout)?;
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
        self.heard_from = self.inner.await_input(timeout)?;
        Ok(self.heard_from)
    }

    /// ureq asks twice: when an answer is read, and when the connection is to be used again. The second time
    /// decides, and finds out all that there was to find the first time. Then time has passed since the connection was
    /// chosen, where a name was looked up.
    fn is_open(&mut self) -> bool {
        std::mem::take(&mut self.heard_from)
            || (!in_flight::kept_connection_is_too_old() && self.inner.is_open())
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
