//! What really happened to a coupon, from the sandbox's ledger.

use std::collections::HashMap;
use wxcoupon_sandbox::{Effect, LedgerEntry, RequestEntry, Sandbox};

/// The effects on one coupon, in order.
pub struct History(Vec<LedgerEntry>);

impl History {
    /// Of this coupon.
    pub fn of(sandbox: &Sandbox, coupon: &str) -> History {
        History(sandbox.ledger().into_iter().filter(|entry| entry.coupon_code == coupon).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a request with this number ever took effect.
    pub fn has(&self, number: &str) -> bool {
        self.numbers().any(|effect| effect == number)
    }

    /// The numbers of everything that took effect.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.number.as_str())
    }

    /// The number under which the coupon is redeemed now.
    pub fn redeemed_under(&self) -> Option<&str> {
        self.0.last().filter(|last| last.effect == Effect::Used).map(|last| last.number.as_str())
    }

    /// The number under which the latest redemption was taken back.
    pub fn returned_under(&self) -> Option<&str> {
        self.0.last().filter(|last| last.effect == Effect::Returned).map(|last| last.number.as_str())
    }

    /// What no order of events may ever lead to.
    pub fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut redeemed = false;
        for (index, entry) in self.0.iter().enumerate() {
            let uses = entry.effect == Effect::Used;
            if uses == redeemed {
                let what = if uses { "redeemed twice" } else { "returned without a redemption" };
                wrong.push(format!("{} {what}: {:?}", entry.coupon_code, self.0));
            }
            redeemed = uses;
            if self.0.iter().take(index).any(|earlier| earlier.number == entry.number) {
                wrong.push(format!("number {} took effect twice: {:?}", entry.number, self.0));
            }
        }
        wrong
    }
}

/// How many requests with this number reached the sandbox and got such a status.
pub fn arrived(sandbox: &Sandbox, number: &str, answered: impl Fn(Option<u16>) -> bool) -> usize {
    let ours = |request: &&RequestEntry| request.number.as_deref() == Some(number);
    sandbox.requests().iter().filter(ours).filter(|request| answered(request.http_status)).count()
}

/// Requests with one number that are not byte for byte the same.
pub fn altered(sandbox: &Sandbox) -> Vec<String> {
    let mut first: HashMap<String, (String, String)> = HashMap::new();
    let mut wrong = Vec::new();
    for request in sandbox.requests() {
        let Some(number) = request.number else { continue };
        let sent = (request.target, request.body);
        let before = first.entry(number.clone()).or_insert_with(|| sent.clone());
        if *before != sent {
            wrong.push(format!("{number} was sent as {before:?} and as {sent:?}"));
        }
    }
    wrong
}
