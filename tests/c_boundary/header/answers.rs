//! The tables of statuses, of sub-codes and of the cashier's texts on the pages are the library's, in both languages.

use std::fs;
use testkit::pages::{Cell, Generated, unwritten, with_table};
use testkit::root;
use wxcoupon::api::subcode::{Subcode, TABLE};
use wxcoupon::status::Code;

const SOURCE: &str = include_str!("../../../src/status.rs");

fn short(code: Code) -> &'static str {
    code.name().trim_start_matches("WXCOUPON_")
}

fn same(text: impl ToString) -> Cell {
    Cell::Same(text.to_string())
}

fn translated(text: impl ToString) -> Cell {
    Cell::Translated(text.to_string())
}

/// What the doc comment above the constant says: the page has room for more than the answer's own text.
fn meaning(code: Code) -> String {
    let (above, _) = SOURCE.split_once(&format!("pub const {}: i32", code.name())).unwrap();
    let mut lines: Vec<_> = above.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
    lines.reverse();
    lines.join(" ")
}

fn statuses() -> Generated<'static> {
    let row = |code: &Code| {
        let (hint, cashier) =
            if *code == Code::Ok { ("Print the receipt.", "") } else { (code.hint(), code.cashier()) };
        let name = format!("`{}`", short(*code));
        vec![same(code.number()), same(name), translated(meaning(*code)), translated(hint), same(cashier)]
    };
    Generated { mark: "statuses", rows: Code::ALL.iter().map(row).collect() }
}

fn subcodes() -> Generated<'static> {
    let row = |row: &Subcode| {
        let name = format!("`{}`", short(row.code));
        vec![same(row.number), same(name), translated(row.message), translated(row.hint), same(row.cashier)]
    };
    Generated { mark: "sub-codes", rows: TABLE.iter().map(row).collect() }
}

/// Every text that the general tables give the cashier, and the statuses and sub-codes behind it.
fn cashier() -> Generated<'static> {
    let mut texts: Vec<(&str, Vec<String>)> = Vec::new();
    let codes = Code::ALL.iter().filter(|code| **code != Code::Ok);
    let codes = codes.map(|code| (code.cashier(), format!("`{}`", short(*code))));
    for (text, cause) in codes.chain(TABLE.iter().map(|row| (row.cashier, row.number.to_string()))) {
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, causes)) => causes.push(cause),
            None => texts.push((text, vec![cause])),
        }
    }
    let row = |(text, causes): (&str, Vec<String>)| {
        vec![same(text), same(causes.join(", ")), Cell::ByHand, Cell::ByHand]
    };
    Generated { mark: "cashier", rows: texts.into_iter().map(row).collect() }
}

#[test]
fn the_pages_have_the_tables_of_the_library() {
    for (page, tables) in [("answers", vec![statuses(), subcodes()]), ("errors", vec![cashier()])] {
        for (page, english) in [(format!("docs/{page}.md"), true), (format!("docs/zh/{page}.md"), false)] {
            let path = root().join(&page);
            let found = fs::read_to_string(&path).unwrap();
            let right = tables.iter().fold(found.clone(), |text, table| with_table(&text, table, english));
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, &right).unwrap();
            } else {
                assert!(found == right, "{page} is not the library's: run `make header`");
            }
            for table in &tables {
                assert_eq!(unwritten(&right, table, english), [""; 0], "{page} has cells to be written");
            }
        }
    }
}
