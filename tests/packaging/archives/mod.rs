//! The archives that ship: packed twice they are the same, they have what they say, and each is enough by itself.
//!
//! That two builds are the same too is compared by tools/dist/reproduce.sh, which takes two release builds.

mod contents;
mod programs;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use testkit::platform;
use testkit::target_dir;
use testkit::toolchain::have;
use testkit::{limited, root, run, scratch};

/// What packing takes.
const TOOLS: &[&str] =
    &["jq", "objdump", "readelf", "llvm-strip", "tar", "gzip", "zip", "sha256sum", "git", "python3"];

/// All that archives are made for.
const PLATFORMS: [&str; 5] =
    ["linux-x86_64", "linux-aarch64", "linux-x86_64-musl", "windows-x86_64", "windows-x86"];

/// Those that every run packs. The others are made in the same way for another processor: `make dist` tests them, too.
const ALWAYS: [&str; 3] = ["linux-x86_64", "linux-x86_64-musl", "windows-x86_64"];

fn can_be_packed(platform: &str) -> bool {
    let is_wanted = ALWAYS.contains(&platform) || env::var_os("WXCOUPON_ALL_ARCHIVES").is_some();
    is_wanted && platform::can_be_built(platform) && TOOLS.iter().copied().all(have)
}

/// Packs library and command and answers the archive.
fn pack(platform: &str, out: &Path, environment: &[(&str, &str)]) -> PathBuf {
    let mut pack = Command::new(root().join("tools/dist/pack.sh"));
    // From the root of the file system: the script must not rely on where it is called.
    pack.current_dir("/").arg(platform).arg(platform::library(platform));
    pack.arg(platform::command(platform)).arg(out);
    let said = run(pack.env("CARGO_TARGET_DIR", target_dir()).envs(environment.iter().copied())).unwrap();
    let archive = said.lines().find(|line| line.starts_with(out.to_str().unwrap()));
    PathBuf::from(archive.unwrap())
}

/// The archive of a platform, unpacked in an empty folder; none where a tool is missing.
fn unpacked(platform: &str) -> Option<&'static Path> {
    static FOLDERS: [OnceLock<PathBuf>; 5] = [const { OnceLock::new() }; 5];
    if !can_be_packed(platform) {
        return None;
    }
    let place = PLATFORMS.iter().position(|known| *known == platform).and_then(|place| FOLDERS.get(place));
    let folder = place.unwrap().get_or_init(|| {
        let archive = pack(platform, &scratch(&format!("dist-out-{platform}")), &[]);
        let folder = scratch(&format!("dist-unpacked-{platform}"));
        if archive.extension().is_some_and(|extension| extension == "zip") {
            run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&archive).arg(&folder)).unwrap();
        } else {
            run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&folder)).unwrap();
        }
        folder.join(format!("wxcoupon-{}-{platform}", env!("CARGO_PKG_VERSION")))
    });
    Some(folder)
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| format!("{file}: {error}"))
}

/// Another time zone, language and folder for what is passing.
const ELSEWHERE: [(&str, &str); 3] =
    [("TZ", "Asia/Shanghai"), ("LC_ALL", "C.UTF-8"), ("TMPDIR", env!("CARGO_TARGET_TMPDIR"))];

#[test]
fn packing_again_elsewhere_gives_the_same_bytes() {
    // A .tar.gz and a .zip.
    for platform in ["linux-x86_64", "windows-x86_64"] {
        if !can_be_packed(platform) {
            continue;
        }
        let here = pack(platform, &scratch("dist-first"), &[]);
        let there = pack(platform, &scratch("dist-second"), &ELSEWHERE);
        assert!(fs::read(here).unwrap() == fs::read(there).unwrap(), "two archives for {platform} differ");
    }
}

#[test]
fn a_wheel_made_again_elsewhere_has_the_same_bytes_and_fits_its_platform() {
    for (platform, file, tag) in [
        ("linux-x86_64", "libwxcoupon.so", "manylinux_2_17_x86_64"),
        ("linux-aarch64", "libwxcoupon.so", "manylinux_2_17_aarch64"),
        ("windows-x86_64", "wxcoupon.dll", "win_amd64"),
        ("windows-x86", "wxcoupon.dll", "win32"),
    ] {
        if !can_be_packed(platform) {
            continue;
        }
        let library = platform::library(platform).join(file);
        let wheel = |name: &str, environment: &[(&str, &str)]| {
            let folder = scratch(name);
            let mut make = limited(100, root().join("tools/dist/wheel.sh"));
            make.current_dir("/").arg(&library).arg(&folder).envs(environment.iter().copied());
            run(&mut make).unwrap();
            let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
            (entry.file_name(), fs::read(entry.path()).unwrap())
        };
        let first = wheel("wheel-first", &[]);
        assert!(first.0.to_str().unwrap().ends_with(&format!("-py3-none-{tag}.whl")), "{:?}", first.0);
        assert!(first == wheel("wheel-second", &ELSEWHERE), "two wheels for {platform} differ");
    }
}
