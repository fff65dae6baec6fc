//! Tables and statements of a directory.

use crate::directory::{Entry, Family, merge};
use crate::journal::sqlite::give_back;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// What many coupons have in common stands once. Absent texts are empty there, so that they are compared like others.
pub const TABLES: &str = "
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY,
    merchant TEXT NOT NULL,
    family INTEGER NOT NULL,
    stock TEXT NOT NULL,
    brand TEXT NOT NULL,
    product TEXT NOT NULL,
    appid TEXT NOT NULL,
    UNIQUE (merchant, family, stock, brand, product, appid)
) STRICT;
CREATE TABLE coupons (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    scope INTEGER NOT NULL,
    openid TEXT,
    valid_from_s INTEGER,
    valid_until_s INTEGER,
    forget_s INTEGER
) STRICT;
";

pub const INDICES: &str = "
CREATE INDEX coupons_code ON coupons (code);
CREATE INDEX coupons_openid ON coupons (openid) WHERE openid IS NOT NULL;
CREATE INDEX coupons_forget ON coupons (forget_s);
";

const DAY_S: i64 = 24 * 60 * 60;
/// How long an entry is kept after its validity.
const KEPT_S: i64 = 30 * DAY_S;
/// The same for one whose validity nobody told. A coupon of 商家券 is valid for at most a year.
const KEPT_UNTOLD_S: i64 = 365 * DAY_S + KEPT_S;
/// Entries that one step removes.
pub const STEP: u32 = 500;

const SELECT: &str = "SELECT coupons.id, scopes.family, scopes.brand, scopes.stock, coupons.code, scopes.product, \
     coupons.openid, scopes.appid, coupons.valid_from_s, coupons.valid_until_s \
     FROM coupons JOIN scopes ON scopes.id = coupons.scope WHERE coupons.code = ?1 AND scopes.merchant = ?2";

/// Checks that all needed tables and columns exist.
pub fn check_schema(db: &Connection) -> rusqlite::Result<()> {
    db.prepare(&format!("{SELECT} AND coupons.forget_s = 0")).map(drop)
}

/// Entries, and bytes of the file.
pub fn sizes(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let entries: i64 = db.query_row("SELECT count(*) FROM coupons", [], |row| row.get(0))?;
    let bytes = number("page_count")?.saturating_mul(number("page_size")?);
    Ok((entries.unsigned_abs(), bytes.unsigned_abs()))
}

/// All coupons of a merchant with that code.
pub fn find(db: &Connection, merchant: &str, code: &str) -> rusqlite::Result<Vec<Entry>> {
    Ok(known(db, merchant, code)?.into_iter().map(|(_, entry)| entry).collect())
}

fn known(db: &Connection, merchant: &str, code: &str) -> rusqlite::Result<Vec<(i64, Entry)>> {
    let mut select = db.prepare_cached(&format!("{SELECT} ORDER BY coupons.id"))?;
    let mut rows = select.query([code, merchant])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // One that cannot be read is as if nobody had told of it. The others stay readable.
        found.extend(read(row));
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Entry)> {
    let text = |column: usize| row.get(column).map(|text: String| Some(text).filter(|text| !text.is_empty()));
    let entry = Entry {
        family: if row.get::<_, i64>(1)? == number_of(Family::Product) {
            Family::Product
        } else {
            Family::Busifavor
        },
        brand_id: text(2)?,
        stock_id: row.get(3)?,
        coupon_code: row.get(4)?,
        product_coupon_id: text(5)?,
        openid: row.get(6)?,
        appid: text(7)?,
        valid_from_s: row.get(8)?,
        valid_until_s: row.get(9)?,
    };
    Ok((row.get(0)?, entry))
}

fn number_of(family: Family) -> i64 {
    match family {
        Family::Product => 1,
        Family::Busifavor => 2,
    }
}

/// What an entry changes: the key of the known one, if there is one, and what is known then. `None`: nothing.
fn change(db: &Connection, merchant: &str, new: &Entry) -> rusqlite::Result<Option<(Option<i64>, Entry)>> {
    let mut same = known(db, merchant, &new.coupon_code)?;
    same.retain(|(_, entry)| (entry.family, &entry.stock_id) == (new.family, &new.stock_id));
    Ok(match merge::same_coupon(&same, new) {
        None => Some((None, new.clone())),
        Some((id, known)) => {
            let merged = merge::merged(known, new.clone());
            (merged != *known).then_some((Some(*id), merged))
        }
    })
}

/// Whether all of this is known already.
pub fn are_known(db: &Connection, merchant: &str, entries: &[Entry]) -> rusqlite::Result<bool> {
    for entry in entries {
        if change(db, merchant, entry)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds one entry, or fills in what a known one lacks. `now_s`: the time, if it is proven.
pub fn remember(db: &Connection, merchant: &str, new: &Entry, now_s: Option<i64>) -> rusqlite::Result<()> {
    let Some((id, entry)) = change(db, merchant, new)? else { return Ok(()) };
    let scope = scope(db, merchant, &entry)?;
    let told = entry.valid_until_s.map(|until_s| until_s.saturating_add(KEPT_S));
    let forget_s = told.or_else(|| now_s.map(|now_s| now_s.saturating_add(KEPT_UNTOLD_S)));
    let values = params![
        id,
        entry.coupon_code,
        scope,
        entry.openid,
        entry.valid_from_s,
        entry.valid_until_s,
        forget_s
    ];
    let sql = "INSERT INTO coupons (id, code, scope, openid, valid_from_s, valid_until_s, forget_s) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET scope = ?3, openid = ?4, \
               valid_from_s = ?5, valid_until_s = ?6, forget_s = ?7";
    db.prepare_cached(sql)?.execute(values).map(drop)
}

fn scope(db: &Connection, merchant: &str, entry: &Entry) -> rusqlite::Result<i64> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let values = params![
        merchant,
        number_of(entry.family),
        entry.stock_id,
        text(&entry.brand_id),
        text(&entry.product_coupon_id),
        text(&entry.appid)
    ];
    let select = "SELECT id FROM scopes WHERE merchant = ?1 AND family = ?2 AND stock = ?3 AND brand = ?4 \
                  AND product = ?5 AND appid = ?6";
    let found = db.prepare_cached(select)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let insert = "INSERT INTO scopes (merchant, family, stock, brand, product, appid) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(insert)?.execute(values)?;
    Ok(db.last_insert_rowid())
}

/// Removes some entries of a user, and says how many.
pub fn forget_user(db: &Connection, merchant: &str, openid: &str) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM coupons WHERE id IN (SELECT coupons.id FROM coupons JOIN scopes \
               ON scopes.id = coupons.scope WHERE coupons.openid = ?1 AND scopes.merchant = ?2 LIMIT ?3)";
    let removed = db.prepare_cached(sql)?.execute(params![openid, merchant, STEP])?;
    give_back(db)?;
    Ok(removed)
}

/// Removes some entries that are over for long enough, and says how many. Those that were told before any time was proven, and
/// without a validity, are given a day first.
pub fn forget_expired(db: &Connection, now_s: i64) -> rusqlite::Result<usize> {
    let date = "UPDATE coupons SET forget_s = ?1 WHERE id IN (SELECT id FROM coupons WHERE forget_s IS NULL LIMIT ?2)";
    db.prepare_cached(date)?.execute(params![now_s.saturating_add(KEPT_UNTOLD_S), STEP])?;
    let remove = "DELETE FROM coupons WHERE id IN (SELECT id FROM coupons WHERE forget_s < ?1 LIMIT ?2)";
    let removed = db.prepare_cached(remove)?.execute(params![now_s, STEP])?;
    give_back(db)?;
    Ok(removed)
}
