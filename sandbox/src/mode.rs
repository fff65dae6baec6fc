//! Who calls: a service provider for a brand, or the brand itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identities::{BRAND_ID, MCHID};

/// The two ways into the product-coupon API. They differ in paths, scheme
/// and identity; behind them are the same operations on the same coupons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A service provider (服务商) acts for the brand.
    Partner,
    /// The brand acts for itself (品牌直连).
    Brand,
}

const PARTNER_PATHS: &str = "/v3/marketing/partner/product-coupon/";
const BRAND_PATHS: &str = "/brand/marketing/product-coupon/";
const PARTNER_STORES: &str = "/v3/brand/partner/store/brandstores";
const BRAND_STORES: &str = "/brand/store/brandstores";

impl Mode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Partner, Self::Brand];

    pub(crate) fn of_path(path: &str) -> Self {
        if path.starts_with("/brand/") { Self::Brand } else { Self::Partner }
    }

    /// The scheme of `Authorization`.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Partner => "WECHATPAY2-SHA256-RSA2048",
            Self::Brand => "WECHATPAY-BRAND-SHA256-RSA2048",
        }
    }

    /// The member of `Authorization` that says who signed.
    pub(crate) fn identity_member(self) -> &'static str {
        match self {
            Self::Partner => "mchid",
            Self::Brand => "brand_id",
        }
    }

    /// The only identity there is.
    pub(crate) fn identity(self) -> &'static str {
        match self {
            Self::Partner => MCHID,
            Self::Brand => BRAND_ID,
        }
    }
}

/// The path an operation has for service providers.
pub(crate) fn partner_path(path: &str) -> Cow<'_, str> {
    let pairs = [(BRAND_PATHS, PARTNER_PATHS), (BRAND_STORES, PARTNER_STORES)];
    let found = pairs.iter().find_map(|(own, partner)| Some((partner, path.strip_prefix(own)?)));
    found.map_or(Cow::Borrowed(path), |(partner, rest)| Cow::Owned(format!("{partner}{rest}")))
}

/// Takes `brand_id` out of a value, however deep: a brand is not told its
/// own id.
pub(crate) fn strip_brand_id(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("brand_id");
            members.values_mut().for_each(strip_brand_id);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_brand_id),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brand_paths_lead_to_the_same_operations() {
        let path = "/brand/marketing/product-coupon/notify-configs";
        assert_eq!(partner_path(path), "/v3/marketing/partner/product-coupon/notify-configs");
        assert_eq!(Mode::of_path(path), Mode::Brand);
        assert_eq!(partner_path("/v3/certificates"), "/v3/certificates");
        assert_eq!(Mode::of_path("/v3/certificates"), Mode::Partner);
    }

    #[test]
    fn brand_ids_go_at_every_depth() {
        let mut value = json!({ "a": [{ "brand_id": "1", "b": 2 }], "brand_id": "1" });
        strip_brand_id(&mut value);
        assert_eq!(value, json!({ "a": [{ "b": 2 }] }));
    }
}
