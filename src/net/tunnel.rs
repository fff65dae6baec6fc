//! A tunnel through an HTTP proxy: a connection to the proxy, and CONNECT.

use super::addresses;
use super::socket::{BUFFER, Socket};
use super::tls::Tls;
use super::transport_error::{ConnectionError, with_context};
use super::{TransportErrorKind, resolver};
use crate::config::Proxy;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Transport};
use zeroize::{Zeroize as _, Zeroizing};

/// A connection through the proxy to the target, `host:port`. Errors name the proxy.
pub fn through(
    proxy: &Proxy,
    target: &str,
    user_agent: &str,
    tls: &Arc<ClientConfig>,
    details: &ConnectionDetails<'_>,
) -> Result<Box<dyn Transport>, Error> {
    let whose = format!("the proxy {proxy}");
    let mut transport = reach(proxy, tls, details).map_err(|error| with_context(&whose, &error))?;
    send_connect(&mut *transport, proxy, target, user_agent, details).map_err(|error| match error {
        Error::Timeout(_) => ConnectionError {
            kind: TransportErrorKind::Connect,
            text: format!("{whose} did not answer CONNECT in time"),
        }
        .into(),
        error => with_context(&whose, &error),
    })?;
    Ok(transport)
}

fn reach(
    proxy: &Proxy,
    tls: &Arc<ClientConfig>,
    details: &ConnectionDetails<'_>,
) -> Result<Box<dyn Transport>, Error> {
    let addresses: Vec<SocketAddr> = resolver::addresses(&proxy.host, details.timeout)?
        .into_iter()
        .map(|address| SocketAddr::new(address, proxy.port))
        .collect();
    let socket = Socket::new(addresses::connect(&addresses, details.timeout)?)?;
    if !proxy.secure {
        return Ok(Box::new(socket));
    }
    let clock = Arc::clone(&details.current_time);
    Ok(Box::new(Tls::handshake(tls, &proxy.host, Box::new(socket), details.timeout, clock)?))
}

fn send_connect(
    transport: &mut dyn Transport,
    proxy: &Proxy,
    target: &str,
    user_agent: &str,
    details: &ConnectionDetails<'_>,
) -> Result<(), Error> {
    let authorization = proxy.authorization.as_deref().map_or("", String::as_str);
    // Allocated at full size, because a growing text leaves copies of the password behind.
    let room = 128 + 2 * target.len() + user_agent.len() + authorization.len();
    let mut head = Zeroizing::new(String::with_capacity(room));
    for part in ["CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\nUser-Agent: ", user_agent, "\r\n"] {
        head.push_str(part);
    }
    head.push_str("Proxy-Connection: Keep-Alive\r\n");
    if !authorization.is_empty() {
        for part in ["Proxy-Authorization: ", authorization, "\r\n"] {
            head.push_str(part);
        }
    }
    head.push_str("\r\n");
    let bytes = head.as_bytes();
    let Some(output) = transport.buffers().output().get_mut(..bytes.len()) else {
        return Err(refused("its user name and password are too long"));
    };
    output.copy_from_slice(bytes);
    let sent = transport.transmit_output(bytes.len(), details.timeout);
    if let Some(output) = transport.buffers().output().get_mut(..bytes.len()) {
        output.zeroize();
    }
    sent?;
    let answer = read_head(transport, details)?;
    match status(&answer) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(refused(&explain_407(&answer, proxy))),
        Some(status) => {
            Err(refused(&format!("it answers CONNECT to {target} with {status}: it does not let us through")))
        }
        None => Err(refused("its answer is not HTTP")),
    }
}

fn refused(text: &str) -> Error {
    ConnectionError { kind: TransportErrorKind::Connect, text: text.to_owned() }.into()
}

/// Reads the answer up to its empty line. What follows belongs to the target.
fn read_head(transport: &mut dyn Transport, details: &ConnectionDetails<'_>) -> Result<String, Error> {
    loop {
        let input = transport.buffers().input();
        if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(input.get(..end).unwrap_or_default()).into_owned();
            transport.buffers().input_consume(end + 4);
            return Ok(head);
        }
        if input.len() >= BUFFER {
            return Err(refused("its answer is not HTTP"));
        }
        if !transport.await_input(details.timeout)? {
            return Err(refused("it closed the connection without an answer to CONNECT"));
        }
    }
}

fn status(head: &str) -> Option<u16> {
    let line = head.strip_prefix("HTTP/1.")?.get(1..)?;
    line.trim_start().get(..3)?.parse().ok()
}

/// Explains status 407. It has two usual causes: a character of the password that must be escaped in a URL, and a proxy
/// that accepts only the schemes of Windows.
fn explain_407(head: &str, proxy: &Proxy) -> String {
    let offered: Vec<&str> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("Proxy-Authenticate"))
        .filter_map(|(_, value)| value.split_whitespace().next())
        .collect();
    let basic = offered.is_empty() || offered.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !basic {
        let known = ["NTLM", "Negotiate", "Kerberos", "Digest", "Bearer"];
        let named: Vec<&str> = known
            .into_iter()
            .filter(|name| offered.iter().any(|scheme| scheme.eq_ignore_ascii_case(name)))
            .collect();
        return format!(
            "it asks who we are (407) by {} and not by Basic, which is all that this library speaks; let the proxy \
             allow this machine or Basic, or put a relay that speaks it in between",
            if named.is_empty() { "a scheme of its own".to_owned() } else { named.join(" or ") }
        );
    }
    let so_far = match proxy.authorization {
        None => "proxy names no user and password",
        Some(_) => "it does not take the user and password that proxy names",
    };
    format!(
        "it asks who we are (407), and {so_far}; in http://user:password@host:port both are percent-encoded, such as \
         %40 for @ and %23 for #, and a proxy that wants NTLM is not supported"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status("HTTP/1.1 200 Connection established\r\nA: b"), Some(200));
        assert_eq!(status("HTTP/1.0 407 \r\n"), Some(407));
        for odd in ["", "HTTP/1.1", "HTTP/1.1 2", "HTTP/2 200", "SSH-2.0-x", "HTTP/1.1 abc"] {
            assert_eq!(status(odd), None, "{odd}");
        }
    }
}
