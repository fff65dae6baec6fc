//! The identity that signs requests: a service provider for its brands, or a brand for itself.

use super::fields::Fields;
use super::{Defaults, till};
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::name::is_merchant_number;
use crate::redact::Quoted;
use crate::status::Code;

/// Who signs requests and owns the quota, or the till whose hub does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Service provider, brand or till.
    pub mode: Mode,
    /// The number: `mchid` or `brand_id`; of a till its name.
    pub id: String,
}

impl Identity {
    /// Reads `mode` and the members that belong to it. In brand mode a default may name the brand.
    pub(super) fn read(fields: &mut Fields, defaults: &mut Defaults) -> Result<Identity> {
        let mode = match fields.text("mode")?.as_deref().map(str::trim) {
            None | Some("partner") => Mode::Partner,
            Some("brand") => Mode::Brand,
            Some("till") => Mode::Till,
            Some(other) => {
                let message = format!("mode must be partner, brand or till, found {}", Quoted(other));
                return Err(Error::at(Code::Config, "/mode", message));
            }
        };
        if mode == Mode::Till {
            return till::identity(fields);
        }
        till::refuse_elsewhere(fields)?;
        if mode == Mode::Partner {
            let id = fields.required_name("mchid")?;
            if !is_merchant_number(&id) {
                let message = "mchid must be the service provider's number, digits only";
                return Err(Error::at(Code::Config, "/mchid", message));
            }
            return Ok(Identity { mode, id });
        }
        let id = match (fields.name("brand_id")?, defaults.brand_id.take()) {
            (Some(own), Some(default)) if own != default => {
                let message = "brand_id and defaults.brand_id name two brands";
                return Err(Error::at(Code::Config, "/brand_id", message));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                return Err(Error::at(Code::Config, "/brand_id", "brand_id is missing: mode is brand"));
            }
        };
        if !is_merchant_number(&id) {
            return Err(Error::at(
                Code::Config,
                "/brand_id",
                "brand_id must be the brand's number, digits only",
            ));
        }
        defaults.brand_id = Some(id.clone());
        Ok(Identity { mode, id })
    }

    /// The name of the number.
    pub fn member(&self) -> &'static str {
        match self.mode {
            Mode::Partner => "mchid",
            Mode::Brand => "brand_id",
            Mode::Till => "till_id",
        }
    }

    /// A unique text for the journal and the rate limiter.
    pub fn key(&self) -> String {
        match self.mode {
            Mode::Partner => self.id.clone(),
            Mode::Brand => format!("brand {}", self.id),
            Mode::Till => format!("till {}", self.id),
        }
    }
}
