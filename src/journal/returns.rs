//! Returns of a coupon, and redemptions that they may have undone.
//!
//! The order of rows decides, and never a clock, because it may have been set between two rows.

use super::row::{Row, State};
use super::store::{Result, Transaction};
use crate::api;

/// The returns in the journal that began after a redemption.
#[derive(Debug, Clone, Default)]
pub struct Returns {
    /// There are returns that may have taken effect.
    pub any: bool,
    /// One of them is damaged, so the journal cannot tell whether it took effect.
    pub are_damaged: bool,
    /// Keys of those that had ended.
    ended: Vec<i64>,
}

impl Returns {
    /// The returns that began after that row, or after its verdict.
    pub(super) fn after(rows: &mut dyn Transaction, row: &Row) -> Result<Returns> {
        let later = later(rows, row)?;
        let ended = later.iter().filter(|back| back.state == State::Done).map(|back| back.id).collect();
        let are_damaged = later.iter().any(|back| back.state == State::Damaged);
        Ok(Returns { any: !later.is_empty(), are_damaged, ended })
    }

    /// Whether a return may have undone the redemption after it was proven at `proven_s`. That is a return that had not ended
    /// when the row was acquired.
    pub(super) fn may_have_undone(
        &self,
        rows: &mut dyn Transaction,
        row: &Row,
        proven_s: Option<i64>,
    ) -> Result<bool> {
        let is_over = |back: &Row| {
            let may_be_sent = back.state == State::Pending || back.state == State::Done;
            let arrives_until_s = back.watch_until_ms().div_euclid(1000);
            !may_be_sent && proven_s.is_some_and(|proven_s| proven_s >= arrives_until_s)
        };
        let later = later(rows, row)?;
        Ok(later.iter().any(|back| !self.ended.contains(&back.id) && !is_over(back)))
    }
}

fn later(rows: &mut dyn Transaction, row: &Row) -> Result<Vec<Row>> {
    let Some(coupon) = row.coupon.as_deref().filter(|_| api::is_redemption(&row.request.operation)) else {
        return Ok(Vec::new());
    };
    let mut returns = rows.returns(&row.merchant, coupon)?;
    returns.retain(|back| {
        back.id > row.began_after()
            && !matches!(back.state, State::Refused | State::Closed)
            && back.may_share_coupon(row)
    });
    Ok(returns)
}
