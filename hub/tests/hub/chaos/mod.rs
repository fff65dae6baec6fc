//! Chaos: three hubs on a PostgreSQL primary with a synchronous standby, eight tills as processes, and everything goes wrong at once.
//! Hubs and tills are killed, hubs stand still and have wrong clocks, the standby takes over, lines lose, delay and repeat, WeChat Pay
//! has its faults. Each till writes down what it is told, outside of the library. In the end everything is healed, every number is
//! settled, and what was told is compared with the sandbox's ledger.
//!
//! The short form is a test. `make chaos MINUTES=25` plays the long one; `WXCOUPON_SEED` repeats a plan. What happens between
//! processes is not repeated by that.

mod database;
mod figures;
mod hubs;
mod oracle;
mod plan;
#[allow(dead_code, clippy::print_stderr, reason = "the crash tests use more of it")]
#[path = "../../../../tests/crash/random.rs"]
mod random;
mod record;
mod run;
mod sale;
mod till;

use self::figures::{CLOCK_STEPS, FREEZES, HUB_KILLS, PROMOTIONS, TILL_KILLS, WITHOUT_DATABASE_MS};
use self::oracle::{Happened, violations};
use self::plan::Plan;
use self::record::{Book, Deed, Entry, Told, Verdict};
use self::run::{Ending, run};
use std::env;

/// Minutes of the whole, and how often something must have happened then.
const WHOLE: u64 = 25;
const AT_LEAST: [(&str, u64); 6] = [
    (HUB_KILLS, 300),
    (TILL_KILLS, 50),
    (FREEZES, 10),
    (CLOCK_STEPS, 30),
    (PROMOTIONS, 20),
    (WITHOUT_DATABASE_MS, 300_000),
];

fn seed() -> u64 {
    let given = env::var("WXCOUPON_SEED").ok().map(|seed| seed.parse().unwrap());
    given.unwrap_or_else(record::now_ms)
}

fn is_right(ending: &Ending) {
    println!("\n{}", ending.figures);
    assert!(ending.violations.is_empty(), "{} violations\n\n{}", ending.violations.len(), ending.story);
}

#[test]
fn whatever_dies_nothing_is_lost_and_nothing_is_doubled() {
    let ending = run(&Plan::short(seed()), |line| println!("{line}"));
    is_right(&ending);
    for (what, _) in AT_LEAST {
        assert!(ending.figures.of(what) > 0, "never: {what}");
    }
    the_oracle_sees_what_is_wrong(ending);
}

/// The same run, with one thing changed.
fn the_oracle_sees_what_is_wrong(ending: Ending) {
    let Ending { books, ledger, .. } = ending;
    let sees = |books: &[Book], ledger: &[Happened], number: &str| {
        violations(books, ledger).iter().any(|violation| violation.number == number)
    };
    // A row of the ledger is removed, or there twice.
    for (at, happened) in ledger.iter().enumerate().step_by(7) {
        let mut less = ledger.clone();
        less.remove(at);
        assert_ne!(violations(&books, &less), [], "{happened:?} is missed");
        let mut more = ledger.clone();
        more.insert(at, happened.clone());
        assert!(sees(&books, &more, &happened.number), "{happened:?} is doubled");
    }
    // A till was told something else.
    for (till, book) in books.iter().enumerate() {
        for (number, _) in book.sales.iter().step_by(7) {
            let mut books = books.clone();
            falsify(&mut books[till], number);
            assert!(sees(&books, &ledger, number), "{number} is falsified");
        }
    }
}

/// Lets a till have been told the contrary.
fn falsify(book: &mut Book, number: &str) {
    let sale = book.sales.get_mut(number).unwrap();
    (sale.is_void, sale.is_forgotten) = (false, false);
    let (status, name) = match sale.verdict {
        Verdict::Done => (5002, "WXCOUPON_E_COUPON_STATE"),
        _ => (0, "WXCOUPON_OK"),
    };
    let name = name.to_owned();
    let told = Told { status, name, in_doubt: false, state: None, host: None, message: String::new() };
    let deed = if sale.is_return { Deed::Return } else { Deed::Use };
    book.add(Entry::Told { at_ms: 0, deed, number: number.to_owned(), told });
}

#[test]
#[ignore = "half an hour: make chaos"]
fn whole() {
    let Ok(minutes) = env::var("WXCOUPON_CHAOS_MINUTES") else { return };
    let minutes = minutes.parse().unwrap();
    let mut ending = run(&Plan::whole(seed(), minutes), |line| println!("{line}"));
    // To see that it fails.
    if let Ok(what) = env::var("WXCOUPON_CHAOS_FALSIFY") {
        if what == "ledger" {
            ending.ledger.pop();
        } else {
            let number = ending.books[0].sales.keys().next().unwrap().clone();
            falsify(&mut ending.books[0], &number);
        }
        ending.violations = violations(&ending.books, &ending.ledger);
        ending.story = format!("{:#?}", ending.violations);
    }
    is_right(&ending);
    for (what, least) in AT_LEAST {
        let (done, least) = (ending.figures.of(what), least * minutes.min(WHOLE) / WHOLE);
        assert!(done >= least, "{what}: {done} of {least}");
    }
}
