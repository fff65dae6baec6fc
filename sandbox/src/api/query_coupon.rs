//! `query`: one user coupon as it stands.

use super::{Answer, Call};
use crate::refusal::Refusal;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let target = call.target_in_query()?;
    call.answer(&call.world.query(&target)?)
}
