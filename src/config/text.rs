//! The encoding of a configuration.

use crate::encoding::TextEncoding;
use crate::error::Result;
use crate::json;
use zeroize::Zeroizing;

/// Decodes the text of a configuration, which names its own encoding. Its ASCII parts are the same in all three encodings. So each one is tried, and is
/// right if the decoded text names it.
pub fn decode(bytes: &[u8]) -> Result<(Zeroizing<String>, TextEncoding)> {
    // A text with a byte order mark is UTF-8, whatever encoding the program uses otherwise.
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = Zeroizing::new(TextEncoding::UTF8.decode(rest, "config_json")?.into_owned());
        let encoding = named_encoding(&text).unwrap_or(TextEncoding::UTF8);
        return Ok((text, encoding));
    }
    for name in ["gb18030", "gbk"] {
        let Some(encoding) = TextEncoding::named(name) else { continue };
        let Ok(text) = encoding.decode(bytes, "config_json") else { continue };
        let text = Zeroizing::new(text.into_owned());
        if named_encoding(&text) == Some(encoding) {
            return Ok((text, encoding));
        }
    }
    let text = TextEncoding::UTF8.decode(bytes, "config_json")?;
    let text = Zeroizing::new(text.into_owned());
    if let Some(named) = named_encoding(&text).filter(|named| *named != TextEncoding::UTF8) {
        // It names an encoding in which it is not valid text.
        named.decode(bytes, "config_json")?;
    }
    Ok((text, TextEncoding::UTF8))
}

fn named_encoding(config: &str) -> Option<TextEncoding> {
    json::parse_object(config).ok()?.get("text_encoding")?.as_str().and_then(TextEncoding::named)
}
