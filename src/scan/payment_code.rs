//! A payment code becomes an openid: `POST /tools/authcodetoopenid` of API version 2.
//!
//! Pages doc/v2/merchant/4011940944 (2025-07-07) and doc/v2/partner/4011941724 (2024-12-25). Members and sign types that these do not
//! print follow the general rules of version 2 and its published clients. The answer has no time and does not name the code that it
//! is about: only TLS ties it to the question. So nothing but the openid is taken from it.

use super::masked::masked;
use crate::error::{Error, Result};
use crate::report::{OTHER_REQUEST, Report, WechatError};
use crate::status::Code;
use crate::wire::v2::{self, Members, SIGN_TYPES, SignType};
use serde_json::json;
use zeroize::Zeroizing;

/// Its name in the log and in messages.
pub const ID: &str = "auth_code_to_openid";
/// Its path.
pub const TARGET: &str = "/tools/authcodetoopenid";

/// Codes of a payment code that is of no use any more. Published logs show `AUTH_CODE_INVALID` for expired and used ones as well.
const USELESS_CODES: [&str; 3] = ["AUTHCODEEXPIRE", "AUTH_CODE_ERROR", "AUTH_CODE_INVALID"];
const REFRESH: &str = "请顾客刷新付款码后重新出示";
/// The manual says that it is to be asked again.
const SYSTEM_FAULT: &str = "SYSTEMERROR";
const UNFIT_SIGN: &str = "the answer's sign is not right under apiv2_key";
/// Refusals that are about who asks, not about the code.
const NO_RIGHT: [&str; 2] = ["NOAUTH", "NO_AUTH"];
const NOT_LINKED: &str = "APPID_MCHID_NOT_MATCH";
const TOO_OFTEN: [&str; 2] = ["FREQUENCY_LIMITED", "FREQ_LIMIT"];
/// How long to wait after "too often" if WeChat Pay names no time. Its manual says one second.
const THROTTLED_S: u64 = 1;
/// Longest wait that a header can ask for, in seconds.
const LONGEST_WAIT_S: u64 = 60 * 60;
/// Length of the hexadecimal MD5.
const MD5_DIGITS: usize = 32;

/// Which of the two openids of the answer belongs to the app id of the coupons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Openid,
    SubOpenid,
}

/// The question to which user a payment code belongs.
pub struct LookUp {
    members: Members,
    sign_type: SignType,
    key: Zeroizing<String>,
    wanted: Wanted,
}

impl std::fmt::Debug for LookUp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LookUp")
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The app id of the coupons: whose openid is wanted.
    pub coupon_appid: &'a str,
    /// `appid` of the question, if it is another one.
    pub appid: Option<&'a str>,
    /// `sub_appid`
    pub sub_appid: Option<&'a str>,
    /// The merchant who takes the money. The payment code can be charged by no other until it refreshes.
    pub mch_id: &'a str,
    /// `sub_mch_id`
    pub sub_mch_id: Option<&'a str>,
}

impl LookUp {
    /// The question for the openid under the app id of the coupons. Under another app id a user has another openid, and nothing
    /// translates one into the other.
    pub fn new(auth_code: &str, asker: Asker<'_>, key: &str, sign_type: SignType) -> Result<LookUp> {
        let appid = asker.appid.unwrap_or(asker.coupon_appid);
        // WeChat Pay needs to be told only where the sub-merchant has several.
        let sub_appid = asker.sub_appid.or((appid != asker.coupon_appid).then_some(asker.coupon_appid));
        let wanted = match (appid == asker.coupon_appid, sub_appid == Some(asker.coupon_appid)) {
            (true, _) => Wanted::Openid,
            // Only a sub-merchant has a sub_openid, and asking binds the code.
            (false, true) if asker.sub_mch_id.is_none() => {
                let message = format!(
                    "sub_mch_id is missing: under apiv2_appid {appid} the user's openid for the coupons' app id {} is that of a \
                     sub-merchant",
                    asker.coupon_appid
                );
                let hint = "Give sub_mch_id, or leave out apiv2_appid so that the coupons' own app id asks.";
                return Err(Error::at(Code::Request, "/sub_mch_id", message).hint(hint));
            }
            (false, true) => Wanted::SubOpenid,
            (false, false) => {
                let message = format!(
                    "the openid would be one under {appid} or {}, and the coupons are under {}: one of them must be the app id of \
                     the coupons",
                    sub_appid.unwrap_or_default(),
                    asker.coupon_appid
                );
                let hint =
                    "Give one of apiv2_appid and sub_appid the app id of the coupons, or leave both out.";
                return Err(Error::at(Code::Request, "/sub_appid", message).hint(hint));
            }
        };
        let mut members = Members::from([
            ("appid".to_owned(), appid.to_owned()),
            ("mch_id".to_owned(), asker.mch_id.to_owned()),
            ("auth_code".to_owned(), auth_code.to_owned()),
        ]);
        let optional = [("sub_appid", sub_appid), ("sub_mch_id", asker.sub_mch_id)];
        // Without the member WeChat Pay takes the sign for an MD5.
        let named = SIGN_TYPES.iter().find(|(_, named)| *named == sign_type && *named != SignType::Md5);
        for (name, value) in optional.into_iter().chain([("sign_type", named.map(|(name, _)| *name))]) {
            members.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        Ok(LookUp { members, sign_type, key: Zeroizing::new(key.to_owned()), wanted })
    }

    /// The body of the question, with a nonce of its own.
    pub fn body(&self, nonce: &str) -> Zeroizing<String> {
        let mut members = self.members.clone();
        members.insert("nonce_str".into(), nonce.to_owned());
        members.insert("sign".into(), v2::sign(&members, &self.key, self.sign_type));
        Zeroizing::new(v2::write(&members))
    }

    /// Judges an answer: HTTP, then `return_code`, then the sign, then `result_code`. The data of a success is the openid.
    pub fn judge(&self, status: u16, retry_after_s: Option<u64>, body: &[u8]) -> Report {
        let read_failed = |message: String| Report { message, ..Report::new(Code::ReadFailed) };
        if status == 429 {
            let wait_s = retry_after_s.unwrap_or(THROTTLED_S).min(LONGEST_WAIT_S);
            return Report { retry_after_ms: Some(wait_s * 1000), ..Report::new(Code::RateLimited) };
        }
        if status != 200 {
            return read_failed(format!("HTTP {status}: version 2 of the API answers 200 whatever it says"));
        }
        let members = match v2::read(body) {
            Ok(members) => members,
            Err(why) => return read_failed(format!("the answer is not the XML of version 2: {why}")),
        };
        let said = |name: &str| members.get(name).map_or("", String::as_str);
        match said("return_code") {
            "SUCCESS" => {}
            // Such an answer has no sign.
            "FAIL" => return not_understood(said("return_msg")),
            "" => return read_failed("the answer has no return_code".into()),
            _ => return read_failed("the answer's return_code is neither SUCCESS nor FAIL".into()),
        }
        if !v2::is_signed(&members, &self.key, self.sign_type) {
            return self.untrusted(said("sign"));
        }
        match said("result_code") {
            "SUCCESS" => self.openid(&members),
            "FAIL" => refused(said("err_code"), said("err_code_des")),
            "" => read_failed("the answer has no result_code".into()),
            _ => read_failed("the answer's result_code is neither SUCCESS nor FAIL".into()),
        }
    }

    /// The report without the payment code, which servers may repeat in any text of theirs.
    pub fn masked(&self, report: Report) -> Report {
        let code = self.members.get("auth_code").map_or("", String::as_str);
        let text = |text: &String| masked(text, code);
        let wechat = report.wechat.as_ref().map(|said| WechatError {
            code: said.code.as_ref().map(text),
            message: said.message.as_ref().map(text),
            ..said.clone()
        });
        Report {
            message: text(&report.message),
            request_id: report.request_id.as_ref().map(text),
            wechat,
            ..report
        }
    }

    fn untrusted(&self, sign: &str) -> Report {
        let looks_like_md5 = sign.len() == MD5_DIGITS && self.sign_type != SignType::Md5;
        let (message, hint) = if sign.is_empty() {
            (
                "the answer has no sign, so nothing says that it is WeChat Pay's",
                "Ask again; if it stays so, something between this machine and WeChat Pay answers in its place.",
            )
        } else if looks_like_md5 {
            (
                UNFIT_SIGN,
                "The answer is signed with MD5 although HMAC-SHA256 was asked for: set apiv2_sign_type to MD5.",
            )
        } else {
            (
                UNFIT_SIGN,
                "Compare apiv2_key with the one that is set in the merchant console (not the APIv3 key), and apiv2_sign_type.",
            )
        };
        Report {
            verification: Some(if sign.is_empty() { "unsigned" } else { "wrong_signature" }),
            message: message.into(),
            hint: Some(hint.into()),
            ..Report::new(Code::ReadFailed)
        }
    }

    fn openid(&self, members: &Members) -> Report {
        let other = |message: String| Report {
            verification: Some(OTHER_REQUEST),
            message,
            ..Report::new(Code::ReadFailed)
        };
        for name in ["appid", "mch_id", "sub_appid", "sub_mch_id"] {
            let (asked, answered) =
                (self.members.get(name), members.get(name).filter(|text| !text.is_empty()));
            let is_required = matches!(name, "appid" | "mch_id");
            if answered.map_or(is_required, |answered| asked.is_some_and(|asked| asked != answered)) {
                return other(format!("the signed answer's {name} is not this request's"));
            }
        }
        let name = match self.wanted {
            Wanted::Openid => "openid",
            Wanted::SubOpenid => "sub_openid",
        };
        let openid =
            members.get(name).filter(|openid| crate::name::flaw(openid).is_none() && !openid.is_empty());
        if let Some(openid) = openid {
            return Report::local(&json!({ "openid": openid }));
        }
        let who = if self.members.contains_key("sub_mch_id") { "sub_mch_id" } else { "mchid" };
        Report {
            message: format!(
                "the answer has no {name}: {who} and the app id of the coupons do not belong together"
            ),
            hint: Some(format!("Check {who}, and that the app id of the coupons is bound to it.").into()),
            ..Report::new(Code::Refused)
        }
    }
}

/// `return_code` FAIL: the request's form or sign. What exactly, only its text for people says.
fn not_understood(return_msg: &str) -> Report {
    Report {
        message: "WeChat Pay did not accept the form or the sign of the request (return_code FAIL)".into(),
        hint: Some(
            "wechat.message says why. Mostly it is apiv2_key (not the APIv3 key), apiv2_sign_type, or an app id that is not bound \
             to the merchant."
                .into(),
        ),
        wechat: Some(WechatError {
            message: Some(return_msg.to_owned()).filter(|text| !text.is_empty()),
            ..WechatError::default()
        }),
        ..Report::new(Code::Refused)
    }
}

fn refused(err_code: &str, description: &str) -> Report {
    let quoted = crate::redact::Quoted(err_code);
    let wechat = WechatError {
        code: Some(err_code.to_owned()),
        message: Some(description.to_owned()).filter(|text| !text.is_empty()),
        ..WechatError::default()
    };
    let told = |code, message: String, hint: Option<&'static str>| Report {
        message,
        hint: hint.map(Into::into),
        wechat: Some(wechat.clone()),
        ..Report::new(code)
    };
    match err_code {
        SYSTEM_FAULT => told(Code::ReadFailed, format!("a fault on WeChat Pay's side: {quoted}"), None),
        code if USELESS_CODES.contains(&code) => Report {
            cashier: Some(REFRESH.into()),
            ..told(
                Code::Refused,
                format!("the payment code was refused: {quoted}"),
                Some("Scan the code once more when it has refreshed; it is valid for a minute."),
            )
        },
        code if NO_RIGHT.contains(&code) => told(
            Code::NoPermission,
            format!("the merchant may not look up payment codes: {quoted}"),
            Some(
                "Let WeChat Pay grant the merchant payment codes (付款码支付); wechat.message says what is missing.",
            ),
        ),
        NOT_LINKED => told(
            Code::Refused,
            format!("the app id and the merchant of the look-up do not belong together: {quoted}"),
            Some("Link appid (or apiv2_appid) to mchid in the merchant console."),
        ),
        code if TOO_OFTEN.contains(&code) => Report {
            retry_after_ms: Some(THROTTLED_S * 1000),
            ..told(Code::RateLimited, format!("payment codes are looked up too often: {quoted}"), None)
        },
        _ => told(Code::Refused, format!("the look-up of the payment code was refused: {quoted}"), None),
    }
}

#[cfg(test)]
mod tests;
