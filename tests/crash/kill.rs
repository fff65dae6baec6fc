//! SIGKILL at any moment.

use crate::books::{Counts, compare, read_notes, read_settled};
use crate::company::common_sqlite;
use crate::process::{Desk, SETTLINGS};
use crate::random::Random;
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

/// What goes wrong besides, in percent of the requests.
pub fn troubled_sandbox(random: &mut Random) -> Sandbox {
    let sandbox = Sandbox::start(Options { log_capacity: 100_000, ..Options::default() }).unwrap();
    let mut inject = |kind: FaultKind, percent: u8, processed: Option<bool>| {
        let fault = Fault::new(kind).on("use").percent(percent, random.next());
        sandbox.inject(match processed {
            Some(processed) => fault.processed(processed),
            None => fault,
        });
    };
    inject(FaultKind::ProcessThenReset, 4, None);
    inject(FaultKind::ResetAfterRead, 3, None);
    inject(FaultKind::Status { status: 500, html: false }, 2, Some(true));
    inject(FaultKind::Status { status: 500, html: false }, 2, Some(false));
    inject(FaultKind::CutBody, 2, None);
    inject(FaultKind::Unsigned, 1, Some(true));
    inject(FaultKind::Delay { ms: 60 }, 5, None);
    inject(FaultKind::SlowProcessing { ms: 60 }, 3, None);
    inject(FaultKind::ProcessThenHang, 1, None);
    inject(FaultKind::SlowProcessing { ms: 400 }, 1, None);
    inject(FaultKind::RateLimited { retry_after: None }, 1, None);
    sandbox
}

/// A till that does not outlive a test that fails.
struct Till(Child);

impl Till {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Until the till has noted something.
fn until_it_works(desk: &Desk, child: &mut Child) {
    let start = Instant::now();
    while std::fs::metadata(desk.notes()).map_or(0, |notes| notes.len()) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "the till ended before it began");
        assert!(start.elapsed() < Duration::from_secs(30), "the till never began");
        pause(1);
    }
}

#[test]
fn whenever_a_till_dies_its_journal_and_its_notes_agree_with_what_happened() {
    let wanted: u64 = std::env::var("WXCOUPON_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let mut random = Random::for_test("crash");
    let sandbox = troubled_sandbox(&mut random);
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let (mut counts, start) = (Counts::default(), Instant::now());
    let (mut kills, mut round, mut all) = (0, 0, String::new());
    while kills < wanted {
        round += 1;
        // Now and then two tills share the journal, and the second works on while the first one's is settled.
        let two = random.one_in(4);
        let mut start = |name: &str| {
            let role = if random.one_in(2) { "redeem in company" } else { "redeem" };
            let mut till = desk.process(role, &format!("R{round}{name}"), random.next(), 100_000);
            // Half of them know the journal by another name.
            if random.one_in(2) {
                desk.under_another_name(&mut till, &mut random);
            }
            Till(till.spawn().unwrap())
        };
        let mut till = start("A");
        let mut other = two.then(|| start("B"));
        until_it_works(&desk, &mut till.0);
        pause(random.between(5, 150));
        // Another program looks at the journal, and closes it.
        if random.one_in(4) {
            common_sqlite(&desk.journal(), "SELECT count(*) FROM requests");
            counts.add("read by another program meanwhile", 1);
        }
        till.kill();
        kills += 1;
        if let Some(other) = &mut other {
            desk.settle(2);
            counts.add("settled while another till was at work", 1);
            other.kill();
            kills += 1;
        }
        // Settling dies too.
        while random.one_in(3) {
            let mut settling = desk.process("settle", "", 0, SETTLINGS);
            if random.one_in(2) {
                desk.under_another_name(&mut settling, &mut random);
            }
            let mut settling = Till(settling.spawn().unwrap());
            pause(random.between(5, 80));
            settling.kill();
            kills += 1;
            counts.add("killed while settling", 1);
        }
        desk.settle(SETTLINGS);
        compare(&read_notes(&desk.notes()), &read_settled(&desk.settled()), &sandbox, &mut counts);
        counts.add("rounds", 1);
        all.push_str(&std::fs::read_to_string(desk.notes()).unwrap());
        std::fs::remove_file(desk.notes()).unwrap();
    }
    // Nothing has changed since about any number of any round.
    std::fs::write(desk.notes(), &all).unwrap();
    desk.settle(SETTLINGS);
    let asked = read_notes(&desk.notes());
    compare(&asked, &read_settled(&desk.settled()), &sandbox, &mut Counts::default());
    every_number_was_sent_with_the_same_bytes(&sandbox);
    counts.add("whole lines in the logs", whole_lines(&desk));
    eprintln!(
        "crash: {kills} kills in {:.1} s, {} numbers asked, {} coupons redeemed, {} faults acted{counts}",
        start.elapsed().as_secs_f32(),
        asked.len(),
        sandbox.ledger().len(),
        sandbox.stats().faults_fired,
    );
}

fn every_number_was_sent_with_the_same_bytes(sandbox: &Sandbox) {
    let mut bodies = std::collections::HashMap::new();
    for entry in sandbox.requests().into_iter().filter(|entry| entry.operation == "use") {
        let body = bodies.entry(entry.number).or_insert_with(|| entry.body.clone());
        assert_eq!(*body, entry.body);
    }
}

/// A line is one write, so no till can die in the middle of one.
fn whole_lines(desk: &Desk) -> u64 {
    let mut lines = 0;
    for entry in std::fs::read_dir(desk.log()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "a torn line: {text}");
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
            lines += 1;
        }
    }
    assert!(lines > 0, "nothing was logged");
    lines
}

#[test]
fn a_till_that_dies_while_it_makes_its_journal_leaves_one_that_opens() {
    let mut random = Random::for_test("making");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for round in 0..20 {
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        let mut till = desk.process("redeem", &format!("M{round}"), random.next(), 1000);
        let mut till = Till(till.spawn().unwrap());
        pause(random.between(0, 40));
        till.kill();
        desk.settle(SETTLINGS);
        compare(&read_notes(&desk.notes()), &read_settled(&desk.settled()), &sandbox, &mut Counts::default());
    }
}
