//! Tasks that make images out of coupon terms or product photos.

use serde_json::{Value, json};

use super::form::{schema, shapes};
use super::{Call, Execution, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::{Catalogue, set};
use crate::state::ledger::Effect;
use crate::sync::write;
use crate::text::Said;

/// Longest task id; no limit is documented.
const TASK_ID: usize = 128;
/// Seconds a task takes.
const WORK_TIME: i64 = 2;
const RESULT: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/generated.jpg";

/// `submit_image_task`: the task id is its number.
pub(super) fn submit(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.body_id("/brand_id")?;
    let task = call.request_key(call.body_text("/task_id", TASK_ID)?);
    schema::check_members(call.body, "", shapes::IMAGE_TASK)?;
    let kind = call.body_id("/image_generation_type")?;
    check_parts(call, &kind)?;

    let mut catalogue = write(&call.state.catalogue);
    Catalogue::check_brand(&brand_id)?;
    let answer = json!({ "task_id": task.number, "brand_id": brand_id });
    let id = format!("{kind}/{}", task.number);
    if let Some(known) = catalogue.image_tasks.get(&id) {
        if known.get("digest") != Some(&json!(task.digest)) {
            return Err(Reason::NumberReused.into());
        }
        return Success::repeatable(&answer, true);
    }
    if call.execution == Execution::Commit {
        let ready = call.state.clock.business_now() + WORK_TIME;
        catalogue.image_tasks.insert(id, json!({ "digest": task.digest, "ready": ready }));
        call.state.record_effect(&task, &task.number, Effect::Created);
    }
    Success::repeatable(&answer, false)
}

/// Whether the members go with the `image_generation_type`.
fn check_parts(call: &Call<'_>, kind: &str) -> Result<(), Refusal> {
    let (wanted, other) = match kind {
        "CUT_OUT" => ("cut_out", "combine_image"),
        _ => ("combine_image", "cut_out"),
    };
    let given = |pointer: &str| call.body.pointer(pointer).is_some_and(|value| !value.is_null());
    let combination = |field: &str, issue: Said| {
        Err(Refusal::about(Reason::BadCombination, field, &Value::Null, issue, "body"))
    };
    if !given(&format!("/{wanted}")) {
        return combination(
            &format!("/{wanted}"),
            ("is required with this image_generation_type", "此 image_generation_type 必填"),
        );
    }
    if given(&format!("/{other}")) {
        return combination(
            &format!("/{other}"),
            ("does not go with this image_generation_type", "不能与此 image_generation_type 同用"),
        );
    }
    if wanted == "combine_image" {
        let terms = match call.body.pointer("/combine_image/type").and_then(Value::as_str) {
            Some("NORMAL") => "/combine_image/normal_coupon",
            Some("DISCOUNT") => "/combine_image/discount_coupon",
            _ => "/combine_image/exchange_coupon",
        };
        if !given(terms) {
            return combination(terms, ("is required with this type", "此 type 必填"));
        }
    }
    Ok(())
}

/// `get_image_task`.
pub(super) fn get(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let kind = call.query_id("image_generation_type")?;
    if !shapes::IMAGE_TYPES.contains(&kind.as_str()) {
        return Err(call.bad_query(
            "image_generation_type",
            Reason::BadValue,
            ("is no such type", "没有这种类型"),
        ));
    }
    let task_id = call.path_text("task_id", TASK_ID)?;
    call.look_up(&brand_id, |catalogue, now| {
        let task = catalogue
            .image_tasks
            .get(&format!("{kind}/{task_id}"))
            .ok_or_else(|| Refusal::because(Reason::ObjectAbsent, ("no such task_id", "没有这个 task_id")))?;
        let ready = task.get("ready").and_then(Value::as_i64).unwrap_or(0);
        let is_ready = now >= ready;
        let mut answer = json!({
            "brand_id": brand_id,
            "task_id": task_id,
            "image_generation_type": kind,
            "task_state": if is_ready { "SUCCESS" } else { "PROCESSING" },
        });
        if is_ready {
            let name = if kind == "CUT_OUT" { "cut_out_result" } else { "combine_image_result" };
            set(&mut answer, name, json!({ "image_url": RESULT }));
        }
        Ok(answer)
    })
}
