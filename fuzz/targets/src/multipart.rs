//! The upload of an image: its file, and what is said of it.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::Script;
use crate::{said, sent};
use arbitrary::{Arbitrary, Unstructured};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use wxcoupon::ffi;

#[derive(Debug, Arbitrary)]
struct Upload<'a> {
    kind: u8,
    /// Name on the disk.
    own: &'a str,
    filename: Option<&'a str>,
    other: Option<(&'a str, &'a str)>,
    content: &'a [u8],
}

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Ok(upload) = Upload::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let head: &[u8] = match upload.kind % 3 {
        0 => b"\xFF\xD8\xFF",
        1 => b"\x89PNG\r\n\x1A\n",
        _ => b"",
    };
    let content = [head, upload.content].concat();
    let folder = tempfile::tempdir().unwrap();
    let is_name = !upload.own.is_empty()
        && upload.own.len() < 200
        && !upload.own.contains(['/', '\0'])
        && ![".", ".."].contains(&upload.own);
    let path = folder.path().join(if is_name { upload.own } else { "image" });
    std::fs::write(&path, &content).unwrap();
    let mut members = json!({ "file": path.to_str().unwrap() });
    if let Some(filename) = upload.filename {
        members["filename"] = json!(filename);
    }
    if let Some((name, value)) = upload.other.filter(|(name, _)| !["file", "filename"].contains(name)) {
        members[name] = json!(value);
    }
    let text = members.to_string();
    let bench = Bench::new(Kind::default(), Script::default());
    let (operation, json_in) = (for_c(b"upload_image").unwrap(), for_c(text.as_bytes()).unwrap());
    // SAFETY: two texts that end with NUL.
    let status = unsafe { ffi::wxcoupon_call(bench.ctx, operation.as_ptr(), json_in.as_ptr(), bench.buf) };
    let answer = said::answer(&bench, status, &[text.as_bytes()]);
    let Some(bytes) = bench.wire.sent().into_iter().next() else {
        assert!(matches!(status / 1000, 1 | 2), "nothing was sent: {answer}");
        return said::names_a_place(&answer, &members);
    };
    let left = sent::read(bench.kind, &bytes);
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..head_end]).unwrap().to_ascii_lowercase();
    let boundary = head.split("boundary=").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
    let boundary = format!("--{boundary}");
    let parts = parts(&left.body, boundary.as_bytes());
    let [(meta_head, meta), (file_head, file)] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert!(
        meta_head.contains("name=\"meta\"") && file_head.contains("name=\"file\""),
        "{meta_head} {file_head}"
    );
    assert_eq!(file_head.lines().count(), 2, "no header was smuggled in: {file_head:?}");
    assert!(*file == content, "the file, as it is");
    sent::is_signed(bench.kind, &left, meta);
    let meta: Value = serde_json::from_slice(meta).expect("JSON");
    let digest = Sha256::digest(&content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    assert_eq!(meta["sha256"], digest);
    let filename = meta["filename"].as_str().expect("a name");
    assert!(file_head.contains(&format!("filename=\"{filename}\"")), "{file_head}");
    assert!(upload.filename.is_none_or(|given| given == filename));
}

/// Head and content of each part, read as whoever receives them does.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<(String, &'a [u8])> {
    let find = |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|window| window == wanted);
    let mut rest = body.strip_prefix(boundary).expect("begins with the boundary");
    let end = [b"\r\n", boundary].concat();
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let length = find(part, &end).expect("a part ends");
        let (part, behind) = part.split_at(length);
        rest = &behind[end.len()..];
        let head = find(part, b"\r\n\r\n").expect("a head");
        parts.push((String::from_utf8(part[..head].to_vec()).expect("text"), &part[head + 4..]));
    }
    assert_eq!(rest, b"--\r\n");
    parts
}
