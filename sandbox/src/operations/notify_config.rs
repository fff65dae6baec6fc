//! `set_notify_config`, `get_notify_config`: where notifications go.

use serde_json::json;

use super::{Call, Execution, Success};
use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};
use crate::state::notify_address::{NotifyAddress, check_url};

/// Longest URL, as documented.
const URL: usize = 256;

pub(super) fn set(call: &Call<'_>) -> Result<Success, Refusal> {
    let url = notify_url(call)?;
    let address = match call.execution {
        Execution::Commit => call.state.set_notify_url(call.mode, Some(&url)),
        Execution::DryRun => Some(NotifyAddress { update_time: rfc3339(call.state.clock.now()), url }),
    };
    answer(address.as_ref())
}

pub(super) fn get(call: &Call<'_>) -> Result<Success, Refusal> {
    answer(call.state.notify_addresses().of(call.mode))
}

fn answer(address: Option<&NotifyAddress>) -> Result<Success, Refusal> {
    let address = address.ok_or_else(|| {
        Refusal::because(Reason::ObjectAbsent, ("no notify_url was set", "没有设置过 notify_url"))
    })?;
    Success::new(&json!({ "notify_url": address.url, "update_time": address.update_time }))
}

/// The member `notify_url`, checked.
pub(super) fn notify_url(call: &Call<'_>) -> Result<String, Refusal> {
    const POINTER: &str = "/notify_url";
    let url = call.body_text(POINTER, URL)?;
    check_url(&url).map_err(|issue| Refusal::about(Reason::BadValue, POINTER, &json!(url), issue, "body"))?;
    Ok(url)
}
