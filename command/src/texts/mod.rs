//! Every text that people read, in both languages.

pub mod help;
pub mod hints;
pub mod lists;
pub mod words;

/// Texts with their names, and the list of all of them.
macro_rules! texts {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        $(pub const $name: $crate::language::Text = $crate::language::Text { en: $en, zh: $zh };)*
        #[cfg(test)]
        pub const ALL: &[(&str, $crate::language::Text)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use texts;

#[cfg(test)]
mod tests {
    use super::{help, hints, lists, words};
    use crate::language::Text;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    /// The same programs, options and members are named in both, and one of them is Chinese where it has words of its own.
    #[test]
    fn every_text_is_there_in_both_languages() {
        let all = help::ALL.iter().chain(words::ALL).copied().chain(lists::all()).chain(hints::all());
        let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter));
        let mut seen = BTreeSet::new();
        for (name, Text { en, zh }) in all {
            let is_frame = !en.split(['{', '}']).step_by(2).any(|part| part.contains(char::is_alphanumeric));
            assert!(!en.trim().is_empty() && !is_chinese(en), "{name}: {en} / {zh}");
            assert!(is_chinese(zh) || is_frame, "{name}: {en} / {zh}");
            assert_eq!(places(en), places(zh), "{name}");
            let named = |text: &str| -> BTreeSet<String> {
                let words =
                    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_-=@:".contains(letter)));
                words
                    .filter(|word| word.contains(['_', '=']) || word.starts_with("--"))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(named(en), named(zh), "{name}");
            seen.insert(name);
        }
        assert!(seen.len() > 100, "{}", seen.len());
    }
}
