//! A shop: a folder with a configuration, a sandbox, and the command in it.

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use testkit::till::{self, PRODUCT, STOCK, unhurried};
use wxcoupon_sandbox::Sandbox;

pub struct Shop {
    pub sandbox: Sandbox,
    folder: TempDir,
}

/// What a run printed, and how it ended.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub complaints: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(self.out.trim_end()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The exit status is as expected.
    pub fn ends(self, status: i32) -> Run {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "exit {}\n--- out\n{}--- err\n{}", self.status, self.out, self.complaints)
    }
}

impl Shop {
    /// With journal and log beside the configuration.
    pub fn open() -> Shop {
        Shop::with(&json!({ "journal_path": "journal.db", "log_path": "log" }))
    }

    pub fn with(changes: &Value) -> Shop {
        let sandbox = Sandbox::start(wxcoupon_sandbox::Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = unhurried(&till::config_with(&sandbox, changes));
        std::fs::write(folder.path().join("wxcoupon.json"), config.to_string()).unwrap();
        Shop { sandbox, folder }
    }

    /// The same after its first redemption: there is a journal.
    pub fn in_use() -> Shop {
        let shop = Shop::open();
        shop.run(&words(&redemption("AUTO_FIRST", "FIRST-0001"))).ends(0);
        shop
    }

    /// The command, to be run in the folder in English.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wxcoupon"));
        for name in ["LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "WXCOUPON_CONFIG", "WXCOUPON_PASSPHRASE"] {
            command.env_remove(name);
        }
        command.current_dir(self.folder());
        command
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn config(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file("wxcoupon.json")).unwrap()).unwrap()
    }

    /// Runs the command in the folder, in English.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "", &[])
    }

    pub fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Run {
        let mut command = self.command();
        command.args(arguments).envs(environment.iter().copied());
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A run that reads no input may have ended already.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let output = process.wait_with_output().unwrap();
        Run {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            complaints: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The file of a key of the sandbox.
    pub fn key_file(&self, name: &str) -> String {
        self.sandbox.description()["files"][name].as_str().unwrap().to_owned()
    }
}

/// The members of a coupon, as arguments.
pub fn coupon(code: &str) -> Vec<String> {
    vec![
        format!("openid={}", till::OPENID),
        format!("coupon_code={code}"),
        format!("product_coupon_id={PRODUCT}"),
        format!("stock_id={STOCK}"),
    ]
}

/// A right redemption, as arguments.
pub fn redemption(code: &str, number: &str) -> Vec<String> {
    let mut members = vec!["use".to_owned()];
    members.extend(coupon(code));
    members.push(format!("out_request_no={number}"));
    members.push("associated_order_info.transaction_id=4200000000123456789123456789".into());
    members
}

/// As [`Shop::run`] takes them.
pub fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

pub fn has_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter))
}
