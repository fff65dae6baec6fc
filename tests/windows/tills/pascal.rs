//! The till in Object Pascal.

use std::path::PathBuf;
use std::process::Command;
use testkit::{root, run, scratch};

/// `till`, or `till.exe`, in a new folder of that name, made by that compiler.
pub fn compile(compiler: &str, name: &str) -> PathBuf {
    let folder = scratch(name);
    let compiler = || {
        let mut command = Command::new(compiler);
        command.args(["-O2", "-vew"]).arg(format!("-FU{}", folder.display()));
        command
    };
    run(compiler().arg("-Sew").arg(root().join("bindings/delphi/WxCoupon.pas"))).unwrap();
    let mut program = compiler();
    program.arg(format!("-Fu{}", root().join("bindings/delphi").display()));
    program.arg(format!("-FE{}", folder.display()));
    run(program.arg(root().join("tests/windows/tills/till.pas"))).unwrap();
    folder
}
