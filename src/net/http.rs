//! The transport over ureq.

use super::connect::Connecting;
use super::marked::Marking;
use super::pool::{IDLE, LONGEST_IDLE, Pool};
use super::resolver::{self, CachingResolver};
use super::{Answer, Failure, FailureKind, Outgoing, Transport, in_flight};
use crate::config::{Config, Limits};
use crate::error::{Error, Result};
use crate::status::Code;
use crate::system;
use crate::wire::verify::SignatureHeaders;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ureq::http::{HeaderMap, Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::Connector;
use ureq::{Agent, Body, Proxy};

/// WeChat Pay's answers have a few kilobytes, its longest lists some hundred.
const LARGEST_ANSWER: u64 = 4 * 1024 * 1024;
/// A request and its answer fit; ureq's own default of 128 KiB is allocated four times a connection.
const BUFFER: usize = 16 * 1024;

/// The connections to all hosts of one context.
pub struct HttpTransport {
    pool: Pool,
    limits: Limits,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HttpTransport")
    }
}

impl HttpTransport {
    /// Opens nothing yet.
    pub fn new(config: &Config) -> Result<HttpTransport> {
        let roots = match &config.extra_roots {
            None => RootCerts::WebPki,
            Some(pem) => with_extra_roots(pem)?,
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::clone(crate::crypto::provider()))
            .build();
        let settings = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            // Never from the environment: a till's program decides, not what its shell happens to export.
            .proxy(config.proxy.as_deref().map(proxy).transpose()?)
            // A redirect is an answer to be judged, not followed: it would turn a POST into a GET.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(config.user_agent.as_str())
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .timeout_resolve(Some(config.limits.connect))
            .timeout_connect(Some(config.limits.connect))
            .timeout_global(Some(config.limits.attempt))
            // An agent has one, and the pool knows for how long it may be idle.
            .max_idle_connections(1)
            .max_idle_age(LONGEST_IDLE)
            .build();
        let (connecting, proxied) = (Connecting::default(), config.proxy.is_some());
        let new_agent = move || {
            let connector = connecting.clone().chain(Marking { proxied });
            Agent::with_parts(settings.clone(), connector, CachingResolver)
        };
        Ok(HttpTransport { pool: Pool::new(new_agent), limits: config.limits })
    }

    fn send(
        &self,
        agent: &Agent,
        request: &Outgoing<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let mut head =
            Request::builder().method(request.method).uri([request.origin, request.target].concat());
        for (name, value) in request.headers {
            head = head.header(*name, *value);
        }
        match request.body {
            Some(body) => self.run(agent, head.body(body)?, request),
            None => self.run(agent, head.body(())?, request),
        }
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        agent: &Agent,
        head: Request<S>,
        request: &Outgoing<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        // A request with settings of its own has them all copied; most have the limits of all.
        if (request.connect_limit, request.limit) == (self.limits.connect, self.limits.attempt) {
            return agent.run(head);
        }
        let head = agent
            .configure_request(head)
            .timeout_resolve(Some(request.connect_limit))
            .timeout_connect(Some(request.connect_limit))
            .timeout_global(Some(request.limit))
            .build();
        agent.run(head)
    }
}

impl Transport for HttpTransport {
    fn exchange(&self, request: &Outgoing<'_>) -> std::result::Result<Answer, Failure> {
        let (agent, until) = self.pool.take(request.origin, system::now());
        in_flight::use_kept_connection_until(until);
        let outcome = self.send(&agent, request).and_then(|mut response| {
            let body = read(response.body_mut())?;
            let idle = idle_time(response.headers()).unwrap_or(IDLE);
            Ok((answer(response.status().as_u16(), response.headers(), body), idle))
        });
        match outcome {
            Ok((answer, idle)) => {
                self.pool.give_back(agent, request.origin, system::now(), idle);
                Ok(answer)
            }
            Err(error) => {
                self.pool.start_anew(request.origin, system::now());
                let failure = failure(&error, in_flight::sent());
                if failure.kind == FailureKind::Connect {
                    resolver::forget(host_name(request.origin));
                }
                Err(failure)
            }
        }
    }
}

/// The body, in one piece of memory where its length is announced.
fn read(body: &mut Body) -> std::result::Result<Vec<u8>, ureq::Error> {
    let announced = body.content_length().filter(|length| *length <= LARGEST_ANSWER).unwrap_or_default();
    // One byte more, or the end would be looked for with more memory.
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default() + 1);
    body.with_config().limit(LARGEST_ANSWER).reader().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How long the connection may be used again: as long as the server announces, but for a second for the way.
fn idle_time(headers: &HeaderMap) -> Option<Duration> {
    if headers.get("Connection").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close")) {
        return Some(Duration::ZERO);
    }
    let parameters = headers.get("Keep-Alive")?.to_str().ok()?;
    let mut named = parameters.split(',').filter_map(|parameter| parameter.split_once('='));
    let (_, seconds) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    seconds.trim().parse().ok().map(|seconds: u64| Duration::from_secs(seconds.saturating_sub(1)))
}

fn host_name(origin: &str) -> &str {
    let authority = origin.strip_prefix("https://").unwrap_or(origin);
    authority.rsplit_once(':').map_or(authority, |(name, _)| name)
}

fn proxy(url: &str) -> Result<Proxy> {
    // The URL may hold a password: it is not repeated in the message.
    let wrong =
        || Error::at(Code::Config, "/proxy", "proxy must be http:// or https://[user:password@]host:port");
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(wrong());
    }
    Proxy::new(url).map_err(|_| wrong())
}

fn with_extra_roots(pem: &[u8]) -> Result<RootCerts> {
    let wrong = |why: String| Error::at(Code::Config, "/ca_path", format!("ca_path: {why}"));
    let extra = CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("cannot be read as PEM certificates ({error})")))?;
    if extra.is_empty() {
        return Err(wrong("holds no PEM certificate".into()));
    }
    let mut acceptable = rustls::RootCertStore::empty();
    for certificate in &extra {
        acceptable
            .add(certificate.clone())
            .map_err(|error| wrong(format!("holds a certificate that cannot be a root ({error})")))?;
    }
    let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    Ok(mozilla.chain(&extra).map(|root| Certificate::from_der(root).to_owned()).into())
}

fn answer(status: u16, headers: &HeaderMap, body: Vec<u8>) -> Answer {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    Answer {
        status,
        signature: SignatureHeaders {
            timestamp: text("Wechatpay-Timestamp"),
            nonce: text("Wechatpay-Nonce"),
            signature: text("Wechatpay-Signature"),
            serial: text("Wechatpay-Serial"),
        },
        request_id: text("Request-ID"),
        retry_after_s: text("Retry-After").and_then(|value| value.trim().parse().ok()),
        date: text("Date"),
        body,
    }
}

/// `sent` decides the side; the error only names the cause.
fn failure(error: &ureq::Error, sent: bool) -> Failure {
    let kind = match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => FailureKind::Connect,
        ureq::Error::Timeout(_) => FailureKind::Timeout,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => FailureKind::Tls,
        ureq::Error::Io(error) if clock_problem(error).is_some() => FailureKind::Clock,
        ureq::Error::Io(error) if is_tls(error) => FailureKind::Tls,
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) if sent => FailureKind::NotHttp,
        ureq::Error::BodyExceedsLimit(_) => FailureKind::TooLarge,
        _ if sent => FailureKind::Lost,
        _ => FailureKind::Connect,
    };
    // Once the request is out, a broken TLS record is a lost connection like any other.
    let in_handshake = matches!(kind, FailureKind::Tls | FailureKind::Clock);
    let kind = if sent && in_handshake { FailureKind::Lost } else { kind };
    let detail = match error {
        ureq::Error::Io(error) => clock_problem(error).unwrap_or_else(|| error.to_string()),
        error => error.to_string(),
    };
    Failure { sent, kind, detail }
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
            "this machine says it is {}, but WeChat Pay's certificate is valid only from {}",
            stamp(time.as_secs()),
            stamp(not_before.as_secs())
        )),
        ExpiredContext { time, not_after } if time.as_secs() > not_after.as_secs() + LATELY_S => {
            Some(format!(
                "this machine says it is {}, but WeChat Pay's certificate was valid until {}",
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
    use ureq::http::HeaderName;
    use ureq::http::header::CONNECTION;

    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

    #[test]
    fn the_same_error_means_two_things_on_the_two_sides_of_sending() {
        let reset = || ureq::Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(failure(&reset(), false).kind, FailureKind::Connect);
        assert_eq!(failure(&reset(), true).kind, FailureKind::Lost);
        let timeout = || ureq::Error::Timeout(ureq::Timeout::Global);
        assert!(!failure(&timeout(), false).sent && failure(&timeout(), true).sent);
    }

    #[test]
    fn a_connection_is_idle_for_a_second_less_than_the_server_announces() {
        let idle = |value: &str| {
            let headers = HeaderMap::from_iter([(KEEP_ALIVE, value.parse().unwrap())]);
            idle_time(&headers).map(|idle| idle.as_secs())
        };
        assert_eq!(idle("timeout=8"), Some(7));
        assert_eq!(idle("max=100, Timeout = 20"), Some(19));
        assert_eq!(idle("timeout=0"), Some(0));
        assert_eq!(idle("max=100"), None);
        assert_eq!(idle("timeout=soon"), None);
        assert_eq!(idle_time(&HeaderMap::new()), None);
        let closed = HeaderMap::from_iter([(CONNECTION, "Close".parse().unwrap())]);
        assert_eq!(idle_time(&closed), Some(Duration::ZERO));
    }

    #[test]
    fn the_host_name_is_the_authority_without_port() {
        assert_eq!(host_name("https://api.mch.weixin.qq.com"), "api.mch.weixin.qq.com");
        assert_eq!(host_name("https://127.0.0.1:8443"), "127.0.0.1");
    }
}
