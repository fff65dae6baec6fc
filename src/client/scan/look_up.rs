//! A payment code becomes the openid of its user.

use super::{Failed, Scan, failed, named};
use crate::api::Prepared;
use crate::client::OutgoingRequest;
use crate::error::Error;
use crate::scan::payment_code::{Asker, ID, LookUp, TARGET};
use crate::status::Code;
use serde_json::Value;

impl Scan<'_> {
    /// Asks for the openid under the app id of the coupons. Afterwards the code can be charged by this merchant only, until it
    /// refreshes. To ask again changes nothing more.
    pub(super) fn openid_of(&mut self, code: &str) -> Result<String, Failed> {
        let look_up = self.look_up(code).map_err(failed)?;
        let prepared = Prepared::question(TARGET);
        // Not a write: a lost answer leaves no doubt behind.
        let request = OutgoingRequest {
            method: "POST",
            look_up: Some(&look_up),
            ..OutgoingRequest::fresh(ID, None, &prepared)
        };
        let report = self.send(&request);
        if report.code != Code::Ok {
            return Err(named(ID, report));
        }
        let data: Option<Value> = report.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
        let openid = data.as_ref().and_then(|data| data.get("openid")?.as_str());
        let missing = || failed(Error::new(Code::Internal, "the openid of a payment code was lost"));
        openid.map(str::to_owned).ok_or_else(missing)
    }

    fn look_up(&self, code: &str) -> crate::error::Result<LookUp> {
        let (settings, defaults) = (&self.client.config.apiv2, &self.client.config.defaults);
        let side = &self.question.payment_side;
        let missing = |field: &str, why: &str| Error::at(Code::Config, field, why);
        let key = settings.key.as_ref().ok_or_else(|| {
            missing("/apiv2_key", "apiv2_key is missing: payment codes are looked up with it")
                .cashier("未配置付款码查询,请扫优惠券码")
        })?;
        let mch_id = settings.mch_id.as_deref().ok_or_else(|| {
            missing(
                "/mchid",
                "mchid is missing: a payment code is looked up by the merchant who takes the money",
            )
        })?;
        let coupon_appid = self.question.appid.as_deref().or(defaults.appid.as_deref()).ok_or_else(|| {
            Error::at(Code::Request, "/appid", "appid is missing: the openid is wanted under it")
        })?;
        let asker = Asker {
            coupon_appid,
            appid: side.appid.as_deref().or(settings.appid.as_deref()),
            sub_appid: side.sub_appid.as_deref().or(defaults.sub_appid.as_deref()),
            mch_id,
            sub_mch_id: side.sub_mch_id.as_deref().or(defaults.sub_mch_id.as_deref()),
        };
        LookUp::new(code, asker, key, settings.sign_type)
    }
}
