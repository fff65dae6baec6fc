//! Rows in memory, for a context without a file. They belong to one merchant and end with the context.
//!
//! They are kept in shards, each with its own lock. With more threads than cores, a thread is sometimes preempted while it
//! holds a lock, and others that need the same lock wait. For the same reason a redemption with a new number allocates and
//! frees as little as possible under a lock, because malloc has locks, too.

use super::row::{Lease, Row};
use super::store::{Change, Durability, Mark, Overview, Result, Store, Transaction};
use crate::api;
use crate::json;
use std::array;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Finished rows that are remembered, for repeats.
const REMEMBERED: i64 = 1000;
const SHARDS: u32 = 32;

/// All rows.
#[derive(Debug)]
pub struct Memory {
    shards: [Mutex<Shard>; SHARDS as usize],
    /// Hashes request numbers, which gives each one its shard.
    hash: RandomState,
    /// The position of the next row. No row has the key 0.
    count: AtomicI64,
    /// Keys of the returns of each coupon. A key implies its shard.
    returns: Mutex<HashMap<Arc<str>, Vec<i64>>>,
    /// Whether there was any return.
    has_returns: AtomicBool,
    facts: Mutex<BTreeMap<String, i64>>,
    marks: AtomicI64,
}

/// Some of the rows, by key. A key is the row's position among all rows times the number of shards, plus the shard.
#[derive(Debug, Default)]
struct Shard {
    rows: BTreeMap<i64, Box<StoredRow>>,
    ids: HashMap<Arc<str>, i64>,
}

#[derive(Debug)]
struct StoredRow {
    /// The row without its members. As JSON text, they are one allocation instead of many.
    row: Row,
    members: Box<str>,
}

/// One change. Nobody else sees the rows of the shard that it holds.
#[derive(Debug)]
pub struct MemoryTransaction<'a> {
    memory: &'a Memory,
    held: Option<(u32, MutexGuard<'a, Shard>)>,
    /// Freed after the lock is released, because fields are dropped in this order.
    #[allow(clippy::vec_box, reason = "taken out of its box it would be freed under the lock")]
    forgotten: Vec<Box<StoredRow>>,
    /// The same.
    replaced: Vec<Row>,
}

impl Default for Memory {
    fn default() -> Memory {
        let shards = array::from_fn(|_| Mutex::default());
        Memory {
            shards,
            hash: RandomState::new(),
            count: AtomicI64::new(1),
            returns: Mutex::default(),
            has_returns: AtomicBool::new(false),
            facts: Mutex::default(),
            marks: AtomicI64::new(1),
        }
    }
}

impl Memory {
    /// Begins a change.
    pub fn transaction(&self) -> MemoryTransaction<'_> {
        MemoryTransaction { memory: self, held: None, forgotten: Vec::new(), replaced: Vec::new() }
    }
}

impl StoredRow {
    fn whole(&self) -> Row {
        let members = json::parse_any(&self.members).and_then(json::into_object).unwrap_or_default();
        Row { members: Arc::new(members), ..self.row.clone() }
    }
}

impl<'a> MemoryTransaction<'a> {
    /// Rows of all shards, oldest first.
    #[allow(clippy::unnecessary_wraps, reason = "as the store's contract has it")]
    fn all(&mut self, wanted: impl Fn(&Row) -> bool) -> Result<Vec<Row>> {
        let mut found = Vec::new();
        for shard in 0..SHARDS {
            let rows = self.hold(shard).rows.values();
            found.extend(rows.filter(|stored| wanted(&stored.row)).map(|stored| stored.whole()));
        }
        found.sort_unstable_by_key(|row: &Row| row.id);
        Ok(found)
    }

    fn returns_by_coupon(&self) -> MutexGuard<'a, HashMap<Arc<str>, Vec<i64>>> {
        let memory: &'a Memory = self.memory;
        memory.returns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self) -> MutexGuard<'a, BTreeMap<String, i64>> {
        let memory: &'a Memory = self.memory;
        memory.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::indexing_slicing, reason = "the remainder is less than the number of shards")]
    fn hold(&mut self, shard: u32) -> &mut Shard {
        let memory: &'a Memory = self.memory;
        // Never two locks at a time, or two changes could wait for each other.
        self.held.take_if(|(held, _)| *held != shard);
        let lock = || memory.shards[(shard % SHARDS) as usize].lock().unwrap_or_else(PoisonError::into_inner);
        &mut self.held.get_or_insert_with(|| (shard, lock())).1
    }

    fn shard_of_request_no(&self, request_no: &str) -> u32 {
        u32::try_from(self.memory.hash.hash_one(request_no) % u64::from(SHARDS)).unwrap_or_default()
    }

    fn shard_of_row(&mut self, id: i64) -> &mut Shard {
        self.hold(u32::try_from(id.rem_euclid(i64::from(SHARDS))).unwrap_or_default())
    }

    /// Removes finished rows of the shard of `newest`, up to that row.
    fn forget_where(&mut self, newest: i64, is_old: impl Fn(&Row) -> bool) {
        let rows = self.shard_of_row(newest).rows.range(..=newest);
        let old = rows.filter(|(_, stored)| stored.row.state.is_finished() && is_old(&stored.row));
        let old: Vec<i64> = old.map(|(id, _)| *id).collect();
        for id in old {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: i64) {
        let shard = self.shard_of_row(id);
        if let Some(stored) = shard.rows.remove(&id) {
            shard.ids.remove(&stored.row.request.request_no);
            if let Some(coupon) = coupon_of_return(&stored.row) {
                let mut returns = self.returns_by_coupon();
                if let Some(ids) = returns.get_mut(coupon) {
                    ids.retain(|other| *other != id);
                    if ids.is_empty() {
                        returns.remove(coupon);
                    }
                }
            }
            self.forgotten.push(stored);
        }
    }
}

fn coupon_of_return(row: &Row) -> Option<&Arc<str>> {
    row.coupon.as_ref().filter(|_| api::is_return(&row.request.operation))
}

impl Store for Memory {
    /// There is no rollback here, so a change must read before it writes.
    fn transact(&self, _: Durability, change: Change) -> Result<()> {
        change(&mut self.transaction())
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        Ok(Arc::new(LivingMark(self.marks.fetch_add(1, Ordering::Relaxed).to_string().into())))
    }

    /// All rows belong to this one context, so every mark counts as alive.
    fn is_alive(&self, mark: &str) -> bool {
        !mark.is_empty()
    }

    fn audit(&self) -> Result<Overview> {
        let rows = self.transaction().all(|_| true)?.len();
        Ok(Overview { rows: u64::try_from(rows).unwrap_or(u64::MAX), ..Overview::default() })
    }
}

/// The context itself.
#[derive(Debug)]
struct LivingMark(Arc<str>);

impl Mark for LivingMark {
    fn id(&self) -> &Arc<str> {
        &self.0
    }
}

impl Transaction for MemoryTransaction<'_> {
    fn find(&mut self, _: &str, request_no: &str) -> Result<Option<Row>> {
        let shard = self.hold(self.shard_of_request_no(request_no));
        let stored = shard.ids.get(request_no).and_then(|id| shard.rows.get(id));
        Ok(stored.map(|stored| stored.whole()))
    }

    fn insert(&mut self, row: &Row) -> Result<i64> {
        let members = json::text(&*row.members, 0).into_boxed_str();
        let shard = self.shard_of_request_no(&row.request.request_no);
        let new_id = || {
            let place = self.memory.count.fetch_add(1, Ordering::Relaxed);
            place * i64::from(SHARDS) + i64::from(shard)
        };
        let id = match coupon_of_return(row) {
            None => new_id(),
            // A thread that sees this key by `latest` also finds it among the returns.
            Some(coupon) => {
                let mut returns = self.returns_by_coupon();
                self.memory.has_returns.store(true, Ordering::Release);
                let id = new_id();
                returns.entry(Arc::clone(coupon)).or_default().push(id);
                id
            }
        };
        let stored = Box::new(StoredRow { row: Row { id, members: Arc::default(), ..row.clone() }, members });
        let shard = self.hold(shard);
        shard.ids.insert(Arc::clone(&row.request.request_no), id);
        shard.rows.insert(id, stored);
        Ok(id)
    }

    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        // Allocated before the lock is taken. The replaced row is freed after it is released.
        let mut row = Row { members: Arc::default(), ..row.clone() };
        let (id, ended) = (row.id, row.state.is_finished());
        let shard = self.shard_of_row(id);
        let Some(stored) = shard.rows.get_mut(&id).filter(|stored| stored.row.lease == *held) else {
            return Ok(false);
        };
        std::mem::swap(&mut stored.row, &mut row);
        if ended {
            self.forget_where(id - REMEMBERED * i64::from(SHARDS), |_| true);
        }
        self.replaced.push(row);
        Ok(true)
    }

    fn rewrite(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        let members = json::text(&*row.members, 0).into_boxed_str();
        let shard = self.shard_of_row(row.id);
        let Some(stored) = shard.rows.get_mut(&row.id).filter(|stored| stored.row.lease == *held) else {
            return Ok(false);
        };
        **stored = StoredRow { row: Row { members: Arc::default(), ..row.clone() }, members };
        Ok(true)
    }

    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool> {
        let is_held_so = self.shard_of_row(id).rows.get(&id).is_some_and(|stored| stored.row.lease == *held);
        if is_held_so {
            self.forget(id);
        }
        Ok(is_held_so)
    }

    fn open(&mut self, _: &str) -> Result<Vec<Row>> {
        self.all(|row| !row.state.is_finished())
    }

    fn following(&mut self, _: &str, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)> {
        let mut rows = self.all(|row| row.id > after)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let goes_on = rows.len() > most;
        rows.truncate(most);
        let last = rows.last().map(|row| row.id).filter(|_| goes_on);
        Ok((rows, last))
    }

    fn returns(&mut self, _: &str, coupon: &str) -> Result<Vec<Row>> {
        if !self.memory.has_returns.load(Ordering::Acquire) {
            return Ok(Vec::new());
        }
        let ids = self.returns_by_coupon().get(coupon).cloned().unwrap_or_default();
        let mut rows: Vec<Row> = ids
            .into_iter()
            .filter_map(|id| self.shard_of_row(id).rows.get(&id).map(|stored| stored.whole()))
            .collect();
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    fn was_redeemed_before(&mut self, _: &str, coupon: &str, id: i64) -> Result<bool> {
        let is_it = |row: &Row| {
            row.id < id && api::is_redemption(&row.request.operation) && row.coupon.as_deref() == Some(coupon)
        };
        Ok(!self.all(is_it)?.is_empty())
    }

    fn answered_redemptions(&mut self, _: &str, coupon: &str) -> Result<Vec<Row>> {
        self.all(|row: &Row| {
            row.answer.is_some()
                && api::is_redemption(&row.request.operation)
                && row.coupon.as_deref() == Some(coupon)
        })
    }

    fn prune(&mut self, _: &str, older_than_ms: i64, _: i64) -> Result<Option<i64>> {
        for shard in 0..i64::from(SHARDS) {
            self.forget_where(i64::MAX - i64::from(SHARDS) + 1 + shard, |row| row.updated_ms < older_than_ms);
        }
        Ok(None)
    }

    fn latest(&mut self) -> Result<i64> {
        // Later rows have a higher position.
        Ok(self.memory.count.load(Ordering::Relaxed) * i64::from(SHARDS) - 1)
    }

    fn fact(&mut self, name: &str) -> Result<Option<i64>> {
        Ok(self.facts().get(name).copied())
    }

    fn set_fact(&mut self, name: &str, value: i64) -> Result<()> {
        self.facts().insert(name.to_owned(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    use crate::journal::row::{NewRow, State};

    fn insert(transaction: &mut MemoryTransaction<'_>, request_no: &str) -> i64 {
        transaction.insert(&Row::new(&"".into(), &"owner".into(), NewRow::plain(request_no))).unwrap()
    }

    fn done(transaction: &mut MemoryTransaction<'_>, request_no: &str) {
        let row = transaction.find("", request_no).unwrap().unwrap();
        let lease = Lease { owner: None, ..row.lease.clone() };
        assert!(transaction.replace(&Row { state: State::Done, lease, ..row.clone() }, &row.lease).unwrap());
        assert!(!transaction.replace(&row, &row.lease).unwrap(), "it is not held so any more");
    }

    #[test]
    fn the_last_finished_rows_are_remembered_and_what_is_unfinished_is_never_forgotten() {
        let memory = Memory::default();
        let numbers: Vec<String> = (0..5 * REMEMBERED).map(|at| format!("SALE-{at}")).collect();
        let open = insert(&mut memory.transaction(), "OPEN-2");
        let older = insert(&mut memory.transaction(), "OPEN-1");
        for request_no in &numbers {
            insert(&mut memory.transaction(), request_no);
            done(&mut memory.transaction(), request_no);
        }
        let is_known = |request_no: &str| memory.transaction().find("", request_no).unwrap().is_some();
        let latest = numbers.len() - usize::try_from(REMEMBERED).unwrap();
        assert!(numbers[latest..].iter().all(|request_no| is_known(request_no)));
        assert!(numbers[..numbers.len() / 2].iter().all(|request_no| !is_known(request_no)));
        let unfinished = memory.transaction().open("").unwrap();
        assert_eq!(unfinished.iter().map(|row| row.id).collect::<Vec<_>>(), [open, older]);
        memory.transaction().prune("", i64::MAX, 0).unwrap();
        assert!(!numbers.iter().any(|request_no| is_known(request_no)));
        assert!(is_known("OPEN-1") && is_known("OPEN-2"));
    }

    #[test]
    fn one_number_waits_for_itself_and_hardly_ever_for_another() {
        let memory = Memory::default();
        let mut transaction = memory.transaction();
        assert!(transaction.find("", "SALE-0001").unwrap().is_none());
        let held = transaction.shard_of_request_no("SALE-0001");
        let others: Vec<String> = (0..200).map(|at| format!("OTHER-{at}")).collect();
        let free =
            others.iter().filter(|request_no| transaction.shard_of_request_no(request_no) != held).count();
        assert!(free > 150, "{free} of 200");
        thread::scope(|scope| {
            let same = scope.spawn(|| memory.transaction().find("", "SALE-0001").unwrap().is_some());
            for request_no in &others {
                let mut other = memory.transaction();
                if other.shard_of_request_no(request_no) != held {
                    insert(&mut other, request_no);
                }
            }
            insert(&mut transaction, "SALE-0001");
            drop(transaction);
            assert!(same.join().unwrap(), "it saw the number before it was there");
        });
    }
}
