//! What an archive says about itself.

use super::{PLATFORMS, text, unpacked};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::root;
use testkit::run;

#[test]
fn all_that_is_packed_is_tested() {
    let script = text(root(), "tools/build/platform.sh");
    let packed =
        script.lines().find_map(|line| line.strip_prefix("platforms='")?.strip_suffix('\'')).unwrap();
    assert_eq!(packed.split(' ').collect::<Vec<_>>(), PLATFORMS);
}

#[test]
fn their_books_are_in_order() {
    for platform in PLATFORMS {
        let Some(folder) = unpacked(platform) else { continue };
        run(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder))
            .unwrap();
        for file in [
            "README.md",
            "README.zh-CN.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "docs/answers.md",
            "docs/zh/quickstart-windows.md",
            "docs/images/course.zh.svg",
            "include/wxcoupon.h.zh.md",
            "include/wxcoupon.json",
        ] {
            assert_eq!(text(folder, file), text(root(), file), "{platform}: {file}");
        }
        let info = text(folder, "BUILD-INFO");
        let says = |line: &str| info.lines().any(|found| found == line);
        assert!(info.contains(&format!("\nplatform     {platform} (")), "{info}");
        let windows = platform.starts_with("windows");
        if windows {
            assert!(info.to_ascii_lowercase().contains("needs        advapi32.dll "), "{info}");
        } else if platform.ends_with("musl") {
            assert!(info.contains("needs        nothing"), "{info}");
        } else {
            assert!(says("soname       libwxcoupon.so.1") && says("glibc        2.17 or later"), "{info}");
            let link = fs::read_link(folder.join("lib/libwxcoupon.so")).unwrap();
            assert_eq!(link, Path::new("libwxcoupon.so.1"));
        }
        let bill: Value = serde_json::from_str(&text(folder, "sbom.cdx.json")).unwrap();
        let target = bill.pointer("/metadata/properties/0/value").and_then(Value::as_str).unwrap();
        assert!(info.contains(&format!("({target})")), "{info}");
        assert_eq!(target.contains("windows"), windows);
    }
}

/// Whoever has the archive alone can follow every link of its pages, but for folders of sources.
#[test]
fn links_lead_somewhere_within_the_archive() {
    let Some(folder) = unpacked("linux-x86_64") else { return };
    let sources = ["testkit", "data"];
    let broken = testkit::pages::broken_links(folder);
    let broken: Vec<_> =
        broken.iter().filter(|link| !sources.iter().any(|name| link.ends_with(name))).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_bill_of_materials_names_all_that_is_linked_with_its_licence() {
    for platform in PLATFORMS {
        if let Some(folder) = unpacked(platform) {
            let components = assert_bill_is_complete(folder);
            let aws_lc = components.iter().any(|component| component["name"] == "aws-lc-sys");
            assert_eq!(aws_lc, platform == "linux-x86_64", "{platform}");
        }
    }
}

fn assert_bill_is_complete(folder: &Path) -> Vec<Value> {
    let bill: Value = serde_json::from_str(&text(folder, "sbom.cdx.json")).unwrap();
    // What the schema of CycloneDX 1.5 requires.
    assert_eq!(bill.pointer("/bomFormat").unwrap(), "CycloneDX");
    assert_eq!(bill.pointer("/specVersion").unwrap(), "1.5");
    let texts = text(folder, "THIRD-PARTY.txt");
    let components = bill.pointer("/components").and_then(Value::as_array).unwrap();
    let member = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap().to_owned();
    let mut references = vec![member(bill.pointer("/metadata/component").unwrap(), "bom-ref")];
    for component in components {
        let (name, version) = (member(component, "name"), member(component, "version"));
        let kind = if name == "wxcoupon-command" { "application" } else { "library" };
        assert_eq!(member(component, "type"), kind);
        assert!(component.pointer("/licenses/0").is_some(), "{name} has no licence");
        if kind == "library" && member(component, "purl").starts_with("pkg:cargo/") {
            let digest = component.pointer("/hashes/0/content").and_then(Value::as_str).unwrap();
            assert_eq!(digest.len(), 64, "{name}");
            assert!(texts.contains(&format!("\n  {name} {version}: ")), "{name} is not in THIRD-PARTY.txt");
            assert!(texts.contains(&format!("\n{name} {version}, ")), "no licence text of {name}");
        }
        references.push(member(component, "bom-ref"));
    }
    for needed in ["ring", "wxcoupon-command", "clap_builder", "rusqlite", "sqlite", "rustls", "rust-std"] {
        assert!(components.iter().any(|component| member(component, "name") == needed), "no {needed}");
    }
    for tool in ["serde_derive", "openssl", "proptest", "cbindgen"] {
        assert!(
            !components.iter().any(|component| member(component, "name") == tool),
            "{tool} is not linked"
        );
    }
    for edge in bill.pointer("/dependencies").and_then(Value::as_array).unwrap() {
        let targets = edge.get("dependsOn").and_then(Value::as_array).into_iter().flatten();
        for reference in targets.chain(edge.get("ref")) {
            assert!(references.iter().any(|known| reference == known), "{reference} is no component");
        }
    }
    for part in ["BoringSSL", "the fiat-crypto authors", "SQLite 3.", "Rust standard library"] {
        assert!(texts.contains(part), "THIRD-PARTY.txt does not name {part}");
    }
    components.clone()
}

#[test]
fn the_command_is_in_each_with_what_belongs_to_it() {
    for platform in PLATFORMS {
        let Some(folder) = unpacked(platform) else { continue };
        let files: &[&str] = if platform.starts_with("windows") {
            &["bin/wxcoupon.exe", "share/powershell/wxcoupon.ps1"]
        } else {
            &[
                "bin/wxcoupon",
                "share/bash-completion/completions/wxcoupon",
                "share/zsh/site-functions/_wxcoupon",
                "share/fish/vendor_completions.d/wxcoupon.fish",
                "share/man/man1/wxcoupon.1",
                "share/man/zh_CN/man1/wxcoupon.1",
            ]
        };
        for file in files {
            let length = fs::metadata(folder.join(file)).map(|found| found.len());
            assert!(length.is_ok_and(|length| length > 1000), "{platform}: {file}");
        }
    }
}
