//! TLS settings of the hosts.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, SslAcceptor, SslMethod, SslVersion, select_next_proto};
use serde::Serialize;

use crate::crypto::certificates::{self, Identity, ServerNames, Validity};

/// What a TLS listener presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsKind {
    /// A right certificate for this machine and the names given.
    Good,
    /// A certificate of an authority that `ca.pem` does not contain.
    WrongCa,
    /// A certificate of the right authority for another host.
    WrongName,
    /// A certificate that ended two days ago.
    Expired,
    /// A certificate that ended ten years ago: what a till sees whose clock is far ahead.
    LongExpired,
    /// A certificate that begins in ten years: what a till sees whose clock is far behind.
    NotYetValid,
    /// No TLS at all: HTTP in the clear.
    PlainHttp,
}

impl TlsKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Good,
        Self::WrongCa,
        Self::WrongName,
        Self::Expired,
        Self::LongExpired,
        Self::NotYetValid,
        Self::PlainHttp,
    ];
}

impl fmt::Display for TlsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::WrongCa => "wrong_ca",
            Self::WrongName => "wrong_name",
            Self::Expired => "expired",
            Self::LongExpired => "long_expired",
            Self::NotYetValid => "not_yet_valid",
            Self::PlainHttp => "plain_http",
        })
    }
}

/// HTTP/1.1, as ALPN writes it.
const HTTP_1_1: &[u8] = b"\x08http/1.1";

/// The TLS side of a listener; `None` for one without TLS.
pub(crate) fn acceptor(
    kind: TlsKind,
    authority: &Identity,
    here: &[String],
    now: i64,
) -> Result<Option<SslAcceptor>, ErrorStack> {
    let stranger;
    let (issuer, names, validity) = match kind {
        TlsKind::PlainHttp => return Ok(None),
        TlsKind::Good => (authority, ServerNames::Here(here), Validity::Now),
        TlsKind::WrongName => (authority, ServerNames::Elsewhere, Validity::Now),
        TlsKind::Expired => (authority, ServerNames::Here(here), Validity::Lately),
        TlsKind::LongExpired => (authority, ServerNames::Here(here), Validity::LongAgo),
        TlsKind::NotYetValid => (authority, ServerNames::Here(here), Validity::Later),
        TlsKind::WrongCa => {
            stranger = certificates::authority("somebody else's CA", now)?;
            (&stranger, ServerNames::Here(here), Validity::Now)
        }
    };
    let identity = certificates::server(issuer, names, validity, now)?;
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate(&identity.cert)?;
    builder.set_private_key(&identity.key)?;
    builder.check_private_key()?;
    builder
        .set_alpn_select_callback(|_, offered| select_next_proto(HTTP_1_1, offered).ok_or(AlpnError::NOACK));
    Ok(Some(builder.build()))
}
