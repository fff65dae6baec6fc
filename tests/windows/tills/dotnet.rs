//! The till in C#, compiled once for every runtime.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::toolchain::{have, skip_or_fail};
use testkit::{limited, root, run, scratch};

/// Microsoft's runtime for that platform: its host program.
pub fn core_clr(platform: &str) -> Option<PathBuf> {
    // A slow line takes its time for 30 MB.
    match run(limited(600, root().join("tools/fetch/dotnet.sh")).arg(platform)) {
        Ok(folder) => {
            let name = if platform.starts_with("windows") { "dotnet.exe" } else { "dotnet" };
            Some(Path::new(folder.trim_end()).join(name))
        }
        Err(why) => {
            skip_or_fail(&format!("no .NET runtime for {platform}: {why}"));
            None
        }
    }
}

/// `till.exe`, which is `till.dll` too, in a new folder of that name.
pub fn compile(name: &str) -> Option<PathBuf> {
    if !have("mcs") {
        return None;
    }
    let folder = scratch(name);
    let mut compiler = Command::new("mcs");
    compiler.args(["-langversion:5", "-warnaserror", "-codepage:utf8"]);
    compiler.arg(format!("-out:{}", folder.join("till.exe").display()));
    compiler.arg(root().join("bindings/dotnet/WxCoupon.cs"));
    run(compiler.arg(root().join("tests/windows/tills/Till.cs"))).unwrap();
    fs::copy(folder.join("till.exe"), folder.join("till.dll")).unwrap();
    let runtime = r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.0"},
        "configProperties":{"System.Globalization.Invariant":true}}}"#;
    fs::write(folder.join("till.runtimeconfig.json"), runtime).unwrap();
    Some(folder)
}
