//! Removes old finished rows in small steps, and shrinks the file.

use super::clean::note_removal;
use crate::journal::row::State;
use crate::system::wall_ms;
use rusqlite::Connection;

/// Rows that one step looks at.
const LOOKED_AT: u32 = 500;
/// Pages that one step gives back. One part in `MAY_BE_EMPTY` of the file may stay empty, because new rows will need it.
const GIVEN_BACK: i64 = 200;
const MAY_BE_EMPTY: i64 = 8;

/// See [`Transaction::prune`](crate::journal::store::Transaction::prune).
pub(super) fn prune(
    db: &Connection,
    merchant: &str,
    older_than_ms: i64,
    after: i64,
) -> rusqlite::Result<Option<i64>> {
    let (mut forgotten, mut last, mut looked_at) = (Vec::<i64>::new(), after, 0);
    let sql = "SELECT id, merchant, state, created_ms, max(updated_ms, coalesce(verdict_s, 0) * 1000) \
               FROM requests WHERE id > ?1 ORDER BY id";
    let mut in_order = db.prepare_cached(sql)?;
    let mut rows = in_order.query([after])?;
    let now = wall_ms();
    let goes_on = loop {
        let Some(row) = rows.next()? else { break false };
        // Rows follow each other in time, so all later ones are kept, too. A row from the future was written while the
        // clock was wrong.
        if (older_than_ms..=now).contains(&row.get(3)?) {
            break false;
        }
        (last, looked_at) = (row.get(0)?, looked_at + 1);
        let is_finished = State::from_number(row.get(2)?).is_some_and(State::is_finished);
        let is_ours = row.get_ref(1)?.as_bytes().is_ok_and(|found| found == merchant.as_bytes());
        if is_ours && is_finished && row.get::<_, i64>(4)? < older_than_ms {
            forgotten.push(last);
        }
        if looked_at == LOOKED_AT {
            break true;
        }
    };
    drop(rows);
    let mut delete = db.prepare_cached("DELETE FROM requests WHERE id = ?1")?;
    forgotten.iter().try_for_each(|id| delete.execute([id]).map(drop))?;
    drop(delete);
    if !forgotten.is_empty() {
        note_removal(db)?;
    }
    let room_is_left = give_back(db)?;
    Ok((goes_on || room_is_left).then_some(last))
}

/// Gives some empty pages back to the file system, if there are many. Returns whether there are still many.
pub fn give_back(db: &Connection) -> rusqlite::Result<bool> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let too_many = number("freelist_count")? - number("page_count")? / MAY_BE_EMPTY;
    if too_many <= 0 || number("auto_vacuum")? == 0 {
        return Ok(false);
    }
    let mut give = db.prepare(&format!("PRAGMA incremental_vacuum({})", too_many.min(GIVEN_BACK)))?;
    let mut pages = give.query([])?;
    while pages.next()?.is_some() {}
    Ok(too_many > GIVEN_BACK)
}
