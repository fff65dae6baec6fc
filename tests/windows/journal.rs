//! The journal of a Windows till: killed in the middle of a redemption, and under names that only Windows has.

use crate::platform::{Platform, link, on_drive_z, source};
use encoding_rs::GBK;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::run;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

on_both! {
    a_till_that_is_killed_before_its_answer_settles_one_redemption
    paths_are_those_of_windows_in_chinese_too
}

/// The till program and its folder.
struct Till<'a> {
    platform: &'a Platform,
    folder: PathBuf,
    program: PathBuf,
}

impl<'a> Till<'a> {
    fn new(platform: &'a Platform, name: &str) -> Till<'a> {
        let library = platform.library();
        let folder = platform.folder(name, &library);
        let program = folder.join("till.exe");
        let sources = [source("windows/c/till.c"), source("c/check.c")];
        link(platform.compiler("c89"), &sources, &[library.join("libwxcoupon.dll.a")], &program);
        Till { platform, folder, program }
    }

    fn with(&self, config: &Path, arguments: &[&str]) -> Command {
        self.called(self.platform.wine(&self.program), config, arguments)
    }

    fn to_kill(&self, config: &Path, arguments: &[&str]) -> Child {
        let mut command = self.called(self.platform.wine_to_kill(&self.program), config, arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    }

    fn called(&self, mut wine: Command, config: &Path, arguments: &[&str]) -> Command {
        wine.current_dir(&self.folder).arg(on_drive_z(config)).args(arguments);
        wine
    }
}

/// As a file in the folder is named on Windows.
fn named(folder: &Path, name: &str) -> String {
    on_drive_z(&folder.join(name)).replace('/', "\\")
}

fn a_till_that_is_killed_before_its_answer_settles_one_redemption(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let till = Till::new(platform, "killed");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let mut config = sandbox.config();
    config["journal_path"] = json!(named(&till.folder, "till.journal"));
    config["timeout_ms"] = json!(60_000);
    config["attempt_timeout_ms"] = json!(60_000);
    let path = till.folder.join("config.json");
    fs::write(&path, config.to_string()).unwrap();

    // One that takes effect and one that does not; of both no answer comes.
    for (round, kind) in [FaultKind::ProcessThenHang, FaultKind::Hang].into_iter().enumerate() {
        let lost = sandbox.inject(Fault::new(kind).on("use"));
        let (number, coupon) = (format!("KILLED_{round}"), format!("AUTO_KILLED_{round}"));
        let mut redeeming = till.to_kill(&path, &["use", &number, &coupon]);
        until(&mut redeeming, || sandbox.fired(lost) > 0);
        redeeming.kill().unwrap();
        redeeming.wait().unwrap();
        sandbox.clear_faults();

        let settled = run(&mut till.with(&path, &["settle"])).unwrap();
        assert!(settled.contains("\"in_doubt\":false"), "{settled}");
        let again = run(&mut till.with(&path, &["use", &number, &coupon])).unwrap();
        assert!(again.contains(&format!("\"use_request_no\":\"{number}\"")), "{again}");
        assert_eq!(sandbox.ledger().len(), round + 1, "{settled}\n{again}");
    }
}

fn until(program: &mut Child, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(program.try_wait().unwrap().is_none(), "the till ended before it was killed");
        assert!(start.elapsed() < Duration::from_secs(60), "the till never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn paths_are_those_of_windows_in_chinese_too(platform: &Platform) {
    if !platform.is_there() {
        return;
    }
    let till = Till::new(platform, "paths");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for (encoding, shop) in [("utf-8", "收银台一"), ("gbk", "收银台二")] {
        let folder = till.folder.join(shop);
        fs::create_dir(&folder).unwrap();
        let mut config = sandbox.config();
        let key = PathBuf::from(config["private_key_path"].as_str().unwrap());
        fs::copy(key, folder.join("商户密钥.pem")).unwrap();
        config["private_key_path"] = json!(named(&folder, "商户密钥.pem"));
        config["journal_path"] = json!(named(&folder, "流水.db"));
        config["text_encoding"] = json!(encoding);
        let path = till.folder.join(format!("{encoding}.json"));
        fs::write(&path, encoded(&config, encoding)).unwrap();

        let number = format!("PATHS_{encoding}");
        let answer = run(&mut till.with(&path, &["use", &number, &format!("AUTO_{number}")])).unwrap();
        assert!(answer.contains("\"ok\":true"), "{answer}");
        assert!(fs::read(folder.join("流水.db")).unwrap().starts_with(b"SQLite format 3\0"));
    }
    assert_eq!(sandbox.ledger().len(), 2);
}

fn encoded(config: &Value, encoding: &str) -> Vec<u8> {
    let text = config.to_string();
    if encoding == "gbk" { GBK.encode(&text).0.into_owned() } else { text.into_bytes() }
}
