//! WeChat Pay on this machine, and a hub before it.

use crate::till::{At, Came, Sent, Till, send};
use serde_json::{Value, json};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use wxcoupon_sandbox::{Effect, Options, Sandbox};

/// The hub of this build, or the one of an archive.
fn program() -> OsString {
    env::var_os("WXCOUPON_HUB").unwrap_or_else(|| env!("CARGO_BIN_EXE_wxcoupon-hub").into())
}

#[cfg(feature = "postgres")]
thread_local! {
    /// Whether the chains of this test keep what they keep in PostgreSQL.
    static IN_POSTGRES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs a test, or a part of it, with chains on PostgreSQL.
#[cfg(feature = "postgres")]
pub fn with_postgres<T>(test: impl FnOnce() -> T) -> T {
    IN_POSTGRES.set(true);
    let found = test();
    IN_POSTGRES.set(false);
    found
}

/// What all hubs of a chain keep their things in.
#[derive(Clone)]
pub enum Store {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres(Arc<Mutex<crate::server::Server>>),
}

impl Store {
    fn of_this_test() -> Store {
        #[cfg(feature = "postgres")]
        if IN_POSTGRES.get() {
            return Store::postgres(crate::server::Server::start());
        }
        Store::Sqlite
    }

    #[cfg(feature = "postgres")]
    pub fn postgres(server: crate::server::Server) -> Store {
        Store::Postgres(Arc::new(Mutex::new(server)))
    }

    fn url(&self) -> String {
        match self {
            Store::Sqlite => "hub.db".into(),
            #[cfg(feature = "postgres")]
            Store::Postgres(server) => server.lock().unwrap().url(),
        }
    }
}

/// A sandbox and a hub.
pub struct Chain {
    pub sandbox: Arc<Sandbox>,
    pub folder: TempDir,
    pub store: Store,
    /// Where the hub finds its store.
    pub url: String,
    /// What stands in the configuration beside what it must have.
    more: String,
    /// The library's configuration.
    wechatpay: Value,
    /// Variables of the hub's process.
    pub environment: Vec<(&'static str, String)>,
    process: Option<Child>,
    /// What the hub has logged.
    log: Arc<Mutex<String>>,
    pub at: At,
    pub admin: At,
}

fn toml(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

impl Chain {
    pub fn new(more: &str) -> Chain {
        Chain::with(more, &json!({}))
    }

    /// `changes`: of the library's configuration.
    pub fn with(more: &str, changes: &Value) -> Chain {
        Chain::on(Store::of_this_test(), more, changes)
    }

    /// A chain with its store there.
    pub fn on(store: Store, more: &str, changes: &Value) -> Chain {
        let sandbox = Arc::new(Sandbox::start(Options::default()).unwrap());
        let url = store.url();
        let mut chain = Chain::before(sandbox, store, url, more, changes);
        chain.start();
        chain
    }

    /// A hub before that WeChat Pay, which has not begun.
    pub fn before(sandbox: Arc<Sandbox>, store: Store, url: String, more: &str, changes: &Value) -> Chain {
        let mut wechatpay = sandbox.config();
        wechatpay["max_rate_per_s"] = json!(100_000);
        let nowhere = At::Plain(String::new());
        let mut chain = Chain {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
            store,
            url,
            more: more.to_owned(),
            wechatpay,
            environment: Vec::new(),
            process: None,
            log: Arc::default(),
            at: nowhere.clone(),
            admin: nowhere,
        };
        chain.change(changes);
        assert!(chain.prompt(&["new-master-key", &chain.file("master.key")]).0, "a key is made");
        chain.configure("");
        chain
    }

    fn change(&mut self, changes: &Value) {
        for (name, value) in changes.as_object().unwrap() {
            self.wechatpay[name] = value.clone();
        }
    }

    /// One more hub on the same store, which finds it at this URL, and has not begun. `changes`: of the library's configuration.
    #[cfg(feature = "postgres")]
    pub fn beside(&self, url: String, changes: &Value) -> Chain {
        let nowhere = At::Plain(String::new());
        let mut another = Chain {
            sandbox: Arc::clone(&self.sandbox),
            folder: tempfile::tempdir().unwrap(),
            store: self.store.clone(),
            url,
            more: self.more.clone(),
            wechatpay: self.wechatpay.clone(),
            environment: Vec::new(),
            process: None,
            log: Arc::default(),
            at: nowhere.clone(),
            admin: nowhere,
        };
        another.change(changes);
        fs::copy(self.file("master.key"), another.file("master.key")).unwrap();
        another.configure("");
        another
    }

    /// One more hub on the same store, which finds it at this URL.
    #[cfg(feature = "postgres")]
    pub fn another_at(&self, url: String) -> Chain {
        let mut another = self.beside(url, &json!({}));
        another.start();
        another
    }

    #[cfg(feature = "postgres")]
    pub fn another(&self) -> Chain {
        self.another_at(self.url.clone())
    }

    /// The database.
    #[cfg(feature = "postgres")]
    pub fn server(&self) -> std::sync::MutexGuard<'_, crate::server::Server> {
        let Store::Postgres(server) = &self.store else { panic!("a file") };
        server.lock().unwrap()
    }

    /// Changes the store behind the hub's back.
    pub fn change_store(&self, sql: &str) {
        match &self.store {
            Store::Sqlite => {
                let store = rusqlite::Connection::open(self.file("hub.db")).unwrap();
                assert!(store.execute(&sql.replace("{hub}", "main"), []).unwrap() > 0);
            }
            #[cfg(feature = "postgres")]
            Store::Postgres(server) => {
                let sql = sql.replace("{hub}", "wxcoupon_hub") + " RETURNING 1";
                assert!(!server.lock().unwrap().ask("journal", &sql).is_empty());
            }
        }
    }

    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("hub.toml")
    }

    /// Writes the configuration, with members of `[tills]` more.
    pub fn configure(&self, tills: &str) {
        // Beside a file it is by itself.
        let directory = if self.url.contains("://") { "directory_path = \"coupons\"\n" } else { "" };
        let members = self.wechatpay.as_object().unwrap().iter().filter(|(name, _)| *name != "journal_path");
        let members: Vec<String> = members.map(|(name, value)| format!("{name} = {}", toml(value))).collect();
        let text = format!(
            "store = \"{}\"\n{directory}master_key = \"master.key\"\n{}\n[wechatpay]\n{}\n\n[tills]\nplain_listen = \"127.0.0.1:0\"\n{tills}\n[admin]\nlisten = \"127.0.0.1:0\"\n",
            self.url,
            self.more,
            members.join("\n")
        );
        fs::write(self.config_path(), text).unwrap();
    }

    pub fn start(&mut self) {
        let mut ready = String::new();
        for _ in 0..3 {
            BufReader::new(self.launch()).read_line(&mut ready).unwrap();
            // A busy machine's database may be late. Whoever runs a hub starts it again.
            if !ready.is_empty() || !self.log().ends_with("no answer in time\n") {
                break;
            }
        }
        assert!(self.listens(&ready), "{ready:?}, and the log: {}", self.log());
    }

    /// Starts the process. What it writes on standard output is one line, once it is ready.
    pub fn launch(&mut self) -> ChildStdout {
        let mut process = Command::new(program())
            .arg("--config")
            .arg(self.config_path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = process.stderr.take().unwrap();
        let log = Arc::clone(&self.log);
        thread::spawn(move || keep(stderr, &log));
        let stdout = process.stdout.take().unwrap();
        self.process = Some(process);
        stdout
    }

    /// Reads from that line where it listens. False: it says nothing of that.
    pub fn listens(&mut self, ready: &str) -> bool {
        let listener = |name: &str| {
            let found = ready.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned)
        };
        let (Some(plain), Some(admin)) = (listener("tills_plain"), listener("admin")) else { return false };
        self.at = At::Plain(plain);
        self.admin = At::Plain(admin);
        if let Some(tls) = listener("tills") {
            self.at = At::Tls(tls, self.folder.path().join("ca.pem"));
        }
        true
    }

    /// Whether the process has ended by itself.
    #[cfg(feature = "postgres")]
    pub fn has_ended(&mut self) -> bool {
        let has_ended = |process: &mut Child| process.try_wait().unwrap().is_some();
        self.process.as_mut().is_none_or(has_ended)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Ends the hub as the power does.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Ends the hub as systemd does.
    pub fn stop(&mut self) {
        self.signal("-TERM");
        assert!(self.process.take().unwrap().wait().unwrap().success(), "{}", self.log());
    }

    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Runs a command at the prompt: whether it went well, and what it said.
    pub fn prompt(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(program())
            .arg("--config")
            .arg(self.config_path())
            .args(["--lang", "en"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    }

    /// A one-time code for a till.
    pub fn code(&self, command: &str, name: &str) -> String {
        let (is_fine, said) = self.prompt(&["till", command, name]);
        assert!(is_fine, "{said}");
        let code = said.split("code ").nth(1).unwrap();
        code.split_whitespace().next().unwrap().to_owned()
    }

    /// A till with a key.
    pub fn till(&self, name: &str) -> Till {
        Till::enroll(&self.at, name, &self.code("add", name)).unwrap()
    }

    /// What somebody at the admin listener gets.
    pub fn get(&self, target: &str, headers: &[(&'static str, &str)]) -> Came {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        send(&self.admin, &Sent { method: "GET", target: target.into(), headers, body: String::new() })
            .unwrap()
    }

    /// How often a coupon was redeemed and returned.
    pub fn effects(&self, coupon: &str) -> (usize, usize) {
        let ledger = self.sandbox.ledger();
        let count = |effect: Effect| {
            ledger.iter().filter(|entry| entry.coupon_code == coupon && entry.effect == effect).count()
        };
        (count(Effect::Used), count(Effect::Returned))
    }
}

fn keep(mut stderr: ChildStderr, log: &Mutex<String>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut bytes) {
        log.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the hub's log:\n{}", self.log());
        }
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Waits for what must come. It asks slowly, because tills have a pace.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    testkit::till::until(what, || {
        let held = holds();
        if !held {
            thread::sleep(Duration::from_millis(50));
        }
        held
    });
}
