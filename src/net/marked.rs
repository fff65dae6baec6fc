//! The outermost layer of a connection: it marks the moment when a request leaves.
//!
//! TLS handshakes happen below it and never pass it, so what it sees is the request and nothing else.

use super::in_flight;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps every connection to WeChat Pay.
#[derive(Debug)]
pub struct Marking;

impl<In: Transport> Connector<In> for Marking {
    type Out = Marked<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        // The leg to a proxy carries CONNECT, which is no request of ours.
        let counts = details.needs_tls();
        Ok(chained.map(|inner| Marked { inner, counts }))
    }
}

/// A connection that marks what leaves through it.
#[derive(Debug)]
pub struct Marked<T> {
    inner: T,
    counts: bool,
}

impl<T: Transport> Transport for Marked<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Before, not after: a write that fails half-way has let bytes out.
        if self.counts && amount > 0 && !in_flight::mark_sent() {
            return Err(Error::Other("called off".into()));
        }
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
