//! The configuration without secrets, and texts without the folders of this machine.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Members whose values are shown. Everything else is masked, so that a member of a later version is no leak.
const SHOWN: [&str; 23] = [
    "mode",
    "mchid",
    "brand_id",
    "base_urls",
    "hub_urls",
    "till_id",
    "defaults",
    "appid",
    "store_id",
    "timeout_ms",
    "connect_timeout_ms",
    "attempt_timeout_ms",
    "max_rate_per_s",
    "text_encoding",
    "user_agent_suffix",
    "journal_keep_days",
    "journal_replays",
    "quote",
    "rounding",
    "threshold_on",
    "past_midnight",
    "bundle_index_base",
    "directory",
];

/// Members that the library takes in the form of such a number alone. One of them is as long as a line of a key.
const CHECKED: [&str; 2] = ["merchant_serial_no", "wechatpay_public_key_id"];

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// The configuration as it may be shown, and the JSON pointers of what was masked.
pub fn configuration(text: &str) -> (Value, Vec<String>) {
    let mut masked = Vec::new();
    let members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    (object(members, "", &mut masked), masked)
}

fn object(members: Map<String, Value>, at: &str, masked: &mut Vec<String>) -> Value {
    let shown = members.into_iter().map(|(name, value)| {
        // A key that was pasted in the place of a name.
        let name = if wxcoupon::redact::may_be_a_key(&name) { MASK.to_owned() } else { name };
        let pointer = format!("{at}/{name}");
        let value = match value {
            Value::Null => Value::Null,
            Value::Object(inner) if SHOWN.contains(&name.as_str()) => object(inner, &pointer, masked),
            value if CHECKED.contains(&name.as_str()) => value,
            value if SHOWN.contains(&name.as_str()) => without_credentials(value, &pointer, masked),
            value if is_path(&name, &value) => names_alone(value),
            _ => {
                masked.push(pointer);
                MASK.into()
            }
        };
        (name, value)
    });
    Value::Object(shown.collect())
}

/// A path, or a list of paths. One of a store on the network may hold a password.
fn is_path(name: &str, value: &Value) -> bool {
    let is_local = |value: &Value| value.as_str().is_some_and(|text| !text.contains("://"));
    let is_named_so = name.ends_with("_path") || name == "platform_certificates";
    is_named_so && (is_local(value) || value.as_array().is_some_and(|items| items.iter().all(is_local)))
}

fn names_alone(value: Value) -> Value {
    match value {
        Value::String(path) => file_name(&path).into(),
        Value::Array(items) => items.into_iter().map(names_alone).collect(),
        other => other,
    }
}

/// The last part, of a path of Windows on Linux too.
fn file_name(path: &str) -> &str {
    let path = path.trim_end_matches(['/', '\\']);
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// A text that was pasted into the wrong member may be a key, and an address may hold a password.
fn without_credentials(value: Value, at: &str, masked: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) if wxcoupon::redact::may_be_a_key(&text) || text.contains('@') => {
            masked.push(at.to_owned());
            MASK.into()
        }
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| without_credentials(item, &format!("{at}/{index}"), masked))
            .collect(),
        other => other,
    }
}

/// The folders that texts may name: those of the configured files, and where this runs.
pub struct Folders(Vec<String>);

impl Folders {
    /// Those of this configuration.
    pub fn of(config_text: &str, config_path: &Path) -> Folders {
        let members: Map<String, Value> = serde_json::from_str(config_text).unwrap_or_default();
        let mut paths: Vec<PathBuf> = vec![config_path.to_owned(), PathBuf::from(".").join("x")];
        for (name, value) in &members {
            let texts = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
            if is_path(name, value) {
                paths.extend(texts.into_iter().filter_map(Value::as_str).map(PathBuf::from));
            }
        }
        let mut folders: Vec<String> = Vec::new();
        for path in paths {
            for path in
                [std::path::absolute(&path).ok(), path.canonicalize().ok(), Some(path)].into_iter().flatten()
            {
                let above = path.ancestors().skip(1).filter(|folder| folder.components().count() > 1);
                folders.extend(above.map(|folder| folder.display().to_string()));
            }
        }
        // The longest first, so that nothing is left of it.
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        folders.dedup();
        Folders(folders)
    }

    /// The text with the names of files alone.
    pub fn leave_out(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for folder in &self.0 {
            // In JSON a backslash is written twice.
            for folder in [folder.clone(), folder.replace('\\', "\\\\")] {
                for separator in ["/", "\\\\", "\\"] {
                    text = text.replace(&format!("{folder}{separator}"), "");
                }
                text = text.replace(&folder, "…");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_known_members_are_shown() {
        let text = json!({
            "mchid": "1900000001", "apiv3_key": "k", "private_key_path": "C:\\till\\key.pem", "private_key_pem": "p",
            "journal_path": "postgres://u:secret@h/db", "platform_certificates": ["/a/b.pem"], "till_key": "t",
            "proxy": "http://u:p@h", "a_later_member": "?", "defaults": { "appid": "wx1", "other": "o" },
            "base_urls": ["https://h", "https://u:p@h"], "store_id": "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQ",
        })
        .to_string();
        let (shown, masked) = configuration(&text);
        assert_eq!(
            shown,
            json!({
                "mchid": "1900000001", "apiv3_key": "***", "private_key_path": "key.pem", "private_key_pem": "***",
                "journal_path": "***", "platform_certificates": ["b.pem"], "till_key": "***",
                "proxy": "***", "a_later_member": "***", "defaults": { "appid": "wx1", "other": "***" },
                "base_urls": ["https://h", "***"], "store_id": "***",
            })
        );
        let expected = [
            "/apiv3_key",
            "/private_key_pem",
            "/journal_path",
            "/till_key",
            "/proxy",
            "/a_later_member",
            "/defaults/other",
            "/base_urls/1",
            "/store_id",
        ];
        assert_eq!(masked, expected);
    }

    /// A configuration that the library refuses is shown, too.
    #[test]
    fn a_key_in_the_place_of_a_name_is_masked() {
        let key = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQ";
        let (shown, masked) = configuration(&json!({ key: "x" }).to_string());
        assert_eq!((shown, masked), (json!({ "***": "***" }), vec!["/***".to_owned()]));
    }

    #[test]
    fn folders_are_left_out_and_names_stay() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("shop/journal.db");
        let config = json!({ "journal_path": journal }).to_string();
        let folders = Folders::of(&config, Path::new("wxcoupon.json"));
        let told = folders.leave_out(&format!("{} and {}", journal.display(), folder.path().display()));
        assert!(
            told.starts_with("journal.db and ") && !told.contains(&*folder.path().to_string_lossy()),
            "{told}"
        );
        assert_eq!(folders.leave_out("POST /v3/marketing/partner"), "POST /v3/marketing/partner");
    }
}
