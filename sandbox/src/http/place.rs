//! Where the sandbox listens, and under which names it is reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::error::{Error, Result};
use crate::text::Text;

/// One address for all ports, and the names that certificates are made out to.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    listen: IpAddr,
    /// The name that stands in URLs.
    host: String,
    names: Vec<String>,
}

impl Place {
    /// `given`: names and addresses beside those of this machine; the first one stands in URLs.
    pub(crate) fn new(listen: IpAddr, given: &[String]) -> Result<Self> {
        if let Some(wrong) = given.iter().find(|name| !is_name(name)) {
            return Err(Error::Name(Text::new(
                format!("`{wrong}` is not a host name or an address, without scheme and port"),
                format!("{wrong} 不是主机名或地址；不要带协议和端口"),
            )));
        }
        let address = if listen.is_unspecified() { own_address(listen) } else { listen };
        let host = given.first().cloned().unwrap_or_else(|| address.to_string());
        let mut names = vec![Ipv4Addr::LOCALHOST.to_string(), "localhost".to_owned()];
        for name in given.iter().cloned().chain([address.to_string()]) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        Ok(Self { listen, host, names })
    }

    /// Nobody but this machine can come here.
    pub(crate) fn is_this_machine(&self) -> bool {
        self.listen.is_loopback()
    }

    /// Every name and address it is known under.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn socket(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.listen, port)
    }

    pub(crate) fn url(&self, scheme: &str, port: u16) -> String {
        match self.host.parse() {
            Ok(IpAddr::V6(address)) => format!("{scheme}://[{address}]:{port}"),
            _ => format!("{scheme}://{}:{port}", self.host),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.parse::<IpAddr>().is_ok() || name.len() <= 253 && name.split('.').all(is_label)
}

/// The address this machine sends from; its own where it has no network.
fn own_address(listen: IpAddr) -> IpAddr {
    // Documentation's addresses: connecting a datagram socket only chooses the way there, and sends nothing.
    let towards = |from: IpAddr, to: IpAddr| {
        let socket = UdpSocket::bind((from, 0)).ok()?;
        socket.connect((to, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    };
    let v4 = || towards(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let v6 = || towards(listen, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    let found = if listen.is_ipv6() { v6().or_else(v4) } else { v4() };
    found.unwrap_or(if listen.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn place(listen: &str, names: &[&str]) -> Result<Place> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Place::new(listen.parse().unwrap(), &names)
    }

    #[test]
    fn the_first_name_stands_in_urls() {
        assert_eq!(place("127.0.0.1", &[]).unwrap().url("http", 8), "http://127.0.0.1:8");
        assert_eq!(place("127.0.0.1", &[]).unwrap().names(), ["127.0.0.1", "localhost"]);
        let shop = place("192.168.1.10", &["pos.shop.example", "fd00::1"]).unwrap();
        assert_eq!(shop.url("https", 443), "https://pos.shop.example:443");
        assert_eq!(shop.names(), ["127.0.0.1", "localhost", "pos.shop.example", "fd00::1", "192.168.1.10"]);
        assert!(!shop.is_this_machine());
        assert_eq!(place("::1", &[]).unwrap().url("https", 1), "https://[::1]:1");
    }

    #[test]
    fn everywhere_has_an_address_of_this_machine() {
        for everywhere in ["0.0.0.0", "::"] {
            let place = place(everywhere, &[]).unwrap();
            assert!(!place.is_this_machine());
            assert!(!place.host.parse::<IpAddr>().unwrap().is_unspecified(), "{place:?}");
        }
    }

    #[test]
    fn names_are_no_urls() {
        for wrong in ["", "https://pos", "pos:443", "a b", "-pos", "pos..shop", "*.shop"] {
            assert!(place("0.0.0.0", &[wrong]).is_err(), "{wrong}");
        }
    }
}
