//! `hub.toml`: read and checked whole before anything is opened. A mistake is named with its line.

use crate::master::Place as KeyPlace;
use crate::mistake::Mistake;
use crate::place::{Place, place};
use crate::policy::{Group, Policies, Written};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// What becomes of a request whose till does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orphans {
    /// WeChat Pay is asked, nothing is sent.
    Ask,
    /// A redemption is called off.
    Void,
    /// It is repeated until it is answered.
    Complete,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    store: Spanned<String>,
    master_key: Spanned<String>,
    directory_path: Option<Spanned<PathBuf>>,
    orphans: Option<Orphans>,
    wechatpay: BTreeMap<Spanned<String>, toml::Value>,
    tills: Tills,
    #[serde(default)]
    limits: Limits,
    admin: Option<Admin>,
    notify: Option<Notify>,
    #[serde(default)]
    policy: Written,
    #[serde(default)]
    group: BTreeMap<String, Group>,
}

/// Where tills come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tills {
    /// For TLS, which the hub speaks itself.
    pub listen: Option<SocketAddr>,
    /// Chain and key, as PEM. They are read again when they change.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The authority's certificate: its fingerprint is told to new tills.
    pub ca: Option<PathBuf>,
    /// Without TLS: for a proxy on this machine, or for machines that are too old.
    pub plain_listen: Option<SocketAddr>,
    /// Under which address tills reach the hub.
    pub url: Option<String>,
}

/// How much is taken at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub connections: usize,
    /// Calls that run at the same time.
    pub calls: usize,
    /// The same of one till.
    pub calls_per_till: usize,
    /// For the head of a request, its body, and the TLS handshake, each.
    pub slow_client_ms: u64,
    /// How long a connection may be idle.
    pub idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: 20_000, calls: 256, calls_per_till: 8, slow_client_ms: 10_000, idle_ms: 75_000 }
    }
}

impl Limits {
    pub fn slow_client(&self) -> Duration {
        Duration::from_millis(self.slow_client_ms)
    }
}

/// Where operations people come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    pub listen: SocketAddr,
    /// The file of the password that it asks for; needed where others than this machine can come.
    pub password_path: Option<PathBuf>,
}

/// What happens to notifications.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// An issued coupon is confirmed at once.
    pub confirm_issued: bool,
}

/// The checked configuration.
#[derive(Debug)]
pub struct Config {
    pub store: Place,
    pub master_key: KeyPlace,
    /// The file of this hub's directory of coupons, where the store is a database.
    pub directory_path: Option<PathBuf>,
    pub orphans: Orphans,
    /// The configuration of the library's context.
    pub wechatpay: Value,
    pub tills: Tills,
    pub limits: Limits,
    pub admin: Option<Admin>,
    pub notify: Notify,
    pub policies: Policies,
    text: String,
    path: PathBuf,
    /// Where each member of `[wechatpay]` stands.
    places: BTreeMap<String, Range<usize>>,
}

/// Members of `[wechatpay]` that the hub sets itself.
const RESERVED: [(&str, &str, &str); 2] = [
    ("journal_path", "the hub keeps its journal where store says", "hub 的流水文件由 store 决定"),
    ("text_encoding", "tills speak UTF-8 with the hub", "收银机与 hub 之间用 UTF-8"),
];

impl Config {
    /// Reads the file. Paths in it are relative to its folder.
    pub fn read(path: &Path) -> Result<Config, Mistake> {
        let text = std::fs::read_to_string(path).map_err(|error| Mistake::file("--config", path, &error))?;
        Config::of(text, path)
    }

    fn of(text: String, path: &Path) -> Result<Config, Mistake> {
        // The error's own text would quote the line, which may be a secret.
        let file: File = toml::from_str(&text)
            .map_err(|error| mistake(path, &text, error.span(), Mistake::toml(error.message())))?;
        let folder = std::path::absolute(path)
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned))
            .unwrap_or_default();
        let (mut wechatpay, mut places) = (serde_json::Map::new(), BTreeMap::new());
        for (name, value) in file.wechatpay {
            let (span, name) = (name.span(), name.into_inner());
            if let Some((_, english, chinese)) = RESERVED.iter().find(|(reserved, ..)| *reserved == name) {
                return Err(mistake(
                    path,
                    &text,
                    Some(span),
                    Mistake::new(
                        format!("wechatpay.{name} is not to be set: {english}"),
                        format!("wechatpay.{name} 不能设置：{chinese}"),
                    ),
                ));
            }
            let value = serde_json::to_value(value).unwrap_or_default();
            places.insert(name.clone(), span);
            wechatpay.insert(name, value);
        }
        let (store, journal) = place(&folder, file.store.get_ref().trim())
            .map_err(|why| mistake(path, &text, Some(file.store.span()), why))?;
        for name in wechatpay.keys().filter(|name| name.ends_with("_path")).cloned().collect::<Vec<_>>() {
            relative_to(&folder, wechatpay.get_mut(&name));
        }
        if let Some(Value::Array(paths)) = wechatpay.get_mut("platform_certificates") {
            for path in paths {
                relative_to(&folder, Some(path));
            }
        }
        wechatpay.insert("journal_path".into(), journal.into());
        places.insert("journal_path".into(), file.store.span());
        if store.is_file() {
            wechatpay.entry("directory").or_insert(true.into());
            if let Some(given) = file.directory_path {
                let why = Mistake::new(
                    "directory_path is for a store in a database: with a file the directory lies beside it",
                    "directory_path 用于数据库存储；用文件存储时，券目录就在文件旁边",
                );
                return Err(mistake(path, &text, Some(given.span()), why));
            }
        } else if let Some(span) = places.get("directory").cloned() {
            let why = Mistake::new(
                "wechatpay.directory is for a store in a file: with a database give directory_path",
                "wechatpay.directory 用于文件存储；用数据库时请设置 directory_path",
            );
            return Err(mistake(path, &text, Some(span), why));
        }
        let directory_path = file.directory_path.map(|path| folder.join(path.into_inner()));
        let master_key = match KeyPlace::new(file.master_key.get_ref()) {
            KeyPlace::File(path) => KeyPlace::File(folder.join(path)),
            credential @ KeyPlace::Credential(_) => credential,
        };
        let mut config = Config {
            store,
            master_key,
            directory_path,
            orphans: file.orphans.unwrap_or(Orphans::Ask),
            wechatpay: Value::Object(wechatpay),
            tills: file.tills,
            limits: file.limits,
            admin: file.admin,
            notify: file.notify.unwrap_or_default(),
            policies: Policies { all: file.policy, groups: file.group },
            text,
            path: path.to_owned(),
            places,
        };
        let tills = &mut config.tills;
        let admin = config.admin.as_mut().and_then(|admin| admin.password_path.as_mut());
        for path in [&mut tills.certificate, &mut tills.key, &mut tills.ca].into_iter().flatten().chain(admin)
        {
            *path = folder.join(&*path);
        }
        config.check().map_err(|why| mistake(&config.path, &config.text, None, why))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Mistake> {
        let Tills { listen, certificate, key, plain_listen, .. } = &self.tills;
        if listen.is_none() && plain_listen.is_none() {
            return Err(Mistake::new(
                "tills: listen is missing: tills could not come in",
                "tills：缺少 listen，收银机无法接入",
            ));
        }
        for (name, path) in [("certificate", certificate), ("key", key)] {
            if listen.is_some() && path.is_none() {
                return Err(Mistake::new(
                    format!("tills.{name} is missing: tills.listen speaks TLS"),
                    format!("缺少 tills.{name}：tills.listen 使用 TLS"),
                ));
            }
        }
        if let Some(admin) = &self.admin
            && !admin.listen.ip().is_loopback()
            && admin.password_path.is_none()
        {
            return Err(Mistake::new(
                "admin.password_path is missing: others than this machine could come to admin.listen",
                "缺少 admin.password_path：其他机器也能访问 admin.listen",
            ));
        }
        let limits = &self.limits;
        for (name, value) in [
            ("connections", limits.connections),
            ("calls", limits.calls),
            ("calls_per_till", limits.calls_per_till),
        ] {
            if !(1..=100_000).contains(&value) {
                return Err(Mistake::new(
                    format!("limits.{name} must be a whole number from 1 to 100000"),
                    format!("limits.{name} 应为 1 到 100000 的整数"),
                ));
            }
        }
        self.policies.mistake().map_or(Ok(()), Err)
    }

    /// What the library has to say about its part.
    pub fn mistake_of_library(&self, error: &wxcoupon::error::Error) -> Mistake {
        let member = error.field.as_deref().and_then(|field| field.split('/').nth(1));
        let span = member.and_then(|member| self.places.get(member)).cloned();
        let why = Mistake::new(
            format!("wechatpay: {}", error.message),
            format!("wechatpay 配置有误（{}）", error.message),
        );
        mistake(&self.path, &self.text, span, why)
    }
}

fn relative_to(folder: &Path, path: Option<&mut Value>) {
    if let Some(Value::String(path)) = path
        && !path.contains("-----BEGIN")
    {
        *path = folder.join(&*path).to_string_lossy().into_owned();
    }
}

fn mistake(path: &Path, text: &str, span: Option<Range<usize>>, why: Mistake) -> Mistake {
    let line = span.and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    why.at(&format!("{}{line}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const RIGHT: &str = r#"store = "hub.db"
master_key = "master.key"

[wechatpay]
mchid = "1900000001"
private_key_path = "key.pem"

[tills]
plain_listen = "127.0.0.1:0"
"#;

    fn read(text: &str) -> Result<Config, Mistake> {
        Config::of(text.to_owned(), Path::new("/etc/hub/hub.toml"))
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let config = read(RIGHT).unwrap();
        assert_eq!(config.store, Place::File("/etc/hub/hub.db".into()));
        assert_eq!(config.master_key, KeyPlace::File("/etc/hub/master.key".into()));
        assert_eq!(config.wechatpay["private_key_path"], "/etc/hub/key.pem");
        assert_eq!(config.wechatpay["journal_path"], "/etc/hub/hub.db.requests");
        assert_eq!(config.orphans, Orphans::Ask);
        assert!(config.tills.listen.is_none());
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_without_what_stands_there() {
        let secret = "Secret0123456789";
        for (what, with, says) in [
            ("store = \"hub.db\"", "stor = \"hub.db\"", "/etc/hub/hub.toml:1: unknown field `stor`"),
            ("plain_listen", "plain_lisen", "/etc/hub/hub.toml:9: unknown field `plain_lisen`"),
            ("plain_listen = \"127.0.0.1:0\"", "", "tills: listen is missing"),
            ("\"127.0.0.1:0\"", "\"here\"", "/etc/hub/hub.toml:9: "),
            ("mchid =", "journal_path =", "/etc/hub/hub.toml:5: wechatpay.journal_path is not to be set"),
            (
                "\"hub.db\"",
                "\"mysql://u:Secret0123456789@h/d\"",
                "/etc/hub/hub.toml:1: store is to be the path of a file, or a URL",
            ),
            ("mchid = \"1900000001\"", "apiv3_key = \"Secret0123456789", "/etc/hub/hub.toml:5: "),
            ("plain_listen", "listen", "tills.certificate is missing"),
            ("[tills]", "[policy]\noperations = [\"upload_image\"]\n[tills]", "upload_image names a file"),
            ("[tills]", "[admin]\nlisten = \"0.0.0.0:1\"\n[tills]", "admin.password_path is missing"),
            ("[tills]", "[limits]\ncalls = 0\n[tills]", "limits.calls must be"),
        ] {
            let text = RIGHT.replacen(what, with, 1);
            assert_ne!(text, RIGHT, "{what}");
            let refused = read(&text).unwrap_err();
            let (english, chinese) = (refused.to_string(), refused.of(Language::Chinese));
            assert!(english.contains(says), "{english}");
            assert!(chinese.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{chinese}");
            assert!(!english.contains(secret) && !chinese.contains(secret), "{english} {chinese}");
        }
    }

    #[test]
    fn the_library_s_mistakes_have_lines_too() {
        let config = read(RIGHT).unwrap();
        let error = wxcoupon::error::Error::at(wxcoupon::status::Code::Config, "/mchid", "digits only");
        assert_eq!(
            config.mistake_of_library(&error).to_string(),
            "/etc/hub/hub.toml:5: wechatpay: digits only"
        );
    }
}
