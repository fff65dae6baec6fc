//! `return`: take a redemption back.

use super::{Answer, Call};
use crate::refusal::Refusal;
use crate::world::requests::ReturnRequest;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = ReturnRequest {
        target: call.target_in_body()?,
        number: call.request_number()?,
        digest: call.digest(),
    };
    call.answer(&call.world.give_back(&request, call.mark)?)
}
