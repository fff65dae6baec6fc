//! `use`: redeem a user coupon.

use super::{Answer, Call};
use crate::refusal::Refusal;
use crate::world::requests::UseRequest;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = UseRequest {
        target: call.target_in_body()?,
        number: call.request_number()?,
        use_time: call.time("/use_time")?,
        order: call.order()?,
        store_id: call.store_id()?,
        digest: call.digest(),
    };
    call.answer(&call.world.redeem(&request, call.mark)?)
}
