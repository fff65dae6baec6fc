//! A running sandbox, as Rust tests use it.

mod customer;
mod doors;
mod files;
mod folder;
mod runtime;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::admin::AdminServer;
use crate::admin::sessions::Sessions;
use crate::admin::token::Token;
use crate::console::Files;
use crate::console::scenario::Scenario;
use crate::control::Control;
use crate::crypto::keys::Keys;
use crate::error::{Error, Result};
use crate::faults::registry::FaultView;
use crate::faults::{Fault, FaultId};
use crate::http::listener::RunningListener;
use crate::http::place::Place;
use crate::http::tls::TlsKind;
use crate::options::Options;
use crate::protocol::Api;
use crate::protocol::request_log::RequestEntry;
use crate::protocol::stats::Stats;
use crate::state::coupon::CouponState;
use crate::state::file::{self, Beside, Saver};
use crate::state::ledger::LedgerEntry;
use crate::state::view::{CouponSpec, CouponView};
use crate::webhooks::dispatcher;
use doors::Hosts;
use folder::Folder;

/// How long stopping waits for threads.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// A WeChat Pay stand-in, on loopback ports unless told otherwise. It stops when dropped.
pub struct Sandbox {
    api: Arc<Api>,
    control: Arc<Control>,
    /// The two hosts, then the extra listeners.
    listeners: Vec<RunningListener>,
    admin: AdminServer,
    token: Option<Token>,
    sessions: Arc<Sessions>,
    /// Sends notifications.
    dispatcher: Option<JoinHandle<()>>,
    extra: Vec<(TlsKind, String)>,
    urls: [String; 2],
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
    pub fn start(mut options: Options) -> Result<Self> {
        let folder = Folder::open(options.dir.as_deref())?;
        let keys = match &options.keys {
            Some(keys) => keys.clone(),
            None => folder.load_keys()?.map_or_else(Keys::shared, Ok)?,
        };
        folder.save_keys(&keys)?;
        let place = Place::new(options.listen, &options.names)?;
        if options.names_journal && options.journal.is_none() {
            options.journal = Some(folder.file(folder::JOURNAL));
        }
        let state_path = options.state.clone();
        let api = Arc::new(Api::new(options, keys.clone())?);
        let control = Arc::new(Control::new(Arc::clone(&api)));
        if let Some(path) = &state_path {
            let made = file::load(path, &api.state)?;
            let made = (!made.is_null()).then(|| serde_json::from_value(made)).transpose();
            let damaged = |e: serde_json::Error| Error::State { path: path.clone(), reason: e.into() };
            control.restore_made(made.map_err(damaged)?.unwrap_or_default());
        }

        let Hosts { listeners, urls, extra } = Hosts::open(&api, &place)?;
        control.set_listeners(listeners.iter().map(|running| Arc::downgrade(&running.listener)).collect());
        let entrance = doors::entrance(&api, &place)?;
        let (token, sessions) = (entrance.token.clone(), Arc::clone(&entrance.sessions));
        let admin = AdminServer::start(&control, entrance, api.options.control_port)?;
        let _ = api.urls.set(urls.clone());

        let webhooks = Arc::clone(&api.webhooks);
        let dispatcher = thread::Builder::new()
            .name("sandbox-dispatcher".to_owned())
            .spawn(move || dispatcher::run(&webhooks))
            .map_err(Error::Thread)?;

        let journal = api.options.journal.clone().filter(|_| api.options.names_journal);
        let config = files::config(&keys, &folder, &urls, journal.as_deref())?;
        let mut sandbox = Self {
            api,
            control,
            listeners,
            admin,
            token,
            sessions,
            dispatcher: Some(dispatcher),
            extra,
            urls,
            config,
            config_path: folder.file(folder::CONFIG),
            folder,
            saver: None,
        };
        sandbox.folder.save_json(folder::CONFIG, &sandbox.config)?;
        let journal = journal.is_some().then(|| sandbox.folder.file(folder::BRAND_JOURNAL));
        let brand_config = files::brand_config(&keys, &sandbox.folder, &sandbox.urls, journal.as_deref());
        sandbox.folder.save_json(folder::BRAND_CONFIG, &brand_config)?;
        let mut files =
            Files { config: sandbox.config.clone(), brand_config, ca: sandbox.folder.file(folder::CA) };
        if !place.is_this_machine() {
            files.config = files::portable(files.config);
            files.brand_config = files::portable(files.brand_config);
        }
        let _ = sandbox.control.console.files.set(files);
        sandbox.folder.save_json(folder::SANDBOX, &sandbox.description())?;
        sandbox.saver = state_path
            .map(|path| {
                let beside = Arc::clone(&sandbox.control) as Arc<dyn Beside>;
                Saver::start(path, &sandbox.api.state, beside, &sandbox.api.lifecycle)
            })
            .transpose()?;
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

    /// Base URL of the admin interface.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.admin.url().to_owned()
    }

    /// Address of the console, for browsers. It bears the token if that was made up here.
    #[must_use]
    pub fn console_url(&self) -> String {
        let made_up = self.token.as_ref().filter(|_| self.api.options.token.is_none());
        let token = made_up.map(|token| format!("?token={}", token.text())).unwrap_or_default();
        format!("{}/{token}", self.admin.url())
    }

    /// Address of the console that signs a browser in once, within two minutes; for command lines, which others see.
    ///
    /// # Errors
    /// When OpenSSL has no random numbers.
    pub fn sign_in_url(&self) -> Result<String> {
        let page = format!("{}/", self.admin.url());
        match self.token {
            None => Ok(page),
            Some(_) => Ok(format!("{page}?code={}", self.sessions.code()?)),
        }
    }

    /// What opens the admin interface and the console; `None`: they are open to this machine.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(Token::text)
    }

    /// The keys in use.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.api.keys
    }

    /// Injects a fault. With
    /// [`RefuseConnection`](crate::FaultKind::RefuseConnection) the ports are
    /// closed when this returns.
    pub fn inject(&self, fault: impl Into<Fault>) -> FaultId {
        self.control.inject(fault.into())
    }

    /// Injects a fault that [`Sandbox::start_over`] arms anew.
    pub fn inject_from_the_start(&self, fault: impl Into<Fault>) -> FaultId {
        self.control.inject_from_the_start(fault.into())
    }

    /// Clears one fault; says whether it was there.
    #[expect(clippy::must_use_candidate, reason = "clearing is the point, not the answer")]
    pub fn clear_fault(&self, id: FaultId) -> bool {
        self.control.clear_faults(Some(id)) > 0
    }

    /// Clears all faults; closed ports open again.
    pub fn clear_faults(&self) {
        self.control.clear_faults(None);
    }

    /// Ends all connections once what was sent on them has been read and answered: a caller that gave up has
    /// left requests behind that would be judged by the faults of a later moment. Waits two seconds at most.
    pub fn finish_requests(&self) {
        for running in &self.listeners {
            running.listener.finish_requests(Duration::from_secs(2));
        }
    }

    /// The injected faults.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultView> {
        self.api.faults.list()
    }

    /// How often a fault acted (0 once it is cleared).
    #[must_use]
    pub fn fired(&self, id: FaultId) -> u64 {
        self.api.faults.fired(id)
    }

    /// Everything that really happened, in order.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.api.state.ledger.entries(0)
    }

    /// The remembered requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestEntry> {
        self.api.request_log.entries(0)
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.control.stats()
    }

    /// How a coupon stands. `AUTO_` codes nobody has touched are absent.
    #[must_use]
    pub fn coupon(&self, code: &str) -> Option<CouponView> {
        self.api.state.view(code)
    }

    /// Makes or alters a coupon.
    ///
    /// # Errors
    /// When the description does not make sense.
    pub fn put_coupon(&self, spec: &CouponSpec) -> Result<CouponView> {
        self.control.put_coupon(spec)
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
        self.api.state.clock.set_offset(seconds);
    }

    /// Moves business time (validity, windows, states) against the
    /// sandbox's clock; requests of honest clients stay acceptable.
    pub fn set_business_offset(&self, seconds: i64) {
        self.api.state.clock.set_business_offset(seconds);
    }

    /// Adds the coupons and faults of a scenario, and sets the clock as it has it; says how many coupons it made or altered.
    ///
    /// # Errors
    /// When the file is not a scenario, or names what this sandbox does not know.
    pub fn apply_scenario(&self, file: &[u8]) -> Result<usize> {
        self.control.apply(&Scenario::parse(file).map_err(Error::Scenario)?)
    }

    /// As at the start, but for what was made since ([`Sandbox::put_coupon`]) and the faults of the start.
    pub fn start_over(&self) {
        self.control.start_over();
    }

    /// Everything as at the start: coupons, ledger, log, clock; no faults.
    pub fn reset(&self) {
        self.control.reset();
    }

    /// Blocks until somebody asks the program to end: `POST /shutdown`, or
    /// [`ShutdownHandle::request`].
    pub fn wait_for_shutdown(&self) {
        self.control.shutdown.wait();
    }

    /// For signal handlers and the like.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle(Arc::clone(&self.control))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.api.lifecycle.stop.raise();
        for listener in &mut self.listeners {
            listener.stop();
        }
        self.admin.stop();
        self.api.state.outbox.wake();
        if let Some(dispatcher) = self.dispatcher.take() {
            let _ = dispatcher.join();
        }
        self.api.lifecycle.connections.wait_for_zero(STOP_PATIENCE);
        self.api.webhooks.wait(STOP_PATIENCE);
        if let Some(saver) = &mut self.saver {
            saver.finish();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("urls", &self.urls)
            .field("control_url", &self.control_url())
            .field("dir", &self.folder.path())
            .finish_non_exhaustive()
    }
}

/// Asks a waiting program to end.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<Control>);

impl ShutdownHandle {
    /// Lets [`Sandbox::wait_for_shutdown`] return.
    pub fn request(&self) {
        self.0.shutdown.raise();
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShutdownHandle")
    }
}
