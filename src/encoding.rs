//! The encodings that hosts speak: UTF-8, GBK and GB18030.

use crate::error::{Error, Result};
use crate::json::PASS_UTF8;
use crate::status::Code;
use encoding_rs::{DecoderResult, EncoderResult, Encoding, GB18030, GBK, UTF_8};
use std::borrow::Cow;
use std::fmt::Write as _;

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The encoding of every text that crosses the boundary for one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl TextEncoding {
    /// The default, also where there is no context.
    pub const UTF8: TextEncoding = TextEncoding(UTF_8);

    /// By its name in the configuration.
    pub fn named(name: &str) -> Option<TextEncoding> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(TextEncoding(UTF_8)),
            "gbk" => Some(TextEncoding(GBK)),
            "gb18030" => Some(TextEncoding(GB18030)),
            _ => None,
        }
    }

    /// Strict: a malformed sequence is an error that names its offset, never a replacement character.
    ///
    /// A text that begins with the byte order mark of UTF-8 is UTF-8, whatever the configured encoding is.
    pub fn decode<'a>(self, bytes: &'a [u8], argument: &str) -> Result<Cow<'a, str>> {
        if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes {
            let message = format!("{argument} is UTF-16: it begins with that byte order mark");
            return Err(Error::new(Code::Encoding, message).hint(PASS_UTF8));
        }
        let encoding = if bytes.starts_with(UTF8_MARK) { UTF_8 } else { self.0 };
        let malformed = |offset: usize| {
            Error::new(
                Code::Encoding,
                format!("{argument} is not valid {} at byte offset {offset}", encoding.name()),
            )
        };
        if encoding == UTF_8 {
            return std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|error| malformed(error.valid_up_to()));
        }
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0);
        let mut text = String::with_capacity(room);
        match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
            (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text)),
            (DecoderResult::Malformed(length, beyond), read) => {
                Err(malformed(read.saturating_sub(usize::from(length) + usize::from(beyond))))
            }
            (DecoderResult::OutputFull, read) => Err(malformed(read)),
        }
    }

    /// Lossless inside JSON: a character that the encoding does not have is written as `\uXXXX`.
    pub fn encode_json<'a>(self, json: impl Into<Cow<'a, str>>) -> Vec<u8> {
        let json = json.into();
        if self.0 == UTF_8 {
            return json.into_owned().into_bytes();
        }
        let mut encoder = self.0.new_encoder();
        let mut bytes = Vec::with_capacity(json.len() + 16);
        let mut rest = &*json;
        loop {
            bytes.reserve(rest.len() * 2 + 16);
            let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                EncoderResult::InputEmpty => return bytes,
                EncoderResult::OutputFull => {}
                EncoderResult::Unmappable(character) => {
                    let mut escaped = String::new();
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        // Writing to a String cannot fail.
                        let _ = write!(escaped, "\\u{unit:04x}");
                    }
                    bytes.extend_from_slice(escaped.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_goes_both_ways_and_names_bad_offsets() {
        let gbk = TextEncoding::named("GBK").unwrap();
        let bytes = gbk.encode_json("{\"店\":\"微信支付\"}");
        assert_eq!(gbk.decode(&bytes, "json_in").unwrap(), "{\"店\":\"微信支付\"}");
        let error = gbk.decode(b"{\"a\":\"\xff\"}", "json_in").unwrap_err();
        assert_eq!(error.code, Code::Encoding);
        assert!(error.message.ends_with("offset 6"), "{}", error.message);
        let error = gbk.decode(b"ab\x81", "json_in").unwrap_err();
        assert!(error.message.ends_with("offset 2"), "{}", error.message);
    }

    #[test]
    fn what_gbk_has_not_is_escaped() {
        let gbk = TextEncoding::named("gbk").unwrap();
        assert_eq!(gbk.encode_json("a😀b"), b"a\\ud83d\\ude00b");
        let gb18030 = TextEncoding::named("gb18030").unwrap();
        let bytes = gb18030.encode_json("😀");
        assert_eq!(gb18030.decode(&bytes, "x").unwrap(), "😀");
    }

    #[test]
    fn utf16_is_recognised_by_its_mark() {
        for bytes in [&b"\xFF\xFE{"[..], b"\xFE\xFF"] {
            for encoding in ["utf-8", "gbk", "gb18030"] {
                let error = TextEncoding::named(encoding).unwrap().decode(bytes, "json_in").unwrap_err();
                assert_eq!(error.code, Code::Encoding);
                assert!(error.message.starts_with("json_in is UTF-16"), "{}", error.message);
            }
        }
        assert_eq!(TextEncoding::UTF8.decode(b"{}", "json_in").unwrap(), "{}");
    }

    #[test]
    fn a_byte_order_mark_says_that_it_is_utf8() {
        let gbk = TextEncoding::named("gbk").unwrap();
        let text = "\u{FEFF}{\"店\":1}";
        assert_eq!(gbk.decode(text.as_bytes(), "json_in").unwrap(), text);
        assert!(gbk.decode(b"\xEF\xBB\xBF{\xFF}", "json_in").unwrap_err().message.contains("UTF-8"));
    }

    #[test]
    fn utf8_offsets_are_those_of_the_bad_byte() {
        let error = TextEncoding::UTF8.decode(b"{\"\xc3\x28\"}", "json_in").unwrap_err();
        assert!(error.message.contains("json_in is not valid UTF-8 at byte offset 2"), "{}", error.message);
    }
}
