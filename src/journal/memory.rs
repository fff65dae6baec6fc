//! Rows in memory, for a context without a file: of one merchant, and gone with it.

use super::rows::{NewRow, Reach, Row, Rows, State, Verdict, ago_ms, latest_arrival, now_ms};
use rusqlite::Result;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Finished rows that are remembered, for repeats.
const REMEMBERED: i64 = 1000;
/// Old rows are forgotten when every eighth is finished: in small portions, because everybody waits meanwhile.
const FORGOTTEN_EVERY: i64 = 8;

/// All rows, by their keys.
#[derive(Debug, Default)]
pub struct Memory {
    rows: BTreeMap<i64, Kept>,
    numbers: HashMap<String, i64>,
    last_id: i64,
}

#[derive(Debug)]
struct Kept {
    /// Without its members: as JSON, they are one piece of memory instead of many, for as long as it is kept.
    row: Row,
    members: Box<str>,
    owner: Option<String>,
}

impl Kept {
    fn whole(&self) -> Row {
        Row { members: serde_json::from_str(&self.members).unwrap_or_default(), ..self.row.clone() }
    }
}

impl Memory {
    fn change(&mut self, id: i64, change: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.rows.get_mut(&id) {
            change(kept);
        }
    }

    fn forget_where(&mut self, newest: i64, forgotten: impl Fn(&Row) -> bool) {
        let old: Vec<i64> = self
            .rows
            .range(..=newest)
            .filter(|(_, kept)| kept.row.state.is_finished() && forgotten(&kept.row))
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: i64) {
        if let Some(kept) = self.rows.remove(&id) {
            self.numbers.remove(&kept.row.number);
        }
    }
}

impl Rows for Memory {
    fn by_number(&mut self, _: &str, number: &str) -> Result<Option<(Row, Option<String>)>> {
        let kept = self.numbers.get(number).and_then(|id| self.rows.get(id));
        Ok(kept.map(|kept| (kept.whole(), kept.owner.clone())))
    }

    fn insert(&mut self, _: &str, owner: &str, new: NewRow, members: Box<str>) -> Result<Row> {
        self.last_id += 1;
        let mut row = Row::of(self.last_id, new);
        let members_of_row = std::mem::take(&mut row.members);
        let kept = Row { watch_until_ms: latest_arrival(), ..row.clone() };
        self.numbers.insert(row.number.clone(), row.id);
        self.rows.insert(row.id, Kept { row: kept, members, owner: Some(owner.to_owned()) });
        Ok(Row { members: members_of_row, ..row })
    }

    fn take_up(
        &mut self,
        id: i64,
        owner: &str,
        state: Option<State>,
        watch_at_least_until_ms: i64,
    ) -> Result<()> {
        self.change(id, |kept| {
            kept.owner = Some(owner.to_owned());
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
        if id % FORGOTTEN_EVERY == 0 {
            self.forget_where(id - REMEMBERED, |_| true);
        }
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
        self.forget_where(i64::MAX, |row| row.updated_ms < oldest);
        Ok(())
    }

    fn unfinished(&mut self, _: &str) -> Result<Vec<Row>> {
        let open = self.rows.values().filter(|kept| !kept.row.state.is_finished());
        Ok(open.map(Kept::whole).collect())
    }
}
