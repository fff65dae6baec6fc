//! The directory: of which coupons this machine was told, so that a scanned code leads to its owner.
//!
//! It only says whom to ask about. The state of a coupon is never taken from it. Nothing that happens to it touches a
//! redemption.

pub mod import;
mod merge;
pub mod sqlite;
pub mod told;
pub mod unknown;

use crate::error::Result;
use crate::journal::sqlite::{beside, real};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One coupon that this machine was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The family of its operations.
    pub family: Family,
    /// The brand that issued it.
    pub brand_id: Option<String>,
    /// Its stock.
    pub stock_id: String,
    /// The code that a scanner reads. Codes that a brand assigns may repeat across stocks.
    pub coupon_code: String,
    /// Its product coupon, in the family that has them.
    pub product_coupon_id: Option<String>,
    /// Whose it is.
    pub openid: Option<String>,
    /// The app id that the openid belongs to.
    pub appid: Option<String>,
    /// Seconds since 1970.
    pub valid_from_s: Option<i64>,
    /// Seconds since 1970.
    pub valid_until_s: Option<i64>,
}

/// The families of coupons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 商品券
    Product,
    /// 商家券
    Busifavor,
}

/// Where entries are kept.
pub trait Directory: Send + Sync + std::fmt::Debug {
    /// All coupons with this code.
    fn find(&self, coupon_code: &str) -> Result<Vec<Entry>>;

    /// Adds these. A later entry fills in what an earlier one lacks, and never removes what is known. Kept together or not at
    /// all.
    fn remember(&self, entries: Vec<Entry>) -> Result<()>;

    /// Removes what belongs to a user, and says how many entries that were.
    fn forget_user(&self, openid: &str) -> Result<u64>;

    /// Removes some of the entries that are over for long enough at this time, in seconds since 1970, and says how many. 0:
    /// none are left.
    fn forget_expired(&self, now_s: i64) -> Result<u64>;

    /// Gives back to the disk what it can do without, for somebody who needs room.
    fn give_way(&self) {}

    /// Whether it lost what it knew: a damaged file was set aside, and is still there.
    fn was_set_aside(&self) -> bool {
        false
    }

    /// Reads and checks everything, for the self-check.
    fn look_over(&self) -> Result<Overview> {
        Ok(Overview::default())
    }
}

/// What stands in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// Entries of all merchants that share it.
    pub entries: u64,
    /// Its size.
    pub bytes: u64,
    /// The file. `None`: in memory.
    pub path: Option<PathBuf>,
    /// The damaged file that was set aside.
    pub set_aside: Option<PathBuf>,
}

/// The file beside a journal.
pub fn path_beside(journal: &Path) -> std::result::Result<PathBuf, String> {
    Ok(beside(&real(journal)?, ".directory"))
}

/// The directory of a merchant beside its journal, or in memory where the journal is. A file that cannot be opened now is
/// tried again with later calls.
pub fn open(journal: Option<&Path>, merchant: &str) -> Result<Arc<dyn Directory>> {
    let path = journal.map(path_beside).transpose().map_err(sqlite::unusable)?;
    Ok(Arc::new(sqlite::Sqlite::new(path, merchant)))
}

#[cfg(test)]
mod tests;
