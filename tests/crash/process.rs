//! The till as a process of its own: this test program, started again with a role.

use crate::books::{Notes, read_notes};
use crate::random::Random;
use crate::roles;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use testkit::counter::{Counter, Told};
use testkit::till::use_request;

const ROLE: &str = "WXCOUPON_TEST_ROLE";
/// The journal's name for one process.
const NAME: &str = "WXCOUPON_TEST_JOURNAL";
/// Settling is repeated this often, for it gives up where the line looks dead and where a coupon is locked.
pub const SETTLINGS: u64 = 20;

/// What a till process works with. All in one folder, so that one variable names it.
#[derive(Debug, Clone)]
pub struct Desk(pub PathBuf);

impl Desk {
    /// Writes the configuration that the till will read.
    pub fn set_up(folder: &Path, config: &Value) -> Desk {
        let desk = Desk(folder.to_owned());
        std::fs::create_dir_all(desk.journal().parent().unwrap()).unwrap();
        let mut config = config.clone();
        config["journal_path"] = json!(desk.journal());
        // On the journal's disk: where that is full, the log fails too, and must not fail a call.
        config["log_path"] = json!(desk.log());
        config["timeout_ms"] = json!(700);
        config["attempt_timeout_ms"] = json!(250);
        config["connect_timeout_ms"] = json!(250);
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
        desk
    }

    pub fn config(&self) -> Value {
        let text = std::fs::read_to_string(self.0.join("config.json")).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        if let Ok(name) = std::env::var(NAME) {
            config["journal_path"] = json!(name);
        }
        config
    }

    /// Another name of the journal, for that process: through a link, or relative to the folder that it works in.
    pub fn under_another_name(&self, process: &mut Command, random: &mut Random) {
        let link = self.0.join("link");
        if !link.is_symlink() {
            std::os::unix::fs::symlink("disk", &link).unwrap();
        }
        let names = ["disk/till.journal", "./link/till.journal", "link/../disk/till.journal"];
        let name = names[random.index(names.len())];
        process.current_dir(&self.0);
        if random.one_in(2) {
            process.env(NAME, name)
        } else {
            process.env(NAME, self.0.join(name))
        };
    }

    pub fn journal(&self) -> PathBuf {
        self.0.join("disk").join("till.journal")
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("disk").join("log")
    }

    pub fn notes(&self) -> PathBuf {
        self.0.join("notes")
    }

    pub fn settled(&self) -> PathBuf {
        self.0.join("settled")
    }

    /// A process with a role, not yet started. Numbers start with `prefix`; `amount` depends on the role.
    pub fn process(&self, role: &str, prefix: &str, seed: u64, amount: u64) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "process::till_process", "--ignored", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env("WXCOUPON_TEST_DESK", &self.0)
            .env("WXCOUPON_TEST_PREFIX", prefix)
            .env("WXCOUPON_SEED", seed.to_string())
            .env("WXCOUPON_TEST_AMOUNT", amount.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        command
    }

    /// Settles everything in a new process and asks about every number in the notes.
    pub fn settle(&self, settlings: u64) {
        let _ = std::fs::remove_file(self.settled());
        let mut settling = self.process("settle", "", 0, settlings).spawn().unwrap();
        wait(&mut settling, Duration::from_secs(180));
    }
}

/// Waits for a process that must end well.
pub fn wait(child: &mut Child, limit: Duration) {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the till process failed: {status}");
            return;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the till process did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The till of the other tests; does nothing when it is started by itself.
#[test]
#[ignore = "a process that the other tests start"]
fn till_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let variable = |name: &str| std::env::var(format!("WXCOUPON_{name}")).unwrap();
    let desk = Desk(PathBuf::from(variable("TEST_DESK")));
    let amount: u64 = variable("TEST_AMOUNT").parse().unwrap();
    let seed = variable("SEED").parse().unwrap();
    match role.as_str() {
        "redeem" => {
            redeem(&Counter::open(&desk.config()).unwrap(), &desk, &variable("TEST_PREFIX"), seed, amount);
        }
        "redeem in company" => {
            let till = Counter::open(&desk.config()).unwrap();
            let is_over = std::sync::atomic::AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| roles::disturb(&till, &desk, seed, &is_over));
                redeem(&till, &desk, &variable("TEST_PREFIX"), seed, amount);
                is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            });
        }
        "settle" => settle(&Counter::open(&desk.config()).unwrap(), &desk, amount),
        "small files" => crate::disk::with_small_files(&desk, seed, amount),
        "imports on a small disk" => crate::disk::import_on_a_small_disk(&desk),
        "learns on a small disk" => crate::disk::learn_on_a_small_disk(&desk),
        "small disk" => crate::disk::with_a_small_disk(&desk, seed, amount),
        "hold" => crate::locked::hold(&desk.journal()),
        "broken disk" => crate::unwritten::with_a_broken_disk(&desk, &variable("TEST_PREFIX")),
        "forgets" => crate::forget::forget(&desk),
        "imports" => crate::forget::import(&desk),
        "forks with a directory" => crate::forget::fork(&desk),
        "one" => roles::one(&desk, &variable("TEST_PREFIX")),
        "stays" => roles::redeem_and(&desk, &variable("TEST_PREFIX"), |_| ()),
        "changes folder" => {
            roles::redeem_and(&desk, &variable("TEST_PREFIX"), |_| roles::change_folder(&desk));
        }
        "closes the file" => {
            roles::redeem_and(&desk, &variable("TEST_PREFIX"), |_| roles::close_the_file(&desk));
        }
        "forks" | "forks and stays" => {
            let stays = role != "forks";
            roles::redeem_and(&desk, &variable("TEST_PREFIX"), |till| roles::fork(till, &desk, stays));
        }
        "two tills" => roles::fork_two_tills(&desk),
        _ => panic!("no such role: {role}"),
    }
}

/// Two threads redeem coupon after coupon, `amount` each. Now and then one that was asked for before.
pub fn redeem(counter: &Counter, desk: &Desk, prefix: &str, seed: u64, amount: u64) {
    let coupons = Mutex::new(Vec::<String>::new());
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let coupons = &coupons;
            scope.spawn(move || {
                let mut random = Random::seeded(seed.wrapping_add(thread));
                let mut notes = Notes::append_to(&desk.notes());
                for index in 0..amount {
                    let coupon = coupon(coupons, &mut random, &format!("AUTO_{prefix}_{thread}_{index}"));
                    let number = format!("{prefix}-{thread}-{index}");
                    one(counter, &mut notes, &coupon, &number);
                }
            });
        }
    });
}

fn coupon(coupons: &Mutex<Vec<String>>, random: &mut Random, fresh: &str) -> String {
    let mut coupons = coupons.lock().unwrap();
    if !coupons.is_empty() && random.one_in(8) {
        return coupons[random.index(coupons.len())].clone();
    }
    coupons.push(fresh.to_owned());
    fresh.to_owned()
}

/// One redemption; where the till may try again with the same number, once more.
fn one(counter: &Counter, notes: &mut Notes, coupon: &str, number: &str) {
    for _ in 0..2 {
        notes.line(&format!("asked {number} {coupon}"));
        let told: Told = counter.redeem(&use_request(coupon, number));
        notes.line(&format!("told {number} {}", told.status));
        if told.status / 1000 == 2 {
            eprintln!("{number}: {}", told.json["message"]);
        }
        if !matches!(told.status / 1000, 3 | 6) {
            break;
        }
    }
}

pub fn settle(counter: &Counter, desk: &Desk, settlings: u64) {
    settle_everything(counter, settlings);
    let mut book = Vec::new();
    book.push(format!("pending {}", counter.pending()));
    for number in read_notes(&desk.notes()).keys() {
        book.push(format!("answer {number} {}", counter.settle(Some(number)).status));
    }
    let mut settled = Notes::append_to(&desk.settled());
    settled.line(&book.join("\n"));
}

pub fn settle_everything(counter: &Counter, settlings: u64) {
    for _ in 0..settlings {
        let told = counter.settle(None);
        assert_ne!(told.status / 1000, 9, "{}", told.json);
        if told.status == 0 {
            break;
        }
        // A coupon stays locked while a request from before the crash is being processed.
        std::thread::sleep(Duration::from_millis(100));
    }
}
