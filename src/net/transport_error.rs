//! Turns ureq's errors into transport errors: a kind, and words.

use super::{TransportError, TransportErrorKind};
use std::io;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An error of a layer of the connection that has its own words.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct ConnectionError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// In words, without secrets.
    pub text: String,
}

impl From<ConnectionError> for ureq::Error {
    fn from(error: ConnectionError) -> ureq::Error {
        ureq::Error::Other(Box::new(error))
    }
}

/// The same error with its origin in front: `the proxy 10.0.0.1:3128: …`.
pub fn with_context(whose: &str, error: &ureq::Error) -> ureq::Error {
    ConnectionError { kind: kind(error, false), text: format!("{whose}: {}", text(error)) }.into()
}

/// `sent` says whether bytes had left. The error only names the cause.
pub fn transport_error(error: &ureq::Error, sent: bool) -> TransportError {
    TransportError { sent, kind: kind(error, sent), detail: text(error) }
}

fn kind(error: &ureq::Error, sent: bool) -> TransportErrorKind {
    let kind = match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => TransportErrorKind::Connect,
        ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => TransportErrorKind::Tls,
        ureq::Error::Io(error) if clock_problem(error).is_some() => TransportErrorKind::Clock,
        ureq::Error::Io(error) if is_tls(error) => TransportErrorKind::Tls,
        ureq::Error::Other(other) if other.is::<ConnectionError>() => {
            other.downcast_ref().map_or(TransportErrorKind::Lost, |error: &ConnectionError| error.kind)
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) if sent => {
            TransportErrorKind::NotHttp
        }
        ureq::Error::BodyExceedsLimit(_) => TransportErrorKind::TooLarge,
        _ if sent => TransportErrorKind::Lost,
        _ => TransportErrorKind::Connect,
    };
    // Once the request is out, a broken TLS record is a lost connection like any other.
    let in_handshake = matches!(kind, TransportErrorKind::Tls | TransportErrorKind::Clock);
    if sent && in_handshake { TransportErrorKind::Lost } else { kind }
}

fn text(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the other side ended the connection before the answer was whole".to_owned()
        }
        ureq::Error::Io(error) => clock_problem(error).unwrap_or_else(|| error.to_string()),
        ureq::Error::Other(other) => other.to_string(),
        ureq::Error::HostNotFound => "the name is not known: see the network and the DNS server".to_owned(),
        ureq::Error::Timeout(ureq::Timeout::Resolve) => "the name service did not answer in time".to_owned(),
        ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection in time".to_owned(),
        ureq::Error::Timeout(_) => "the time was up".to_owned(),
        error => error.to_string(),
    }
}

/// A certificate that is not valid yet, or expired long ago, means that this machine's clock is wrong. One that expired
/// recently is the server's fault.
fn clock_problem(error: &io::Error) -> Option<String> {
    use rustls::CertificateError::{ExpiredContext, NotValidYetContext};
    const RECENTLY_S: u64 = 30 * 24 * 60 * 60;
    let rustls::Error::InvalidCertificate(cause) = error.get_ref()?.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    match cause {
        NotValidYetContext { time, not_before } => Some(format!(
            "this machine says it is {}, but the server's certificate is valid only from {}",
            stamp(time.as_secs()),
            stamp(not_before.as_secs())
        )),
        ExpiredContext { time, not_after } if time.as_secs() > not_after.as_secs() + RECENTLY_S => {
            Some(format!(
                "this machine says it is {}, but the server's certificate was valid until {}",
                stamp(time.as_secs()),
                stamp(not_after.as_secs())
            ))
        }
        _ => None,
    }
}

fn stamp(unix_s: u64) -> String {
    i64::try_from(unix_s)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|stamp| stamp.format(&Rfc3339).ok())
        .unwrap_or_default()
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_means_two_things_on_the_two_sides_of_sending() {
        let reset = || ureq::Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(transport_error(&reset(), false).kind, TransportErrorKind::Connect);
        assert_eq!(transport_error(&reset(), true).kind, TransportErrorKind::Lost);
        let timeout = || ureq::Error::Timeout(ureq::Timeout::Global);
        assert!(!transport_error(&timeout(), false).sent && transport_error(&timeout(), true).sent);
    }

    #[test]
    fn an_end_in_the_middle_is_told_in_words_of_a_technician() {
        let cause = "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/";
        let error = ureq::Error::Io(io::Error::new(io::ErrorKind::UnexpectedEof, cause));
        assert!(
            transport_error(&error, true).detail.contains("ended the connection"),
            "{:?}",
            transport_error(&error, true)
        );
    }

    #[test]
    fn who_had_it_changes_the_words_and_not_the_kind() {
        let bad = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = with_context("the proxy p:1", &ureq::Error::Io(io::Error::other(bad)));
        let told = transport_error(&error, false);
        assert_eq!(told.kind, TransportErrorKind::Tls);
        assert!(told.detail.starts_with("the proxy p:1: invalid peer certificate"), "{}", told.detail);
    }
}
