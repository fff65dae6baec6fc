//! The README's table of faults is the truth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use wxcoupon_sandbox::Fault;

const README: &str = include_str!("../README.md");

/// Kind and the last cell of each row of the table.
fn rows() -> Vec<(&'static str, &'static str)> {
    let table = README.split("| kind (parameters) |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].split('`').nth(1).unwrap(), *cells.last().unwrap())
    })
    .collect()
}

#[test]
fn every_kind_is_listed() {
    // The message about an unknown kind names all of them.
    let message = Fault::from_spec("no_such_kind").unwrap_err().to_string();
    let mut known: Vec<&str> =
        message.split('`').skip(1).step_by(2).filter(|kind| *kind != "no_such_kind").collect();
    let mut listed: Vec<&str> = rows().into_iter().map(|(kind, _)| kind).collect();
    known.sort_unstable();
    listed.sort_unstable();
    assert_eq!(known, listed);
}

#[test]
fn processing_is_as_listed() {
    for (kind, processed) in rows() {
        let default = Fault::from_spec(kind).unwrap().to_json()["processed"].as_bool().unwrap();
        let choice = |processed| Fault::from_spec(&format!("{kind},processed={processed}")).is_ok();
        let actual = match (default, choice(!default)) {
            (false, false) => "never",
            (true, false) => "always",
            (true, true) => "choice (yes)",
            (false, true) => "choice (no)",
        };
        let expected = if processed == "if the signature passes" { "always" } else { processed };
        assert_eq!(actual, expected, "{kind}");
    }
}

#[test]
fn every_operation_is_listed() {
    let table = README.split("| name | request |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names: Vec<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    // The 35 operations of product coupons, six of 商家券, three about a brand, and two about keys.
    assert_eq!(names.len(), 46);
    for name in &names {
        assert!(Fault::from_spec(&format!("hang,on={name}")).is_ok(), "{name}");
    }
    assert!(Fault::from_spec("hang,on=no_such_operation").is_err());
}
