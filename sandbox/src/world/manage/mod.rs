//! What the brand sets up: product coupons, stocks, stock bundles, stores, images.

pub(crate) mod image_tasks;
pub(crate) mod product_coupons;
pub(crate) mod stock_bundles;
pub(crate) mod stocks;
pub(crate) mod stores;
pub(crate) mod terms;

use serde_json::Value;

use super::World;
use super::catalogue::{Catalogue, Outcome};
use super::ledger::Effect;
use super::requests::Once;
use super::rules::Mark;
use crate::refusal::{Reason, Refusal};
use crate::sync::write;

/// An answer, and whether it is one given before.
pub(crate) type Told = (Value, bool);

/// An operation of management that passed the checks of its form.
pub(crate) struct Order<'a> {
    pub(crate) body: &'a Value,
    pub(crate) brand_id: String,
    pub(crate) once: Once,
    pub(crate) mark: Mark,
}

impl Order<'_> {
    fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What an order led to.
struct Achieved {
    object: String,
    answer: Value,
}

impl World {
    /// Carries an order out once; `work` checks everything before it changes anything.
    fn carry_out(
        &self,
        order: &Order<'_>,
        effect: Effect,
        work: impl FnOnce(&mut Catalogue, i64) -> Result<Achieved, Refusal>,
    ) -> Result<Told, Refusal> {
        let mut guard = write(&self.catalogue);
        Catalogue::check_brand(&order.brand_id)?;
        match self.receipt(&guard, &order.once)? {
            None => {}
            Some(Outcome::Answer(answer)) => return Ok((answer, true)),
            Some(_) => return Err(Reason::Internal.into()),
        }
        let mut draft;
        let catalogue = match order.mark {
            Mark::Real => &mut *guard,
            Mark::Pretend => {
                draft = guard.clone();
                &mut draft
            }
        };
        let result = work(catalogue, self.clock.business_now())?;
        if order.mark == Mark::Real {
            self.keep_receipt(catalogue, &order.once, Outcome::Answer(result.answer.clone()));
            self.enter(&order.once, &result.object, effect);
        }
        Ok((result.answer, false))
    }
}

/// A refusal because of the state of a product coupon or stock.
fn state_forbids(what: &str, state: &str) -> Refusal {
    Refusal::because(Reason::BadCombination, format!("{what} state is {state}"))
}
