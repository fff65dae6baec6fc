//! `set_notify_config`, `get_notify_config`: where notifications go.

use serde_json::json;

use super::{Answer, Call};
use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};
use crate::world::notify::{NotifyAddress, check_url};
use crate::world::rules::Mark;

/// Longest URL, as documented.
const URL: usize = 256;

pub(super) fn set(call: &Call<'_>) -> Result<Answer, Refusal> {
    let url = notify_url(call)?;
    let address = match call.mark {
        Mark::Real => call.world.set_notify_url(call.protocol.mode, Some(&url)),
        Mark::Pretend => Some(NotifyAddress { update_time: rfc3339(call.world.clock.now()), url }),
    };
    answer(address.as_ref())
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    answer(call.world.notify_addresses().of(call.protocol.mode))
}

fn answer(address: Option<&NotifyAddress>) -> Result<Answer, Refusal> {
    let address = address.ok_or_else(|| Refusal::because(Reason::ObjectAbsent, "no notify_url was set"))?;
    Ok(Call::reply(&json!({ "notify_url": address.url, "update_time": address.update_time })))
}

/// The member `notify_url`, checked.
pub(super) fn notify_url(call: &Call<'_>) -> Result<String, Refusal> {
    const POINTER: &str = "/notify_url";
    let url = call.body_text(POINTER, URL)?;
    check_url(&url).map_err(|issue| Refusal::about(Reason::BadValue, POINTER, &json!(url), issue, "body"))?;
    Ok(url)
}
