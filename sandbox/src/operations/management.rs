//! What the operations of management share: a request that is executed once under its number.

use serde_json::Value;

use super::form::schema::{self, Member};
use super::{Call, Execution, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::{Catalogue, Product};
use crate::state::ledger::Effect;
use crate::state::request_number::{Outcome, RequestKey};
use crate::sync::{read, write};
use crate::text::Said;

/// A request of management that passed the checks of its form.
pub(super) struct Order<'a> {
    pub(super) body: &'a Value,
    brand_id: String,
    pub(super) key: RequestKey,
}

impl Order<'_> {
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What an order led to.
pub(super) struct Achieved {
    /// The id for the ledger.
    pub(super) object: String,
    pub(super) answer: Value,
}

impl<'a> Call<'a> {
    /// An order whose body has this form.
    pub(super) fn order_of(&self, members: &[Member]) -> Result<Order<'a>, Refusal> {
        let brand_id = self.body_id("/brand_id")?;
        let key = self.request_key(self.request_number()?);
        schema::check_members(self.body, "", members)?;
        Ok(Order { body: self.body, brand_id, key })
    }

    /// Executes an order once; `work` checks everything before it changes anything.
    pub(super) fn execute_once(
        &self,
        order: &Order<'_>,
        effect: Effect,
        work: impl FnOnce(&mut Catalogue, i64) -> Result<Achieved, Refusal>,
    ) -> Result<Success, Refusal> {
        let mut guard = write(&self.state.catalogue);
        Catalogue::check_brand(&order.brand_id)?;
        match self.state.earlier_outcome(&guard, &order.key)? {
            None => {}
            Some(Outcome::Answer(answer)) => return Success::repeatable(&answer, true),
            Some(_) => return Err(Reason::Internal.into()),
        }
        let mut draft;
        let catalogue = match self.execution {
            Execution::Commit => &mut *guard,
            Execution::DryRun => {
                draft = guard.clone();
                &mut draft
            }
        };
        let result = work(catalogue, self.state.clock.business_now())?;
        if self.execution == Execution::Commit {
            self.state.bind_number(catalogue, &order.key, Outcome::Answer(result.answer.clone()));
            self.state.record_effect(&order.key, &result.object, effect);
        }
        Success::repeatable(&result.answer, false)
    }

    /// Answers with what the catalogue says about the brand that the query names.
    pub(super) fn look_up(
        &self,
        brand_id: &str,
        work: impl FnOnce(&Catalogue, i64) -> Result<Value, Refusal>,
    ) -> Result<Success, Refusal> {
        let catalogue = read(&self.state.catalogue);
        Catalogue::check_brand(brand_id)?;
        Success::new(&work(&catalogue, self.state.clock.business_now())?)
    }
}

/// A member that is there and not null.
pub(super) fn given<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A refusal because of the state of a product coupon or stock.
pub(super) fn state_forbids((english, chinese): Said, state: &str) -> Refusal {
    Refusal::because(
        Reason::BadCombination,
        (format!("{english} state is {state}"), format!("{chinese}的状态是 {state}")),
    )
}

/// Nothing more is done to a deactivated product coupon.
pub(super) fn check_alive(product: &Product) -> Result<(), Refusal> {
    match product.text("state") {
        "DEACTIVATED" => Err(state_forbids(("product coupon", "商品券"), "DEACTIVATED")),
        _ => Ok(()),
    }
}
