//! Statements. None is prepared by name, because behind a pooler the next transaction may have another session.

use crate::journal::row::State;
use once_cell::sync::Lazy;

/// All of a row, in the order in which it is read.
pub(super) const COLUMNS: &str = "id, merchant, number, operation, method, target, body, members, coupon, content, trace, \
     created_ms, state, called_off, code, cause, note, attempts, updated_ms, doubted_ms, tried_ms, sent, signed_s, \
     verdict_s, verdict_row, answer, http_status, request_id, host, course, owner, generation, digest, lease_until_ms";

/// The database's clock.
pub(super) const NOW_MS: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The columns that are written once.
const FIXED: [&str; 11] = [
    "merchant",
    "number",
    "operation",
    "method",
    "target",
    "body",
    "members",
    "coupon",
    "content",
    "trace",
    "created_ms",
];

/// The columns that a replacement writes, but for the end of the lease.
const CHANGING: [&str; 21] = [
    "state",
    "called_off",
    "code",
    "cause",
    "note",
    "attempts",
    "updated_ms",
    "doubted_ms",
    "tried_ms",
    "sent",
    "signed_s",
    "verdict_s",
    "verdict_row",
    "answer",
    "http_status",
    "request_id",
    "host",
    "course",
    "owner",
    "generation",
    "digest",
];

/// The columns that only forgetting a user changes.
const FORGOTTEN: [&str; 5] = ["target", "body", "members", "content", "trace"];

/// Holds a number, or a coupon, until the end of the transaction. The second argument tells the two apart.
pub(super) const LOCK_NUMBER: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 7827041))";
pub(super) const LOCK_COUPON: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 7827042))";
/// The same for the coupon of a number, if it has one.
pub(super) const LOCK_COUPON_OF: &str = "SELECT pg_advisory_xact_lock(hashtextextended(merchant || ' ' || coupon, 7827042)) \
     FROM wxcoupon.requests WHERE merchant = $1 AND number = $2 AND coupon IS NOT NULL";

pub(super) static FIND: Lazy<String> = Lazy::new(|| {
    format!("SELECT {COLUMNS}, {NOW_MS} FROM wxcoupon.requests WHERE merchant = $1 AND number = $2")
});

pub(super) static OPEN: Lazy<String> = Lazy::new(|| {
    let unfinished = unfinished();
    format!("SELECT {COLUMNS} FROM wxcoupon.requests WHERE merchant = $1 AND {unfinished} ORDER BY id")
});

pub(super) static FOLLOWING: Lazy<String> =
    Lazy::new(|| format!("SELECT {COLUMNS} FROM wxcoupon.requests WHERE id > $1 ORDER BY id LIMIT $2"));

pub(super) static RETURNS: Lazy<String> = Lazy::new(|| {
    format!(
        "SELECT {COLUMNS} FROM wxcoupon.requests WHERE merchant = $1 AND coupon = $2 \
         AND operation IN ('return', 'busifavor_return') ORDER BY id"
    )
});

pub(super) static ANSWERED_REDEMPTIONS: Lazy<String> = Lazy::new(|| {
    format!(
        "SELECT {COLUMNS} FROM wxcoupon.requests WHERE merchant = $1 AND coupon = $2 AND answer IS NOT NULL \
         AND operation IN ('use', 'busifavor_use') ORDER BY id"
    )
});

/// `$1` to `$32` are the columns, and `$33` is the length of a lease.
pub(super) static INSERT: Lazy<String> = Lazy::new(|| {
    let columns = FIXED.iter().chain(&CHANGING).copied().collect::<Vec<_>>().join(", ");
    let values = (1..=FIXED.len() + CHANGING.len()).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let owner = FIXED.len() + 19;
    let length = FIXED.len() + CHANGING.len() + 1;
    let lease = lease(owner, length);
    format!(
        "INSERT INTO wxcoupon.requests ({columns}, lease_until_ms) VALUES ({values}, {lease}) RETURNING id"
    )
});

/// `$1` to `$3` are the row's key and its lease; then the columns; then the length of a lease.
pub(super) static UPDATE: Lazy<String> = Lazy::new(|| written_over(&CHANGING));

pub(super) static REWRITE: Lazy<String> = Lazy::new(|| {
    let columns: Vec<&str> = FORGOTTEN.iter().chain(&CHANGING).copied().collect();
    written_over(&columns)
});

pub(super) const DELETE: &str = "DELETE FROM wxcoupon.requests WHERE id = $1 AND owner IS NOT DISTINCT FROM $2 AND generation = $3 RETURNING id";

pub(super) static DELETE_OLD: Lazy<String> = Lazy::new(|| {
    // Somebody may have taken one up since it was looked at.
    let unfinished = unfinished();
    format!(
        "DELETE FROM wxcoupon.requests WHERE id = ANY($1) AND owner IS NULL AND NOT {unfinished} RETURNING id"
    )
});

fn written_over(columns: &[&str]) -> String {
    let set: Vec<String> = columns.iter().zip(4..).map(|(column, at)| format!("{column} = ${at}")).collect();
    let place_of_owner = columns.iter().zip(4..).find(|(column, _)| **column == "owner");
    let owner = place_of_owner.map_or(0, |(_, at)| at);
    format!(
        "UPDATE wxcoupon.requests SET {}, lease_until_ms = {} \
         WHERE id = $1 AND owner IS NOT DISTINCT FROM $2 AND generation = $3 RETURNING id",
        set.join(", "),
        lease(owner, columns.len() + 4)
    )
}

/// Whoever is written as the owner has a lease from now on.
fn lease(owner: usize, length: usize) -> String {
    format!("CASE WHEN ${owner}::text IS NULL THEN NULL ELSE {NOW_MS} + ${length}::bigint END")
}

/// The condition for rows that are not finished, as the index has it.
pub(super) fn unfinished() -> String {
    let open = State::ALL.into_iter().filter(|state| !state.is_finished());
    let numbers: Vec<String> = open.map(|state| (state as i64).to_string()).collect();
    format!("state IN ({})", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_counts_its_parameters_right() {
        assert!(
            INSERT.contains("$11, $12")
                && INSERT.contains("CASE WHEN $30::text")
                && INSERT.contains("+ $33::bigint")
        );
        assert!(
            UPDATE.contains("owner = $22,")
                && UPDATE.contains("CASE WHEN $22::text")
                && UPDATE.contains("+ $25::bigint")
        );
        assert!(
            REWRITE.contains("target = $4,")
                && REWRITE.contains("owner = $27,")
                && REWRITE.contains("+ $30::bigint")
        );
        let read: Vec<&str> = COLUMNS.split(", ").map(str::trim).collect();
        let written = FIXED.iter().chain(&CHANGING).copied();
        assert!(written.eq(read[1..read.len() - 1].iter().copied()), "in one order");
        assert_eq!(unfinished(), "state IN (0, 4, 6, 7, 8, 9)");
    }
}
