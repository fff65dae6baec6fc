//! What a failed exchange says: which kind of failure it is, and in words.

use super::{Failure, FailureKind};
use std::io;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A failure that a layer of the connection puts into words itself.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Trouble {
    /// What went wrong.
    pub kind: FailureKind,
    /// In words, without secrets.
    pub text: String,
}

impl From<Trouble> for ureq::Error {
    fn from(trouble: Trouble) -> ureq::Error {
        ureq::Error::Other(Box::new(trouble))
    }
}

/// The same error with who had it: `at the proxy 10.0.0.1:3128: …`.
pub fn of(whose: &str, error: &ureq::Error) -> ureq::Error {
    Trouble { kind: kind(error, false), text: format!("{whose}: {}", text(error)) }.into()
}

/// `sent` decides the side; the error only names the cause.
pub fn failure(error: &ureq::Error, sent: bool) -> Failure {
    Failure { sent, kind: kind(error, sent), detail: text(error) }
}

fn kind(error: &ureq::Error, sent: bool) -> FailureKind {
    let kind = match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => FailureKind::Connect,
        ureq::Error::Timeout(_) => FailureKind::Timeout,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => FailureKind::Tls,
        ureq::Error::Io(error) if clock_problem(error).is_some() => FailureKind::Clock,
        ureq::Error::Io(error) if is_tls(error) => FailureKind::Tls,
        ureq::Error::Other(other) if other.is::<Trouble>() => {
            other.downcast_ref().map_or(FailureKind::Lost, |trouble: &Trouble| trouble.kind)
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) if sent => FailureKind::NotHttp,
        ureq::Error::BodyExceedsLimit(_) => FailureKind::TooLarge,
        _ if sent => FailureKind::Lost,
        _ => FailureKind::Connect,
    };
    // Once the request is out, a broken TLS record is a lost connection like any other.
    let in_handshake = matches!(kind, FailureKind::Tls | FailureKind::Clock);
    if sent && in_handshake { FailureKind::Lost } else { kind }
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

/// A certificate that is not valid yet, or long expired, says more about this machine's clock than about
/// WeChat Pay. One that has expired lately is the server's fault.
fn clock_problem(error: &io::Error) -> Option<String> {
    use rustls::CertificateError::{ExpiredContext, NotValidYetContext};
    const LATELY_S: u64 = 30 * 24 * 60 * 60;
    let rustls::Error::InvalidCertificate(cause) = error.get_ref()?.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    match cause {
        NotValidYetContext { time, not_before } => Some(format!(
            "this machine says it is {}, but the server's certificate is valid only from {}",
            stamp(time.as_secs()),
            stamp(not_before.as_secs())
        )),
        ExpiredContext { time, not_after } if time.as_secs() > not_after.as_secs() + LATELY_S => {
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
        assert_eq!(failure(&reset(), false).kind, FailureKind::Connect);
        assert_eq!(failure(&reset(), true).kind, FailureKind::Lost);
        let timeout = || ureq::Error::Timeout(ureq::Timeout::Global);
        assert!(!failure(&timeout(), false).sent && failure(&timeout(), true).sent);
    }

    #[test]
    fn an_end_in_the_middle_is_told_in_words_of_a_technician() {
        let cause = "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/";
        let error = ureq::Error::Io(io::Error::new(io::ErrorKind::UnexpectedEof, cause));
        assert!(failure(&error, true).detail.contains("ended the connection"), "{:?}", failure(&error, true));
    }

    #[test]
    fn who_had_it_changes_the_words_and_not_the_kind() {
        let bad = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = of("the proxy p:1", &ureq::Error::Io(io::Error::other(bad)));
        let told = failure(&error, false);
        assert_eq!(told.kind, FailureKind::Tls);
        assert!(told.detail.starts_with("the proxy p:1: invalid peer certificate"), "{}", told.detail);
    }
}
