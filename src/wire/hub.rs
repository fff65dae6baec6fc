//! What is authenticated between a till and its hub, byte for byte. `docs/hub-protocol.md` is its page.

use crate::hex;
use ring::{digest, hmac};
use std::fmt;
use zeroize::Zeroizing;

/// Length of a key.
const KEY_BYTES: usize = 32;
/// Digits of a one-time code.
const CODE_LENGTH: usize = 20;
/// None of them looks like another one.
const CODE_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A key that till and hub share. It is wiped from memory, and in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

impl Key {
    /// Copied straight to where it is wiped. `None`: not as long as a key.
    fn of(bytes: &[u8]) -> Option<Key> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        (bytes.len() == KEY_BYTES).then(|| key.copy_from_slice(bytes))?;
        Some(Key(key))
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.0)
    }

    /// HMAC-SHA256, in lower-case hexadecimal.
    pub fn mac(&self, text: &str) -> String {
        hex::lower(hmac::sign(&self.hmac(), text.as_bytes()).as_ref())
    }

    /// Whether a MAC is right. It takes the same time for every wrong one.
    pub fn proves(&self, text: &str, mac: &str) -> bool {
        bytes(mac).is_some_and(|mac| hmac::verify(&self.hmac(), text.as_bytes(), &mac).is_ok())
    }

    fn derived(&self, text: &str) -> Option<Key> {
        Key::of(hmac::sign(&self.hmac(), text.as_bytes()).as_ref())
    }

    /// The key of a one-time code, which is typed as people type it. `None`: not a code.
    pub fn of_code(typed: &str, till: &str) -> Option<Key> {
        let code = read_code(typed)?;
        let first = Key::of(digest::digest(&digest::SHA256, code.as_bytes()).as_ref())?;
        first.derived(&format!("wxcoupon-hub code 1\n{till}\n"))
    }

    /// The till's key, from the code's key and what both sides have added.
    pub fn of_till(&self, till: &str, generation: i64, nonce: &str, salt: &str) -> Option<Key> {
        self.derived(&format!("wxcoupon-hub key 1\n{till}\n{generation}\n{nonce}\n{salt}\n"))
    }
}

/// What a text of hexadecimal digits stands for. It may be a key, so no copy of it stays behind.
fn bytes(hexadecimal: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(hexadecimal.len().div_ceil(2)));
    for pair in hexadecimal.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

/// The digits of a code that count. `None`: it is no code.
fn read_code(typed: &str) -> Option<Zeroizing<String>> {
    let mut digits = Zeroizing::new(String::with_capacity(typed.len()));
    for typed in typed.chars().filter(|typed| !matches!(typed, '-' | ' ')) {
        digits.push(match typed.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            digit => CODE_DIGITS.iter().map(|known| char::from(*known)).find(|known| *known == digit)?,
        });
    }
    (digits.len() == CODE_LENGTH).then_some(digits)
}

/// Whether a text may name a till.
pub fn is_till(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Whether a text may be a nonce.
pub fn is_nonce(text: &str) -> bool {
    (16..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// A till's key, and which one it is. Written as generation, colon, 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillKey {
    /// How often the till has got a key.
    pub generation: i64,
    /// The key.
    pub key: Key,
}

impl TillKey {
    /// From its text. `None`: it is none.
    pub fn read(text: &str) -> Option<TillKey> {
        let (generation, key) = text.trim().split_once(':')?;
        let generation: i64 = generation
            .parse()
            .ok()
            .filter(|number: &i64| *number >= 0 && number.to_string() == generation)?;
        Some(TillKey { generation, key: Key::of(&bytes(key)?)? })
    }

    /// Its text, with the end of a line.
    pub fn text(&self) -> Zeroizing<String> {
        // As long as it can become, so that it never moves.
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 24));
        text.push_str(&self.generation.to_string());
        text.push(':');
        text.push_str(&Zeroizing::new(hex::lower(&*self.key.0)));
        text.push('\n');
        text
    }
}

/// What a till proves of a request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Path and query as they are sent; the method is POST.
    pub target: &'a str,
    /// Its name.
    pub till: &'a str,
    /// Of its key.
    pub generation: i64,
    /// Its time, in seconds since 1970.
    pub time: &'a str,
    /// Chosen anew for every request.
    pub nonce: &'a str,
    /// Exactly the bytes that are sent.
    pub body: &'a [u8],
}

impl Asked<'_> {
    /// What is authenticated.
    pub fn text(&self) -> String {
        let Asked { target, till, generation, time, nonce, body } = self;
        let body = sha256(body);
        format!("wxcoupon-hub request 1\nPOST\n{target}\n{till}\n{generation}\n{time}\n{nonce}\n{body}\n")
    }
}

/// The headers of an answer, as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `wxcoupon-time`
    pub time: Option<String>,
    /// `wxcoupon-proven-at`
    pub proven_at: Option<String>,
    /// `wxcoupon-mac`
    pub mac: Option<String>,
}

/// The proven times of an answer, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The hub's clock.
    pub time_s: i64,
    /// When WeChat Pay signed what the answer rests on.
    pub proven_at_s: Option<i64>,
}

/// Why an answer proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// Nobody claims to be the hub.
    NoMac,
    /// It is not the hub, or it answers something else, or it was changed.
    WrongMac,
}

impl Headers {
    /// Proves the answer to the request with that nonce.
    pub fn prove(&self, key: &Key, nonce: &str, status: u16, body: &[u8]) -> Result<Proof, Unproven> {
        let Some(mac) = &self.mac else { return Err(Unproven::NoMac) };
        let (time, proven_at) =
            (self.time.as_deref().unwrap_or_default(), self.proven_at.as_deref().unwrap_or_default());
        let body = sha256(body);
        let text = format!("wxcoupon-hub answer 1\n{nonce}\n{status}\n{time}\n{proven_at}\n{body}\n");
        if !key.proves(&text, mac) {
            return Err(Unproven::WrongMac);
        }
        let time_s = time.parse().map_err(|_| Unproven::WrongMac)?;
        Ok(Proof { time_s, proven_at_s: proven_at.parse().ok() })
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::lower(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdefghijklmnopqrstuv";

    fn key() -> TillKey {
        let digits = hex::lower(&std::array::from_fn::<u8, 32, _>(|at| u8::try_from(at).unwrap()));
        TillKey::read(&format!("1:{digits}\n")).unwrap()
    }

    #[test]
    fn the_examples_of_the_page_come_out() {
        let body = br#"{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","coupon_code":"Code_123456","out_request_no":"S0032-02-000001"}"#;
        let asked = Asked {
            target: "/v1/use",
            till: "S0032-02",
            generation: 1,
            time: "1767225600",
            nonce: NONCE,
            body,
        };
        let mac = "cdc20e49774f16cdd6bb69c55afcf364163e8d392977b6956aab5a691d13628c";
        assert_eq!(key().key.mac(&asked.text()), mac);

        let answer = br#"{"ok":true,"status":0,"name":"WXCOUPON_OK","class":0,"in_doubt":false}"#;
        let mac = "7cf1f7d2be9c7399d4ed7251e14042acc0cb0d8790844706720ce74624f13088";
        let at = || Some("1767225601".to_owned());
        let headers = Headers { time: at(), proven_at: at(), mac: Some(mac.into()) };
        let proof = Proof { time_s: 1_767_225_601, proven_at_s: Some(1_767_225_601) };
        let proven = |headers: &Headers, nonce: &str, status, body: &[u8]| {
            headers.prove(&key().key, nonce, status, body)
        };
        assert_eq!(proven(&headers, NONCE, 200, answer), Ok(proof));
        assert_eq!(proven(&headers, &NONCE.replace('0', "1"), 200, answer), Err(Unproven::WrongMac));
        assert_eq!(proven(&headers, NONCE, 201, answer), Err(Unproven::WrongMac));
        assert_eq!(proven(&headers, NONCE, 200, b"{}"), Err(Unproven::WrongMac));
        let never = Headers { proven_at: None, ..headers.clone() };
        assert_eq!(proven(&never, NONCE, 200, answer), Err(Unproven::WrongMac));
        assert_eq!(proven(&Headers::default(), NONCE, 200, answer), Err(Unproven::NoMac));
    }

    #[test]
    fn a_code_becomes_the_key_of_the_page() {
        let code = Key::of_code("o1z0 z234-5678-9abc-defg", "S0032-02").unwrap();
        let asked = Asked {
            target: "/v1/enroll",
            till: "S0032-02",
            generation: 0,
            time: "1767225600",
            nonce: NONCE,
            body: b"",
        };
        let mac = "37b54182e64129387b3bdf6a9e7e66f1c339ca30aa474a483bf6edf72612fe5b";
        assert_eq!(code.mac(&asked.text()), mac);
        let key = code.of_till("S0032-02", 1, NONCE, "000102030405060708090a0b0c0d0e0f").unwrap();
        let text = "1:4733c845ca6dd83932100546a0f885f8ad00117d4b51a3bcfdf29e48b60cb227\n";
        assert_eq!(*TillKey { generation: 1, key }.text(), text);
        assert_eq!(Key::of_code("01Z0-Z234-5678-9ABC-DEF", "S0032-02"), None);
    }

    #[test]
    fn a_key_is_read_whole_or_not_at_all() {
        let right = key();
        assert_eq!(TillKey::read(&right.text()), Some(right.clone()));
        let digits = right.text()[2..66].to_owned();
        for wrong in [
            "",
            "1",
            "1:",
            &digits,
            &format!("01:{digits}"),
            &format!("-1:{digits}"),
            &format!("1:{digits}0"),
        ] {
            assert_eq!(TillKey::read(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{right:?}"), "TillKey { generation: 1, key: Key }");
    }
}
