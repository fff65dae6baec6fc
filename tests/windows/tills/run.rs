//! One run of a till.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::notified;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

/// Runs a till against a sandbox that loses the answers of some redemptions until the till says so. Its arguments
/// are the configuration, the tag of its numbers, and a folder with a notification, which is made here.
pub fn runs(mut till: Command, tag: &str, folder: &Path) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    notified::record(&sandbox, folder);
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").coupon("AUTO_LOST"));
    sandbox.inject(Fault::new(FaultKind::Hang).on("use").coupon("AUTO_HANG"));
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 300 }).on("query").coupon("AUTO_SLOW"));
    till.arg(sandbox.config_path()).arg(tag).arg(folder);
    let mut process = till.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = String::new();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    while !printed.trim_end().ends_with("IN DOUBT") && out.read_line(&mut printed).unwrap() > 0 {}
    sandbox.clear_faults();
    // A till that has failed reads no more.
    let _ = process.stdin.take().unwrap().write_all(b"\n");
    out.read_to_string(&mut printed).unwrap();
    let status = process.wait().unwrap();
    assert!(status.success() && printed.contains("ALL HOLDS"), "{till:?}: {status}\n{printed}");
}
