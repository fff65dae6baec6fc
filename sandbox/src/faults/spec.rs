//! Faults as JSON (admin interface) and as one line (command line).

use serde_json::{Map, Value, json};

use super::kinds::Processing;
use super::{Fault, FaultKind};
use crate::error::{Error, Result};
use crate::operation::{Operation, VERSION_2};
use crate::text::Text;

/// The largest answer `huge` makes.
const MAX_HUGE: usize = 64 * 1024 * 1024;

impl Fault {
    /// Reads the JSON form, e.g. `{"kind":"status","status":503,"on":"use"}`;
    /// `"kind":"status_503"` is short for the first two members.
    ///
    /// # Errors
    /// When a member is unknown, missing or out of place.
    pub fn from_json(value: &Value) -> Result<Self> {
        let Value::Object(members) = value else {
            return Err(wrong("must be a JSON object", "必须是 JSON 对象"));
        };
        let mut members = members.clone();
        members.retain(|_, value| !value.is_null());
        let mut take = |name: &str| members.remove(name);

        let operation = take("on").map(|v| as_text("on", &v)).transpose()?;
        let host = take("host").map(|v| as_number("host", &v)).transpose()?;
        let coupon = take("coupon").map(|v| as_text("coupon", &v)).transpose()?;
        let skip = take("skip").map(|v| as_number("skip", &v)).transpose()?;
        let times = take("times").map(|v| as_number("times", &v)).transpose()?;
        let percent = take("percent").map(|v| as_number("percent", &v)).transpose()?;
        let seed = take("seed").map(|v| as_number("seed", &v)).transpose()?;
        let processed = take("processed")
            .map(|v| {
                v.as_bool()
                    .ok_or_else(|| wrong("processed must be true or false", "processed 只能是 true 或 false"))
            })
            .transpose()?;

        let mut fault = Self::new(kind_from(members)?);
        if let Some(operation) = operation {
            if operation != "*" && operation != VERSION_2 && Operation::named(&operation).is_none() {
                return Err(wrong(
                    format!("no operation is called {operation}"),
                    format!("没有名为 {operation} 的接口"),
                ));
            }
            fault = fault.on(&operation);
        }
        fault.host = host
            .map(usize::try_from)
            .transpose()
            .map_err(|e| wrong(format!("host: {e}"), format!("host 超出范围（{e}）")))?;
        fault.coupon_prefix = coupon;
        fault.skip = skip.unwrap_or(0);
        fault.times = times;
        let percent = percent.unwrap_or(100);
        fault.percent = u8::try_from(percent)
            .ok()
            .filter(|percent| *percent <= 100)
            .ok_or_else(|| wrong("percent must be 0 to 100", "percent 必须在 0 到 100 之间"))?;
        fault.seed = seed.unwrap_or(0);
        fault.processed = processed;
        fault.check()?;
        Ok(fault)
    }

    /// Reads the one-line form: the kind, then `name=value` pairs, e.g.
    /// `process_then_reset,on=use,times=1` or `status_503,html=true`.
    ///
    /// # Errors
    /// As for [`Fault::from_json`].
    pub fn from_spec(spec: &str) -> Result<Self> {
        let mut parts = spec.split(',').map(str::trim);
        let mut members = Map::new();
        let kind = parts.next().unwrap_or_default();
        members.insert("kind".to_owned(), json!(kind));
        for part in parts {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                wrong(format!("{part}: expected name=value"), format!("{part}：应写成 名称=值"))
            })?;
            let value = match name {
                "on" | "coupon" | "code" | "of" => json!(value),
                _ => serde_json::from_str(value).map_err(|_| {
                    wrong(format!("{name}: {value}: not a value"), format!("{name}：{value} 不是有效的值"))
                })?,
            };
            if members.insert(name.to_owned(), value).is_some() {
                return Err(wrong(format!("{name} appears twice"), format!("{name} 重复出现")));
            }
        }
        Self::from_json(&Value::Object(members))
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = serde_json::to_value(&self.kind).unwrap_or_default();
        let optional = [
            ("on", self.operation.as_ref().map(|v| json!(v))),
            ("host", self.host.map(|v| json!(v))),
            ("coupon", self.coupon_prefix.as_ref().map(|v| json!(v))),
            ("skip", (self.skip > 0).then(|| json!(self.skip))),
            ("times", self.times.map(|v| json!(v))),
            ("percent", (self.percent < 100).then(|| json!(self.percent))),
            ("seed", (self.percent < 100).then(|| json!(self.seed))),
        ];
        if let Some(members) = value.as_object_mut() {
            for (name, member) in optional {
                if let Some(member) = member {
                    members.insert(name.to_owned(), member);
                }
            }
            members.insert("processed".to_owned(), json!(self.is_processed()));
        }
        value
    }

    /// Whether the parts fit together.
    fn check(&self) -> Result<()> {
        let wrong = |english: &str, chinese: &str| {
            Err(Error::Fault(Text::new(english, chinese).about(&self.kind.name())))
        };
        match (self.kind.processing(), self.processed) {
            (Processing::Never, Some(true)) => {
                return wrong("never processes the request", "这种故障不会让请求生效");
            }
            (Processing::Always | Processing::IfSignaturePasses, Some(false)) => {
                return wrong("always processes the request", "这种故障总会让请求生效");
            }
            _ => {}
        }
        if self.kind.is_connection_level() && (self.operation.is_some() || self.coupon_prefix.is_some()) {
            return wrong("acts on connections; it can only select a host", "作用于连接，只能按主机选择");
        }
        if self.kind == FaultKind::RefuseConnection
            && (self.skip > 0 || self.times.is_some() || self.percent < 100)
        {
            return wrong(
                "lasts until it is cleared; skip, times and percent do not apply",
                "一直持续到清除为止，不能设 skip、times 和 percent",
            );
        }
        if self.operation.as_deref() == Some(VERSION_2) {
            if !self.kind.acts_on_version_2() {
                return wrong(
                    "spoils what version 2 of the API does not have",
                    "它改动的内容在 APIv2 中并不存在",
                );
            }
            if self.coupon_prefix.is_some() {
                return wrong("a payment code is no coupon code", "付款码不是券码");
            }
        }
        match self.kind {
            FaultKind::CaptivePortal { status } if ![200, 302, 403, 407].contains(&status) => {
                wrong("status must be 200, 302, 403 or 407", "status 只能是 200、302、403 或 407")
            }
            FaultKind::Redirect { status } if !(300..400).contains(&status) => {
                wrong("status must be 3xx", "status 必须是 3xx")
            }
            FaultKind::Refusal { status, .. } | FaultKind::UnsignedRefusal { status, .. }
                if !(400..500).contains(&status) =>
            {
                wrong("status must be 4xx", "status 必须是 4xx")
            }
            FaultKind::Status { status, .. } if !(400..600).contains(&status) => {
                wrong("status must be 4xx or 5xx", "status 必须是 4xx 或 5xx")
            }
            FaultKind::Replay { ref of } if Operation::named(of).is_none() => {
                wrong("of must name an operation", "of 必须是接口的名称")
            }
            FaultKind::Huge { bytes } if bytes > MAX_HUGE => {
                wrong("bytes: at most 64 MiB", "bytes 最多 64 MiB")
            }
            _ => Ok(()),
        }
    }
}

fn wrong(english: impl Into<String>, chinese: impl Into<String>) -> Error {
    Error::Fault(Text::new(english, chinese))
}

/// Reads the kind from what is left after the selectors.
fn kind_from(mut members: Map<String, Value>) -> Result<FaultKind> {
    let name = members.get("kind").map(|v| as_text("kind", v)).transpose()?;
    let mut name = name.ok_or_else(|| wrong("kind is required", "缺少 kind"))?;
    if let Some(status) = name.strip_prefix("status_").and_then(|status| status.parse::<u16>().ok()) {
        members.insert("status".to_owned(), json!(status));
        name.truncate("status".len());
        members.insert("kind".to_owned(), json!(name));
    }
    if let Some(kind) = FaultKind::all().into_iter().find(|kind| kind.name() == name) {
        let defaults = serde_json::to_value(&kind).unwrap_or_default();
        for (member, default) in defaults.as_object().into_iter().flatten() {
            members.entry(member.clone()).or_insert_with(|| default.clone());
        }
    }
    let given = Value::Object(members.clone());
    let kind: FaultKind =
        serde_json::from_value(given).map_err(|e| Error::Fault(Text::from(e).about(&name)))?;
    let known = serde_json::to_value(&kind).unwrap_or_default();
    match members.keys().find(|member| known.get(member).is_none()) {
        Some(unknown) => {
            Err(wrong(format!("{name}: unknown member {unknown}"), format!("{name}：未知字段 {unknown}")))
        }
        None => Ok(kind),
    }
}

fn as_text(name: &str, value: &Value) -> Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| wrong(format!("{name} must be a text"), format!("{name} 必须是字符串")))
}

fn as_number(name: &str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| {
        wrong(format!("{name} must be a whole number from 0"), format!("{name} 必须是非负整数"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_line() {
        let fault = Fault::from_spec(
            "slow_drip,ms=20,on=use,host=1,coupon=AUTO_,skip=2,times=3,percent=5,seed=7,processed=false",
        )
        .unwrap();
        let expected = Fault::new(FaultKind::SlowDrip { ms: 20 })
            .on("use")
            .host(1)
            .coupon("AUTO_")
            .skip(2)
            .times(3)
            .percent(5, 7)
            .processed(false);
        assert_eq!(fault, expected);
        assert_eq!(Fault::from_json(&fault.to_json()).unwrap(), fault);
        let fault = Fault::from_spec("status_503,html=true").unwrap();
        assert_eq!(fault.kind, FaultKind::Status { status: 503, html: true });
    }

    #[test]
    fn every_kind_can_be_named_without_parameters() {
        for kind in FaultKind::all() {
            assert_eq!(Fault::from_spec(&kind.name()).unwrap().kind, kind);
        }
    }

    #[test]
    fn refuses_nonsense() {
        for spec in [
            "",
            "no_such_kind",
            "hang,colour=red",
            "hang,ms=1",
            "hang,times",
            "hang,times=-1",
            "hang,times=1,times=2",
            "hang,on=fly",
            "hang,percent=101",
            "hang,processed=true",
            "process_then_reset,processed=false",
            "tls_alert,on=use",
            "refuse_connection,times=1",
            "captive_portal,status=500",
            "unsigned_refusal,status=200",
            "replay,of=fly",
            "stale,on=auth_code_to_openid",
            "hang,on=auth_code_to_openid,coupon=13",
            "huge,bytes=999999999999",
        ] {
            assert!(Fault::from_spec(spec).is_err(), "{spec}");
        }
    }
}
