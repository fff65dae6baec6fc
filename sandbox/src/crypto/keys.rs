//! Every key and certificate of one sandbox.

use std::fmt;
use std::sync::{Arc, Mutex};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private, Public};

use crate::clock::Clock;
use crate::crypto::certificates::{self, Identity};
use crate::crypto::{hex, random};
use crate::error::Error;
use crate::identities::{BRAND_ID, MCHID};
use crate::mode::Mode;
use crate::sync::lock;

/// The keys and certificates a sandbox works with; cheap to clone.
///
/// Making a set costs four RSA key pairs. Test runs that start many
/// sandboxes use [`Keys::shared`], which makes one set per process.
#[derive(Clone)]
pub struct Keys(pub(crate) Arc<KeySet>);

/// What is inside [`Keys`].
pub(crate) struct KeySet {
    /// Signs the certificates of the hosts.
    pub(crate) tls_authority: Identity,
    /// The merchant's API key and certificate.
    pub(crate) merchant: Identity,
    pub(crate) merchant_serial: String,
    /// Public half of the merchant's key, for checking requests.
    pub(crate) merchant_public: PKey<Public>,
    /// The key behind the "WeChat Pay public key".
    pub(crate) wechatpay: PKey<Private>,
    pub(crate) wechatpay_id: String,
    /// The key and certificate behind the "platform certificate".
    pub(crate) platform: Identity,
    pub(crate) platform_serial: String,
    /// The APIv3 key: 32 characters.
    pub(crate) apiv3_key: String,
    /// What the brand has of its own.
    pub(crate) brand: BrandKeys,
}

/// The keys of a brand that calls for itself.
pub(crate) struct BrandKeys {
    /// The brand's API key and certificate.
    pub(crate) identity: Identity,
    pub(crate) serial: String,
    /// Public half of the brand's key, for checking requests.
    pub(crate) public: PKey<Public>,
    /// The brand API key: 32 characters, for notifications.
    pub(crate) api_key: String,
}

impl BrandKeys {
    /// Completes the brand's keys from their independent parts.
    pub(crate) fn from_parts(identity: Identity, api_key: String) -> Result<Self, ErrorStack> {
        let (serial, public) = (certificates::serial_of(&identity.cert)?, identity.cert.public_key()?);
        Ok(Self { identity, serial, public, api_key })
    }

    pub(crate) fn generate(authority: &Identity, now: i64, serial_bytes: usize) -> Result<Self, ErrorStack> {
        let identity = certificates::api(authority, BRAND_ID, &certificates::rsa_key()?, now, serial_bytes)?;
        Self::from_parts(identity, random::alphanumeric(32)?)
    }
}

impl KeySet {
    /// Completes a set from its independent parts.
    pub(crate) fn from_parts(
        tls_authority: Identity,
        merchant: Identity,
        wechatpay: PKey<Private>,
        wechatpay_id: String,
        platform: Identity,
        apiv3_key: String,
        brand: BrandKeys,
    ) -> Result<Self, ErrorStack> {
        Ok(Self {
            merchant_serial: certificates::serial_of(&merchant.cert)?,
            merchant_public: merchant.cert.public_key()?,
            platform_serial: certificates::serial_of(&platform.cert)?,
            tls_authority,
            merchant,
            wechatpay,
            wechatpay_id,
            platform,
            apiv3_key,
            brand,
        })
    }

    /// Serial number and key of whoever may call in this mode.
    pub(crate) fn caller(&self, mode: Mode) -> (&str, &PKey<Public>) {
        match mode {
            Mode::Partner => (&self.merchant_serial, &self.merchant_public),
            Mode::Brand => (&self.brand.serial, &self.brand.public),
        }
    }

    /// The symmetric key of whoever is notified in this mode.
    pub(crate) fn symmetric(&self, mode: Mode) -> &str {
        match mode {
            Mode::Partner => &self.apiv3_key,
            Mode::Brand => &self.brand.api_key,
        }
    }
}

impl Keys {
    /// Makes a fresh set.
    ///
    /// # Errors
    /// When OpenSSL cannot make a key.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(Arc::new(Self::set(certificates::SERIAL_BYTES)?)))
    }

    /// Makes a fresh set whose certificates have serial numbers of 19 bytes,
    /// 38 digits, as one in 256 has.
    ///
    /// # Errors
    /// When OpenSSL cannot make a key.
    pub fn with_short_serials() -> Result<Self, Error> {
        Ok(Self(Arc::new(Self::set(certificates::SERIAL_BYTES - 1)?)))
    }

    /// The same where WeChat Pay writes the platform certificate's number
    /// with the zeros in front that make it 40 digits.
    ///
    /// # Errors
    /// When OpenSSL cannot make a key.
    pub fn with_padded_serials() -> Result<Self, Error> {
        let mut set = Self::set(certificates::SERIAL_BYTES - 1)?;
        set.platform_serial = format!("{:0>40}", set.platform_serial);
        Ok(Self(Arc::new(set)))
    }

    fn set(serial_bytes: usize) -> Result<KeySet, Error> {
        let now = Clock::default().now();
        let api_authority = certificates::authority("wxcoupon sandbox API CA", now)?;
        Ok(KeySet::from_parts(
            certificates::authority("wxcoupon sandbox TLS CA", now)?,
            certificates::api(&api_authority, MCHID, &certificates::rsa_key()?, now, serial_bytes)?,
            certificates::rsa_key()?,
            format!("PUB_KEY_ID_{}", random::digits(34)?),
            certificates::api(
                &api_authority,
                "wxcoupon sandbox platform",
                &certificates::rsa_key()?,
                now,
                serial_bytes,
            )?,
            random::alphanumeric(32)?,
            BrandKeys::generate(&api_authority, now, serial_bytes)?,
        )?)
    }

    /// The set of this process, made on first use.
    ///
    /// # Errors
    /// When OpenSSL cannot make a key.
    pub fn shared() -> Result<Self, Error> {
        static SHARED: Mutex<Option<Keys>> = Mutex::new(None);
        let mut shared = lock(&SHARED);
        if let Some(keys) = shared.as_ref() {
            return Ok(keys.clone());
        }
        let keys = Self::generate()?;
        *shared = Some(keys.clone());
        Ok(keys)
    }

    /// Serial number of the merchant API certificate.
    #[must_use]
    pub fn merchant_serial_no(&self) -> &str {
        &self.0.merchant_serial
    }

    /// Serial number of the brand API certificate.
    #[must_use]
    pub fn brand_serial_no(&self) -> &str {
        &self.0.brand.serial
    }

    /// Id of the WeChat Pay public key (`PUB_KEY_ID_` and 34 digits).
    #[must_use]
    pub fn wechatpay_public_key_id(&self) -> &str {
        &self.0.wechatpay_id
    }

    /// The key of API version 2: 32 characters. It follows from the other one, so that folders of earlier versions have one, too.
    #[must_use]
    pub fn apiv2_key(&self) -> String {
        let digest = openssl::sha::sha256(format!("APIv2 {}", self.0.apiv3_key).as_bytes());
        hex::upper(digest.get(..16).unwrap_or_default())
    }

    /// Serial number of the platform certificate.
    #[must_use]
    pub fn platform_serial_no(&self) -> &str {
        &self.0.platform_serial
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("merchant_serial_no", &self.0.merchant_serial)
            .field("wechatpay_public_key_id", &self.0.wechatpay_id)
            .field("platform_serial_no", &self.0.platform_serial)
            .finish_non_exhaustive()
    }
}
