//! The transport over ureq.

use super::connect::HttpsConnector;
use super::injected::{ConnectionFactory, InjectedConnector};
use super::pool::{IDLE, LONGEST_IDLE, Pool};
use super::resolver::{self, CachingResolver};
use super::transport_error::{ConnectionError, transport_error};
use super::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, in_flight, tls, waiting,
};
use crate::config::{Config, Limits};
use crate::error::{Error, Result};
use crate::status::Code;
use crate::system;
use crate::wire::hub;
use crate::wire::verify::SignatureHeaders;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::io::Read as _;
use std::time::Duration;
use ureq::http::{HeaderMap, Request, Response, Uri};
use ureq::unversioned::transport::Connector;
use ureq::{Agent, Body};

/// WeChat Pay's answers have a few kilobytes, its longest lists some hundred kilobytes.
const MAX_RESPONSE_BYTES: u64 = 4 * 1024 * 1024;

/// The connections to all hosts of one context.
pub struct HttpTransport {
    pool: Pool,
    limits: Limits,
    /// The proxy, whose name is resolved instead of WeChat Pay's.
    proxy_host: Option<String>,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HttpTransport")
    }
}

impl HttpTransport {
    /// Opens nothing yet.
    pub fn new(config: &Config) -> Result<HttpTransport> {
        let tls = tls::config(roots(&config.extra_roots)?)
            .map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        let user_agent = config.user_agent.as_str().into();
        Ok(HttpTransport::through(config, HttpsConnector { tls, proxy: config.proxy.clone(), user_agent }))
    }

    /// The same over connections that the caller makes.
    pub fn over(config: &Config, connections: ConnectionFactory) -> HttpTransport {
        HttpTransport::through(config, InjectedConnector(connections))
    }

    fn through<C: Connector + Clone>(config: &Config, connector: C) -> HttpTransport {
        let settings = Agent::config_builder()
            .https_only(config.hosts.iter().all(|host| host.origin.starts_with("https://")))
            // Never from the environment: the configuration decides. The connector uses the configured proxy.
            .proxy(None)
            // A redirect is judged and never followed, because that would turn a POST into a GET.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(config.user_agent.as_str())
            // The signature covers the body as it is. Nothing in between may compress it.
            .accept_encoding("identity")
            .timeout_resolve(Some(config.limits.connect))
            .timeout_connect(Some(config.limits.connect))
            .timeout_global(Some(config.limits.attempt))
            // Each agent has one connection. The pool limits its idle time.
            .max_idle_connections(1)
            .max_idle_age(LONGEST_IDLE)
            .build();
        let proxy_host = config.proxy.as_ref().map(|proxy| proxy.host.clone());
        let proxied = config.proxy.is_some();
        let new_agent =
            move || Agent::with_parts(settings.clone(), connector.clone(), CachingResolver { proxied });
        HttpTransport { pool: Pool::new(new_agent), limits: config.limits, proxy_host }
    }

    fn send(
        &self,
        agent: &Agent,
        request: &HttpRequest<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let mut head = Request::builder().method(request.method).uri(whole(request.origin, request.target)?);
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
        request: &HttpRequest<'_>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        // ureq copies all settings for a request with limits of its own. Most requests have the usual limits.
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
    fn exchange(&self, request: &HttpRequest<'_>) -> std::result::Result<HttpResponse, TransportError> {
        let (agent, until) = self.pool.take(request.origin, system::now());
        let _end = waiting::no_longer_than(request.limit);
        in_flight::use_kept_connection_until(until);
        let outcome = self.send(&agent, request).and_then(|mut response| {
            let body = read(response.body_mut())?;
            let idle = idle_time(response.headers()).unwrap_or(IDLE);
            Ok((http_response(response.status().as_u16(), response.headers(), body), idle))
        });
        match outcome {
            Ok((response, idle)) => {
                self.pool.give_back(agent, request.origin, system::now(), idle);
                Ok(response)
            }
            Err(error) => {
                self.pool.start_anew(request.origin, system::now());
                let error = transport_error(&error, in_flight::was_sent());
                if error.kind == TransportErrorKind::Connect {
                    resolver::forget(self.proxy_host.as_deref().unwrap_or(host_name(request.origin)));
                }
                Err(error)
            }
        }
    }
}

/// The whole URI of a request. It is an error if its target would not be exactly the signed one: a target that does not
/// begin with a path could even name another host.
fn whole(origin: &str, target: &str) -> std::result::Result<Uri, ureq::Error> {
    let uri: Uri = [origin, target].concat().parse().map_err(ureq::http::Error::from)?;
    if target.starts_with('/') && uri.path_and_query().is_some_and(|own| own.as_str() == target) {
        return Ok(uri);
    }
    let text = "what should be the path of the request is none".to_owned();
    Err(ConnectionError { kind: TransportErrorKind::Connect, text }.into())
}

/// Reads the body, with a single allocation if its length is announced.
fn read(body: &mut Body) -> std::result::Result<Vec<u8>, ureq::Error> {
    let announced = body.content_length().filter(|length| *length <= MAX_RESPONSE_BYTES).unwrap_or_default();
    // One byte more, or finding the end would need another allocation.
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default() + 1);
    body.with_config().limit(MAX_RESPONSE_BYTES).reader().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How long the connection may stay idle: the time that the server announces, less a second for the network.
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
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    authority.rsplit_once(':').map_or(authority, |(name, _)| name)
}

/// Mozilla's roots, and those that the configuration adds.
fn roots(extra: &[Vec<u8>]) -> Result<RootCertStore> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let wrong = |why: &str| Error::at(Code::Config, "/ca_path", format!("ca_path: {why}"));
    for der in extra {
        let added = roots.add(CertificateDer::from(der.as_slice()));
        added.map_err(|error| wrong(&format!("holds a certificate that cannot be a root ({error})")))?;
    }
    Ok(roots)
}

fn http_response(status: u16, headers: &HeaderMap, body: Vec<u8>) -> HttpResponse {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    HttpResponse {
        status,
        signature: SignatureHeaders {
            timestamp: text("Wechatpay-Timestamp"),
            nonce: text("Wechatpay-Nonce"),
            signature: text("Wechatpay-Signature"),
            serial: text("Wechatpay-Serial"),
        },
        hub: hub::Headers {
            time: text("wxcoupon-time"),
            proven_at: text("wxcoupon-proven-at"),
            mac: text("wxcoupon-mac"),
        },
        request_id: text("Request-ID"),
        retry_after_s: text("Retry-After").and_then(|value| value.trim().parse().ok()),
        date: text("Date"),
        encoding: text("Content-Encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity")),
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderName;
    use ureq::http::header::CONNECTION;

    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

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
    fn a_request_leaves_under_the_target_that_was_signed_or_not_at_all() {
        for target in ["", "v3", "?a=1", "@elsewhere/v3", ":80/v3", ".elsewhere/v3", "/v3#part", "/a b"] {
            assert!(whole("https://127.0.0.1", target).is_err(), "{target}");
        }
        for target in ["/", "/v3/a%20b?c=%2F&d", "/v3//..", "/v3?"] {
            assert!(
                whole("https://127.0.0.1:8443", target).is_ok_and(|uri| uri.to_string().ends_with(target))
            );
        }
    }

    #[test]
    fn the_host_name_is_the_authority_without_port() {
        assert_eq!(host_name("https://api.mch.weixin.qq.com"), "api.mch.weixin.qq.com");
        assert_eq!(host_name("https://127.0.0.1:8443"), "127.0.0.1");
    }
}
