//! Other ways in which JSON libraries write the same value.

use std::fmt::Write as _;
use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Value, to_vec};

/// All of them; the same one may come twice.
pub(super) fn forms(value: &Value) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for value in [value, &sorted(value)] {
        for layout in layouts(value) {
            let text = String::from_utf8_lossy(&layout).into_owned();
            for letters in [Letters::Plain, Letters::Lower, Letters::Upper] {
                // Of PHP; of Go; of Gson and System.Text.Json.
                for marks in ["", "/", "<>&", "<>&='", "<>&'\"+"] {
                    let form = escaped(&text, letters, marks);
                    if form.contains('\n') {
                        forms.push(form.replace('\n', "\r\n").into_bytes());
                    }
                    forms.push(form.into_bytes());
                }
            }
        }
    }
    forms
}

fn layouts(value: &Value) -> Vec<Vec<u8>> {
    let mut layouts = vec![to_vec(value).unwrap_or_default()];
    let mut spaced = Vec::new();
    let _ = value.serialize(&mut Serializer::with_formatter(&mut spaced, Spaced));
    layouts.push(spaced);
    for indent in [&b"  "[..], b"    ", b"\t"] {
        let mut pretty = Vec::new();
        let formatter = PrettyFormatter::with_indent(indent);
        let _ = value.serialize(&mut Serializer::with_formatter(&mut pretty, formatter));
        layouts.push(pretty);
    }
    layouts
}

/// Members by name, at every depth.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// How letters beyond ASCII are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    Plain,
    /// `\u52b5`
    Lower,
    /// `\u52B5`
    Upper,
}

/// `marks` are written as escapes too; the slash is `\/`.
fn escaped(text: &str, letters: Letters, marks: &str) -> String {
    let mut escaped = String::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        // Writing to a String cannot fail.
        match letter {
            '\\' => match rest.next() {
                Some('"') if marks.contains('"') => escaped.push_str("\\u0022"),
                next => {
                    escaped.push(letter);
                    escaped.extend(next);
                }
            },
            '/' if marks.contains('/') => escaped.push_str("\\/"),
            // Here it ends a text, and is no letter of it.
            '"' => escaped.push(letter),
            _ if letter.is_ascii() && !marks.contains(letter)
                || !letter.is_ascii() && letters == Letters::Plain =>
            {
                escaped.push(letter);
            }
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = match letters {
                        Letters::Plain | Letters::Lower => write!(escaped, "\\u{unit:04x}"),
                        Letters::Upper => write!(escaped, "\\u{unit:04X}"),
                    };
                }
            }
        }
    }
    escaped
}

/// A space after each comma and colon, as Python writes JSON.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
