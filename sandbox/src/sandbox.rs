//! A running sandbox.

mod files;
mod protocol;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::menu::FaultView;
use crate::fault::{Fault, FaultId};
use crate::folder::{self, Folder};
use crate::host::{RunningHost, Speaks};
use crate::journal::RequestEntry;
use crate::keys::Keys;
use crate::options::{Options, TlsKind};
use crate::post::dispatch;
use crate::state_file::{self, Saver};
use crate::stats::Stats;
use crate::tls;
use crate::world::coupon::CouponState;
use crate::world::ledger::LedgerEntry;
use crate::world::view::{CouponSpec, CouponView};

/// How long stopping waits for threads.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// A WeChat Pay stand-in on loopback ports. It stops when dropped.
pub struct Sandbox {
    engine: Arc<Engine>,
    /// The two hosts, then the extra listeners.
    hosts: Vec<RunningHost>,
    control: RunningHost,
    /// Sends notifications.
    dispatcher: Option<JoinHandle<()>>,
    extra: Vec<(TlsKind, String)>,
    urls: [String; 2],
    control_url: String,
    config: Value,
    config_path: PathBuf,
    folder: Folder,
    saver: Option<Saver>,
}

impl Sandbox {
    /// Starts a sandbox; it is ready when this returns.
    ///
    /// # Errors
    /// When the folder cannot be used, a port cannot be opened or OpenSSL
    /// fails.
    pub fn start(options: Options) -> Result<Self> {
        let folder = Folder::open(options.dir.as_deref())?;
        let keys = match &options.keys {
            Some(keys) => keys.clone(),
            None => folder.load_keys()?.map_or_else(Keys::shared, Ok)?,
        };
        folder.save_keys(&keys)?;
        let kinds: Vec<TlsKind> =
            [TlsKind::Good; 2].into_iter().chain(options.extra.iter().copied()).collect();
        let ports: Vec<u16> = options.ports.to_vec();
        let control_port = options.control_port;
        let state = options.state.clone();
        let engine = Arc::new(Engine::new(options, keys.clone())?);
        if let Some(path) = &state {
            state_file::load(path, &engine.world)?;
        }

        let now = Clock::default().now();
        let mut hosts = Vec::new();
        let mut urls = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            let acceptor = tls::acceptor(*kind, &keys.0.tls_authority, now)?;
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            let port = ports.get(index).copied().unwrap_or(0);
            let host = RunningHost::start(&engine, index, port, Speaks::Api(acceptor))?;
            urls.push(format!("{scheme}://{}", host.host.address()));
            hosts.push(host);
        }
        let control = RunningHost::start(&engine, hosts.len(), control_port, Speaks::Control)?;
        let control_url = format!("http://{}", control.host.address());
        let mut rest = urls.into_iter();
        let urls = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
        let _ = engine.urls.set(urls.clone());
        let _ = engine.hosts.set(hosts.iter().map(|host| Arc::downgrade(&host.host)).collect());

        let dispatching = Arc::clone(&engine);
        let dispatcher = thread::Builder::new()
            .name("sandbox-dispatcher".to_owned())
            .spawn(move || dispatch::run(&dispatching))
            .map_err(Error::Thread)?;

        let config = files::config(&keys, &folder, &urls);
        let mut sandbox = Self {
            engine,
            hosts,
            control,
            dispatcher: Some(dispatcher),
            extra: kinds.into_iter().skip(2).zip(rest).collect(),
            urls,
            control_url,
            config,
            config_path: folder.file(folder::CONFIG),
            folder,
            saver: None,
        };
        sandbox.folder.save_json(folder::CONFIG, &sandbox.config)?;
        let brand_config = files::brand_config(&keys, &sandbox.folder, &sandbox.urls);
        sandbox.folder.save_json(folder::BRAND_CONFIG, &brand_config)?;
        sandbox.folder.save_json(folder::SANDBOX, &sandbox.description())?;
        sandbox.saver = state.map(|path| Saver::start(path, &sandbox.engine)).transpose()?;
        Ok(sandbox)
    }

    /// The content of `config.json`.
    #[must_use]
    pub fn config(&self) -> Value {
        self.config.clone()
    }

    /// Where `config.json` is.
    #[must_use]
    pub fn config_path(&self) -> &Path {
        &self.config_path
    }

    /// The folder with keys and `config.json`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Base URLs of the two hosts.
    #[must_use]
    pub fn urls(&self) -> [String; 2] {
        self.urls.clone()
    }

    /// Base URL of the first extra listener of a kind.
    #[must_use]
    pub fn listener_url(&self, kind: TlsKind) -> Option<String> {
        self.extra.iter().find(|(extra, _)| *extra == kind).map(|(_, url)| url.clone())
    }

    /// Base URL of the control interface.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.control_url.clone()
    }

    /// The keys in use.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.engine.keys
    }

    /// Puts a fault on the menu. With
    /// [`RefuseConnection`](crate::FaultKind::RefuseConnection) the ports are
    /// closed when this returns.
    pub fn inject(&self, fault: impl Into<Fault>) -> FaultId {
        self.engine.inject(fault.into())
    }

    /// Takes one fault off the menu; says whether it was there.
    #[expect(clippy::must_use_candidate, reason = "clearing is the point, not the answer")]
    pub fn clear_fault(&self, id: FaultId) -> bool {
        self.engine.clear_faults(Some(id)) > 0
    }

    /// Takes all faults off the menu; closed ports open again.
    pub fn clear_faults(&self) {
        self.engine.clear_faults(None);
    }

    /// The faults on the menu.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultView> {
        self.engine.menu.list()
    }

    /// How often a fault acted (0 once it is cleared).
    #[must_use]
    pub fn fired(&self, id: FaultId) -> u64 {
        self.engine.menu.fired(id)
    }

    /// Everything that really happened, in order.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.engine.world.ledger.entries(0)
    }

    /// The remembered requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestEntry> {
        self.engine.journal.entries(0)
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// How a coupon stands. `AUTO_` codes nobody has touched are absent.
    #[must_use]
    pub fn coupon(&self, code: &str) -> Option<CouponView> {
        self.engine.world.view(code)
    }

    /// Makes or alters a coupon.
    ///
    /// # Errors
    /// When the description does not make sense.
    pub fn put_coupon(&self, spec: &CouponSpec) -> Result<CouponView> {
        self.engine.world.put_coupon(spec)
    }

    /// Sets the state of a coupon, making it if need be.
    ///
    /// # Errors
    /// When the code is not 1 to 40 characters long.
    pub fn set_state(&self, code: &str, state: CouponState) -> Result<CouponView> {
        self.put_coupon(&CouponSpec::new(code).state(state))
    }

    /// Sets the sandbox's clock to real time plus this.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.engine.world.clock.set_offset(seconds);
    }

    /// Moves business time (validity, windows, states) against the
    /// sandbox's clock; requests of honest clients stay acceptable.
    pub fn set_world_offset(&self, seconds: i64) {
        self.engine.world.clock.set_world_offset(seconds);
    }

    /// Claims a token of `pre_send` or `bundle_pre_send` as the user would;
    /// the codes of the coupons it brought.
    ///
    /// # Errors
    /// When the token is unknown, claimed or too old, or the coupons can no
    /// longer be sent.
    pub fn claim(&self, token: &str) -> Result<Vec<String>> {
        self.engine.claim(token)
    }

    /// Everything as at the start: coupons, ledger, log, faults, clock.
    pub fn reset(&self) {
        self.engine.reset();
    }

    /// Blocks until somebody asks the program to end: `POST /shutdown`, or
    /// [`ShutdownHandle::request`].
    pub fn wait_for_shutdown(&self) {
        self.engine.end_wanted.wait();
    }

    /// For signal handlers and the like.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle(Arc::clone(&self.engine))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.engine.stop.raise();
        for host in self.hosts.iter_mut().chain([&mut self.control]) {
            host.stop();
        }
        self.engine.world.outbox.wake();
        if let Some(dispatcher) = self.dispatcher.take() {
            let _ = dispatcher.join();
        }
        self.engine.threads.wait_for_zero(STOP_PATIENCE);
        self.engine.post.wait(STOP_PATIENCE);
        if let Some(saver) = &mut self.saver {
            saver.finish();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("urls", &self.urls)
            .field("control_url", &self.control_url)
            .field("dir", &self.folder.path())
            .finish_non_exhaustive()
    }
}

/// Asks a waiting program to end.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<Engine>);

impl ShutdownHandle {
    /// Lets [`Sandbox::wait_for_shutdown`] return.
    pub fn request(&self) {
        self.0.end_wanted.raise();
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShutdownHandle")
    }
}
