//! Files that fill a directory: CSV, and JSON lines.

pub mod lines;
mod row;

pub use row::{Header, KNOWN};

use super::Entry;
use crate::json;
use std::path::Path;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Values between commas, and their names in the first line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By its name.
    pub fn named(name: &str) -> Option<Format> {
        match name {
            "csv" => Some(Format::Csv),
            "jsonl" => Some(Format::JsonLines),
            _ => None,
        }
    }

    /// By the ending of a path.
    pub fn of_path(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            _ => None,
        }
    }
}

/// Reads one line after the other.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    header: Option<Header>,
    brand_id: Option<String>,
}

/// What a line is.
#[derive(Debug)]
pub enum Line {
    /// An entry.
    Entry(Box<Entry>),
    /// The names of the members, or nothing.
    Nothing,
    /// A line that is not taken, and why. No value is repeated, because it may be about a person.
    Fault(String),
    /// A file that is not taken, and why.
    NoImport(String),
}

impl Reader {
    /// `brand_id`: the only brand that the context knows, if it does.
    pub fn new(format: Format, brand_id: Option<&str>) -> Reader {
        Reader { format, header: None, brand_id: brand_id.map(str::to_owned) }
    }

    /// Names of the first line that are not known.
    pub fn ignored(&self) -> &[String] {
        self.header.as_ref().map_or(&[], |header| header.ignored.as_slice())
    }

    /// Reads the next line, which has no line end.
    pub fn read(&mut self, line: &str) -> Line {
        if line.trim().is_empty() {
            return Line::Nothing;
        }
        let brand_id = self.brand_id.as_deref();
        let entry = match (self.format, &self.header) {
            (Format::JsonLines, _) => json::parse_object(line)
                // The parser's own words may repeat a part of the line.
                .map_err(|_| "it is not one JSON object without duplicate keys".to_owned())
                .and_then(|members| row::of_members(&members, brand_id)),
            (Format::Csv, Some(header)) => row::cells(line).and_then(|cells| header.entry(&cells, brand_id)),
            (Format::Csv, None) => {
                return match row::cells(line).and_then(|cells| Header::read(&cells)) {
                    Ok(header) => {
                        self.header = Some(header);
                        Line::Nothing
                    }
                    Err(why) => Line::NoImport(why),
                };
            }
        };
        entry.map_or_else(Line::Fault, |entry| Line::Entry(Box::new(entry)))
    }
}
