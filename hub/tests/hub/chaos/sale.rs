//! What a till does all day, and how it ends what is open.

use super::random::Random;
use super::record::{Deed, Entry, Record, Told, Verdict, now_ms};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use testkit::till::{Answer, Till, query_request, use_request};

/// After so many attempts to end a number at the very end, a redemption is called off.
const ATTEMPTS: u64 = 8;

pub struct Shop {
    till: Till,
    record: Record,
    random: Random,
    /// What its numbers begin with: another for each process.
    prefix: String,
    count: u64,
    /// Coupons that other tills want, too, are returned as well.
    returns_all: bool,
    stop: PathBuf,
}

fn pause(random: &mut Random, first: u64, last: u64) {
    thread::sleep(Duration::from_millis(random.between(first, last)));
}

impl Shop {
    pub fn open(desk: &Path, seed: u64) -> Shop {
        let desk: Value = serde_json::from_slice(&std::fs::read(desk).unwrap()).unwrap();
        let path = |name: &str| PathBuf::from(desk[name].as_str().unwrap());
        let config = &desk["config"];
        let mut record = Record::open(&path("record"));
        let has_file = config["journal_path"].is_string();
        record.add(Entry::Began { at_ms: now_ms(), has_file });
        let prefix = format!("{}-{}", config["till_id"].as_str().unwrap(), record.book.processes);
        Shop {
            till: Till::new(config),
            record,
            random: Random::seeded(seed),
            prefix,
            count: 0,
            returns_all: desk["returns_all"] == true,
            stop: path("stop"),
        }
    }

    /// Sells until it is told to stop.
    pub fn work(&mut self) {
        // What the process before has left.
        for number in self.record.book.open() {
            self.end_one(&number, 1);
        }
        while !self.stop.exists() {
            self.count += 1;
            let number = format!("{}-{:05}", self.prefix, self.count);
            // Now and then a coupon that every till wants at this time.
            let is_contested = self.random.one_in(4);
            let coupon = if is_contested {
                format!("AUTO_ALL_{}", now_ms() / 2_000)
            } else {
                format!("AUTO_{}", number.replace('-', "_"))
            };
            self.sell(&number, &coupon, !is_contested || self.returns_all);
            if self.random.one_in(6) {
                let open = self.record.book.open();
                if !open.is_empty() {
                    let number = open[self.random.index(open.len())].clone();
                    self.end_one(&number, 1);
                }
            }
            if self.random.one_in(60) {
                self.till.settle(&json!({ "_options": { "timeout_ms": 4_000 } }));
            }
            pause(&mut self.random, 20, 160);
        }
    }

    fn sell(&mut self, number: &str, coupon: &str, may_return: bool) {
        let mut verdict = self.ask(Deed::Use, number, coupon);
        for _ in 0..2 {
            let is_final =
                self.record.book.sales[number].last_told().is_none_or(|told| told.status / 1000 == 5);
            if verdict != Verdict::NotDone || is_final {
                break;
            }
            // The till may try again with the same number, and gives up after that.
            pause(&mut self.random, 50, 400);
            verdict = self.ask(Deed::Use, number, coupon);
        }
        if verdict == Verdict::Open && self.random.one_in(2) {
            self.end_one(number, 3);
        }
        if verdict == Verdict::Done && may_return && self.random.one_in(10) {
            self.ask(Deed::Return, &format!("{number}-R"), coupon);
        }
    }

    /// Tries to end what is open, one way or another.
    fn end_one(&mut self, number: &str, times: u64) {
        for _ in 0..times {
            let sale = &self.record.book.sales[number];
            let (coupon, is_void, is_return) = (sale.coupon.clone(), sale.is_void, sale.is_return);
            let deed = match self.random.below(10) {
                _ if is_void => Deed::Void,
                0 | 1 if !is_return => Deed::Void,
                2..=4 => Deed::Settle,
                _ if is_return => Deed::Return,
                _ => Deed::Use,
            };
            if self.ask(deed, number, &coupon) != Verdict::Open {
                return;
            }
            pause(&mut self.random, 50, 300);
        }
    }

    /// One call, written down before and after.
    fn ask(&mut self, deed: Deed, number: &str, coupon: &str) -> Verdict {
        let (number_of, coupon_of) = (number.to_owned(), coupon.to_owned());
        self.record.add(Entry::Asked { at_ms: now_ms(), deed, number: number_of, coupon: coupon_of });
        let answer: Answer = match deed {
            Deed::Use => self.till.redeem(&use_request(coupon, number)),
            Deed::Return => {
                let mut request = query_request(coupon);
                request["out_request_no"] = json!(number);
                self.till.give_back(&request)
            }
            Deed::Settle | Deed::Answer => self.till.settle(&json!({ "out_request_no": number })),
            Deed::Void => self.till.settle(&json!({ "out_request_no": number, "aim": "void" })),
        };
        let told = Told::of(&answer);
        self.record.add(Entry::Told { at_ms: now_ms(), deed, number: number.to_owned(), told });
        self.record.book.sales[number].verdict
    }

    /// Ends everything that is open, and asks once more about what ever was.
    pub fn end(&mut self, limit: Duration, waits_for_watched: bool) {
        let began = Instant::now();
        let mut rounds = 0;
        while began.elapsed() < limit {
            let open = self.record.book.open();
            if open.is_empty() {
                break;
            }
            rounds += 1;
            for number in open {
                let sale = &self.record.book.sales[&number];
                if rounds > ATTEMPTS && !sale.is_return {
                    let coupon = sale.coupon.clone();
                    self.ask(Deed::Void, &number, &coupon);
                } else {
                    self.end_one(&number, 1);
                }
            }
            pause(&mut self.random, 300, 700);
        }
        let (mut pending, mut watching) = (u64::MAX, u64::MAX);
        while began.elapsed() < limit && (pending > 0 || watching > 0 && waits_for_watched) {
            self.till.settle(&json!({ "_options": { "timeout_ms": 10_000 } }));
            let asked = self.till.try_pending();
            let count = |name: &str| asked.json["data"][name].as_u64().unwrap_or(u64::MAX);
            (pending, watching) = (count("pending"), count("watching"));
            let pauses = if pending > 0 { [300, 700] } else { [3_000, 7_000] };
            pause(&mut self.random, pauses[0], pauses[1]);
        }
        let doubtful: Vec<String> = {
            let sales = self.record.book.sales.iter();
            sales.filter(|(_, sale)| sale.was_open()).map(|(number, _)| number.clone()).collect()
        };
        for number in doubtful {
            let coupon = self.record.book.sales[&number].coupon.clone();
            self.ask(Deed::Answer, &number, &coupon);
            // All tills ask at the same time. An answer in doubt is none.
            while began.elapsed() < limit && self.record.book.sales[&number].is_answer_open() {
                pause(&mut self.random, 300, 700);
                self.ask(Deed::Answer, &number, &coupon);
            }
        }
        self.record.add(Entry::Ended { at_ms: now_ms(), pending, watching });
    }
}
