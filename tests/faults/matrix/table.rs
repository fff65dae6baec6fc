//! The matrix as a Markdown table.

use super::cell::{Cell, Ended, Operation};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use testkit::menu::Row;

pub fn render(rows: &[Row], ended: &HashMap<&Cell<'_>, &Ended>, took: Duration) -> String {
    let mut text = String::from("# What the till was told, and how it ended\n");
    for operation in Operation::ALL {
        let columns = Cell::columns(operation);
        let heads: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "\n## {operation}\n\n| fault | {} |", heads.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(columns.len()));
        for (index, row) in rows.iter().enumerate() {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| {
                    let cell = Cell { row, index, operation, column: *column };
                    ended.get(&cell).map_or_else(|| "–".into(), ToString::to_string)
                })
                .collect();
            let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
        }
    }
    let mut classes: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    for ended in ended.values() {
        *classes.entry((ended.class, &ended.end)).or_default() += 1;
    }
    let _ = writeln!(text, "\n{} cells in {:.1} s:\n", ended.len(), took.as_secs_f64());
    for ((class, end), count) in classes {
        let _ = writeln!(text, "- class {class} → {end}: {count}");
    }
    text
}

/// To `matrix.md` in the target folder.
pub fn write(matrix: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.parent().unwrap_or(folder).join("matrix.md"), matrix).unwrap();
}
