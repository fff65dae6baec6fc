//! Tasks that make images out of coupon terms or product photos.

use serde_json::{Value, json};

use super::Told;
use crate::refusal::{Reason, Refusal};
use crate::sync::{read, write};
use crate::world::World;
use crate::world::catalogue::{Catalogue, set};
use crate::world::ledger::Effect;
use crate::world::requests::Once;
use crate::world::rules::Mark;

/// Seconds a task takes.
const WORK_TIME: i64 = 2;
const RESULT: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/generated.jpg";

impl World {
    /// `submit_image_task`: the task id is its number.
    pub(crate) fn submit_image_task(
        &self,
        brand_id: &str,
        kind: &str,
        task: &Once,
        mark: Mark,
    ) -> Result<Told, Refusal> {
        let mut catalogue = write(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let answer = json!({ "task_id": task.number, "brand_id": brand_id });
        let key = format!("{kind}/{}", task.number);
        if let Some(known) = catalogue.image_tasks.get(&key) {
            if known.get("digest") != Some(&json!(task.digest)) {
                return Err(Reason::NumberReused.into());
            }
            return Ok((answer, true));
        }
        if mark == Mark::Real {
            let ready = self.clock.business_now() + WORK_TIME;
            catalogue.image_tasks.insert(key, json!({ "digest": task.digest, "ready": ready }));
            self.enter(task, &task.number, Effect::Created);
        }
        Ok((answer, false))
    }

    /// `get_image_task`.
    pub(crate) fn image_task(&self, brand_id: &str, kind: &str, task_id: &str) -> Result<Value, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let task = catalogue
            .image_tasks
            .get(&format!("{kind}/{task_id}"))
            .ok_or_else(|| Refusal::because(Reason::ObjectAbsent, "no such task_id"))?;
        let ready = task.get("ready").and_then(Value::as_i64).unwrap_or(0);
        let is_ready = self.clock.business_now() >= ready;
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
    }
}
