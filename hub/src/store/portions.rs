//! The portions of the merchant's rate that hubs hold, each until its end by the store's clock.

use super::sql::{Sql, values};
use super::{Result, set_fact};
use crate::portions::{Grant, Portion, USED_MS, drain_ms, grant};

/// What a hub asks for.
#[derive(Debug, Clone)]
pub struct Renewal {
    pub holder: String,
    /// The whole rate.
    pub total: i64,
    /// What it holds.
    pub held: i64,
    pub wanted: i64,
    /// Requests that wait for their turn at the same time, at most.
    pub waiting: i64,
}

/// Notes what a hub holds, or what it is granted, if that is more. What it held before that, and the grant.
pub fn renew(sql: &mut dyn Sql, renewal: &Renewal) -> Result<(i64, Grant)> {
    let Renewal { holder, total, held, wanted, waiting } = renewal;
    // One at a time: whoever comes next waits for this row, and then sees what was granted.
    set_fact(sql, "portions_changed_by", holder)?;
    let living = sql.query(
        "SELECT holder, rate, wanted FROM {hub}.portions WHERE until_ms > {now} ORDER BY holder",
        &[],
    )?;
    let (mut held, mut others, mut is_mine) = (*held, Vec::new(), false);
    for row in &living {
        if row.text(0)? == *holder {
            is_mine = true;
        } else {
            others.push(Portion { rate: row.number(1)?, wanted: row.number(2)? });
        }
    }
    if !is_mine {
        // It has ended, and others may have it.
        held = 0;
    }
    let granted = grant(*total, *wanted, &others);
    let rate = held.max(granted.now);
    sql.execute(
        "INSERT INTO {hub}.portions (holder, rate, wanted, until_ms) VALUES ($1, $2, $3, {now} + $4)
         ON CONFLICT (holder) DO UPDATE
         SET rate = excluded.rate, wanted = excluded.wanted, until_ms = excluded.until_ms",
        values![holder, rate, *wanted, USED_MS + drain_ms(rate, *waiting)],
    )?;
    Ok((held, granted))
}

/// A hub that ends gives its portion back.
pub fn give_back(sql: &mut dyn Sql, holder: &str) -> Result<()> {
    sql.execute("DELETE FROM {hub}.portions WHERE holder = $1", values![holder])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sqlite::Sqlite;
    use super::*;

    #[test]
    fn what_one_hub_holds_another_one_is_not_granted() {
        let folder = tempfile::tempdir().unwrap();
        let mut sqlite = Sqlite::open(&folder.path().join("hub.db")).unwrap();
        let sql: &mut dyn Sql = &mut sqlite;
        let of = |holder: &str, held| Renewal {
            holder: holder.into(),
            total: 500,
            held,
            wanted: 32,
            waiting: 264,
        };
        assert_eq!(renew(sql, &of("1", 300)).unwrap(), (0, Grant { now: 493, fair: 493 }), "it held nothing");
        assert_eq!(renew(sql, &of("2", 0)).unwrap(), (0, Grant { now: 0, fair: 246 }));
        assert_eq!(renew(sql, &of("1", 246)).unwrap(), (246, Grant { now: 246, fair: 246 }));
        assert_eq!(renew(sql, &of("2", 0)).unwrap().1.now, 246);
        give_back(sql, "1").unwrap();
        assert_eq!(renew(sql, &of("2", 246)).unwrap().1.now, 493);
        sql.execute("UPDATE {hub}.portions SET until_ms = {now}", &[]).unwrap();
        assert_eq!(renew(sql, &of("1", 0)).unwrap().1.now, 493, "a hub that died has left its portion");
        assert_eq!(renew(sql, &of("2", 493)).unwrap(), (0, Grant { now: 0, fair: 246 }), "its own has ended");
    }
}
