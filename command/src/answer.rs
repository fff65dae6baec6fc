//! An answer of the library: unchanged for programs, in words for people.

use crate::screen::{Screen, harmless, row};
use crate::texts::words as w;
use serde_json::Value;
use wxcoupon::redact::mask;
use wxcoupon::report::Report;
use wxcoupon::status::{Class, Code};

/// The exit status of a status: its class.
pub fn exit_status(code: Code) -> u8 {
    u8::try_from(code.number() / 1000).unwrap_or(u8::MAX)
}

/// Prints the answer and says the exit status.
pub fn show(screen: &Screen, report: &Report) -> u8 {
    if screen.json {
        screen.line(&report.to_json());
    } else {
        in_words(screen, report);
    }
    exit_status(report.code)
}

fn in_words(screen: &Screen, report: &Report) {
    let failed = report.code != Code::Ok;
    let operation = report.operation.map(|operation| format!("{operation}  ")).unwrap_or_default();
    let meaning = screen.of(w::meaning_of(report.code.class()));
    screen.line(&format!("{} {operation}{}: {meaning}", screen.mark(!failed), report.code.name()));
    let tell = |name, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            screen.line(&row(screen.of(name), &harmless(value)));
        }
    };
    if failed {
        tell(w::CASHIER, Some(report.cashier.unwrap_or_else(|| report.code.cashier())));
        let message = if report.message.is_empty() { report.code.text() } else { &report.message };
        tell(w::MESSAGE, Some(message));
        tell(w::TO_DO, Some(report.hint.as_deref().unwrap_or_else(|| report.code.hint())));
        tell(w::MEMBER, report.field.as_deref());
        if let Some(wechat) = &report.wechat {
            let said = [wechat.code.as_deref(), wechat.message.as_deref()];
            tell(w::WECHAT, Some(&said.into_iter().flatten().collect::<Vec<_>>().join(" ")));
        }
    }
    tell(w::NUMBER, report.out_request_no.as_deref());
    tell(w::HOST, report.host.as_deref());
    tell(w::HTTP, report.http_status.map(|status| status.to_string()).as_deref());
    tell(w::REQUEST_ID, report.request_id.as_deref());
    if report.attempts > 0 {
        tell(w::ATTEMPTS, Some(&format!("{}, {} ms", report.attempts, report.elapsed_ms)));
    }
    tell(w::RECORDED_AT, report.recorded_at.as_deref());
    if report.in_doubt && report.code.class() != Class::InDoubt {
        screen.line(&screen.warning(&row(screen.of(w::DOUBT), screen.of(w::MAY_HAVE_HAPPENED))));
    }
    if let Some(mut data) = data(report) {
        masked(&mut data);
        screen.line(&serde_json::to_string_pretty(&data).unwrap_or_default());
    }
}

/// The data of an answer.
pub fn data(report: &Report) -> Option<Value> {
    serde_json::from_str(report.data.as_ref()?.get()).ok()
}

/// People look over each other's shoulders, and send pictures of screens.
fn masked(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "openid" => *text = mask(text),
                    other => masked(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(masked),
        _ => {}
    }
}
