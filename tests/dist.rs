//! The archive that ships: packed twice it is the same, its books are in order, and it is enough by itself.
//!
//! That two builds are the same too is compared by tools/reproduce.sh, which takes two release builds.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::foreign::Installed;
use support::library::{release, target_dir};
use support::sandbox::sandbox;
use support::toolchain::{compile, have};
use support::{limited, root, run, scratch};

const TOOLS: &[&str] = &["jq", "objdump", "strip", "tar", "gzip", "sha256sum", "git"];

/// Packs the library and answers the archive.
fn pack(out: &Path, environment: &[(&str, &str)]) -> PathBuf {
    let mut pack = Command::new(root().join("tools/pack.sh"));
    // From the root of the file system: the script must not rely on where it is called.
    pack.current_dir("/").arg("linux-x86_64").arg(&release().folder).arg(out);
    run(pack.env("CARGO_TARGET_DIR", target_dir()).envs(environment.iter().copied())).unwrap();
    let name = format!("wxcoupon-{}-linux-x86_64.tar.gz", env!("CARGO_PKG_VERSION"));
    out.join(name)
}

/// The archive, unpacked in an empty folder; none where a tool is missing.
fn unpacked() -> Option<&'static Path> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if !TOOLS.iter().copied().all(have) {
        return None;
    }
    let folder = FOLDER.get_or_init(|| {
        let archive = pack(&scratch("dist-out"), &[]);
        let folder = scratch("dist-unpacked");
        run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&folder)).unwrap();
        folder.join(format!("wxcoupon-{}-linux-x86_64", env!("CARGO_PKG_VERSION")))
    });
    Some(folder)
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| format!("{file}: {error}"))
}

#[test]
fn packing_again_elsewhere_gives_the_same_bytes() {
    if !TOOLS.iter().copied().all(have) {
        return;
    }
    let here = pack(&scratch("dist-first"), &[]);
    let there = pack(
        &scratch("dist-second"),
        &[("TZ", "Asia/Shanghai"), ("LC_ALL", "C.UTF-8"), ("TMPDIR", env!("CARGO_TARGET_TMPDIR"))],
    );
    assert!(fs::read(here).unwrap() == fs::read(there).unwrap(), "the two archives differ");
}

#[test]
fn the_wheel_made_again_elsewhere_has_the_same_bytes() {
    if !have("python3") || !have("git") {
        return;
    }
    let wheel = |name: &str, environment: &[(&str, &str)]| {
        let folder = scratch(name);
        let mut make = limited(100, root().join("tools/wheel.sh"));
        make.current_dir("/").arg(release().shared()).arg(&folder).envs(environment.iter().copied());
        run(&mut make).unwrap();
        let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
        (entry.file_name(), fs::read(entry.path()).unwrap())
    };
    let there = [("TZ", "Asia/Shanghai"), ("LC_ALL", "C.UTF-8"), ("TMPDIR", env!("CARGO_TARGET_TMPDIR"))];
    assert!(wheel("wheel-first", &[]) == wheel("wheel-second", &there), "the two wheels differ");
}

#[test]
fn its_books_are_in_order() {
    let Some(folder) = unpacked() else { return };
    run(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder)).unwrap();
    for file in ["README.md", "README.zh-CN.md", "LICENSE-MIT", "LICENSE-APACHE", "docs/answers.md"] {
        assert_eq!(text(folder, file), text(root(), file), "{file}");
    }
    let link = fs::read_link(folder.join("lib/libwxcoupon.so")).unwrap();
    assert_eq!(link, Path::new("libwxcoupon.so.1"));
    let info = text(folder, "BUILD-INFO");
    let floor = info.lines().find(|line| line.starts_with("glibc        2."));
    assert!(floor.is_some_and(|line| line.ends_with(" or later")), "{info}");
}

#[test]
fn the_bill_of_materials_names_all_that_is_linked_with_its_licence() {
    let Some(folder) = unpacked() else { return };
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
        assert_eq!(member(component, "type"), "library");
        assert!(component.pointer("/licenses/0").is_some(), "{name} has no licence");
        if member(component, "purl").starts_with("pkg:cargo/") {
            let digest = component.pointer("/hashes/0/content").and_then(Value::as_str).unwrap();
            assert_eq!(digest.len(), 64, "{name}");
            assert!(texts.contains(&format!("\n  {name} {version}: ")), "{name} is not in THIRD-PARTY.txt");
            assert!(texts.contains(&format!("\n{name} {version}, ")), "no licence text of {name}");
        }
        references.push(member(component, "bom-ref"));
    }
    for needed in ["ring", "rusqlite", "sqlite", "rustls", "rust-std"] {
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
}

/// A compiler that knows no folder but the archive's.
fn archive_compiler(folder: &Path) -> Command {
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c89", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"]).arg(folder.join("include"));
    gcc
}

#[test]
fn a_c_program_is_built_from_it_alone_and_redeems() {
    let Some(folder) = unpacked() else { return };
    if !have("gcc") {
        return;
    }
    let (out, source) = (scratch("dist-c"), folder.join("examples-c/01_redeem.c"));
    let (shared, fixed) = (out.join("shared"), out.join("static"));
    compile(archive_compiler(folder), &[&source], Some(&folder.join("lib")), &shared).unwrap();
    let mut linking = archive_compiler(folder);
    linking.arg("-DWXCOUPON_STATIC").arg(&source).arg(folder.join("lib/libwxcoupon.a"));
    run(linking.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&fixed)).unwrap();
    for (program, code) in [(shared, "AUTO_DIST_SHARED"), (fixed, "AUTO_DIST_STATIC")] {
        let printed = run(limited(60, &program).arg(&sandbox().config).arg(code)).unwrap();
        assert!(printed.contains("WXCOUPON_E_COUPON_STATE"), "{printed}");
        assert!(printed.contains("优惠券已被使用"), "{printed}");
    }
}

/// Unpacked anywhere, it is found where `PKG_CONFIG_PATH` and `CMAKE_PREFIX_PATH` point.
#[test]
fn pkg_config_and_cmake_find_it() {
    let Some(folder) = unpacked() else { return };
    if !["gcc", "g++", "cmake", "pkg-config", "readelf", "ldd"].into_iter().all(have) {
        return;
    }
    let (archive, out) = (Installed::at(folder), scratch("dist-foreign"));
    archive.assert_pkg_config_works(&out);
    archive.assert_cmake_works(&out, "1");
}

#[test]
fn its_python_package_redeems_with_its_library() {
    let Some(folder) = unpacked() else { return };
    if !have("python3") {
        return;
    }
    let program = "import sys, wxcoupon\n\
        sale = dict(openid='oSandboxUser0000000000000001', coupon_code='AUTO_DIST_PACKAGE',\n\
        \x20   product_coupon_id='1000000013', stock_id='1000000013001', out_request_no='DIST_PACKAGE_1',\n\
        \x20   associated_order_info=dict(transaction_id='4200002812202508031234567890'))\n\
        with wxcoupon.Context.from_file(sys.argv[1]) as till:\n\
        \x20   print(wxcoupon.__file__, till.use(sale)['data']['coupon_state'])\n";
    let mut python = limited(60, "python3");
    python.args(["-c", program]).arg(&sandbox().config).env("PYTHONDONTWRITEBYTECODE", "1");
    python.env("PYTHONPATH", folder.join("bindings/python"));
    let printed = run(python.env("WXCOUPON_LIBRARY", folder.join("lib/libwxcoupon.so.1"))).unwrap();
    let package = folder.join("bindings/python/wxcoupon/__init__.py");
    assert_eq!(printed.trim(), format!("{} USED", package.display()));
}

#[test]
fn the_python_of_its_readme_redeems() {
    let Some(folder) = unpacked() else { return };
    if !have("python3") {
        return;
    }
    let readme = text(folder, "README.md");
    let (_, rest) = readme.split_once("```python\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let (_, rest) = readme.split_once("```json\n").unwrap();
    let (request, _) = rest.split_once("```").unwrap();
    let request = request.replace("SBX_EFFECTIVE_1", "AUTO_DIST_PYTHON");
    let program = format!(
        "import ctypes, json, sys\nconfig, request = open(sys.argv[1]).read(), sys.argv[2]\n{example}\
         print(status, answer['name'], answer['data']['coupon_state'])\n"
    );
    let file = scratch("dist-python").join("redeem.py");
    fs::write(&file, program).unwrap();
    let mut python = limited(60, "python3");
    python.arg(&file).arg(&sandbox().config).arg(request).env("LD_LIBRARY_PATH", folder.join("lib"));
    assert_eq!(run(&mut python).unwrap().trim(), "0 WXCOUPON_OK USED");
}
