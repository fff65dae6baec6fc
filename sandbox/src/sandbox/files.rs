//! The JSON files a sandbox writes for clients and tests.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Sandbox;
use super::folder::{self, Folder};
use crate::crypto::keys::Keys;
use crate::error::{Error, Result};
use crate::identities::{
    APPID, BRAND_ID, BUNDLE_PRODUCT_COUPON_ID, BUNDLE_STOCK_IDS, MCHID, OPENID, PAGES_OPENID,
    PRODUCT_COUPON_ID, STOCK_BUNDLE_ID, STOCK_ID, STORE_IDS, UNAUTHORISED_BRAND_ID,
};
use crate::state::seed;

/// What a service provider's client needs to work with this sandbox.
pub(super) fn config(
    keys: &Keys,
    folder: &Folder,
    urls: &[String; 2],
    journal: Option<&Path>,
) -> Result<Value> {
    let journal = journal.map(std::path::absolute).transpose().map_err(|e| Error::file(folder.path(), e))?;
    let config = json!({
        "mchid": MCHID,
        "merchant_serial_no": keys.merchant_serial_no(),
        "private_key_path": folder.file(folder::MERCHANT_KEY),
        "wechatpay_public_key_id": keys.wechatpay_public_key_id(),
        "wechatpay_public_key_path": folder.file(folder::WECHATPAY_PUBLIC_KEY),
        "apiv3_key": keys.0.apiv3_key,
        "apiv2_key": keys.apiv2_key(),
        "base_urls": urls,
        "ca_path": folder.file(folder::CA),
        "defaults": { "appid": APPID, "brand_id": BRAND_ID },
    });
    Ok(with_journal(config, journal.as_deref()))
}

/// What a brand's client needs.
pub(super) fn brand_config(
    keys: &Keys,
    folder: &Folder,
    urls: &[String; 2],
    journal: Option<&Path>,
) -> Value {
    let config = json!({
        "mode": "brand",
        "brand_id": BRAND_ID,
        "merchant_serial_no": keys.brand_serial_no(),
        "private_key_path": folder.file(folder::BRAND_KEY),
        "wechatpay_public_key_id": keys.wechatpay_public_key_id(),
        "wechatpay_public_key_path": folder.file(folder::WECHATPAY_PUBLIC_KEY),
        "apiv3_key": keys.0.brand.api_key,
        "base_urls": urls,
        "ca_path": folder.file(folder::CA),
        "defaults": { "appid": APPID },
    });
    with_journal(config, journal)
}

fn with_journal(mut config: Value, journal: Option<&Path>) -> Value {
    if let (Some(members), Some(path)) = (config.as_object_mut(), journal) {
        members.insert("journal_path".to_owned(), json!(path));
    }
    config
}

/// The same for a client on another machine: keys as text, and files beside the configuration.
pub(super) fn portable(config: Value) -> Value {
    let Value::Object(mut members) = config else {
        return config;
    };
    for key in ["private_key", "wechatpay_public_key"] {
        let path = members.remove(&format!("{key}_path")).unwrap_or_default();
        let pem = fs::read_to_string(path.as_str().unwrap_or_default()).unwrap_or_default();
        members.insert(format!("{key}_pem"), json!(pem));
    }
    for (member, file) in [("ca_path", folder::CA), ("journal_path", folder::JOURNAL)] {
        if let Some(path) = members.get_mut(member) {
            *path = json!(file);
        }
    }
    Value::Object(members)
}

impl Sandbox {
    /// The content of `sandbox.json`.
    #[must_use]
    pub fn description(&self) -> Value {
        let keys = self.keys();
        let listeners: Vec<Value> = self
            .extra
            .iter()
            .zip(2..)
            .map(|((kind, url), host)| json!({ "kind": kind, "url": url, "host": host }))
            .collect();
        json!({
            "urls": self.urls,
            "listeners": listeners,
            "control_url": self.control_url(),
            "mchid": MCHID,
            "merchant_serial_no": keys.merchant_serial_no(),
            "brand_serial_no": keys.brand_serial_no(),
            "wechatpay_public_key_id": keys.wechatpay_public_key_id(),
            "platform_serial_no": keys.platform_serial_no(),
            "openid": OPENID,
            "appid": APPID,
            "brand_id": BRAND_ID,
            "unauthorised_brand_id": UNAUTHORISED_BRAND_ID,
            "product_coupon_id": PRODUCT_COUPON_ID,
            "stock_id": STOCK_ID,
            "bundle_product_coupon_id": BUNDLE_PRODUCT_COUPON_ID,
            "bundle_stock_ids": BUNDLE_STOCK_IDS,
            "stock_bundle_id": STOCK_BUNDLE_ID,
            "pages_openid": PAGES_OPENID,
            "store_ids": STORE_IDS,
            "coupons": seed::list(),
            "files": {
                "config": self.config_path(),
                "brand_config": self.brand_config_path(),
                "ca": self.folder.file(folder::CA),
                "merchant_key": self.folder.file(folder::MERCHANT_KEY),
                "merchant_cert": self.folder.file(folder::MERCHANT_CERT),
                "brand_key": self.folder.file(folder::BRAND_KEY),
                "brand_cert": self.folder.file(folder::BRAND_CERT),
                "wechatpay_public_key": self.folder.file(folder::WECHATPAY_PUBLIC_KEY),
                "platform_cert": self.folder.file(folder::PLATFORM_CERT),
            },
        })
    }
}
