//! Certificates, brand mode and notifications of a running sandbox.

use std::path::PathBuf;

use serde_json::Value;

use super::{Sandbox, folder};
use crate::crypto::signing_keys::{CertificateView, SignWith};
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::state::brand::Store;
use crate::state::busifavor::view::{BusifavorSpec, BusifavorView};
use crate::state::notify_address::check_url;
use crate::state::outbox::WebhookEvent;
use crate::webhooks::Delivery;

impl Sandbox {
    /// Adds a store of the brand, or changes the one with that number.
    pub fn put_store(&self, store: Store) {
        self.api.state.brand.put(store);
    }

    /// What the brand has authorised the service provider for, such as
    /// `BRAND_PRODUCT_AUTHORITY_PRODUCT_COUPON`. Without that one everything about its coupons is refused.
    pub fn authorise(&self, authorities: &[&str]) {
        self.api.state.brand.authorise(authorities.iter().map(|one| (*one).to_owned()).collect());
    }

    /// Where `brand_config.json` is, for clients in brand mode.
    #[must_use]
    pub fn brand_config_path(&self) -> PathBuf {
        self.folder.file(folder::BRAND_CONFIG)
    }

    /// The platform certificates that are listed, oldest first.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn certificates(&self) -> Result<Vec<CertificateView>> {
        self.api.signing_keys.views()
    }

    /// Makes a new platform certificate, which signs from now on, beside
    /// the ones there are; gives its serial number.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn rotate_certificate(&self) -> Result<String> {
        self.api.signing_keys.rotate(self.api.state.clock.now())
    }

    /// Takes a platform certificate off the list.
    ///
    /// # Errors
    /// When it is not listed, or the last one.
    pub fn retire_certificate(&self, serial_no: &str) -> Result<()> {
        self.api.signing_keys.retire(serial_no)
    }

    /// Whether the merchant has no platform certificates at all.
    pub fn set_public_key_only(&self, only: bool) {
        self.api.signing_keys.set_public_key_only(only);
    }

    /// Which key signs from now on.
    pub fn set_sign_with(&self, policy: SignWith) {
        self.api.signing_keys.set_policy(policy);
    }

    /// Makes or alters a 商家券.
    ///
    /// # Errors
    /// When the description does not make sense.
    pub fn put_busifavor(&self, spec: &BusifavorSpec) -> Result<BusifavorView> {
        self.api.state.put_busifavor(spec)
    }

    /// How the 商家券 with that code stands; of two stocks with the same code, the first. `AUTO_` codes nobody has touched
    /// are absent.
    #[must_use]
    pub fn busifavor(&self, code: &str) -> Option<BusifavorView> {
        self.api.state.busifavor_views(code).into_iter().next()
    }

    /// Sets where notifications go, as `set_notify_config` does.
    ///
    /// # Errors
    /// When `set_notify_config` would refuse the address.
    pub fn set_notify_url(&self, mode: Mode, url: &str) -> Result<()> {
        check_url(url).map_err(|issue| Error::Notification(issue.said_of(url)))?;
        self.api.state.set_notify_url(mode, Some(url));
        Ok(())
    }

    /// Leaves an event as an operation would: it goes to every address that
    /// is set, and nowhere when none is. `event_type` is the one service
    /// providers see, e.g. `PRODUCT_COUPON_SP.SEND`.
    pub fn announce(&self, event_type: &str, resource: Value) {
        let (event_type, summary) = (event_type.to_owned(), "商品券通知".to_owned());
        self.api.state.outbox.push(WebhookEvent { event_type, resource, summary });
    }

    /// Lets the next notification begin with a signature probe.
    pub fn probe_next_notification(&self) {
        self.api.webhooks.probe_next();
    }

    /// The notifications so far and what became of them, oldest first.
    #[must_use]
    pub fn notifications(&self) -> Vec<Delivery> {
        self.api.webhooks.deliveries(0)
    }
}
