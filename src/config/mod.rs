//! The configuration of a context: read, checked and converted for the other modules.
//!
//! Mistakes show here, when the till starts. An error names the member, what was found and what was expected.

mod apiv2;
mod credentials;
mod fields;
mod identity;
mod place;
mod proxy;
mod text;
mod till;

pub use apiv2::Apiv2;
pub use fields::is_path;
pub use identity::Identity;
#[cfg(feature = "postgres")]
pub use place::Database;
pub use place::Place;
pub use proxy::Proxy;
pub use text::decode;
pub use till::{Till, TillSecret};

use crate::api::Defaults;
use crate::encoding::TextEncoding;
use crate::error::{Error, Result};
use crate::json;
use crate::limits::LONGEST_CALL_MS;
use crate::mode::Mode;
use crate::quote::choices::{Choices, MIDNIGHTS, ROUNDINGS, THRESHOLDS};
use crate::redact::Quoted;
use crate::status::Code;
use crate::wire::key_ring::KeyRing;
use crate::wire::keys;
use crate::wire::sign::Authorizer;
use credentials::Credentials;
use fields::Fields;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Uri;
use zeroize::Zeroizing;

/// The nearest access point and the one in another city; both serve every path.
const DEFAULT_BASE_URLS: [&str; 2] = ["https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];

/// Everything that a context is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// The service provider or brand that signs.
    pub identity: Identity,
    /// Signs requests. `None`: the hub does.
    pub authorizer: Option<Authorizer>,
    /// The till, where its hub signs requests.
    pub till: Option<Till>,
    /// Verifies answers.
    pub key_ring: KeyRing,
    /// Sent as `Wechatpay-Serial`, so that WeChat Pay signs with the key that we have.
    pub public_key_id: Option<String>,
    /// Whether the merchant API certificate was given. If so, it fits key and serial number.
    pub has_merchant_certificate: bool,
    /// Opens notifications and platform certificates. In brand mode it is the brand API key.
    pub apiv3_key: Option<Zeroizing<String>>,
    /// For the look-up of payment codes.
    pub apiv2: Apiv2,
    /// Where to send, in order of preference.
    pub hosts: Vec<Host>,
    /// Members that requests may leave out.
    pub defaults: Defaults,
    /// How long to wait.
    pub limits: Limits,
    /// Requests a second, over all contexts of this identity in the process.
    pub max_rate_per_s: u64,
    /// Roots that are trusted besides Mozilla's, as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// An HTTP proxy. The environment's proxy variables are not read.
    pub proxy: Option<Arc<Proxy>>,
    /// Encoding of every text that crosses the C boundary.
    pub text_encoding: TextEncoding,
    /// The whole `User-Agent`.
    pub user_agent: String,
    /// How a quote reads what is not documented.
    pub quote: Choices,
    /// The settings of the journal.
    pub journal: JournalSettings,
    /// The folder of the log files. `None`: there are none.
    pub log_path: Option<PathBuf>,
    /// Whether the coupons that this machine was told of are kept, beside the journal or in memory.
    pub directory: bool,
    /// The file that keeps downloaded platform certificates. `None`: they are not kept.
    pub certificates_path: Option<PathBuf>,
}

/// The journal's part of the configuration.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// The file or database. `None`: in memory.
    pub place: Option<Place>,
    /// How long finished rows are remembered.
    pub keep: Duration,
    /// Whether a repeat of a recorded success is answered from the journal, without asking WeChat Pay.
    pub replays: bool,
}

/// One access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// `https://name[:port]`, without a slash at the end. A hub may have `http://`.
    pub origin: String,
    /// `name[:port]`, for reports.
    pub name: String,
}

/// How long a call may take, and its parts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The whole call, with name look-up, connection, TLS, sending, waiting, all attempts and pauses.
    pub call: Duration,
    /// Name look-up of one attempt, and again connection and TLS together.
    pub connect: Duration,
    /// One attempt from its start to the end of its answer.
    pub attempt: Duration,
}

impl Config {
    /// What signs requests, where this context does.
    pub fn authorizer(&self) -> Result<&Authorizer> {
        self.authorizer.as_ref().ok_or_else(|| {
            Error::new(Code::Config, "a till of a hub has no key of the merchant's: mode is till")
        })
    }

    /// Reads and checks the configuration text.
    pub fn from_json(text: &str) -> Result<Config> {
        let mut fields = Fields::new(json::parse_object(text)?, "");
        let mut inner = fields.object("defaults")?;
        let mut defaults = Defaults {
            appid: inner.name("appid")?,
            brand_id: inner.name("brand_id")?,
            store_id: inner.name("store_id")?,
            sub_appid: inner.name("sub_appid")?,
            sub_mch_id: inner.merchant("sub_mch_id")?,
        };
        inner.finish()?;
        let identity = Identity::read(&mut fields, &mut defaults)?;
        let till =
            (identity.mode == Mode::Till).then(|| Till::read(&mut fields, &identity.id)).transpose()?;
        let credentials = match till {
            Some(_) => Credentials::none(),
            None => credentials::read(&mut fields, &identity)?,
        };
        let apiv2 = Apiv2::read(&mut fields, &identity)?;

        let (urls, is_hub) = if till.is_some() { ("hub_urls", true) } else { ("base_urls", false) };
        let hosts = hosts(urls, fields.texts(urls)?, is_hub)?;
        let proxy = fields.text("proxy")?.map(Zeroizing::new);
        let proxy = proxy.map(|url| Proxy::read(&url).map(Arc::new)).transpose()?;
        let limits = limits(&mut fields)?;
        let max_rate_per_s = fields.number("max_rate_per_s", 1..=100_000, 500)?;
        let extra_roots = extra_roots(&mut fields)?;
        let text_encoding = text_encoding(&mut fields)?;
        let user_agent = user_agent(fields.text("user_agent_suffix")?)?;
        let quote = quote_choices(&mut fields)?;
        let journal = JournalSettings {
            place: fields.text("journal_path")?.map(|text| Place::read(&text)).transpose()?,
            keep: Duration::from_secs(fields.number("journal_keep_days", 1..=3650, 90)? * 24 * 60 * 60),
            replays: fields.boolean("journal_replays", true)?,
        };
        let log_path = fields.path("log_path", None)?.map(PathBuf::from);
        let directory = fields.boolean("directory", false)?;
        fields.finish()?;
        if proxy.is_some() && hosts.iter().any(|host| host.origin.starts_with("http:")) {
            let why = "a hub without TLS is asked directly: leave proxy out, or write https:// in hub_urls";
            return Err(Error::at(Code::Config, "/proxy", why));
        }
        let file = journal.place.as_ref().map(Place::file);
        if directory && file == Some(None) {
            let why = "the directory is a file beside the journal's, and this journal is in a database";
            return Err(Error::at(Code::Config, "/directory", why));
        }

        Ok(Config {
            // Absolute, so that it stays the same if the program changes its folder.
            log_path: log_path.map(|path| std::path::absolute(&path).unwrap_or(path)),
            certificates_path: file
                .flatten()
                .filter(|_| identity.mode != Mode::Till)
                .and_then(|path| certificates_beside(path, &identity.id)),
            identity,
            authorizer: credentials.authorizer,
            till,
            key_ring: credentials.key_ring,
            public_key_id: credentials.public_key_id,
            has_merchant_certificate: credentials.has_merchant_certificate,
            apiv3_key: credentials.apiv3_key,
            apiv2,
            hosts,
            defaults,
            limits,
            max_rate_per_s,
            extra_roots,
            proxy,
            text_encoding,
            user_agent,
            quote,
            journal,
            directory,
        })
    }
}

fn extra_roots(fields: &mut Fields) -> Result<Vec<Vec<u8>>> {
    let Some(path) = fields.path("ca_path", None)? else { return Ok(Vec::new()) };
    let file = credentials::read_file("ca_path", &path)?;
    keys::authorities(&file).map_err(|error| {
        Error { message: format!("ca_path: {}", error.message), code: Code::Config, ..error }
            .or_at("/ca_path")
    })
}

/// One file per merchant, because several merchants may share a journal. It is absolute, so that it stays the same if the
/// program changes its folder.
fn certificates_beside(journal: &Path, id: &str) -> Option<PathBuf> {
    let mut name = std::path::absolute(journal).ok()?.into_os_string();
    name.push(format!(".{id}.certificates"));
    Some(PathBuf::from(name))
}

fn limits(fields: &mut Fields) -> Result<Limits> {
    let mut milliseconds =
        |name, default| fields.number(name, 1..=LONGEST_CALL_MS, default).map(Duration::from_millis);
    Ok(Limits {
        call: milliseconds("timeout_ms", 10_000)?,
        connect: milliseconds("connect_timeout_ms", 3_000)?,
        attempt: milliseconds("attempt_timeout_ms", 5_000)?,
    })
}

fn quote_choices(fields: &mut Fields) -> Result<Choices> {
    let mut inner = fields.object("quote")?;
    let choices = Choices {
        rounding: inner.choice("rounding", &ROUNDINGS)?,
        threshold_on: inner.choice("threshold_on", &THRESHOLDS)?,
        past_midnight: inner.choice("past_midnight", &MIDNIGHTS)?,
        bundle_index_base: inner.whole("bundle_index_base", 0..=1)?,
    };
    inner.finish()?;
    Ok(choices)
}

fn text_encoding(fields: &mut Fields) -> Result<TextEncoding> {
    let Some(name) = fields.text("text_encoding")? else { return Ok(TextEncoding::UTF8) };
    TextEncoding::named(name.trim()).ok_or_else(|| {
        let message = format!("text_encoding must be utf-8, gbk or gb18030, found {}", Quoted(&name));
        Error::at(Code::Config, "/text_encoding", message)
    })
}

fn hosts(name: &str, urls: Option<Vec<String>>, is_hub: bool) -> Result<Vec<Host>> {
    let wrong = |why: &str| Error::at(Code::Config, format!("/{name}"), format!("{name} is {why}"));
    let urls = match urls {
        Some(urls) => urls,
        None if is_hub => return Err(wrong("missing: the addresses of the hubs")),
        None => DEFAULT_BASE_URLS.map(str::to_owned).to_vec(),
    };
    if urls.is_empty() {
        return Err(wrong("empty"));
    }
    urls.iter().enumerate().map(|(index, url)| host(url, &format!("/{name}/{index}"), is_hub)).collect()
}

/// `may_be_plain`: a hub proves what it says without TLS, too.
fn host(url: &str, field: &str, may_be_plain: bool) -> Result<Host> {
    let wrong = |why: &str| Error::at(Code::Config, field, format!("{} {why}", Quoted(url)));
    let uri: Uri = url.parse().map_err(|_| wrong("is not a URL"))?;
    let scheme = match uri.scheme_str() {
        Some("https") => "https",
        Some("http") if may_be_plain => "http",
        _ if may_be_plain => return Err(wrong("must begin with https:// or http://")),
        _ => return Err(wrong("must begin with https://")),
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong("must name a host only, without a path"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("@");
    let port_is_fine =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    if authority.host().is_empty() || !port_is_fine || url.contains('#') {
        return Err(wrong("must name a host and optionally a port"));
    }
    Ok(Host { origin: format!("{scheme}://{authority}"), name: authority.to_string() })
}

/// Requests without a `User-Agent` are said to be refused; every official SDK sends one.
fn user_agent(suffix: Option<String>) -> Result<String> {
    let own = format!(
        "wxcoupon/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    match suffix {
        None => Ok(own),
        Some(suffix) if suffix.len() <= 128 && suffix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
            Ok(format!("{own} {suffix}"))
        }
        Some(_) => Err(Error::at(
            Code::Config,
            "/user_agent_suffix",
            "user_agent_suffix must be at most 128 printable ASCII characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_names_a_host_and_nothing_else() {
        for fine in ["https://h", "https://h/", "https://h:8443", "https://[::1]:443", "https://127.0.0.1:1"]
        {
            assert!(host(fine, "/base_urls/0", false).is_ok(), "{fine}");
        }
        for wrong in [
            "http://h",
            "h",
            "",
            "https://",
            "https://h/v3",
            "https://h?a",
            "https://h#x",
            "https://h:",
            "https://h:99999",
            "https://u:p@h",
            "https://u@h:1",
        ] {
            assert_eq!(
                host(wrong, "/base_urls/0", false).map_err(|error| error.field),
                Err(Some("/base_urls/0".into())),
                "{wrong}"
            );
        }
    }
}
