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
    assert!(
        versions["hosts"][0]["failures"].is_u64() && versions["clock"]["proven_at"].is_string(),
        "{versions}"
    );
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
