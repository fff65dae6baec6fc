//! The archives that `make dist` makes: each is enough by itself.
//!
//! Building them takes minutes, so `make dist` runs these tests too, and `make test` passes them over.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{Call, Till};

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Cargo's target folder.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// The archive of a platform, unpacked in an empty folder.
fn unpacked(platform: &str) -> PathBuf {
    let name = format!("wxcoupon-sandbox-{}-{platform}", env!("CARGO_PKG_VERSION"));
    let folder = target().join("tmp").join(format!("archive-{platform}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let archive = |ending: &str| target().join("dist").join(format!("{name}.{ending}"));
    if platform.starts_with("windows") {
        run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(archive("zip")).arg(&folder));
    } else {
        run(Command::new("tar").arg("-xzf").arg(archive("tar.gz")).arg("-C").arg(&folder));
    }
    folder.join(name)
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// A running program, which ends when its standard input does.
struct Program {
    child: Child,
    ready: String,
    dir: PathBuf,
}

impl Program {
    /// `command`: the program, or what runs it and the program.
    fn start(mut command: Command, folder: &Path) -> Self {
        // Of this machine's own it gets nothing.
        let mut child = command
            .args(["--dir", "sandbox", "--state", "state.json", "--exit-with-stdin"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.starts_with("READY "), "it said {ready:?}");
        Self { child, ready: ready.trim_end().to_owned(), dir: folder.join("sandbox") }
    }

    fn field(&self, name: &str) -> &str {
        self.ready.split(' ').find_map(|word| word.strip_prefix(name)).unwrap()
    }

    /// A till with this machine's names of the files that the configuration names.
    fn till(&self) -> Till {
        let path = self.dir.join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (name, value) in config.as_object_mut().unwrap() {
            if let Some(file) = value.as_str().filter(|_| name.ends_with("_path")) {
                *value = file.trim_start_matches("Z:").replace('\\', "/").into();
            }
        }
        fs::write(&path, config.to_string()).unwrap();
        Till::from_folder(&self.dir)
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// Redeems over TLS, has a look at the console, and finds the redemption again after a restart.
fn assert_works(command: impl Fn() -> Command, folder: &Path) {
    let program = Program::start(command(), folder);
    let till = program.till();
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    till.refused(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_2"), 272_756_745);
    let control = program.field("control=");
    let page = Call::new("GET", "/").header("Authorization", "none").header("Accept", "text/html");
    let page = till.send_to(control, &page).unwrap();
    assert!(page.status == 200 && page.text().starts_with("<!doctype html>"));
    assert!(program.field("config=").ends_with("config.json"));
    program.end();
    let program = Program::start(command(), folder);
    let till = program.till();
    assert_eq!(till.ok(&till.query_request("SBX_EFFECTIVE_1"))["coupon_state"], "USED");
    program.end();
}

fn assert_in_order(folder: &Path) {
    run(Command::new("sha256sum").args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(folder));
    assert_eq!(text(folder, "README.md"), text(&root(), "sandbox/README.md"));
    let licences = text(folder, "THIRD-PARTY.txt");
    for part in
        ["OpenSSL 3.", "The OpenSSL Project Authors", "axum ", "tokio ", "Rust standard library", "SQLite 3."]
    {
        assert!(licences.contains(part), "THIRD-PARTY.txt does not name {part}");
    }
    assert!(!licences.contains("rustls "), "that is the library's");
    let bill: Value = serde_json::from_str(&text(folder, "sbom.cdx.json")).unwrap();
    let components = bill["components"].as_array().unwrap();
    for name in ["openssl", "openssl-sys", "axum", "rust-std"] {
        assert!(components.iter().any(|component| component["name"] == name), "no {name}");
    }
    // Whose machine it was built on is nobody's business.
    let home = root();
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = fs::read(&file).unwrap();
        let named =
            bytes.windows(home.as_os_str().len()).any(|part| part == home.as_os_str().as_encoded_bytes());
        assert!(!named, "{} names {}", file.display(), home.display());
    }
}

#[test]
#[ignore = "make dist"]
fn on_linux_it_needs_nothing_but_an_old_c_library() {
    for (platform, runner) in [("linux-x86_64", &[][..]), ("linux-aarch64", &ARM)] {
        let folder = unpacked(platform);
        assert_in_order(&folder);
        let info = text(&folder, "BUILD-INFO");
        assert!(info.contains("\nglibc        2.17 or later\n"), "{info}");
        let needs = info.lines().find_map(|line| line.strip_prefix("needs")).unwrap();
        assert!(!needs.contains("ssl") && !needs.contains("crypto"), "{needs}");
        assert_eq!(
            text(&folder, "wxcoupon-sandbox.service"),
            text(&root(), "packaging/wxcoupon-sandbox.service")
        );
        let command = || {
            let program = folder.join("wxcoupon-sandbox");
            let mut words = runner.iter().map(PathBuf::from).chain([program]);
            let mut command = Command::new(words.next().unwrap());
            command.args(words).env_clear();
            command
        };
        assert_works(command, &folder);
    }
}

/// 64-bit ARM in qemu, with Debian's C library for it.
const ARM: [&str; 3] = ["/usr/bin/qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"];

#[test]
#[ignore = "make dist"]
fn on_windows_it_needs_nothing_but_windows() {
    let folder = unpacked("windows-x86_64");
    assert_in_order(&folder);
    let info = text(&folder, "BUILD-INFO");
    let needs = info.lines().find_map(|line| line.strip_prefix("needs")).unwrap().to_ascii_lowercase();
    // What every Windows 10 has; nothing of MinGW, nothing of OpenSSL.
    for library in needs.split_whitespace() {
        let of_windows = [
            "advapi32",
            "bcrypt",
            "bcryptprimitives",
            "crypt32",
            "gdi32",
            "kernel32",
            "msvcrt",
            "ntdll",
            "user32",
            "userenv",
            "ws2_32",
        ];
        let name = library.trim_end_matches(".dll");
        assert!(of_windows.contains(&name) || name.starts_with("api-ms-win-"), "{library}");
    }
    let start = text(&folder, "start.cmd");
    assert!(
        start.lines().count() > 3 && start.split('\n').all(|line| line.is_empty() || line.ends_with('\r'))
    );
    let command = || {
        let mut wine = Command::new("timeout");
        wine.arg("600").arg(root().join("tools/fetch/wine.sh")).arg("windows-x86_64");
        wine.arg(folder.join("wxcoupon-sandbox.exe"));
        wine
    };
    assert_works(command, &folder);
}

/// What a double click starts is what the program knows.
#[test]
fn the_start_script_starts_it() {
    let script = text(&root(), "packaging/start.cmd");
    let line = script.lines().find_map(|line| line.strip_prefix("wxcoupon-sandbox.exe ")).unwrap();
    let words = line.split_whitespace().filter(|word| *word != "%*");
    let help = run(Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox")).arg("--help"));
    let options: Vec<&str> = words.filter(|word| word.starts_with("--")).collect();
    assert_eq!(options, ["--dir", "--state", "--open"]);
    for option in options {
        assert!(help.contains(&format!("\n  {option} ")), "{option}");
    }
}
