//! Secrets stay in: whatever member they land in, no message repeats them, and they go with the context.

use crate::raw::{Raw, read_head};
use crate::till::{Till, config_with, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use std::io::Write as _;

/// Refused, and the whole answer holds no four bytes in a row of the secret.
fn refused(config: &Value, secret: &str) -> Value {
    let answer = Till::try_new(config).err().unwrap_or_else(|| panic!("taken: {config}"));
    let told = answer.json.to_string();
    for part in secret.as_bytes().windows(16).step_by(8).map(|part| std::str::from_utf8(part).unwrap()) {
        assert!(!told.contains(part), "{part:?} is in {told}");
    }
    answer.json
}

#[test]
fn a_key_in_the_wrong_member_is_told_and_not_repeated() {
    let sandbox = sandbox();
    let config = sandbox.config();
    let pem = std::fs::read_to_string(config["private_key_path"].as_str().unwrap()).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for key in
        [pem.as_str(), bare.as_str(), &pem.replace('\n', " "), &pem.replace('\n', "\\n"), &bare[64..128]]
    {
        for (member, words) in [
            ("private_key_path", "this is the key itself: use private_key_pem"),
            ("wechatpay_public_key_path", "this is the key itself: use wechatpay_public_key_pem"),
            (
                "merchant_certificate_path",
                "this is a key or certificate itself: use merchant_certificate_pem",
            ),
            ("ca_path", "this is a key or certificate itself: save it"),
            ("mode", "mode must be"),
            ("text_encoding", "text_encoding must be"),
            ("proxy", "proxy must be"),
        ] {
            let told = refused(&config_with(&sandbox, &json!({ member: key })), key);
            assert_eq!(told["field"], format!("/{member}"), "{told}");
            assert!(told["message"].as_str().unwrap().contains(words), "{member}: {told}");
        }
        for (member, value) in [("platform_certificates", json!([key])), ("base_urls", json!([key]))] {
            let told = refused(&config_with(&sandbox, &json!({ member: value })), key);
            assert_eq!(told["field"], format!("/{member}/0"), "{told}");
        }
        let told = refused(&config_with(&sandbox, &json!({ key: "a name" })), key);
        assert_eq!(told["field"], "", "a pointer that is there: {told}");
        let twice = format!("{{{0}:1,{0}:2}}", json!(key));
        let told = sandbox_till_told(&twice);
        assert!(!told.contains(&bare[64..100]) && told.contains("duplicate key"), "{told}");
    }
}

fn sandbox_till_told(text: &str) -> String {
    let error = wxcoupon::config::Config::from_json(text).unwrap_err();
    format!("{} {:?}", error.message, error.field)
}

#[test]
fn a_journal_is_not_named_after_a_key() {
    let sandbox = sandbox();
    let pem = std::fs::read_to_string(sandbox.config()["private_key_path"].as_str().unwrap()).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for key in [pem.as_str(), bare.as_str()] {
        let told = refused(&config_with(&sandbox, &json!({ "journal_path": key })), key);
        assert_eq!(told["field"], "/journal_path", "{told}");
    }
}

/// The reader's own words for a line that it does not understand have the line in them.
#[test]
fn a_ca_file_that_holds_something_else_is_not_repeated() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let pem = std::fs::read_to_string(sandbox.config()["private_key_path"].as_str().unwrap()).unwrap();
    let file = folder.path().join("ca.pem");
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for content in [
        pem.replace('\n', " "),
        pem.replace('\n', ""),
        pem.replace("PRIVATE", "CERTIFIED"),
        format!("-----BEGIN PRIVATE KEY-----{bare}"),
        format!("-----BEGIN CERTIFICATE----- {bare}\n"),
        pem,
    ] {
        std::fs::write(&file, &content).unwrap();
        let told = refused(&config_with(&sandbox, &json!({ "ca_path": file })), &content);
        assert_eq!(told["field"], "/ca_path", "{told}");
        // Nor as a list of numbers.
        assert!(told["message"].as_str().unwrap().len() < 200, "{told}");
    }
}

#[test]
fn the_password_of_a_url_is_not_repeated() {
    let sandbox = sandbox();
    let password = "Sesame-open-yourself";
    for url in [
        "https://me:Sesame-open-yourself@h/v3",
        "http://me:Sesame-open-yourself@h",
        "https://me:Sesame-open-yourself@h:99999",
    ] {
        let told = refused(&config_with(&sandbox, &json!({ "base_urls": [url] })), password);
        assert!(told["message"].as_str().unwrap().contains("***@h"), "{told}");
    }
}

/// Where the child of [`a_proxys_password_goes_with_the_context`] finds the proxy.
const PROXY: &str = "WXCOUPON_TEST_PROXY_PORT";
/// The password, but for the last bit of each letter, so that this program's own text is not what is found.
const FLIPPED: &[u8] = b"Qxmmdx-gs`ofdr-bm`rr-vhof";
/// The same for `Proxy-Authorization`, from the password on.
const FLIPPED_HEADER: &[u8] = b"dVyr[Yjr[oKiclembxykcFG{bxy2`V4o";

#[cfg(target_os = "linux")]
#[test]
fn a_proxys_password_goes_with_the_context() {
    if let Ok(port) = std::env::var(PROXY) {
        return used_up(&port);
    }
    let proxy = Raw::start(|_, mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
    });
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "secrets::a_proxys_password_goes_with_the_context", "--nocapture"])
        .env(PROXY, proxy.address.port().to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(proxy.opened() > 0);
}

/// A context with a password, used and freed; then all of this process is looked through.
#[cfg(target_os = "linux")]
fn used_up(port: &str) {
    use std::ffi::CString;
    use std::ptr;
    use wxcoupon::ffi::{wxcoupon_buf_new, wxcoupon_ctx_free, wxcoupon_ctx_new, wxcoupon_use};

    let sandbox = sandbox();
    let stand_in = "%".repeat(FLIPPED.len());
    let proxy = format!("http://till:{stand_in}@127.0.0.1:{port}");
    let mut config = config_with(&sandbox, &json!({ "proxy": proxy })).to_string().into_bytes();
    let at = config.windows(FLIPPED.len()).position(|window| window == stand_in.as_bytes()).unwrap();
    // In its place, so that there is one copy of it.
    for (place, flipped) in config[at..].iter_mut().zip(FLIPPED) {
        *place = flipped ^ 1;
    }
    let config = CString::new(config).unwrap();
    let (mut ctx, buf) = (ptr::null_mut(), wxcoupon_buf_new());
    let request = with_limit(use_request("AUTO_SECRET", "SECRET-0001"), 2000).to_string();
    let request = CString::new(request).unwrap();
    // SAFETY: terminated texts and a writable pointer.
    unsafe {
        assert_eq!(wxcoupon_ctx_new(config.as_ptr(), &raw mut ctx, buf), 0);
        assert_eq!(wxcoupon_use(ctx, request.as_ptr(), buf) / 1000, 3);
    }
    assert!(found(FLIPPED) > 0, "it is found where it is");
    config.into_bytes().fill(0);
    assert_eq!(wxcoupon_ctx_free(ctx), 0);
    assert_eq!(found(FLIPPED), 0, "the password");
    assert_eq!(found(FLIPPED_HEADER), 0, "the header that carries it");
}

/// How often a text whose last bits are flipped here stands in the memory of this process as it is.
#[cfg(target_os = "linux")]
fn found(flipped: &[u8]) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let writable =
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")));
    let mut count = 0;
    for line in writable {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| usize::from_str_radix(text, 16).unwrap());
        // SAFETY: mapped and readable; what other threads write there meanwhile is not what is looked for.
        let bytes = unsafe { std::slice::from_raw_parts(from as *const u8, to - from) };
        let first = flipped[0] ^ 1;
        for at in (0..bytes.len().saturating_sub(flipped.len())).filter(|at| bytes[*at] == first) {
            count += usize::from(bytes[at..].iter().zip(flipped).all(|(byte, flipped)| byte ^ 1 == *flipped));
        }
    }
    count
}
