//! The console in a real Chromium: each of its views, both languages, both themes, with keyboard and scanner.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod accessibility;
mod browser;
mod connection;
mod coupons;
mod door;
mod faults;
mod languages;
mod log;
mod looks;
mod pictures;
mod record;
mod refusals;
mod truth;

#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::Command;

use browser::{Browser, Seat};
use support::Till;
use wxcoupon_sandbox::Sandbox;

/// The names of the views, as addresses have them.
const VIEWS: [&str; 7] = ["coupons", "phone", "faults", "log", "truth", "setup", "record"];

/// A sandbox, a till, and somebody who looks; `None` where there is no browser.
struct Shop {
    // Dropped first, so that nobody looks any more when the sandbox ends.
    browser: Browser,
    till: Till,
    sandbox: Sandbox,
}

impl Shop {
    fn open(seat: Seat) -> Option<Self> {
        browser::is_there().then(|| {
            let sandbox = support::sandbox();
            let browser = Browser::open(seat, &sandbox.console_url());
            Self { browser, till: Till::new(&sandbox), sandbox }
        })
    }

    /// Redeems with everything right; the status.
    fn redeem(&self, code: &str, number: &str) -> u16 {
        self.till.send(&self.till.use_request(code, number)).unwrap().status
    }
}

/// A folder for what tests leave.
fn scratch() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a scanner reads from the screen.
fn scan(browser: &Browser, name: &str) -> String {
    let picture = scratch().join(format!("{name}.png"));
    browser.screenshot(&picture);
    let read = Command::new("zbarimg").args(["--quiet", "--nodbus"]).arg(&picture).output().unwrap();
    String::from_utf8_lossy(&read.stdout).into_owned()
}
