//! A day: the shop, the till, its book, and the comparison with what really happened.

use super::book::{Allowed, Book, Content, Entry, Told};
use super::steps::{COUPONS, Number, SLOW_MS, Step};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;
use testkit::audit::{History, altered, arrived};
use testkit::till::{Till, config_with, query_request, use_request};
use wxcoupon_sandbox::{CouponState, Options, Sandbox};

pub struct Day {
    sandbox: Sandbox,
    _folder: TempDir,
    config: Value,
    till: Till,
    other: Till,
    /// Tills of programs that died: nobody gave their contexts back.
    dead: Vec<Till>,
    others: u32,
    book: Book,
    pub transcript: Vec<String>,
}

/// How the numbers of the returns begin that call a redemption off.
const OWN_RETURNS: char = 'V';

type Checked = Result<(), String>;

fn check(right: bool, wrong: impl FnOnce() -> String) -> Checked {
    if right { Ok(()) } else { Err(wrong()) }
}

fn code(coupon: u8) -> String {
    format!("AUTO_DAY_{coupon}")
}

impl Day {
    pub fn new() -> Day {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        for coupon in 0..COUPONS {
            sandbox.set_state(&code(coupon), CouponState::Effective).unwrap();
        }
        let folder = TempDir::new().unwrap();
        let mut config = config_with(
            &sandbox,
            &json!({
                "timeout_ms": 350, "attempt_timeout_ms": 150, "connect_timeout_ms": 150, "max_rate_per_s": 100_000,
                "max_rate_per_s": 100_000,
            }),
        );
        let other = Till::new(&config);
        config["journal_path"] = json!(folder.path().join("till.journal"));
        let till = Till::new(&config);
        Day {
            sandbox,
            _folder: folder,
            config,
            till,
            other,
            dead: Vec::new(),
            others: 0,
            book: Book::default(),
            transcript: Vec::new(),
        }
    }

    pub fn live(&mut self, step: &Step) -> Checked {
        let said = match step {
            Step::Redeem { number, coupon, note } => {
                self.ask(*number, Content { returns: false, coupon: *coupon, note: *note })?
            }
            Step::Return { number, coupon } => {
                self.ask(*number, Content { returns: true, coupon: *coupon, note: 0 })?
            }
            Step::Query { coupon } => self.query(*coupon)?,
            Step::Settle { number, void } => self.settle(*number, *void)?,
            Step::SettleAll => self.settle_all()?,
            other => {
                self.happen(other);
                String::new()
            }
        };
        self.transcript.push(format!("  {step:?} → {said}"));
        self.compare()
    }

    /// What is not the till's doing.
    fn happen(&mut self, step: &Step) {
        match step {
            Step::Fault { trouble, on, times } => {
                let fault = trouble.fault().on(on);
                self.sandbox.inject(match times {
                    Some(times) => fault.times(*times),
                    None => fault,
                });
            }
            Step::NoFaults => self.sandbox.clear_faults(),
            Step::Restart => {
                self.till.close();
                self.till = Till::new(&self.config);
            }
            Step::Crash => {
                let newcomer = Till::new(&self.config);
                self.dead.push(std::mem::replace(&mut self.till, newcomer));
            }
            Step::OtherTill { coupon } => {
                self.others += 1;
                let _ = self.other.redeem(&use_request(&code(*coupon), &format!("OTHER-{}", self.others)));
            }
            Step::Becomes { coupon, state } => {
                let view = self.sandbox.coupon(&code(*coupon)).unwrap();
                // A redeemed coupon stays redeemed.
                if view.state != CouponState::Used {
                    self.sandbox.set_state(&code(*coupon), *state).unwrap();
                }
            }
            _ => unreachable!("the till's own"),
        }
    }

    fn ask(&mut self, number: Number, content: Content) -> Result<String, String> {
        let mut request = if content.returns {
            query_request(&code(content.coupon))
        } else {
            use_request(&code(content.coupon), "")
        };
        request["out_request_no"] = json!(number.to_string());
        if content.note > 0 {
            request["use_time"] = json!(format!("2025-08-03T12:00:0{}+08:00", content.note));
        }
        let sent = || arrived(&self.sandbox, &number.to_string(), |_| true);
        let before = sent();
        let allowed = self.book.allows(number, content);
        let answer = if content.returns { self.till.give_back(&request) } else { self.till.redeem(&request) };
        let sends = sent() - before;
        let silent = match allowed {
            Allowed::OnlyReused | Allowed::OnlyInDoubt | Allowed::OnlyRecorded(_) => true,
            Allowed::AnythingOrReused => answer.name() == super::book::REUSED || before > 0,
            Allowed::Resolved | Allowed::Anything | Allowed::MayBeReturned => false,
        };
        check(!silent || sends == 0, || format!("{number}: sent {sends} times: {}", answer.json))?;
        self.book.take(number, content, &answer)?;
        Ok(answer.name().to_owned())
    }

    fn query(&self, coupon: u8) -> Result<String, String> {
        let state = || json!(self.sandbox.coupon(&code(coupon)).unwrap().state);
        let before = state();
        let answer = self.till.query(&query_request(&code(coupon)));
        let right = match answer.class() {
            0 => [before, state()].contains(&answer.json["data"]["coupon_state"]),
            class => matches!(class, 3 | 5 | 6),
        };
        check(right, || format!("asked about {coupon}: {}", answer.json))?;
        Ok(answer.name().to_owned())
    }

    fn settle(&mut self, number: Number, void: bool) -> Result<String, String> {
        let aim = if void { "void" } else { "complete" };
        let before = self.book.entries.get(&number).cloned();
        let answer = self.till.settle(&json!({ "out_request_no": number.to_string(), "aim": aim }));
        self.book.settled(number, void, &answer)?;
        if let Some(before) = before.filter(|entry| entry.told == Told::Open || entry.told == Told::Watching)
        {
            let history = History::of(&self.sandbox, &code(before.content.coupon));
            let closed = answer.json["data"]["state"] == "voided";
            // What has expired or was deleted is never redeemed any more.
            let state = self.sandbox.coupon(&code(before.content.coupon)).map(|coupon| coupon.state);
            let is_final = matches!(state, Some(CouponState::Expired | CouponState::Deleted));
            check(!closed || is_final || history.has(&number.to_string()), || {
                format!("{number} may still arrive, and nobody watches: {}", answer.json)
            })?;
        }
        Ok(format!("{} {}", answer.name(), answer.json["data"]["state"].as_str().unwrap_or_default()))
    }

    fn settle_all(&mut self) -> Result<String, String> {
        let answer = self.till.settle_all();
        let (pending, watching) = self.listed()?;
        let left = pending.len();
        check(matches!(answer.class(), 0 | 4), || format!("settling everything: {}", answer.json))?;
        check((answer.status == 0) == (left == 0), || format!("{left} left: {}", answer.json))?;
        for number in self.book.numbers(&Told::Open) {
            if !pending.contains(&number.to_string()) {
                // What became of it stands in the journal; asking sends nothing.
                let found = self.till.settle(&json!({ "out_request_no": number.to_string() }));
                check(found.json["recorded"] == true, || format!("{number}: {}", found.json))?;
                self.book.settled(number, false, &found)?;
            }
        }
        for told in [Told::Voiding, Told::Watching] {
            for number in self.book.numbers(&told) {
                let name = number.to_string();
                let entry = self.book.entries.get_mut(&number).unwrap();
                match (pending.contains(&name), watching.contains(&name)) {
                    (true, _) => entry.told = Told::Voiding,
                    (_, true) => entry.told = Told::Watching,
                    _ => entry.told = Told::Voided,
                }
            }
        }
        Ok(format!("{} with {left} left", answer.name()))
    }

    /// The numbers that the journal says are pending, and those that it watches.
    fn listed(&self) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
        let listed = self.till.pending();
        let rows = || listed["requests"].as_array().unwrap().iter();
        let of_state = |state: &str| -> BTreeSet<String> {
            let rows = rows().filter(|row| (row["state"] == "watching") == (state == "watching"));
            rows.map(|row| row["out_request_no"].as_str().unwrap().to_owned()).collect()
        };
        let (pending, mut watching) = (of_state("pending"), of_state("watching"));
        let counted = [pending.len(), watching.len()].map(|count| json!(count));
        // What was told as refused is watched too, for a copy that may still arrive.
        let was_refused =
            |row: &&Value| row["name"] == "WXCOUPON_E_COUPON_STATE" || row["name"] == "WXCOUPON_E_NOT_FOUND";
        for row in rows().filter(was_refused) {
            watching.remove(row["out_request_no"].as_str().unwrap());
        }
        let counts = [listed["pending"].clone(), listed["watching"].clone()];
        check(counts == counted, || format!("counts and list differ: {listed}"))?;
        Ok((pending, watching))
    }

    /// After every step: the book against the ledger and against the journal.
    fn compare(&self) -> Checked {
        for coupon in 0..COUPONS {
            let contradictions = History::of(&self.sandbox, &code(coupon)).contradictions();
            check(contradictions.is_empty(), || contradictions.join("; "))?;
        }
        let altered = altered(&self.sandbox);
        check(altered.is_empty(), || altered.join("; "))?;
        for (number, entry) in &self.book.entries {
            let history = History::of(&self.sandbox, &code(entry.content.coupon));
            let name = number.to_string();
            let latest =
                if entry.content.returns { history.returned_under() } else { history.redeemed_under() };
            let in_effect = latest == Some(name.as_str());
            match &entry.told {
                Told::Done(_) => {
                    check(history.has(&name), || format!("{number}: success told that did not happen"))?;
                }
                Told::Refused(_) | Told::Undone(_) | Told::Voided if self.may_arrive_late(*number) => {}
                told @ (Told::Refused(_) | Told::Undone(_) | Told::Voided) => {
                    check(!in_effect, || format!("{number}: {told:?} told, but it happened"))?;
                }
                Told::Open | Told::Voiding | Told::Watching => {}
            }
        }
        let (mut pending, watching) = self.listed()?;
        // The return that calls a redemption off has a row of its own.
        pending.retain(|number| !number.starts_with(OWN_RETURNS));
        for (listed, expected) in
            [(pending, vec![Told::Open, Told::Voiding]), (watching, vec![Told::Watching])]
        {
            let numbers = expected.iter().flat_map(|told| self.book.numbers(told));
            let numbers: BTreeSet<String> = numbers.map(|number| number.to_string()).collect();
            // A success that a return may have undone stays open, and a refusal may be watched.
            let may_stand_there = |entry: &Entry| match &entry.told {
                Told::Done(_) => expected.contains(&Told::Open) && self.book.may_be_returned(entry.content),
                Told::Refused(_) => expected.contains(&Told::Watching) && !entry.content.returns,
                _ => false,
            };
            let may_stay = |name: &String| {
                let mut entries = self.book.entries.iter();
                entries.any(|(number, entry)| number.to_string() == *name && may_stand_there(entry))
            };
            let is_right = numbers.is_subset(&listed) && listed.difference(&numbers).all(may_stay);
            check(is_right, || format!("the journal lists {listed:?}, {expected:?} are {numbers:?}"))?;
        }
        Ok(())
    }

    /// The end: no faults any more, a fresh start, everything settled; then what happened is known, and
    /// the book balances.
    pub fn close(&mut self) -> Checked {
        self.sandbox.clear_faults();
        std::thread::sleep(Duration::from_millis(if self.saw("Slow") { SLOW_MS + 100 } else { 0 }));
        for limit in ["timeout_ms", "attempt_timeout_ms", "connect_timeout_ms"] {
            self.config[limit] = json!(5000);
        }
        self.live(&Step::Restart)?;
        self.live(&Step::SettleAll)?;
        let voiding = self.book.numbers(&Told::Voiding);
        check(voiding.is_empty(), || format!("{voiding:?} cannot be called off"))?;
        // A repeat that is refused does not end a doubt: the first request may be on its way for minutes.
        for number in self.book.numbers(&Told::Open) {
            let content = self.book.entries[&number].content;
            // Where a return of the coupon is among them, the coupon shows nothing of what was undone, and copies may arrive
            // for minutes.
            if content.returns || self.book.may_be_returned(content) {
                continue;
            }
            let happened = History::of(&self.sandbox, &code(content.coupon)).has(&number.to_string());
            check(!happened, || format!("{number} happened, and settling does not find it"))?;
        }
        for number in self.book.numbers(&Told::Watching) {
            let coupon = code(self.book.entries[&number].content.coupon);
            let history = History::of(&self.sandbox, &coupon);
            check(history.redeemed_under() != Some(&number.to_string()), || {
                format!("{number} was called off, arrived late, and was not returned")
            })?;
        }
        (0..COUPONS).try_for_each(|coupon| self.balance(coupon))
    }

    /// Redemptions less returns, as told, against whether the coupon is redeemed.
    fn balance(&self, coupon: u8) -> Checked {
        let history = History::of(&self.sandbox, &code(coupon));
        let (mut told, mut superseded) = (0_i32, false);
        for (number, entry) in self.book.entries.iter().filter(|(_, entry)| entry.content.coupon == coupon) {
            superseded |= self.may_arrive_late(*number);
            let happened = i32::from(history.has(&number.to_string()));
            match (&entry.told, entry.content.returns) {
                (Told::Done(_), false) => told += 1,
                (Told::Done(_), true) => told -= 1,
                // Whoever took it back is counted too; and what is open and happened is in the ledger.
                (Told::Voided | Told::Watching, _) | (Told::Open | Told::Voiding, false) => told += happened,
                // It happened, was undone by a later request, and only then was refused.
                (Told::Refused(_) | Told::Undone(_), _) => superseded |= happened > 0,
                (Told::Open | Told::Voiding, true) => told -= happened,
            }
        }
        told -= i32::try_from(history.numbers().filter(|number| number.starts_with(OWN_RETURNS)).count())
            .unwrap();
        for other in 1..=self.others {
            told += i32::from(history.has(&format!("OTHER-{other}")));
        }
        let redeemed = i32::from(history.redeemed_under().is_some());
        check(superseded || told == redeemed, || {
            format!(
                "coupon {coupon}: told {told} redemptions in effect, there are {redeemed}: {:?}",
                self.book
            )
        })
    }

    /// Refused while an earlier attempt is still being worked on: what is wrong here stands in
    /// `found::a_refusal_is_not_told_while_an_earlier_attempt_can_still_take_effect`.
    fn may_arrive_late(&self, number: Number) -> bool {
        self.saw("Slow") && self.book.refused.contains(&number)
    }

    fn saw(&self, what: &str) -> bool {
        self.transcript.iter().any(|line| line.contains(what))
    }
}
