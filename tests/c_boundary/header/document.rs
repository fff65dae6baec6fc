//! A Rust doc comment, understood; and as a C comment: no Markdown, ASCII, 80 columns, the entries in a column.

use super::item::{Item, Kind};

const COLUMNS: usize = 80;
const CLOSING: [&str; 3] = ["Returns", "Owns", "Threads"];

/// A doc comment, understood.
pub struct Document {
    pub paragraphs: Vec<String>,
    /// Parameters, then Returns, Owns and Threads.
    entries: Vec<(String, String)>,
}

/// What becomes of Chinese words in brackets behind English ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Glosses {
    Kept,
    /// The header is ASCII: see the note in cbindgen.toml on encodings.
    Dropped,
}

impl Document {
    /// The text of a parameter, of Returns, Owns or Threads.
    pub fn entry(&self, wanted: &str) -> Option<&str> {
        let found = self.entries.iter().find(|(label, _)| label.split(", ").any(|label| label == wanted));
        found.map(|(_, text)| text.as_str())
    }
}

/// The comment of an item as C text, with a line end.
pub fn comment(item: &Item) -> String {
    let document = read(item, Glosses::Dropped);
    if item.kind() == Kind::Function {
        assert_whole(item, &document);
    }
    assert_no_holes(item, &document);
    if let ([paragraph], []) = (document.paragraphs.as_slice(), document.entries.as_slice()) {
        let line = format!("/* {paragraph} */");
        if line.len() <= COLUMNS {
            return line + "\n";
        }
    }
    let mut lines = Vec::new();
    for paragraph in &document.paragraphs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(wrap(paragraph, "", COLUMNS - 3));
    }
    let width = document.entries.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 2;
    let mut closing = false;
    for (index, (label, text)) in document.entries.iter().enumerate() {
        let starts_closing = CLOSING.contains(&label.as_str()) && !closing;
        closing |= starts_closing;
        if index == 0 || starts_closing {
            lines.push(String::new());
        }
        lines.extend(wrap(text, &format!("  {label:width$}"), COLUMNS - 3));
    }
    // A pointer such as /data/*/name would end the C comment in its middle.
    let inner = lines.join("\n");
    assert!(!inner.contains("*/") && !inner.contains("/*"), "the comment of {} ends early", item.name());
    let body: String = lines.iter().map(|line| format!(" * {line}").trim_end().to_owned() + "\n").collect();
    format!("/*\n{body} */\n")
}

/// Takes the comment of an item apart.
pub fn read(item: &Item, glosses: Glosses) -> Document {
    let parameters = item.parameters();
    let mut document = Document { paragraphs: Vec::new(), entries: Vec::new() };
    // What a finished line belongs to: text that follows goes on with it.
    let mut open = false;
    for line in item.comment.iter().map(|line| plain(line, glosses)) {
        // "# Safety" repeats for Rust callers what the entries say.
        if line.starts_with("# ") {
            break;
        }
        if line.is_empty() {
            open = false;
            continue;
        }
        for piece in split_closing(&line) {
            if let Some((label, text)) = labelled(piece, &parameters) {
                document.entries.push((label.to_owned(), text.to_owned()));
            } else if open && !document.entries.is_empty() {
                append(document.entries.last_mut().map(|(_, text)| text), piece);
            } else if open {
                append(document.paragraphs.last_mut(), piece);
            } else {
                document.paragraphs.push(piece.to_owned());
            }
            open = true;
        }
    }
    document
}

fn append(text: Option<&mut String>, piece: &str) {
    let text = text.unwrap_or_else(|| panic!("nothing to go on with: {piece}"));
    text.push(' ');
    text.push_str(piece);
}

/// "Owns: nothing. Threads: any." on one line are two entries.
fn split_closing(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(at) =
        CLOSING.iter().filter_map(|label| rest.find(&format!(". {label}: "))).min().map(|at| at + 1)
    {
        let (before, after) = rest.split_at(at);
        pieces.push(before);
        rest = after.trim_start();
    }
    pieces.push(rest);
    pieces
}

fn labelled<'a>(piece: &'a str, parameters: &[&str]) -> Option<(&'a str, &'a str)> {
    let (label, text) = piece.split_once(": ")?;
    let known = CLOSING.contains(&label) || label.split(", ").all(|name| parameters.contains(&name));
    known.then_some((label, text))
}

/// Without Markdown.
fn plain(line: &str, glosses: Glosses) -> String {
    let mut text = line.replace("[`", "").replace("`]", "").replace('`', "");
    while let Some((start, end)) = gloss(&text).filter(|_| glosses == Glosses::Dropped) {
        text.replace_range(start..end, "");
    }
    text.trim().to_owned()
}

/// Where the first bracket with something beyond ASCII in it stands, the blank before it included.
fn gloss(text: &str) -> Option<(usize, usize)> {
    text.match_indices(" (").find_map(|(start, _)| {
        let end = start + text[start..].find(')')? + 1;
        (!text[start..end].is_ascii()).then_some((start, end))
    })
}

/// Breaks text at blanks; `first` starts the first line and its width indents the others.
fn wrap(text: &str, first: &str, columns: usize) -> Vec<String> {
    let indent = " ".repeat(first.len());
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.len() + 1 + word.len() > columns {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

/// The header is the manual: a function whose comment leaves something out does not pass.
fn assert_whole(item: &Item, document: &Document) {
    let name = item.name();
    let has = |wanted: &str| document.entry(wanted).is_some();
    assert!(!document.paragraphs.is_empty(), "{name} does not say what it does");
    for parameter in item.parameters() {
        assert!(has(parameter), "the comment of {name} says nothing of its parameter {parameter}");
    }
    assert!(item.is_void() || has("Returns"), "the comment of {name} has no Returns");
    assert!(has("Threads"), "the comment of {name} has no Threads");
}

/// A word that is taken out must not leave the blank or the bracket around it.
fn assert_no_holes(item: &Item, document: &Document) {
    let entries = document.entries.iter().map(|(_, text)| text);
    for text in document.paragraphs.iter().chain(entries) {
        for hole in [" :", " ,", " ;", " . ", " )", "( ", "()"] {
            assert!(!text.contains(hole), "the comment of {} has a hole: {text}", item.name());
        }
    }
}
