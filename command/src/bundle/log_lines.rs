//! The last lines of the log, as far as they are the library's own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use wxcoupon::log::file::day_of;
use wxcoupon::redact::is_key;

/// The last lines, and their bytes.
const LOG_LINES: usize = 2000;
const LOG_BYTES: usize = 1024 * 1024;

/// `2026-12-02T10:00:00.000+08:00`.
const AT_LENGTH: usize = 29;
const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];
/// What a line has.
const MEMBERS: [&str; 24] = [
    "at",
    "level",
    "pid",
    "trace",
    "event",
    "operation",
    "number",
    "status",
    "name",
    "in_doubt",
    "ms",
    "attempts",
    "attempt",
    "host",
    "http",
    "request_id",
    "verification",
    "method",
    "target",
    "field",
    "wechat",
    "settled_by",
    "recorded",
    "message",
];

/// Of all processes, in the order of time, and how many lines were left out because another program wrote them.
pub fn last_lines(folder: &Path) -> (String, usize) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(_, PathBuf)> =
        entries.filter_map(|entry| Some((day_of(entry.file_name().to_str()?)?, entry.path()))).collect();
    files.sort();
    let mut lines: Vec<String> = Vec::new();
    let (mut last_day, mut left_out) = (None, 0);
    for (day, path) in files.into_iter().rev() {
        if lines.len() >= LOG_LINES && last_day != Some(day) {
            break;
        }
        last_day = Some(day);
        let content = std::fs::read(&path).unwrap_or_default();
        let tail = content.get(content.len().saturating_sub(LOG_BYTES)..).unwrap_or_default();
        let text = String::from_utf8_lossy(tail).into_owned();
        // The first line of a tail is the rest of one.
        let is_cut = tail.len() < content.len();
        for line in text.lines().skip(usize::from(is_cut)) {
            if is_ours(line) {
                lines.push(line.to_owned());
            } else {
                left_out += 1;
            }
        }
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
    (last.into_iter().fold(String::new(), |text, line| text + line + "\n"), left_out)
}

/// Whether the library may have written it: only names and forms of its own, and nothing that may be a key.
fn is_ours(line: &str) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(line) else { return false };
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let has_form = line.starts_with("{\"at\":\"20")
        && text("at").len() == AT_LENGTH
        && text("at").ends_with("+08:00")
        && LEVELS.contains(&text("level"))
        && members.get("pid").is_some_and(Value::is_u64)
        && ["event", "message"].iter().any(|name| members.contains_key(*name));
    // These two are as long as a line of a key, and have no more than the letters of one.
    let is_short = |name: &str, text: &str| matches!(name, "request_id" | "number") && text.len() <= 64;
    let is_plain = |name: &str, value: &Value| match value {
        Value::String(text) => is_short(name, text) || !text.split_whitespace().any(is_key),
        value => value.is_number() || value.is_boolean(),
    };
    has_form && members.iter().all(|(name, value)| MEMBERS.contains(&name.as_str()) && is_plain(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "\"level\":\"info\",\"pid\":7,\"event\":\"call\"}";

    #[test]
    fn the_last_lines_of_all_processes_are_in_the_order_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let line =
            |at: u32| format!("{{\"at\":\"2026-12-02T00:{:02}:{:02}.000+08:00\",{REST}", at / 60, at % 60);
        for pid in 0..2 {
            let lines: String = (0..1500).filter(|at| at % 2 == pid).map(|at| line(at) + "\n").collect();
            std::fs::write(folder.path().join(format!("wxcoupon-2026-12-02-{pid}.log")), lines).unwrap();
        }
        let many = format!("{{\"at\":\"2026-12-01T00:00:00.000+08:00\",{REST}\n").repeat(3000);
        std::fs::write(folder.path().join("wxcoupon-2026-12-01-9.log"), many + "torn").unwrap();
        std::fs::write(folder.path().join("other.log"), "{\"secret\":1}\n").unwrap();
        let (last, left_out) = last_lines(folder.path());
        assert_eq!(left_out, 1, "the torn one");
        let last: Vec<&str> = last.lines().collect();
        assert_eq!(last.len(), LOG_LINES);
        assert_eq!(last[LOG_LINES - 1500..], (0..1500).map(line).collect::<Vec<_>>());
        assert!(last[..LOG_LINES - 1500].iter().all(|line| line.contains("12-01")));
        assert_eq!(last_lines(Path::new("/nowhere/at/all")), (String::new(), 0));
    }

    #[test]
    fn lines_of_others_are_left_out() {
        let begin = "{\"at\":\"2026-12-02T00:00:00.000+08:00\",";
        let key = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQ";
        assert!(is_ours(&format!("{begin}{REST}")));
        let id = "080103035E500B44229CC456B24389C8AA3CA93FA8-0";
        assert!(is_ours(&format!("{begin}\"request_id\":\"{id}\",{REST}")));
        for line in [
            "openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned(),
            "{}".to_owned(),
            format!("{begin}\"openid\":\"o\",{REST}"),
            format!("{begin}\"message\":\"{key}\",{REST}"),
            format!("{begin}\"target\":{{\"a\":1}},{REST}"),
            begin.replace(',', "}"),
        ] {
            assert!(!is_ours(&line), "{line}");
        }
    }
}
