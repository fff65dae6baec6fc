//! The tables of statuses and of sub-codes on the page of answers are the library's.

use std::fmt::Write as _;
use std::fs;
use wxcoupon::api::subcode::TABLE;
use wxcoupon::status::Code;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/answers.md");
const SOURCE: &str = include_str!("../../../src/status.rs");

fn short(code: Code) -> &'static str {
    code.name().trim_start_matches("WXCOUPON_")
}

/// What the doc comment above the constant says: the page has room for more than the answer's own text.
fn meaning(code: Code) -> String {
    let (above, _) = SOURCE.split_once(&format!("pub const {}: i32", code.name())).unwrap();
    let mut lines: Vec<_> = above.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
    lines.reverse();
    lines.join(" ")
}

fn statuses() -> String {
    let mut table = "| number | name | meaning | what to do | cashier |\n|---|---|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let (hint, cashier) =
            if *code == Code::Ok { ("Print the receipt.", "") } else { (code.hint(), code.cashier()) };
        let (number, name, meaning) = (code.number(), short(*code), meaning(*code));
        writeln!(table, "| {number} | `{name}` | {meaning} | {hint} | {cashier} |").unwrap();
    }
    table
}

fn subcodes() -> String {
    let mut table =
        "| sub-code | status | meaning | what to do | cashier |\n|---|---|---|---|---|\n".to_owned();
    for row in TABLE {
        let name = short(row.code);
        writeln!(table, "| {} | `{name}` | {} | {} | {} |", row.number, row.message, row.hint, row.cashier)
            .unwrap();
    }
    table
}

/// The page with this table between its marks.
fn with_table(page: &str, mark: &str, table: &str) -> String {
    let begin = format!("<!-- {mark} -->\n");
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{begin}{table}<!-- end -->{after}")
}

#[test]
fn the_page_of_answers_has_the_tables_of_the_library() {
    let page = fs::read_to_string(PAGE).unwrap();
    let right = with_table(&with_table(&page, "statuses", &statuses()), "sub-codes", &subcodes());
    if std::env::var_os("BLESS").is_some() {
        fs::write(PAGE, &right).unwrap();
    } else {
        assert!(page == right, "docs/answers.md is not the library's: run `make header`");
    }
}
