//! `POST /tools/authcodetoopenid` of API version 2: XML, signed with a key of its own.
//!
//! From the pages doc/v2/merchant/4011940944 and doc/v2/partner/4011941724. Every answer is HTTP 200. What a request without a right sign
//! learns is not signed.

use std::time::Instant;

use super::Api;
use super::request_log::RequestEntry;
use super::stats::Counters;
use crate::clock::{http_date, rfc3339};
use crate::crypto::apiv2::{self, Members, SignType};
use crate::crypto::random;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::service::Reaction;
use crate::identities::{APPID, MCHID};
use crate::operation::VERSION_2;

/// Its path.
pub(super) const PATH: &str = "/tools/authcodetoopenid";

pub(super) fn handle(api: &Api, listener: usize, request: &Request) -> Reaction {
    let started = Instant::now();
    Counters::count(&api.counters.requests);
    let now = api.state.clock.now();
    let fault = api.faults.for_request(listener, VERSION_2, "");
    let mut effect = fault.as_ref().map(|fault| fault.kind.effect()).unwrap_or_default();
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
        entry.body = String::from_utf8_lossy(&request.body).into_owned();
    }
    let instead = effect.instead.take().map(|instead| {
        let location = format!("{}{}", api.other_host(listener), request.target);
        instead.reaction(&location, http_date(now)).unwrap_or_else(|(response, _)| {
            // Version 2 has no refusals of version 3's form. Its gateway has.
            Reaction::Respond { response, delay: effect.delay }
        })
    });
    let reaction = instead.unwrap_or_else(|| {
        let spoils_sign = effect.signature.is_some();
        let (mut members, sign_type) = answer(api, request, now);
        entry.signature_ok = sign_type.is_some();
        if let Some(sign_type) = sign_type {
            let sign = apiv2::sign(&members, &api.keys.apiv2_key(), sign_type).unwrap_or_default();
            members.insert("sign".into(), if spoils_sign { sign.chars().rev().collect() } else { sign });
            if effect.unsigned {
                members.remove("sign");
            }
        }
        let mut response = Response::new(200, "text/xml; charset=utf-8", apiv2::write(&members));
        response.header("Date", http_date(now + effect.date_shift));
        response.wire = effect.wire;
        response.after = effect.after.unwrap_or(response.after);
        Reaction::Respond { response, delay: effect.delay }
    });
    if let Reaction::Respond { response, .. } = &reaction {
        entry.http_status = Some(response.status);
        api.counters.status(response.status);
    }
    api.log(entry, Some(started.elapsed()));
    reaction
}

/// The members of the answer, and how they are signed; not at all where the request was not understood.
fn answer(api: &Api, request: &Request, now: i64) -> (Members, Option<SignType>) {
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
    if said("mch_id") != MCHID {
        return fail("商户号mch_id与appid不匹配");
    }
    if !apiv2::is_signed(&asked, &api.keys.apiv2_key(), sign_type) {
        return fail("签名失败");
    }
    let nonce = random::alphanumeric(16).unwrap_or_default();
    let mut told =
        members(&[("return_code", "SUCCESS"), ("return_msg", "OK"), ("nonce_str", nonce.as_str())]);
    for name in ["appid", "mch_id", "sub_appid", "sub_mch_id"] {
        if !said(name).is_empty() {
            told.insert(name.to_owned(), said(name).to_owned());
        }
    }
    match api.state.payment_codes.owner(said("auth_code"), now) {
        Ok(openid) => {
            told.insert("result_code".into(), "SUCCESS".into());
            told.insert("openid".into(), under(said("appid"), &openid));
            if !said("sub_appid").is_empty() {
                told.insert("sub_openid".into(), under(said("sub_appid"), &openid));
            }
        }
        Err(code) => {
            told.insert("result_code".into(), "FAIL".into());
            told.insert("err_code".into(), code);
        }
    }
    (told, Some(sign_type))
}

/// A user has another openid under every app id; those of the sandbox are the ones under its own.
fn under(appid: &str, openid: &str) -> String {
    if appid == APPID { openid.to_owned() } else { format!("o{appid}{}", openid.len()) }
}

fn members(pairs: &[(&str, &str)]) -> Members {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
