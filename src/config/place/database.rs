//! The URL of a PostgreSQL database.

use crate::wire::keys;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// The largest file of roots.
const LARGEST: u64 = 1024 * 1024;
const DEFAULT_PORT: u16 = 5432;
/// How long a connection to one server may take.
const CONNECT: Duration = Duration::from_secs(3);
/// After this long without an answer of the other machine, a connection is broken.
const SILENT: Duration = Duration::from_secs(10);
/// What may stand behind `?`. Settings of the session are not among them: behind a pooler there is no session.
const OPTIONS: [&str; 13] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "password",
    "port",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

/// One database, on one of several servers. What it prints has no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// How to connect. Its `Debug` has no password.
    pub settings: Config,
    /// The roots that sign the server's certificate, as DER. `None`: Mozilla's.
    pub roots: Option<Vec<Vec<u8>>>,
}

impl Database {
    /// Reads `postgres://user:password@host:port/database?option=value`.
    pub fn read(url: &str) -> Result<Database, String> {
        let unreadable = "this is not a URL as postgres://user:password@host:port/database; in user and password everything \
                          but letters and digits is written as %40 for @";
        let rest = url.split_once("://").map(|(_, rest)| rest).ok_or(unreadable)?;
        // A second one would make a part of the password a host, which is shown.
        if rest.matches('@').count() > 1 {
            return Err(unreadable.into());
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut kept, mut mode, mut roots_path) = (Vec::new(), None, None);
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or("an option behind ? has no value")?;
            // An unknown name may be a part of a password that is not escaped.
            if !OPTIONS.contains(&name) {
                return Err(format!("an option behind ? is not known; known are: {}", OPTIONS.join(", ")));
            }
            match name {
                "sslmode" => mode = Some(value),
                "sslrootcert" => roots_path = Some(decoded(value)?),
                _ => kept.push(option),
            }
        }
        let mut settings =
            Config::from_str(&format!("postgres://{place}?{}", kept.join("&"))).map_err(|_| unreadable)?;
        if settings.get_hosts().is_empty() || settings.get_dbname().is_none() {
            return Err("the URL has to name host and database: postgres://host/database".into());
        }
        let is_here = settings.get_hosts().iter().all(is_loopback)
            && settings.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let wants_tls = match mode {
            None => !is_here,
            Some("verify-full") => true,
            // Everything in between believes a stranger, or lets one switch TLS off.
            Some("disable") if is_here => false,
            Some("disable") => {
                return Err("sslmode=disable is for a server on this machine: leave it out, or give sslmode=verify-full".into());
            }
            Some(_) => {
                return Err("sslmode may be verify-full, and disable for a server on this machine".into());
            }
        };
        settings.ssl_mode(if wants_tls { SslMode::Require } else { SslMode::Disable });
        if settings.get_application_name().is_none() {
            settings.application_name("wxcoupon");
        }
        if settings.get_connect_timeout().is_none() {
            settings.connect_timeout(CONNECT);
        }
        if settings.get_hosts().len() > 1 {
            // Of several servers the one that may be written.
            settings.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        settings.tcp_user_timeout(SILENT).keepalives_idle(SILENT);
        let roots = roots_path.map(|path| roots(Path::new(&path))).transpose()?;
        Ok(Database { settings, roots })
    }
}

fn decoded(value: &str) -> Result<String, String> {
    let text = percent_encoding::percent_decode_str(value).decode_utf8();
    text.map(Into::into).map_err(|_| "an option behind ? is not UTF-8".to_owned())
}

fn roots(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let file =
        crate::file::read_whole(path, LARGEST).map_err(|why| format!("sslrootcert cannot be read: {why}"))?;
    let roots = keys::authorities(&file).map_err(|error| format!("sslrootcert: {}", error.message))?;
    if roots.is_empty() { Err("sslrootcert has no certificate".into()) } else { Ok(roots) }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("postgres://")?;
        let ports = self.settings.get_ports();
        for (at, host) in self.settings.get_hosts().iter().enumerate() {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            let comma = if at == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(formatter, "{comma}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(formatter, "{comma}{}:{port}", folder.display())?,
            }
        }
        write!(formatter, "/{}", self.settings.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        Database::read(url).map(|database| database.settings.get_ssl_mode())
    }

    #[test]
    fn off_this_machine_there_is_always_tls() {
        for host in ["localhost", "127.0.0.1", "[::1]", "%2Fvar%2Frun%2Fpostgresql", "127.0.0.1,localhost"] {
            assert_eq!(mode(&format!("postgres://{host}/till")), Ok(SslMode::Disable), "{host}");
            assert_eq!(mode(&format!("postgres://{host}/till?sslmode=disable")), Ok(SslMode::Disable));
            assert_eq!(mode(&format!("postgres://{host}/till?sslmode=verify-full")), Ok(SslMode::Require));
        }
        for host in ["db.example", "192.0.2.1", "localhost,db.example", "localhost.example", "[2001:db8::1]"]
        {
            assert_eq!(mode(&format!("postgres://{host}/till")), Ok(SslMode::Require), "{host}");
            assert_eq!(mode(&format!("postgres://{host}/till?sslmode=verify-full")), Ok(SslMode::Require));
            for weak in ["disable", "allow", "prefer", "require", "verify-ca", ""] {
                assert!(mode(&format!("postgres://{host}/till?sslmode={weak}")).is_err(), "{host} {weak}");
            }
        }
        assert_eq!(mode("postgres://localhost/till?hostaddr=192.0.2.1"), Ok(SslMode::Require));
    }

    #[test]
    fn what_is_shown_has_neither_user_nor_password() {
        let database =
            Database::read("postgres://till:p%40ss@db1.example:6432,db2.example/journal?password=x").unwrap();
        assert_eq!(database.to_string(), "postgres://db1.example:6432,db2.example:5432/journal");
        assert!(!format!("{database:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_wrong_is_said_and_not_repeated() {
        for (url, said) in [
            ("postgres://", "host and database"),
            ("postgres://db.example", "host and database"),
            ("postgres://db.example/till?options=-csearch_path%3Dx", "not known"),
            ("postgres://db.example/till?p@ss", "no value"),
            ("postgres://db.example:port/till", "%40"),
            ("postgres://db.example/till?sslrootcert=/none", "sslrootcert"),
        ] {
            let why = Database::read(url).unwrap_err();
            assert!(why.contains(said) && !why.contains("p@ss"), "{url}: {why}");
        }
    }
}
