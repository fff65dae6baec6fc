//! Which usual mistake a rejected signature was made with. The public key opens the signature, so that the digest inside tells
//! which of the tried texts was signed, even if two mistakes were made at once.

use super::Request;
use super::header::Header;
use super::opened::Content;
use super::variants::{Signed, variants};
use crate::digest::hex;
use crate::screen::Screen;
use crate::texts::{lists, words as w};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use wxcoupon::config::Config;

/// Whether it is a mistake, and the line that tells it.
pub type Difference = (bool, String);

/// Two mistakes at once are looked for in bodies up to this length, because each pair is hashed.
const LONGEST_FOR_PAIRS: usize = 64 * 1024;

/// What the signature was made with, and over what. The first line is about the text.
pub fn explain(screen: &Screen, config: &Config, request: &Request, theirs: &Header) -> Vec<Difference> {
    let Some(signature) = decoded(&theirs.signature) else {
        return vec![(true, screen.of(w::SIGN_NOT_BASE64).to_owned())];
    };
    let mut differences = Vec::new();
    let own = config.authorizer().ok();
    match own.and_then(|own| Content::of(own.key().public(), &signature)) {
        None => differences.push((true, screen.of(w::SIGN_OTHER_KEY).to_owned())),
        Some(content) => {
            differences.push(text_of(screen, config, request, theirs, &content));
            if !content.is_usual() {
                let made_with = screen.with(w::SIGN_HASH_WRONG, &[("hash", content.made_with())]);
                differences.push((true, made_with));
            }
        }
    }
    // As it was written, and not as it was read.
    let is_standard = base64::engine::general_purpose::STANDARD.decode(&theirs.signature).is_ok();
    if !is_standard {
        differences.push((true, screen.of(w::SIGN_BASE64_OTHER).to_owned()));
    }
    differences
}

fn text_of(
    screen: &Screen,
    config: &Config,
    request: &Request,
    theirs: &Header,
    content: &Content,
) -> Difference {
    let right = Signed::of(request);
    if content.is_of(&right.text()) {
        return (false, screen.of(w::SIGN_SAME).to_owned());
    }
    let origins: Vec<String> = config.hosts.iter().map(|host| host.origin.clone()).collect();
    if let Some(names) = mistakes(&right, theirs, &origins, content) {
        let what = names.iter().filter_map(|name| lists::mistake(name)).map(|what| screen.of(what));
        let what = what.collect::<Vec<_>>().join(screen.of(w::SIGN_AND));
        (true, screen.with(w::SIGN_DIFFERS, &[("what", &what)]))
    } else {
        let digest = match content {
            Content::Digest(_, digest) => hex(digest),
            Content::Pss { .. } | Content::Bare => "-".to_owned(),
        };
        let values = [("hash", content.made_with()), ("digest", &*digest)];
        (true, screen.with(w::SIGN_UNEXPLAINED, &values))
    }
}

/// The mistake whose text was signed, or the two of them.
fn mistakes(
    right: &Signed,
    theirs: &Header,
    origins: &[String],
    content: &Content,
) -> Option<Vec<&'static str>> {
    let fits = |text: &[u8]| {
        if content.is_of(text) {
            return Some(None);
        }
        let hash = super::opened::Hash::Sha256.of(text);
        let again = [hash.clone(), hex(&hash).into_bytes(), hex(&hash).to_ascii_uppercase().into_bytes()];
        again.iter().any(|again| content.is_of(again)).then_some(Some("hashed_twice"))
    };
    if let Some(twice) = fits(&right.text()) {
        return Some(twice.into_iter().collect());
    }
    let all = variants(right, theirs, origins);
    for (name, signed) in &all {
        if let Some(twice) = fits(&signed.text()) {
            return Some([*name].into_iter().chain(twice).collect());
        }
    }
    if right.body.len() > LONGEST_FOR_PAIRS {
        return None;
    }
    all.iter().find_map(|(first, signed)| {
        let second = variants(signed, theirs, origins);
        let second = second.iter().find(|(second, twice)| second != first && content.is_of(&twice.text()));
        second.map(|(second, _)| vec![*first, *second])
    })
}

/// Base64, with or without padding, also with the alphabet of URLs.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let any_padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [&alphabet::STANDARD, &alphabet::URL_SAFE];
    let mut read =
        alphabets.iter().filter_map(|alphabet| GeneralPurpose::new(alphabet, any_padding).decode(text).ok());
    read.next().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(decoded("TWFu").unwrap(), b"Man");
        assert_eq!(decoded("TWE=").unwrap(), b"Ma");
        assert_eq!(decoded("TQ").unwrap(), b"M");
        assert_eq!(decoded("-_-_").unwrap(), decoded("+/+/").unwrap());
        assert!(decoded("").is_none() && decoded("a b").is_none());
    }
}
