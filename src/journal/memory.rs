//! Rows in memory, for a context without a file: of one merchant, and gone with it.
//!
//! They are kept in parts, each behind a lock of its own. Where there are more threads than cores, a thread is put
//! aside with a lock in its hand now and then, and whoever needs the same one waits until it goes on. For the same
//! reason a redemption with a new number allocates and frees as little as it can under a lock: malloc has locks, too.

use super::rows::{NewRow, Reach, Row, Rows, State, Verdict, ago_ms, latest_arrival, now_ms};
use rusqlite::Result;
use std::array;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Finished rows that are remembered, for repeats.
const REMEMBERED: i64 = 1000;
const PARTS: u32 = 32;

/// All rows.
#[derive(Debug)]
pub struct Memory {
    parts: [Mutex<Part>; PARTS as usize],
    /// Of numbers, by which each has its part.
    hash: RandomState,
    /// The place of the next row; no row has the key 0.
    count: AtomicI64,
}

/// Some of the rows, by their keys: their place among all rows times the number of parts, and the part.
#[derive(Debug, Default)]
struct Part {
    rows: BTreeMap<i64, Box<Kept>>,
    ids: HashMap<Arc<str>, i64>,
}

#[derive(Debug)]
struct Kept {
    /// Without its members: as JSON, they are one piece of memory instead of many, for as long as it is kept.
    row: Row,
    members: Box<str>,
    owner: Option<Arc<str>>,
}

/// One change, in which nobody else sees the rows of the same part.
#[derive(Debug)]
pub struct Turn<'a> {
    memory: &'a Memory,
    held: Option<(u32, MutexGuard<'a, Part>)>,
    /// Freed when the part is no longer held: members are dropped in this order.
    #[allow(clippy::vec_box, reason = "taken out of its box it would be freed under the lock")]
    forgotten: Vec<Box<Kept>>,
}

impl Default for Memory {
    fn default() -> Memory {
        let parts = array::from_fn(|_| Mutex::default());
        Memory { parts, hash: RandomState::new(), count: AtomicI64::new(1) }
    }
}

impl Memory {
    /// Begins a change.
    pub fn turn(&self) -> Turn<'_> {
        Turn { memory: self, held: None, forgotten: Vec::new() }
    }
}

impl Kept {
    fn whole(&self) -> Row {
        Row { members: serde_json::from_str(&self.members).unwrap_or_default(), ..self.row.clone() }
    }
}

impl<'a> Turn<'a> {
    #[allow(clippy::indexing_slicing, reason = "what is left when divided by the number of parts is less")]
    fn hold(&mut self, part: u32) -> &mut Part {
        let memory: &'a Memory = self.memory;
        // Never two at a time: another change might hold the second and want the first.
        self.held.take_if(|(held, _)| *held != part);
        let lock = || memory.parts[(part % PARTS) as usize].lock().unwrap_or_else(PoisonError::into_inner);
        &mut self.held.get_or_insert_with(|| (part, lock())).1
    }

    fn part_of_number(&self, number: &str) -> u32 {
        u32::try_from(self.memory.hash.hash_one(number) % u64::from(PARTS)).unwrap_or_default()
    }

    fn part_of_row(&mut self, id: i64) -> &mut Part {
        self.hold(u32::try_from(id.rem_euclid(i64::from(PARTS))).unwrap_or_default())
    }

    fn change(&mut self, id: i64, change: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.part_of_row(id).rows.get_mut(&id) {
            change(kept);
        }
    }

    /// Forgets finished rows of the part in which `newest` is, up to that one.
    fn forget_where(&mut self, newest: i64, is_old: impl Fn(&Row) -> bool) {
        let rows = self.part_of_row(newest).rows.range(..=newest);
        let old = rows.filter(|(_, kept)| kept.row.state.is_finished() && is_old(&kept.row));
        let old: Vec<i64> = old.map(|(id, _)| *id).collect();
        for id in old {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: i64) {
        let part = self.part_of_row(id);
        if let Some(kept) = part.rows.remove(&id) {
            part.ids.remove(&kept.row.request.number);
            self.forgotten.push(kept);
        }
    }
}

impl Rows for Turn<'_> {
    fn by_number(&mut self, _: &str, number: &str) -> Result<Option<(Row, Option<Arc<str>>)>> {
        let part = self.hold(self.part_of_number(number));
        let kept = part.ids.get(number).and_then(|id| part.rows.get(id));
        Ok(kept.map(|kept| (kept.whole(), kept.owner.clone())))
    }

    fn insert(&mut self, _: &str, owner: &Arc<str>, new: NewRow, members: Box<str>) -> Result<Row> {
        let place = self.memory.count.fetch_add(1, Ordering::Relaxed);
        let part = self.part_of_number(&new.request.number);
        let mut row = Row::of(place * i64::from(PARTS) + i64::from(part), new);
        let members_of_row = std::mem::take(&mut row.members);
        let kept = Row { watch_until_ms: latest_arrival(), ..row.clone() };
        let part = self.hold(part);
        part.ids.insert(Arc::clone(&row.request.number), row.id);
        part.rows.insert(row.id, Box::new(Kept { row: kept, members, owner: Some(Arc::clone(owner)) }));
        Ok(Row { members: members_of_row, ..row })
    }

    fn take_up(
        &mut self,
        id: i64,
        owner: &Arc<str>,
        state: Option<State>,
        watch_at_least_until_ms: i64,
    ) -> Result<()> {
        self.change(id, |kept| {
            kept.owner = Some(Arc::clone(owner));
            kept.row.watch_until_ms = kept.row.watch_until_ms.max(watch_at_least_until_ms);
            if let Some(state) = state {
                (kept.row.state, kept.row.updated_ms) = (state, now_ms());
            }
        });
        Ok(())
    }

    fn finish(&mut self, id: i64, verdict: Verdict) -> Result<()> {
        self.change(id, |kept| {
            kept.owner = None;
            let row = &mut kept.row;
            row.state = verdict.state;
            row.code = verdict.code;
            row.cause = verdict.cause;
            row.attempts += verdict.attempts;
            row.updated_ms = now_ms();
            row.watch_until_ms = verdict.watch_until_ms;
            row.answer = verdict.answer.or(row.answer.take());
            row.http_status = verdict.http_status.or(row.http_status);
            row.request_id = verdict.request_id.or(row.request_id.take());
            row.host = verdict.host.or(row.host.take());
        });
        self.forget_where(id - REMEMBERED * i64::from(PARTS), |_| true);
        Ok(())
    }

    fn release(&mut self, id: i64) -> Result<()> {
        self.change(id, |kept| kept.owner = None);
        Ok(())
    }

    fn call_off(&mut self, id: i64) -> Result<()> {
        self.change(id, |kept| (kept.row.state, kept.row.updated_ms) = (State::Voiding, now_ms()));
        Ok(())
    }

    fn delete(&mut self, id: i64) -> Result<()> {
        self.forget(id);
        Ok(())
    }

    fn prune(&mut self, _: &str, keep: Duration, _: Reach) -> Result<()> {
        let oldest = ago_ms(keep);
        for part in 0..i64::from(PARTS) {
            self.forget_where(i64::MAX - i64::from(PARTS) + 1 + part, |row| row.updated_ms < oldest);
        }
        Ok(())
    }

    fn unfinished(&mut self, _: &str) -> Result<Vec<Row>> {
        let mut open = Vec::new();
        for part in 0..PARTS {
            let rows = self.hold(part).rows.values();
            open.extend(rows.filter(|kept| !kept.row.state.is_finished()).map(|kept| kept.whole()));
        }
        open.sort_unstable_by_key(|row: &Row| row.id);
        Ok(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn insert(turn: &mut Turn<'_>, number: &str) -> i64 {
        turn.insert("", &"owner".into(), NewRow::plain(number), "{}".into()).unwrap().id
    }

    fn done(turn: &mut Turn<'_>, id: i64) {
        let verdict = Verdict {
            state: State::Done,
            code: 0,
            cause: String::new(),
            attempts: 1,
            watch_until_ms: 0,
            answer: None,
            http_status: None,
            request_id: None,
            host: None,
        };
        turn.finish(id, verdict).unwrap();
    }

    #[test]
    fn the_last_finished_rows_are_remembered_and_what_is_unfinished_is_never_forgotten() {
        let memory = Memory::default();
        let numbers: Vec<String> = (0..5 * REMEMBERED).map(|at| format!("SALE-{at}")).collect();
        let open = insert(&mut memory.turn(), "OPEN-2");
        let older = insert(&mut memory.turn(), "OPEN-1");
        for number in &numbers {
            let id = insert(&mut memory.turn(), number);
            done(&mut memory.turn(), id);
        }
        let is_known = |number: &str| memory.turn().by_number("", number).unwrap().is_some();
        let latest = numbers.len() - usize::try_from(REMEMBERED).unwrap();
        assert!(numbers[latest..].iter().all(|number| is_known(number)));
        assert!(numbers[..numbers.len() / 2].iter().all(|number| !is_known(number)));
        let unfinished = memory.turn().unfinished("").unwrap();
        assert_eq!(unfinished.iter().map(|row| row.id).collect::<Vec<_>>(), [open, older]);
        // What changed in this very millisecond is not older than nothing.
        thread::sleep(Duration::from_millis(2));
        memory.turn().prune("", Duration::ZERO, Reach::Whole).unwrap();
        assert!(!numbers.iter().any(|number| is_known(number)));
        assert!(is_known("OPEN-1") && is_known("OPEN-2"));
    }

    #[test]
    fn one_number_waits_for_itself_and_hardly_ever_for_another() {
        let memory = Memory::default();
        let mut turn = memory.turn();
        assert!(turn.by_number("", "SALE-0001").unwrap().is_none());
        let held = turn.part_of_number("SALE-0001");
        let others: Vec<String> = (0..200).map(|at| format!("OTHER-{at}")).collect();
        let free = others.iter().filter(|number| turn.part_of_number(number) != held).count();
        assert!(free > 150, "{free} of 200");
        thread::scope(|scope| {
            let same = scope.spawn(|| memory.turn().by_number("", "SALE-0001").unwrap().is_some());
            for number in &others {
                let mut other = memory.turn();
                if other.part_of_number(number) != held {
                    insert(&mut other, number);
                }
            }
            insert(&mut turn, "SALE-0001");
            drop(turn);
            assert!(same.join().unwrap(), "it saw the number before it was there");
        });
    }
}
