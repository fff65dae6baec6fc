//! TLS settings of the hosts.

use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, SslAcceptor, SslMethod, SslVersion, select_next_proto};

use crate::certs::{self, Identity, ServerNames, Validity};
use crate::options::TlsKind;

/// HTTP/1.1, as ALPN writes it.
const HTTP_1_1: &[u8] = b"\x08http/1.1";

/// The TLS side of a listener; `None` for one without TLS.
pub(crate) fn acceptor(
    kind: TlsKind,
    authority: &Identity,
    now: i64,
) -> Result<Option<SslAcceptor>, ErrorStack> {
    let stranger;
    let (issuer, names, validity) = match kind {
        TlsKind::PlainHttp => return Ok(None),
        TlsKind::Good => (authority, ServerNames::Here, Validity::Now),
        TlsKind::WrongName => (authority, ServerNames::Elsewhere, Validity::Now),
        TlsKind::Expired => (authority, ServerNames::Here, Validity::Lately),
        TlsKind::LongExpired => (authority, ServerNames::Here, Validity::LongAgo),
        TlsKind::NotYetValid => (authority, ServerNames::Here, Validity::Later),
        TlsKind::WrongCa => {
            stranger = certs::authority("somebody else's CA", now)?;
            (&stranger, ServerNames::Here, Validity::Now)
        }
    };
    let identity = certs::server(issuer, names, validity, now)?;
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate(&identity.cert)?;
    builder.set_private_key(&identity.key)?;
    builder.check_private_key()?;
    builder
        .set_alpn_select_callback(|_, offered| select_next_proto(HTTP_1_1, offered).ok_or(AlpnError::NOACK));
    Ok(Some(builder.build()))
}
