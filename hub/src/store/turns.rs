//! Whose turn it is, among all hubs of the store: a turn has a holder and an end, by the store's clock.

use super::Result;
use super::sql::{Sql, values};

/// Takes a turn, or goes on with one's own. False: somebody else has it.
pub fn take(sql: &mut dyn Sql, what: &str, holder: &str, for_ms: i64) -> Result<bool> {
    let taken = sql.execute(
        "INSERT INTO {hub}.turns (what, holder, until_ms) VALUES ($1, $2, {now} + $3) ON CONFLICT (what) DO UPDATE
         SET holder = excluded.holder, until_ms = excluded.until_ms
         WHERE turns.holder = excluded.holder OR turns.until_ms <= {now}",
        values![what, holder, for_ms],
    )?;
    Ok(taken == 1)
}

/// Gives it back, if it is still one's own.
pub fn give_back(sql: &mut dyn Sql, what: &str, holder: &str) -> Result<()> {
    sql.execute("DELETE FROM {hub}.turns WHERE what = $1 AND holder = $2", values![what, holder])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sqlite::Sqlite;
    use super::*;

    #[test]
    fn a_turn_is_one_holder_s_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut sqlite = Sqlite::open(&folder.path().join("hub.db")).unwrap();
        let sql: &mut dyn Sql = &mut sqlite;
        assert!(take(sql, "a", "1", 60_000).unwrap());
        assert!(!take(sql, "a", "2", 60_000).unwrap());
        assert!(take(sql, "b", "2", 60_000).unwrap() && take(sql, "a", "1", -1).unwrap());
        assert!(take(sql, "a", "2", 60_000).unwrap(), "it had ended");
        give_back(sql, "a", "1").unwrap();
        assert!(!take(sql, "a", "3", 60_000).unwrap(), "a former holder gives nothing back");
        give_back(sql, "a", "2").unwrap();
        assert!(take(sql, "a", "3", 60_000).unwrap());
    }
}
