//! Random days at a till, against a small model of what the till may be told.
//!
//! A case is a sequence of calls, faults, restarts and things that happen to coupons. The model (`book`) knows
//! for every number what the till was told last, and refuses an answer that does not follow from it; the
//! sandbox's ledger refuses one that did not happen. `PROPTEST_CASES` raises the number of cases. Answers
//! depend on time (a busy machine loses more of them), so the model never asks for a certain answer where
//! several would be true.

mod book;
mod day;
mod found;
mod steps;

use crate::turn::{Part, turn};
use day::Day;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// Cases of a run that nobody asked to be longer.
const CASES: u32 = 40;
/// Steps of a long sequence.
const STEPS: usize = 25;
/// A failing case is tried this often in smaller forms.
const SHRINKS: u32 = 150;

#[test]
fn no_sequence_of_events_makes_the_till_believe_what_did_not_happen() {
    let _turn = turn(Part::Model);
    let asked_for = std::env::var_os("PROPTEST_CASES").map(|_| Config::default().cases);
    let config = Config {
        cases: asked_for.unwrap_or(CASES),
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        // The same days every time; whoever asks for a number of cases looks for new ones.
        rng_seed: if asked_for.is_some() { RngSeed::Random } else { RngSeed::Fixed(20_260_428) },
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&steps::day(STEPS), |steps| {
        let mut day = Day::new();
        steps.iter().try_for_each(|step| day.live(step)).and_then(|()| day.close()).map_err(|wrong| {
            TestCaseError::fail(format!("{wrong}\nwhat happened:\n{}", day.transcript.join("\n")))
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
