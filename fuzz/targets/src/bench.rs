//! A context whose time, chance, keys and connections are the target's own.

use crate::line::{Script, Wire};
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wxcoupon::api::Defaults;
use wxcoupon::client::Client;
use wxcoupon::config::{Apiv2, Config, Host, Identity, JournalSettings, Limits};
use wxcoupon::directory;
use wxcoupon::encoding::TextEncoding;
use wxcoupon::error::Result;
use wxcoupon::ffi;
use wxcoupon::journal::Journal;
use wxcoupon::mode::Mode;
use wxcoupon::net::clock::Clock;
use wxcoupon::net::http::HttpTransport;
use wxcoupon::net::rate_limit;
use wxcoupon::quote::choices::Choices;
use wxcoupon::system::{self, System};
use wxcoupon::wire::algorithm::Algorithm;
use wxcoupon::wire::cipher::{Decrypter, Encrypter};
use wxcoupon::wire::key_ring::KeyRing;
use wxcoupon::wire::keys::{PrivateKey, PublicKey};
use wxcoupon::wire::sign::{Authorizer, Signer};
use wxcoupon::wire::v2::SignType;
use wxcoupon::wire::verify::Verifier;

/// Whose context it is.
pub const MERCHANT: &str = "1900000001";
/// Of the merchant's certificate.
pub const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
/// WeChat Pay's key.
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0114000000000000000000000000000000";
/// Opens what is sealed; must never be repeated.
pub const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
/// Signs questions about payment codes; must never be repeated.
pub const APIV2_KEY: &str = "ZYXWVUTSRQponmlkjihgfedcba987654";
/// The time at which every run begins, in seconds since 1970: 2027-06-01.
pub const NOW_S: u64 = 1_811_822_400;
/// Finished rows are kept so long.
pub const KEEP: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Time that passes only while somebody sleeps.
struct Frozen {
    passed_ms: AtomicU64,
    chance: AtomicU64,
    start: Instant,
}

impl System for Frozen {
    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.passed_ms.load(Ordering::Relaxed))
    }

    fn wall_clock(&self) -> SystemTime {
        let passed = Duration::from_millis(self.passed_ms.load(Ordering::Relaxed));
        UNIX_EPOCH + Duration::from_secs(NOW_S) + passed
    }

    fn sleep(&self, time: Duration) {
        let passed = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        self.passed_ms.fetch_add(passed, Ordering::Relaxed);
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        for byte in bytes {
            let count = self.chance.fetch_add(1, Ordering::Relaxed);
            *byte = u8::try_from(count.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56).unwrap_or_default();
        }
        true
    }
}

/// Every run begins at the same time and draws the same numbers, so that an input that fails fails again.
fn begin() {
    static SYSTEM: Mutex<Option<&'static Frozen>> = Mutex::new(None);
    let mut system = SYSTEM.lock().unwrap();
    let frozen = system.get_or_insert_with(|| {
        #[allow(clippy::disallowed_methods, reason = "only differences to it are ever seen")]
        let start = Instant::now() + Duration::from_secs(1_000_000);
        let (passed_ms, chance) = (AtomicU64::new(0), AtomicU64::new(0));
        let frozen: &'static Frozen = Box::leak(Box::new(Frozen { passed_ms, chance, start }));
        assert!(system::install(frozen), "nothing else has installed a system");
        frozen
    });
    frozen.passed_ms.store(0, Ordering::Relaxed);
    frozen.chance.store(0, Ordering::Relaxed);
}

/// Inputs are played one after the other: they share the time.
pub fn alone() -> impl Sized {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    begin();
    turn
}

/// Signs and proves with a digest, in place of RSA. What it encrypts says so and is the text itself.
#[derive(Debug, Clone, Copy)]
pub struct CheapKey(pub &'static str);

/// Who signs requests.
pub const OURS: CheapKey = CheapKey("merchant");
/// Who signs answers.
pub const THEIRS: CheapKey = CheapKey("WeChat Pay");
/// Stands before what [`CheapKey`] has encrypted.
pub const ENCRYPTED: &[u8] = b"encrypted:";

impl CheapKey {
    /// The signature over a message.
    pub fn signature(self, message: &[u8]) -> Vec<u8> {
        let digest: [u8; 32] = Sha256::new().chain_update(self.0).chain_update(message).finalize().into();
        digest[..8].to_vec()
    }

    fn public(self) -> PublicKey {
        PublicKey::new(self.0.as_bytes(), Arc::new(self), Arc::new(self))
    }
}

impl Signer for CheapKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        Ok(self.signature(message))
    }
}

impl Verifier for CheapKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signature(message) == signature
    }
}

impl Encrypter for CheapKey {
    fn encrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        (text.len() <= 214).then(|| [ENCRYPTED, text].concat())
    }
}

impl Decrypter for CheapKey {
    fn decrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        text.strip_prefix(ENCRYPTED).map(<[u8]>::to_vec)
    }
}

/// What may differ between contexts.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub mode: Mode,
    pub encoding: TextEncoding,
    /// Whether the key that proves answers is there; else certificates are downloaded.
    pub has_key: bool,
    /// How payment codes are looked up, if they are.
    pub apiv2: Option<SignType>,
}

impl Default for Kind {
    fn default() -> Kind {
        Kind { mode: Mode::Partner, encoding: TextEncoding::UTF8, has_key: true, apiv2: None }
    }
}

/// The brand of this context.
pub const BRAND: &str = "120344";
/// Its app.
pub const APPID: &str = "wx233544546545989";

fn config(kind: Kind) -> Config {
    let private = PrivateKey::new(Arc::new(OURS), Arc::new(OURS), OURS.public());
    let mut key_ring = KeyRing::new(SERIAL);
    if kind.has_key {
        key_ring.insert(PUBLIC_KEY_ID, THEIRS.public());
    }
    let host = |name: &str| Host { origin: format!("https://{name}"), name: name.into() };
    let id = if kind.mode == Mode::Brand { BRAND } else { MERCHANT };
    Config {
        authorizer: Some(Authorizer::new(kind.mode, id, SERIAL, private)),
        till: None,
        identity: Identity { mode: kind.mode, id: id.into() },
        key_ring,
        public_key_id: kind.has_key.then(|| PUBLIC_KEY_ID.into()),
        has_merchant_certificate: false,
        apiv3_key: Some(APIV3_KEY.to_owned().into()),
        hosts: vec![host("127.0.0.1"), host("127.0.0.2")],
        apiv2: kind.apiv2.map_or_else(Apiv2::default, |sign_type| Apiv2 {
            key: Some(APIV2_KEY.to_owned().into()),
            sign_type,
            appid: None,
            mch_id: Some(MERCHANT.into()),
        }),
        defaults: Defaults { appid: Some(APPID.into()), brand_id: Some(BRAND.into()), ..Defaults::default() },
        limits: Limits {
            call: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
        },
        max_rate_per_s: 100_000,
        extra_roots: Vec::new(),
        proxy: None,
        text_encoding: kind.encoding,
        user_agent: "fuzz".into(),
        quote: Choices::default(),
        journal: JournalSettings { place: None, keep: KEEP, replays: true },
        directory: true,
        certificates_path: None,
        log_path: None,
    }
}

/// A context behind its handle, and the buffer that its calls fill.
pub struct Bench {
    pub ctx: *mut ffi::wxcoupon_ctx,
    pub buf: *mut ffi::wxcoupon_buf,
    pub kind: Kind,
    pub wire: Wire,
}

impl Bench {
    /// With an empty journal in memory.
    pub fn new(kind: Kind, script: Script) -> Bench {
        let id = if kind.mode == Mode::Brand { BRAND } else { MERCHANT };
        Bench::with_journal(kind, script, Journal::open(None, id, KEEP).unwrap())
    }

    /// With this one.
    pub fn with_journal(kind: Kind, script: Script, journal: Journal) -> Bench {
        let (config, wire) = (config(kind), Wire::new(script));
        let transport = Box::new(HttpTransport::over(&config, wire.lines()));
        let client = Client::from_parts(
            config,
            transport,
            Arc::new(journal),
            Clock::default(),
            rate_limit::alone(100_000),
        );
        let client = client.with_directory(Some(directory::open(None, MERCHANT).unwrap()));
        let ctx = ffi::ctx_of(client, kind.encoding).expect("one context lives at a time");
        Bench { ctx, buf: ffi::wxcoupon_buf_new(), kind, wire }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        ffi::wxcoupon_ctx_free(self.ctx);
        ffi::wxcoupon_buf_free(self.buf);
    }
}

/// A text for C. Nothing where it has a NUL: it would end there.
pub fn for_c(text: &[u8]) -> Option<std::ffi::CString> {
    std::ffi::CString::new(text).ok()
}
