//! How a connection is made: ureq's way, with one TLS configuration for all.

use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};

/// ureq's connector, which is told that no request brings a TLS configuration of its own.
///
/// ureq takes a request with timeouts of its own for one that does, and would read all root certificates again for
/// each connection and have no TLS session to resume. Timeouts are all that requests bring here.
///
/// Its clones are the same one: what connects through them has the same roots and resumes the same TLS sessions.
#[derive(Debug, Clone, Default)]
pub struct Connecting(Arc<DefaultConnector>);

impl Connector for Connecting {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.0.connect(&details, chained)
    }
}
