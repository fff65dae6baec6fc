//! What goes into the bundle.

use super::mask::{self, Folders};
use super::zip::File;
use crate::answer::data;
use crate::setup::Setup;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wxcoupon::client::Client;
use wxcoupon::log::file::day_of;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;

/// The courses of at most this many open requests.
const COURSES: usize = 200;
/// The last lines of the log, and their bytes.
const LOG_LINES: usize = 2000;
const LOG_BYTES: usize = 1024 * 1024;

/// The files, and what was masked in them.
pub struct Gathered {
    pub files: Vec<File>,
    pub masked: Vec<String>,
}

/// Gathers it. A journal that cannot be read is a finding too, so nothing here fails.
pub fn gather(setup: &Setup, client: &Client, numbers: &[&String], is_online: bool) -> Gathered {
    let folders = Folders::of(&setup.text, &setup.path);
    let (configuration, masked) = mask::configuration(&setup.text);
    let mut versions = data(&client.surroundings()).unwrap_or_default();
    if let Some(versions) = versions.as_object_mut() {
        versions.insert("abi".into(), wxcoupon::ffi::WXCOUPON_ABI_VERSION.into());
        versions.insert("command".into(), env!("CARGO_PKG_VERSION").into());
    }
    let input = json!({ "online": is_online }).to_string();
    let pending = client.pending();
    let mut files = vec![
        as_file("versions.json", &versions),
        as_file("configuration.json", &configuration),
        as_file("check.json", &whole(&client.check(Some(&input), &Cancel::never()))),
        as_file("pending.json", &whole(&pending)),
    ];
    let mut wanted: Vec<String> = numbers.iter().map(|number| (*number).clone()).collect();
    wanted.extend(open_numbers(&data(&pending).unwrap_or_default()));
    let mut seen = std::collections::BTreeSet::new();
    for number in wanted.into_iter().filter(|number| seen.insert(number.clone())) {
        files.push(as_file(&format!("courses/{}.json", safe(&number)), &whole(&client.course(&number))));
    }
    if let Some(folder) = &setup.config.log_path {
        files.push(File { name: "log.jsonl".into(), content: last_lines(folder).into_bytes() });
    }
    for file in &mut files {
        let text = String::from_utf8_lossy(&file.content).into_owned();
        file.content = folders.leave_out(&text).into_bytes();
    }
    Gathered { files, masked }
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

/// A number that the journal does not hold may be anything.
fn safe(number: &str) -> String {
    let is_fine = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    number.chars().filter(is_fine).take(128).collect()
}

/// Of all processes, in the order of time.
fn last_lines(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(_, PathBuf)> =
        entries.filter_map(|entry| Some((day_of(entry.file_name().to_str()?)?, entry.path()))).collect();
    files.sort();
    let mut lines: Vec<String> = Vec::new();
    let mut last_day = None;
    for (day, path) in files.into_iter().rev() {
        if lines.len() >= LOG_LINES && last_day != Some(day) {
            break;
        }
        last_day = Some(day);
        let content = std::fs::read(&path).unwrap_or_default();
        let tail = content.get(content.len().saturating_sub(LOG_BYTES)..).unwrap_or_default();
        let text = String::from_utf8_lossy(tail).into_owned();
        // The first one may be cut.
        lines.extend(
            text.lines().filter(|line| line.starts_with('{') && line.ends_with('}')).map(str::to_owned),
        );
    }
    // Each begins with its time.
    lines.sort();
    let mut bytes = 0;
    let is_wanted = |line: &&String| {
        bytes += line.len() + 1;
        bytes <= LOG_BYTES
    };
    let mut last: Vec<&String> = lines.iter().rev().take(LOG_LINES).take_while(is_wanted).collect();
    last.reverse();
    last.into_iter().fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_all_processes_are_in_the_order_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let line = |at: u32| format!("{{\"at\":\"2026-12-02T00:{:02}:{:02}\"}}", at / 60, at % 60);
        for pid in 0..2 {
            let lines: String = (0..1500).filter(|at| at % 2 == pid).map(|at| line(at) + "\n").collect();
            std::fs::write(folder.path().join(format!("wxcoupon-2026-12-02-{pid}.log")), lines).unwrap();
        }
        let many: String = (0..3000).map(|_| "{\"at\":\"2026-12-01T\"}\n").collect();
        std::fs::write(folder.path().join("wxcoupon-2026-12-01-9.log"), many + "torn").unwrap();
        std::fs::write(folder.path().join("other.log"), "{\"secret\":1}\n").unwrap();
        let last = last_lines(folder.path());
        let last: Vec<&str> = last.lines().collect();
        assert_eq!(last.len(), LOG_LINES);
        assert_eq!(last[LOG_LINES - 1500..], (0..1500).map(line).collect::<Vec<_>>());
        assert!(last[..LOG_LINES - 1500].iter().all(|line| line.contains("12-01")));
        assert_eq!(last_lines(Path::new("/nowhere/at/all")), "");
    }
}
