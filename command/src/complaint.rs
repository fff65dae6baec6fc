//! Complaints about the command line, in the chosen language.

use crate::screen::{Screen, harmless};
use crate::texts::help as h;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What to print, and whether it is what was asked for (help, version) and no complaint.
pub fn of(screen: &Screen, error: &clap::Error) -> (String, bool) {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return (error.to_string().trim_end().to_owned(), true);
    }
    let get = |kind: ContextKind| error.get(kind).map(in_words).unwrap_or_default();
    let what = get(ContextKind::InvalidArg);
    let value = get(ContextKind::InvalidValue);
    let text = match error.kind() {
        ErrorKind::UnknownArgument => screen.with(h::UNKNOWN_ARGUMENT, &[("what", &what)]),
        ErrorKind::InvalidSubcommand => {
            screen.with(h::UNKNOWN_COMMAND, &[("what", &get(ContextKind::InvalidSubcommand))])
        }
        ErrorKind::MissingRequiredArgument => screen.with(h::MISSING_ARGUMENT, &[("what", &what)]),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            screen.of(h::MISSING_COMMAND).to_owned()
        }
        ErrorKind::InvalidValue if value.is_empty() => screen.with(h::NO_VALUE, &[("what", &what)]),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            screen.with(h::BAD_VALUE, &[("what", &what), ("value", &value)])
        }
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg);
            screen.with(h::CONFLICT, &[("what", &what), ("value", &other)])
        }
        _ => screen.of(h::WRONG_LINE).to_owned(),
    };
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand].map(get);
    let suggested = suggested.iter().find(|suggested| !suggested.is_empty());
    let suggestion =
        suggested.map(|what| screen.with(h::DID_YOU_MEAN, &[("what", what)])).unwrap_or_default();
    let text = [text, suggestion, screen.of(h::TRY_HELP).to_owned()];
    let parts: Vec<&str> = text.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    (parts.join("\n"), false)
}

/// What was typed may be a key: it is not repeated then.
fn in_words(value: &ContextValue) -> String {
    let shown = |text: &str| {
        if wxcoupon::redact::may_be_a_key(text) {
            wxcoupon::redact::Quoted(text).to_string()
        } else {
            harmless(text)
        }
    };
    match value {
        ContextValue::String(text) => shown(text),
        ContextValue::Strings(texts) => texts.iter().map(|text| shown(text)).collect::<Vec<_>>().join(", "),
        ContextValue::StyledStr(text) => shown(&text.to_string()),
        _ => String::new(),
    }
}
