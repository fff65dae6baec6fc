//! The HTTP proxy. Its URL may contain a password, so it is parsed here.

use crate::error::{Error, Result};
use crate::status::Code;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// An HTTP proxy, reached with or without TLS and asked with CONNECT.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Whether the way to the proxy itself is TLS.
    pub secure: bool,
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The value of `Proxy-Authorization`, where there are a name and a password.
    pub authorization: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Proxy({self})")
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`, or `https://`. No message repeats any of it.
    pub fn read(url: &Zeroizing<String>) -> Result<Proxy> {
        let wrong = |why: &str| {
            let form = "proxy must be http:// or https://[user:password@]host:port";
            Err(Error::at(Code::Config, "/proxy", format!("{form}{why}")))
        };
        let scheme = |name: &str| url.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let (secure, rest) = match url.as_str() {
            _ if scheme("http://") => (false, url.get("http://".len()..).unwrap_or_default()),
            _ if scheme("https://") => (true, url.get("https://".len()..).unwrap_or_default()),
            _ => return wrong(""),
        };
        if rest.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return wrong(
                "; it has a blank or a control character, which in a name or password is written %20, %0A and so on",
            );
        }
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        // URL parsers end the host at these characters, and would send part of the password to the name service.
        if let Some(raw) = credentials.and_then(|text| text.chars().find(|c| matches!(c, '#' | '/' | '?'))) {
            return wrong(&format!(
                "; the user name or password has a '{raw}' as it stands, which is written %{:02X}",
                u32::from(raw)
            ));
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = match place.rsplit_once(':') {
            // The colons of an IPv6 address without port.
            Some(_) if place.ends_with(']') => (place, None),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        };
        let port = match port {
            None => Some(if secure { 443 } else { 80 }),
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok(),
            Some(_) => None,
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let is_host = if bare.len() == host.len() {
            !host.is_empty() && host.bytes().all(named)
        } else {
            bare.parse::<std::net::Ipv6Addr>().is_ok()
        };
        let (Some(port @ 1..), true) = (port, is_host) else {
            return wrong("; what stands for host and port is neither a name nor an address with a port");
        };
        let authorization = credentials.map(authorization);
        Ok(Proxy { secure, host: bare.to_owned(), port, authorization })
    }
}

/// The value of `Proxy-Authorization`. User and password are percent-decoded once.
fn authorization(credentials: &str) -> Zeroizing<String> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let mut plain = Zeroizing::new(Vec::with_capacity(credentials.len() + 1));
    plain.extend(percent_decode_str(user));
    plain.push(b':');
    plain.extend(percent_decode_str(password));
    let mut header = Zeroizing::new(String::with_capacity(10 + plain.len() * 2));
    header.push_str("Basic ");
    BASE64.encode_string(&*plain, &mut header);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Proxy> {
        Proxy::read(&Zeroizing::new(url.to_owned()))
    }

    #[test]
    fn the_parts_are_what_they_say() {
        for (url, secure, shown, credentials) in [
            ("http://proxy.local:3128", false, "proxy.local:3128", None),
            ("HTTP://proxy", false, "proxy:80", None),
            ("https://10.0.0.1/", true, "10.0.0.1:443", None),
            ("http://[::1]:8080", false, "[::1]:8080", None),
            ("http://[::1]", false, "[::1]:80", None),
            ("http://user:pass@p:1", false, "p:1", Some("user:pass")),
            ("http://user@p:1", false, "p:1", Some("user:")),
            (
                "http://DOMAIN%5Cuser:p@ss:w%23%2F%3Frd%25@p:1",
                false,
                "p:1",
                Some("DOMAIN\\user:p@ss:w#/?rd%"),
            ),
        ] {
            let proxy = read(url).unwrap();
            assert_eq!((proxy.secure, proxy.to_string().as_str()), (secure, shown), "{url}");
            let expected = credentials.map(|credentials| format!("Basic {}", BASE64.encode(credentials)));
            assert_eq!(proxy.authorization.as_deref(), expected.as_ref(), "{url}");
        }
    }

    #[test]
    fn nothing_of_what_is_refused_is_repeated() {
        for wrong in [
            "socks5://secret@h:1",
            "secret",
            "http://",
            "http://user:secret@",
            "http://user:sec#ret@h:1",
            "http://user:sec/ret@h:1",
            "http://user:sec?ret@h:1",
            "http://user:sec ret@h:1",
            "http://secret/path",
            "http://h:secret",
            "http://h:0",
            "http://h:65536",
            "http://[secret]:1",
        ] {
            let error = read(wrong).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::Config, Some("/proxy")), "{wrong}");
            assert!(!error.message.contains("sec") && !error.message.contains("ret"), "{}", error.message);
        }
        assert!(read("http://user:a#b@h:1").unwrap_err().message.contains("%23"));
        assert!(!format!("{:?}", read("http://user:secret@h:1").unwrap()).contains("secret"));
    }
}
