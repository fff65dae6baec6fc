//! Strange company: who works on a row is known whatever the file is called, whoever closes it, and whoever is forked.

use crate::books::read_settled;
use crate::process::Desk;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::till::{Till, until};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const E_LOCKED: i32 = 6002;
const PATIENCE: Duration = Duration::from_secs(60);
/// The redemption of a busy till.
pub const NUMBER: &str = "COMPANY-0001";

/// A shop whose redemptions wait for their answer until the till is killed.
struct Shop {
    sandbox: Sandbox,
    _folder: TempDir,
    desk: Desk,
}

impl Shop {
    fn open() -> Shop {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        Shop { sandbox, _folder: folder, desk }
    }

    /// A process with that role that has sent a redemption and has no answer. The journal under that name.
    fn busy(&self, role: &str, journal: &str) -> Busy {
        let mut config = self.desk.config();
        for limit in ["timeout_ms", "attempt_timeout_ms"] {
            config[limit] = json!(100_000);
        }
        config["journal_path"] = json!(journal);
        fs::write(self.desk.0.join("config.json"), config.to_string()).unwrap();
        let fault = self.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
        let mut process = self.desk.process(role, NUMBER, 0, 0);
        process.current_dir(self.desk.journal().parent().unwrap());
        let process = Busy(process.spawn().unwrap());
        until("the redemption was sent", || self.sandbox.fired(fault) > 0);
        self.sandbox.clear_fault(fault);
        process
    }

    /// What a new process is told about the number, with the journal under that name.
    fn settled(&self, journal: &str) -> i32 {
        let mut config = self.desk.config();
        config["journal_path"] = json!(journal);
        fs::write(self.desk.0.join("config.json"), config.to_string()).unwrap();
        let _ = fs::remove_file(self.desk.settled());
        let mut process = self.desk.process("one", NUMBER, 0, 0);
        process.current_dir(self.desk.journal().parent().unwrap());
        assert!(process.status().unwrap().success());
        read_settled(&self.desk.settled()).answers[NUMBER]
    }

    fn note(&self, line: &str) -> bool {
        fs::read_to_string(self.desk.notes()).unwrap_or_default().lines().any(|noted| noted == line)
    }

    fn real_name(&self) -> String {
        self.desk.journal().to_str().unwrap().to_owned()
    }
}

/// A process that ends with the test.
struct Busy(Child);

impl Busy {
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a program with a common `SQLite` does.
pub fn common_sqlite(journal: &Path, statement: &str) -> String {
    let program = "import sqlite3, sys\n\
                   with sqlite3.connect(sys.argv[1]) as db:\n    print(db.execute(sys.argv[2]).fetchall())\n\
                   db.close()";
    let output = Command::new("python3").args(["-c", program]).arg(journal).arg(statement).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_living_context_is_alive_under_every_name_of_its_journal() {
    let shop = Shop::open();
    let real = shop.real_name();
    let folder = shop.desk.journal().parent().unwrap().to_owned();
    std::os::unix::fs::symlink(&real, folder.join("link")).unwrap();
    std::os::unix::fs::symlink(&folder, shop.desk.0.join("other")).unwrap();
    let through = shop.desk.0.join("other/link").to_str().unwrap().to_owned();
    let names = [real.as_str(), "till.journal", "./link", through.as_str(), "../disk/till.journal"];
    for (at, name) in names.into_iter().enumerate() {
        let role = if at % 2 == 0 { "stays" } else { "changes folder" };
        let mut busy = shop.busy(role, name);
        if at % 2 == 1 {
            until("it works in another folder", || shop.note("moved"));
        }
        for other in names {
            assert_eq!(shop.settled(other), E_LOCKED, "{other}, while it is at work under {name}");
        }
        busy.kill();
        assert_eq!(shop.settled(names[(at + 1) % names.len()]), 0, "nobody works on it any more");
        fs::remove_file(&real).unwrap();
        let _ = fs::remove_file(shop.desk.notes());
        shop.sandbox.reset();
    }
}

#[test]
fn a_second_name_of_the_file_itself_is_refused() {
    let shop = Shop::open();
    drop(Till::new(&shop.desk.config()));
    let other = shop.desk.0.join("hard");
    fs::hard_link(shop.desk.journal(), &other).unwrap();
    for path in [shop.desk.journal(), other.clone()] {
        let mut config = shop.desk.config();
        config["journal_path"] = json!(path);
        let refused = Till::try_new(&config).err().unwrap();
        assert_eq!(refused.name(), "WXCOUPON_E_JOURNAL", "{}", refused.json);
        assert!(refused.json["message"].as_str().unwrap().contains("2 names"), "{}", refused.json);
    }
    fs::remove_file(other).unwrap();
    drop(Till::new(&shop.desk.config()));
}

#[test]
fn what_the_host_closes_takes_nothing_from_a_living_context() {
    let shop = Shop::open();
    let mut busy = shop.busy("closes the file", &shop.real_name());
    until("the file was closed", || shop.note("closed"));
    let log = shop.desk.journal().with_file_name("till.journal-wal");
    // Whoever closes last removes the log; a common SQLite must not be the last.
    for _ in 0..3 {
        let count = common_sqlite(&shop.desk.journal(), "SELECT count(*) FROM requests");
        assert_eq!(count.trim(), "[(1,)]");
        assert!(log.exists());
    }
    assert_eq!(shop.settled(&shop.real_name()), E_LOCKED);
    busy.kill();
    assert_eq!(shop.settled(&shop.real_name()), 0);
}

#[test]
fn a_child_that_exits_takes_nothing_from_its_parent_and_is_refused_itself() {
    let shop = Shop::open();
    let mut busy = shop.busy("forks", &shop.real_name());
    until("it was forked", || shop.note("forked"));
    assert!(shop.note("child was refused"));
    assert_eq!(shop.settled(&shop.real_name()), E_LOCKED);
    assert!(shop.sandbox.requests().iter().all(|sent| sent.number.as_deref() == Some(NUMBER)));
    busy.kill();
    assert_eq!(shop.settled(&shop.real_name()), 0);
}

#[test]
fn a_child_that_outlives_its_parent_keeps_nothing() {
    let shop = Shop::open();
    let mut busy = shop.busy("forks and stays", &shop.real_name());
    until("it was forked", || shop.note("forked") && shop.note("child was refused"));
    let notes = fs::read_to_string(shop.desk.notes()).unwrap();
    let child: libc::pid_t =
        notes.lines().find_map(|line| line.strip_prefix("child ")?.parse().ok()).unwrap();
    assert_eq!(shop.settled(&shop.real_name()), E_LOCKED);
    busy.kill();
    // SAFETY: asks whether the child of that process is there, and ends it.
    let (was_there, settled) = unsafe {
        let was_there = libc::kill(child, 0) == 0;
        let settled = shop.settled(&shop.real_name());
        libc::kill(child, libc::SIGKILL);
        (was_there, settled)
    };
    assert!(was_there, "the child ended too early");
    assert_eq!(settled, 0);
}

#[test]
fn a_child_with_a_context_of_its_own_is_one_more_till() {
    let shop = Shop::open();
    let mut process = shop.desk.process("two tills", "", 0, 0);
    assert!(process.stdout(Stdio::null()).status().unwrap().success());
    for who in ["CHILD", "PARENT"] {
        for index in 0..30 {
            assert!(shop.note(&format!("{who}-{index:04} 0")), "{who} {index}");
        }
    }
    assert!(shop.note("CHILD done"));
    assert_eq!(shop.sandbox.ledger().len(), 62);
    let rows = common_sqlite(&shop.desk.journal(), "SELECT count(*) FROM requests WHERE state = 1");
    assert_eq!(rows.trim(), "[(62,)]");
    assert_eq!(Till::new(&shop.desk.config()).check().json["data"]["all_ok"], true);
}

/// An old till in a process that has lost its locks on the file itself: it is not migrated under it.
#[test]
fn an_old_file_that_somebody_has_open_is_left_alone_with_and_without_locks() {
    let shop = Shop::open();
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal-format-1/killed.journal");
    fs::copy(&written, shop.desk.journal()).unwrap();
    let program = "import sqlite3, sys\n\
                   db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                   db.execute('UPDATE request SET state = state')\n\
                   open(sys.argv[1], 'rb').read()\n\
                   print('open', flush=True)\n\
                   sys.stdin.readline()\n\
                   db.execute(\"UPDATE request SET cause = 'late'\")\n\
                   print(db.execute('SELECT count(*) FROM request').fetchone(), flush=True)\n";
    let mut old = Command::new("python3")
        .args(["-c", program])
        .arg(shop.desk.journal())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(old.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "open");
    let refused = Till::try_new(&shop.desk.config()).err().unwrap();
    assert_eq!(refused.name(), "WXCOUPON_E_JOURNAL", "{}", refused.json);
    drop(old.stdin.take());
    // What it wrote after that is not lost.
    assert!(lines.next().unwrap().unwrap().starts_with('('));
    assert!(old.wait().unwrap().success());
    drop(Till::new(&shop.desk.config()));
    let format = common_sqlite(&shop.desk.journal(), "PRAGMA user_version");
    assert_eq!(format.trim(), "[(2,)]");
}

#[test]
fn many_processes_make_one_journal_at_once() {
    for round in 0..5 {
        let shop = Shop::open();
        let tills: Vec<Child> = (0..8)
            .map(|at| shop.desk.process("redeem", &format!("N{round}{at}"), at, 1).spawn().unwrap())
            .collect();
        for mut till in tills {
            crate::process::wait(&mut till, PATIENCE);
        }
        let notes = fs::read_to_string(shop.desk.notes()).unwrap();
        // One of the two coupons may be asked for twice.
        let told = |class: &str| {
            notes.lines().filter(|line| line.starts_with("told") && line.contains(class)).count()
        };
        assert_eq!(told(" 0") + told(" 5002"), 16, "{notes}");
    }
}

#[test]
fn what_keeps_nothing_and_what_is_no_file_is_refused_at_once() {
    let shop = Shop::open();
    let pipe = shop.desk.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let folder = shop.desk.0.to_str().unwrap().to_owned();
    let pipe = pipe.to_str().unwrap().to_owned();
    for name in
        [":memory:", "file::memory:", "file:till.journal?mode=memory", "", &pipe, &folder, "/dev/null"]
    {
        let start = Instant::now();
        let mut config = shop.desk.config();
        config["journal_path"] = json!(name);
        let refused: Value = Till::try_new(&config).err().unwrap().json;
        assert_eq!(refused["class"], 2, "{name}: {refused}");
        assert!(start.elapsed() < Duration::from_secs(10), "{name}");
    }
}
