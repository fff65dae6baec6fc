//! What people see on the screen, and send on, holds no key and no openid.

use crate::shop::{Shop, coupon, redemption, words};
use std::fmt::Write as _;
use testkit::till::OPENID;
use wxcoupon_sandbox::FaultKind;

/// Every line of every key, the APIv3 key, and the openid.
pub fn of(shop: &Shop) -> Vec<String> {
    let key = std::fs::read_to_string(shop.key_file("merchant_key")).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    let apiv3_key = shop.config()["apiv3_key"].as_str().unwrap().to_owned();
    lines.chain([apiv3_key, OPENID.to_owned()]).collect()
}

#[test]
fn no_output_and_no_log_holds_one() {
    let shop = Shop::open();
    let key = shop.key_file("merchant_key");
    let members = coupon("AUTO_SECRET");
    let query = [&["query"], &*words(&members)].concat();
    let redeem = redemption("AUTO_SECRET", "SECRET-001");
    let list = format!("openid={OPENID}");
    shop.run(&words(&redeem)).ends(0);
    let mut all = String::new();
    for language in ["en", "zh"] {
        let redeem = words(&redeem);
        let mut runs: Vec<Vec<&str>> = vec![
            query.clone(),
            redeem.clone(),
            vec!["list", &list],
            vec!["use", &list],
            vec!["check", "--online"],
            vec!["check", "--keys", &key],
            vec!["pending"],
            vec!["settle"],
            vec!["settle", "SECRET-001"],
            vec!["show", "SECRET-001"],
            vec!["--json", "show", "SECRET-001"],
            vec!["--json", "check"],
            vec!["bundle"],
            vec!["bundle", "--qr", "SECRET-001"],
            vec!["sign", "explain", "GET", "/v3/certificates"],
        ];
        for run in &mut runs {
            run.extend(["--lang", language]);
            let told = shop.run(run);
            assert!(
                told.status < 7 && !(told.out.is_empty() && told.complaints.is_empty()),
                "{run:?}: {told:?}"
            );
            let _ = write!(all, "{run:?}\n{told:?}");
        }
        shop.sandbox.inject(FaultKind::RefuseConnection);
    }
    let logs = std::fs::read_dir(shop.file("log")).unwrap();
    let logs: String = logs.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert!(logs.contains("SECRET-001"));
    // The arguments themselves are what was typed.
    let printed: String = all.lines().filter(|line| !line.starts_with('[')).collect();
    for secret in of(&shop) {
        assert!(!printed.contains(&secret), "{secret} is printed: {printed}");
        assert!(!logs.contains(&secret), "{secret} is logged");
    }
}
