//! What is authenticated between a till and the hub, byte for byte. `docs/hub-protocol.md` is its page.

use crate::secret::{Key, digest, hex, unhex};
pub use wxcoupon::wire::hub::{is_nonce, is_till};

/// Names the till.
pub const TILL: &str = "wxcoupon-till";
/// The generation of the till's key.
pub const KEY: &str = "wxcoupon-key";
/// The sender's time, in seconds since 1970.
pub const TIME: &str = "wxcoupon-time";
/// Chosen anew for every request.
pub const NONCE: &str = "wxcoupon-nonce";
/// The proof.
pub const MAC: &str = "wxcoupon-mac";
/// In an answer: when WeChat Pay signed what it rests on.
pub const PROVEN_AT: &str = "wxcoupon-proven-at";

/// A request may be this old, or this far ahead of the hub's clock, in seconds.
pub const WINDOW_S: i64 = 300;

/// What a till proves of a request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub method: &'a str,
    /// Path and query as they were sent.
    pub target: &'a str,
    pub till: &'a str,
    pub generation: i64,
    pub time_s: i64,
    pub nonce: &'a str,
    pub body: &'a [u8],
}

impl Asked<'_> {
    /// What is authenticated.
    pub fn text(&self) -> String {
        let Asked { method, target, till, generation, time_s, nonce, body } = self;
        let body = hex(&digest(body));
        format!(
            "wxcoupon-hub request 1\n{method}\n{target}\n{till}\n{generation}\n{time_s}\n{nonce}\n{body}\n"
        )
    }
}

/// What the hub proves of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Of the request.
    pub nonce: &'a str,
    pub http_status: u16,
    /// The hub's clock.
    pub time_s: i64,
    pub proven_at_s: Option<i64>,
    pub body: &'a [u8],
}

impl Answered<'_> {
    /// What is authenticated.
    pub fn text(&self) -> String {
        let Answered { nonce, http_status, time_s, proven_at_s, body } = self;
        let proven_at = proven_at_s.map(|at_s| at_s.to_string()).unwrap_or_default();
        let body = hex(&digest(body));
        format!("wxcoupon-hub answer 1\n{nonce}\n{http_status}\n{time_s}\n{proven_at}\n{body}\n")
    }
}

/// Whether a MAC in a header is right.
pub fn is_right(key: &Key, text: &str, header: &str) -> bool {
    unhex(header).is_some_and(|mac| key.proves(text.as_bytes(), &mac))
}

/// The MAC for a header.
pub fn of(key: &Key, text: &str) -> String {
    hex(&key.mac(text.as_bytes()))
}

/// The digits of one-time codes: none that looks like another one.
const CODE_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a code: 100 bits.
const CODE_LENGTH: usize = 20;

/// A one-time code of random bytes, in groups of four digits.
pub fn code(random: [u8; CODE_LENGTH]) -> String {
    let digits: Vec<char> = random
        .iter()
        .map(|byte| CODE_DIGITS.get(usize::from(byte & 31)).map_or('0', |digit| char::from(*digit)))
        .collect();
    digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// The code as it counts, from what a person typed: capital letters and digits alone. `None`: no code.
pub fn read_code(typed: &str) -> Option<String> {
    let digits: Option<String> = typed
        .chars()
        .filter(|typed| !matches!(typed, '-' | ' '))
        .map(|typed| match typed.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            digit => CODE_DIGITS.iter().map(|known| char::from(*known)).find(|known| *known == digit),
        })
        .collect();
    digits.filter(|digits| digits.len() == CODE_LENGTH)
}

/// The key that authenticates the exchange of a code.
pub fn key_of_code(code: &str, till: &str) -> Key {
    let code = Key::of(digest(code.as_bytes()));
    code.derived(format!("wxcoupon-hub code 1\n{till}\n").as_bytes())
}

/// The till's key, from the code's key and what both sides have added.
pub fn key_of_till(code: &Key, till: &str, generation: i64, nonce: &str, salt: &str) -> Key {
    code.derived(format!("wxcoupon-hub key 1\n{till}\n{generation}\n{nonce}\n{salt}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = code([0, 1, 31, 32, 255, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(code, "01Z0-Z234-5678-9ABC-DEFG");
        assert_eq!(read_code("o1z0 z234-5678-9abc-defg").as_deref(), Some("01Z0Z23456789ABCDEFG"));
        assert_eq!(read_code("01Z0-Z234-5678-9ABC-DEF"), None);
        assert_eq!(read_code("01Z0-Z234-5678-9ABC-DEFU"), None);
    }

    #[test]
    fn names_have_their_alphabet() {
        assert!(is_till("S0032-02") && is_till("a.b_c") && !is_till("") && !is_till("a b") && !is_till("店"));
        assert!(
            is_nonce("0123456789abcdef") && !is_nonce("0123456789abcde") && !is_nonce("0123456789abcde\n")
        );
    }
}
