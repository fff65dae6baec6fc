//! Binds request numbers to what came of them.

use super::State;
use super::catalogue::Catalogue;
use super::ledger::{Effect, Record};
use super::request_number::{Outcome, Receipt, RequestKey};
use crate::refusal::{Reason, Refusal};

impl State {
    /// What an earlier request under this number led to.
    pub(crate) fn earlier_outcome(
        &self,
        catalogue: &Catalogue,
        key: &RequestKey,
    ) -> Result<Option<Outcome>, Refusal> {
        match catalogue.receipts.get(&key.number) {
            Some(known) if known.operation == key.operation && known.digest == key.digest => {
                Ok(Some(known.outcome.clone()))
            }
            Some(_) => Err(Reason::NumberReused.into()),
            None if self.numbers.is_taken(&key.number) => Err(Refusal::because(
                Reason::NumberReused,
                ("number was used for another object", "单号已用于另一对象"),
            )),
            None => Ok(None),
        }
    }

    /// Binds a number to what it led to.
    pub(crate) fn bind_number(&self, catalogue: &mut Catalogue, key: &RequestKey, outcome: Outcome) {
        self.numbers.claim(&key.number.as_str().into());
        let receipt = Receipt { operation: key.operation, digest: key.digest, outcome };
        catalogue.receipts.insert(key.number.clone(), receipt);
        self.touch();
    }

    /// Enters an effect that is not about one coupon into the ledger.
    pub(crate) fn record_effect(&self, key: &RequestKey, object: &str, effect: Effect) {
        self.ledger.add(Record {
            at_ms: self.clock.business_now_ms(),
            operation: key.operation,
            coupon_code: object.into(),
            number: key.number.as_str().into(),
            effect,
        });
        self.touch();
    }
}
