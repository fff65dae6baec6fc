//! What goes into the bundle.

use super::mask::{self, Folders};
use super::zip::File;
use crate::answer::data;
use crate::check::with_journal;
use crate::digest::sha256;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::setup::Setup;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wxcoupon::client::Client;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;

/// The courses of at most this many open requests.
const COURSES: usize = 200;

/// The files, and what was masked in them.
pub struct Gathered {
    pub files: Vec<File>,
    /// By the file.
    pub masked: Map<String, Value>,
    /// What could not be gathered.
    pub problems: Vec<String>,
}

/// Where it is gathered from. What is wrong with a till is what support wants to see, so only a file that cannot be read is an
/// end.
pub struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    pub setup: Result<Setup, Failure>,
}

/// Gathers what can be had.
pub fn gather(screen: &Screen, source: Source<'_>, numbers: &[&String], is_online: bool) -> Gathered {
    let folders = Folders::of(source.text, source.path);
    let (configuration, masked) = mask::configuration(source.text);
    let mut gathered = Gathered { files: Vec::new(), masked: Map::new(), problems: Vec::new() };
    gathered.masked.insert("configuration.json".into(), masked.into());
    let mut errors = Vec::new();
    let mut hidden = Vec::new();
    let mut log_path = log_path_of(source.text);
    match source.setup {
        Ok(setup) => {
            hidden.extend(setup.config.proxy.as_ref().map(ToString::to_string));
            log_path.clone_from(&setup.config.log_path);
            let opened = match setup.config.journal.place {
                Some(_) => setup.client_with_journal(screen),
                None => setup.client(),
            };
            match opened {
                Ok(client) => of_client(&mut gathered, &client, numbers, is_online, None),
                Err(failure) => {
                    let why = failure.message();
                    // An empty journal would say that nothing is open, so there are no lists then.
                    match setup.client_without_journal() {
                        Ok(client) => of_client(&mut gathered, &client, numbers, is_online, Some(&why)),
                        Err(other) => errors.push(("context", other)),
                    }
                    errors.push(("journal", failure));
                }
            }
        }
        Err(failure) => errors.push(("configuration", failure)),
    }
    if gathered.files.is_empty() {
        gathered.files.push(as_file("versions.json", &versions(&Value::Null)));
    }
    gathered.files.insert(1, as_file("configuration.json", &configuration));
    if let Some(folder) = log_path {
        let (lines, left_out) = super::log_lines::last_lines(&folder);
        gathered.files.push(File { name: "log.jsonl".into(), content: lines.into_bytes() });
        if left_out > 0 {
            let told = format!("{left_out} lines that are not the library's were left out");
            gathered.masked.insert("log.jsonl".into(), told.into());
        }
    }
    gathered.problems =
        errors.iter().map(|(what, failure)| format!("{what}: {}", failure.message())).collect();
    if !errors.is_empty() {
        let told: Map<String, Value> =
            errors.into_iter().map(|(what, failure)| (what.to_owned(), whole(&failure.report()))).collect();
        gathered.files.push(as_file("errors.json", &Value::Object(told)));
    }
    for file in &mut gathered.files {
        let mut text = folders.leave_out(&String::from_utf8_lossy(&file.content));
        for name in &hidden {
            if text.contains(name.as_str()) {
                text = text.replace(name.as_str(), mask::MASK);
                gathered.masked.insert(file.name.clone(), json!(["the proxy's name"]));
            }
        }
        file.content = text.into_bytes();
    }
    gathered
}

/// What a context knows. `without`: why its journal could not be opened.
fn of_client(
    gathered: &mut Gathered,
    client: &Client,
    numbers: &[&String],
    is_online: bool,
    without: Option<&str>,
) {
    let input = json!({ "online": is_online }).to_string();
    let check = client.check(Some(&input), &Cancel::never());
    let check = match without {
        Some(why) => with_journal(check, why),
        None => check,
    };
    gathered
        .files
        .push(as_file("versions.json", &versions(&data(&client.surroundings()).unwrap_or_default())));
    gathered.files.push(as_file("check.json", &whole(&check)));
    if without.is_some() {
        return;
    }
    let pending = client.pending();
    gathered.files.push(as_file("pending.json", &whole(&pending)));
    let mut wanted: Vec<String> = numbers.iter().map(|number| (*number).clone()).collect();
    wanted.extend(open_numbers(&data(&pending).unwrap_or_default()));
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    for number in wanted.into_iter().filter(|number| seen.insert(number.clone())) {
        let name = format!("courses/{}.json", file_name(&number, &mut names));
        let mut course = whole(&client.course(&number));
        if let Some(note) = course.pointer_mut("/data/note") {
            // People write anything there: who decided, for whom.
            *note = mask::MASK.into();
            gathered.masked.insert(name.clone(), json!(["/data/note"]));
        }
        gathered.files.push(as_file(&name, &course));
    }
}

/// The memory of the hosts is that of this process, which has just begun, so it is left out.
fn versions(surroundings: &Value) -> Value {
    let mut versions = surroundings.as_object().cloned().unwrap_or_default();
    for host in versions.get_mut("hosts").and_then(Value::as_array_mut).into_iter().flatten() {
        *host = host.get("host").cloned().unwrap_or_default();
    }
    versions.entry("system").or_insert_with(|| std::env::consts::OS.into());
    versions.entry("processor").or_insert_with(|| std::env::consts::ARCH.into());
    versions.insert("abi".into(), wxcoupon::ffi::WXCOUPON_ABI_VERSION.into());
    versions.insert("command".into(), env!("CARGO_PKG_VERSION").into());
    Value::Object(versions)
}

/// Of a configuration that is wrong elsewhere.
fn log_path_of(text: &str) -> Option<PathBuf> {
    let members: Value = serde_json::from_str(text).ok()?;
    Some(PathBuf::from(members.get("log_path")?.as_str()?))
}

fn whole(report: &Report) -> Value {
    serde_json::from_str(&report.to_json()).unwrap_or_default()
}

fn as_file(name: &str, value: &Value) -> File {
    File { name: name.to_owned(), content: serde_json::to_vec_pretty(value).unwrap_or_default() }
}

fn open_numbers(pending: &Value) -> Vec<String> {
    let rows = ["requests", "unresolved"].into_iter().filter_map(|name| pending.get(name)?.as_array());
    let numbers = rows.flatten().filter_map(|row| row.get("out_request_no")?.as_str());
    numbers.take(COURSES).map(str::to_owned).collect()
}

/// The number, as far as every system takes it as the name of a file, and a digest where that is not the whole number. Windows
/// does not tell large letters from small ones.
fn file_name(number: &str, taken: &mut BTreeSet<String>) -> String {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let name: String =
        number.chars().map(|letter| if is_fine(letter) { letter } else { '_' }).take(100).collect();
    let upper = name.to_ascii_uppercase();
    let is_device = matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || upper.len() == 4 && (upper.starts_with("COM") || upper.starts_with("LPT"));
    if name == number && !name.is_empty() && !is_device && taken.insert(upper) {
        return name;
    }
    let digest: String = sha256(number.as_bytes()).chars().take(12).collect();
    format!("{name}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_a_file_that_every_system_can_make() {
        let mut taken = BTreeSet::new();
        let names = ["SALE-1", "sale-1", "", "CON", "com1", "a/b", "ab", "../x", "券"];
        let names: Vec<String> = names.iter().map(|number| file_name(number, &mut taken)).collect();
        assert_eq!((names[0].as_str(), names[6].as_str()), ("SALE-1", "ab"));
        let distinct: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        for (at, begin) in
            [(1, "sale-1-"), (2, "-"), (3, "CON-"), (4, "com1-"), (5, "a_b-"), (7, "___x-"), (8, "_-")]
        {
            assert!(names[at].starts_with(begin), "{names:?}");
        }
    }
}
