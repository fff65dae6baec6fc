//! What the log sink is told, and what it is never told.

use crate::till::{OPENID, shop, use_request};
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::Mutex;
use wxcoupon::ffi::wxcoupon_log_set;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

unsafe extern "C" fn sink(_: *mut c_void, _: i32, message: *const c_char, length: u32) {
    // SAFETY: terminated and valid during the call.
    let line = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    assert_eq!(line.len(), length as usize);
    LINES.lock().unwrap().push(line);
}

#[test]
fn one_line_a_call_without_personal_data_or_keys() {
    let (sandbox, till) = shop();
    // SAFETY: the sink is a function of this program.
    assert_eq!(unsafe { wxcoupon_log_set(Some(sink), ptr::null_mut(), 4) }, 0);
    till.redeem(&use_request("AUTO_LOGGED", "TILL-LOG-01"));
    // SAFETY: no sink.
    assert_eq!(unsafe { wxcoupon_log_set(None, ptr::null_mut(), 4) }, 0);
    till.redeem(&use_request("AUTO_UNLOGGED", "TILL-LOG-02"));

    let lines = LINES.lock().unwrap();
    let mine: Vec<&String> = lines.iter().filter(|line| line.contains("AUTO_LOGGED")).collect();
    assert_eq!(mine.len(), 1, "{lines:?}");
    assert!(mine[0].contains("WXCOUPON_OK") && mine[0].contains("users/oS***01/"), "{}", mine[0]);
    assert!(lines.iter().all(|line| !line.contains("AUTO_UNLOGGED")));
    let secrets = [OPENID.to_owned(), sandbox.config()["apiv3_key"].as_str().unwrap().to_owned()];
    for line in lines.iter() {
        assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
        assert!(!line.contains("signature=") && !line.contains("BEGIN"), "{line}");
    }
}
