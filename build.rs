//! Names the shared library for the dynamic linker and keeps it loaded; says to Windows what it is.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS") == "linux" {
        // The number is the ABI's (WXCOUPON_ABI_VERSION), not the release's.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwxcoupon.so.1");
        // Unloading a Rust library while thread-locals of it are alive is unsound: dlclose keeps it mapped.
        // On Windows src/ffi/resident.rs does so.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    if variable("CARGO_CFG_TARGET_OS") == "windows" && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-cdylib-link-arg={}", version_resource().display());
    }
}

/// What the Explorer shows, and what installers compare; compiled by MinGW.
fn version_resource() -> PathBuf {
    let folder = PathBuf::from(variable("OUT_DIR"));
    let (script, object) = (folder.join("version.rc"), folder.join("version.o"));
    let [name, version, description, license] =
        ["NAME", "VERSION", "DESCRIPTION", "LICENSE"].map(|what| variable(&format!("CARGO_PKG_{what}")));
    let numbers = format!("{},0", version.replace('.', ","));
    let text = format!(
        r#"1 VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEOS 0x40004
FILETYPE 2
{{
  BLOCK "StringFileInfo" {{
    BLOCK "040904B0" {{
      VALUE "FileDescription", "{description}"
      VALUE "FileVersion", "{version}"
      VALUE "InternalName", "{name}"
      VALUE "LegalCopyright", "{license}"
      VALUE "OriginalFilename", "{name}.dll"
      VALUE "ProductName", "{name}"
      VALUE "ProductVersion", "{version}"
    }}
  }}
  BLOCK "VarFileInfo" {{ VALUE "Translation", 0x0409, 0x04B0 }}
}}
"#
    );
    assert!(fs::write(&script, text).is_ok(), "the folder for built files can be written to");
    let cpu = if variable("CARGO_CFG_TARGET_ARCH") == "x86" { "i686" } else { "x86_64" };
    let compiled = Command::new(format!("{cpu}-w64-mingw32-windres"))
        .args(["--codepage=65001", "--output-format=coff"])
        .arg(&script)
        .arg(&object)
        .status();
    assert!(compiled.is_ok_and(|status| status.success()), "windres of MinGW makes the version resource");
    object
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
