//! The bundle for support: what is in, what is not, and what a telephone reads.

use crate::shop::{Run, Shop, redemption, words};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use wxcoupon_sandbox::{Fault, FaultKind};

/// A shop with one redemption that is known, and one in doubt.
fn busy_shop() -> Shop {
    let shop = Shop::open();
    shop.run(&words(&redemption("AUTO_KNOWN", "KNOWN-0001"))).ends(0);
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let mut members = redemption("AUTO_OPEN", "OPEN-00001");
    members.push("--timeout-ms=1500".into());
    shop.run(&words(&members)).ends(4);
    shop.sandbox.clear_fault(fault);
    shop
}

/// The files of a ZIP archive, as another program reads it.
fn unpacked(shop: &Shop, name: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = shop.file("unpacked");
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-e"]).arg(shop.file(name)).arg(&folder);
    testkit::run(&mut python).unwrap();
    let mut test = Command::new("python3");
    testkit::run(test.args(["-m", "zipfile", "-t"]).arg(shop.file(name))).unwrap();
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.clone()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_manifest_names_every_file_with_its_digest() {
    let shop = busy_shop();
    let told = shop.run(&["bundle", "KNOWN-0001", "--out", "case.zip", "--yes", "--online"]).ends(0);
    assert!(told.complaints.contains("Written: case.zip"), "{told:?}");
    let mut files = unpacked(&shop, "case.zip");
    let manifest: Value = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "versions.json",
            "configuration.json",
            "check.json",
            "pending.json",
            "courses/KNOWN-0001.json",
            "courses/OPEN-00001.json",
            "log.jsonl"
        ]
    );
    assert_eq!(files.len(), names.len());
    for file in listed {
        let name = file["name"].as_str().unwrap();
        let content = &files[name];
        std::fs::write(shop.file("one"), content).unwrap();
        let sums = testkit::run(Command::new("sha256sum").arg(shop.file("one"))).unwrap();
        let digest = sums.split(' ').next().unwrap().to_owned();
        assert_eq!(
            (file["bytes"].as_u64(), file["sha256"].as_str()),
            (Some(content.len() as u64), Some(&*digest))
        );
        assert!(told.out.contains(name) && file["what"].is_string(), "{name} is not shown: {told:?}");
    }
    let read = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    assert_eq!(manifest["masked"]["configuration.json"], json!(["/apiv3_key", "/apiv2_key"]));
    assert_eq!(read("configuration.json")["apiv3_key"], "***");
    assert_eq!(read("configuration.json")["mchid"], shop.config()["mchid"]);
    assert_eq!(read("courses/OPEN-00001.json")["data"]["state"], "pending");
    assert_eq!(read("pending.json")["data"]["pending"], 1);
    let versions = read("versions.json");
    assert_eq!(versions["version"], env!("CARGO_PKG_VERSION"));
    assert!(versions["hosts"][0].is_string() && versions["clock"]["proven_at"].is_string(), "{versions}");
    let log = String::from_utf8(files["log.jsonl"].clone()).unwrap();
    assert!(
        log.lines()
            .any(|line| line.contains("\"number\":\"OPEN-00001\"") && line.contains("\"event\":\"call\""))
    );
}

#[test]
fn no_secret_no_openid_and_no_folder_is_in_it() {
    let shop = busy_shop();
    shop.run(&["bundle", "KNOWN-0001", "--out", "case.zip", "--yes"]).ends(0);
    // Nothing in it is compressed.
    let archive = String::from_utf8_lossy(&std::fs::read(shop.file("case.zip")).unwrap()).into_owned();
    assert!(archive.contains("KNOWN-0001"));
    for secret in crate::secrets::of(&shop) {
        assert!(!archive.contains(&secret), "{secret}");
    }
    for folder in [shop.folder(), shop.sandbox.dir()] {
        assert!(!archive.contains(folder.to_str().unwrap()), "{}", folder.display());
    }
    assert!(!archive.contains("SQLite format"), "no database");
}

#[test]
fn nothing_is_written_unasked_or_over_another_file() {
    let shop = busy_shop();
    let before = std::fs::read_dir(shop.folder()).unwrap().count();
    let told = shop.run(&["bundle"]).ends(1);
    assert!(told.out.contains("versions.json") && told.complaints.contains("--yes"), "{told:?}");
    let chinese = shop.run(&["--lang", "zh", "bundle"]).ends(1);
    assert!(chinese.out.contains("材料包括") && chinese.out.contains("不包括：密钥"), "{chinese:?}");
    assert_eq!(std::fs::read_dir(shop.folder()).unwrap().count(), before);
    std::fs::write(shop.file("mine.zip"), "mine").unwrap();
    shop.run(&["bundle", "--yes", "--out", "mine.zip"]).ends(1);
    assert_eq!(std::fs::read(shop.file("mine.zip")).unwrap(), b"mine");
    shop.run(&["bundle", "--yes"]).ends(0);
    let names = std::fs::read_dir(shop.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let made = names.filter(|name| name.to_str().unwrap().starts_with("wxcoupon-support-20")).count();
    assert_eq!(made, 1);
}

fn json_of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(files.get(name).unwrap_or_else(|| panic!("{name}: {:?}", files.keys()))).unwrap()
}

/// What is wrong with a till is what support wants to see.
#[test]
fn a_till_that_is_wrong_has_a_bundle_with_its_errors() {
    let shop = busy_shop();
    let right = shop.config();
    for (member, value) in [
        ("private_key_path", json!("missing.pem")),
        ("apiv3_key", json!("short")),
        ("a_typing_mistake", json!(1)),
    ] {
        let mut wrong = right.clone();
        wrong[member] = value;
        std::fs::write(shop.file("wxcoupon.json"), wrong.to_string()).unwrap();
        let name = format!("{member}.zip");
        let told = shop.run(&["bundle", "--yes", "--out", &name]).ends(0);
        assert!(told.complaints.contains("configuration: WXCOUPON_E_"), "{told:?}");
        let files = unpacked(&shop, &name);
        let error = json_of(&files, "errors.json")["configuration"].clone();
        assert_eq!((&error["ok"], &error["class"]), (&json!(false), &json!(2)), "{member}: {error}");
        assert_eq!(json_of(&files, "configuration.json")["mchid"], right["mchid"]);
        assert!(files.contains_key("log.jsonl") && !files.contains_key("pending.json"), "{:?}", files.keys());
        std::fs::remove_dir_all(shop.file("unpacked")).unwrap();
    }
    std::fs::write(shop.file("wxcoupon.json"), right.to_string()).unwrap();
    std::fs::write(shop.file("journal.db"), "no database").unwrap();
    shop.run(&["bundle", "--yes", "--out", "damaged.zip"]).ends(0);
    let files = unpacked(&shop, "damaged.zip");
    assert!(json_of(&files, "errors.json")["journal"]["name"].is_string());
    assert_eq!(json_of(&files, "check.json")["data"]["all_ok"], false);
    assert!(!files.contains_key("pending.json"), "an empty list would say that nothing is open");
    assert_eq!(std::fs::read(shop.file("journal.db")).unwrap(), b"no database");
}

#[test]
fn what_others_wrote_is_not_passed_on() {
    let shop = busy_shop();
    let log = std::fs::read_dir(shop.file("log")).unwrap().next().unwrap().unwrap().path();
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"at\":\"2026-12-02\",\"openid\":\"o-of-somebody\"}\nplain words of another program\n");
    std::fs::write(&log, text).unwrap();
    shop.run(&["abandon", "OPEN-00001", "--note", "/home/li/o-of-somebody decided"]).ends(0);
    shop.run(&["bundle", "OPEN-00001", "a/b", "CON", "--yes", "--out", "case.zip"]).ends(0);
    let files = unpacked(&shop, "case.zip");
    let all: String = files.values().map(|content| String::from_utf8_lossy(content).into_owned()).collect();
    assert!(!all.contains("o-of-somebody") && !all.contains("words of another program"));
    assert!(all.contains("OPEN-00001"));
    let masked = json_of(&files, "manifest.json")["masked"].clone();
    assert_eq!(masked["courses/OPEN-00001.json"], json!(["/data/note"]), "{masked}");
    assert!(masked["log.jsonl"].as_str().unwrap().starts_with("2 lines"), "{masked}");
    let odd: Vec<&String> = files.keys().filter(|name| name.starts_with("courses/")).collect();
    assert_eq!(odd.len(), 3, "{odd:?}");
    assert!(
        odd.iter().any(|name| name.starts_with("courses/a_b-")) && !files.contains_key("courses/CON.json")
    );
}

/// Half a file would be taken for a whole one.
#[cfg(unix)]
#[test]
fn a_bundle_that_cannot_be_written_leaves_nothing() {
    let shop = busy_shop();
    let mut shell = Command::new("sh");
    // Blocks of 512 bytes; the signal would end the process before it sees the failure.
    let line = "trap '' XFSZ; ulimit -f 4; exec \"$0\" bundle --yes --out case.zip --config alone.json";
    shell.args(["-c", line, env!("CARGO_BIN_EXE_wxcoupon")]).current_dir(shop.folder());
    let mut alone = shop.config();
    alone.as_object_mut().unwrap().retain(|name, _| name != "journal_path" && name != "log_path");
    std::fs::write(shop.file("alone.json"), alone.to_string()).unwrap();
    let ended = shell.output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(!shop.file("case.zip").exists());
}

#[test]
fn a_programs_bundle_is_one_line() {
    let shop = busy_shop();
    let refused = shop.run(&["--json", "bundle"]).ends(1);
    assert_eq!((refused.out.lines().count(), &refused.json()["class"]), (1, &json!(1)));
    let made = shop.run(&["--json", "bundle", "--yes", "--out", "case.zip"]).ends(0);
    assert_eq!(made.out.lines().count(), 1);
    assert_eq!((&made.json()["status"], &made.json()["file"]), (&json!(0), &json!("case.zip")));
    let again = shop.run(&["--json", "bundle", "--yes", "--out", "case.zip"]).ends(1);
    assert_eq!((again.out.lines().count(), &again.json()["ok"]), (1, &json!(false)));
}

/// The picture, as a telephone reads it: blocks are light on a dark terminal.
fn photographed(told: &Run) -> String {
    const SCALE: usize = 4;
    let lines: Vec<&str> =
        told.out.lines().take_while(|line| line.chars().all(|block| " ▀▄█".contains(block))).collect();
    let rows: Vec<Vec<bool>> = lines
        .iter()
        .flat_map(|line| {
            let upper = line.chars().map(|block| matches!(block, '▀' | '█')).collect();
            let lower = line.chars().map(|block| matches!(block, '▄' | '█')).collect();
            [upper, lower]
        })
        .collect();
    let (width, height) = (rows[0].len() * SCALE, rows.len() * SCALE);
    let brightness = |x: usize, y: usize| if rows[y / SCALE].get(x / SCALE) == Some(&true) { 255 } else { 0 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, brightness);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "{told:?}");
    grids[0].decode().unwrap().1
}

#[test]
fn one_case_is_photographed() {
    let shop = busy_shop();
    let told = shop.run(&["bundle", "--qr", "OPEN-00001"]).ends(0);
    let read = photographed(&told);
    let lines: Vec<&str> = read.lines().collect();
    assert_eq!(
        lines[0],
        format!("wxcoupon {} {}", env!("CARGO_PKG_VERSION"), shop.config()["mchid"].as_str().unwrap())
    );
    assert_eq!(lines[1], "OPEN-00001 use pending");
    assert!(lines[3].contains("127.0.0.1") && lines[3].ends_with("WXCOUPON_E_ANSWER_TIMEOUT"), "{read}");
    assert!(told.out.contains(&read), "the same text is below it");
    let known = photographed(&shop.run(&["bundle", "--qr", "KNOWN-0001"]).ends(0));
    assert!(known.contains(" 200 ") && known.ends_with("WXCOUPON_OK"), "{known}");
    shop.run(&["bundle", "--qr", "NOT-KNOWN1"]).ends(1);
}
