//! The last pages did not reach the disk, or only in part.

use crate::books::{E_JOURNAL, E_REQUEST, redeemed};
use crate::process::Desk;
use crate::random::Random;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;
use testkit::till::{Till, use_request};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const TRIALS: u64 = 80;

/// The numbers in the order in which they were written down. Successes, doubts of both kinds, refusals.
fn history(sandbox: &Sandbox, desk: &Desk, folder: &Path) -> Vec<String> {
    let till = Till::new(&desk.config());
    let mut numbers = Vec::new();
    for index in 0..24_u32 {
        let fault = match index % 6 {
            1 => Some(FaultKind::ProcessThenHang),
            3 => Some(FaultKind::Hang),
            _ => None,
        };
        let fault = fault.map(|kind| sandbox.inject(Fault::new(kind).on("use")));
        let coupon = if index % 6 == 5 { index - 1 } else { index };
        let (coupon, number) = (format!("AUTO_TORN_{coupon}"), format!("TORN-{index}"));
        let mut request = use_request(&coupon, &number);
        // Long enough for a busy machine to have sent it.
        let limit = if fault.is_some() { 1_500 } else { 20_000 };
        request["_options"] = json!({ "timeout_ms": limit });
        let told = till.redeem(&request);
        assert_eq!(told.class(), [0, 4, 0, 4, 0, 5][index as usize % 6], "{}", told.json);
        if let Some(fault) = fault {
            sandbox.clear_fault(fault);
        }
        numbers.push(number);
    }
    // While it is open, the newest pages are in the file beside it.
    for file in ["till.journal", "till.journal-wal"] {
        std::fs::copy(desk.journal().with_file_name(file), folder.join(file)).unwrap();
    }
    numbers
}

fn tear(wal: &[u8], random: &mut Random) -> (String, Vec<u8>) {
    let (at, mut torn) = (random.index(wal.len()), wal.to_vec());
    let what = match random.below(4) {
        0 => {
            torn.truncate(at);
            "cut off"
        }
        1 => {
            torn[at..].fill(0);
            "zeros from"
        }
        2 => {
            // One sector that was never written.
            let sector = at / 512 * 512;
            let end = (sector + 512).min(torn.len());
            torn[sector..end].fill(0);
            "a sector of zeros at"
        }
        _ => {
            torn[at] ^= 1 << random.below(8);
            "a bit at"
        }
    };
    (format!("{what} {at} of {}", wal.len()), torn)
}

#[test]
fn a_torn_journal_opens_with_the_beginning_of_its_history_or_not_at_all() {
    let mut random = Random::for_test("torn");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (folder, saved) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let numbers = history(&sandbox, &desk, saved.path());
    let wal = std::fs::read(saved.path().join("till.journal-wal")).unwrap();
    let (mut opened, mut held_in_all) = (0, 0);
    for _ in 0..TRIALS {
        let (what, torn) = tear(&wal, &mut random);
        let trial = TempDir::new().unwrap();
        let desk = Desk::set_up(trial.path(), &sandbox.config());
        std::fs::copy(saved.path().join("till.journal"), desk.journal()).unwrap();
        std::fs::write(desk.journal().with_file_name("till.journal-wal"), torn).unwrap();
        let till = match Till::try_new(&desk.config()) {
            Ok(till) => till,
            Err(told) => {
                assert_eq!(told.status, E_JOURNAL, "{what}: {}", told.json);
                continue;
            }
        };
        opened += 1;
        // A busy machine may need several rounds.
        let mut told = till.settle_all();
        for _ in 0..20 {
            if told.class() != 4 {
                break;
            }
            told = till.settle_all();
        }
        assert_eq!((told.status, till.pending()["pending"].as_u64()), (0, Some(0)), "{what}: {}", told.json);
        let redeemed = redeemed(&sandbox);
        let answers: Vec<i32> =
            numbers.iter().map(|number| till.settle(&json!({ "out_request_no": number })).status).collect();
        let held = answers.iter().take_while(|status| **status != E_REQUEST).count();
        assert!(answers[held..].iter().all(|status| *status == E_REQUEST), "{what}: holes in {answers:?}");
        for (number, status) in numbers.iter().zip(&answers[..held]) {
            let used = redeemed.contains_key(number);
            assert!(
                matches!((status / 1000, used), (0, true) | (5, false)),
                "{what}: {number} {status} {used}"
            );
        }
        held_in_all += held;
    }
    eprintln!("torn: {opened} of {TRIALS} opened, with {held_in_all} of {} numbers", opened * numbers.len());
    assert!(opened > 0);
}
