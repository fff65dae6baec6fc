//! What the command prints: answers on standard output, complaints and progress on standard error.

use crate::language::{Language, Text, variable};
use crate::texts::words as w;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where and how to print.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Screen {
    /// Of what people read.
    pub language: Language,
    /// Answers as JSON, for programs.
    pub json: bool,
    has_colours: bool,
    /// What a Chinese terminal of before UTF-8 shows.
    is_gb: bool,
    /// Whether something that moves can be shown.
    pub shows_progress: bool,
}

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const WHITE_ON_BLACK: &str = "97;40";

static IS_LOST: AtomicBool = AtomicBool::new(false);

/// By the character set that the locale names.
fn is_gb_locale() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let set = named.and_then(|locale| Some(locale.split_once('.')?.1.to_ascii_lowercase()));
    set.is_some_and(|set| set.starts_with("gb"))
}

#[allow(clippy::unused_self, reason = "whoever prints is given a screen")]
impl Screen {
    /// The standard streams of this process.
    pub fn new(language: Language, json: bool) -> Screen {
        let is_plain = variable("NO_COLOR").is_some_and(|value| !value.is_empty())
            || variable("TERM").is_some_and(|terminal| terminal == "dumb")
            // Older consoles of Windows show the codes themselves.
            || cfg!(windows) && variable("WT_SESSION").is_none() && variable("TERM").is_none();
        Screen {
            // Programs get the library's own words, which are English.
            language: if json { Language::English } else { language },
            json,
            is_gb: !json && is_gb_locale(),
            has_colours: !is_plain && !json && std::io::stdout().is_terminal(),
            shows_progress: !json && std::io::stderr().is_terminal(),
        }
    }

    /// Prints a line of an answer. Whoever closed the pipe does not want to read on. Any other failure is remembered, so that
    /// the exit status tells it.
    pub fn line(&self, text: &str) {
        let written = self.write(&mut std::io::stdout().lock(), text);
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
            && !IS_LOST.swap(true, Ordering::Relaxed)
        {
            self.remark(&self.with(w::CANNOT_PRINT, &[("why", &error.to_string())]));
        }
    }

    /// Whether something of an answer could not be printed.
    pub fn has_lost_something(&self) -> bool {
        IS_LOST.load(Ordering::Relaxed)
    }

    fn write(&self, to: &mut impl std::io::Write, text: &str) -> std::io::Result<()> {
        let text = format!("{text}\n");
        if self.is_gb {
            to.write_all(&encoding_rs::GB18030.encode(&text).0)?;
        } else {
            to.write_all(text.as_bytes())?;
        }
        to.flush()
    }

    /// Prints a text in the chosen language.
    pub fn say(&self, text: Text, values: &[(&str, &str)]) {
        self.line(&self.with(text, values));
    }

    /// A text in the chosen language.
    pub fn of(&self, text: Text) -> &'static str {
        self.language.of(text)
    }

    /// The same with values.
    pub fn with(&self, text: Text, values: &[(&str, &str)]) -> String {
        self.language.with(text, values)
    }

    /// Prints a complaint, or a remark that is no part of the answer.
    pub fn remark(&self, text: &str) {
        let _ = self.write(&mut std::io::stderr().lock(), text);
    }

    /// A tick or a cross. The fonts of older Chinese Windows have these two.
    pub fn mark(&self, is_fine: bool) -> String {
        match (is_fine, cfg!(windows) || self.is_gb) {
            (true, false) => self.painted(GREEN, "✓"),
            (true, true) => self.painted(GREEN, "√"),
            (false, false) => self.painted(RED, "✗"),
            (false, true) => self.painted(RED, "×"),
        }
    }

    /// Something to look at.
    pub fn warning(&self, text: &str) -> String {
        self.painted(YELLOW, text)
    }

    /// A heading.
    pub fn bold(&self, text: &str) -> String {
        self.painted(BOLD, text)
    }

    /// Light on dark, whatever the terminal's own colours are.
    pub fn on_dark(&self, text: &str) -> String {
        self.painted(WHITE_ON_BLACK, text)
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.has_colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A text that came from elsewhere, without what a terminal would obey.
pub fn harmless(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A name and its value, the values below each other. Chinese characters take two places.
pub fn row(name: &str, value: &str) -> String {
    const WIDTH: usize = 14;
    let width: usize = name.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum();
    format!("  {name}{} {value}", " ".repeat(WIDTH.saturating_sub(width)))
}
