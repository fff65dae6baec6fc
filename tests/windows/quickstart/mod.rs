//! The page `docs/quickstart-windows.md`, followed step by step under Wine with the 32-bit DLL, as it says; and the line that
//! links with MinGW.

use super::platform::{Platform, X86, X86_64};
use super::tills::core_clr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use testkit::pages::block;
use testkit::toolchain::{have, have_with, skip_or_fail};
use testkit::{limited, root, run, scratch};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const PAGE: &str = "docs/quickstart-windows.md";

/// There is one drive C.
static DRIVE_C: Mutex<()> = Mutex::new(());

/// Step two: a folder like that of the archive, and the page's commands in it. Answers `C:\till`.
fn files_are_copied(platform: &Platform) -> PathBuf {
    let archive = scratch("quickstart-archive");
    fs::create_dir(archive.join("bin")).unwrap();
    fs::copy(platform.library().join("wxcoupon.dll"), archive.join("bin/wxcoupon.dll")).unwrap();
    symlink(root().join("bindings"), archive.join("bindings")).unwrap();
    fs::write(
        archive.join("step.bat"),
        format!("@echo off\r\n{}", block(PAGE, "mkdir").replace('\n', "\r\n")),
    )
    .unwrap();
    // The first program makes the drive.
    run(platform.wine(Path::new("cmd")).args(["/c", "exit"])).unwrap();
    let till = root().join(".cache/wine").join(platform.name).join("drive_c/till");
    let _ = fs::remove_dir_all(&till);
    run(platform.wine(Path::new("cmd")).args(["/c", "step.bat"]).current_dir(&archive)).unwrap();
    for file in ["wxcoupon.dll", "WxCoupon.cs", "WxCoupon.pas"] {
        assert!(till.join(file).exists(), "{file}");
    }
    till
}

/// Runs a program in `C:\till`, with these lines for its input.
fn answers(program: &mut Command, till: &Path, input: &str) -> Result<String, String> {
    program.current_dir(till).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = program.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Unhandled exception"), "{said}");
    if output.status.success() { Ok(printed) } else { Err(printed) }
}

/// The program of the page, compiled with the options of the page.
fn compiled(till: &Path) {
    fs::write(till.join("Till.cs"), block(PAGE, "using System;")).unwrap();
    let commands = block(PAGE, "cd C:\\till");
    let line = commands.lines().find(|line| line.contains("csc.exe")).unwrap();
    let mut compiler = Command::new("mcs");
    compiler.current_dir(till).args(["-langversion:5", "-out:Till.exe"]).args(line.split(' ').skip(1));
    run(compiler.arg(root().join("tests/windows/quickstart/Forms.cs"))).unwrap();
    fs::copy(till.join("Till.exe"), till.join("Till.dll")).unwrap();
    let runtime = r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.0"},
        "configProperties":{"System.Globalization.Invariant":true}}}"#;
    fs::write(till.join("Till.runtimeconfig.json"), runtime).unwrap();
}

/// What the page's table says that the screen shows.
fn said_by_the_page(what: &str) -> String {
    let page = testkit::pages::text("docs/zh/quickstart-windows.md");
    let row = page.lines().find(|line| line.starts_with(&format!("| {what}"))).unwrap().to_owned();
    testkit::pages::cells(&row)[1].clone()
}

#[test]
fn the_page_leads_from_the_archive_to_a_redeemed_coupon_in_csharp() {
    if !X86.is_there() || !have("mcs") {
        return;
    }
    let Some(dotnet) = core_clr(X86.name) else { return };
    let _alone = DRIVE_C.lock().unwrap_or_else(PoisonError::into_inner);
    let till = files_are_copied(&X86);
    let sandbox = Sandbox::start(Options::default()).unwrap();
    symlink(sandbox.dir(), till.join("sandbox")).unwrap();
    compiled(&till);
    let program = || {
        let mut program = X86.wine(&dotnet);
        program.arg("Till.dll");
        program
    };
    let codes = "SBX_EFFECTIVE_1\nSBX_EFFECTIVE_1\nSBX_EXPIRED\nABC\n";
    let printed = answers(&mut program(), &till, codes).unwrap();
    let shown: Vec<&str> =
        printed.lines().map(|line| line.trim_start_matches('\u{feff}').trim_end()).collect();
    let rows = ["核销 `SBX_EFFECTIVE_1`", "同一张券再点一次", "核销 `SBX_EXPIRED`", "核销 `ABC`"];
    assert_eq!(shown, rows.map(said_by_the_page), "{printed}");
    assert_eq!(
        fs::read_to_string(till.join("sales.txt")).unwrap().lines().count(),
        4,
        "stored before each call"
    );

    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let printed = answers(&mut program(), &till, "SBX_EFFECTIVE_2\n").unwrap();
    assert!(printed.contains("结果待确认"), "{printed}");
    drop(sandbox);

    // Without the sandbox, and with the library of the other width.
    fs::remove_file(till.join("sandbox")).unwrap();
    let gone = Sandbox::start(Options::default()).unwrap();
    fs::create_dir(till.join("sandbox")).unwrap();
    for entry in fs::read_dir(gone.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, till.join("sandbox").join(path.file_name().unwrap())).unwrap();
        }
    }
    let config = fs::read_to_string(gone.config_path()).unwrap();
    let moved = config.replace(gone.dir().to_str().unwrap(), till.join("sandbox").to_str().unwrap());
    fs::write(till.join("sandbox/config.json"), moved).unwrap();
    drop(gone);
    let printed = answers(&mut program(), &till, "SBX_EFFECTIVE_1\n").unwrap();
    assert!(printed.contains(&said_by_the_page("关掉沙箱再核销")), "{printed}");
    if X86_64.is_there() {
        fs::copy(X86_64.library().join("wxcoupon.dll"), till.join("wxcoupon.dll")).unwrap();
        let said = fails(&mut program(), &till);
        assert!(said.contains("BadImageFormatException") && said.contains("0x8007000B"), "{said}");
    }
    fs::remove_file(till.join("wxcoupon.dll")).unwrap();
    let said = fails(&mut program(), &till);
    assert!(said.contains("DllNotFoundException") && said.contains("0x8007007E"), "{said}");
}

/// What a program says that ends by an exception; Wine's debugger makes a success of it.
fn fails(program: &mut Command, till: &Path) -> String {
    let output = program.current_dir(till).stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_page_leads_from_the_archive_to_a_redeemed_coupon_in_pascal() {
    if !X86.is_there() || !have_with("fpc", "-iV") {
        return;
    }
    let compiler = match run(limited(300, root().join("tools/fetch/fpc-windows.sh")).arg(X86.name)) {
        Ok(printed) => printed.lines().next().unwrap().to_owned(),
        Err(why) => return skip_or_fail(&format!("no Free Pascal for {}: {why}", X86.name)),
    };
    let _alone = DRIVE_C.lock().unwrap_or_else(PoisonError::into_inner);
    let till = files_are_copied(&X86);
    let sandbox = Sandbox::start(Options::default()).unwrap();
    symlink(sandbox.dir(), till.join("sandbox")).unwrap();
    // Free Pascal has no codes of Windows in Wine for Chinese: what it prints of it are question marks.
    fs::write(till.join("Till.dpr"), format!("\u{feff}{}", block(PAGE, "program Till;"))).unwrap();
    run(Command::new(compiler).current_dir(&till).args(["-Mdelphi", "-v0", "Till.dpr"])).unwrap();
    for (code, shown) in [("SBX_EFFECTIVE_1", "?"), ("SBX_EFFECTIVE_1", "5002  "), ("ABC", "5003  ")] {
        let printed = answers(&mut X86.wine(&till.join("Till.exe")), &till, &format!("{code}\n")).unwrap();
        assert!(printed.contains(shown), "{code}: {printed}");
    }
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn the_line_for_mingw_links() {
    if !X86_64.is_there() {
        return;
    }
    let folder = X86_64.folder("page-mingw", &X86_64.library());
    fs::create_dir(folder.join("lib")).unwrap();
    fs::copy(X86_64.library().join("libwxcoupon.dll.a"), folder.join("lib/libwxcoupon.dll.a")).unwrap();
    symlink(root().join("include"), folder.join("include")).unwrap();
    fs::copy(root().join("examples-c/00_shortest.c"), folder.join("till.c")).unwrap();
    let line = block("docs/platforms.md", "x86_64-w64-mingw32-gcc");
    run(Command::new("sh").args(["-euc", &line]).current_dir(&folder)).unwrap();
    let refused = run(X86_64.wine(&folder.join("till.exe")).args(["{}", "{}"])).unwrap_err();
    assert!(refused.contains("WXCOUPON_E_CONFIG"), "{refused}");
}
