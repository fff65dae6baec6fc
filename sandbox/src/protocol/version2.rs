//! `POST /tools/authcodetoopenid` of API version 2: XML, signed with a key of its own.
//!
//! From the pages doc/v2/merchant/4011940944 and doc/v2/partner/4011941724. Every answer is HTTP 200. What a request without a right sign
//! learns is not signed.

use std::time::Instant;

use serde_json::Value;

use super::Api;
use super::request_log::RequestEntry;
use super::stats::Counters;
use crate::clock::{http_date, rfc3339};
use crate::crypto::apiv2::{self, Members, SignType};
use crate::crypto::message_signature::SignatureFault;
use crate::crypto::random;
use crate::faults::effect::Edit;
use crate::faults::{Fault, FaultKind};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::service::Reaction;
use crate::identities::{APPID, MCHID, PROVIDER_APPID, SUB_MERCHANTS};
use crate::operation::VERSION_2;

/// Its path.
pub(super) const PATH: &str = "/tools/authcodetoopenid";

pub(super) fn handle(api: &Api, listener: usize, request: &Request) -> Reaction {
    let started = Instant::now();
    Counters::count(&api.counters.requests);
    let now = api.state.clock.now();
    let fault = api.faults.for_request(listener, VERSION_2, "");
    let mut entry = RequestEntry {
        host: listener,
        operation: VERSION_2.to_owned(),
        method: request.method.clone(),
        target: request.target.clone(),
        fault: fault.as_ref().map(|fault| fault.kind.name()),
        time: rfc3339(now),
        ..RequestEntry::default()
    };
    if api.request_log.is_on() {
        entry.headers.clone_from(&request.headers);
        entry.keep_body(&request.body);
    }
    let (reaction, is_signed) = react(api, listener, request, fault.as_ref());
    entry.signature_ok = is_signed;
    if let Reaction::Respond { response, .. } = &reaction {
        entry.http_status = Some(response.status);
        api.counters.status(response.status);
    }
    api.log(entry, Some(started.elapsed()));
    reaction
}

/// What comes back, and whether the request was rightly signed.
fn react(api: &Api, listener: usize, request: &Request, fault: Option<&Fault>) -> (Reaction, bool) {
    let now = api.state.clock.now();
    let mut effect = fault.map(|fault| fault.kind.effect()).unwrap_or_default();
    let is_processed = fault.is_none_or(Fault::is_processed);
    let (mut members, sign_type) = answer(api, request, now, is_processed);
    let refusal = fault.and_then(|fault| match &fault.kind {
        FaultKind::Refusal { code, .. } | FaultKind::UnsignedRefusal { code, .. } => Some(code),
        _ => None,
    });
    // Version 2 refuses with HTTP 200 and a code of its own.
    if let Some(code) = refusal {
        refuse(&mut members, code);
    } else if let Some(instead) = effect.instead.take() {
        let location = format!("{}{}", api.other_host(listener), request.target);
        let reaction = instead
            .reaction(&location, http_date(now))
            // Its gateway answers like that of version 3.
            .unwrap_or_else(|(response, _)| Reaction::Respond { response, delay: effect.delay });
        return (reaction, sign_type.is_some());
    }
    if let Some(edit) = &effect.edit {
        change(&mut members, edit);
    }
    if let Some(sign_type) = sign_type.filter(|_| !effect.unsigned) {
        let sign = apiv2::sign(&members, &api.keys.apiv2_key(), sign_type).unwrap_or_default();
        let is_wrong = effect.signature == Some(SignatureFault::WrongSignature);
        members.insert("sign".into(), if is_wrong { sign.chars().rev().collect() } else { sign });
    }
    if effect.signature == Some(SignatureFault::TamperedBody) {
        tamper(&mut members);
    }
    let body = match effect.edit {
        Some(Edit::Empty) => Vec::new(),
        Some(Edit::NotJson) => b"<!DOCTYPE xml><xml>".to_vec(),
        _ => apiv2::write(&members),
    };
    let mut response = Response::new(200, "text/xml; charset=utf-8", body);
    response.header("Date", http_date(now + effect.date_shift));
    response.wire = effect.wire;
    response.after = effect.after.unwrap_or(response.after);
    (Reaction::Respond { response, delay: effect.delay }, sign_type.is_some())
}

fn refuse(members: &mut Members, code: &str) {
    members.retain(|name, _| !matches!(name.as_str(), "openid" | "sub_openid"));
    for (name, value) in [("result_code", "FAIL"), ("err_code", code), ("err_code_des", "沙箱按要求拒绝")]
    {
        members.insert(name.to_owned(), value.to_owned());
    }
}

/// What a fault makes of the members before they are signed.
fn change(members: &mut Members, edit: &Edit) {
    match edit {
        Edit::OtherObject => {
            members.insert("mch_id".into(), "1900009999".into());
        }
        Edit::Merge(patch) => {
            for (name, value) in patch.as_object().into_iter().flatten() {
                match value {
                    Value::Null => members.remove(name),
                    Value::String(text) => members.insert(name.clone(), text.clone()),
                    other => members.insert(name.clone(), other.to_string()),
                };
            }
        }
        Edit::Pad(bytes) => {
            let now = apiv2::write(members).len();
            members.insert("padding".into(), "x".repeat(bytes.saturating_sub(now)));
        }
        Edit::OtherNumber | Edit::Empty | Edit::NotJson => {}
    }
}

/// Another text under the sign of the right one.
fn tamper(members: &mut Members) {
    for name in ["openid", "err_code", "return_msg"] {
        if let Some(text) = members.get_mut(name) {
            text.push('0');
            return;
        }
    }
}

/// The members of the answer, and how they are signed; not at all where the request was not understood.
fn answer(api: &Api, request: &Request, now: i64, is_processed: bool) -> (Members, Option<SignType>) {
    let fail = |why: &str| (members(&[("return_code", "FAIL"), ("return_msg", why)]), None);
    if request.method != "POST" {
        return fail("请使用post方法");
    }
    let Some(asked) = apiv2::read(&request.body) else { return fail("XML格式错误") };
    let said = |name: &str| asked.get(name).map_or("", String::as_str);
    if let Some(name) =
        ["appid", "mch_id", "auth_code", "nonce_str", "sign"].iter().find(|name| said(name).is_empty())
    {
        return fail(&format!("缺少参数{name}"));
    }
    let sign_type = match said("sign_type") {
        "" | "MD5" => SignType::Md5,
        "HMAC-SHA256" => SignType::HmacSha256,
        _ => return fail("sign_type参数错误"),
    };
    if said("nonce_str").len() > 32 {
        return fail("nonce_str参数长度有误");
    }
    if said("mch_id") != MCHID || ![APPID, PROVIDER_APPID].contains(&said("appid")) {
        return fail("商户号mch_id与appid不匹配");
    }
    if !apiv2::is_signed(&asked, &api.keys.apiv2_key(), sign_type) {
        return fail("签名失败");
    }
    let sub_appid = match sub_appid(said("sub_mch_id"), said("sub_appid")) {
        Ok(sub_appid) => sub_appid,
        Err(why) => return fail(why),
    };
    let nonce = random::alphanumeric(16).unwrap_or_default();
    let mut told =
        members(&[("return_code", "SUCCESS"), ("return_msg", "OK"), ("nonce_str", nonce.as_str())]);
    let parties = ["appid", "mch_id", "sub_mch_id"].map(|name| (name, said(name)));
    for (name, value) in parties.into_iter().chain([("sub_appid", sub_appid)]) {
        if !value.is_empty() {
            told.insert(name.to_owned(), value.to_owned());
        }
    }
    match api.state.payment_codes.owner(said("auth_code"), said("mch_id"), now, is_processed) {
        Ok(openid) => {
            told.insert("result_code".into(), "SUCCESS".into());
            told.insert("openid".into(), under(said("appid"), &openid));
            if !sub_appid.is_empty() {
                told.insert("sub_openid".into(), under(sub_appid, &openid));
            }
        }
        Err(code) => {
            told.insert("result_code".into(), "FAIL".into());
            told.insert("err_code".into(), code);
        }
    }
    (told, Some(sign_type))
}

/// The app id of the sub-merchant that counts; empty where it has none.
///
/// The rules of the page for service providers: of one app id it may be left out, of several it must be told.
fn sub_appid<'a>(sub_mch_id: &str, given: &'a str) -> Result<&'a str, &'static str> {
    if sub_mch_id.is_empty() {
        return if given.is_empty() { Ok("") } else { Err("缺少参数sub_mch_id") };
    }
    let Some((_, appids)) = SUB_MERCHANTS.iter().find(|(id, _)| *id == sub_mch_id) else {
        return Err("sub_mch_id与mch_id不匹配");
    };
    match (*appids, given) {
        ([], "") => Ok(""),
        ([only], "") => Ok(only),
        (_, "") => Err("缺少参数sub_appid"),
        (bound, given) if bound.contains(&given) => Ok(given),
        _ => Err("sub_mch_id与sub_appid不匹配"),
    }
}

/// A user has another openid under every app id; those of the sandbox are the ones under its own.
fn under(appid: &str, openid: &str) -> String {
    if appid == APPID { openid.to_owned() } else { format!("o{appid}{}", openid.len()) }
}

fn members(pairs: &[(&str, &str)]) -> Members {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
