//! Text in GBK and GB18030 through the C functions: everything goes there and back, and what is not valid is
//! refused by every function, with the offset.

use serde_json::json;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use wxcoupon::ffi::*;
use wxcoupon::status::*;
use wxcoupon_sandbox::{Options, Sandbox};

type Call = unsafe extern "C" fn(*mut wxcoupon_ctx, *const c_char, *mut wxcoupon_buf) -> i32;

/// A context that speaks this encoding.
struct Till {
    ctx: *mut wxcoupon_ctx,
    buf: *mut wxcoupon_buf,
}

impl Till {
    fn new(sandbox: &Sandbox, encoding: &str) -> Till {
        let mut config = sandbox.config();
        config["text_encoding"] = json!(encoding);
        let config = CString::new(config.to_string()).unwrap();
        let (buf, mut ctx) = (wxcoupon_buf_new(), ptr::null_mut());
        // SAFETY: a terminated text and a writable pointer.
        assert_eq!(unsafe { wxcoupon_ctx_new(config.as_ptr(), &raw mut ctx, buf) }, WXCOUPON_OK);
        Till { ctx, buf }
    }

    /// The bytes of the answer.
    fn answer(&self) -> Vec<u8> {
        // SAFETY: terminated, and valid until the next call fills the buffer.
        unsafe { CStr::from_ptr(wxcoupon_buf_data(self.buf)) }.to_bytes().to_vec()
    }

    /// WeChat Pay's stand-in gives the text back.
    fn echo(&self, text: &[u8]) -> Vec<u8> {
        let body = [b"{\"echo_message\":\"", text, b"\"}"].concat();
        let body = CString::new(body).unwrap();
        // SAFETY: terminated texts.
        let status = unsafe {
            wxcoupon_request(
                self.ctx,
                c"POST".as_ptr(),
                c"/v3/security/echo".as_ptr(),
                body.as_ptr(),
                self.buf,
            )
        };
        let answer = self.answer();
        assert_eq!(status, WXCOUPON_OK, "{}", String::from_utf8_lossy(&answer));
        let key = b"\"echo_message\":\"";
        let start = answer.windows(key.len()).rposition(|window| window == key).unwrap() + key.len();
        // A second byte of GBK is never a quote.
        let length = answer[start..].iter().position(|byte| *byte == b'"').unwrap();
        answer[start..start + length].to_vec()
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        wxcoupon_ctx_free(self.ctx);
        wxcoupon_buf_free(self.buf);
    }
}

/// Every pair of bytes that is a character of GBK.
fn all_of_gbk() -> Vec<[u8; 2]> {
    let pairs = (0x81..=0xFE_u8).flat_map(|first| (0x40..=0xFE_u8).map(move |second| [first, second]));
    pairs
        .filter(|pair| encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(pair).is_some())
        .collect()
}

#[test]
fn every_character_of_gbk_goes_there_and_back() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let till = Till::new(&sandbox, "gbk");
    let all = all_of_gbk();
    assert!(all.len() > 23_000, "{}", all.len());
    // A backslash as second byte must not be taken for JSON's.
    assert!(all.iter().any(|pair| pair[1] == b'\\'));
    // Two characters have two codes each; they come back in the one that code page 936 gives them.
    let second_codes = [([0xA2, 0xE3], b"\x80".as_slice()), ([0xA3, 0xA0], b"\xA1\xA1")];
    for (second, first) in second_codes {
        assert_eq!(till.echo(&second), first);
        assert_eq!(till.echo(first), first);
    }
    let once: Vec<[u8; 2]> =
        all.into_iter().filter(|pair| second_codes.iter().all(|(second, _)| second != pair)).collect();
    for block in once.chunks(4_000) {
        let text = block.concat();
        assert!(till.echo(&text) == text, "from {:02X?}", block[0]);
    }
}

#[test]
fn every_character_of_the_basic_plane_goes_there_and_back_in_gb18030() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let till = Till::new(&sandbox, "gb18030");
    // One code point of the private area has no code.
    let all: Vec<char> = ('\u{80}'..='\u{FFFF}').filter(|character| *character != '\u{E5E5}').collect();
    for block in all.chunks(4_000) {
        let text: String = block.iter().collect();
        let (bytes, _, unmapped) = encoding_rs::GB18030.encode(&text);
        assert!(!unmapped);
        assert!(till.echo(&bytes) == *bytes, "from U+{:04X}", u32::from(block[0]));
    }
}

#[test]
fn what_gbk_does_not_have_is_escaped_and_never_lost() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let till = Till::new(&sandbox, "gbk");
    // Hindi and a rare character, as JSON escapes in ASCII.
    for escaped in ["\\u0939\\u093f", "\\u3400"] {
        let back = till.echo(escaped.as_bytes());
        assert_eq!(String::from_utf8(back).unwrap(), escaped);
    }
    assert_eq!(till.echo(b"?\\u00e9?"), b"?\xA8\xA6?", "what it has comes in its own bytes");
}

/// Calls every function that takes text with bytes that are no text, and looks for the offset.
#[test]
fn every_function_refuses_what_is_no_text_in_its_encoding() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for (encoding, bad, offset) in [
        ("gbk", &b"{\"a\":\"\xB8\xFF\"}"[..], 6),
        ("utf-8", b"{\"a\":\"\xB8\"}", 6),
        ("gb18030", b"{\"a\":\"\x81\x30\x81\"}", 6),
    ] {
        let till = Till::new(&sandbox, encoding);
        let (ctx, buf) = (till.ctx, till.buf);
        let bad = CString::new(bad).unwrap();
        let fine = c"{}".as_ptr();
        let calls: [(&str, Call); 11] = [
            ("use", wxcoupon_use),
            ("query", wxcoupon_query),
            ("list", wxcoupon_list),
            ("return", wxcoupon_return),
            ("send", wxcoupon_send),
            ("confirm", wxcoupon_confirm),
            ("deactivate", wxcoupon_deactivate),
            ("quote", wxcoupon_quote),
            ("scan", wxcoupon_scan),
            ("settle", wxcoupon_settle),
            ("check", wxcoupon_check),
        ];
        let told = |name: &str, status: i32| {
            assert_eq!(status, WXCOUPON_E_ENCODING, "{encoding} {name}");
            let answer = String::from_utf8_lossy(&till.answer()).into_owned();
            let offset = format!("at byte offset {offset}\",");
            assert!(answer.contains(&offset), "{encoding} {name}: {answer}");
        };
        for (name, call) in calls {
            // SAFETY: terminated texts; so below.
            told(name, unsafe { call(ctx, bad.as_ptr(), buf) });
        }
        // SAFETY: as above.
        unsafe {
            told("call", wxcoupon_call(ctx, c"get_stock".as_ptr(), bad.as_ptr(), buf));
            told("call", wxcoupon_call(ctx, bad.as_ptr(), fine, buf));
            told("request", wxcoupon_request(ctx, bad.as_ptr(), c"/v3/x".as_ptr(), fine, buf));
            told("request", wxcoupon_request(ctx, c"POST".as_ptr(), bad.as_ptr(), fine, buf));
            told("request", wxcoupon_request(ctx, c"POST".as_ptr(), c"/v3/x".as_ptr(), bad.as_ptr(), buf));
            told("notification_open", wxcoupon_notification_open(ctx, bad.as_ptr(), ptr::null(), 0, buf));
            let mut job = ptr::null_mut();
            assert_eq!(wxcoupon_start(ctx, c"use".as_ptr(), bad.as_ptr(), &raw mut job), WXCOUPON_E_ENCODING);
            assert!(job.is_null());
        }
    }
    assert!(sandbox.requests().is_empty());
}
