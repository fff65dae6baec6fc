//! The examples of the bindings.

use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::library::release;
use testkit::notified;
use testkit::toolchain::{have, have_with, skip_or_fail};
use testkit::{limited, root, run, scratch};
use wxcoupon_sandbox::{Fault, Options, Sandbox};

/// What the examples expect: one answer is lost, one question takes its time.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for fault in
        ["process_then_hang,on=use,coupon=AUTO_LOST,times=1", "delay,ms=500,on=query,coupon=AUTO_SLOW"]
    {
        sandbox.inject(Fault::from_spec(fault).unwrap());
    }
    sandbox
}

/// Runs an example, which checks everything itself, and looks whether it came to its end: on a line that loses an answer, and
/// twice at a sandbox as it is, where nothing is lost.
fn assert_done(mut program: Command, notification: &Path) {
    let sandbox = sandbox();
    notified::record(&sandbox, notification);
    let printed = run(program.arg(sandbox.config_path()).arg(notification)).unwrap();
    for line in ["cashier: 优惠券已被使用\n", "job: running\n", "answer: lost, and settled\n"] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(printed.ends_with("all done\n"), "{printed}");
    let redeemed = sandbox.ledger().iter().filter(|entry| entry.coupon_code.starts_with("AUTO_LOST")).count();
    assert_eq!(redeemed, 1, "the lost redemption took effect once");
    sandbox.clear_faults();
    for _ in 0..2 {
        let printed = run(&mut program).unwrap();
        assert!(printed.contains("answer: not lost\n") && printed.ends_with("all done\n"), "{printed}");
    }
}

#[test]
fn python_works_from_the_sources() {
    if have("python3") {
        let mut program = limited(60, "python3");
        program.args(["-X", "dev", "-W", "error"]).arg(root().join("bindings/python/examples/till.py"));
        program.env("PYTHONPATH", root().join("bindings/python")).env("PYTHONDONTWRITEBYTECODE", "1");
        program.env("WXCOUPON_LIBRARY", release().shared());
        assert_done(program, &scratch("python-sources"));
    }
}

#[test]
fn python_works_from_a_wheel() {
    if !have("python3") || !have("readelf") {
        return;
    }
    let folder = scratch("python-wheel");
    let python = folder.join("venv/bin/python");
    if let Err(why) = run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv"))) {
        return skip_or_fail(&format!("python3 makes no virtual environment: {why}"));
    }
    let mut make = limited(100, root().join("tools/dist/wheel.sh"));
    run(make.arg(release().shared()).arg(folder.join("wheels"))).unwrap();
    let wheel = the_only_file(&folder.join("wheels"));
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("wxcoupon-") && name.contains("-py3-none-manylinux_2_"), "{name}");

    let install = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"];
    run(Command::new(&python).args(install).arg(&wheel)).unwrap();
    let example = folder.join("till.py");
    fs::copy(root().join("bindings/python/examples/till.py"), &example).unwrap();
    let mut program = limited(60, &python);
    program
        .arg(example)
        .env_remove("PYTHONPATH")
        .env_remove("WXCOUPON_LIBRARY")
        .env_remove("LD_LIBRARY_PATH");
    assert_done(program, &folder);
}

#[test]
fn lua_works_from_the_sources() {
    if have_with("luajit", "-v") {
        let mut program = limited(60, "luajit");
        program.arg(root().join("bindings/lua/examples/till.lua"));
        program.env("LUA_PATH", format!("{}/bindings/lua/?.lua;;", root().display()));
        program.env("WXCOUPON_LIBRARY", release().shared());
        assert_done(program, &scratch("lua"));
    }
}

#[test]
fn node_works_from_the_sources() {
    if !have("node") || !have("npm") {
        return;
    }
    let folder = scratch("node");
    let package = folder.join("node_modules/wxcoupon");
    fs::create_dir_all(&package).unwrap();
    for entry in fs::read_dir(root().join("bindings/node")).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            fs::copy(&file, package.join(file.file_name().unwrap())).unwrap();
        }
    }
    // Nothing of a package runs while it is installed: koffi brings its library ready made.
    let options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    run(limited(200, "npm").current_dir(&package).arg("ci").args(options)).unwrap();
    let mut program = limited(60, "node");
    program.arg(root().join("bindings/node/examples/till.js"));
    program.env("NODE_PATH", folder.join("node_modules")).env("WXCOUPON_LIBRARY", release().shared());
    assert_done(program, &scratch("node-notified"));
}

#[test]
fn java_works_from_the_sources() {
    const JARS: &str = "/usr/share/java/jna.jar:/usr/share/java/gson.jar";
    if !have("javac") || !have("java") {
        return;
    }
    if let Some(missing) = JARS.split(':').find(|jar| !Path::new(jar).exists()) {
        return skip_or_fail(&format!("{missing} is not there; tools/fetch/setup.sh installs it"));
    }
    let (classes, java) = (scratch("java-classes"), root().join("bindings/java"));
    let mut compiler = limited(100, "javac");
    compiler.args([
        "--release",
        "8",
        "-Xlint:all,-options",
        "-Werror",
        "-encoding",
        "UTF-8",
        "-cp",
        JARS,
        "-d",
    ]);
    compiler.arg(&classes).args([java.join("WxCoupon.java"), java.join("Numbers.java")]);
    run(compiler.arg(java.join("examples/Till.java"))).unwrap();
    let mut program = limited(60, "java");
    program.arg("-cp").arg(format!("{}:{JARS}", classes.display())).arg("Till");
    program.env("WXCOUPON_LIBRARY", release().shared());
    assert_done(program, &scratch("java"));
}

fn the_only_file(folder: &Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "more than one file in {}", folder.display());
    file
}
