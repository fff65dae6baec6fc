//! The types in which programs already compiled call us are held against tests/golden/wxcoupon.abi.
//!
//! The baseline is of a C library made from the header: `header` holds the header to the Rust signatures and `abi`
//! the exports to the header, and gcc's debug information of fifty C functions stays small and the same under every
//! rustc, which Rust's own does not.
//!
//! `BLESS=1 cargo test --test c_boundary abi_baseline` takes additions into the baseline. What breaks programs cannot
//! be blessed: raise `WXCOUPON_ABI_VERSION` and the SONAME, and delete the baseline.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::toolchain::have;
use testkit::{root, run, scratch};

/// Bits of abidiff's exit status.
const FAILED: i32 = 1 | 2;
const INCOMPATIBLE: i32 = 8;

fn baseline() -> PathBuf {
    root().join("tests/golden/wxcoupon.abi")
}

fn header() -> String {
    fs::read_to_string(root().join("include/wxcoupon.h")).unwrap()
}

fn have_tools() -> bool {
    ["gcc", "abidw", "abidiff"].into_iter().all(have)
}

/// Defines what the header declares, and exports its numbers as the members of an enumeration.
fn definitions(header: &str) -> String {
    let mut source = "#include \"wxcoupon.h\"\n\n".to_owned();
    for part in header.split("\nWXCOUPON_API ").skip(1) {
        let (declaration, _) = part.split_once(';').unwrap();
        let body = if declaration.starts_with("void WXCOUPON_CALL") { "{ }" } else { "{ return 0; }" };
        let _ = writeln!(source, "WXCOUPON_API {declaration} {body}");
    }
    source += "\nenum wxcoupon_number {\n";
    for define in header.lines().filter_map(|line| line.strip_prefix("#define ")) {
        let Some((name, value)) = define.split_once(' ') else { continue };
        // The version moves with every release; the rest stays.
        if value.trim().parse::<i32>().is_ok() && name != "WXCOUPON_VERSION_NUMBER" {
            let _ = writeln!(source, "    IS_{name} = {name},");
        }
    }
    source
        + "};\nvoid wxcoupon_numbers(enum wxcoupon_number number);\n\
              void wxcoupon_numbers(enum wxcoupon_number number) { (void)number; }\n"
}

/// Compiles the header to a library and answers its path.
fn library(folder: &Path, header: &str) -> PathBuf {
    fs::write(folder.join("wxcoupon.h"), header).unwrap();
    fs::write(folder.join("wxcoupon.c"), definitions(header)).unwrap();
    let soname = format!("-Wl,-soname,libwxcoupon.so.{}", wxcoupon::ffi::WXCOUPON_ABI_VERSION);
    let mut gcc = Command::new("gcc");
    gcc.current_dir(folder).args(["-std=c11", "-g", "-O0", "-fPIC", "-shared", "-nostdlib", "-w", &soname]);
    run(gcc.args(["wxcoupon.c", "-o", "libwxcoupon.so"])).unwrap();
    folder.join("libwxcoupon.so")
}

/// Exit status and report of abidiff.
fn compare(old: &Path, new: &Path) -> (i32, String) {
    let output = Command::new("abidiff").args([old, new]).output().unwrap();
    let status = output.status.code().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(status & FAILED, 0, "{report}{}", String::from_utf8_lossy(&output.stderr));
    (status, report)
}

fn write_baseline(library: &Path) {
    let mut abidw = Command::new("abidw");
    abidw.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed"]);
    abidw.args(["--type-id-style", "hash", "--out-file"]).arg(baseline()).arg(library);
    run(&mut abidw).unwrap();
}

#[test]
fn programs_already_compiled_keep_working() {
    if !have_tools() {
        return;
    }
    let today = library(&scratch("abi-today"), &header());
    let bless = std::env::var_os("BLESS").is_some();
    if bless && !baseline().exists() {
        write_baseline(&today);
    }
    let (status, report) = compare(&baseline(), &today);
    assert_eq!(status & INCOMPATIBLE, 0, "compiled programs would break:\n{report}");
    if status != 0 && bless {
        write_baseline(&today);
    } else {
        assert_eq!(
            status, 0,
            "after an intended addition: BLESS=1 cargo test --test c_boundary abi_baseline\n{report}"
        );
    }
}

#[test]
fn every_kind_of_change_is_noticed() {
    if !have_tools() {
        return;
    }
    let header = header();
    let changes = [
        (
            "a narrower return type",
            "uint32_t WXCOUPON_CALL wxcoupon_buf_len",
            "uint16_t WXCOUPON_CALL wxcoupon_buf_len",
        ),
        ("another parameter type", "wxcoupon_status_class(int32_t", "wxcoupon_status_class(int64_t"),
        (
            "a pointer to something else",
            "wxcoupon_job_cancel(wxcoupon_job *",
            "wxcoupon_job_cancel(wxcoupon_ctx *",
        ),
        ("a function that went", "wxcoupon_handles_live(", "wxcoupon_handles_alive("),
        ("another number", "WXCOUPON_CLASS_BUSY                6", "WXCOUPON_CLASS_BUSY                7"),
        ("one parameter more", "wxcoupon_job_cancel(", "wxcoupon_job_cancel(int32_t why, "),
    ];
    let unchanged = library(&scratch("abi-unchanged"), &header);
    let folder = scratch("abi-changed");
    for (what, old, new) in changes {
        assert_eq!(header.matches(old).count(), 1, "{old} is to be changed");
        let other = library(&folder, &header.replace(old, new));
        let (status, report) = compare(&unchanged, &other);
        assert_ne!(status, 0, "{what} was not noticed:\n{report}");
    }
}
