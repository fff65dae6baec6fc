//! What a context answers without asking WeChat Pay.

use super::Client;
use crate::quote::{self, Defaults};
use crate::report::Report;

impl Client {
    /// What a coupon takes off this basket, by the corrected clock. No network.
    pub fn quote(&self, input: &str) -> Report {
        let report =
            self.observed("quote", || match quote::answer(input, &self.quote_defaults(), self.clock.now()) {
                Ok(quote) => Report::local(&quote),
                Err(error) => error.into(),
            });
        Report { clock_offset_s: self.clock.offset_s(), ..report }
    }

    /// What a question need not say.
    pub(super) fn quote_defaults(&self) -> Defaults<'_> {
        Defaults { store_id: self.config.defaults.store_id.as_deref(), choices: self.config.quote }
    }
}
