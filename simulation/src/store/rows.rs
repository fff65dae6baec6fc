//! Rows as a simulated disk keeps them.

use super::Undo;
use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wxcoupon::journal::row::{Lease, Request, Row, State};
use wxcoupon::journal::store::{Result, Transaction};

#[derive(Default)]
pub struct Rows {
    by_id: BTreeMap<i64, Row>,
    ids: BTreeMap<Arc<str>, i64>,
    last: i64,
    facts: BTreeMap<String, i64>,
    /// Rows whose digest does not fit any more.
    flipped: BTreeSet<i64>,
}

impl Rows {
    pub fn id_of(&self, number: &str) -> Option<i64> {
        self.ids.get(number).copied()
    }

    pub fn is_damaged(&self, number: &str) -> bool {
        self.id_of(number).is_some_and(|id| self.flipped.contains(&id))
            || self.state_of(number) == Some(State::Damaged)
    }

    pub fn state_of(&self, number: &str) -> Option<State> {
        let row = self.id_of(number).and_then(|id| self.by_id.get(&id));
        row.map(|row| row.state)
    }

    pub fn put_back(&mut self, id: i64, before: Option<Row>) {
        match before {
            Some(row) => {
                self.ids.insert(Arc::clone(&row.request.request_no), id);
                self.by_id.insert(id, row);
            }
            None => {
                if let Some(row) = self.by_id.remove(&id) {
                    self.ids.remove(&row.request.request_no);
                }
            }
        }
    }

    pub fn undo(&mut self, undo: Undo) {
        if undo.was_flipped {
            self.flipped.insert(undo.id);
        } else {
            self.flipped.remove(&undo.id);
        }
        self.put_back(undo.id, undo.before);
    }

    pub fn flip(&mut self, chance: u64, called_off_too: bool) -> Option<String> {
        let mut random = Random::new(chance);
        let may = |row: &&Row| called_off_too || !row.called_off;
        let places: Vec<i64> = self.by_id.values().filter(may).map(|row| row.id).collect();
        if places.is_empty() {
            return None;
        }
        let id = *random.pick(&places);
        let row = self.by_id.get_mut(&id)?;
        let mut body = row.request.body.clone()?;
        if body.is_empty() {
            return None;
        }
        let at = random.index(body.len());
        body[at] ^= 1 << random.below(7);
        let request = &row.request;
        let words = format!("byte {at} of {}'s body", request.request_no);
        row.request = Arc::new(Request { body: Some(body), ..Request::clone(request) });
        self.flipped.insert(id);
        Some(words)
    }

    pub fn in_words(&self) -> Vec<String> {
        let words = |row: &Row| {
            let held = if row.lease.owner.is_some() { ", held" } else { "" };
            format!(
                "{} {} {:?}{held}, code {}",
                row.request.operation, row.request.request_no, row.state, row.code
            )
        };
        self.by_id.values().map(words).collect()
    }

    fn read(&self, row: &Row) -> Row {
        let is_damaged = self.flipped.contains(&row.id);
        Row { state: if is_damaged { State::Damaged } else { row.state }, ..row.clone() }
    }

    fn all(&self, wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
        self.by_id.values().map(|row| self.read(row)).filter(|row| wanted(row)).collect()
    }
}

/// One change, which can be taken back.
pub struct Turn<'a> {
    pub rows: &'a mut Rows,
    pub undo: Vec<Undo>,
    /// The clock of a store with leases, and how long they are.
    pub leases: Option<(i64, i64)>,
}

impl Turn<'_> {
    fn remember(&mut self, id: i64) {
        let before = self.rows.by_id.get(&id).cloned();
        self.undo.push(Undo { id, before, was_flipped: self.rows.flipped.contains(&id) });
    }

    pub fn take_back(self) {
        for undo in self.undo.into_iter().rev() {
            self.rows.undo(undo);
        }
    }

    fn is_held_so(&self, id: i64, held: &Lease) -> bool {
        let lease = self.rows.by_id.get(&id).map(|row| &row.lease);
        lease.is_some_and(|lease| lease.is(held))
    }

    /// A row as it is kept: whoever has it gets a lease, if the store has leases.
    fn leased(&self, row: Row) -> Row {
        let until_ms =
            self.leases.filter(|_| row.lease.owner.is_some()).map(|(now_ms, length_ms)| now_ms + length_ms);
        Row { lease: Lease { until_ms, ..row.lease.clone() }, ..row }
    }

    fn forget(&mut self, id: i64) {
        self.remember(id);
        self.rows.put_back(id, None);
    }
}

impl Transaction for Turn<'_> {
    fn find(&mut self, merchant: &str, number: &str) -> Result<Option<Row>> {
        let row = self.rows.id_of(number).and_then(|id| self.rows.by_id.get(&id));
        Ok(row.filter(|row| &*row.merchant == merchant).map(|row| self.rows.read(row)))
    }

    fn now_ms(&mut self) -> Result<Option<i64>> {
        Ok(self.leases.map(|(now_ms, _)| now_ms))
    }

    fn insert(&mut self, row: &Row) -> Result<i64> {
        self.rows.last += 1;
        let id = self.rows.last;
        self.remember(id);
        let row = self.leased(Row { id, ..row.clone() });
        self.rows.put_back(id, Some(row));
        Ok(id)
    }

    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        if !self.is_held_so(row.id, held) {
            return Ok(false);
        }
        self.remember(row.id);
        // What never changes is not written again, and the digest is that of what the writer believed.
        let stored = self.rows.by_id.get(&row.id).map(|stored| Arc::clone(&stored.request));
        let request = stored.unwrap_or_else(|| Arc::clone(&row.request));
        if request.body == row.request.body {
            self.rows.flipped.remove(&row.id);
        } else {
            self.rows.flipped.insert(row.id);
        }
        let kept = self.leased(Row { request, ..row.clone() });
        self.rows.put_back(row.id, Some(kept));
        Ok(true)
    }

    fn rewrite(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        let is_held_so = self.is_held_so(row.id, held);
        if is_held_so {
            self.remember(row.id);
            self.rows.flipped.remove(&row.id);
            let kept = self.leased(row.clone());
            self.rows.put_back(row.id, Some(kept));
        }
        Ok(is_held_so)
    }

    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool> {
        let is_held_so = self.is_held_so(id, held);
        if is_held_so {
            self.forget(id);
        }
        Ok(is_held_so)
    }

    fn open(&mut self, merchant: &str) -> Result<Vec<Row>> {
        Ok(self.rows.all(|row| !row.state.is_finished() && &*row.merchant == merchant))
    }

    fn following(&mut self, merchant: &str, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)> {
        let mut rows = self.rows.all(|row| row.id > after && &*row.merchant == merchant);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let goes_on = rows.len() > most;
        rows.truncate(most);
        let last = rows.last().map(|row| row.id).filter(|_| goes_on);
        Ok((rows, last))
    }

    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        Ok(self.rows.all(|row| {
            wxcoupon::api::is_return(&row.request.operation)
                && row.coupon.as_deref() == Some(coupon)
                && &*row.merchant == merchant
        }))
    }

    fn was_redeemed_before(&mut self, merchant: &str, coupon: &str, id: i64) -> Result<bool> {
        Ok(self.rows.by_id.values().any(|row| {
            row.id < id
                && wxcoupon::api::is_redemption(&row.request.operation)
                && row.coupon.as_deref() == Some(coupon)
                && &*row.merchant == merchant
        }))
    }

    fn answered_redemptions(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        Ok(self.rows.all(|row| {
            wxcoupon::api::is_redemption(&row.request.operation)
                && row.answer.is_some()
                && row.coupon.as_deref() == Some(coupon)
                && &*row.merchant == merchant
        }))
    }

    fn prune(&mut self, merchant: &str, older_than_ms: i64, _: i64) -> Result<Option<i64>> {
        let old = |row: &Row| {
            row.state.is_finished() && row.updated_ms < older_than_ms && &*row.merchant == merchant
        };
        // Looked at one by one first: mostly there is nothing to forget.
        if self.rows.by_id.values().any(old) {
            for row in self.rows.all(old) {
                self.forget(row.id);
            }
        }
        Ok(None)
    }

    fn latest(&mut self) -> Result<i64> {
        Ok(self.rows.by_id.keys().next_back().copied().unwrap_or(0))
    }

    fn fact(&mut self, name: &str) -> Result<Option<i64>> {
        Ok(self.rows.facts.get(name).copied())
    }

    fn set_fact(&mut self, name: &str, value: i64) -> Result<()> {
        self.rows.facts.insert(name.to_owned(), value);
        Ok(())
    }
}
