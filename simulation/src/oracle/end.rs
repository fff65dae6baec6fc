//! What is looked at in the end, when all has been settled as far as it can be.

use super::{Broken, Invariant, Verdict};
use crate::wechat::coupon::What;
use crate::wechat::message::Asks;
use crate::world::World;
use std::sync::Arc;

impl World {
    /// Compares the last word on every number with the ledger.
    pub fn look_at_the_end(&mut self) {
        let now = self.now;
        let mut found = Vec::new();
        for ((_, number), sale) in &self.oracle.sales {
            let coupon = self.wechat.coupon(&sale.coupon);
            let stands = coupon.is_some_and(|coupon| self.wechat.coupons[coupon].stands(number));
            let code = Arc::clone(&sale.coupon);
            if self.wechat.is_silent(&code) {
                // What became of it nobody could find out.
                continue;
            }
            let happened = |what: What| {
                coupon.is_some_and(|coupon| {
                    let ledger = &self.wechat.coupons[coupon].ledger;
                    ledger.iter().any(|entry| entry.what == what && entry.number == *number)
                })
            };
            let late = match sale.asks {
                Asks::Use => stands,
                Asks::Return => coupon.is_some_and(|coupon| {
                    // What was redeemed again since does not stand.
                    let ledger = self.wechat.coupons[coupon].ledger.iter().rev();
                    let since: Vec<_> = ledger.take_while(|entry| entry.number != *number).collect();
                    let is_till = |number: &str| !number.starts_with("TRY");
                    let redeemed_since =
                        since.iter().any(|entry| entry.what == What::Redeemed && is_till(&entry.number));
                    happened(What::Returned) && !redeemed_since
                }),
                Asks::Confirm => happened(What::Confirmed),
                Asks::Deactivate => happened(What::Deactivated),
                Asks::Send => self.wechat.coupons.iter().any(|coupon| coupon.sent_by == *number),
                _ => false,
            };
            let asks = sale.asks.name();
            match sale.verdict {
                Verdict::DidNot if late => found.push((
                    Invariant::DidNotHappenStands,
                    format!("{asks} {number} on {code} was told as not happened, and stands in the ledger"),
                )),
                Verdict::CalledOff if late => found.push((
                    Invariant::CalledOffStands,
                    format!("{number} on {code} was called off, and its redemption stands"),
                )),
                Verdict::Doubt => found.push((
                    Invariant::DoubtNeverEnds,
                    format!("{asks} {number} on {code} is still in doubt"),
                )),
                _ => {}
            }
        }
        for (invariant, words) in found {
            self.oracle.broken(Broken::new(invariant, now, words));
        }
    }
}
