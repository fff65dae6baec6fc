//! The rows of a journal: what the till was told about each of its requests.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::clock::rfc3339;
use crate::console::told::{Told, ToldEntry};
use crate::operation::Route;
use crate::text::Text;

/// In the head of every journal: `wxcj`.
const APPLICATION_ID: i64 = 0x7778_636A;
/// The format that is read.
const FORMAT: i64 = 2;
/// The latest rows.
const ROWS: &str = "SELECT number, operation, method, target, state, called_off, code, cause, updated_ms FROM requests \
                    ORDER BY id DESC LIMIT ?1";

/// The rows, latest first.
#[derive(Debug, Default, Clone)]
pub(super) struct Rows {
    pub(super) entries: Vec<ToldEntry>,
    /// Older ones that are not read.
    pub(super) left_out: u64,
}

/// Of a copy that nobody else has open, the latest rows.
pub(super) fn rows(copy: &Path, most: usize) -> Result<Rows, Text> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed =
        |error: rusqlite::Error| Text::new(error.to_string(), format!("不是完整的流水文件（{error}）"));
    let database = Connection::open_with_flags(copy, flags).map_err(failed)?;
    let number = |pragma: &str| database.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(failed)? != APPLICATION_ID {
        return Err(Text::new("this is no journal of wxcoupon", "不是 wxcoupon 的流水文件"));
    }
    let format = number("user_version").map_err(failed)?;
    if format != FORMAT {
        return Err(Text::new(
            format!("the journal has format {format}; format {FORMAT} is read"),
            format!("流水文件的格式是 {format}，这里读取格式 {FORMAT}"),
        ));
    }
    let mut statement = database.prepare(ROWS).map_err(failed)?;
    let rows = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], entry).map_err(failed)?;
    let entries: Vec<ToldEntry> = rows.collect::<Result<_, _>>().map_err(failed)?;
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let all = database.query_row("SELECT count(*) FROM requests", [], count).map_err(failed)?;
    let read = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    Ok(Rows { entries, left_out: u64::try_from(all).unwrap_or(0).saturating_sub(read) })
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<ToldEntry> {
    let (method, target): (String, String) = (row.get("method")?, row.get("target")?);
    let (state, code): (i64, i64) = (row.get("state")?, row.get("code")?);
    let path = crate::mode::partner_path(target.split('?').next().unwrap_or_default()).into_owned();
    let mut entry = ToldEntry::new(&row.get::<_, String>("number")?, told(state, row.get("called_off")?));
    entry.operation = row.get("operation")?;
    let route = Route::find(&method, &path);
    entry.coupon_code =
        route.and_then(|route| route.param("coupon_code").map(str::to_owned)).unwrap_or_default();
    entry.status = code.to_string();
    entry.message = row.get("cause")?;
    "journal".clone_into(&mut entry.source);
    entry.time = rfc3339(row.get::<_, i64>("updated_ms")?.div_euclid(1000));
    Ok(entry)
}

/// What the states of a row say to the caller; the numbers are those of the journal's format 2.
fn told(state: i64, called_off: bool) -> Told {
    match state {
        // Done.
        1 => Told::Done,
        // Called off: watched for a late copy, or voided.
        4 | 5 => Told::Undone,
        // Refused, and watched after a refusal that came when it was called off.
        2 | 7 if called_off => Told::Undone,
        // Refused, closed without a request, refused and watched.
        2 | 3 | 7 => Told::NotDone,
        // Pending, being voided, unresolved, damaged, abandoned by a person.
        _ => Told::InDoubt,
    }
}
