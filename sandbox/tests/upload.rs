//! `upload_image`: forms with a picture, of which only `meta` is signed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fmt::Write as _;

use openssl::sha::sha256;
use serde_json::json;
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{Options, Sandbox, UploadAnswer};

const PATH: &str = "/v3/marketing/partner/product-coupon/media/upload-image";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on\r\n--not the boundary";
const JPG: &[u8] = b"\xff\xd8\xff\xe0 and so on";

struct Upload {
    filename: String,
    sha256: String,
    meta_type: &'static str,
    file_type: &'static str,
    file_header: &'static str,
    file: Vec<u8>,
    /// Signs the whole form, as a beginner would.
    sign_all: bool,
    /// Once, or more or less often.
    metas: usize,
    files: usize,
}

impl Upload {
    fn new(filename: &str, file_type: &'static str, file: &[u8]) -> Self {
        Self {
            filename: filename.into(),
            sha256: hex(&sha256(file)),
            meta_type: "application/json",
            file_type,
            file_header: r#"; filename="picture""#,
            file: file.to_vec(),
            sign_all: false,
            metas: 1,
            files: 1,
        }
    }

    fn png() -> Self {
        Self::new("a.png", "image/png", PNG)
    }

    fn call(&self) -> Call {
        let meta = json!({ "filename": self.filename, "sha256": self.sha256 }).to_string();
        let mut body = Vec::new();
        let mut part = |head: &str, kind: &str, content: &[u8]| {
            let head =
                format!("--b0undary\r\nContent-Disposition: form-data; {head}\r\nContent-Type: {kind}");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        };
        for _ in 0..self.metas {
            part(r#"name="meta""#, self.meta_type, meta.as_bytes());
        }
        for _ in 0..self.files {
            part(&format!(r#"name="file"{}"#, self.file_header), self.file_type, &self.file);
        }
        body.extend_from_slice(b"--b0undary--\r\n");
        let signed = if self.sign_all { body.clone() } else { meta.into_bytes() };
        Call::new("POST", PATH)
            .body(body)
            .signed(&signed)
            .header("Content-Type", "multipart/form-data; boundary=b0undary")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn pictures_get_an_address() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let first = till.ok(&Upload::png().call());
    let url = first["image_url"].as_str().unwrap();
    assert!(url.starts_with("https://wxpaylogo.qpic.cn/wxpaylogo/"), "{url}");
    assert_eq!(first.as_object().unwrap().len(), 1);
    let second = till.ok(&Upload::new("B.JPEG", "image/jpeg", JPG).call());
    assert_ne!(first, second);
    let log = sandbox.requests();
    assert_eq!(log[0].operation, "upload_image");
    assert!(log[0].body.starts_with('{'), "only meta is remembered");

    let sandbox =
        Sandbox::start(Options { upload_answer: UploadAnswer::MediaUrl, ..Options::default() }).unwrap();
    assert!(Till::new(&sandbox).ok(&Upload::png().call())["media_url"].is_string());
}

#[test]
fn only_meta_is_signed() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let got = till.send(&Upload { sign_all: true, ..Upload::png() }.call()).unwrap();
    assert_eq!((got.status, got.code().as_str()), (401, "SIGN_ERROR"));
    let mut other = Upload::png().call();
    other.signed = Some(br#"{"filename":"b.png"}"#.to_vec());
    assert_eq!(till.send(&other).unwrap().status, 401);
}

#[test]
fn what_is_wrong_is_refused() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let png = Upload::png;
    let bad_value = 268_435_461;
    let bad_structure = 268_578_101;
    for (upload, sub_code) in [
        (Upload { filename: "a.gif".into(), ..png() }, bad_value),
        (Upload { filename: "png".into(), ..png() }, bad_value),
        (Upload { filename: String::new(), ..png() }, 268_435_463),
        (Upload { sha256: "0".repeat(64), ..png() }, bad_value),
        (Upload { sha256: "0".repeat(65), ..png() }, 268_435_462),
        (Upload { meta_type: "text/plain", ..png() }, bad_structure),
        (Upload { file_type: "image/jpeg", ..png() }, bad_value),
        (Upload { file_header: "", ..png() }, bad_structure),
        (Upload { files: 0, ..png() }, bad_structure),
        (Upload { files: 2, ..png() }, bad_structure),
        (Upload::new("a.png", "image/png", JPG), bad_value),
        (Upload::new("a.jpg", "image/jpeg", PNG), bad_value),
        (Upload::new("a.png", "image/png", &[PNG, &vec![0; 2 * 1024 * 1024]].concat()), 270_087_680),
    ] {
        till.refused(&upload.call(), sub_code);
    }
    // Nothing to check the signature over: refused, but not signed.
    for call in [
        Upload { metas: 0, ..png() }.call(),
        Upload { metas: 2, ..png() }.call(),
        png().call().header("Content-Type", "multipart/form-data"),
        png().call().header("Content-Type", "application/json"),
    ] {
        let got = till.send(&call).unwrap();
        assert_eq!((got.status, got.code().as_str()), (400, "INVALID_REQUEST"), "{}", got.text());
        assert!(till.verify(&got).is_err());
    }
    // Exactly 2 MiB is fine.
    let largest = [PNG, &vec![0; 2 * 1024 * 1024 - PNG.len()]].concat();
    till.ok(&Upload::new("a.png", "image/png", &largest).call());
}
