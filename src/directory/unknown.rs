//! Why no coupon has a scanned text as its code, where that can be seen.

use super::Directory;
use crate::name;
use crate::scan::text;

/// A shorter text may well be a code that repeats itself.
const SHORTEST_DOUBLED: usize = 8;

/// Nothing of the text is repeated but the character at fault: it may be a payment code.
pub fn why_unknown(scanned: &str, directory: &dyn Directory) -> Option<String> {
    let read = text::readings(scanned).pop().unwrap_or_default();
    if is_doubled(&read) {
        return Some("the text is the same twice, as of two scans that were read at once".into());
    }
    let blank = || read.chars().position(|character| character == ' ').map(|at| at + 1);
    let flaw = name::flaw(&read).map(|flaw| format!("the text has {flaw}"));
    flaw.or_else(|| blank().map(|place| format!("the text has a blank inside, as character {place}"))).or_else(|| {
        let why = "the directory was damaged and begun anew, and what it knew before was not imported or told again";
        directory.was_set_aside().then(|| why.into())
    })
}

fn is_doubled(read: &str) -> bool {
    let halves = match read.split_once(text::is_appended) {
        Some((first, rest)) => Some((first, rest.trim_start_matches(text::is_appended))),
        None => read.split_at_checked(read.len() / 2),
    };
    read.len() >= SHORTEST_DOUBLED && halves.is_some_and(|(first, second)| first == second)
}
