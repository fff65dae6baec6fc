//! Installs an SDK below Cargo's target folder, once, and asks it.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use testkit::target_dir;
use testkit::toolchain::{have, skip_or_fail};
use testkit::{limited, root, run};

/// A package of other people that knows WeChat Pay's signatures, and the script that asks it.
pub enum Sdk {
    /// `wechatpayv3` from `PyPI`.
    Python,
    /// `wechatpay-axios-plugin` from npm.
    Node,
}

impl Sdk {
    /// What the SDK finds; nothing where it cannot be installed.
    pub fn asked(&self, task: &Value) -> Option<Value> {
        let mut command = self.installed()?;
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "the SDK failed: {:?}", output.status);
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    fn installed(&self) -> Option<Command> {
        match self {
            Sdk::Python => {
                let scripts = scripts("python");
                let folder =
                    folder("python", &[scripts.join("requirements.txt")], have("python3"), |folder| {
                        let folder = folder.to_str().unwrap();
                        run(limited(120, "python3").args(["-m", "venv", folder]))?;
                        let pip = Path::new(folder).join("bin/pip");
                        run(limited(300, pip)
                            .args(["install", "--quiet", "--no-deps", "-r"])
                            .arg(scripts.join("requirements.txt")))
                    })?;
                let mut command = limited(60, folder.join("bin/python"));
                command.arg("-B").arg(scripts.join("sdk.py"));
                Some(command)
            }
            Sdk::Node => {
                let scripts = scripts("node");
                let files = [scripts.join("package.json"), scripts.join("package-lock.json")];
                let there = have("node") && have("npm");
                let folder = folder("node", &files, there, |folder| {
                    for file in &files {
                        fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
                    }
                    // Nothing of a package runs while it is installed.
                    let options = ["--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--silent"];
                    run(limited(300, "npm").current_dir(folder).arg("ci").args(options))
                })?;
                let mut command = limited(60, "node");
                command.env("NODE_PATH", folder.join("node_modules")).arg(scripts.join("sdk.js"));
                Some(command)
            }
        }
    }
}

fn scripts(language: &str) -> PathBuf {
    root().join("tests/callers/sdks").join(language)
}

/// The folder with what the files list, installed anew when they changed.
fn folder(
    language: &str,
    lists: &[PathBuf],
    there: bool,
    install: impl FnOnce(&Path) -> Result<String, String>,
) -> Option<PathBuf> {
    if !there {
        return None;
    }
    let folder = target_dir().join("sdks").join(language);
    let listed: String = lists.iter().map(|list| fs::read_to_string(list).unwrap()).collect();
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == listed) {
        return Some(folder);
    }
    // It may be the first time.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    match install(&folder) {
        Ok(_) => {
            fs::write(stamp, listed).unwrap();
            Some(folder)
        }
        Err(failure) => {
            skip_or_fail(&format!("the SDK in {language} cannot be installed: {failure}"));
            None
        }
    }
}
