//! The tables of `docs/simulation.md` and its Chinese twin say what the code says. `BLESS=1` writes them anew.

use crate::adversary::Move;
use crate::known;
use crate::oracle::Invariant;
use std::path::Path;
use testkit::pages::{Cell, Generated, unwritten, with_table};

fn same(text: &str) -> Cell {
    Cell::Same(text.into())
}

fn code(text: &str) -> Cell {
    Cell::Same(format!("`{text}`"))
}

fn translated(text: &str) -> Cell {
    Cell::Translated(text.into())
}

fn invariants() -> Generated<'static> {
    let row = |invariant: &Invariant| vec![code(invariant.name()), translated(invariant.words())];
    Generated { mark: "invariants", rows: Invariant::ALL.iter().map(row).collect() }
}

fn moves(english: bool) -> Generated<'static> {
    let row = |played: &Move| {
        let state = match (played.is_on(), played.is_never()) {
            (true, _) => ["启用", "on"],
            (_, true) => ["从不", "never"],
            _ => ["关闭", "off"],
        };
        let state = state[usize::from(english)];
        vec![code(played.name()), same(state), translated(played.words())]
    };
    Generated { mark: "moves", rows: Move::ALL.iter().map(row).collect() }
}

fn known_faults(english: bool) -> Generated<'static> {
    let row = |known: &&known::Known| {
        let state = if known.fails { ["预期失败", "expected to fail"] } else { ["已修复", "mended"] };
        let state = state[usize::from(english)];
        vec![code(known.name), translated(known.shows), code(known.breaks.name()), same(state)]
    };
    Generated { mark: "known", rows: known::all().iter().map(row).collect() }
}

#[test]
fn the_pages_have_what_the_code_has() {
    for (page, english) in [("docs/simulation.md", true), ("docs/zh/simulation.md", false)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let found = std::fs::read_to_string(&path).unwrap();
        let tables = [invariants(), moves(english), known_faults(english)];
        let fresh = tables.iter().fold(found.clone(), |text, table| with_table(&text, table, english));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &fresh).unwrap();
        } else {
            assert!(found == fresh, "{page} is not what the code says: make header");
        }
        for table in &tables {
            assert_eq!(unwritten(&fresh, table, english), [""; 0], "{page} has cells to be written");
        }
    }
}
