//! One number's case, short enough for a QR code.

use crate::answer::{self, data};
use crate::failure::{Failure, LOCAL, Outcome};
use crate::screen::Screen;
use crate::setup::Setup;
use crate::texts::words as w;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::Value;
use std::path::Path;
use wxcoupon::status::Code;

/// The latest attempts that are told.
const ATTEMPTS: usize = 4;
/// A cashier's telephone reads a code of this many characters from a screen without trouble.
const LONGEST: usize = 600;

/// Prints it as a QR code, with the same text below it for whoever cannot photograph.
pub fn run(screen: &Screen, config: Option<&Path>, number: &str) -> Outcome {
    let setup = Setup::read(screen, config)?;
    let client = setup.client_with_journal(screen)?;
    let report = client.course(number);
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show_as(screen, "bundle", &report));
    }
    let text = text(&setup.config.identity.id, number, &data(&report).unwrap_or_default());
    let code = QrCode::with_error_correction_level(&text, EcLevel::L)
        .map_err(|error| Failure::Own(LOCAL, error.to_string()))?;
    // The blocks are the light parts, and the margin belongs to them. A terminal gets its colours with them.
    let image = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    for line in image.lines() {
        screen.line(&screen.on_dark(line));
    }
    screen.line(&text);
    screen.say(w::BUNDLE_QR_HINT, &[]);
    Ok(0)
}

/// Facts alone, in English for any supporter. Nothing personal.
fn text(merchant: &str, number: &str, told: &Value) -> String {
    let get = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    let mut lines = vec![
        format!("wxcoupon {} {merchant}", env!("CARGO_PKG_VERSION")),
        format!("{number} {} {}", get(told, "operation"), get(told, "state")),
        if crate::show::was_killed(told) {
            format!("{} process ended, not known whether sent", get(told, "recorded_at"))
        } else {
            format!("{} {} tries {}", get(told, "recorded_at"), get(told, "name"), get(told, "attempts"))
        },
    ];
    let course = told.get("course").and_then(Value::as_array).cloned().unwrap_or_default();
    for attempt in course.iter().skip(course.len().saturating_sub(ATTEMPTS)) {
        lines.push(format!(
            "{} {} {} {} {}",
            get(attempt, "at"),
            get(attempt, "host"),
            get(attempt, "http_status"),
            get(attempt, "request_id"),
            get(attempt, "name"),
        ));
    }
    lines.join("\n").chars().take(LONGEST).collect()
}
