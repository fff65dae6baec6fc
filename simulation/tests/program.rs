//! The program as people call it. That it is tested is why `cargo test` builds it, for `make simulate` to play.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::process::{Command, Output};

fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_wxcoupon-simulation")).args(arguments).output().unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code(), said)
}

#[test]
fn it_plays_seeds_and_says_how_many() {
    let (code, said) = program(&["--seeds", "0..20", "--seconds", "600"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("20 seeds (2 on SQLite, 2 with leases)")
            && said.contains("redemptions a minute on one core"),
        "{said}"
    );
}

#[test]
fn a_seed_that_fails_is_told_as_a_story() {
    // Beyond what anybody could promise, so that something breaks whatever is mended.
    let moves = "DuplicateAnswered,ReplaysNameless,MarkLost";
    let (code, said) = program(&["--also", moves, "--seeds", "0..5000", "--seconds", "600"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("BROKEN ") && said.contains(" sends ") && said.contains("ledger of "), "{said}");
    assert!(said.contains(&format!("again: tools/run/simulate.sh --also {moves} --seed ")), "{said}");
}

#[test]
fn what_it_does_not_know_it_says() {
    let (code, said) = program(&["--seconds", "soon"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--seconds wants a number"), "{said}");
    let (code, said) = program(&["--also", "Nonsense"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no move is called"), "{said}");
    let (code, said) = program(&["--list"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("VoidedStands") && said.contains("PowerCut"), "{said}");
}
