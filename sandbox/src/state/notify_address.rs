//! Where notifications go.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::State;
use crate::clock::rfc3339;
use crate::mode::Mode;
use crate::sync::lock;
use crate::text::Text;

/// The address one service provider or brand has set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotifyAddress {
    pub(crate) url: String,
    /// RFC 3339.
    pub(crate) update_time: String,
}

/// All addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    partner: Option<NotifyAddress>,
    brand: Option<NotifyAddress>,
}

impl Addresses {
    pub(crate) fn of(&self, mode: Mode) -> Option<&NotifyAddress> {
        match mode {
            Mode::Partner => self.partner.as_ref(),
            Mode::Brand => self.brand.as_ref(),
        }
    }

    fn is_empty(&self) -> bool {
        self.partner.is_none() && self.brand.is_none()
    }
}

#[derive(Debug, Default)]
pub(crate) struct NotifyConfigs(Mutex<Addresses>);

/// The checks of `notify_url` that are documented, with the one exception
/// that a receiver on this machine may do without TLS.
pub(crate) fn check_url(url: &str) -> Result<(), Text> {
    if !(url.starts_with("https://") || url.starts_with("http://") && is_local(url)) {
        return Err(Text::new(
            "must begin with https:// (http:// is allowed for 127.0.0.1 only)",
            "必须以 https:// 开头（http:// 只能用于 127.0.0.1）",
        ));
    }
    if url.contains('?') {
        return Err(Text::new("must not have a query string", "不能带查询参数"));
    }
    if host_of(url).is_none() || url.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Text::new("is not a URL", "不是有效的 URL"));
    }
    Ok(())
}

/// Host name or address of a URL.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '#']).next().filter(|authority| !authority.contains('@'))?;
    authority.split(':').next().filter(|host| !host.is_empty())
}

/// Whether the receiver is on this machine.
pub(crate) fn is_local(url: &str) -> bool {
    matches!(host_of(url), Some("127.0.0.1" | "localhost"))
}

impl State {
    /// The addresses as they stand.
    pub(crate) fn notify_addresses(&self) -> Addresses {
        lock(&self.notify.0).clone()
    }

    /// Takes over addresses as they once stood.
    pub(crate) fn set_notify_addresses(&self, addresses: Addresses) {
        self.outbox.set_listening(!addresses.is_empty());
        *lock(&self.notify.0) = addresses;
    }

    /// Takes over what was once set; an address the sandbox was started with
    /// stays where nothing was.
    pub(crate) fn restore_notify_addresses(&self, saved: Addresses) {
        let now = self.notify_addresses();
        self.set_notify_addresses(Addresses {
            partner: saved.partner.or(now.partner),
            brand: saved.brand.or(now.brand),
        });
    }

    /// Sets or takes away one address.
    pub(crate) fn set_notify_url(&self, mode: Mode, url: Option<&str>) -> Option<NotifyAddress> {
        let update_time = rfc3339(self.clock.now());
        let address = url.map(|url| NotifyAddress { url: url.to_owned(), update_time });
        let mut addresses = lock(&self.notify.0);
        match mode {
            Mode::Partner => addresses.partner.clone_from(&address),
            Mode::Brand => addresses.brand.clone_from(&address),
        }
        self.outbox.set_listening(!addresses.is_empty());
        self.touch();
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in ["https://www.example.com/notify", "http://127.0.0.1:80/n", "http://localhost/"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "ftp://127.0.0.1/",
            "http://www.example.com/notify",
            "http://127.0.0.1@www.example.com/",
            "http://127.0.0.1.example.com/",
            "https://www.example.com/notify?a=1",
            "https:///notify",
            "https://www.example.com/a b",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
