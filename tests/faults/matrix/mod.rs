//! Every fault of the sandbox against every kind of call: what the till is told must be what happened.
//!
//! One cell is one redemption (or return) under one fault: on its first attempt only or on every attempt, on
//! one host or on both, with the journal in memory or in a file. The till is told a status; then the faults
//! go away, doubt is settled, and the ledger is compared with everything that was told. The class that every
//! cell must end with stands in `menu`. Run with `--nocapture` to see the matrix; it is written to
//! `matrix.md` in the target folder too.

mod cell;
mod table;

use crate::turn::{Part, turn};
use cell::{Cell, Ended, Operation};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use testkit::menu;

/// Shops that are open at the same time: nearly all of a cell is waiting.
const AT_ONCE: usize = 40;
/// How often a cell is run again by itself whose class a busy machine may have changed.
const TRIES: usize = 3;

#[test]
fn what_the_till_is_told_is_what_happened() {
    let _turn = turn(Part::Matrix);
    let start = Instant::now();
    let rows = menu::rows();
    let cells: Vec<Cell<'_>> =
        Operation::ALL.into_iter().flat_map(|operation| Cell::all(&rows, operation)).collect();
    let mut ended = Vec::new();
    for batch in 0..menu::BATCHES {
        let cells: Vec<Cell<'_>> = cells.iter().filter(|cell| cell.row.batch == batch).copied().collect();
        ended.extend(run_all(&cells));
    }
    for (cell, outcome) in &mut ended {
        // A machine too busy to keep an attempt's time shows other classes; so such a cell is run again by
        // itself. What contradicts the ledger stands.
        for _ in 0..TRIES {
            let late = matches!(outcome, Ok(ended) if !ended.unexpected.is_empty() && ended.wrong.is_empty());
            if !late {
                break;
            }
            println!("again: {cell}");
            *outcome = run(cell);
        }
    }

    let mut told: HashMap<&Cell<'_>, &Ended> = HashMap::new();
    let mut wrong = Vec::new();
    for (cell, outcome) in &ended {
        match outcome {
            Ok(outcome) => {
                told.insert(cell, outcome);
                let differs = outcome.wrong.iter().chain(&outcome.unexpected);
                wrong.extend(differs.map(|what| format!("{cell}: {what}")));
            }
            Err(panic) => wrong.push(format!("{cell}: stopped: {panic}")),
        }
    }
    let matrix = table::render(&rows, &told, start.elapsed());
    println!("{matrix}");
    table::write(&matrix);
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), ended.len(), wrong.join("\n"));
}

type Outcome = Result<Ended, String>;

fn run_all<'a>(cells: &[Cell<'a>]) -> Vec<(Cell<'a>, Outcome)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cells.len()) {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run(cell);
                    done.lock().unwrap().push((*cell, outcome));
                }
            });
        }
    });
    done.into_inner().unwrap()
}

fn run(cell: &Cell<'_>) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| cell.run()))
        .map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}
