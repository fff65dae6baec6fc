//! Operations on image tasks.

use serde_json::Value;

use super::{Answer, Call, schema, shapes};
use crate::refusal::{Reason, Refusal};

/// Longest task id; no limit is documented.
const TASK_ID: usize = 128;

pub(super) fn submit(call: &Call<'_>) -> Result<Answer, Refusal> {
    let brand_id = call.body_id("/brand_id")?;
    let task = call.once("submit_image_task", call.body_text("/task_id", TASK_ID)?);
    schema::check_members(call.body, "", shapes::IMAGE_TASK)?;
    let kind = call.body_id("/image_generation_type")?;
    let (wanted, other) = match kind.as_str() {
        "CUT_OUT" => ("cut_out", "combine_image"),
        _ => ("combine_image", "cut_out"),
    };
    let given = |pointer: &str| call.body.pointer(pointer).is_some_and(|value| !value.is_null());
    let combination = |field: &str, issue: &str| {
        Err(Refusal::about(Reason::BadCombination, field, &Value::Null, issue, "body"))
    };
    if !given(&format!("/{wanted}")) {
        return combination(&format!("/{wanted}"), "is required with this image_generation_type");
    }
    if given(&format!("/{other}")) {
        return combination(&format!("/{other}"), "does not go with this image_generation_type");
    }
    if wanted == "combine_image" {
        let terms = match call.body.pointer("/combine_image/type").and_then(Value::as_str) {
            Some("NORMAL") => "/combine_image/normal_coupon",
            Some("DISCOUNT") => "/combine_image/discount_coupon",
            _ => "/combine_image/exchange_coupon",
        };
        if !given(terms) {
            return combination(terms, "is required with this type");
        }
    }
    Answer::told(&call.world.submit_image_task(&brand_id, &kind, &task, call.mark)?)
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let kind = call.query_id("image_generation_type")?;
    if !shapes::IMAGE_TYPES.contains(&kind.as_str()) {
        return Err(call.bad_query("image_generation_type", Reason::BadValue, "is no such type"));
    }
    Answer::read(&call.world.image_task(&brand_id, &kind, &call.path_text("task_id", TASK_ID)?)?)
}
