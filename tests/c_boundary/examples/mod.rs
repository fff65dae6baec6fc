//! The numbered C programs that show more than one call: returning, settling after a crash, jobs, the
//! self-check, the log. Each runs against a sandbox of its own.

mod notifications;

use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::library::release;
use testkit::toolchain::{compile, compiler, have};
use testkit::{limited, root, run, scratch};
use wxcoupon_sandbox::{CouponSpec, CouponState, Fault, FaultKind, Options, Sandbox};

/// Strict in both languages; what runs is the C program.
fn program(name: &str) -> Option<PathBuf> {
    if !have("gcc") || !have("g++") {
        return None;
    }
    let folder = scratch(&format!("example-{name}"));
    let source = root().join(format!("examples-c/{name}.c"));
    let built = |tool, standard| {
        let program = folder.join(tool);
        compile(compiler(tool, standard), &[&source], Some(&release().folder), &program).unwrap();
        program
    };
    built("g++", "c++98");
    Some(built("gcc", "c89"))
}

/// The sandbox's configuration with a journal in its folder.
fn config_with_journal(sandbox: &Sandbox) -> PathBuf {
    let mut config = sandbox.config();
    config["journal_path"] = json!(sandbox.dir().join("till.journal"));
    let path = sandbox.dir().join("till.json");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

fn call(program: &Path, config: &Path, arguments: &[&str]) -> Result<String, String> {
    run(limited(60, program).arg(config).args(arguments))
}

/// Each part occurs, in this order.
fn assert_in_order(printed: &str, parts: &[&str]) {
    let mut rest = printed;
    for part in parts {
        let found = rest.split_once(part);
        assert!(found.is_some(), "no {part} (any more) in:\n{printed}");
        rest = found.unwrap().1;
    }
}

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

#[test]
fn a_returned_coupon_serves_the_next_sale() {
    let Some(program) = program("04_return") else { return };
    let sandbox = sandbox();
    let printed = call(&program, sandbox.config_path(), &["AUTO_BACK"]).unwrap();
    let parts = [
        ["WXCOUPON_OK", "USED", "SALE1_AUTO_BACK"].as_slice(),
        &["WXCOUPON_OK", "EFFECTIVE", "BACK1_AUTO_BACK"],
        &["3.", "WXCOUPON_OK", "BACK1_AUTO_BACK"],
        &["4.", "WXCOUPON_E_COUPON_STATE", "优惠券"],
        &["5.", "WXCOUPON_OK", "USED", "SALE2_AUTO_BACK"],
    ];
    assert_in_order(&printed, &parts.concat());
    assert_eq!(sandbox.ledger().len(), 3, "redeemed, returned, redeemed");
}

#[test]
fn a_redemption_that_a_crash_cut_short_is_settled_at_the_next_start() {
    let Some(program) = program("05_settle") else { return };
    let sandbox = sandbox();
    let config = config_with_journal(&sandbox);
    sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let mut till = Command::new(&program).arg(&config).args(["use", "AUTO_CRASH"]).spawn().unwrap();
    let start = Instant::now();
    while sandbox.ledger().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the request never arrived");
        std::thread::sleep(Duration::from_millis(10));
    }
    till.kill().unwrap();
    till.wait().unwrap();
    sandbox.clear_faults();

    let printed = call(&program, &config, &[]).unwrap();
    assert_in_order(&printed, &["open: WXCOUPON_OK", "\"pending\":1", "SALE_AUTO_CRASH", "all is known now"]);
    assert_eq!(call(&program, &config, &[]).unwrap(), "nothing is open\n");
    assert_eq!(sandbox.ledger().len(), 1, "redeemed once");

    call(&program, &config, &["void", "SALE_AUTO_CRASH"]).unwrap();
    assert_eq!(sandbox.ledger().len(), 2, "and returned, once the sale is called off");
}

#[test]
fn a_job_that_the_cashier_calls_off_is_settled() {
    let Some(program) = program("06_jobs") else { return };
    let sandbox = sandbox();
    let undisturbed = call(&program, sandbox.config_path(), &["AUTO_JOB"]).unwrap();
    assert_in_order(&undisturbed, &["use ", "WXCOUPON_OK\n", "\"ok\":true"]);
    assert!(!undisturbed.contains("settle"), "{undisturbed}");

    sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use").times(1));
    let mut config = sandbox.config();
    config["attempt_timeout_ms"] = json!(3000);
    let path = sandbox.dir().join("hasty.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let called_off = call(&program, &path, &["AUTO_OFF", "20"]).unwrap();
    let parts = ["......", "the cashier cancels", "WXCOUPON_E_CANCELLED_SENT", "settle", "WXCOUPON_OK"];
    assert_in_order(&called_off, &parts);
    assert_eq!(sandbox.ledger().len(), 2, "two coupons, each redeemed once");
}

#[test]
fn the_self_check_names_what_is_wrong() {
    let Some(program) = program("07_check") else { return };
    let sandbox = sandbox();
    let config = config_with_journal(&sandbox);
    let online = call(&program, &config, &["online"]).unwrap();
    assert_in_order(&online, &["wxcoupon 0.", "ok    mchid", "1900000001", "ok    journal", "ok    echo"]);
    assert!(!online.contains("WRONG"), "{online}");

    let in_memory = call(&program, sandbox.config_path(), &[]).unwrap_err();
    assert_in_order(&in_memory, &["WRONG journal", "Set journal_path"]);
    sandbox.inject(FaultKind::RefuseConnection);
    let offline = call(&program, &config, &["online"]).unwrap_err();
    assert_in_order(&offline, &["ok    dns", "WRONG tls"]);
}

#[test]
fn the_log_has_one_line_a_call_and_more_at_debug() {
    let Some(program) = program("08_log") else { return };
    let sandbox = sandbox();
    let log = sandbox.dir().join("till.log");
    call(&program, sandbox.config_path(), &[log.to_str().unwrap(), "AUTO_LOG"]).unwrap();
    let lines = std::fs::read_to_string(&log).unwrap();
    let levels: Vec<_> = lines.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(levels, ["info", "debug", "info"], "{lines}");
    assert!(lines.lines().all(|line| line.contains("query")), "{lines}");
    assert!(!lines.contains("oSandboxUser"), "openids are masked: {lines}");
}

#[test]
fn a_payment_code_leads_to_the_best_coupon_which_is_redeemed() {
    let Some(program) = program("09_scan") else { return };
    let sandbox = sandbox();
    let config = config_with_journal(&sandbox);
    sandbox.put_coupon(&CouponSpec { openid: Some("oScan".into()), ..CouponSpec::new("SCAN_ONLY") }).unwrap();
    let code = sandbox.show_payment_code("oScan").unwrap();
    let printed = call(&program, &config, &["12800", &code]).unwrap();
    assert_in_order(&printed, &["scanned       auth_code", "payable       10240", "redeemed"]);
    assert_eq!(sandbox.coupon("SCAN_ONLY").unwrap().state, CouponState::Used);
    let unknown = call(&program, &config, &["12800", "SCAN_ONLY"]).unwrap_err();
    assert_in_order(&unknown, &["The scan leads nowhere.", "WXCOUPON_E_NOT_FOUND"]);
    let code = sandbox.show_payment_code("oScan").unwrap();
    let nothing = call(&program, &config, &["12800", &code]).unwrap_err();
    assert!(nothing.contains("no coupon is redeemed"), "{nothing}");
}
