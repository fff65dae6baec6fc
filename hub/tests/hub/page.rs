//! The status page in a real browser.

use crate::chain::Chain;
use crate::till::At;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use testkit::till::{use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind};

/// Whether there is a browser here; without one, tests are skipped where that is allowed.
fn has_browser() -> bool {
    let there = Command::new("chromium").arg("--version").output().is_ok();
    if !there {
        let issue = "chromium is not installed; tools/fetch/setup.sh installs it";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{issue}");
        println!("SKIPPED: {issue}");
    }
    there
}

/// What the browser makes of the page, and what it complains about. The picture is for people.
fn shown(chain: &Chain, language: &str, size: &str, picture: &Path) -> (String, String) {
    let At::Plain(address) = &chain.admin else { panic!("the status page has no TLS") };
    let profile = tempfile::tempdir().unwrap();
    let browser = |what: &str| {
        let output = Command::new("chromium")
            // Tests run as root, in which Chromium's sandbox does not work.
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args(["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args([
                &format!("--accept-lang={language}"),
                &format!("--lang={language}"),
                &format!("--window-size={size}"),
            ])
            .args([what, &format!("http://{address}/")])
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        let complaints: Vec<&str> = complaints.lines().filter(|line| line.contains("CONSOLE")).collect();
        (String::from_utf8_lossy(&output.stdout).into_owned(), complaints.join("\n"))
    };
    let (page, complaints) = browser("--dump-dom");
    browser(&format!("--screenshot={}", picture.display()));
    assert!(picture.metadata().is_ok_and(|file| file.len() > 5000), "{}", picture.display());
    (page, complaints)
}

#[test]
fn a_browser_shows_the_status_page_in_its_language_without_a_complaint() {
    if !has_browser() {
        return;
    }
    let chain = Chain::with("", &json!({ "attempt_timeout_ms": 2_000 }));
    let till = chain.till("S0032-02");
    assert!(chain.prompt(&["till", "add", "S0032-03"]).0);
    for index in 0..7 {
        let (coupon, number) = (format!("AUTO_P{index}"), format!("S0032-02-{index:06}"));
        assert_eq!(till.ask("use", &use_request(&coupon, &number)).status(), 0);
    }
    chain.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let told = till.ask("use", &with_limit(use_request("AUTO_PX", "S0032-02-000099"), 2_500));
    assert_eq!(told.status() / 1000, 4);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (language, size, says) in [
        ("zh-CN", "1280,800", ["结果待确认：1", "核销用户商品券", "已核销 7，"]),
        ("en-US", "1280,800", ["Not yet known: 1", "<td>use</td>", "redeemed 7, "]),
        ("zh-CN", "390,844", ["结果待确认：1", "核销用户商品券", "已核销 7，"]),
    ] {
        let picture = pictures.join(format!("hub-status-{language}-{size}.png"));
        let (page, complaints) = shown(&chain, language, size, &picture);
        for says in says {
            assert!(page.contains(says), "{says}: {page}");
        }
        assert!(
            page.contains("<rect") && page.contains("S0032-02-000099") && page.contains("S0032-03"),
            "{page}"
        );
        let never = if language == "zh-CN" { "从未" } else { "never" };
        assert_eq!(page.matches(never).count(), 1, "only the till that has not come: {page}");
        assert_eq!(complaints, "", "{language} {size}");
    }
}
