//! What the look-up of payment codes needs: a key and an app id of API version 2, and who takes the money.

use super::Identity;
use super::fields::Fields;
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::status::Code;
use crate::wire::v2::{SIGN_TYPES, SignType};
use zeroize::Zeroizing;

/// Length of the key.
const KEY_BYTES: usize = 32;

/// The settings of API version 2. Without a key no payment code is looked up.
#[derive(Clone, Default)]
pub struct Apiv2 {
    /// The key, another secret than that of version 3.
    pub key: Option<Zeroizing<String>>,
    /// How requests and answers are signed.
    pub sign_type: SignType,
    /// The app id of the look-up, if it is not the one of the coupons.
    pub appid: Option<String>,
    /// The merchant who takes the money.
    pub mch_id: Option<String>,
}

impl std::fmt::Debug for Apiv2 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key.as_ref().map(|_| "***");
        formatter.debug_struct("Apiv2").field("key", &key).finish_non_exhaustive()
    }
}

impl Apiv2 {
    pub(super) fn read(fields: &mut Fields, identity: &Identity) -> Result<Apiv2> {
        let key = fields.text("apiv2_key")?.map(Zeroizing::new);
        if let Some(key) = key.as_ref().filter(|key| key.len() != KEY_BYTES) {
            let message = format!("apiv2_key has {} bytes, expected exactly {KEY_BYTES}", key.len());
            return Err(Error::at(Code::Key, "/apiv2_key", message));
        }
        let mch_id = match identity.mode {
            Mode::Partner => Some(identity.id.clone()),
            // A brand's signature does not name a merchant.
            Mode::Brand | Mode::Till => fields.merchant("mchid")?,
        };
        Ok(Apiv2 {
            key,
            sign_type: fields.choice("apiv2_sign_type", &SIGN_TYPES)?.unwrap_or_default(),
            appid: fields.name("apiv2_appid")?,
            mch_id,
        })
    }
}
