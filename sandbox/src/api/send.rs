//! `send`, `bundle_send` and their pre-send forms.

use serde_json::Value;

use super::{Answer, Call, schema, shapes};
use crate::refusal::{Reason, Refusal};
use crate::world::issue::{Grant, Source};

pub(super) fn send(call: &Call<'_>) -> Result<Answer, Refusal> {
    let grant = call.grant(call.stock_source()?)?;
    let once = call.once("send", grant.send_request_no.clone());
    let (body, duplicate) = call.world.send(&grant, &once, call.mark)?;
    Ok(Answer { status: 200, body, duplicate })
}

pub(super) fn pre_send(call: &Call<'_>) -> Result<Answer, Refusal> {
    let grant = call.grant(call.stock_source()?)?;
    let once = call.once("pre_send", grant.send_request_no.clone());
    Answer::told(&call.world.pre_send(&grant, &once, call.mark)?)
}

pub(super) fn bundle_send(call: &Call<'_>) -> Result<Answer, Refusal> {
    let grant = call.grant(call.bundle_source()?)?;
    let once = call.once("bundle_send", grant.send_request_no.clone());
    let (body, duplicate) = call.world.send(&grant, &once, call.mark)?;
    Ok(Answer { status: 200, body, duplicate })
}

pub(super) fn bundle_pre_send(call: &Call<'_>) -> Result<Answer, Refusal> {
    let grant = call.grant(call.bundle_source()?)?;
    let once = call.once("bundle_pre_send", grant.send_request_no.clone());
    Answer::told(&call.world.pre_send(&grant, &once, call.mark)?)
}

impl Call<'_> {
    fn stock_source(&self) -> Result<Source, Refusal> {
        let coupon_code = match self.body.get("coupon_code") {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.request_text("/coupon_code", 1, 40)?),
        };
        Ok(Source::Stock { stock_id: self.body_id("/stock_id")?, coupon_code })
    }

    fn bundle_source(&self) -> Result<Source, Refusal> {
        if self.body.get("coupon_code").is_some_and(|code| !code.is_null()) {
            let issue = "codes of bundles are never chosen by the caller";
            return Err(Refusal::about(Reason::BadCombination, "/coupon_code", &Value::Null, issue, "body"));
        }
        Ok(Source::Bundle { stock_bundle_id: self.body_id("/stock_bundle_id")? })
    }

    fn grant(&self, from: Source) -> Result<Grant, Refusal> {
        schema::check_members(self.body, "", shapes::SEND)?;
        let tags = self.body.get("coupon_tag_info").filter(|tags| !tags.is_null());
        let has_list = tags.and_then(|tags| tags.get("coupon_tag_list")).is_some_and(|list| !list.is_null());
        if has_list && tags.is_none_or(|tags| tags.get("member_tag_info").is_none_or(Value::is_null)) {
            let field = "/coupon_tag_info/member_tag_info";
            let issue = "is required with the MEMBER tag";
            return Err(Refusal::about(Reason::BadStructure, field, &Value::Null, issue, "body"));
        }
        Ok(Grant {
            openid: self.openid()?,
            appid: self.body_id("/appid")?,
            brand_id: self.body_id("/brand_id")?,
            product_coupon_id: self.body_id("/product_coupon_id")?,
            from,
            send_request_no: self.request_text("/send_request_no", 6, 128)?,
            attach: self.body.get("attach").and_then(Value::as_str).map(str::to_owned),
            coupon_tag_info: tags.cloned(),
        })
    }
}
