//! Commands of the pages, run as they stand in a folder like that of an archive.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::library::{build, release};
use testkit::pages::{all, block, text};
use testkit::sandbox::{sandbox, with};
use testkit::toolchain::{have, skip_or_fail};
use testkit::{limited, root, run, scratch, target_dir};
use wxcoupon_sandbox::{Fault, Options, Sandbox};

/// A folder with what an archive for Linux has, and the sandbox's in it.
fn archive(name: &str) -> PathBuf {
    let folder = scratch(name);
    for shared in ["include", "examples-c"] {
        symlink(root().join(shared), folder.join(shared)).unwrap();
    }
    fs::create_dir(folder.join("lib")).unwrap();
    for library in ["libwxcoupon.so", "libwxcoupon.so.1", "libwxcoupon.a"] {
        fs::copy(release().folder.join(library), folder.join("lib").join(library)).unwrap();
    }
    let mut files = Command::new(root().join("tools/dist/package-files.sh"));
    run(files.args(["linux-x86_64", "../include"]).arg(folder.join("lib"))).unwrap();
    symlink(sandbox().config.parent().unwrap(), folder.join("sandbox")).unwrap();
    fs::copy(root().join("examples-c/00_shortest.c"), folder.join("till.c")).unwrap();
    folder
}

fn shell(folder: &Path, script: &str) -> Result<String, String> {
    let mut shell = limited(120, "sh");
    shell.args(["-euc", script]).current_dir(folder).env_remove("LD_LIBRARY_PATH").env("PREFIX", folder);
    run(&mut shell)
}

/// Redeems with till.c, whose arguments are texts.
fn till_redeems(folder: &Path, number: &str) {
    let request = block("README.md", "\"openid\"").replace("SBX_EFFECTIVE_1", &format!("AUTO_{number}"));
    let request = request.replace("SALE_20250803_0001", number);
    let config = fs::read_to_string(&sandbox().config).unwrap();
    let printed = run(limited(60, folder.join("till")).arg(config).arg(request)).unwrap();
    assert!(printed.contains("\"coupon_state\":\"USED\""), "{printed}");
}

#[test]
fn the_front_page_redeems_from_an_archive() {
    if have("cc") {
        let folder = archive("pages-front");
        let printed = shell(&folder, &block("README.md", "cc examples-c/01_redeem.c")).unwrap();
        assert!(printed.contains("2. The sale is paid") && printed.contains("优惠券已被使用"), "{printed}");
    }
}

#[test]
fn each_line_that_links_on_linux_works() {
    if !have("cc") || !have("pkg-config") {
        return;
    }
    let folder = archive("pages-link");
    let plain = block("docs/callers.md", "cc till.c -I include -L lib");
    let packaged = block("docs/callers.md", "export PKG_CONFIG_PATH");
    let (export, packaged) = packaged.split_once('\n').unwrap();
    for (at, line) in plain.lines().chain(packaged.lines()).enumerate() {
        let _ = fs::remove_file(folder.join("till"));
        shell(&folder, &format!("{export}\n{line}")).unwrap();
        // What pkg-config links finds the library by the way that the page names.
        let shared_by_pkg_config = at == 2;
        if shared_by_pkg_config {
            assert!(run(&mut limited(60, folder.join("till"))).is_err(), "{line}");
            shell(&folder, &format!("{export}\n{} -Wl,-rpath,$PREFIX/lib", line.split('#').next().unwrap()))
                .unwrap();
        }
        till_redeems(&folder, &format!("PAGES_LINK_{at}"));
    }
}

#[test]
fn the_lines_for_cmake_work() {
    if !have("cmake") || !have("cc") {
        return;
    }
    let folder = archive("pages-cmake");
    let lines = block("docs/callers.md", "find_package");
    let project = format!(
        "cmake_minimum_required(VERSION 3.10)\nproject(till C)\nadd_executable(till till.c)\n{lines}"
    );
    fs::write(folder.join("CMakeLists.txt"), project).unwrap();
    let option = lines.lines().next().unwrap().split("cmake ").nth(1).unwrap();
    shell(&folder, &format!("cmake {option} -S . -B . >/dev/null\ncmake --build . >/dev/null")).unwrap();
    till_redeems(&folder, "PAGES_CMAKE");
}

/// Build tools come from `PyPI` where Python has none.
#[test]
fn python_is_installed_from_its_folder() {
    if !have("python3") {
        return;
    }
    let folder = archive("pages-pip");
    fs::create_dir(folder.join("bindings")).unwrap();
    run(Command::new("cp").arg("-r").arg(root().join("bindings/python")).arg(folder.join("bindings")))
        .unwrap();
    if let Err(why) = run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv"))) {
        return skip_or_fail(&format!("python3 makes no virtual environment: {why}"));
    }
    let lines = block("docs/callers.md", "pip install");
    let program = "import wxcoupon; print(wxcoupon.__file__, wxcoupon.version())";
    let script = format!("PATH=$PWD/venv/bin:$PATH\n{lines}\npython -c '{program}'");
    let printed = shell(&folder, &script).unwrap();
    assert!(
        printed.contains("/site-packages/wxcoupon/") && printed.contains(env!("CARGO_PKG_VERSION")),
        "{printed}"
    );
}

/// The self-check and the nightly settling of the page about many tills.
#[test]
fn the_programs_of_the_night_run() {
    if !have("cc") {
        return;
    }
    let folder = archive("pages-night");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&sandbox().config).unwrap()).unwrap();
    config["journal_path"] = folder.join("till.journal").to_str().unwrap().into();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    for name in ["07_check", "05_settle"] {
        let line =
            format!("cc examples-c/{name}.c -I include -L lib -lwxcoupon -Wl,-rpath,'$ORIGIN/lib' -o {name}");
        shell(&folder, &line).unwrap();
    }
    let checked = shell(&folder, &block("docs/deployment.md", "./07_check config.json online")).unwrap();
    assert!(checked.contains("echo") && !checked.contains("WRONG"), "{checked}");
    assert_eq!(
        shell(&folder, &block("docs/deployment.md", "./05_settle config.json")).unwrap(),
        "nothing is open\n"
    );
}

/// Whatever a page gives the sandbox behind `--fault` is a fault.
#[test]
fn faults_that_pages_name_are_understood() {
    let mut found = 0;
    for page in all(root()) {
        for rest in text(&page).split("--fault ").skip(1) {
            let end = rest
                .find(|letter: char| letter.is_whitespace() || "`'\"".contains(letter))
                .unwrap_or(rest.len());
            let specification = &rest[..end];
            if specification.contains(',') {
                found += 1;
                assert!(Fault::from_spec(specification).is_ok(), "{page}: {specification}");
            }
        }
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn the_sandbox_is_told_by_curl() {
    if !have("curl") {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let control = sandbox.control_url().trim_start_matches("http://").to_owned();
    let lines = block("sandbox/README.md", "curl -s").replace("localhost:40003", &control);
    let printed = shell(&scratch("pages-curl"), &lines).unwrap();
    assert!(printed.contains("\"id\"") && printed.trim_end().ends_with(']'), "{printed}");
}

/// From the start to the first green and red: what the page types, and what the truth says then.
#[test]
fn the_first_green_and_red_of_the_sandbox() {
    if !have("curl") {
        return;
    }
    run(&mut build(&["--bin", "wxcoupon"])).unwrap();
    let start = block("docs/sandbox.md", "./wxcoupon-sandbox --dir");
    let options = fs::read_to_string(root().join("sandbox/src/cli.rs")).unwrap();
    for option in start.split_whitespace().filter(|word| word.starts_with("--")) {
        assert!(options.contains(&format!("Long(\"{}\")", &option[2..])), "{option}");
    }
    let sandbox = with("pages-five-minutes", &[]);
    let folder = scratch("pages-till");
    symlink(sandbox.config.parent().unwrap(), folder.join("sandbox")).unwrap();
    // As the sandbox has written it: the tests' sandboxes name no journal.
    let mut config: Value = serde_json::from_slice(&fs::read(&sandbox.config).unwrap()).unwrap();
    config["journal_path"] = sandbox.config.with_file_name("till.journal").to_str().unwrap().into();
    fs::write(&sandbox.config, config.to_string()).unwrap();
    let verdict = |number: &str| {
        let truth = sandbox.ask("GET", "/truth", "");
        let lines = truth["lines"].as_array().unwrap();
        lines.iter().find(|line| line["number"] == number).unwrap()["verdict"].clone()
    };
    let program = target_dir().join("debug/wxcoupon");
    let line = block("docs/sandbox.md", "wxcoupon -c sandbox/config.json use");
    let line = line.replacen("wxcoupon", program.to_str().unwrap(), 1);
    shell(&folder, &line).unwrap();
    assert_eq!(verdict("SALE_0001"), "agrees");
    sandbox.ask("POST", "/faults", r#"{"spec":"process_then_reset,on=use,times=1"}"#);
    shell(&folder, &line.replace("EFFECTIVE_1", "EFFECTIVE_2").replace("SALE_0001", "SALE_0002")).unwrap();
    assert_eq!(verdict("SALE_0002"), "agrees");
    let line = block("docs/sandbox.md", "curl -X POST http://127.0.0.1:40003/told");
    let printed = shell(&folder, &line.replace("127.0.0.1:40003", &sandbox.admin)).unwrap();
    assert_eq!(printed.lines().next(), Some(r#"{"taken":1}"#), "{printed}");
    assert_eq!(verdict("SALE_0002"), "differs");
}

#[test]
fn the_scenario_of_the_page_is_one() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let scenario = block("docs/sandbox.md", r#"{"wxcoupon_sandbox_scenario": 1"#);
    assert_eq!(sandbox.apply_scenario(scenario.as_bytes()).unwrap(), 2);
    let options = fs::read_to_string(root().join("sandbox/src/cli.rs")).unwrap();
    for option in block("docs/sandbox.md", "wxcoupon-sandbox --scenario").split_whitespace() {
        assert!(!option.starts_with("--") || options.contains(option), "{option}");
    }
}
