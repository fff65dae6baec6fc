//! The archives that `make dist` makes: each is enough by itself. With `WXCOUPON_HUB`, all tests run the program of one of them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::run;

/// The archive of a platform, unpacked in an empty folder.
fn unpacked(platform: &str) -> PathBuf {
    let name = format!("wxcoupon-hub-{}-{platform}", env!("CARGO_PKG_VERSION"));
    let folder = testkit::scratch(&format!("hub-archive-{platform}"));
    let archive = testkit::target_dir().join("dist").join(format!("{name}.tar.gz"));
    run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&folder)).unwrap();
    folder.join(name)
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
#[ignore = "make dist"]
fn an_archive_has_all_that_somebody_without_this_project_needs() {
    let root = testkit::root();
    for platform in ["linux-x86_64", "linux-aarch64"] {
        let folder = unpacked(platform);
        let check = ["--check", "--strict", "--quiet", "SHA256SUMS"];
        run(Command::new("sha256sum").args(check).current_dir(&folder)).unwrap();
        for (file, source) in [
            ("README.md", "hub/README.md"),
            ("wxcoupon-hub.service", "hub/share/wxcoupon-hub.service"),
            ("docs/chain.md", "docs/chain.md"),
            ("docs/zh/chain.md", "docs/zh/chain.md"),
            ("docs/hub-protocol.md", "docs/hub-protocol.md"),
            ("hub/examples/redeem.php", "hub/examples/redeem.php"),
        ] {
            assert_eq!(text(&folder, file), text(root, source));
        }
        let info = text(&folder, "BUILD-INFO");
        assert!(info.contains("\nglibc        2.17 or later\n"), "{info}");
        let licences = text(&folder, "THIRD-PARTY.txt");
        for part in
            ["aws-lc-sys ", "axum ", "rustls ", "tokio-postgres ", "SQLite 3.", "Rust standard library"]
        {
            assert!(licences.contains(part), "THIRD-PARTY.txt does not name {part}");
        }
        let bill: Value = serde_json::from_str(&text(&folder, "sbom.cdx.json")).unwrap();
        for name in ["aws-lc-rs", "tokio-postgres", "rust-std"] {
            let components = bill["components"].as_array().unwrap();
            assert!(components.iter().any(|component| component["name"] == name), "no {name}");
        }
        // Whose machine it was built on is nobody's business.
        let program = fs::read(folder.join("wxcoupon-hub")).unwrap();
        let home = root.as_os_str().as_encoded_bytes();
        assert!(!program.windows(home.len()).any(|part| part == home), "it names {}", root.display());
    }
}
