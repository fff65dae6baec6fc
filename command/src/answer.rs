//! An answer of the library: unchanged for programs, in words for people.

use crate::language::Text;
use crate::screen::{Screen, harmless, row};
use crate::texts::{hints, words as w};
use serde_json::{Map, Value};
use wxcoupon::redact::mask;
use wxcoupon::report::Report;
use wxcoupon::status::{Class, Code};

/// The exit status of a status: its class.
pub fn exit_status(code: Code) -> u8 {
    u8::try_from(code.number() / 1000).unwrap_or(u8::MAX)
}

/// The same of a subcommand whose answer names no operation.
pub fn show_as(screen: &Screen, operation: &'static str, report: &Report) -> u8 {
    let operation = report.operation.or(Some(operation));
    show(screen, &Report { operation, ..report.clone() })
}

/// An answer of the command itself, as one line with the members that every answer has.
pub fn own(screen: &Screen, operation: &str, code: Code, told: Value) {
    let mut whole = Map::new();
    whole.insert("ok".into(), (code == Code::Ok).into());
    whole.insert("status".into(), code.number().into());
    whole.insert("name".into(), code.name().into());
    whole.insert("class".into(), (code.number() / 1000).into());
    whole.insert("operation".into(), operation.into());
    if let Value::Object(told) = told {
        whole.extend(told);
    }
    screen.line(&Value::Object(whole).to_string());
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

/// What the class means, as far as WeChat Pay had a part in it: not every answer comes from there.
fn meaning(report: &Report) -> Text {
    let is_own = report.http_status.is_none() && report.wechat.is_none() && !report.recorded;
    match report.code.class() {
        Class::Ok if is_own => w::MEANS_DONE_HERE,
        Class::Refused if is_own && report.attempts == 0 => w::MEANS_REFUSED_HERE,
        class => w::meaning_of(class),
    }
}

fn in_words(screen: &Screen, report: &Report) {
    let failed = report.code != Code::Ok;
    let operation = report.operation.map(|operation| format!("{operation}  ")).unwrap_or_default();
    let meaning = screen.of(meaning(report));
    screen.line(&format!("{} {operation}{}: {meaning}", screen.mark(!failed), report.code.name()));
    let tell = |name, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            screen.line(&row(screen.of(name), &harmless(value)));
        }
    };
    if failed {
        tell(w::CASHIER, Some(report.cashier.as_deref().unwrap_or_else(|| report.code.cashier())));
        let message = if report.message.is_empty() { report.code.text() } else { &report.message };
        tell(w::MESSAGE, Some(message));
        tell(w::TO_DO, Some(report.hint.as_deref().unwrap_or_else(|| screen.of(hints::of(report.code)))));
        // The command has an option in its place.
        tell(w::MEMBER, report.field.as_deref().filter(|field| *field != "/aim"));
        let wait = report.retry_after_ms.map(|ms| format!("{} s", ms.div_ceil(1000)));
        tell(w::RETRY_AFTER, wait.as_deref());
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
