//! The tables of `docs/simulation.md` say what the code says. `BLESS=1` writes them anew.

use crate::adversary::Move;
use crate::known;
use crate::oracle::Invariant;
use std::fmt::Write as _;
use std::path::Path;

fn invariants() -> String {
    let mut table = String::from("| name | in words |\n|---|---|\n");
    for invariant in Invariant::ALL {
        let _ = writeln!(table, "| `{}` | {} |", invariant.name(), invariant.words());
    }
    table
}

fn moves() -> String {
    let mut table = String::from("| move | played | what happens |\n|---|---|---|\n");
    for played in Move::ALL {
        let state = match (played.is_on(), played.is_never()) {
            (true, _) => "on",
            (_, true) => "never",
            _ => "off",
        };
        let _ = writeln!(table, "| `{}` | {state} | {} |", played.name(), played.words());
    }
    table
}

fn known_faults() -> String {
    let mut table = String::from("| name | what it shows | breaks | state |\n|---|---|---|---|\n");
    for known in known::all() {
        let state = if known.fails { "expected to fail" } else { "mended" };
        let _ =
            writeln!(table, "| `{}` | {} | `{}` | {state} |", known.name, known.shows, known.breaks.name());
    }
    table
}

#[test]
fn the_page_has_what_the_code_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/simulation.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut fresh = page.clone();
    for (name, table) in [("invariants", invariants()), ("moves", moves()), ("known", known_faults())] {
        let mark = format!("<!-- {name} -->\n");
        let begin = fresh.find(&mark).unwrap() + mark.len();
        let end = begin + fresh[begin..].find("<!-- end -->").unwrap();
        fresh.replace_range(begin..end, &table);
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, fresh).unwrap();
    } else {
        assert!(page == fresh, "docs/simulation.md is not what the code says: make header");
    }
}
