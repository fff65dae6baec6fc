//! Values for members that requests may leave out.

/// Members that fall back to the configuration.
#[derive(Debug, Default, Clone)]
pub struct Defaults {
    /// `appid`
    pub appid: Option<String>,
    /// `brand_id`
    pub brand_id: Option<String>,
    /// `store_id`
    pub store_id: Option<String>,
    /// `sub_appid`, for the look-up of payment codes.
    pub sub_appid: Option<String>,
    /// `sub_mch_id`, for the same.
    pub sub_mch_id: Option<String>,
}

impl Defaults {
    /// The default of the member with that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        match name {
            "appid" => self.appid.as_deref(),
            "brand_id" => self.brand_id.as_deref(),
            "store_id" => self.store_id.as_deref(),
            "sub_appid" => self.sub_appid.as_deref(),
            "sub_mch_id" => self.sub_mch_id.as_deref(),
            _ => None,
        }
    }
}
