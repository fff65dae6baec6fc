//! A hub that is killed, stands still, has a wrong clock, and is started again.

use super::figures::{CLOCK_STEPS, FREEZES, Figures, HUB_KILLS};
use super::plan::{At, HubDeed};
use crate::chain::Chain;
use crate::library::address;
use crate::line::Line;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

pub struct Hub {
    pub chain: Chain,
    /// From each till.
    pub lines: Vec<Arc<Line>>,
    /// The file that says how far its clock is off.
    clock: PathBuf,
    ready: Option<Receiver<String>>,
    launched: Instant,
    is_ready: bool,
}

/// Debian's libfaketime, which reads from a file what the time of the process is. Monotonic clocks stay right.
fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let mut found = folders.map(|folder| folder.unwrap().path().join("faketime/libfaketimeMT.so.1"));
    let found = found.find(|path| path.exists());
    found.expect("libfaketime is installed (tools/fetch/setup.sh)").to_str().unwrap().to_owned()
}

impl Hub {
    pub fn new(mut chain: Chain, lines: Vec<Arc<Line>>) -> Hub {
        let clock = PathBuf::from(chain.file("clock"));
        std::fs::write(&clock, "+0").unwrap();
        chain.environment = vec![
            ("LD_PRELOAD", faketime()),
            ("FAKETIME_TIMESTAMP_FILE", chain.file("clock")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
        ];
        Hub { chain, lines, clock, ready: None, launched: Instant::now(), is_ready: false }
    }

    /// Starts it, and waits for nothing.
    pub fn launch(&mut self) {
        let mut stdout = BufReader::new(self.chain.launch());
        let (says, ready) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = says.send(line);
        });
        (self.ready, self.launched, self.is_ready) = (Some(ready), Instant::now(), false);
    }

    /// One look at it: it is started again where it has ended, and tills are led to it where it listens.
    fn attend(&mut self, figures: &Figures) {
        let said = self.ready.as_ref().and_then(|ready| ready.try_recv().ok());
        if said.is_some_and(|said| self.chain.listens(&said)) {
            self.is_ready = true;
            let at = address(&self.chain.at).to_owned();
            self.lines.iter().for_each(|line| line.lead_to(&at));
            figures.took("a hub is ready after its start", self.launched.elapsed());
        }
        if self.chain.has_ended() {
            assert!(!self.is_ready, "it has ended by itself: {}", self.chain.log());
            figures.add("starts of a hub that ended with an error, for want of a database", 1);
            thread::sleep(Duration::from_millis(300));
            self.launch();
        }
    }

    fn attend_until(&mut self, at: Instant, figures: &Figures) {
        while Instant::now() < at {
            self.attend(figures);
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn attend_until_ready(&mut self, figures: &Figures) {
        let began = Instant::now();
        while !self.is_ready {
            assert!(began.elapsed() < Duration::from_secs(240), "never ready: {}", self.chain.log());
            self.attend_until(Instant::now() + Duration::from_millis(20), figures);
        }
    }

    fn kill(&mut self, pause_ms: u64, figures: &Figures) {
        self.chain.kill();
        figures.add(HUB_KILLS, 1);
        thread::sleep(Duration::from_millis(pause_ms));
        self.launch();
    }

    fn suffer(&mut self, deed: HubDeed, figures: &Figures) {
        match deed {
            HubDeed::Kill { pause_ms } => self.kill(pause_ms, figures),
            HubDeed::KillTwice { pause_ms, after_ms } => {
                self.kill(pause_ms, figures);
                thread::sleep(Duration::from_millis(after_ms));
                self.kill(pause_ms, figures);
            }
            HubDeed::Freeze { ms } => {
                if self.chain.has_ended() {
                    self.launch();
                    self.attend_until_ready(figures);
                }
                self.chain.signal("-STOP");
                thread::sleep(Duration::from_millis(ms));
                self.chain.signal("-CONT");
                figures.add(FREEZES, 1);
            }
            HubDeed::Clock { seconds } => {
                std::fs::write(&self.clock, format!("{seconds:+}")).unwrap();
                figures.add(CLOCK_STEPS, 1);
            }
        }
    }

    /// Lives through what is planned, until it is over.
    pub fn live(&mut self, deeds: &[(At, HubDeed)], began: Instant, over: &AtomicBool, figures: &Figures) {
        for (at, deed) in deeds {
            self.attend_until(began + Duration::from_millis(*at), figures);
            self.suffer(*deed, figures);
        }
        while !over.load(Ordering::SeqCst) {
            self.attend_until(Instant::now() + Duration::from_millis(20), figures);
        }
        std::fs::write(&self.clock, "+0").unwrap();
    }
}
