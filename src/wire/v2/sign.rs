//! The sign of API version 2: a digest over all members and the key.
//!
//! Page `app.php?chapter=4_3` of its manual, 2024-12-11: all members but `sign` whose value is not empty, sorted by name,
//! `name=value` joined with `&`, then `&key=` and the key; the digest in upper-case hexadecimal. Values are what they are after
//! the XML was read. HMAC-SHA256 has the same text and the same key.

use super::Members;
use crate::hex;
use md5::{Digest as _, Md5};
use ring::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// How a request is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignType {
    /// HMAC-SHA256
    #[default]
    HmacSha256,
    /// MD5, which is what WeChat Pay takes a request for that does not say.
    Md5,
}

/// Names of [`SignType`], as requests have them.
pub const SIGN_TYPES: [(&str, SignType); 2] = [("HMAC-SHA256", SignType::HmacSha256), ("MD5", SignType::Md5)];

/// The member that holds the sign.
const SIGN: &str = "sign";

/// The sign over these members.
pub fn sign(members: &Members, key: &str, sign_type: SignType) -> String {
    let text = signed_text(members, key);
    match sign_type {
        SignType::Md5 => hex::upper(&Md5::digest(text.as_bytes())),
        SignType::HmacSha256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            hex::upper(hmac::sign(&key, text.as_bytes()).as_ref())
        }
    }
}

/// Whether the members carry the right sign. Its time does not tell how much of it is right.
pub fn is_signed(members: &Members, key: &str, sign_type: SignType) -> bool {
    let expected = sign(members, key, sign_type);
    members.get(SIGN).is_some_and(|found| found.as_bytes().ct_eq(expected.as_bytes()).into())
}

fn signed_text(members: &Members, key: &str) -> Zeroizing<String> {
    const KEY: &str = "key=";
    let signed = || members.iter().filter(|(name, value)| *name != SIGN && !value.is_empty());
    let length: usize = signed().map(|(name, value)| name.len() + value.len() + 2).sum();
    // Of its whole length at once: a text that grows leaves copies of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(length + KEY.len() + key.len()));
    for (name, value) in signed() {
        for part in [name, "=", value, "&"] {
            text.push_str(part);
        }
    }
    text.push_str(KEY);
    text.push_str(key);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    fn members(pairs: &[(&str, &str)]) -> Members {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn both(members: &Members, key: &str) -> [String; 2] {
        [SignType::Md5, SignType::HmacSha256].map(|sign_type| sign(members, key, sign_type))
    }

    /// The sample of the official page.
    #[test]
    fn the_official_sample_is_reproduced() {
        let members = members(&[
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
        ]);
        let [md5, hmac] = both(&members, "192006250b4c09247ec02edce69f6a2d");
        assert_eq!(md5, "9A0A8659F005D6984697E2CA0A9CF3B7");
        assert_eq!(hmac, "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6");
    }

    /// Computed with Python's `hashlib` and `hmac`.
    #[test]
    fn requests_of_both_kinds_of_merchants_are_signed_as_elsewhere() {
        let mut members = members(&[
            ("appid", "wx0011223344556677"),
            ("auth_code", "134567890123456789"),
            ("mch_id", "1900000001"),
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("sub_openid", ""),
        ]);
        assert_eq!(both(&members, KEY)[0], "EF77B67313A223E34157D733FC64F25F");
        members.insert("sign_type".into(), "HMAC-SHA256".into());
        let hmac = "C5E4DE0EB8E58E5049F5CAE426A8BEC2994562B962B0E44FBA748E6ED2F37EB9";
        assert_eq!(both(&members, KEY)[1], hmac);

        members.insert("sub_appid".into(), "wx8899aabbccddeeff".into());
        members.insert("sub_mch_id".into(), "1900000109".into());
        let hmac = "F0F4C15C5259ACC24C818E785148219A2002611ACE2878D417A127E1E4BFF691";
        assert_eq!(both(&members, KEY)[1], hmac);
        members.remove("sign_type");
        assert_eq!(both(&members, KEY)[0], "FC625ABED58BCD8886A6C5162E40A762");
    }

    #[test]
    fn an_answer_is_signed_only_by_all_of_its_members() {
        let mut members = members(&[
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("appid", "wx0011223344556677"),
            ("mch_id", "1900000001"),
            ("nonce_str", "0IldcE0W6F58zeIc"),
            ("result_code", "SUCCESS"),
            ("openid", "oExampleOpenid00000000000001"),
            ("sign", "00F8ECA84121C2744C99227ADF55AC96"),
        ]);
        assert!(is_signed(&members, KEY, SignType::Md5));
        assert!(!is_signed(&members, KEY, SignType::HmacSha256));
        assert!(!is_signed(&members, &KEY.replace('v', "w"), SignType::Md5));
        let hmac = "1612594A7B510FABDA802C28F7A4DE195ECE9313356310F954746EDF76C0A14A";
        let by_hmac = members.clone().into_iter().chain([("sign".into(), hmac.into())]).collect::<Members>();
        assert!(is_signed(&by_hmac, KEY, SignType::HmacSha256));
        for change in [("unknown", "1"), ("openid", "oExampleOpenid00000000000002"), ("sign", "")] {
            let mut other = members.clone();
            other.insert(change.0.into(), change.1.into());
            assert!(!is_signed(&other, KEY, SignType::Md5), "{change:?}");
        }
        members.remove("sign");
        assert!(!is_signed(&members, KEY, SignType::Md5));
    }

    #[test]
    fn a_failure_is_signed_too() {
        let failure = members(&[
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("appid", "wx0011223344556677"),
            ("mch_id", "1900000001"),
            ("nonce_str", "0IldcE0W6F58zeIc"),
            ("result_code", "FAIL"),
            ("err_code", "AUTHCODEEXPIRE"),
            ("sign", "644DBF8AE71CFCA0C3B4E8B144E0C1BE"),
        ]);
        assert!(is_signed(&failure, KEY, SignType::Md5));
    }
}
