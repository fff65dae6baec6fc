//! The README's table of faults is the truth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use support::desk::Desk;
use wxcoupon_sandbox::{Fault, Options, Sandbox};

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

/// Options that `--help` names and the table of the README does.
#[test]
fn every_option_is_listed() {
    let help = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
    };
    let helped: BTreeSet<String> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  --"))
        .flat_map(|line| options(&format!("--{line}")))
        .collect();
    let table = README.split("| option | meaning |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut listed: BTreeSet<String> = rows.flat_map(|row| options(row.split('|').nth(1).unwrap())).collect();
    listed.extend(["--help", "--version"].map(str::to_owned));
    assert_eq!(helped, listed);
}

/// The table of the admin interface has no request that is not there; what is the console's alone it leaves out.
#[test]
fn every_admin_request_is_there() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let desk = Desk::new(&sandbox);
    let index = desk.get("/");
    let known = index["requests"].as_object().unwrap();
    let table = README.split("| request | meaning |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut requests = 0;
    for quoted in
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2))
    {
        let request = quoted.split(['?']).next().unwrap();
        if ["GET ", "POST ", "DELETE "].iter().any(|method| request.starts_with(method)) {
            assert!(known.contains_key(request), "{request}");
            requests += 1;
        }
    }
    assert!(requests > 20, "{requests}");
}

/// The filters in the README are those of the description, and so those that are taken.
#[test]
fn every_filter_is_listed() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let document = Desk::new(&sandbox).get("/openapi.json");
    let table = README.split("| list | filters |").nth(1).unwrap();
    for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let mut names = row.split('`').skip(1).step_by(2);
        let path = names.next().unwrap();
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let taken: BTreeSet<&str> = parameters
            .iter()
            .map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap()["name"].as_str().unwrap(),
                None => parameter["name"].as_str().unwrap(),
            })
            .filter(|name| !["after", "limit"].contains(name))
            .collect();
        assert_eq!(names.collect::<BTreeSet<_>>(), taken, "{path}");
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
