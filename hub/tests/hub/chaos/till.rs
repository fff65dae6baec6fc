//! A till: a process of its own, which is this test program started again, with the library in its till mode.

use super::figures::{Figures, TILL_KILLS};
use super::plan::At;
use super::sale::Shop;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "WXCOUPON_CHAOS_ROLE";

/// What a till works with.
pub struct Desk {
    pub folder: PathBuf,
    pub name: String,
    pub seed: u64,
}

impl Desk {
    /// `config`: the library's. `journal`: whether it has a file.
    pub fn set_up(
        folder: &Path,
        name: &str,
        seed: u64,
        config: &Value,
        journal: bool,
        returns_all: bool,
    ) -> Desk {
        let desk = Desk { folder: folder.to_owned(), name: name.to_owned(), seed };
        let mut config = config.clone();
        if journal {
            config["journal_path"] = json!(desk.file("journal"));
        }
        for (limit, ms) in [("timeout_ms", 4_000), ("attempt_timeout_ms", 1_200), ("connect_timeout_ms", 500)]
        {
            config[limit] = json!(ms);
        }
        let known = json!({
            "config": config, "record": desk.record(), "stop": folder.join("stop"), "returns_all": returns_all,
        });
        std::fs::write(desk.file("desk"), known.to_string()).unwrap();
        desk
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }

    pub fn record(&self) -> PathBuf {
        self.file("record")
    }

    /// A process of this till.
    fn process(&self, role: &str, seed: u64) -> Child {
        let said = std::fs::OpenOptions::new().create(true).append(true).open(self.file("said")).unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "chaos::till::till_process", "--ignored", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env("WXCOUPON_CHAOS_DESK", self.file("desk"))
            .env("WXCOUPON_SEED", seed.to_string())
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.file("said")).unwrap_or_default()
    }

    /// Works, and is killed at these times; until it is over.
    pub fn live(&self, kills: &[At], began: Instant, over: &AtomicBool, figures: &Figures) {
        let mut kills = kills.iter().map(|at| began + Duration::from_millis(*at)).peekable();
        let mut seed = self.seed;
        let mut process = Living(self.process("work", seed));
        loop {
            thread::sleep(Duration::from_millis(20));
            let stops = over.load(Ordering::SeqCst);
            if let Some(status) = process.0.try_wait().unwrap() {
                assert!(stops && status.success(), "{}: {status}\n{}", self.name, self.said());
                return;
            }
            if !stops && kills.next_if(|at| *at <= Instant::now()).is_some() {
                process.kill();
                figures.add(TILL_KILLS, 1);
                seed = seed.wrapping_add(1);
                process = Living(self.process("work", seed));
            }
        }
    }

    /// Ends what is open, in a new process.
    pub fn end(&self, limit: Duration, waits_for_watched: bool) {
        let role = if waits_for_watched { "end" } else { "end soon" };
        let mut process = Living(self.process(&format!("{role} {}", limit.as_secs()), self.seed ^ 1));
        let status = process.0.wait().unwrap();
        assert!(status.success(), "{}: {status}\n{}", self.name, self.said());
    }
}

/// A process that does not outlive its test.
struct Living(Child);

impl Living {
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A till; does nothing when it is started by itself.
#[test]
#[ignore = "a process that the other tests start"]
fn till_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let variable = |name: &str| std::env::var(format!("WXCOUPON_{name}")).unwrap();
    let desk = PathBuf::from(variable("CHAOS_DESK"));
    let mut shop = Shop::open(&desk, variable("SEED").parse().unwrap());
    match role.rsplit_once(' ') {
        None => shop.work(),
        Some((role, seconds)) => {
            shop.end(Duration::from_secs(seconds.parse().unwrap()), role == "end");
        }
    }
}
