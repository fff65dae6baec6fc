//! What the log sink is told, and what it is never told.

use crate::till::{OPENID, Till, config_with, query_request, sandbox, shop, use_request, with_limit};
use serde_json::json;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use wxcoupon::ffi::wxcoupon_log_set;
use wxcoupon_sandbox::FaultKind;

const ERROR: i32 = 1;
const WARN: i32 = 2;
const DEBUG: i32 = 4;

static LINES: Mutex<Vec<(i32, String)>> = Mutex::new(Vec::new());
/// A process has one sink.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

unsafe extern "C" fn sink(_: *mut c_void, level: i32, message: *const c_char, length: u32) {
    // SAFETY: terminated and valid during the call.
    let line = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    assert_eq!(line.len(), length as usize);
    LINES.lock().unwrap().push((level, line));
}

/// What is logged meanwhile, by this test and by those that run beside it.
fn logged(level: i32, run: impl FnOnce()) -> Vec<(i32, String)> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    LINES.lock().unwrap().clear();
    // SAFETY: the sink is a function of this program.
    assert_eq!(unsafe { wxcoupon_log_set(Some(sink), ptr::null_mut(), level) }, 0);
    run();
    // SAFETY: no sink.
    assert_eq!(unsafe { wxcoupon_log_set(None, ptr::null_mut(), level) }, 0);
    std::mem::take(&mut LINES.lock().unwrap())
}

#[test]
fn one_line_a_call_without_personal_data_or_keys() {
    let (sandbox, till) = shop();
    let lines = logged(DEBUG, || {
        till.redeem(&use_request("AUTO_LOGGED", "TILL-LOG-01"));
    });
    till.redeem(&use_request("AUTO_UNLOGGED", "TILL-LOG-02"));

    let mine: Vec<&String> =
        lines.iter().map(|(_, line)| line).filter(|line| line.contains("AUTO_LOGGED")).collect();
    assert_eq!(mine.len(), 1, "{lines:?}");
    assert!(mine[0].contains("WXCOUPON_OK") && mine[0].contains("users/oS***01/"), "{}", mine[0]);
    let secrets = [OPENID.to_owned(), sandbox.config()["apiv3_key"].as_str().unwrap().to_owned()];
    for (_, line) in &lines {
        assert!(!line.contains("AUTO_UNLOGGED"), "{line}");
        assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
        assert!(!line.contains("signature=") && !line.contains("BEGIN"), "{line}");
    }
}

/// Only its caller knows what stands in a path of his own.
#[test]
fn a_path_of_the_callers_own_is_logged_by_its_words() {
    let (_sandbox, till) = shop();
    let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    let lines = logged(DEBUG, || {
        for path in [
            format!("/v3/payscore/of-someone/{openid}"),
            format!("/v3/payscore/us%65rs/{openid}/logged?openid={openid}"),
        ] {
            till.request("GET", &path, None);
        }
    });
    let mine: Vec<&String> =
        lines.iter().map(|(_, line)| line).filter(|line| line.contains("/v3/payscore/")).collect();
    assert_eq!(mine.len(), 2, "{lines:?}");
    assert!(mine.iter().all(|line| !line.contains(openid) && line.contains("/oU***6o")), "{mine:?}");
}

/// Whoever looks at warnings alone sees why nothing is sold.
#[test]
fn what_fails_every_sale_is_an_error_or_a_warning() {
    let sandbox = sandbox();
    let level = |lines: &[(i32, String)], word: &str| {
        lines.iter().find(|(_, line)| line.contains(word)).map(|(level, _)| *level)
    };
    let lines = logged(WARN, || {
        let serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
        let till = Till::new(&config_with(&sandbox, &json!({ "merchant_serial_no": serial })));
        assert_eq!(till.redeem(&use_request("AUTO_LEVEL", "LEVEL-SIGN")).name(), "WXCOUPON_E_SIGN_REJECTED");

        let unreadable = config_with(&sandbox, &json!({ "apiv3_key": "too short" }));
        assert_eq!(Till::try_new(&unreadable).err().unwrap().name(), "WXCOUPON_E_KEY");

        let till = Till::new(&sandbox.config());
        sandbox.inject(FaultKind::RefuseConnection);
        let told = till.redeem(&with_limit(use_request("AUTO_LEVEL", "LEVEL-LINE"), 1000));
        assert_eq!(told.name(), "WXCOUPON_E_CONNECT");
    });
    assert_eq!(level(&lines, "LEVEL-SIGN"), Some(ERROR), "{lines:?}");
    assert_eq!(level(&lines, "WXCOUPON_E_KEY"), Some(ERROR), "{lines:?}");
    assert_eq!(level(&lines, "LEVEL-LINE"), Some(WARN), "{lines:?}");
}

#[test]
fn the_clocks_offset_is_the_same_number_in_log_and_answer() {
    let (sandbox, till) = shop();
    sandbox.set_clock_offset(-7200);
    let mut offset = None;
    let lines = logged(WARN, || {
        offset = till.query(&query_request("SBX_EFFECTIVE_1")).json["clock_offset_s"].as_i64();
    });
    let offset = offset.unwrap();
    assert!((offset + 7200).abs() <= 2, "{offset}");
    assert!(
        lines.iter().any(|(_, line)| line.contains(&format!("clock_offset_s={offset} "))),
        "{offset}: {lines:?}"
    );
}

/// Nobody reads the same warning at every sale.
#[test]
fn a_log_file_that_cannot_be_written_is_told_once() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let log = folder.path().join("not-a-folder");
    std::fs::write(&log, "").unwrap();
    let lines = logged(WARN, || {
        let till = Till::new(&config_with(&sandbox, &json!({ "log_path": log })));
        for at in 0..3 {
            assert_eq!(till.redeem(&use_request("AUTO_TOLD_ONCE", "TOLD-ONCE-1")).status, 0, "{at}");
        }
    });
    let told =
        lines.iter().filter(|(_, line)| line.contains("log_path") && line.contains("not-a-folder")).count();
    assert_eq!(told, 1, "{lines:?}");
}
