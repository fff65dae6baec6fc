//! Chinese or English, for what people read at the prompt.

use std::ffi::OsString;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

/// A text in both.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Language {
    /// By `--lang`, or else by the environment. The arguments are looked through before anything else, because complaints about
    /// them are in that language, too.
    pub fn choose(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Language {
        let mut asked = None;
        for (at, argument) in arguments.iter().enumerate() {
            let argument = argument.to_str().unwrap_or_default();
            let named = match argument.strip_prefix("--lang") {
                Some("") => arguments.get(at + 1).and_then(|next| next.to_str()),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            asked = named.map(str::to_owned).or(asked);
        }
        let locale = || {
            let named = ["LC_ALL", "LC_MESSAGES", "LANG"].iter();
            named.filter_map(|name| variable(name)).find(|value| !value.is_empty())
        };
        let named = asked.or_else(locale).unwrap_or_default().to_ascii_lowercase();
        if named.starts_with("zh") { Language::Chinese } else { Language::English }
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
        values
            .iter()
            .fold(self.of(text).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}
