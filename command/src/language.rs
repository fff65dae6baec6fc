//! Chinese or English.

use std::ffi::{OsStr, OsString};

/// The language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

/// A text in both.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Language {
    /// By `--lang`, or else by the environment, or else by Windows. The arguments are looked through before anything else,
    /// because complaints about them are in that language, too.
    pub fn choose(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Language {
        Language::asked(arguments)
            .or_else(|| {
                let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
                    .iter()
                    .find_map(|name| variable(name).filter(|value| !value.is_empty()));
                named.or_else(of_system).map(|locale| Language::of_locale(&locale))
            })
            .unwrap_or(Language::English)
    }

    fn asked(arguments: &[OsString]) -> Option<Language> {
        let mut found = None;
        for (at, argument) in arguments.iter().enumerate() {
            let argument = argument.to_str().unwrap_or_default();
            let named = match argument.strip_prefix("--lang") {
                Some("") => arguments.get(at + 1).and_then(|next| next.to_str()),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            found = named.and_then(Language::of_name).or(found);
            if argument == "--" {
                break;
            }
        }
        found
    }

    /// `zh` or `en`.
    pub fn of_name(name: &str) -> Option<Language> {
        match name {
            "zh" => Some(Language::Chinese),
            "en" => Some(Language::English),
            _ => None,
        }
    }

    fn of_locale(locale: &str) -> Language {
        if locale.to_ascii_lowercase().starts_with("zh") { Language::Chinese } else { Language::English }
    }

    /// The text in this language.
    pub fn of(self, text: Text) -> &'static str {
        match self {
            Language::English => text.en,
            Language::Chinese => text.zh,
        }
    }

    /// The same, with values in the places that have their names in braces.
    pub fn with(self, text: Text, values: &[(&str, &str)]) -> String {
        let mut rest = self.of(text);
        let mut whole = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            whole.push_str(before);
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                whole.push_str(value);
            }
            rest = after;
        }
        whole + rest
    }
}

#[cfg(windows)]
fn of_system() -> Option<String> {
    sys_locale::get_locale()
}

#[cfg(not(windows))]
fn of_system() -> Option<String> {
    None
}

/// The variable with that name, if it is text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(OsStr::new(name))?.into_string().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str], environment: &[(&str, &str)]) -> Language {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Language::choose(&arguments, variable)
    }

    #[test]
    fn what_is_asked_comes_before_the_environment() {
        let chinese = [("LANG", "zh_CN.UTF-8")];
        assert_eq!(chosen(&["pending"], &chinese), Language::Chinese);
        assert_eq!(chosen(&["pending", "--lang", "en"], &chinese), Language::English);
        assert_eq!(chosen(&["--lang=zh"], &[]), Language::Chinese);
        assert_eq!(chosen(&["--lang=xx"], &[]), Language::English);
        assert_eq!(chosen(&[], &[("LC_ALL", "en_US"), ("LANG", "zh_CN")]), Language::English);
        assert_eq!(chosen(&[], &[("LC_ALL", ""), ("LANG", "zh_CN")]), Language::Chinese);
        assert_eq!(chosen(&["--", "--lang=zh"], &[("LANG", "C")]), Language::English);
    }

    #[test]
    fn values_stand_where_their_names_stood() {
        let text = Text { en: "{a} and {b}, {a}", zh: "{b}" };
        assert_eq!(Language::English.with(text, &[("a", "{b}"), ("b", "2")]), "{b} and 2, {b}");
        assert_eq!(Language::Chinese.with(text, &[]), "");
    }
}
