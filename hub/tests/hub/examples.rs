//! Programs that know nothing of hubs, at a hub; and programs that know nothing of the library.

use crate::chain::Chain;
use crate::library::{address, config};
use crate::line::{Line, Mode};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use testkit::library::release;
use testkit::till::use_request;
use testkit::toolchain::{compile, compiler, have, have_with};
use testkit::{limited, root, run, scratch};
use wxcoupon_sandbox::{CouponSpec, Fault};

/// A policy under which a till may do what the examples do.
const EXAMPLES: &str = r#"[policy]
any_user = true
any_coupon = true
rate_per_s = 1000
operations = ["use", "query", "return", "list", "send", "confirm", "deactivate", "scan", "check", "pending", "settle", "request"]
"#;

/// A hub, and the file of a till's configuration.
fn chain() -> (Chain, String) {
    let chain = Chain::new(EXAMPLES);
    let mut config: Value = config(&chain.till("S1"), &[address(&chain.at)]);
    config["journal_path"] = json!(chain.file("till.journal"));
    let path = chain.file("till.json");
    fs::write(&path, config.to_string()).unwrap();
    (chain, path)
}

fn example(names: &[&str]) -> Option<PathBuf> {
    if !have("gcc") {
        return None;
    }
    let first = names.first().unwrap();
    let program = scratch(&format!("till-{first}")).join(first);
    let sources: Vec<PathBuf> =
        names.iter().map(|name| root().join(format!("examples-c/{name}.c"))).collect();
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    compile(compiler("gcc", "c99"), &sources, Some(&release().folder), &program).unwrap();
    Some(program)
}

fn prints(config: &str, name: &str, arguments: &[&str], parts: &[&str]) {
    let Some(program) = example(&[name]) else { return };
    let printed = run(limited(60, program).arg(config).args(arguments)).unwrap();
    for part in parts {
        assert!(printed.contains(part), "{name}: no {part} in {printed}");
    }
}

#[test]
fn the_numbered_programs_in_c_run_unchanged() {
    let (chain, config) = chain();
    prints(
        &config,
        "01_redeem",
        &["AUTO_C_1"],
        &["EFFECTIVE", "USED", "WXCOUPON_OK", "WXCOUPON_E_COUPON_STATE"],
    );
    assert_eq!(chain.effects("AUTO_C_1"), (1, 0));
    prints(&config, "02_quote", &["12800", "AUTO_C_2"], &["usable        true", "discount      2560"]);
    prints(
        &config,
        "04_return",
        &["AUTO_C_4"],
        &["BACK1_AUTO_C_4", "WXCOUPON_E_COUPON_STATE", "SALE2_AUTO_C_4"],
    );
    assert_eq!(chain.effects("AUTO_C_4"), (2, 1));
    prints(&config, "05_settle", &["use", "AUTO_C_5"], &["WXCOUPON_OK"]);
    prints(&config, "05_settle", &[], &["nothing is open"]);
    prints(&config, "06_jobs", &["AUTO_C_6"], &["WXCOUPON_OK", "\"ok\":true"]);
    prints(&config, "07_check", &["online"], &["ok    till_id", "ok    hub", ": store"]);
    let log = chain.file("till.log");
    prints(&config, "08_log", &[&log, "AUTO_C_8"], &[]);
    assert!(fs::read_to_string(&log).unwrap().contains("query"));
    chain
        .sandbox
        .put_coupon(&CouponSpec { openid: Some("oScan".into()), ..CouponSpec::new("SCAN_ONLY") })
        .unwrap();
    let code = chain.sandbox.show_payment_code("oScan").unwrap();
    prints(&config, "09_scan", &["12800", &code], &["scanned       auth_code", "redeemed"]);
    let Some(shortest) = example(&["00_shortest"]) else { return };
    let configuration = fs::read_to_string(&config).unwrap();
    let request = use_request("AUTO_C_0", "S1-SHORTEST").to_string();
    let printed = run(limited(60, shortest).args([&configuration, &request])).unwrap();
    assert!(printed.contains("\"coupon_state\":\"USED\""), "{printed}");
}

#[test]
fn the_program_for_notifications_says_whose_they_are() {
    let (_chain, config) = chain();
    let Some(program) = example(&["03_notifications", "http"]) else { return };
    let mut process = Command::new(program)
        .args([&config, "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on ").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: till\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let told = lines.next().unwrap().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(reply.starts_with("HTTP/1.1 500"), "{reply}");
    assert_eq!(told, "refused: WXCOUPON_E_NOTIFICATION_UNTRUSTED belongs_to_hub");
}

/// Runs the till of a binding twice: on a line that loses an answer, and on one that does not.
fn runs_unchanged(mut program: Command) {
    let (chain, config) = chain();
    let lost = "process_then_hang,on=use,coupon=AUTO_LOST,times=1";
    chain.sandbox.inject(Fault::from_spec(lost).unwrap());
    program.env("WXCOUPON_LIBRARY", release().shared()).arg(&config);
    for _ in 0..2 {
        let printed = run(&mut program).unwrap();
        assert!(printed.ends_with("all done\n"), "{printed}");
    }
    let ledger = chain.sandbox.ledger();
    assert_eq!(ledger.iter().filter(|entry| entry.coupon_code.starts_with("AUTO_LOST")).count(), 2);
}

#[test]
fn the_python_till_runs_unchanged() {
    if have("python3") {
        let mut program = limited(120, "python3");
        program.args(["-X", "dev", "-W", "error"]).arg(root().join("bindings/python/examples/till.py"));
        program.env("PYTHONPATH", root().join("bindings/python")).env("PYTHONDONTWRITEBYTECODE", "1");
        runs_unchanged(program);
    }
}

#[test]
fn the_lua_till_runs_unchanged() {
    if have_with("luajit", "-v") {
        let mut program = limited(120, "luajit");
        program.arg(root().join("bindings/lua/examples/till.lua"));
        program.env("LUA_PATH", format!("{}/bindings/lua/?.lua;;", root().display()));
        runs_unchanged(program);
    }
}

/// Runs a program that redeems with nothing but the protocol.
fn without_the_library(name: &str, program: &dyn Fn() -> Command, done: &str) {
    let chain = Chain::new("");
    let till = chain.till("S1");
    let line = Line::to(address(&chain.at));
    let key = chain.file("till.key");
    let configured = config(&till, &[]);
    fs::write(&key, format!("{}\n", configured["till_key"].as_str().unwrap())).unwrap();
    let call = |coupon: &str, number: &str| {
        let request = use_request(coupon, number).to_string();
        let mut command = program();
        command.args([&format!("http://{}", line.address), "S1", &key, &request]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let coupon = format!("AUTO_{name}");
    let (status, said) = call(&coupon, "S1-000001");
    assert!(status == Some(0) && said.contains(done), "{status:?}: {said}");
    for mode in [Mode::Forge, Mode::Strip, Mode::Lose(1)] {
        line.set(mode);
        assert_eq!(call(&coupon, "S1-000001").0, Some(4), "{mode:?}");
        line.set(Mode::Through);
    }
    let (status, said) = call(&coupon, "S1-000001");
    assert!(status == Some(0) && said.contains(done), "{status:?}: {said}");
    assert_eq!(chain.effects(&coupon), (1, 0));
    assert_eq!(call(&coupon, "S1-000002").0, Some(5), "it is redeemed");
    // A proven answer to a copy proves nothing.
    let other = format!("AUTO_{name}_2");
    line.set(Mode::Twice);
    assert_eq!(call(&other, "S1-000003").0, Some(4));
    assert_eq!(call(&other, "S1-000003").0, Some(0));
    assert_eq!(chain.effects(&other), (1, 0));
}

#[test]
fn curl_and_openssl_are_enough() {
    if have("curl") && have_with("openssl", "version") {
        let program = || limited(30, root().join("hub/examples/redeem.sh"));
        without_the_library("CURL", &program, "\"status\":0");
    }
}

#[test]
fn a_page_in_php_needs_nothing_else() {
    if have("php") {
        let program = || {
            let mut program = limited(30, "php");
            program.arg(root().join("hub/examples/redeem.php"));
            program
        };
        without_the_library("PHP", &program, "WXCOUPON_OK");
    }
}
