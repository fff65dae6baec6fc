//! Pages of lists: `page_size` and `page_token`.

use super::Call;
use crate::refusal::{Reason, Refusal};

/// As the page of `list_stocks` has them; that of `list` was not retrieved.
const DEFAULT_PAGE: usize = 20;
const LARGEST_PAGE: usize = 50;

/// Which part of a list.
#[derive(Debug, Clone)]
pub(super) struct Page {
    size: usize,
    /// Key of the last entry of the page before.
    after: Option<String>,
}

impl Page {
    /// Cuts the page out of a sorted list; the token of the next page, if more follow.
    pub(super) fn cut<T>(&self, entries: Vec<(String, T)>) -> (Vec<T>, Option<String>) {
        let after = self.after.as_deref();
        let mut rest: Vec<_> =
            entries.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)).collect();
        let more = rest.len() > self.size;
        rest.truncate(self.size);
        let next = rest.last().filter(|_| more).map(|(key, _)| encode_token(key));
        (rest.into_iter().map(|(_, entry)| entry).collect(), next)
    }
}

/// A token that gives nothing away but is of no use when altered.
fn encode_token(key: &str) -> String {
    let sum: u32 = key.bytes().map(u32::from).sum();
    let digits = key.bytes().map(|byte| format!("{byte:02x}"));
    format!("{:04x}{}", sum & 0xffff, digits.collect::<String>())
}

fn decode_token(token: &str) -> Option<String> {
    let bytes = token.as_bytes().get(4..)?;
    let pairs = bytes.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let key = String::from_utf8(pairs.collect::<Option<Vec<u8>>>()?).ok()?;
    (encode_token(&key) == token).then_some(key)
}

impl Call<'_> {
    /// `page_size` and `page_token`.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let size = match self.optional_query("page_size", 10)? {
            None => DEFAULT_PAGE,
            Some(text) => {
                let number = text.parse().map_err(|_| {
                    self.bad_query("page_size", Reason::BadValue, ("must be a number", "应为数字"))
                })?;
                if !(1..=LARGEST_PAGE).contains(&number) {
                    return Err(self.bad_query(
                        "page_size",
                        Reason::OutOfRange,
                        ("must be 1 to 50", "应为 1 到 50"),
                    ));
                }
                number
            }
        };
        let after = match self.optional_query("page_token", 1024)? {
            None => None,
            Some(token) => Some(decode_token(&token).ok_or_else(|| {
                self.bad_query("page_token", Reason::BadValue, ("is no page_token", "不是有效的 page_token"))
            })?),
        };
        Ok(Page { size, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_unless_altered() {
        let token = encode_token("000001754193/券_1");
        assert_eq!(decode_token(&token).as_deref(), Some("000001754193/券_1"));
        for bad in ["", "12", "zzzz", &token[..token.len() - 2], &token.replacen('3', "4", 1)] {
            assert_eq!(decode_token(bad), None, "{bad}");
        }
    }
}
