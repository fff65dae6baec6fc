//! The merchant, the brand and the objects that every sandbox starts with.

/// The merchant number every sandbox serves.
pub const MCHID: &str = "1900000001";
/// The app id linked to the brand.
pub const APPID: &str = "wx233544546545989";
/// The service provider's own app id, under which it looks payment codes up.
pub const PROVIDER_APPID: &str = "wx0011223344556677";
/// Sub-merchants of the merchant with the app ids that are bound to them: one, none, several.
pub const SUB_MERCHANTS: [(&str, &[&str]); 3] =
    [("1900000109", &[APPID]), ("1900000110", &[]), ("1900000111", &[APPID, "wx8899aabbccddeeff"])];
/// The brand that has authorised the service provider.
pub const BRAND_ID: &str = "120344";
/// A brand that exists but has not: every call about it is `NO_AUTH`.
pub const UNAUTHORISED_BRAND_ID: &str = "120345";
/// The product coupon of the seeded single-use coupons.
pub const PRODUCT_COUPON_ID: &str = "1000000013";
/// The stock of the seeded single-use coupons.
pub const STOCK_ID: &str = "1000000013001";
/// The product coupon of the seeded bundle.
pub const BUNDLE_PRODUCT_COUPON_ID: &str = "1000000014";
/// The stocks of the seeded bundle's rungs.
pub const BUNDLE_STOCK_IDS: [&str; 3] = ["1000000014001", "1000000014002", "1000000014003"];
/// The stock bundle those stocks form.
pub const STOCK_BUNDLE_ID: &str = "712315129419284901";
/// The stocks of 商家券: codes made by WeChat Pay (NORMAL), given by the merchant (DISCOUNT), uploaded (EXCHANGE).
pub const BUSIFAVOR_STOCK_IDS: [&str; 3] = ["1287300000000001", "1287300000000002", "1287300000000003"];
/// A stock of 商家券 that belongs to another merchant: 403 `NOAUTH`.
pub const BUSIFAVOR_FOREIGN_STOCK_ID: &str = "1287300000000009";
/// The brand's stores.
pub const STORE_IDS: [&str; 2] = ["500001", "500002"];
/// The owner of the seeded coupons.
pub const OPENID: &str = "oSandboxUser0000000000000001";
/// The owner of `SBX_PAGE_01` to `_25`: more coupons than one page holds.
pub const PAGES_OPENID: &str = "oSandboxPages000000000000001";
/// The user's bundle that `SBX_BUNDLE_1` to `_3` are the rungs of.
pub const BUNDLE_ID: &str = "123446565767";
/// The number `SBX_USED` was redeemed under.
pub const OTHER_TILL_NUMBER: &str = "OTHERTILL0001";

/// What answers say of themselves, so that nobody takes this for WeChat Pay.
pub(crate) const SIMULATOR: &str = "wxcoupon-sandbox; not WeChat Pay, no real money";
