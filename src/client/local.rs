//! What a context answers without asking WeChat Pay.

use super::Client;
use crate::quote;
use crate::report::Report;

impl Client {
    /// What a coupon takes off this basket, by the corrected clock. No network.
    pub fn quote(&self, input: &str) -> Report {
        let report = match quote::answer(input, self.config.defaults.store_id.as_deref(), self.clock.now()) {
            Ok(quote) => Report::local(&quote),
            Err(error) => error.into(),
        };
        Report { clock_offset_s: self.clock.offset_s(), ..report }
    }
}
