//! What the brand has authorised the service provider for, and the brand's stores.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::identities::{BRAND_ID, STORE_IDS};
use crate::sync::lock;

const PRODUCT_COUPON: &str = "BRAND_PRODUCT_AUTHORITY_PRODUCT_COUPON";
const BRAND_STORE: &str = "BRAND_PRODUCT_AUTHORITY_BRAND_STORE";

/// A store of the brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// WeChat Pay's number.
    pub store_id: String,
    /// The shop's own number; only the shop keeps it unique.
    #[serde(default)]
    pub store_reference_id: Option<String>,
    /// `OPEN`, `CREATING`, `CLOSED`.
    #[serde(default = "open")]
    pub store_state: String,
}

fn open() -> String {
    "OPEN".to_owned()
}

#[derive(Debug)]
struct Inner {
    stores: Vec<Store>,
    authorities: Vec<String>,
}

/// The brand.
#[derive(Debug)]
pub(crate) struct Brand(Mutex<Inner>);

impl Default for Brand {
    fn default() -> Self {
        Self(Mutex::new(Inner::seeded()))
    }
}

impl Inner {
    fn seeded() -> Self {
        let stores = STORE_IDS.iter().zip(1..).map(|(id, number)| Store {
            store_id: (*id).to_owned(),
            store_reference_id: Some(format!("SHOP-{number}")),
            store_state: open(),
        });
        let authorities = vec![PRODUCT_COUPON.to_owned(), BRAND_STORE.to_owned()];
        Self { stores: stores.collect(), authorities }
    }
}

impl Brand {
    /// What that brand has authorised.
    pub(crate) fn authorities(&self, brand_id: &str) -> Vec<String> {
        if brand_id == BRAND_ID { lock(&self.0).authorities.clone() } else { Vec::new() }
    }

    pub(crate) fn authorise(&self, authorities: Vec<String>) {
        lock(&self.0).authorities = authorities;
    }

    pub(crate) fn stores(&self) -> Vec<Store> {
        lock(&self.0).stores.clone()
    }

    /// Adds a store, or changes the one with that number.
    pub(crate) fn put(&self, store: Store) {
        let mut inner = lock(&self.0);
        inner.stores.retain(|other| other.store_id != store.store_id);
        inner.stores.push(store);
    }

    pub(crate) fn reset(&self) {
        *lock(&self.0) = Inner::seeded();
    }
}
