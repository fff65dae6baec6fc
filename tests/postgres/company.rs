//! Many calls at once, and processes that die.

use crate::server::Server;
use crate::till::{asked, config, end_leases, till, used, wechat};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use testkit::till::{Answer, Till, unhurried, until, use_request};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn one_number_is_worked_on_once_whatever_the_number_of_tills() {
    let (sandbox, server) = (wechat(), Server::start());
    let tills = [till(&sandbox, &server), till(&sandbox, &server), till(&sandbox, &server)];
    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 30 }).on("use"));
    for round in 0..10 {
        let (coupon, sale) = (format!("AUTO_RACE{round}"), format!("RACE-{round:04}"));
        let start = Barrier::new(6);
        let told: Vec<Answer> = thread::scope(|scope| {
            let calls: Vec<_> = (0..6)
                .map(|at| {
                    let (twin, start, request) = (tills[at % 3].twin(), &start, use_request(&coupon, &sale));
                    scope.spawn(move || {
                        start.wait();
                        twin.redeem(&request)
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let is_told = |told: &&Answer| told.status == 0;
        assert!(told.iter().filter(is_told).count() >= 1, "{told:?}");
        for other in told.iter().filter(|told| !is_told(told)) {
            assert_eq!((other.name(), other.in_doubt), ("WXCOUPON_E_LOCKED", true), "{}", other.json);
        }
        assert_eq!(used(&sandbox, &coupon), 1);
    }
    assert_eq!(asked(&sandbox), 10, "each was sent once");
    assert_eq!(tills[0].pending()["pending"], 0);
}

#[test]
fn a_redemption_takes_two_transactions_at_most_and_busy_calls_share_them() {
    const CALLS: usize = 24;
    const EACH: usize = 10;
    let (sandbox, server) = (wechat(), Server::start());
    let transactions = || -> u64 {
        // The statistics of a session come with its end.
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'journal'";
        until("the sessions end", || server.ask("postgres", sessions) == "0");
        let sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'journal'";
        server.ask("postgres", sql).parse().unwrap()
    };
    assert_eq!(till(&sandbox, &server).redeem(&use_request("AUTO_FIRST", "SALE-0000")).status, 0);
    let before = transactions();
    let till = till(&sandbox, &server);
    thread::scope(|scope| {
        for call in 0..CALLS {
            let twin = till.twin();
            scope.spawn(move || {
                for at in 0..EACH {
                    let told = twin
                        .redeem(&use_request(&format!("AUTO_{call}_{at}"), &format!("S-{call}-{at}-0000")));
                    assert_eq!(told.status, 0, "{}", told.json);
                }
            });
        }
    });
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wxcoupon'";
    assert!(server.ask("postgres", connections).parse::<u64>().unwrap() <= 4);
    drop(till);
    let count = transactions() - before;
    let redeemed = u64::try_from(CALLS * EACH).unwrap();
    eprintln!("{redeemed} redemptions of {CALLS} threads took {count} transactions");
    // Some make the connections and open the journal.
    assert!(count > 20 && count < 2 * redeemed, "calls that wait share transactions: {count} for {redeemed}");
    assert_eq!(
        server.journal("SELECT count(*) FROM wxcoupon.requests WHERE state = 1"),
        (redeemed + 1).to_string()
    );
}

const ROLE: &str = "WXCOUPON_TEST_POSTGRES_TILL";

/// A process that redeems one coupon after the other; does nothing when it is started by itself.
#[test]
#[ignore = "a process that other tests start"]
fn till_process() {
    let Ok(config) = std::env::var(ROLE) else { return };
    let config: Value = serde_json::from_str(&config).unwrap();
    let till = Till::new(&config);
    for at in 0.. {
        let prefix = config["user_agent_suffix"].as_str().unwrap();
        till.redeem(&use_request(&format!("AUTO_{prefix}_{at}"), &format!("{prefix}-{at:05}")));
    }
}

/// A till that does not outlive its test.
struct Process(Child);

impl Process {
    fn start(config: &Value, name: &str) -> Process {
        let mut config = unhurried(config);
        config["user_agent_suffix"] = json!(name);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "company::till_process", "--ignored", "--test-threads=1"])
            .env(ROLE, config.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Process(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn whatever_a_killed_till_leaves_behind_another_settles() {
    let (sandbox, server) = (wechat(), Server::start());
    let config = config(&sandbox, &server.url());
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").percent(20, 7));
    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 40 }).on("use").percent(30, 8));
    let other = Till::new(&config);
    let rows = || server.journal("SELECT count(*) FROM wxcoupon.requests").parse::<u64>().unwrap();
    for round in 0..6 {
        let before = rows();
        let tills = ["A", "B"].map(|name| Process::start(&config, &format!("R{round}{name}")));
        until("they work", || rows() >= before + 8);
        drop(tills);
        // What their dying transactions still hold is let go of.
        until("no transaction is open", || {
            server.ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wxcoupon' AND xact_start IS NOT NULL") == "0"
        });
    }
    let held = server.journal("SELECT count(*) FROM wxcoupon.requests WHERE owner IS NOT NULL");
    eprintln!("{} rows, {held} of them were left by processes that died", rows());
    assert_ne!(held, "0", "each round kills calls on their way");
    let locked = other.settle_all();
    assert_ne!(locked.status, 0, "their leases have not ended: {}", locked.json);
    end_leases(&server);
    sandbox.clear_faults();
    until("all is settled", || other.settle_all().status == 0);
    assert_eq!(other.pending()["pending"], 0);
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests WHERE state = 1"), rows().to_string());
    let ledger = sandbox.ledger();
    assert_eq!(u64::try_from(ledger.len()).unwrap(), rows(), "each number redeemed its coupon once");
}
