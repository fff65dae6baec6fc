//! The XML of API version 2: one element `xml`, and in it elements with nothing but text.
//!
//! It reads no document type and no entity but the five that every XML has, so that no text can name files, addresses or
//! a text that grows. What else XML knows (attributes, comments, elements in elements) no answer has, and it is refused.

use super::Members;

/// Longest text that is read. An answer has less than a kilobyte.
const MAX_BYTES: usize = 64 * 1024;
/// Most members. The longest answer of the interfaces that are asked has 14.
const MOST_MEMBERS: usize = 100;

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The XML of these members. Names must be names of XML.
pub fn write(members: &Members) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in members {
        for part in ["<", name, ">", &escaped(value), "</", name, ">"] {
            text.push_str(part);
        }
    }
    text.push_str("</xml>");
    text
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Reads such a text. The error never repeats it.
pub fn read(body: &[u8]) -> Result<Members, String> {
    if body.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader { rest: text.strip_prefix('\u{FEFF}').unwrap_or(text) };
    reader.declaration()?;
    reader.blanks();
    if reader.tag()? != Tag::Open("xml") {
        return Err("its element is not xml".into());
    }
    let mut members = Members::new();
    loop {
        reader.blanks();
        match reader.tag()? {
            Tag::Close("xml") => break,
            Tag::Close(_) => return Err("an element ends that did not begin".into()),
            Tag::Empty(name) => Reader::insert(&mut members, name, String::new())?,
            Tag::Open(name) => {
                let value = reader.content()?;
                if reader.tag()? != Tag::Close(name) {
                    return Err("an element has more than text in it".into());
                }
                Reader::insert(&mut members, name, value)?;
            }
        }
    }
    reader.blanks();
    if reader.rest.is_empty() { Ok(members) } else { Err("something follows its end".into()) }
}

#[derive(Debug, PartialEq, Eq)]
enum Tag<'a> {
    Open(&'a str),
    Close(&'a str),
    Empty(&'a str),
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(BLANKS);
    }

    /// `<?xml version="1.0" …?>` at the very beginning.
    fn declaration(&mut self) -> Result<(), String> {
        let Some(declaration) = self.rest.strip_prefix("<?xml").filter(|rest| rest.starts_with(BLANKS))
        else {
            return Ok(());
        };
        let (_, rest) = declaration.split_once("?>").ok_or("its declaration has no end")?;
        self.rest = rest;
        Ok(())
    }

    fn tag(&mut self) -> Result<Tag<'a>, String> {
        let inner = self.rest.strip_prefix('<').ok_or("text stands where an element should")?;
        let (inner, rest) = inner.split_once('>').ok_or("a tag has no end")?;
        self.rest = rest;
        let (make, name): (fn(&'a str) -> Tag<'a>, &str) =
            match (inner.strip_prefix('/'), inner.strip_suffix('/')) {
                (Some(name), _) => (Tag::Close, name),
                (None, Some(name)) => (Tag::Empty, name),
                (None, None) => (Tag::Open, inner),
            };
        let name = name.trim_end_matches(BLANKS);
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if begins && name.chars().all(is_name) {
            return Ok(make(name));
        }
        Err("it has something else than elements with text in them".into())
    }

    /// The text up to the next tag, in any mixture of plain text and CDATA.
    fn content(&mut self) -> Result<String, String> {
        const CDATA: &str = "<![CDATA[";
        let mut value = String::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix(CDATA) {
                let (text, rest) = rest.split_once("]]>").ok_or("a CDATA section has no end")?;
                append(&mut value, text)?;
                self.rest = rest;
                continue;
            }
            let end = self.rest.find(['<', '&']).ok_or("an element has no end")?;
            let (text, rest) = self.rest.split_at(end);
            append(&mut value, text)?;
            self.rest = rest;
            if rest.starts_with('&') {
                value.push(self.entity()?);
            } else if !rest.starts_with(CDATA) {
                return Ok(value);
            }
        }
    }

    fn entity(&mut self) -> Result<char, String> {
        const ENTITIES: [(&str, char); 5] =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\'')];
        for (name, character) in ENTITIES {
            if let Some(rest) = self.rest.strip_prefix(name) {
                self.rest = rest;
                return Ok(character);
            }
        }
        if let Some((number, rest)) = self.rest.strip_prefix("&#").and_then(|rest| rest.split_once(';')) {
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            // A sign before the digits would be read, too.
            let is_number = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let character = code.ok().filter(|_| is_number).and_then(char::from_u32);
            if let Some(character) = character.filter(|one| !one.is_control() || BLANKS.contains(one)) {
                self.rest = rest;
                return Ok(character);
            }
        }
        Err("it has an entity other than characters and the five that every XML has".into())
    }

    fn insert(members: &mut Members, name: &str, value: String) -> Result<(), String> {
        if members.len() >= MOST_MEMBERS {
            return Err(format!("it has more than {MOST_MEMBERS} elements"));
        }
        match members.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err("an element stands there twice".into()),
        }
    }
}

/// Line ends are line feeds once XML was read. It has no other control characters than these.
fn append(value: &mut String, text: &str) -> Result<(), String> {
    if text.chars().any(|character| character.is_control() && !BLANKS.contains(&character)) {
        return Err("it has a control character".into());
    }
    value.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text.as_bytes()).unwrap().into_iter().collect()
    }

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn text_and_cdata_are_read_in_any_mixture() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<xml>\r\n  <return_code><![CDATA[SUCCESS]]></return_code>\n\
                    <a>1 &lt; 2 &amp;&quot;&apos;&gt;</a><b></b><c/><d >x<![CDATA[<&amp;]]]]><![CDATA[>]]>y</d\n></xml>\n";
        let found = pairs(text);
        let expected =
            [("a", "1 < 2 &\"'>"), ("b", ""), ("c", ""), ("d", "x<&amp;]]>y"), ("return_code", "SUCCESS")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs("\u{FEFF}<xml><a> 券\r\n\r</a></xml>"), [("a".into(), " 券\n\n".into())]);
        assert!(pairs("<xml></xml>").is_empty());
    }

    #[test]
    fn no_document_type_and_no_entity_is_followed() {
        for text in [
            "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><a>&a;</a></xml>",
            "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY l \"ha\">]><xml><a>&l;</a></xml>",
            "<xml><!ENTITY a \"b\"><a>x</a></xml>",
            "<xml><a>&a;</a></xml>",
            "<xml><a>&#+65;</a></xml>",
            "<xml><a>&#xD800;</a></xml>",
            "<xml><a>&#;</a></xml>",
            "<xml><a>&#65</a></xml>",
            "<xml><a>&#0;</a></xml>",
            "<xml><a>&</a></xml>",
            "<xml><a>%a;&nbsp;</a></xml>",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(refused("<xml><a>&a;</a></xml>").contains("entity"));
    }

    #[test]
    fn what_no_answer_looks_like_is_refused() {
        for text in [
            "",
            "<html><body>Welcome</body></html>",
            "<xml",
            "<xml>",
            "<xml/>",
            "<xml><a>1</a>",
            "<xml><a>1</b></xml>",
            "<xml><a>1<b>2</b></a></xml>",
            "<xml><a x=\"1\">1</a></xml>",
            "<xml>text</xml>",
            "<xml><a>1</a></xml>more",
            "<xml><a>1</a><a>1</a></xml>",
            "<xml><!-- a --><a>1</a></xml>",
            "<xml><?a b?><a>1</a></xml>",
            "<xml><1>1</1></xml>",
            "<xml><a><![CDATA[1</a></xml>",
            "<xml><a>\u{0}</a></xml>",
            "<xml></a></xml>",
            "{\"return_code\":\"SUCCESS\"}",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"<xml><a>\xFF</a></xml>").is_err());
        let many: String = (0..=MOST_MEMBERS)
            .flat_map(|number| format!("<a{number}>1</a{number}>").into_bytes())
            .map(char::from)
            .collect();
        assert!(refused(&format!("<xml>{many}</xml>")).contains("100"));
        assert!(refused(&format!("<xml><a>{}</a></xml>", "x".repeat(MAX_BYTES))).contains("longer"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn what_is_written_is_read(values in prop::collection::btree_map("[a-z][a-z_]{0,8}", "[ -~券]{0,20}", 0..8)) {
            prop_assert_eq!(read(write(&values).as_bytes()), Ok(values));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[<>/&;!\\[\\]a-cCDATxml? \\n\u{0}券]{0,60}") {
            let _ = read(text.as_bytes());
            let _ = read(format!("<xml><a>{text}</a></xml>").as_bytes());
        }
    }
}
