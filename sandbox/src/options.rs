//! How a sandbox is set up.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::crypto::keys::Keys;
use crate::crypto::signing_keys::SignWith;
use crate::http::tls::TlsKind;

/// The member in which `upload_image` answers. The official sample and a
/// mirror of the official pages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UploadAnswer {
    /// `image_url`, as in the sample.
    #[default]
    ImageUrl,
    /// `media_url`, as in the mirror.
    MediaUrl,
}

/// How many requests are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rates {
    /// [`Options::rate`] over everything.
    #[default]
    Flat,
    /// As documented, per second and per mchid or brand: 20 for each
    /// operation that creates or configures, 500 for all others together.
    Documented,
}

/// How to start a [`Sandbox`](crate::Sandbox).
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct Options {
    /// Where to write keys and `config.json`. Default: a fresh temporary
    /// folder that goes away with the sandbox.
    pub dir: Option<PathBuf>,
    /// The address that hosts and admin interface listen on. Beyond loopback the admin interface
    /// speaks TLS and asks for a token. Default: 127.0.0.1.
    pub listen: IpAddr,
    /// Names and addresses that the hosts are reached under, beside those of this machine. The
    /// first one stands in `base_urls` and all other URLs.
    pub names: Vec<String>,
    /// Opens the admin interface and the console, 16 to 128 letters, digits or any of `-._~`.
    /// Default: none on loopback, a random one elsewhere.
    pub token: Option<String>,
    /// Ports of the two hosts; 0 = any.
    pub ports: [u16; 2],
    /// Port of the admin interface; 0 = any.
    pub control_port: u16,
    /// Further listeners on any port, e.g. with a bad certificate.
    pub extra: Vec<TlsKind>,
    /// Requests per second before 429; 0 = no limit.
    pub rate: u32,
    /// No line per request on standard error.
    pub quiet: bool,
    /// The keys to use. Default: those in `dir` if it has any, else
    /// [`Keys::shared`].
    pub keys: Option<Keys>,
    /// Which key signs the answers.
    pub sign_with: SignWith,
    /// Answers of 400 and above go out without a signature. Whether the real
    /// service signs them is not documented.
    pub unsigned_errors: bool,
    /// Keeps coupons, stocks, numbers and ledger, what starting over makes anew and what callers were told in this file across
    /// restarts.
    /// Default: they are forgotten.
    pub state: Option<PathBuf>,
    /// A till's journal, read for the console's comparison of what happened with what the till was
    /// told. The till must be another process: closing the file would lose that process its locks.
    pub journal: Option<PathBuf>,
    /// `config.json` names a journal (`journal_path`): `journal` if that is given, else a file in
    /// `dir`, which the console then reads. Default: contexts made with it keep theirs in memory.
    pub names_journal: bool,
    /// How long a connection may stay idle between requests; a second at least; whole seconds are
    /// announced.
    pub keep_alive: Duration,
    /// How many requests the log remembers; 0 = none.
    pub log_capacity: usize,
    /// Which limits apply; anything but [`Rates::Flat`] sets `rate` aside.
    pub rates: Rates,
    /// The merchant has no platform certificates: `certificates` answers
    /// 404, and everything is signed with the public key's key.
    pub public_key_only: bool,
    /// Where notifications go until `set_notify_config` says otherwise.
    pub notify_url: Option<String>,
    /// Time between two attempts to deliver a notification.
    pub notify_interval: Duration,
    /// How long a receiver of notifications may take to answer.
    pub notify_timeout: Duration,
    /// The member in which `upload_image` answers.
    pub upload_answer: UploadAnswer,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dir: None,
            listen: Ipv4Addr::LOCALHOST.into(),
            names: Vec::new(),
            token: None,
            ports: [0, 0],
            control_port: 0,
            extra: Vec::new(),
            rate: 0,
            quiet: true,
            keys: None,
            sign_with: SignWith::Auto,
            unsigned_errors: false,
            state: None,
            journal: None,
            names_journal: false,
            keep_alive: Duration::from_secs(8),
            log_capacity: 10_000,
            rates: Rates::Flat,
            public_key_only: false,
            notify_url: None,
            notify_interval: Duration::from_secs(60),
            notify_timeout: Duration::from_secs(5),
            upload_answer: UploadAnswer::ImageUrl,
        }
    }
}
