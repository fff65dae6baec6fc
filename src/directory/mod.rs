//! The directory: of which coupons this machine was told, so that a scanned code leads to its owner.

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

/// Where entries are kept. What it says of a coupon's state is never asked: that is WeChat Pay's to say.
pub trait Directory: Send + Sync + std::fmt::Debug {
    /// All coupons with this code.
    fn find(&self, coupon_code: &str) -> crate::error::Result<Vec<Entry>>;

    /// Adds these. A later entry fills in what an earlier one lacks.
    fn remember(&self, entries: Vec<Entry>) -> crate::error::Result<()>;

    /// Removes what belongs to a user, and says how many entries that were.
    fn forget_user(&self, openid: &str) -> crate::error::Result<u64>;

    /// Removes what is over for long enough at this time, in seconds since 1970, and says how many entries that were.
    fn forget_expired(&self, now_s: i64) -> crate::error::Result<u64>;
}
