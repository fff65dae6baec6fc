//! The lines of a file of any size, one at a time.

use crate::encoding::TextEncoding;
use std::io::{BufRead, BufReader, Read};

/// A longer line is not read.
pub const LONGEST: usize = 64 * 1024;
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads lines, and counts.
#[derive(Debug)]
pub struct Lines<R> {
    from: BufReader<R>,
    encoding: TextEncoding,
    /// The last byte of each line.
    end: u8,
    line: Vec<u8>,
    /// The number of the line that was read last.
    pub number: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// A line.
#[derive(Debug)]
pub enum Text<'a> {
    /// Without its end.
    Line(std::borrow::Cow<'a, str>),
    /// It cannot be read, and why.
    Fault(String),
    /// The whole file cannot be read, and why.
    NoText(String),
}

impl<R: Read> Lines<R> {
    /// Lines of a file in that encoding. A byte order mark says that it is UTF-8.
    pub fn new(from: R, encoding: TextEncoding) -> Lines<R> {
        let from = BufReader::with_capacity(LONGEST + 2, from);
        Lines { from, encoding, end: b'\n', line: Vec::new(), number: 0, bytes: 0 }
    }

    /// The next line. `None`: the file has ended.
    pub fn read_line(&mut self) -> std::io::Result<Option<Text<'_>>> {
        self.line.clear();
        if self.number == 0 {
            self.end = line_end(self.from.fill_buf()?);
        }
        let limit = u64::try_from(LONGEST + 2).unwrap_or(u64::MAX);
        let read = (&mut self.from).take(limit).read_until(self.end, &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += u64::try_from(read).unwrap_or_default();
        let ends = self.line.ends_with(&[self.end]);
        while self.line.ends_with(b"\n") || self.line.ends_with(b"\r") {
            self.line.pop();
        }
        if self.line.len() > LONGEST || !ends && read == LONGEST + 2 {
            self.skip_rest(ends)?;
            return Ok(Some(Text::Fault(format!("it is longer than {LONGEST} bytes"))));
        }
        if self.number == 1 && self.line.starts_with(MARK) {
            self.encoding = TextEncoding::UTF8;
            self.line.drain(..MARK.len());
        }
        if self.number == 1 && (self.line.starts_with(b"\xFF\xFE") || self.line.starts_with(b"\xFE\xFF")) {
            return Ok(Some(Text::NoText("it is UTF-16: save it as UTF-8".into())));
        }
        // A null byte is nowhere in a text, and everywhere in UTF-16 and in files of spreadsheets.
        if self.line.contains(&0) {
            return Ok(Some(Text::Fault("it has a null byte, which no text has".into())));
        }
        Ok(Some(match self.encoding.decode(&self.line, "it") {
            Ok(text) => Text::Line(text),
            Err(error) => Text::Fault(error.message),
        }))
    }

    fn skip_rest(&mut self, ends: bool) -> std::io::Result<()> {
        let mut ended = ends;
        while !ended {
            let waiting = self.from.fill_buf()?;
            let end = waiting.iter().position(|byte| *byte == self.end);
            let skipped = end.map_or(waiting.len(), |at| at + 1);
            ended = end.is_some() || waiting.is_empty();
            self.from.consume(skipped);
            self.bytes += u64::try_from(skipped).unwrap_or_default();
        }
        Ok(())
    }
}

/// How lines end in a file that begins so: with a carriage return alone, or with a line feed.
fn line_end(beginning: &[u8]) -> u8 {
    let mut ends =
        beginning.iter().skip_while(|byte| !matches!(byte, b'\r' | b'\n')).skip_while(|byte| **byte == b'\r');
    let has_end = beginning.contains(&b'\r');
    if has_end && ends.next() != Some(&b'\n') { b'\r' } else { b'\n' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: &str) -> Vec<String> {
        let mut lines = Lines::new(bytes, TextEncoding::named(encoding).unwrap());
        let mut read = Vec::new();
        while let Some(line) = lines.read_line().unwrap() {
            read.push(match line {
                Text::Line(text) => text.into_owned(),
                Text::Fault(why) => format!("fault: {why}"),
                Text::NoText(why) => format!("no text: {why}"),
            });
        }
        assert_eq!(lines.bytes, bytes.len() as u64);
        read
    }

    #[test]
    fn a_line_is_read_whatever_stands_around_it() {
        assert_eq!(read(b"a\nb\r\n\nc", "utf-8"), ["a", "b", "", "c"]);
        assert_eq!(read(b"a\rb\r\rc", "utf-8"), ["a", "b", "", "c"]);
        assert_eq!(read(b"a\r", "utf-8"), ["a"]);
        assert_eq!(read(b"a\r\r\nb\rc\n", "utf-8"), ["a", "b\rc"], "the first line says how lines end");
        assert_eq!(read(b"\xEF\xBB\xBFa\n\xE5\x88\xB8", "gbk"), ["a", "券"]);
        assert_eq!(read(b"\xB5\xEA\nb", "gbk"), ["店", "b"]);
        let told = read(b"a\n\xB5\xEA\nb", "utf-8");
        assert!(told[1].starts_with("fault: it is not valid UTF-8"), "{told:?}");
        assert_eq!((told[0].as_str(), told[2].as_str()), ("a", "b"));
        assert!(read(b"\xFF\xFEa\0", "utf-8")[0].starts_with("no text: it is UTF-16"));
        assert!(read(b"a\0", "utf-8")[0].starts_with("fault: it has a null byte"));
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        for length in [LONGEST, LONGEST + 1, LONGEST + 2, LONGEST + 3, 20 * LONGEST] {
            let file = [vec![b'x'; length], b"\nnext".to_vec()].concat();
            let told = read(&file, "utf-8");
            assert_eq!(told[0].starts_with("fault: it is longer"), length > LONGEST, "{length}");
            assert_eq!((told.len(), told[1].as_str()), (2, "next"), "{length}");
        }
        let told = read(&[b"a\r".to_vec(), vec![b'x'; 3 * LONGEST], b"\rnext".to_vec()].concat(), "utf-8");
        assert_eq!((told.len(), told[2].as_str()), (3, "next"));
        let told = read(&vec![b'x'; 3 * LONGEST], "utf-8");
        assert_eq!(told.len(), 1);
    }
}
